"""The `hostile_clients` fixture: attackers of a server, each limited in size and in time."""

import asyncio
import ssl as tls
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from itertools import chain
from time import perf_counter as clock
from typing import Any, Literal

from wslearn.common import buffers
from wslearn.testing.conversation import Conversation
from wslearn.testing.raw import Raw, close_frame, frame, handshake
from wslearn.testing.where import HasUrl, advice, at

#: Bytes that no client may send (RFC 6455, sections 5 to 7): the server should close with 1002 or 1007, or drop it.
MALFORMED_FRAMES = {
    "a frame without a mask": frame(1, b"hi", mask=False),
    "a reserved bit": frame(1, b"hi", rsv=4),
    "an unknown opcode": frame(3, b"hi"),
    "text that is not UTF-8": frame(1, b"\xff\xfe"),
    "a ping of 126 bytes": frame(9, bytes(126)),
    "a ping in fragments": frame(9, b"hi", fin=False),
    "a continuation of nothing": frame(0, b"hi"),
    "a close code that may not be sent": frame(8, (1006).to_bytes(2)),
    "a close frame of one byte": frame(8, b"\x03"),
}
#: Messages that are correct for the protocol, and that an application may not expect: it should go on, or close.
MALFORMED_MESSAGES = {
    "no JSON": frame(1, b"hello"),
    "nothing": frame(1, b""),
    "half of a JSON object": frame(1, b'{"type":'),
    "a JSON list": frame(1, b"[1, 2, 3]"),
    "a JSON number": frame(1, b"17"),
    "an object of nothing": frame(1, b"{}"),
    "members of the wrong types": frame(1, b'{"type":[],"message":{"a":1},"room":17,"name":null}'),
    "100,000 brackets": frame(1, b"[" * 100_000),
    "bytes": frame(2, bytes(range(256))),
}
#: So many messages, and so many bytes of a large one, are sent at a time.
TOGETHER, PART = 50, 65_536
#: What a flood says, as a message of the course. Give the attack a message that your server understands.
MESSAGE = '{"type":"room-message","message":"buy my book"}'


@dataclass(frozen=True)
class Outcome:
    """How an attack ended: the server `closed` with `code` and `reason`, `dropped` the client, or left it `open`."""

    end: Literal["closed", "dropped", "open"]
    code: int | None = None
    reason: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return " ".join(filter(None, [self.end, str(self.code or ""), self.reason]))


class StalledReader:
    """A client that has connected and reads nothing. `ends()` reads on, and says what the server has done."""

    def __init__(self, clients: "HostileClients", raw: Raw) -> None:
        self._clients, self._raw = clients, raw
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def ends(self, within: float = 2.0) -> Outcome:
        """Read what has waited, and return whether the server has ended the connection."""
        self._raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        return await self._clients._outcome(self._raw, within)


class HostileClients:
    """The attackers of one server. `where` is its URL, or has one; `headers` are sent with each handshake.

    Each attack is called Mallory in the conversation's notes. Times are in seconds.
    """

    def __init__(
        self, talk: Conversation, where: str | HasUrl, *, headers: dict[str, str] | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._talk, self.url, self._ssl = talk, at(where).url, ssl
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())

    async def stalled_reader(self) -> StalledReader:
        """Connect a client that reads nothing from now on; the system keeps a few kilobytes for it."""
        raw = await self._opened(receive_buffer=buffers.SMALL)
        self._talk.tells("Mallory", "connects", "and reads nothing")
        return StalledReader(self, raw)

    async def flood(self, message: str = MESSAGE, times: int = 2000, *, within: float = 5.0) -> Outcome:
        """Send a message so many times, as fast as the server takes it."""
        raw = await self._opened()
        self._talk.tells("Mallory", "floods", f"{times:,} messages")
        data = frame(1, message.encode())
        parts = (data * min(TOGETHER, times - sent) for sent in range(0, times, TOGETHER))
        sending = asyncio.ensure_future(self._send_all(raw, parts, within))
        return await self._outcome(raw, within, sending)

    async def oversize(self, size: int = 16 * 1024 * 1024, *, within: float = 5.0) -> Outcome:
        """Send one text message of so many bytes."""
        raw = await self._opened()
        self._talk.tells("Mallory", "sends", f"one message of {size:,} bytes")
        head = b"\x81\xff" + size.to_bytes(8) + bytes(4)  # masked with zeros
        parts = (b"y" * min(PART, size - sent) for sent in range(0, size, PART))
        sending = asyncio.ensure_future(self._send_all(raw, chain([head], parts), within))
        return await self._outcome(raw, within, sending)

    async def malformed(self, *, within: float = 0.5) -> dict[str, Outcome]:
        """Send what no client should send, each on its own connection, and return what the server did each time.

        Frames against RFC 6455 (`MALFORMED_FRAMES`) and unexpected messages (`MALFORMED_MESSAGES`).
        """
        return {
            name: await self.send_raw(data, name, within=within)
            for name, data in (MALFORMED_FRAMES | MALFORMED_MESSAGES).items()
        }

    async def send_raw(self, data: bytes, name: str = "", *, within: float = 0.5) -> Outcome:
        """Send bytes after a handshake, as they are; `wslearn.testing.raw.frame` writes frames."""
        raw = await self._opened()
        self._talk.tells("Mallory", "sends", name or f"{len(data)} bytes")
        await raw.sends(data)
        return await self._outcome(raw, within)

    async def slow_handshake(self, *, pause: float = 0.1, within: float = 15.0) -> Outcome:
        """Send the opening handshake a byte at a time, until the server has had enough, or the time is over."""
        raw = await self._connected()
        self._talk.tells("Mallory", "sends", "a handshake, a byte at a time")
        sending = asyncio.ensure_future(self._send_slowly(raw, pause))
        return await self._outcome(raw, within, sending, http=True)

    async def vanishing(self, times: int = 20) -> None:
        """Connect so many clients, each of which is reset: in the handshake, after it, or in the middle of a frame."""
        self._talk.tells("Mallory", "vanishes", f"{times} times")
        for number in range(times):
            if number % 3 == 0:
                raw = await self._connected()
                await raw.sends(handshake(self.url, self._headers)[:60])
            else:
                raw = await self._opened()
                if number % 3 == 1:
                    await raw.sends(frame(1, MESSAGE.encode())[:20])
            raw.reset()
            await raw.wait_closed()

    async def _opened(self, **options: Any) -> Raw:
        return await self._kept(Raw.opened(self.url, self._headers, ssl=self._ssl, **options))

    async def _connected(self) -> Raw:
        return await self._kept(Raw.connected(self.url, self._ssl))

    async def _kept(self, connecting: Coroutine[Any, Any, Raw]) -> Raw:
        try:
            raw = await connecting
        except OSError as error:
            kind = type(error) if isinstance(error, ConnectionError | TimeoutError) else OSError
            raise kind(f"Mallory could not connect to {self.url}: {error}{advice(error, self.url)}") from None
        self._talk.keeps(raw)
        await self._talk.drops_with_the_loop()
        return raw

    async def _send_all(self, raw: Raw, parts: Iterable[bytes], within: float) -> None:
        for part in parts:
            if not await raw.sends(part, within):
                return
            await asyncio.sleep(0)  # the server may share this event loop

    async def _send_slowly(self, raw: Raw, pause: float) -> None:
        for byte in handshake(self.url, self._headers):
            if not await raw.sends(bytes([byte])):
                return
            await asyncio.sleep(pause)

    async def _outcome(
        self, raw: Raw, within: float, sending: asyncio.Future[None] | None = None, *, http: bool = False
    ) -> Outcome:
        """Read until the server has ended the connection, or the time is over; then the attack is over too."""
        begun = clock()
        came, ended = await raw.rest(within, frames=not http)
        seconds = clock() - begun
        outcome = Outcome("dropped" if ended else "open", seconds=seconds)
        if http and came.startswith(b"HTTP/"):
            status, _, reason = came.splitlines()[0].decode(errors="replace").partition(" ")[2].partition(" ")
            outcome = Outcome("closed", int(status), reason, seconds)
        elif not http and (close := close_frame(came)):
            outcome = Outcome("closed", *close, seconds)
        self._talk.tells("Mallory", "finds", f"her connection {outcome}")
        raw.drop()
        if sending:
            sending.cancel()
            await asyncio.wait({sending})
        return outcome
