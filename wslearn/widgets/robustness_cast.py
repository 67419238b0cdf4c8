"""The cast of the robustness lab: a naive and a protected server, Bob who only wants to chat, and four attackers.

All of them are real, and run on loopback in the notebook's kernel. Each attack is limited in size and in time.
Lesson 07.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from time import perf_counter as clock

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED, OPEN

from wslearn import Limits, Server
from wslearn.common import buffers
from wslearn.messages import Broadcast, encode, now
from wslearn.server.connection import Connection
from wslearn.server.log import Event
from wslearn.servers.broadcast import BroadcastServer

#: The time between Bob's messages, and before he reconnects, in seconds; the size of his messages in bytes.
TALK, COME_BACK, PAYLOAD = 0.1, 0.3, 16 * 1024
#: How long a stalled client goes on, and how long an attacker that has sent everything waits, in seconds.
ATTACK, LINGER = 4.0, 1.5


class Protected(BroadcastServer):
    """The server of lesson 03 with low limits: 20 messages/s, 64 KiB a message, 32 KiB or 1 s unsent."""

    limits = Limits(rate=20, max_unsent=32 * 1024, stall_timeout=1)


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
    "oversize": (f'{{"message":"{"x" * 4_000_000}"}}', 5),
    "bad JSON": ("hello", 10),
}


class Bob:
    """A client that sends a message every tenth of a second, and waits until it has come back.

    - `trips`: for each of his messages when he sent it, in seconds since `began`, and how long it took.
    - `lost`: for each connection that he lost when he sent the unanswered message, and how long he had waited.
    - `waits_since`: when he sent the message that is not back yet, else None.
    """

    def __init__(self, url: str, began: float) -> None:
        self.url, self.began = url, began
        self.trips: list[tuple[float, float]] = []
        self.lost: list[tuple[float, float]] = []
        self.waits_since: float | None = None

    async def live(self) -> None:
        """Send messages until cancelled, and reconnect whenever the connection is lost."""
        numbers = count()
        while True:
            try:
                async with connect(self.url, max_size=None) as ws:
                    while True:
                        await self._talk(ws, f"Bob {next(numbers)}")
                        await asyncio.sleep(TALK)
            except (ConnectionClosed, OSError):
                at = clock() - self.began
                since = at if self.waits_since is None else self.waits_since
                self.lost.append((since, at - since))
                self.waits_since = None
            await asyncio.sleep(COME_BACK)

    async def _talk(self, ws: ClientConnection, mark: str) -> None:
        sent = self.waits_since = clock() - self.began
        await ws.send(json.dumps({"message": f"{mark} {'x' * PAYLOAD}"}))
        async for message in ws:
            if f'"{mark} ' in str(message[:100]):
                self.trips.append((sent, clock() - self.began - sent))
                self.waits_since = None
                return
        raise ConnectionError("closed while he waited")

    def thrown_out(self, since: float, until: float) -> list[float]:
        """Return when he lost a connection, between two times."""
        return [sent + waited for sent, waited in self.lost if since <= sent + waited <= until]

    def slowest(self, since: float, until: float) -> float:
        """Return the longest wait between two times, in seconds; a message that did not come back counts too."""
        trips = [*self.trips, *self.lost]
        if self.waits_since is not None:
            trips.append((self.waits_since, until - self.waits_since))
        return max((took for sent, took in trips if sent <= until and sent + took >= since), default=0.0)


@dataclass
class Attack:
    """One attack, in seconds since the lab began; `ended` is None while it goes on."""

    name: str
    began: float
    ended: float | None = None
    #: What the attacker saw at the end, and the line of the server's log that tells why.
    saw: str = ""
    logged: Event | None = None

    async def run(self, server: Server) -> None:
        """Attack for a limited time, and find out how it ended."""
        text, times = ATTACKS[self.name]
        sock = await buffers.connected(server.host, server.port, buffers.SMALL if self.name == STALL else None)
        ws = await connect(server.url, sock=sock, max_size=None, max_queue=None)
        try:
            await (await ws.ping())  # after the pong the server knows it, by a name
            peer = next(peer for peer in server.connections if peer.remote_address == ws.local_address)
            if self.name == STALL:
                await self._stall(ws, peer)
            # Straight to the transport: an attacker waits for nobody, and goes on after a close frame.
            ws.transport.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=True) * times)
            with suppress(TimeoutError):
                await asyncio.wait_for(ws.wait_closed(), LINGER)
                await asyncio.wait_for(peer.wait_closed(), LINGER)  # then its line is in the log
            self.saw = f"closed: {ws.close_code} {ws.close_reason}".rstrip() if ws.close_code else "nobody stopped it"
            # The first line that says how the connection went wrong, or ended.
            lines = (event for event in server.log if event.client == peer.name and event.kind in ("error", "close"))
            self.logged = next(lines, None)
            if ws.protocol.state is OPEN:
                with suppress(TimeoutError):
                    await asyncio.wait_for(ws.close(), LINGER)
        finally:
            if ws.protocol.state is not CLOSED:
                ws.transport.abort()

    async def _stall(self, ws: ClientConnection, peer: Connection) -> None:
        """Read nothing until the server has had enough, or until the attack's time is over."""
        buffers.shrink(peer)
        ws.transport.pause_reading()
        with suppress(TimeoutError):
            await asyncio.wait_for(peer.wait_closed(), ATTACK)  # the attacker itself would not see a close frame
        ws.transport.resume_reading()

    @property
    def verdict(self) -> str:
        """How the attack ended, in a few words."""
        if not self.saw:
            return "still going on"
        if self.logged and "aborted" in self.logged.text:
            return "dropped"
        return " ".join(self.saw.split()[:2]) if self.saw.startswith("closed") else self.saw
