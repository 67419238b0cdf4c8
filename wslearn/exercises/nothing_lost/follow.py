"""Task 2 of lesson 09: a client that resumes, and says so if something may be missing."""

from typing import Any

from wslearn.exercises.engine import Exercise, Message, Talk, has, otherwise, shown
from wslearn.exercises.nothing_lost.counterpart import ENDED, Line, Student, playing
from wslearn.exercises.nothing_lost.stories import reader_stories, survives, writes_well
from wslearn.histories import Person

FIRST_JOIN = {
    has(epoch=lambda epoch: bool(epoch)): "This is the first join, so there is no epoch yet. Leave it out.",
    has(offset=lambda offset: offset is not None): "This is the first join, so there is no offset yet. Leave it out: "
    "with 0, the server would send everything that it has kept.",
    otherwise: 'Join the room first: `{"type": "join-room", "room": "tea"}`.',
}
AGAIN = "{name}'s connection was lost, and {name} did not connect again. Do so at once after each end but 1000."
AWAY = (
    "The server closed with 1001: it goes away, and {name} should connect again. Only 1000 means that all is said. "
    "`async for` ends without an error after both, so look at `ws.close_code`."
)
NO_OFFSET = "{name} came back, and did not send how far it had got: add `epoch` and `offset` to `join-room`."
START = (
    "{name} had joined, and had received no message yet. `missed` was 0, so it has everything up to `joined`'s "
    "`offset`, and its offset is that."
)
LAST = "{name} came back with a wrong offset. It is that of the last message that the client has received."
HALF = (
    "Two messages were announced, and only one of them arrived before the cable was cut. The client's offset is that "
    "of the last message that it has. The one in `joined` says what is still to come."
)
DOUBLED = (
    "{name} showed a message twice. The server may send a message again, because it can't know what has arrived. "
    "Ignore a message if its offset isn't above yours."
)
BY_TEXT = "Another message has the same text, and {name} did not show it. Compare offsets, not texts."
NEW_EPOCH = (
    "The server has a new epoch, so its offsets begin again. {name} ignored a message because its offset is small. "
    "Forget your offset when the epoch changes."
)
OLD_EPOCH = "The last `joined` had another epoch. Send that one when you join again, with an offset that belongs to it."
ANNOUNCED = (
    "The epoch is new, and `missed` says that a message is still to come. Before it comes, the offset is 0, so that "
    "the server sends it again."
)
SILENT_GAP = "`recovered` was `false`, and nobody was told. Call `show(None)` when such a `joined` comes."
FALSE_ALARM = "`recovered` was `true`, and {name} called `show(None)`. Nothing is missing there."
NOT_SHOWN = "{name} did not show a message. Call `show(text)` for each `room-message`."
LOST = "{name} did not show a message that it has missed while it was away."
OTHERS = "Only a `room-message` has a text to show. Ignore messages of other types."
TEXT = "Call `show` with the text of the message: what is in `message`."
STORY = "Zoe's client follows a room of a real server, and her cable is cut again and again."
END = "The server has closed with 1000, which means that all is said. Return."


def joined(epoch: str, offset: int, *, missed: int = 0, recovered: bool = True, floor: int = 0) -> dict[str, Any]:
    """Return what a server says to a client that has joined."""
    return {
        "type": "joined", "room": "tea", "epoch": epoch, "offset": offset, "floor": floor, "recovered": recovered,
        "missed": missed,
    }  # fmt: skip


def told(offset: int, text: str) -> dict[str, Any]:
    """Return a message as a server sends it."""
    return {
        "type": "room-message", "room": "tea", "message": text, "sender": "guest-1",
        "timestamp": "2026-11-28T10:00:00.000Z", "offset": offset,
    }  # fmt: skip


#: Types of messages that are neither of the two, although they look like it.
ALIKE = (
    "rejoined", "joined-late", "join", " joined", "Joined", "a-room-message", "room-messages", "room", " room-message",
    "ROOM-MESSAGE",
)  # fmt: skip
PRESENCE = {"type": "presence", "room": "tea", "members": ["guest-1", "guest-2"]}


class _Screen:
    """What a student's client has shown, and what it should have."""

    def __init__(self, talk: Talk, zoe: Student) -> None:
        self.talk, self.zoe, self.came, self.judged = talk, zoe, [], 0  # type: ignore[var-annotated]

    def show(self, text: object) -> None:
        """Be shown a text, or None."""
        self.came.append(text)

    async def has(self, *expected: str | None, missing: str = NOT_SHOWN) -> None:
        """Expect that these, and nothing else, were shown since the last time."""
        await self.talk.until(lambda: len(self.came) - self.judged >= len(expected), within=0.5)
        new, before = self.came[self.judged :], self.came[: self.judged]
        self.judged = len(self.came)
        if new == list(expected):
            self.talk.tells("Zoe", "shows", ", ".join(map(shown, new)) or "nothing")
            return
        wrong = [each for each in new if each not in expected]
        if None in expected and None not in new:
            text = SILENT_GAP
        elif None in new and None not in expected:
            text = FALSE_ALARM
        elif wrong and any(not isinstance(each, str) or each.startswith("{") for each in wrong):
            text = OTHERS if len(new) > len(expected) else TEXT
        elif len(new) > len(expected) and (set(new) & set(before) or len(set(new)) < len(new)):
            text = DOUBLED
        elif len(new) < len(expected):
            text = missing
        else:
            text = "Show each message once, in the order of the offsets."
        what = ", ".join(map(shown, new)) or "nothing"
        self.talk.fail(
            text.replace("{name}", "Zoe"), "Zoe", "shows", what, expected=", ".join(map(shown, expected)) or "nothing"
        )


async def _joins(zoe: Student, epoch: str, offset: int, messages: Message, ended: str = ENDED) -> Line:
    line = await zoe.connects(AGAIN, ended)
    table = {
        None: NO_OFFSET,
        lambda came: not isinstance(came, dict) or came.get("type") != "join-room": "Join the room first, each time.",
        lambda came: "offset" not in came or "epoch" not in came: NO_OFFSET,
        lambda came: came["epoch"] != epoch: OLD_EPOCH,
        otherwise: messages,
    }
    expected = {"type": "join-room", "room": "tea", "epoch": epoch, "offset": offset}
    await line.hears(expected, table)
    return line


async def _follow(talk: Talk, function: Any) -> None:
    screen = _Screen(talk, None)  # type: ignore[arg-type]
    async with playing(talk, "Zoe", function, screen.show) as zoe:
        line = await zoe.connects()
        await line.hears(
            lambda came: came == {"type": "join-room", "room": "tea"}, FIRST_JOIN, meaning="that it joins the room"
        )
        await line.says(joined("e1", 20), PRESENCE)
        await line.says_alike(joined("e0", 99, recovered=False) | {"message": "?"}, ALIKE)
        await line.drops()
        await screen.has()
        line = await _joins(zoe, "e1", 20, START)
        await line.says(joined("e1", 20), told(21, "one"))
        await line.drops()
        await screen.has("one")
        line = await _joins(zoe, "e1", 21, LAST)
        await line.says(joined("e1", 23, missed=2), told(22, "two"))
        await line.drops()
        await screen.has("two", missing=HALF)
        line = await _joins(zoe, "e1", 22, HALF)
        await line.says(joined("e1", 25, missed=2), told(22, "two"), told(23, "three"), told(25, "four"), PRESENCE)
        await screen.has("three", "four", missing=LOST)
        await line.says(told(27, "one"))
        await screen.has("one", missing=BY_TEXT)
        await line.says(told(27, "one"))
        await line.closes(1001)  # another server takes over
        await screen.has()
        line = await _joins(zoe, "e1", 27, LAST, AWAY.replace("{name}", "Zoe"))
        await line.says(joined("e2", 3, missed=2, recovered=False, floor=1))
        await line.drops()
        await screen.has(None)
        line = await _joins(zoe, "e2", 0, ANNOUNCED)
        await line.says(joined("e2", 3, missed=2, recovered=False, floor=1), told(2, "five"), told(3, "six"))
        await screen.has(None, "five", "six", missing=NEW_EPOCH)
        await line.drops()
        line = await _joins(zoe, "e2", 3, LAST)
        await line.says(joined("e2", 9, missed=1, recovered=False, floor=8), told(9, "seven"))
        await screen.has(None, "seven", missing=LOST)
        await line.closes(1000)
        await zoe.returns(END)
    await _survives(talk, function)


async def _survives(talk: Talk, function: Any) -> None:
    """Let the checker of histories try the student's client on a real server."""

    async def client(person: Person) -> None:
        def show(text: str | None) -> None:
            if text is None:
                person.tell()
            else:
                person.hear({"type": "room-message", "message": text})

        await function(person.url, show)

    clients = {"Zoe": client, "Ann": writes_well}
    await survives(talk, clients, reader_stories(), STORY, lambda finding: finding.who == "Zoe")


follow = Exercise(
    _follow,
    hints=(
        "Keep `epoch` and `offset` in variables outside the loop that connects. Both are `None` at first.",
        "With `async with connect(url) as ws`, `async for` ends when the server closes with 1000 or 1001, and raises "
        "`ConnectionClosed` after any other end. `ws.close_code` tells the two apart. When a `joined` comes whose "
        "epoch is new to you, set your offset: to that of `joined` if `missed` is 0, else to 0.",
        "A `room-message` counts if its `offset` is above yours: then set yours, and call `show`. When you join, add "
        '`{"epoch": epoch, "offset": offset}` if there is an epoch.',
    ),
    answer="""
async def follow(url, show):
    epoch = offset = None
    while True:
        try:
            async with connect(url) as ws:
                join = {"type": "join-room", "room": "tea"}
                if epoch is not None:
                    join = join | {"epoch": epoch, "offset": offset}
                await ws.send(json.dumps(join))
                async for data in ws:
                    message = json.loads(data)
                    if message["type"] == "joined":
                        if not message["recovered"]:
                            show(None)
                        if message["epoch"] != epoch:
                            epoch = message["epoch"]
                            offset = 0 if message["missed"] else message["offset"]
                    elif message["type"] == "room-message" and message["offset"] > offset:
                        offset = message["offset"]
                        show(message["message"])
                if ws.close_code == 1000:
                    return
        except ConnectionClosed:
            pass
""",
    why="The offset is that of the last message that the client really has, because a connection may end in the middle "
    "of what was missed. It belongs to one epoch. A message that comes twice has the same offset, so it is shown once. "
    "And what can't be proved is said, not hidden. In real life, wait before you connect again, as in lesson 06.",
)
