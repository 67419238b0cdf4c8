"""What the tests of feed need: clients with a session, and hubs that are late, lost or begin anew."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager

from support import hear, tell
from websockets.asyncio.client import connect

from wslearn.hubs import HubLost, MemoryHub
from wslearn.server import Connection
from wslearn.servers.feed import FeedServer

ANN, BOB, CARL = "a" * 32, "b" * 32, "c" * 32


async def join(ws, room="tea", session=None, **rest) -> dict:
    """Join a room, and return the server's answer."""
    await tell(ws, type="join-room", room=room, **({"session": session} if session else {}), **rest)
    return await hear(ws, "joined")


async def say(ws, message, id=None) -> int | None:
    """Publish a message; with an id, return the offset in its acknowledgement. `heard` has what comes before it."""
    await tell(ws, type="room-message", message=message, **({"id": id} if id is not None else {}))
    if id is not None:
        while (answer := await hear(ws))["type"] != "ack":
            assert answer["type"] != "error", answer
            ws.kept = [*getattr(ws, "kept", ()), *([answer] if answer["type"] == "room-message" else ())]
        assert answer["id"] == id
        return answer["offset"]


async def heard(ws, count: int) -> list[str]:
    """Return the texts of the next messages, whose offsets must grow."""
    messages, ws.kept = getattr(ws, "kept", [])[:count], getattr(ws, "kept", [])[count:]
    messages += [await hear(ws, "room-message") for _ in range(count - len(messages))]
    offsets = [message["offset"] for message in messages]
    assert offsets == sorted(set(offsets)), offsets
    return [message["message"] for message in messages]


async def nothing_more(ws) -> None:
    """Expect that the server sends nothing before the answer to this, which is an error."""
    assert getattr(ws, "kept", []) == []
    await tell(ws, type="leave-room")
    await tell(ws, type="room-message", message="anybody?")
    message = await hear(ws)
    assert message.get("code") == "not-in-a-room", message


@asynccontextmanager
async def clients(server: FeedServer, *sessions: str | None, room="tea"):
    """Connect clients that are in a room, which are told everything about who is there."""
    everybody = []
    try:
        for session in sessions:
            everybody.append(await connect(server.url))
            await join(everybody[-1], room, session)
            for ws in everybody:  # presence is throttled, but to so few members hardly
                while len((await hear(ws, "presence"))["members"]) < len(everybody):
                    pass
        yield everybody
    finally:
        for ws in everybody:
            await ws.close()


def clean(server: FeedServer) -> bool:
    """Tell whether a server keeps nothing of clients that have gone."""
    rooms = server.rooms
    kept = (rooms.rooms, rooms.room_of, rooms.histories._of, rooms._presence._acted, rooms._presence._waiting)
    hub = server.hub
    own = (hub._subscriptions, hub._members._of) if isinstance(hub, MemoryHub) else ()
    return not any((*kept, *own)) and rooms.histories.bytes == 0


@contextmanager
def quiet_log(caplog) -> Iterator[None]:
    """Expect no warning, no error and no traceback in the log."""
    caplog.clear()
    yield
    loud = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR") or record.exc_info]
    assert not loud, [record.getMessage() for record in loud]


class GatedServer(FeedServer):
    """A server whose clients get no more than broadcasts while its gate is closed, as if their queues were full."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.gate = asyncio.Event()
        self.gate.set()
        #: How many messages wait at the gate.
        self.waiting = 0

    def _create_connection(self, *args, **options):
        return Gated(self, *args, **options)


class Gated(Connection):
    """A connection of a GatedServer."""

    async def send(self, message, *, text=None):
        self.owner.waiting += 1
        await self.owner.gate.wait()
        self.owner.waiting -= 1
        await super().send(message, text=text)


class TestHub(MemoryHub):
    """A hub that can be late, lost, hang, and begin anew."""

    __test__ = False  # pytest

    def __init__(self, **options) -> None:
        super().__init__(**options)
        #: Awaited before, and after, a subscription.
        self.before = self.after = lambda: asyncio.sleep(0)
        #: What `publish` raises: before it stores a message, and after.
        self.fails: Exception | None = None
        self.forgets_to_say: Exception | None = None

    async def subscribe(self, topic, heard):
        await self.before()
        if self.lost:
            raise HubLost("the engine is away")
        topic = await super().subscribe(topic, heard)
        try:
            await self.after()
        except BaseException:
            topic.unsubscribe()
            raise
        return topic

    async def publish(self, topic, data, key):
        if self.lost:
            raise HubLost("the engine is away")
        if self.fails:
            raise self.fails
        offset = await super().publish(topic, data, key)
        if self.forgets_to_say:
            raise self.forgets_to_say
        return offset

    async def name(self, session):
        if self.lost:
            raise HubLost("the engine is away")
        return await super().name(session)

    def lose(self) -> None:
        """Lose the engine."""
        self.lost = True
        for listener in self.on_lost:
            listener()

    def come_back(self) -> None:
        """Find it again."""
        self.lost = False
        for listener in self.on_back:
            listener()

    def begin_anew(self) -> None:
        """Lose everything that was kept: offsets begin anew."""
        self.epoch += "'"
        for topic in self._subscriptions:
            self.histories.forget(topic)
        self._keys.clear()
        self._offset = 0
        for listener in self.on_epoch:
            listener()
