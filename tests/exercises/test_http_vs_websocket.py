"""Exercises of lesson 01."""

from typing import ClassVar

import pytest
from exercise_cases import FunctionExercise, answer

from wslearn.exercises import http_vs_websocket as ex
from wslearn.latency import Sample, Settings

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(expression: str) -> str:
    return f"GUID = '{GUID}'\ndef accept(key): return {expression}"


class TestAccept(FunctionExercise):
    exercise = ex.accept
    imports = "from base64 import b64decode, b64encode\nfrom hashlib import sha1"
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
