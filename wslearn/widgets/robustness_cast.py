"""The cast of the robustness lab: a naive and a protected server, and four attackers. Bob is in `robustness_bob`.

All of them are real, and run on loopback in the notebook's kernel. Each attack is limited in size and in time.
Lesson 07.
"""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from time import perf_counter as clock
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import CLOSED

from wslearn import Limits, Server
from wslearn.common import buffers
from wslearn.messages import Broadcast, encode, now
from wslearn.server.connection import Connection
from wslearn.server.log import Event
from wslearn.servers.broadcast import BroadcastServer

#: How long a stalled client goes on; the longest that an attacker waits for the server to pass on everything; and how
#: long it waits for the server's log to tell why it was stopped. In seconds.
ATTACK, PATIENCE, LINGER = 4.0, 20.0, 5.0


class Protected(BroadcastServer):
    """The server of lesson 03 with low limits: 20 messages/s, 64 KiB a message, 1 s without progress."""

    # No smaller `max_unsent`: at a quarter of it Bob would have to wait for the stalled client (`slow_readers`).
    limits = Limits(rate=20, stall_timeout=1)


class Naive(Server):
    """What many tutorials show: no limit, no validation, an awaited send to each client, a list nobody cleans up."""

    limits = Limits(max_size=None, max_unsent=None, stall_timeout=None)

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Connection] = []

    async def handler(self, ws: Connection) -> None:
        """Send each message to all clients."""
        self.clients.append(ws)
        async for data in ws:
            said = json.loads(data)["message"]
            for client in self.clients:
                await client.send(encode(Broadcast(said, now())))
        self.clients.remove(ws)


SERVERS: dict[str, type[Server]] = {"protected": Protected, "naive": Naive}

STALL = "stall"
#: What the attackers send, and how often. A stalled client sends nothing, and reads nothing either.
ATTACKS: dict[str, tuple[str, int]] = {
    STALL: ("", 0),
    "flood": ('{"message":"buy my book"}', 3000),
    "oversize": (f'{{"message":"{"y" * 4_000_000}"}}', 5),
    "bad JSON": ("hello", 10),
}
#: How an attack ends that nobody stopped, and one that the lab's end has cut short.
NOBODY, CUT_SHORT = "nobody stopped it", "the run ended first"


class Attacker(ClientConnection):
    """A client that notices at once when the server closes its connection, and when all that it sent has come back.

    It keeps nothing of what it receives. `over` is set then, and `returned` counts what has come back.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.over, self._may_write = asyncio.Event(), asyncio.Event()
        self._may_write.set()
        self.returned, self._mark, self.expected = 0, b"", 0

    def process_event(self, event: Any) -> None:
        """Count the messages that come back, and notice a close frame."""
        if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            if self._mark and self._mark in event.data[:200]:
                self.returned += 1
                if self.returned == self.expected:
                    self._end()
            return
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that the connection is over."""
        super().connection_lost(exc)
        self._end()

    def pause_writing(self) -> None:
        """Notice that the server does not take more at the moment."""
        super().pause_writing()
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Notice that it does."""
        super().resume_writing()
        self._may_write.set()

    def leave(self) -> None:
        """Drop the connection."""
        if self.protocol.state is not CLOSED:
            self.transport.abort()

    def _end(self) -> None:
        self.over.set()
        self._may_write.set()

    @property
    def closed_with(self) -> str:
        """The code and the reason with which the server closed, or 1006 if it dropped the connection, else ""."""
        if close := self.protocol.close_rcvd:
            return f"{int(close.code)} {close.reason}".rstrip()
        return str(int(CloseCode.ABNORMAL_CLOSURE)) if self.transport.is_closing() else ""

    async def send_at_once(self, text: str, times: int) -> None:
        """Send a message so many times, until the server closes the connection."""
        if text.startswith("{"):  # anything else never comes back
            self._mark, self.expected = text.split('"')[3][:10].encode(), times
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
        together = max(1, 1024 * 1024 // len(frame))
        for sent in range(0, times, together):
            await self._may_write.wait()
            if self.over.is_set() or self.protocol.eof_sent:
                return
            self.transport.write(frame * min(together, times - sent))
            await asyncio.sleep(0)  # the server and Bob share this event loop


@dataclass
class Attack:
    """One attack, in seconds since the lab began; `ended` is None while it goes on."""

    name: str
    began: float
    ended: float | None = None
    #: What the attacker saw at the end, and the line of the server's log that tells why.
    saw: str = ""
    logged: Event | None = None

    async def run(self, server: Server, stay: AsyncExitStack) -> None:
        """Attack for a limited time, and find out how it ended.

        If nobody stops it, the attacker stays connected until `stay` is closed. If it left, chance would decide whether
        the naive server just then sends it a message of Bob's, and throws Bob out for that.
        """
        start = clock() - self.began
        text, times = ATTACKS[self.name]
        sock = await buffers.connected(server.host, server.port, buffers.SMALL if self.name == STALL else None)
        connecting = connect(server.url, sock=sock, max_size=None, max_queue=None, create_connection=Attacker)
        ws = cast(Attacker, await connecting)
        stay.callback(ws.leave)
        try:
            await (await ws.ping())  # after the pong the server knows it, by a name
            peer = next(peer for peer in server.connections if peer.remote_address == ws.local_address)
            if self.name == STALL:
                await self._stall(ws, peer)
            else:
                await ws.send_at_once(text, times)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await ws.over.wait()
            self.saw = f"closed: {ws.closed_with}" if ws.closed_with else f"{NOBODY}, {self._own_end(ws)}"
        finally:
            self.ended = clock() - start
        if ws.closed_with:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await peer.wait_closed()  # then its line is in the log
        # The first line that says how the connection went wrong, or ended.
        lines = (event for event in server.log if event.client == peer.name and event.kind in ("error", "close"))
        self.logged = next(lines, None)

    def _own_end(self, ws: Attacker) -> str:
        if self.name == STALL:
            return f"it gave up after {ATTACK:.0f} s"
        if ws.returned == ws.expected:
            return f"all {ws.expected:,} passed on"
        return f"it gave up after {PATIENCE:.0f} s"

    async def _stall(self, ws: Attacker, peer: Connection) -> None:
        """Read nothing until the server has had enough, or until the attack's time is over."""
        buffers.shrink(peer)
        ws.transport.pause_reading()
        with suppress(TimeoutError):
            async with asyncio.timeout(ATTACK):
                await peer.wait_closed()  # the attacker itself would not see a close frame
            ws.transport.resume_reading()
            async with asyncio.timeout(LINGER):
                await ws.over.wait()
        ws.transport.resume_reading()

    def verdict(self, over: bool = False) -> str:
        """How the attack ended, in a few words; `over` tells whether the lab's run has ended."""
        if not self.saw:
            return CUT_SHORT if over else "still going on"
        if self.saw.startswith(NOBODY):
            return self.saw
        dropped = self.saw.endswith(str(int(CloseCode.ABNORMAL_CLOSURE)))
        return "dropped" if dropped else " ".join(self.saw.split()[:2])
