"""Small buffers of the operating system: with them, a client that does not read is noticed after some kilobytes.

By default the operating system accepts megabytes for a connection before a sender has to wait.
"""

import asyncio
import socket
from typing import Any

#: A small buffer, in bytes. The operating system may round it up.
SMALL = 4096


def shrink(connection: Any, size: int = SMALL, option: int = socket.SO_SNDBUF) -> None:
    """Make one buffer of an open connection small: what it sends, or with `socket.SO_RCVBUF` what it receives."""
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, size)


async def connected(host: str, port: int, receive_buffer: int | None = None) -> socket.socket:
    """Return a connected socket, for `connect(url, sock=…)`. Raises OSError if nobody listens.

    Only a receive buffer that is set before connecting, in bytes, keeps the other side from sending more.
    """
    sock = socket.socket()
    try:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock
