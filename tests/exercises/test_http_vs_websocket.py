"""Exercises of lesson 01."""

from typing import ClassVar

import pytest
from exercise_cases import FunctionExercise, answer

from wslearn.exercises import http_vs_websocket as ex
from wslearn.latency import Sample, Settings

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(expression: str) -> str:
    return f"GUID = '{GUID}'\ndef accept(key): return {expression}"


HASHING = (
    "import hashlib\nfrom base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode\nfrom hashlib import sha1"
)


class TestAccept(FunctionExercise):
    exercise = ex.accept
    imports = HASHING
    wrong: ClassVar = {
        "these are bytes": accept("b64encode(sha1((key + GUID).encode()).digest())"),
        "not in hexadecimal": accept("sha1((key + GUID).encode()).hexdigest()"),
        "not their 40 hexadecimal digits": accept(
            "b64encode(sha1((key + GUID).encode()).hexdigest().encode()).decode()"
        ),
        "the key alone": accept("b64encode(sha1(key.encode()).digest()).decode()"),
        "Put the key first, then the GUID": accept("b64encode(sha1((GUID + key).encode()).digest()).decode()"),
        "decoded the key from base64": accept("b64encode(sha1(b64decode(key) + GUID.encode()).digest()).decode()"),
        "Join the key and the GUID": accept("b64encode((key + GUID).encode()).decode()"),
        "is a `return` missing?": "def accept(key): pass",
        "Strings must be encoded before hashing": accept("b64encode(sha1(key + GUID).digest()).decode()"),
    }
    subtle: ClassVar = {
        "base64 for URLs": ("Join the key", accept("urlsafe_b64encode(sha1((key + GUID).encode()).digest()).decode()")),
        "a line's end": ("Join the key", accept("encodebytes(sha1((key + GUID).encode()).digest()).decode()")),
        "a plus that is a space": (
            "Join the key", accept("b64encode(sha1((key.replace('+', ' ') + GUID).encode()).digest()).decode()"),
        ),
        "another slash": (
            "Join the key", accept("b64encode(sha1((key.replace('/', '_') + GUID).encode()).digest()).decode()"),
        ),
        "the first one is kept": (
            "Join the key",
            f"kept = []\ndef accept(key):\n    kept.append(sha1((key + '{GUID}').encode()).digest())\n"
            "    return b64encode(kept[0]).decode()",
        ),
        "one hash for all": (
            "Join the key",
            f"one = sha1()\ndef accept(key):\n    one.update((key + '{GUID}').encode())\n"
            "    return b64encode(one.digest()).decode()",
        ),
    }  # fmt: skip
    right: ClassVar = {
        "two updates": (
            f"def accept(key):\n    d = hashlib.new('sha1', key.encode('ascii'))\n    d.update(b'{GUID}')\n"
            "    return str(b64encode(d.digest()), 'ascii')"
        ),
        "a lambda": f"accept = lambda key: b64encode(sha1(f'{{key}}{GUID}'.encode('latin-1')).digest()).decode()",
        "the library": "from websockets.utils import accept_key\nasync def accept(key): return accept_key(key)",
    }


def delay(expression: str) -> str:
    return f"def mean_delay(interval, round_trip): return {expression}"


class TestMeanDelay(FunctionExercise):
    exercise = ex.mean_delay
    wrong: ClassVar = {
        "The network takes time too": delay("interval / 2"),
        "Half a round trip is missing": delay("interval / 2 + round_trip / 2"),
        "the time from one poll to the next": delay("interval + round_trip"),
        "That is the interval between two polls": delay("interval"),
        "counts the network too often": delay("interval / 2 + 2 * round_trip"),
        "It should return a number": delay("f'{interval / 2 + round_trip} s'"),
        "Draw a timeline": delay("1000 * (interval / 2 + round_trip)"),
    }
    imports = "from decimal import Decimal\nfrom fractions import Fraction\nimport numpy"
    subtle: ClassVar = {
        "two digits": ("That is rounded", delay("round(interval / 2 + round_trip, 2)")),
        "three digits": ("That is rounded", delay("round(interval / 2 + round_trip, 3)")),
        "whole seconds": ("`//` rounds down", delay("(interval + round_trip) // 2 + round_trip / 2")),
        "at most a minute": ("Draw a timeline", delay("min(interval, 60) / 2 + round_trip")),
        "no round trip": ("Draw a timeline", delay("interval / 2 + round_trip if round_trip else 0.5")),
        "a long round trip": ("Draw a timeline", delay("interval / 2 * (interval >= round_trip) + round_trip")),
    }
    right: ClassVar = {
        "Fraction": delay("Fraction(interval) / 2 + Fraction(round_trip)"),
        "Decimal": delay("Decimal(str(interval)) / 2 + Decimal(str(round_trip))"),
        "numpy": delay("numpy.mean([round_trip / 2, interval + 1.5 * round_trip])"),
        "32 bits": delay("numpy.float32(interval / 2 + round_trip)"),
        "a lambda": "mean_delay = lambda i, r: 0.5 * i + r",
        "the middle of many": (
            "def mean_delay(i, r): return sum((i + r) * (n + 0.5) / 1000 + r / 2 for n in range(1000)) / 1000"
        ),
    }


def even(expression: str) -> str:
    return f"import math\ndef break_even(handshake, http, websocket): return {expression}"


class TestBreakEven(FunctionExercise):
    exercise = ex.break_even
    wrong: ClassVar = {
        "an `int`": even("handshake / (http - websocket)"),
        "costs bytes too": even("handshake // http + 1"),
        "has still cost more": even("handshake // (http - websocket)"),
        "Both have cost the same": even("math.ceil(handshake / (http - websocket))"),
        "never pays off": even("handshake // (http - websocket) + 1 if http != websocket else 0"),
        "ZeroDivisionError": even("handshake // (http - websocket) + 1"),
        "the first time that WebSocket is cheaper": even("10"),
    }
    imports = "import itertools\nimport numpy"
    subtle: ClassVar = {
        "round": ("first time", even("round(handshake / (http - websocket)) + 1 if http > websocket else None")),
        "a half more": ("first time", even("int(handshake / (http - websocket) + 1.5) if http > websocket else None")),
        "a limit": (
            "is a `return` missing?",
            even("next((n for n in range(1, 100_000) if handshake + n * websocket < n * http), None)"),
        ),
        "a free handshake": (
            "cost the same", even("handshake and handshake // (http - websocket) + 1 if http > websocket else None"),
        ),
        "a free message": (
            "first time", even("handshake // (http - (websocket or 1)) + 1 if http > websocket else None"),
        ),
        "a byte more": ("first time", even("(handshake + 1) // (http - websocket) + 1 if http > websocket else None")),
        "nothing costs nothing": (
            "never pays off",
            even("1 if handshake == 0 else handshake // (http - websocket) + 1 if http > websocket else None"),
        ),
    }  # fmt: skip
    right: ClassVar = {
        "numpy": even("numpy.floor_divide(handshake, http - websocket) + 1 if http > websocket else None"),
        "divmod": even("None if websocket >= http else divmod(handshake, http - websocket)[0] + 1"),
        "math.floor": even("math.floor(handshake / (http - websocket)) + 1 if http > websocket else None"),
        "count": even(
            "next(n for n in itertools.count(1) if handshake + n * websocket < n * http) if http > websocket else None"
        ),
    }


@pytest.mark.parametrize(("interval", "delay"), [(0.1, 0.0), (1.0, 0.025), (0.001, 0.05)])
def test_the_solution_agrees_with_the_theory_that_the_plots_draw(interval, delay):
    settings = Settings(push=True, interval=interval, delay=delay)
    sample = Sample(transport="polling", settings=settings, spans=(), bytes_up=0, bytes_down=0, setup=0, setup_bytes=0)
    assert answer(ex.mean_delay.answer)(interval, 2 * delay) == pytest.approx(sample.theory)


def test_break_even_is_the_first_number_of_messages_that_cost_less():
    break_even = answer(ex.break_even.answer)
    for handshake, http, websocket in ((400, 200, 6), (1, 2, 1), (1000, 7, 5), (0, 2, 1)):
        n = break_even(handshake, http, websocket)
        assert handshake + n * websocket < n * http
        assert handshake + (n - 1) * websocket >= (n - 1) * http
