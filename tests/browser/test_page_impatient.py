"""Task 6 of lesson 08, a page to read: wrong answers and right ones, in Chromium."""

from typing import Any, ClassVar

import pytest
from notebook_runs import NOTEBOOKS, read
from page_cases import LAST_HINT, PageCase, made

from wslearn.exercises import browser as ex
from wslearn.exercises.browser.impatient import BYTES, TEXT

pytestmark = pytest.mark.asyncio(loop_scope="session")

RIGHT: dict[str, Any] = made(ex.impatient.answer)


def written(**wrong: Any) -> dict[str, Any]:
    """Return an answer that is right but for these labels."""
    return RIGHT | wrong


class TestImpatient(PageCase):
    exercise = ex.impatient
    wrong: ClassVar = {
        "Which line counts them": written(first="attempt 1"),
        "With which one can the page send": written(first="attempt 2"),
        "the one that adds to `tries`": written(first="attempt 0"),
        "What does the browser make of `<b>` there": written(text=TEXT),
        "Does this page say so": written(bytes="[object ArrayBuffer]"),
        "no message arrives as one": written(bytes="[object Uint8Array]"),
        "so it becomes a text": written(bytes="Blob"),
        "with another word for `Window`": written(bytes="1,2"),
        "What does `wasClean` say then": written(sockets=4),
        "after a failed connection too": written(sockets=1),
        "the one that was accepted": written(sockets=2),
        "After which of the three ends": written(sockets=5),
        "and to `bufferedAmount`": written(waiting=0),
        "presses **Send** the second time": written(waiting=18),
        "does add a line when Ann leaves": written(last="[object Blob]"),
        "if it gets a wrong code?": written(last="InvalidStateError"),
        "too general": written(last="Error"),
        "the error that `close` raises if it gets a wrong code.": written(last="1001"),
        "without the quotes: `3`": written(sockets="3"),
        "Write what Ann reads": written(bytes=BYTES),
        "Write your answer for `last`": written(last=...),
        "has no 'first'": {},
        "which nobody asked for": written(second=1),
        "Expected the dictionary": [1],
    }
    subtle: ClassVar = {
        "another number": ("Read its lines once more", written(waiting=5)),
        "another text": ("Read its lines once more", written(first="attempt")),
        "spaces": ("Read its lines once more", written(text="hi ")),
        "None": ("Read its lines once more", written(last=None)),
    }
    right: ClassVar = {
        "in another order": dict(reversed(RIGHT.items())),
        "a float": written(sockets=3.0),
        "a mapping": written(),
    }

    async def test_the_solution_is_short_and_hints_end(self):
        shown = [str(self.exercise.hint()) for _ in range(len(self.exercise.hints) + 1)]
        assert shown[-1].endswith(LAST_HINT) and shown[-1] == shown[-2]

    async def test_the_stub_needs_no_browser(self):
        result = await self.exercise.check(dict.fromkeys(RIGHT, ...))
        assert result.state == "untouched" and "write what it does in place of each `...`" in result.message

    async def test_the_trace_tells_nothing_that_was_not_written(self, screen):
        result = await self.exercise.check(written(last="1001"))
        assert [step.what for step in result.steps[:-1]] == ["'attempt 3'", "'hi'", "[object Blob]", "3", "9"]
        assert {step.did for step in result.steps} == {"is", "isn't"}

    async def test_the_notebook_shows_the_same_page_and_asks_for_the_same_labels(self):
        cells = {cell.id: cell.source for cell in read(NOTEBOOKS["08_browser"]).cells}
        assert f"```html\n{ex.impatient.code}\n```" in cells["make-impatient"]
        assert all(f"| `{label}` |" in cells["make-impatient"] for label in ex.impatient.clues)
        assert made(cells["make-impatient-stub"]) == dict.fromkeys(ex.impatient.clues, ...)
