"""The reading exercise of lesson 07."""

from exercise_cases import ReadingExercise, seen_but

from wslearn.exercises import robustness as ex

RIGHT = {"Ann": 1000, "Bob": 1011, "Carl": 1008, "Carl received": ["error"], "Dora": 1009, "left": 1}


class TestDesk(ReadingExercise):
    exercise = ex.desk
    wrong = {  # noqa: RUF012
        "when it shuts down": seen_but(RIGHT, Ann=1001),
        "nobody said goodbye": seen_but(RIGHT, Ann=1006),
        "When a handler returns": seen_but(RIGHT, Ann=1005),
        "Does Bob's message get there": seen_but(RIGHT, Bob=1008),
        "Does Bob's handler end normally": seen_but(RIGHT, Bob=1000),
        "Which close came first": seen_but(RIGHT, Carl=1011),
        "Follow Carl's second mistake": seen_but(RIGHT, Carl_received=["error", "error"]),
        "Write a list of the messages": seen_but(RIGHT, Carl_received="error"),
        "in which unit": seen_but(RIGHT, Dora=1000),
        "How many bytes": seen_but(RIGHT, Dora=1008),
        "get past the last `return`": seen_but(RIGHT, left=5),
    }
    subtle = {  # noqa: RUF012
        "Ann too": seen_but(RIGHT, left=2),
        "nobody": seen_but(RIGHT, left=0),
        "nothing for Carl": seen_but(RIGHT, Carl_received=[]),
        "a string for a number": seen_but(RIGHT, Dora="1009"),
        "capitals": seen_but(RIGHT, Carl_received=["ERROR"]),
        "a bool": seen_but(RIGHT, left=True),
    }
    right = {  # noqa: RUF012
        "a tuple": seen_but(RIGHT, Carl_received=("error",)),
        "another order": f"seen = dict(reversed({RIGHT!r}.items()))",
        "the library's own codes": "from websockets.frames import CloseCode\n"
        + seen_but(
            RIGHT,
        ).replace("1011", "int(CloseCode.INTERNAL_ERROR)"),
    }
