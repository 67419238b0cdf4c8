"""What the exercises of lesson 06 share: mistakes as a table from what a student is told to whether it applies."""

from collections.abc import Mapping

from wslearn.exercises.engine import Talk

PING, PONG = {"type": "ping"}, {"type": "pong"}


def judge(talk: Talk, mistakes: Mapping[str, object], who: str, came: str, expected: str) -> None:
    """End the check with the first mistake that applies; otherwise write down what came."""
    for text, applies in mistakes.items():
        if applies:
            talk.fail(text, who, "is", came, expected=expected)
    talk.tells(who, "is", came)
