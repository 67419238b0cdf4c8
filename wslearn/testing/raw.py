"""A client without a library, which may send what no library sends: frames written by hand, half a handshake."""

import asyncio
import os
import socket
import ssl as tls
import struct
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from wslearn.common import buffers

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)
#: Time for connecting and for a handshake, in seconds; the most bytes of a response's head.
PATIENCE, HEAD = 20.0, 64 * 1024
#: SO_LINGER of 0 seconds: closing the socket resets the connection (RST).
RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """Return a client's frame written by hand, right or wrong (RFC 6455, section 5.2)."""
    first = fin << 7 | rsv << 4 | opcode
    size = len(payload)
    if size < 126:
        length = bytes([size])
    else:
        length = b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    if not mask:
        return bytes([first]) + length + payload
    key = b"\x12\x34\x56\x78"
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return bytes([first, length[0] | 0x80]) + length[1:] + key + masked


def close_frame(answer: bytes) -> tuple[int, str] | None:
    """Return code and reason of the close frame in what a server sent, frame after frame, or None."""
    end = 0
    while len(answer) - end >= 2:
        opcode, start, end = frame_at(answer, end)
        if opcode == 8:
            payload = answer[start:end]
            return (int.from_bytes(payload[:2]), payload[2:].decode(errors="replace")) if payload else (1005, "")
    return None


def frame_at(answer: bytes | bytearray, at: int) -> tuple[int, int, int]:
    """Return a frame's opcode, and where its payload begins and ends: beyond the answer if it isn't whole."""
    opcode, size, start = answer[at] & 0x0F, answer[at + 1] & 0x7F, at + 2
    if size >= 126:
        start = at + (4 if size == 126 else 10)
        size = int.from_bytes(answer[at + 2 : start])
    return opcode, start, start + size


def handshake(url: str, more: str = "") -> bytes:
    """Return the request for a WebSocket; `more` are header lines, each with its line break."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return HANDSHAKE.format(path=path, host=parts.netloc.rpartition("@")[2], more=more).encode()


class Raw:
    """A TCP connection to a server, or TLS for a wss:// URL."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url, self.reader, self.writer = url, reader, writer

    @classmethod
    async def connected(cls, url: str, ssl: tls.SSLContext | None = None, receive_buffer: int | None = None) -> Self:
        """Connect, without a handshake. With a small `receive_buffer`, unread bytes soon wait at the server."""
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        async with asyncio.timeout(PATIENCE):
            sock = await buffers.connected(host, port, receive_buffer)
            context = (ssl or tls.create_default_context()) if secure else None
            reader, writer = await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=host if secure else None, limit=HEAD
            )
        return cls(url, reader, writer)

    @classmethod
    async def opened(cls, url: str, more: str = "", **options: object) -> Self:
        """Connect, and do the opening handshake. Raises ConnectionError with the response's first line if it fails."""
        raw = await cls.connected(url, **options)  # type: ignore[arg-type]
        raw.writer.write(handshake(url, more))
        try:
            async with asyncio.timeout(PATIENCE):
                head = await raw.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            head = b"no response\r\n"
        if not head.startswith(b"HTTP/1.1 101 "):
            raw.drop()
            raise ConnectionError(f"the handshake failed: {head.splitlines()[0].decode(errors='replace')}")
        return raw

    async def sends(self, data: bytes, within: float = 5.0) -> bool:
        """Send bytes as they are; return whether the system took them in time."""
        self.writer.write(data)
        try:
            async with asyncio.timeout(within):
                await self.writer.drain()
        except OSError:  # TimeoutError too
            return False
        return True

    async def rest(self, within: float, *, frames: bool = True) -> tuple[bytes, bool]:
        """Return what still comes in so many seconds, and whether the connection has ended then.

        A close frame is its end: a server that closes politely waits for an answer, which never comes.
        """
        came, end = bytearray(), 0
        try:
            async with asyncio.timeout(within):
                while data := await self.reader.read(65536):
                    came += data
                    while frames and len(came) - end >= 2:
                        opcode, _, after = frame_at(came, end)
                        if after > len(came):
                            break
                        if opcode == 8:
                            return bytes(came), True
                        end = after
        except TimeoutError:
            return bytes(came), False
        except OSError:  # a reset is an end too, and takes with it what was under way
            pass
        return bytes(came), True

    def drop(self) -> None:
        """Drop the connection, as a program that crashes does."""
        with suppress(OSError, RuntimeError):
            self.writer.transport.abort()

    def reset(self) -> None:
        """Drop the connection so that the server sees a reset (RST), and no end (FIN)."""
        if (sock := self.writer.get_extra_info("socket")) is not None:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.drop()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        with suppress(OSError):
            await self.writer.wait_closed()
