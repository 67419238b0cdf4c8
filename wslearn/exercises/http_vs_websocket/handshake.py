"""The answer to a key: `Sec-WebSocket-Accept`."""

from base64 import b64decode, b64encode
from hashlib import sha1

from websockets.utils import accept_key

from wslearn.exercises import FunctionExercise

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _sha1(text: str) -> bytes:
    return sha1(text.encode()).digest()


_HEX = "The SHA-1 is right. Now write its 20 bytes in base64, not in hexadecimal: use `base64.b64encode`."

#: The example of RFC 6455, then keys with all kinds of characters. The first comes again: nothing may be left of it.
_KEYS = (
    "dGhlIHNhbXBsZSBub25jZQ==",
    *(b64encode(data).decode() for data in (bytes(range(16)), b"\xfb\xff\xbf" * 5 + b"\xfb", bytes(16))),
    "dGhlIHNhbXBsZSBub25jZQ==",
)

accept = FunctionExercise(
    cases=[((key,), accept_key(key)) for key in _KEYS],
    mistakes={
        lambda key: accept_key(key).encode(): "The value is right, but these are bytes. A header is a string: add "
        "`.decode()`.",
        lambda key: _sha1(key + GUID): _HEX,
        lambda key: _sha1(key + GUID).hex(): _HEX,
        lambda key: b64encode(_sha1(key + GUID).hex().encode()).decode(): "Encode the 20 bytes of the hash in base64, "
        "not their 40 hexadecimal digits: use `digest()`, not `hexdigest()`.",
        lambda key: b64encode(_sha1(key)).decode(): "This is the SHA-1 of the key alone. Append the GUID to the key "
        "first.",
        lambda key: b64encode(_sha1(GUID + key)).decode(): "The order is wrong. Put the key first, then the GUID.",
        lambda key: b64encode(sha1(b64decode(key) + GUID.encode()).digest()).decode(): "Your code decoded the key from "
        "base64. Use the key as it is: a string.",
    },
    message="Join the key and the GUID, take the SHA-1 of the result, and write that in base64.",
    hints=(
        "Take three steps: join two strings, hash the result, write the hash as a string.",
        "Use `hashlib.sha1(data).digest()`: it returns the hash as 20 bytes. It needs bytes, so use `text.encode()`.",
        "Call `base64.b64encode(hash)`, which returns bytes, and then `.decode()`, which makes a string of them.",
    ),
    answer="""
import base64
import hashlib

def accept(key):
    text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
""",
    why="With this value the server shows that it has read this very request and speaks WebSocket (RFC 6455, section "
    "4.2.2). A cache, or a server that knows only HTTP, cannot produce it by chance. The value is neither a secret nor "
    "a password: anyone can compute it.",
)
