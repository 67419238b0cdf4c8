"""The reading exercise of lesson 07."""

from exercise_cases import ReadingExercise

from wslearn.exercises import robustness as ex

RIGHT = {"Ann": 1000, "Bob": 1011, "Carl": 1008, "Carl received": ["error"], "Dora": 1009, "left": 1}


def seen(**changes):
    """Return the right answer with some changes, as code."""
    return f"seen = {RIGHT | {label.replace('_', ' '): value for label, value in changes.items()}!r}"


class TestDesk(ReadingExercise):
    exercise = ex.desk
    wrong = {  # noqa: RUF012
        "when it shuts down": seen(Ann=1001),
        "nobody said goodbye": seen(Ann=1006),
        "When a handler returns": seen(Ann=1005),
        "Does Bob's message get there": seen(Bob=1008),
        "Does Bob's handler end normally": seen(Bob=1000),
        "Which close came first": seen(Carl=1011),
        "Follow Carl's second mistake": seen(Carl_received=["error", "error"]),
        "Write a list of the messages": seen(Carl_received="error"),
        "in which unit": seen(Dora=1000),
        "How many bytes": seen(Dora=1008),
        "get past the last `return`": seen(left=5),
    }
    subtle = {  # noqa: RUF012
        "Ann too": seen(left=2),
        "nobody": seen(left=0),
        "nothing for Carl": seen(Carl_received=[]),
        "a string for a number": seen(Dora="1009"),
        "capitals": seen(Carl_received=["ERROR"]),
        "a bool": seen(left=True),
    }
    right = {  # noqa: RUF012
        "a tuple": seen(Carl_received=("error",)),
        "another order": f"seen = dict(reversed({RIGHT!r}.items()))",
        "the library's own codes": "from websockets.frames import CloseCode\n"
        + seen().replace("1011", "int(CloseCode.INTERNAL_ERROR)"),
    }
