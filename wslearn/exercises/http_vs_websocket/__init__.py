"""Exercises of lesson 01: what a handshake computes, what polling costs in time, what messages cost in bytes."""

import base64
import hashlib
from functools import partial

from websockets.utils import accept_key

from wslearn.exercises import Exercise
from wslearn.exercises.engine.expectations import matches

# Sec-WebSocket-Accept

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def _accepts(talk, accept):
    for key in ("dGhlIHNhbXBsZSBub25jZQ==", base64.b64encode(bytes(range(16))).decode()):
        await talk.calls(accept, (key,), accept_key(key), partial(_about_accepting, key))


def _about_accepting(key, came):
    def digest(data):
        return hashlib.sha1(data).digest()

    def text(data):
        return base64.b64encode(data).decode()

    right = accept_key(key)
    if isinstance(came, bytes) and came == right.encode():
        return "The value is right, but these are bytes. A header is text: `.decode()`."
    if came in (digest((key + GUID).encode()), digest((key + GUID).encode()).hex()):
        return "The SHA-1 is right. Now write its 20 bytes in base64, not in hexadecimal: `base64.b64encode`."
    if came == text(digest((key + GUID).encode()).hex().encode()):
        return "base64 of the 20 bytes, not of their 40 hexadecimal digits: `digest()`, not `hexdigest()`."
    if came == text(digest(key.encode())):
        return "This is the SHA-1 of the key alone. Put the fixed text (the GUID) behind the key first."
    if came == text(digest((GUID + key).encode())):
        return "The order is wrong: first the key, then the GUID."
    if came == text(digest(base64.b64decode(key) + GUID.encode())):
        return "The key was decoded from base64. Take it as the text that it is."
    return "Join key and GUID, take the SHA-1 of that, and write it in base64."


accept = Exercise(
    _accepts,
    hints=(
        "Three steps: join two texts, hash the result, write the hash as text.",
        "`hashlib.sha1(data).digest()` gives the hash as 20 bytes. It wants bytes: `text.encode()` makes them.",
        "`base64.b64encode(hash)` gives bytes, and `.decode()` makes text of them.",
    ),
    answer="""
import base64
import hashlib

def accept(key):
    text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
""",
    why="The server shows that it has read this very request and speaks WebSocket (RFC 6455, section 4.2.2). A cache, "
    "or a server that knows only HTTP cannot give this answer by chance. It is no secret and no password: everybody "
    "can compute it.",
)

# The mean delay of polling

#: interval, round trip: seconds. The first pair tells all the mistakes below apart.
_POLLS = ((1.0, 0.1), (1.0, 0.0), (0.0, 0.1), (10.0, 0.05))


async def _is_mean_delay(talk, mean_delay):
    for interval, round_trip in _POLLS:
        expected = interval / 2 + round_trip
        about = partial(_about_delay, interval, round_trip)
        await talk.calls(mean_delay, (interval, round_trip), expected, about)


def _about_delay(interval, round_trip, came):
    between = "An event comes at any moment between two polls: on average, in the middle."
    mistakes = {
        interval / 2: "The network takes time too: an answer needs half a round trip to come back.",
        interval / 2 + round_trip / 2: "Half a round trip is missing. From one poll to the next it takes the pause and "
        "a round trip, and the event waits half of that. Then the answer has to come back.",
        interval + round_trip: f"That is the time from one poll to the next. {between}",
        interval: f"That is the pause between two polls. {between}",
        interval / 2 + 2 * round_trip: "That counts the network too often: wait for the next poll, then half a round "
        "trip back.",
    }
    if isinstance(came, bool) or not isinstance(came, int | float):
        return "The answer is a number: seconds."
    for mistake, text in mistakes.items():
        if matches(mistake, came):
            return text
    return "Draw a line of time with two polls and an event between them. How long until the client has it, on average?"


mean_delay = Exercise(
    _is_mean_delay,
    hints=(
        "Two parts: how long does the event wait until the next poll reaches the server? How long is the way back?",
        "From one poll to the next it takes `interval + round_trip`. An event waits half of that, on average.",
        "The way back is `round_trip / 2`. Add the two parts.",
    ),
    answer="""
def mean_delay(interval, round_trip):
    wait = (interval + round_trip) / 2  # until the next poll is at the server
    return wait + round_trip / 2        # and the way back
""",
    why="A shorter interval makes the delay shorter and the number of requests larger. At an interval of 0 the delay "
    "is still a whole round trip. A message that is pushed takes only half of one.",
)

# Break-even

#: handshake, HTTP exchange, WebSocket message: bytes.
_COSTS = ((400, 200, 6), (400, 200, 100), (400, 300, 100), (1, 200, 6), (400, 6, 6), (400, 6, 10))


async def _breaks_even(talk, break_even):
    for handshake, http, websocket in _COSTS:
        saved = http - websocket
        expected = handshake // saved + 1 if saved > 0 else None
        about = partial(_about_break_even, handshake, http, websocket, expected)
        await talk.calls(break_even, (handshake, http, websocket), expected, about)


def _about_break_even(handshake, http, websocket, expected, came):
    if expected is None:
        return "Here a WebSocket message is not the smaller one, so the handshake is never earned back: return `None`."
    if isinstance(came, float):
        return "A number of messages is a whole number: an `int`."
    if came == handshake // http + 1:
        return "A WebSocket message costs bytes too: what counts is how much less than an HTTP exchange."
    if came == expected - 1 and handshake + came * websocket == came * http:
        return f"After {came} messages both have cost the same. The question is when WebSocket has cost *less*."
    if came == expected - 1:
        return (
            f"After {came} messages WebSocket has still cost more: {handshake + came * websocket} bytes, not "
            f"{came * http}. One more."
        )
    return (
        f"With {expected} messages it is {handshake + expected * websocket} bytes by WebSocket, {expected * http} by "
        "HTTP. Before that, WebSocket is not cheaper."
    )


break_even = Exercise(
    _breaks_even,
    hints=(
        "With `n` messages, what does each side cost in all? Write down both.",
        "`handshake + n * websocket < n * http`. Which is the smallest whole `n` that makes this true?",
        "Each message saves `http - websocket` bytes. `//` divides and rounds down. What if nothing is saved?",
    ),
    answer="""
def break_even(handshake, http, websocket):
    saved = http - websocket  # by each message
    if saved <= 0:
        return None
    return handshake // saved + 1
""",
    why="The handshake is paid once, and each message saves a little. It is soon earned back, and never where HTTP's "
    "exchange is not larger. `//` and 1 more, for at equal cost nothing is gained yet.",
)
