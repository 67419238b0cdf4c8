"""The exercises of lesson 09 that need no connection: what was missed, what is stored once, and reading."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, changed, seen_but

from wslearn.exercises import nothing_lost as ex

CATCH_UP = ex.catch_up.answer
ONCE = """
class Once:
    def __init__(self, seconds, clock):
        self.seconds, self.clock, self.known = seconds, clock, {}

    def once(self, session, room, id, store):
        now = self.clock()
        self.known = {key: pair for key, pair in self.known.items() if now - pair[1] <= self.seconds}
        key = session, room, id
        if key not in self.known:
            self.known[key] = store(), now
        return self.known[key][0]
"""
RIGHT = {"Ann": ["a", "b", "b"], "Bob": ["z"], "Bob waits for": 0, "Carl": ["two", "one"], "Zoe": ["v"]}


class TestCatchUp(FunctionExercise):
    exercise = ex.catch_up
    wrong: ClassVar = {
        "only the ones after that": changed(CATCH_UP, ("each > offset", "each >= offset")),
        "Offsets of another epoch are other messages": changed(
            CATCH_UP, ("return False, kept", "return False, [each for each in kept if each > offset]")
        ),
        "send the client what is still kept": changed(
            CATCH_UP,
            ("return False, kept", "return False, []"),
            (
                "    return floor <= offset <= last",
                "    if not floor <= offset <= last: return False, []\n    return True",
            ),
        ),
        "exactly `floor`": changed(CATCH_UP, ("floor <= offset", "floor < offset")),
        "hasn't reached": changed(CATCH_UP, ("floor <= offset <= last", "floor <= offset")),
        "may be gone. Then": changed(CATCH_UP, ("floor <= offset <= last", "offset <= last")),
        "offsets began again": changed(
            CATCH_UP,
            ("return False, kept", "return floor <= offset <= (kept[-1] if kept else floor), kept"),
        ),
        "send it no history": changed(CATCH_UP, ("return True, []", "return True, kept")),
        "so `recovered` is `True`": changed(CATCH_UP, ("return True, []", "return False, []")),
        "An offset of 0 is an offset": changed(CATCH_UP, ("if offset is None", "if not offset")),
        "Return `recovered` first": changed(
            CATCH_UP,
            ("return True, []", "return [], True"),
            ("return False, kept", "return kept, False"),
            ("return floor <= offset <= last, [each for each in kept if each > offset]",
             "return [each for each in kept if each > offset], floor <= offset <= last"),
        ),
        "Return a pair": "def catch_up(room, epoch, offset): return [n for n in room['kept'] if n > (offset or 0)]",
        "raised KeyError": "def catch_up(room, epoch, offset): return room['last'], []",
        "Your function changed": changed(CATCH_UP, ("    last =", "    room['seen'] = offset\n    last =")),
    }  # fmt: skip
    subtle: ClassVar = {
        "an epoch that begins alike": changed(
            CATCH_UP, ('epoch != room["epoch"]', 'not epoch.startswith(room["epoch"])')
        ),
        "nothing kept": changed(CATCH_UP, ("kept[-1] if kept else floor", "kept[-1] if kept else 0")),
        "only offsets that are kept": changed(CATCH_UP, ("floor <= offset <= last", "offset in (floor, *kept)")),
        "Look for `None` before": changed(
            CATCH_UP, ("if offset is None:", "if offset is None and epoch == room['epoch']:")
        ),
        "with parentheses outside": changed(
            CATCH_UP,
            ("return True, []", "return [True, []]"),
            ("return False, kept", "return [False, kept]"),
            ("return floor", "return [floor"),
            ("if each > offset]", "if each > offset]]"),
        ),
        "always": "def catch_up(room, epoch, offset): return True, [n for n in room['kept'] if n > (offset or 0)]",
        "never": "def catch_up(room, epoch, offset): return False, room['kept']",
    }
    right: ClassVar = {
        "a list for a pair": changed(CATCH_UP, ("return True, []", "return (True, list())")),
        "a range": changed(CATCH_UP, ("floor <= offset <= last", "offset in range(floor, last + 1)")),
        "with max": changed(CATCH_UP, ("kept[-1] if kept else floor", "max([floor, *kept])")),
        "one expression": "def catch_up(room, epoch, offset):\n"
        "    same = epoch == room['epoch']\n"
        "    ok = offset is None or same and room['floor'] <= offset <= max([room['floor'], *room['kept']])\n"
        "    return ok, [n for n in room['kept'] if offset is not None and (not same or n > offset)]",
    }


class TestOnce(FunctionExercise):
    exercise = ex.once
    stub = "class Once:\n    def __init__(self, *a): pass\n    def once(self, *a): raise NotImplementedError"
    wrong: ClassVar = {
        "was stored already": changed(ONCE, ("if key not in self.known:", "if True:")),
        "Nobody has sent this message before": changed(
            ONCE, ("if key not in self.known:", "if key in self.known:"),
            ("return self.known[key][0]", "return self.known.get(key, [0])[0]"),
        ),
        "The id is another one": changed(ONCE, ("key = session, room, id", "key = session, room")),
        "The room is another one": changed(ONCE, ("key = session, room, id", "key = session, id")),
        "two clients may use the same id": changed(ONCE, ("key = session, room, id", "key = room, id")),
        "Use a tuple instead": changed(ONCE, ("key = session, room, id", "key = session + ' ' + room + id")),
        "no separator is safe": changed(ONCE, ("key = session, room, id", "key = f'{session}/{room}/{id}'")),
        "has offset 0, and that": changed(
            ONCE, ("if key not in self.known:", "if not self.known.get(key, [0])[0]:")
        ),
        "more than `seconds` ago": changed(ONCE, ("if now - pair[1] <= self.seconds", "if True")),
        "less than `seconds` ago": changed(ONCE, ("<= self.seconds", "<= self.seconds / 2")),
        "Remember a message only after": changed(
            ONCE, ("            self.known[key] = store(), now", "            self.known[key] = 0, now\n"
                   "            self.known[key] = store(), now"),
        ),
        "Let it pass": changed(
            ONCE, ("            self.known[key] = store(), now", "            try: self.known[key] = store(), now\n"
                   "            except OSError: return -1"),
        ),
        "an offset like any other": changed(
            ONCE, ("return self.known[key][0]", "return self.known[key][0] if new else self.known[key][0] or None"),
            ("        if key not in", "        new = key not in self.known\n        if key not in"),
        ),
        "still remembers them": changed(
            ONCE, ("{key: pair for key, pair in self.known.items() if now - pair[1] <= self.seconds}", "self.known"),
            ("if key not in self.known:", "if key not in self.known or now - self.known[key][1] > self.seconds:"),
        ),
        "Keep the memory in `self`": changed(
            ONCE, ("class Once:\n", "class Once:\n    known = {}\n"), (", self.known = seconds, clock, {}",
                                                                         " = seconds, clock"),
            ("        self.known = {key: pair", "        Once.known = {key: pair"),
        ),
        "the offset that `store` returned": changed(
            ONCE, ("return self.known[key][0]", "return len(self.known) if key[0] == 'bob' else self.known[key][0]")
        ),
    }  # fmt: skip
    subtle: ClassVar = {
        "a repeat counts": (
            "A repeat that came",
            changed(ONCE, ("return self.known[key][0]", "self.known[key] = self.known[key][0], now\n"
                           "        return self.known[key][0]")),
        ),
        "one string": changed(ONCE, ("key = session, room, id", "key = session + room + ' ' + id")),
        "only the last one": changed(ONCE, ("            self.known[key] = store(), now",
                                            "            self.known = {key: (store(), now)}")),
        "one at a time": (
            "still remembers them",
            changed(
                ONCE,
                ("self.known = {key: pair for key, pair in self.known.items() if now - pair[1] <= self.seconds}",
                 "[self.known.pop(key) for key in list(self.known)[:1] if now - self.known[key][1] > self.seconds]"),
            ),
        ),
    }  # fmt: skip
    right: ClassVar = {
        "an ordered dictionary": """
import json
from collections import OrderedDict

class Once:
    def __init__(self, seconds, clock):
        self.seconds, self.clock, self.known = seconds, clock, OrderedDict()

    def once(self, session, room, id, store):
        while self.known and self.clock() - next(iter(self.known.values()))[1] > self.seconds:
            self.known.popitem(last=False)
        key = json.dumps([session, room, id])
        if key not in self.known:
            offset = store()
            self.known[key] = offset, self.clock()
        return self.known[key][0]
""",
        "a queue of times": """
from collections import deque

class Once:
    def __init__(self, seconds, clock):
        self.seconds, self.clock, self.known, self.times = seconds, clock, {}, deque()

    def once(self, *key):
        *key, store = key
        key = tuple(key)
        while self.times and self.times[0][0] < self.clock() - self.seconds:
            del self.known[self.times.popleft()[1]]
        try:
            return self.known[key]
        except KeyError:
            self.known[key] = offset = store()
            self.times.append((self.clock(), key))
            return offset
""",
        "a new dictionary each time": ONCE,
    }


class TestHalves(ReadingExercise):
    exercise = ex.halves
    wrong: ClassVar = {
        "With which id": seen_but(RIGHT, Ann=["a", "b"]),
        "Follow `count`": seen_but(RIGHT, Ann=["a", "a", "b"]),
        "Bob's `Outbox` counts from 1": seen_but(RIGHT, Bob=["w", "x", "y", "z"]),
        "How many ids": seen_but(RIGHT, Bob=[]),
        "Write down the ids": seen_but(RIGHT, Bob=["y", "z"]),
        "What does `take` return": seen_but(RIGHT, Bob_waits_for=3),
        "before `two` or after": seen_but(RIGHT, Carl=["one", "two"]),
        "What does `back` return": seen_but(RIGHT, Carl=["two"]),
        "Only two messages": seen_but(RIGHT, Carl=["two", "one", "two"]),
        "doesn't know that the server is a new one": seen_but(RIGHT, Zoe=["s", "t", "u", "v"]),
        "Go on to the last": seen_but(RIGHT, Zoe=[]),
        "Compare the offset": seen_but(RIGHT, Zoe=["u", "v"]),
    }
    subtle: ClassVar = {
        "no list": ("Write a list", seen_but(RIGHT, Zoe="v")),
        "None": seen_but(RIGHT, Bob_waits_for=None),
        "a string for a number": seen_but(RIGHT, Bob_waits_for="0"),
    }
    right: ClassVar = {
        "tuples": seen_but(RIGHT, Ann=("a", "b", "b")),
        "another order": f"seen = dict(reversed({RIGHT!r}.items()))",
    }
