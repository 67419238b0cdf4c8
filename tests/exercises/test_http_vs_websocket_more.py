"""Exercises of lesson 01: long polling event by event, and some code to read."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, answer, changed

from wslearn.exercises import http_vs_websocket as ex

SOLUTION = ex.long_polling.answer


def but(old: str, new: str) -> str:
    return changed(SOLUTION, (old, new))


class TestLongPolling(FunctionExercise):
    exercise = ex.long_polling
    imports = "from fractions import Fraction"
    wrong: ClassVar = {
        "each response uses up a request": "def answer(events, trip): return [event + trip / 2 for event in events]",
        "The first request leaves": but("ready = round_trip / 2", "ready = 0"),
        "not a whole one": but("ready = round_trip / 2", "ready = round_trip"),
        "needs half a round trip to reach": but("known.append(response + round_trip / 2)", "known.append(response)"),
        "needs only half": but("known.append(response + round_trip / 2)", "known.append(response + round_trip)"),
        "has *arrived*": but("ready = response + round_trip\n", "ready = response + round_trip / 2\n"),
        "it takes one round trip": but("ready = response + round_trip\n", "ready = response + 1.5 * round_trip\n"),
        "not one only": but(
            "known.append(response + round_trip / 2)", "known.append(response + round_trip / 2)\n                break"
        ),
        "Return one time for each event": but("return known", "return sorted(set(known))"),
        "Draw two lines": "def answer(events, trip): return [0.0 for event in events]",
        "Your function changed": "def answer(events, trip):\n"
        + SOLUTION.split("\n", 1)[1]
        .replace("round_trip", "trip")
        .replace("return known", "events.clear()\n    return known"),
        "should return a list": but("return known", "return tuple(known)"),
    }
    subtle: ClassVar = {
        "no gap": but("ready = response + round_trip\n", "ready = response\n"),
        "rounded to a millisecond": but("return known", "return [round(time, 3) for time in known]"),
        "at the very moment it is late": but(
            "        for event in events[len(known):]:\n            if event <= response:",
            "        first = events[len(known)]\n        for event in events[len(known):]:\n"
            "            if event < response or event == first:",
        ),
        "the next event only": but("if event <= response:", "if event <= response and len(known) < 4:"),
        "constant round trip": but("ready = response + round_trip\n", "ready = response + 1.0\n"),
        "constant half": but("known.append(response + round_trip / 2)", "known.append(response + 0.5)"),
        "the first is different": but("ready = round_trip / 2", "ready = events[0] if events else 0"),
        "from the event": but("ready = response + round_trip\n", "ready = event + round_trip\n"),
        "from the first event": but("response = max(ready, events[len(known)])", "response = events[len(known)]"),
        "always ready": but("response = max(ready, events[len(known)])", "response = ready"),
        "min": but("max(ready", "min(ready"),
        "rounded": but("return known", "return [round(time, 2) for time in known]"),
        "a copy in reverse": but("return known", "return known[::-1]"),
        "equal events once": but(
            "known.append(response + round_trip / 2)",
            "known.append(response + round_trip / 2 + (known[-1:] == [response + round_trip / 2]))",
        ),
        "reads a queue and fills it again": but(
            "known = []", "known = []\n    events.append(events.pop(0) if events else 0)"
        ),
        "whole seconds": but("ready = response + round_trip\n", "ready = int(response) + round_trip\n"),
        "no event at zero": but("known = []", "known = []\n    events = [event or 1.0 for event in events]"),
        "the last is lost": but("return known", "return known[:-1]"),
        "nothing for nothing": but("return known", "return known or None"),
        "known from the last call": "known = []\n"
        + but("    known = []\n", "    known.clear() if len(known) > 30 else None\n"),
        "delays": but("return known", "return [time - event for time, event in zip(known, events)]"),
    }  # fmt: skip
    right: ClassVar = {
        "a walk through the events": '''
def long_polling(events, round_trip):
    known, sent = [], -1.0
    ready = round_trip / 2
    for event in events:
        if event > sent:
            sent = max(event, ready)
            ready = sent + round_trip
        known.append(sent + round_trip / 2)
    return known
''',
        "recursion": '''
def long_polling(events, round_trip, ready=None):
    if not events:
        return []
    ready = round_trip / 2 if ready is None else ready
    response = ready if ready > events[0] else events[0]
    now = [event for event in events if event <= response]
    return [response + round_trip / 2] * len(now) + long_polling(events[len(now):], round_trip, response + round_trip)
''',
        "a queue": '''
from collections import deque
def long_polling(events, round_trip):
    queue, times, client = deque(events), [], 0
    while queue:
        server = max(client + round_trip / 2, queue[0])
        client = server + round_trip / 2
        while queue and queue[0] <= server:
            queue.popleft()
            times.append(client)
    return times
''',
        "Fraction": '''
def long_polling(events, round_trip):
    half, at, out = Fraction(round_trip) / 2, Fraction(round_trip) / 2, []
    last = Fraction(-1)
    for event in map(Fraction, events):
        if event > last:
            last = max(at, event)
            at = last + 2 * half
        out += [last + half]
    return out
''',
        "async": SOLUTION.replace("def ", "async def "),
        "bisect": '''
from bisect import bisect_right
def long_polling(events, round_trip):
    start, free, known = 0, round_trip * 0.5, []
    while start < len(events):
        at = max(free, events[start])
        stop = bisect_right(events, at)
        known.extend([at + round_trip * 0.5] * (stop - start))
        start, free = stop, at + round_trip
    return known
''',
    }  # fmt: skip


def reading(**changes) -> str:
    return f"answer = {answer(ex.counts.answer) | changes!r}"


class TestCounts(ReadingExercise):
    exercise = ex.counts
    wrong: ClassVar = {
        "inside the loop, or before it? Guess 2": reading(one_by_one=3),
        "can send no other request on it": reading(together=1),
        "What can it use": reading(together=4),
        "Where is `connect` called": reading(by_websocket=3),
        "How does a WebSocket begin": reading(requests=0),
        "the only HTTP request of a WebSocket": reading(requests=3),
        "at the end of `async with`": reading(frames=3),
        "Count only what the *client* sends": reading(frames=6),
        "does a server leave out": reading(bytes=11),
        "the payload alone": reading(bytes=5),
        "For `bytes`, 9 isn't": reading(bytes=9),
    }
    subtle: ClassVar = {
        "True": reading(one_by_one=True),
        "a string": reading(together="3"),
    }
    right: ClassVar = {
        "a float": reading(frames=4.0),
        "in another order": f"answer = dict(sorted({answer(ex.counts.answer)!r}.items()))",
        "numpy": "import numpy\nanswer = dict(one_by_one=numpy.int64(1), together=3, by_websocket=1, requests=1, "
        "frames=4, bytes=7)",
        "sums": "answer = {'one_by_one': 1, 'together': 3 * 1, 'by_websocket': 1, 'requests': 1, 'frames': 3 + 1, "
        "'bytes': len('hello') + 2}",
    }
