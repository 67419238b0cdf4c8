"""Say how a connection closes before it does, to a client behind a proxy that loses the close frame.

jupyter-server-proxy tells a browser that a connection was closed, and neither with which code nor why. A message gets
through. So the page, where it finds itself behind a proxy, connects to `ws?last-words`, and before every close frame
comes `{"type":"closing","code":1001,"reason":""}`. Nobody else gets that message: without such a proxy the close frame
says it all (RFC 6455, section 5.5.1).
"""

from contextlib import suppress
from urllib.parse import parse_qs

from websockets.exceptions import ProtocolError
from websockets.frames import Close, Frame, Opcode
from websockets.server import ServerProtocol

from wslearn.messages import Closing, encode


def wants_last_words(path: str) -> bool:
    """Tell whether a client asked for them in the address that it connected to."""
    return "last-words" in parse_qs(path.partition("?")[2], keep_blank_values=True)


def speak_last_words(protocol: ServerProtocol) -> None:
    """Have a message with code and reason go out before the close frame, unless the client closes first."""
    send_frame = protocol.send_frame

    def send(frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE and protocol.close_rcvd is None:
            close = Close.parse(frame.data)
            with suppress(ProtocolError):  # amid a fragmented message no other can be sent
                protocol.send_text(encode(Closing(int(close.code), close.reason)).encode())
        send_frame(frame)

    vars(protocol)["send_frame"] = send  # all frames go through it, also where the library itself closes, as with 1009
