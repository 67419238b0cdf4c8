"""The reading exercises of the lessons 03 and 04."""

from typing import Any, ClassVar

from exercise_cases import ReadingExercise

from wslearn.exercises import broadcast, rooms


def written(right: dict[str, Any], **wrong: Any) -> str:
    """Return an answer that is right but for these labels."""
    return f"seen = {right | wrong!r}"


BOARD = {
    "ann": ["nothing yet", "one", "2 are here", "two"], "bob": ["nothing yet", "one", "2 are here"], "carl": ["one"],
    "bob_code": 1000, "ann_code": 1011, "carl_code": 1011,
}  # fmt: skip


class TestWhoReceives(ReadingExercise):
    exercise = broadcast.who_receives
    wrong: ClassVar = {
        "To whom does it send first": written(BOARD, ann=["nothing yet", "one", "2 are here"]),
        "Is the sender one of them": written(BOARD, ann=["nothing yet", "2 are here", "two"]),
        "one more line after the loop": written(BOARD, ann=["nothing yet", "one", "two"]),
        "For `ann`, ['two', '2 are here', 'one', 'nothing yet'] isn't": written(BOARD, ann=BOARD["ann"][::-1]),
        "takes a client out of `self.clients`": written(BOARD, ann=["nothing yet", "one", "1 are here", "two"]),
        "`break` ends the loop": written(BOARD, bob=["nothing yet", "one"]),
        "run for `quit`": written(BOARD, bob=["nothing yet", "one", "quit", "2 are here"]),
        "What was in `self.last` then": written(BOARD, carl=["nothing yet"]),
        "Which lines ran for Ann's `two`": written(BOARD, carl=["two"]),
        "Carl's own loop begins": written(BOARD, carl=["one", "three"]),
        "or has it returned": written(BOARD, bob_code=1011),
        "Whose handler sends `two`": written(BOARD, ann_code=1000),
        "The server's process goes on": written(BOARD, ann_code=1006),
        "What does `send` do at their": written(BOARD, carl_code=1000),
        "even if it has only one": written(BOARD, carl="one"),
    }
    subtle: ClassVar = {
        "a code as a string": written(BOARD, bob_code="1000"),
        "a set": written(BOARD, carl={"one"}),
        "an empty list": written(BOARD, carl=[]),
        "None": written(BOARD, ann=None),
        "in capital letters": written(BOARD, carl=["One"]),
    }
    right: ClassVar = {
        "a float": written(BOARD, bob_code=1000.0),
        "a tuple": written(BOARD, ann=tuple(BOARD["ann"])),
        "in another order": written(dict(reversed(BOARD.items()))),
        "dict": "seen = dict(" + ", ".join(f"{k}={v!r}" for k, v in BOARD.items()) + ")",
    }  # fmt: skip


LOUNGE = {
    "sender": "guest-1", "tea": ["guest-1", "guest-2", "guest-4"], "ann": "leave-room", "bob_code": 1011,
    "tea_then": ["guest-1", "guest-4"], "rooms": ["garden", "hall", "tea"],
}  # fmt: skip


class TestWhoIsLeft(ReadingExercise):
    exercise = rooms.who_is_left
    wrong: ClassVar = {
        "Which one does `|` keep": written(LOUNGE, sender="guest-2"),
        "Write a name such as": written(LOUNGE, sender="Bob"),
        "In which room was Carl": written(LOUNGE, tea=["guest-1", "guest-2", "guest-3", "guest-4"]),
        "end for a client that vanishes": written(LOUNGE, tea=["guest-1", "guest-2"]),
        "Bob has only sent a message": written(LOUNGE, tea=["guest-1", "guest-4"]),
        "takes a message of the type": written(LOUNGE, ann=None),
        "sends such a list": written(LOUNGE, ann="presence"),
        "What does Python do at": written(LOUNGE, bob_code=1000),
        "valid JSON": written(LOUNGE, bob_code=1007),
        "what a message lacks": written(LOUNGE, bob_code=1008),
        "which line raises the error": written(LOUNGE, tea_then=["guest-1", "guest-2", "guest-4"]),
        "Has any line removed Zoe": written(LOUNGE, tea_then=["guest-1"]),
        "looks up a key": written(LOUNGE, rooms=["hall", "tea"]),
        "Where is a room deleted": written(LOUNGE, rooms=["garden", "tea"]),
        "order of the alphabet": written(LOUNGE, rooms=["tea", "hall", "garden"]),
    }
    subtle: ClassVar = {
        "a room too many": written(LOUNGE, rooms=["None", "garden", "hall", "tea"]),
        "a string for a list": written(LOUNGE, tea="guest-1"),
        "names": written(LOUNGE, tea=["Ann", "Bob", "Zoe"]),
        "an empty list": written(LOUNGE, tea_then=[]),
        "a code as a string": written(LOUNGE, bob_code="1011"),
    }
    right: ClassVar = {
        "tuples": written(LOUNGE, tea=tuple(LOUNGE["tea"]), rooms=tuple(LOUNGE["rooms"])),
        "dict": f"seen = dict(**{LOUNGE!r})",
    }  # fmt: skip
