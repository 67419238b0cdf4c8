"""Send a message with code and reason before a close frame, to a client behind a proxy that loses the close frame.

jupyter-server-proxy tells a browser that a connection was closed, but not the code and the reason. A message gets
through. So a page behind a proxy connects to `ws?last-words`, and receives `{"type":"closing","code":1001,"reason":""}`
before every close frame. Other clients do not need that message: they get the close frame (RFC 6455, section 5.5.1).
"""

from contextlib import suppress
from urllib.parse import parse_qs

from websockets.exceptions import ProtocolError
from websockets.frames import Close, Frame, Opcode
from websockets.server import ServerProtocol

from wslearn.messages import Closing, encode


def wants_last_words(path: str) -> bool:
    """Tell whether a client asked for such messages in the URL that it connected to."""
    return "last-words" in parse_qs(path.partition("?")[2], keep_blank_values=True)


def speak_last_words(protocol: ServerProtocol) -> None:
    """Make a message with code and reason go out before the close frame, unless the client closes first."""
    send_frame = protocol.send_frame

    def send(frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE and protocol.close_rcvd is None:
            close = Close.parse(frame.data)
            with suppress(ProtocolError):  # inside a message in fragments no other message can be sent
                protocol.send_text(encode(Closing(int(close.code), close.reason)).encode())
        send_frame(frame)

    vars(protocol)["send_frame"] = send  # every frame goes through it, even if the library itself closes, as with 1009
