"""Who plays in the robustness lab: a naive and a protected server, Ben who only wants to talk, and four attackers.

All of them are real, on loopback, in the notebook's kernel. Each attack is bounded in count and in time. Lesson 07.
"""

import asyncio
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from time import perf_counter as clock

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED, OPEN

from wslearn import Limits, Server
from wslearn.messages import Broadcast, encode, now
from wslearn.server.connection import Connection
from wslearn.server.log import Event
from wslearn.servers.broadcast import BroadcastServer

#: Ben talks so often, and comes back so long after he was thrown out, in seconds. His message has so many bytes.
TALK, COME_BACK, SAID = 0.1, 0.3, 16 * 1024
#: Who stalls gives up after so many seconds, and who has said all waits so long for an answer.
ATTACK, LINGER = 4.0, 1.5
#: The system's buffers at both ends of a stalled client's connection, in bytes: small, so that they are full soon.
BUFFER = 4096


class Protected(BroadcastServer):
    """The server of lesson 03, its limits set low: 20 messages/s, 64 KiB a message, 32 KiB or 1 s unsent."""

    limits = Limits(rate=20, max_unsent=32 * 1024, stall_timeout=1)


class Naive(Server):
    """What many tutorials print: no limit, no validation, an awaited send to each, and a list that nobody tidies."""

    limits = Limits(max_size=None, max_unsent=None, stall_timeout=None)

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Connection] = []

    async def handler(self, ws: Connection) -> None:
        self.clients.append(ws)
        async for data in ws:
            said = json.loads(data)["message"]
            for client in self.clients:
                await client.send(encode(Broadcast(said, now())))
        self.clients.remove(ws)


SERVERS = {"protected": Protected, "naive": Naive}


STALL = "stall"
#: What the attackers send; who stalls sends nothing, and reads nothing either.
ATTACKS: dict[str, tuple[str, int]] = {
    STALL: ("", 0),
    "flood": ('{"message":"buy my book"}', 3000),
    "oversize": (f'{{"message":"{"x" * 4_000_000}"}}', 5),
    "bad JSON": ("hello", 10),
}


class Ben:
    """A client that sends a message each tenth of a second, and waits until it has come back.

    - `trips`: for each of his messages when he sent it, in seconds since `began`, and how long it took.
    - `lost`: for each connection that he lost when he sent what never came back, and how long he had waited.
    - `waits_since`: when he sent what is not back yet, else None.
    """

    def __init__(self, url: str, began: float) -> None:
        self.url, self.began = url, began
        self.trips: list[tuple[float, float]] = []
        self.lost: list[tuple[float, float]] = []
        self.waits_since: float | None = None

    async def live(self) -> None:
        """Talk until cancelled, and come back whenever the connection is lost."""
        numbers = count()
        while True:
            try:
                async with connect(self.url, max_size=None) as ws:
                    while True:
                        await self._talk(ws, f"Ben {next(numbers)}")
                        await asyncio.sleep(TALK)
            except (ConnectionClosed, OSError):
                at = clock() - self.began
                since = at if self.waits_since is None else self.waits_since
                self.lost.append((since, at - since))
                self.waits_since = None
            await asyncio.sleep(COME_BACK)

    async def _talk(self, ws: ClientConnection, mark: str) -> None:
        self.waits_since = clock() - self.began
        await ws.send(json.dumps({"message": f"{mark} {'x' * SAID}"}))
        async for message in ws:
            if f'"{mark} ' in message[:100]:
                self.trips.append((self.waits_since, clock() - self.began - self.waits_since))
                self.waits_since = None
                return
        raise ConnectionError("closed while he waited")

    def thrown_out(self, since: float, until: float) -> list[float]:
        """Return when he lost a connection, between two times."""
        times = [sent + waited for sent, waited in self.lost]
        return [at for at in times if since <= at <= until]

    def slowest(self, since: float, until: float) -> float:
        """Return the longest wait that was under way between two times, in seconds; what did not come back counts."""
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
        """Attack, for a bounded time, and find out how it ended."""
        text, times = ATTACKS[self.name]
        sock = socket.socket()
        if self.name == STALL:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # only now: later it promises more to the peer
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (server.host, server.port))
        ws = await connect(server.url, sock=sock, max_size=None, max_queue=None)
        try:
            await (await ws.ping())  # then the server knows it, by a name
            peer = next(peer for peer in server.connections if peer.remote_address == ws.local_address)
            if self.name == STALL:
                await self._stall(ws, peer)
            # Straight to the transport: an attacker waits for nobody, and no close keeps it from writing.
            ws.transport.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=True) * times)
            with suppress(TimeoutError):
                await asyncio.wait_for(ws.wait_closed(), LINGER)
                await asyncio.wait_for(peer.wait_closed(), LINGER)  # then its line is in the log
            self.saw = f"closed: {ws.close_code} {ws.close_reason}".rstrip() if ws.close_code else "nobody stopped it"
            self.logged = first_word_about(server, peer.name)
            if ws.protocol.state is OPEN:
                with suppress(TimeoutError):
                    await asyncio.wait_for(ws.close(), LINGER)
        finally:
            if ws.protocol.state is not CLOSED:
                ws.transport.abort()

    async def _stall(self, ws: ClientConnection, peer: Connection) -> None:
        """Read nothing until the server has had enough, or for so long."""
        peer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        ws.transport.pause_reading()
        with suppress(TimeoutError):
            await asyncio.wait_for(peer.wait_closed(), ATTACK)  # it would not see a close itself
        ws.transport.resume_reading()


def first_word_about(server: Server, name: str) -> Event | None:
    """Return the first line in a server's log that says how a connection went wrong, or ended."""
    return next((event for event in server.log if event.client == name and event.kind in ("error", "close")), None)
