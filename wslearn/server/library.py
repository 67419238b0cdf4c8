"""What the servers ask of the library `websockets` beyond its documentation: everything, in one file.

These attributes have moved between the library's versions. So they are looked for once, at import, and a version that
lacks one is an error that names it, and not a surprise in the middle of a conversation.
"""

import websockets
from websockets.asyncio.server import ServerConnection
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

#: Methods of a connection that ours call or replace, and attributes of its protocol.
CONNECTION = (
    *("acknowledge_pings", "connection_made", "connection_lost", "data_received", "eof_received", "process_event"),
    "send_data",
)
PROTOCOL = ("close_exc", "expect_continuation_frame", "extensions", "fail", "handshake_exc", "state", "writes")


def check() -> None:
    """Raise ImportError if the library has no place for what is asked of it here."""
    protocol = ServerProtocol()
    missing = [f"ServerProtocol.{name}" for name in PROTOCOL if name not in dir(protocol)]
    missing += [f"ServerConnection.{name}" for name in CONNECTION if not hasattr(ServerConnection, name)]
    if missing:
        raise ImportError(
            f"wslearn does not work with websockets {websockets.__version__}, which has no {', '.join(missing)}: "
            "install another version, such as websockets 17.4"
        )


def is_plain(protocol: ServerProtocol) -> bool:
    """Tell whether the connection is open, and sends and receives frames without an extension such as compression."""
    return protocol.state is OPEN and not protocol.extensions


check()
