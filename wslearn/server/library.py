"""What the servers ask of the library `websockets` beyond its documentation: everything, in one file.

These attributes have moved between the library's versions. So they are looked for once, at import, and a version that
lacks one is an error that names it, and not a surprise in the middle of a conversation.
"""

from typing import Any

import websockets
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

NO_HEADERS = Headers()
#: Bytes read at once, see `read_less`.
READ = 64 * 1024

#: Methods of a connection that ours call or replace, and attributes of its protocol.
CONNECTION = (
    *("acknowledge_pings", "connection_made", "connection_lost", "data_received", "eof_received", "process_event"),
    "send_data",
)
#: Attributes of a connection that are replaced: a smaller one takes their place.
REPLACED = ("drain_waiters", "logger", "recv_messages", "request_rcvd", "response")
PROTOCOL = ("close_exc", "expect_continuation_frame", "extensions", "fail", "handshake_exc", "state", "writes")


def check() -> None:
    """Raise ImportError if the library has no place for what is asked of it here."""
    protocol = ServerProtocol()
    missing = [f"ServerProtocol.{name}" for name in PROTOCOL if name not in dir(protocol)]
    missing += [f"ServerConnection.{name}" for name in CONNECTION if not hasattr(ServerConnection, name)]
    makers: tuple[Any, ...] = (Connection.__init__, Connection.connection_made, ServerConnection.__init__)
    made = {name for maker in makers for name in maker.__code__.co_names}
    missing += [f"Connection.{name}" for name in REPLACED if name not in made]
    if missing:
        raise ImportError(
            f"wslearn does not work with websockets {websockets.__version__}, which has no {', '.join(missing)}: "
            "install another version, such as websockets 17.4"
        )


def is_plain(protocol: ServerProtocol) -> bool:
    """Tell whether the connection is open, and sends and receives frames without an extension such as compression."""
    return protocol.state is OPEN and not protocol.extensions


def can_write(ws: Any) -> bool:
    """Tell whether a frame may go straight to the transport of a `Connection`, because it cannot interrupt anything."""
    # Bytes that the library has not handed over yet come first.
    return ws.writable and not ws.protocol.writes and not ws.transport.is_closing()


def read_less(transport: Any) -> None:
    """Let asyncio's own event loop read at most `READ` bytes at once; its other transports have no such attribute.

    Before each read it makes room for `max_size` bytes, 256 KiB, and afterwards gives back what is not needed. From
    128 KiB on, Linux maps and unmaps pages for that, which takes ten times as long as reading a short message.
    """
    if hasattr(transport, "max_size"):
        transport.max_size = READ


def slim(ws: Any) -> None:
    """Free what a connection no longer needs when it is open; that makes it about 2 KiB smaller.

    Of the response only the status is kept: its headers have been sent. Bytes that are waited for are few, and a list
    of 56 bytes holds the waiters as well as the library's deque of 760. The library's logger names the connection in
    each record, which none of our log lines uses.
    """
    ws.response.headers = NO_HEADERS
    ws.drain_waiters = list(ws.drain_waiters)
    ws.logger = ws.protocol.logger = ws.logger.logger
    ws.request_rcvd = None  # it announced the request


check()
