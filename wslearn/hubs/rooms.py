"""One server's part of the rooms of a hub: who is in them, and what they have missed. Lesson 09."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from wslearn.common.throttle import Throttle
from wslearn.fast import fan_out
from wslearn.hubs.history import KEPT, KEPT_BYTES, Histories
from wslearn.hubs.hub import Hub, HubLost
from wslearn.hubs.room import LAG, HubRoom, key_of, with_offset
from wslearn.messages import Error, Joined, Presence
from wslearn.server import Connection

__all__ = ["LAG", "PATIENCE", "HubRoom", "HubRooms", "key_of", "with_offset"]

#: How long a join waits for the hub, in seconds.
PATIENCE = 10.0

Answer = TypeVar("Answer")


class HubRooms:
    """The rooms in which a server has members. When the last one leaves, the room's subscription ends."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        #: Tells this server from the others of the hub.
        self.id = secrets.token_hex(8)
        self.rooms: dict[str, HubRoom] = {}
        self.room_of: dict[Connection, HubRoom] = {}
        #: As large as that of the hub, if it tells: what the hub no longer keeps must not be promised here.
        self.histories = Histories(getattr(hub, "count", KEPT), getattr(hub, "size", KEPT_BYTES))
        #: How long a join waits for an offset of the future, and for the hub, in seconds.
        self.lag, self.patience = LAG, PATIENCE
        self._presence = Throttle(self._tell, lambda name: len(self.rooms[name].members) / 1000)

    @property
    def members(self) -> dict[str, set[Connection]]:
        """The clients in each room on this server."""
        return {name: room.members for name, room in self.rooms.items()}

    def open(self) -> None:
        """Listen to the hub."""
        self.hub.on_presence.append(self._ask)
        self.hub.on_epoch.append(self._restart)
        self.hub.on_lost.append(self._lost)
        self.hub.on_back.append(self._back)
        self.hub.on_gap.append(self._gap)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Listen to the hub during the block."""
        self.open()
        try:
            yield
        finally:
            self.close()

    async def name(self, ws: Connection, session: str) -> None:
        """Give a client its session's name. Raises HubLost."""
        name = await self._in_time(self.hub.name(session))
        if name != ws.name:
            ws.owner.record("connect", name, f"was {ws.name}")
            ws.name = name

    async def join(self, ws: Connection, name: str, epoch: str = "", offset: int | None = None) -> None:
        """Put a client into a room, after it has got what it missed since `offset` of `epoch` (None: nothing).

        Raises HubLost if the room's history can't be had, ConnectionClosed if the client has gone.
        """
        self.leave(ws)
        await ws.owner.deliveries.done.wait()  # what the client's last room has sent is before its answer, not after
        async with self._entered(name) as room:
            if offset is not None and epoch == self.hub.epoch:
                await room.reached(offset, self.lag)
            while lost := await self._catch_up(ws, room, epoch, offset):
                epoch, offset = lost
            # Nothing is awaited between the last look into the history and this, so nothing can come between.
            room.members.add(ws)
            self.room_of[ws] = room
            if not self._report(room):
                self._presence.ask(room.name)  # its name was in the room before, but not this connection

    async def _catch_up(self, ws: Connection, room: HubRoom, epoch: str, offset: int | None) -> tuple[str, int] | None:
        """Tell a client what can be proved, and send what it has missed and what is published meanwhile.

        Return None when it has got everything, or up to where it had got it when something was lost on the way.
        """
        history, here, gaps = room.history, self.hub.epoch, room.gaps
        if offset is None:
            at, recovered = history.last, True
        else:
            at = min(offset, history.last) if epoch == here else 0
            recovered = epoch == here and room.floor <= offset <= history.last
        at = max(at, history.floor)  # what is not kept can't be sent
        missed = history.since(at)
        await ws.say(Joined(room.name, here, history.last, room.floor, recovered, len(missed)))
        while True:
            for number, data in missed:
                await ws.send(with_offset(number, data))
                at = number
            if history is not room.history or history.floor > at or room.gaps != gaps:
                return here, at
            if not (missed := history.since(at)):  # also after `say`, which may have waited
                return None

    def leave(self, ws: Connection) -> None:
        """Take a client out of its room, if it is in one."""
        if room := self.room_of.pop(ws, None):
            room.members.discard(ws)
            self._report(room)
            self._end_if_empty(room)

    def introduce(self, room: HubRoom) -> None:
        """Tell a room's members who is in it, if that is still to be done: before a new member's first message."""
        self._presence.flush(room.name)

    def close(self) -> None:
        """End all subscriptions, and listen to the hub no more."""
        self.hub.on_presence.remove(self._ask)
        self.hub.on_epoch.remove(self._restart)
        self.hub.on_lost.remove(self._lost)
        self.hub.on_back.remove(self._back)
        self.hub.on_gap.remove(self._gap)
        for ws in list(self.room_of):
            self.leave(ws)

    @asynccontextmanager
    async def _entered(self, name: str) -> AsyncIterator[HubRoom]:
        """Yield a room whose kept messages have been heard, and keep it for the time of the block."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = HubRoom(self.histories, name)
            room.loading = asyncio.ensure_future(self._load(room))
            room.loading.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody asks
        room.expected += 1
        try:
            assert room.loading
            await asyncio.wait([room.loading])  # which a client that goes away does not cancel for the others
            room.loading.result()
            yield room
        finally:
            room.expected -= 1
            self._end_if_empty(room)

    async def _load(self, room: HubRoom) -> None:
        room.topic = await self._in_time(self.hub.subscribe(room.name, room.heard))
        room.history.floor = room.floor
        room.history.last = max(room.history.last, room.history.floor)

    def _end_if_empty(self, room: HubRoom) -> None:
        if room.members or room.expected or self.rooms.get(room.name) is not room:
            return
        room.ended = True
        del self.rooms[room.name]
        self._presence.forget(room.name)
        self.histories.forget(room.name)
        if room.loading:
            room.loading.cancel()
        if room.topic:
            room.topic.unsubscribe()

    def _report(self, room: HubRoom) -> bool:
        """Tell the hub who is in a room on this server, if that has changed."""
        names = {ws.name for ws in room.members}
        if changed := names != room.names:
            room.names = names
            self.hub.changed(room.name, names, self.id)
        return changed

    def _ask(self, name: str) -> None:
        if name in self.rooms:
            self._presence.ask(name)

    def _tell(self, name: str) -> None:
        fan_out(self.rooms[name].members, Presence(name, self.hub.presence(name)))

    def _restart(self) -> None:
        for room in self.rooms.values():
            room.restart()
            fan_out(room.members, Joined(room.name, self.hub.epoch, 0, 0, False, 0))

    def _lost(self) -> None:
        lost = Error("hub-lost", "messages can't be stored or received now; the server keeps trying")
        for room in self.rooms.values():
            fan_out(room.members, lost)

    def _back(self) -> None:
        for room in self.rooms.values():
            last, floor = room.history.last, room.floor
            fan_out(room.members, Joined(room.name, self.hub.epoch, last, floor, floor <= last, 0))

    def _gap(self, name: str) -> None:
        if room := self.rooms.get(name):
            room.gaps += 1
            fan_out(room.members, Joined(name, self.hub.epoch, room.history.last, room.floor, False, 0))

    async def _in_time(self, asked: Awaitable[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self.patience):
                return await asked
        except TimeoutError:
            raise HubLost(f"no answer of the hub within {self.patience:g} s") from None
