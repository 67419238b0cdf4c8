"""What is thrown at the servers: JSON, frames and requests, made by rule or by Hypothesis, the same in every run."""

import base64
import json
import re
import zlib
from collections.abc import Callable
from functools import lru_cache

import websockets
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import frame

# What each server understands: the members that a message needs, each with its value or a test of it.
_says = {"message": lambda value: isinstance(value, str)}
_room = {"room": lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value)}
_rooms = [{"type": "join-room"} | _room, {"type": "leave-room"}, {"type": "room-message"} | _says]
UNDERSTOOD = {
    "broadcast": [_says],
    "auth": [_says],
    "rooms": _rooms,
    "feed": _rooms,
    "heartbeat": [{"type": "ping"}],
    "chat": [*_rooms, {"type": "ping"}],
    "echo": [],
    "nobody": [{"type": "authenticate", "token": lambda value: isinstance(value, str)}],
}


def understood(server: str, text: str) -> bool:
    """Tell whether `text` is a message for `server`, by other means than the server's own."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and any(
        all(
            key in value and (want(value[key]) if callable(want) else value[key] == want) for key, want in shape.items()
        )
        for shape in UNDERSTOOD[server]
    )


def made(strategy: st.SearchStrategy, number: int, wanted: Callable = lambda value: True) -> list:
    """Return `number` values of a Hypothesis strategy, the same ones in every run of the same tests.

    Of the same tests, because Hypothesis also uses the constants that it finds in the modules loaded by then.
    """
    values = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy.filter(wanted))
    def collect(value):
        values.append(value)

    collect()
    return values


_NAMES = st.sampled_from(["type", "message", "room", "token", "sender", "members"]) | st.text(max_size=8)
_TYPES = st.sampled_from(["join-room", "leave-room", "room-message", "authenticate", "ping", "pong", "broadcast", ""])
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | _TYPES
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)
#: An object that looks like a message and has the wrong things in it.
WRONG_TYPES = st.fixed_dictionaries(
    {}, optional={"type": _TYPES | JSON, "message": JSON, "room": JSON | st.text(), "token": JSON}
)
_GOOD = ['{"message":"hi"}', '{"type":"join-room","room":"a"}', '{"type":"room-message","message":"hi"}']
_GOOD += ['{"type":"leave-room"}', '{"type":"ping"}', '{"type":"authenticate","token":"x"}']
#: A good message with a piece cut out and something else put there.
MUTATED = st.builds(
    lambda text, at, cut, put: text[:at] + put + text[at + cut :],
    st.sampled_from(_GOOD),
    st.integers(0, 40),
    st.integers(0, 5),
    st.text(max_size=3) | st.sampled_from(['"', "{", "}", "[", "\\", "\x00", ",", "\\ud800", "1e999", "NaN", "/**/"]),
)
_DEPTHS = (50, 500, 5_000, 30_000)
BY_HAND = [
    *[
        "",
        " ",
        "{}",
        "\ufeff",
        "\x00",
        "hello",
        '"',
        "{",
        "}",
        "[",
        "null",
        "true",
        "-",
        "-0",
        "NaN",
        "Infinity",
        "1e999",
        "'{}'",
    ],
    *["1" * 5000, '{"message":' + "9" * 5000 + "}", "[" + "0," * 20_000 + "0]", '{"a":1,' * 3000],
    *[
        '{"message"}',
        '{"message":"hi",}',
        '{"message":"hi"}{"message":"hi"}',
        '{"message":"\\x"}',
        '{"message":"\\ud800"}',
    ],
    *['{"type":"__proto__"}', '{"type":"Join-Room","room":"a"}', '{"type":"x","constructor":{"prototype":1}}'],
    *["[" * depth + "]" * depth for depth in _DEPTHS],
    *["[" * 2 * depth for depth in _DEPTHS],
    *['{"message":' * (depth // 6) + "1" + "}" * (depth // 6) for depth in _DEPTHS],
    *['{"type":' * (depth // 6) for depth in _DEPTHS],
]


@lru_cache
def _texts() -> list[str]:
    dumped, wrong = JSON.map(json.dumps), WRONG_TYPES.map(json.dumps)
    return [*BY_HAND, *made(dumped, 100), *made(wrong, 120), *made(MUTATED, 120), *made(st.text(), 30)]


def texts(server: str) -> list[str]:
    """Return JSON, nearly JSON and anything else that `server` must not understand; `nobody` is one without token."""
    return [text for text in _texts() if not understood(server, text)]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


NOT_UTF8 = [b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b'{"message":"\xff"}']
#: Frames that break RFC 6455, with the close code that each must cost (section 7.4.1): a name, the bytes, the code.
FRAMES = [
    *[
        (f"reserved bits {bits:03b}", frame(op, b"hi", rsv=bits), 1002)
        for bits in range(1, 8)
        for op in (1, 2, 8, 9, 10)
    ],
    *[(f"opcode {op}", frame(op, b"hi"), 1002) for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    *[("unmasked", frame(op, b"", mask=False), 1002) for op in (0, 1, 2, 8, 9, 10)],
    *[("control frame in pieces", frame(op, b"", fin=False), 1002) for op in (8, 9, 10)],
    *[("control frame of 126 bytes", frame(op, b"\x03\xe8" + b"x" * 124), 1002) for op in (8, 9, 10)],
    *[
        (f"close code {code}", frame(8, code.to_bytes(2)), 1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535)
    ],
    ("close payload of one byte", frame(8, b"\x03"), 1002),
    ("close reason not UTF-8", frame(8, b"\x03\xe8\xff"), 1007),
    ("continuation of nothing", frame(0, b"hi"), 1002),
    ("end of nothing", frame(0, b"", fin=False), 1002),
    ("a message in a message", frame(1, b"a", fin=False) + frame(1, b"b"), 1002),
    ("bytes in a text", frame(1, b"a", fin=False) + frame(2, b"b"), 1002),
    ("close in a message", frame(1, b"a", fin=False) + frame(8, b"\x03\xe8"), 1002),
    *[("not UTF-8", frame(1, data), 1007) for data in NOT_UTF8],
    *[("not UTF-8", frame(1, data), 1007) for data in made(st.binary(min_size=1), 20, lambda data: not _is_utf8(data))],
    ("not UTF-8, cut in two", frame(1, "é".encode()[:1], fin=False) + frame(0, b"x"), 1007),
    *[("64 KiB and a byte", frame(op, b"x" * 65537), 1009) for op in (1, 2)],
    ("64 KiB and a byte, in two", frame(1, b"x" * 40000, fin=False) + frame(0, b"x" * 25537), 1009),
    *[("a length of 2 to the 62", bytes([0x80 | op, 0xFF]) + (2**62).to_bytes(8), 1009) for op in (1, 2)],
    ("fragments without end", frame(1, b"x", fin=False) + frame(0, b"x" * 1000, fin=False) * 66, 1009),
]
if int(websockets.__version__.partition(".")[0]) >= 17:  # version 16 keeps such a message, and more and more memory
    FRAMES.append(("empty fragments without end", frame(1, b"", fin=False) + frame(0, b"", fin=False) * 50_000, 1009))
#: Bytes that may be anything, and are the last that their sender says.
GARBAGE = made(st.binary(min_size=1, max_size=200), 60)

_GET = "GET / HTTP/1.1\r\n"
_HEADERS = "Host: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
_KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
_SHAKE = _GET + _HEADERS + _KEY
#: Requests that break off.
CUT_OFF = [
    *["", "\r\n", "GET", "GET / HT", _GET, _GET + "Host: x\r\nUpgrade: webso", _SHAKE, _SHAKE + "X"],
    *["\x16\x03\x01\x02\x00\x01\xfc\x03\x03", "\x00" * 1000, "x" * 5000, "GET / HTTP/1.1\n\n"],
]
#: Requests that never become a WebSocket.
REQUESTS = [
    *[
        "hello\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\xff HTTP/1.1\r\n\r\n",
    ],
    *["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "x" * 102_400, "GET /" + "x" * 102_400 + " HTTP/1.1\r\n\r\n"],
    *[_GET + "X: " + "x" * 102_400 + "\r\n\r\n", _GET + "X: y\r\n" * 20_000 + "\r\n"],
    *[_GET + "no colon\r\n\r\n", _GET + "X\x1b: y\r\n\r\n", _GET + ": y\r\n\r\n"],
    *[
        f"GET {path} HTTP/1.1\r\n\r\n"
        for path in ("/no\x1b[2J", "/no\rwhere", "/%2e%2e/", "/static/../server.py", "//x")
    ],
    *[
        "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    *[_GET + _HEADERS + key + "\r\n" for key in ("", "Sec-WebSocket-Key: short\r\n", _KEY + _KEY)],
    *[
        _SHAKE.replace(*change) + "\r\n"
        for change in (("13", "12"), ("n: Upgrade", "n: close"), ("/ ", "/no "), ("/ ", "/../ws "))
    ],
    *[
        _SHAKE + f"Origin: {origin}\r\n\r\n"
        for origin in ("null", "http://evil.example", "", "\x1b[2J", "a\r\nOrigin: b")
    ],
]


def base64url(data: str) -> str:
    """Return `data` as a part of a JWT (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


@lru_cache
def tokens() -> list[str]:
    """Return what is shown instead of a token: parts of random JSON, deep JSON, no parts at all."""
    deep = ["[" * 1400 + "]" * 1400, "[" * 2800, '{"a":' * 480 + "1" + "}" * 480, '{"alg":' * 400]
    heads = [
        *deep,
        '{"alg":[]}',
        '{"alg":{}}',
        '{"alg":null}',
        '{"alg":"HS256","crit":["x"]}',
        '{"alg":"HS256","b64":false}',
    ]
    part = st.builds(lambda value: base64url(json.dumps(value)), JSON)
    return [
        *[
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "é.é.é",
            "\x00",
            "x" * 4096,
            "." * 4096,
            "eyJhbGciOiJIUzI1NiJ9.e30.",
            "\ud7ff" * 99,
        ],
        *[f"{base64url(head)}.e30.AAAA" for head in heads],
        *[f"eyJhbGciOiJIUzI1NiJ9.{base64url(body)}.AAAA" for body in deep],
        *made(st.builds("{}.{}.{}".format, part, part, part), 30),
        *made(st.text(max_size=60), 20),
    ]


def bomb(size: int, pieces: int = 1) -> bytes:
    """Return the frames of one compressed text of `size` zeros (RFC 7692, section 7.2.1), a thousandth of that long."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(bytes(size)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    data = data.removesuffix(b"\x00\x00\xff\xff")
    step = -(-len(data) // pieces)
    cuts = [data[start : start + step] for start in range(0, len(data), step)]
    return b"".join(
        frame(0 if number else 1, cut, fin=cut is cuts[-1], rsv=0 if number else 4) for number, cut in enumerate(cuts)
    )
