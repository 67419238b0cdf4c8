"""Task 6 of lesson 09, the reading one: what three small classes store twice, lose, and put into the wrong order."""

from collections.abc import Mapping
from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk

CODE = """
class Outbox:
    def __init__(self):
        self.count, self.waiting = 0, {}

    def say(self, text):
        self.count += 1
        self.waiting[self.count] = text
        return self.count, text  # what goes to the server

    def ack(self, id):
        self.waiting.pop(id, None)

    def back(self):
        texts = list(self.waiting.values())
        self.waiting = {}
        return [self.say(text) for text in texts]


class Room:
    def __init__(self):
        self.ids, self.stored = set(), []

    def take(self, id, text):
        if id not in self.ids:
            self.ids.add(id)
            self.stored.append(text)
        return id  # the ack


class Inbox:
    def __init__(self):
        self.offset, self.shown = 0, []

    def message(self, offset, text):
        if offset > self.offset:
            self.offset = offset
            self.shown.append(text)
"""


async def _run(talk: Talk, names: dict[str, Any]) -> Mapping[str, Any]:
    room, ann, bob = names["Room"](), names["Outbox"](), names["Outbox"]()
    ann.ack(room.take(*ann.say("a")))
    room.take(*ann.say("b"))  # its ack is lost
    for message in ann.back():
        ann.ack(room.take(*message))
    after_ann = list(room.stored)
    for text in ("w", "x", "y", "z"):
        bob.ack(room.take(*bob.say(text)))
    other, carl = names["Room"](), names["Outbox"]()
    carl.say("one")  # lost on the way
    carl.ack(other.take(*carl.say("two")))
    for message in carl.back():
        carl.ack(other.take(*message))
    zoe = names["Inbox"]()
    for offset, text in enumerate("pqr", start=1):
        zoe.message(offset, text)
    before = len(zoe.shown)
    for offset, text in enumerate("stuv", start=1):
        zoe.message(offset, text)
    return {
        "Ann": after_ann,
        "Bob": room.stored[len(after_ann) :],
        "Bob waits for": len(bob.waiting),
        "Carl": other.stored,
        "Zoe": zoe.shown[before:],
    }


halves = ReadingExercise(
    CODE,
    _run,
    clues={
        "Ann": {
            lambda came: list(came) == ["a", "b"]: "When Ann is back, `b` goes out once more. With which id?",
            list: "Follow `count` in Ann's `Outbox`: which id has each message that reaches the room?",
        },
        "Bob": {
            lambda came: list(came) == ["w", "x", "y", "z"]: "Bob's `Outbox` counts from 1, too. What does the room "
            "know about those ids?",
            lambda came: list(came) == []: "How many ids has Ann used? Bob uses one more.",
            list: "Write down the ids that the room has seen from Ann, and then those that Bob sends.",
        },
        "Bob waits for": {int: "What does `take` return for a message that it does not store?"},
        "Carl": {
            lambda came: list(came) == ["one", "two"]: "`one` was lost on the way. When is it sent again, before `two` "
            "or after it?",
            lambda came: list(came) == ["two"]: "Nobody has acknowledged `one`. What does `back` return?",
            list: "Only two messages reach this room. In which order?",
        },
        "Zoe": {
            lambda came: list(came) == ["s", "t", "u", "v"]: "Zoe's `Inbox` doesn't know that the server is a new one. "
            "What is its `offset` at that moment?",
            lambda came: list(came) == []: "Go on to the last message: how large is its offset?",
            list: "Compare the offset of each new message with `self.offset`.",
        },
    },
    hints=(
        "For each message, write down its id, and what is in `ids` before it is taken.",
        "`back` calls `say`, so everything that it sends again has a new id. `Room` knows ids, and not whose they are.",
        "An `Inbox` looks at the offset only. After the restart, offsets begin again at 1.",
    ),
    answer='seen = {"Ann": ["a", "b", "b"], "Bob": ["z"], "Bob waits for": 0, "Carl": ["two", "one"], "Zoe": ["v"]}',
    why="A retry with a new id is a new message, so `b` is stored twice. Ids of two clients are alike, so three of "
    "Bob's messages are lost, and each of them was acknowledged. Carl had two messages in flight, so the second one "
    "overtook the first. And without an epoch, small offsets look old, so Zoe's `Inbox` ignores what is new.",
)
