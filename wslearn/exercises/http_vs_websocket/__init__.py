"""Exercises of lesson 01: what a handshake computes, how long polling takes, and when a connection has paid off."""

from base64 import b64decode, b64encode
from hashlib import sha1

from websockets.utils import accept_key

from wslearn.exercises import FunctionExercise

# Sec-WebSocket-Accept

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _sha1(text: str) -> bytes:
    return sha1(text.encode()).digest()


_HEX = "The SHA-1 is right. Now write its 20 bytes in base64, not in hexadecimal: use `base64.b64encode`."

accept = FunctionExercise(
    cases=[((key,), accept_key(key)) for key in ("dGhlIHNhbXBsZSBub25jZQ==", b64encode(bytes(range(16))).decode())],
    mistakes={
        lambda key: accept_key(key).encode(): "The value is right, but these are bytes. A header is a string: add "
        "`.decode()`.",
        lambda key: _sha1(key + GUID): _HEX,
        lambda key: _sha1(key + GUID).hex(): _HEX,
        lambda key: b64encode(_sha1(key + GUID).hex().encode()).decode(): "Encode the 20 bytes of the hash in base64, "
        "not their 40 hexadecimal digits: use `digest()`, not `hexdigest()`.",
        lambda key: b64encode(_sha1(key)).decode(): "This is the SHA-1 of the key alone. Append the fixed text (the "
        "GUID) to the key first.",
        lambda key: b64encode(_sha1(GUID + key)).decode(): "The order is wrong. Put the key first, then the GUID.",
        lambda key: b64encode(sha1(b64decode(key) + GUID.encode()).digest()).decode(): "Your code decoded the key from "
        "base64. Use the key as it is: a string.",
    },
    message="Join the key and the GUID, take the SHA-1 of the result, and write that in base64.",
    hints=(
        "Take three steps: join two strings, hash the result, write the hash as a string.",
        "Use `hashlib.sha1(data).digest()`: it returns the hash as 20 bytes. It needs bytes, so call `text.encode()` "
        "first.",
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

# The mean delay of polling

_BETWEEN = "An event happens at any moment between two polls: on average, in the middle."

mean_delay = FunctionExercise(
    # The interval and the round trip, in seconds. The first pair tells all these mistakes apart.
    cases=[((wait, trip), wait / 2 + trip) for wait, trip in ((1.0, 0.1), (1.0, 0.0), (0.0, 0.1), (10.0, 0.05))],
    mistakes={
        lambda interval, trip: interval / 2: "The network takes time too: a response needs half a round trip to come "
        "back.",
        lambda interval, trip: interval / 2 + trip / 2: "Half a round trip is missing. From one poll to the next it "
        "takes the interval and a round trip, and the event waits half of that. Then the response has to come back.",
        lambda interval, trip: interval + trip: f"That is the time from one poll to the next. {_BETWEEN}",
        lambda interval, trip: interval: f"That is the interval between two polls. {_BETWEEN}",
        lambda interval, trip: interval / 2 + 2 * trip: "That counts the network too often. Wait for the next poll, "
        "then add half a round trip for the way back.",
    },
    message="Draw a timeline with two polls and an event between them. How long does it take, on average, until the "
    "client has the event?",
    hints=(
        "Split the delay into two parts: how long the event waits until the next poll reaches the server, and how long "
        "the response takes to come back.",
        "Start with the time from one poll to the next: `interval + round_trip`. On average, an event waits half of "
        "it.",
        "Add the time for the way back: `round_trip / 2`.",
    ),
    answer="""
def mean_delay(interval, round_trip):
    wait = (interval + round_trip) / 2  # until the next poll is at the server
    return wait + round_trip / 2        # and the way back
""",
    why="A shorter interval makes the delay shorter and the number of requests larger. At an interval of 0 the delay "
    "is still a whole round trip. A message that the server pushes takes only half of one.",
)

# Break-even


def _least(handshake: int, http: int, websocket: int) -> int | None:
    return handshake // (http - websocket) + 1 if http > websocket else None


def _compared(came: object, handshake: int, http: int, websocket: int) -> str:
    """Compare the costs of both protocols after as many messages as are needed, or one message before."""
    if (least := _least(handshake, http, websocket)) is None:
        return "Here a WebSocket message is not smaller, so the handshake never pays off: return `None`."
    n = least - (came == least - 1)
    costs = f"After {n} messages, WebSocket has cost {handshake + n * websocket} bytes and HTTP {n * http}."
    if n == least:
        return f"{costs} That is the first time that WebSocket is cheaper."
    if handshake + n * websocket == n * http:
        return f"{costs} Both have cost the same, but the question is when WebSocket has cost *less*."
    return f"{costs} WebSocket has still cost more, so one more message is needed."


break_even = FunctionExercise(
    # The bytes of a handshake, of an HTTP exchange and of a WebSocket message.
    cases=[
        (costs, _least(*costs))
        for costs in ((400, 200, 6), (400, 200, 100), (400, 300, 100), (1, 200, 6), (400, 6, 6), (400, 6, 10))
    ],
    mistakes={
        lambda handshake, http, websocket: handshake // http + 1: "A WebSocket message costs bytes too. What counts is "
        "how many bytes fewer it has than an HTTP exchange.",
    },
    message=_compared,
    hints=(
        "Write down what each side costs in total for `n` messages.",
        "Find the smallest whole `n` for which `handshake + n * websocket < n * http` is true.",
        "Divide by what each message saves, `http - websocket`. The operator `//` divides and rounds down. Then decide "
        "what to return if a message saves nothing.",
    ),
    answer="""
def break_even(handshake, http, websocket):
    saved = http - websocket  # by each message
    if saved <= 0:
        return None
    return handshake // saved + 1
""",
    why="The handshake is paid once, and each message saves a few bytes. So the handshake soon pays off, but it never "
    "does if an HTTP exchange is not larger than a message. `//` and 1 more, because at equal cost nothing is gained "
    "yet.",
)
