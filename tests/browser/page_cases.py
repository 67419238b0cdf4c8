"""What is proved of every exercise whose answer is a page, in Chromium but without JupyterLab.

class TestSafeText(PageCase):
    exercise = ex.safe_text
    wrong = {"part of the message that is meant for this mistake": page("…")}
    right = {"in another style": page("…")}
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from pages import site

from wslearn.exercises import Result
from wslearn.exercises.engine.browser import PageExercise, stage
from wslearn.exercises.engine.browser.talk import STUB
from wslearn.exercises.engine.exercise import LAST_HINT
from wslearn.exercises.engine.proof import made

#: What lesson 08 has before its tasks; its own words.
NOTEBOOK = '''
HELPERS = """
const find = id => document.getElementById(id)
const tell = text => { find("state").textContent = text }
function show(text) {
    const item = document.createElement("li")
    item.textContent = text
    find("messages").append(item)
}
"""
FORM = """<!doctype html>
<style>body { background: canvas; color: canvastext; font: 16px sans-serif }</style>
<p>State: <b id="state">closed</b> <button id="connect">Connect</button></p>
<ul id="messages"></ul>
<input id="text" aria-label="Message"> <button id="send">Send</button>
"""
START = FORM + "<script>" + HELPERS
'''
_names: dict[str, str] = {}
exec(NOTEBOOK, _names)


def page(script: str, body: str = '<ul id="messages"></ul>') -> str:
    """Return a page with this script; its first line is the page's fourth."""
    return f"<!doctype html>\n{body}\n<script>\n{script.strip()}\n</script>\n"


def start(script: str) -> str:
    """Return a page as the notebook's stubs are: with its form, and with `find`, `tell` and `show`."""
    return f"{_names['START']}{script.strip()}\n</script>"


@asynccontextmanager
async def screen(browser) -> AsyncIterator:
    """A page that shows what checks display, as a notebook would, until the block ends."""
    context = await browser.new_context()
    async with site("<body></body>") as address:
        shown, tasks = await context.new_page(), set()
        await shown.goto(address)
        numbers = iter(range(1_000_000))

        def run(script: str, argument) -> None:
            task = asyncio.ensure_future(shown.evaluate(script, argument))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        def display(text: str):
            number = f"output-{next(numbers)}"
            run(
                "([number, text]) => document.body.insertAdjacentHTML('beforeend', `<p id=${number}>${text}</p>`)",
                [number, text],
            )
            return lambda: run("number => document.getElementById(number)?.remove()", number)

        before, stage.display = stage.display, display
        try:
            yield shown
        finally:
            stage.display = before
            while tasks:
                await asyncio.wait(tasks, timeout=10)
            await (await stage.Stage.get()).stop()
            await context.close()


class PageCase:
    """The tests of one exercise; the module says `pytestmark` for the session's loop."""

    exercise: PageExercise
    #: A part of the message that is meant for a wrong answer, and the page. No two may get the same message.
    wrong: ClassVar[dict[str, str]]
    #: More wrong ones: what is wrong -> a part of the message, and the page.
    subtle: ClassVar[dict[str, tuple[str, str]]] = {}
    #: Right ones, by their style.
    right: ClassVar[dict[str, str]]

    async def test_the_solution_and_right_answers_are_right(self, screen):
        assert len(self.right) >= 3
        for style, answer in {"the solution": made(self.exercise.answer, NOTEBOOK), **self.right}.items():
            result = await self.exercise.check(answer)
            assert result, f"{style}\n{result}"
            assert result.steps and not result.message, f"{style}\n{result}"

    async def test_wrong_answers_get_their_own_messages(self, screen):
        assert len(self.wrong) >= 6
        said: dict[str, str] = {}
        cases = [(part, part, answer) for part, answer in self.wrong.items()]
        cases += [(name, part, answer) for name, (part, answer) in self.subtle.items()]
        for name, part, answer in cases:
            result = await self.exercise.check(answer)
            self.is_diagnosed(result, name, part)
            first = said.setdefault(result.message, name)
            assert first == name or name in self.subtle, f"{name} gets the message of {first}"

    def is_diagnosed(self, result: Result, name: str, part: str) -> None:
        assert result.state == "wrong", f"meant for: {name}\n{result}"
        assert part in result.message, f"meant for: {name}\n{result}"
        assert "check itself failed" not in result.message, result

    async def test_the_stub_needs_no_browser(self):
        result = await self.exercise.check(page(STUB))
        assert result.state == "untouched", result

    async def test_the_solution_is_short_and_hints_end(self):
        assert len(made(self.exercise.answer, NOTEBOOK).splitlines()) <= 50
        shown = [str(self.exercise.hint()) for _ in range(len(self.exercise.hints) + 1)]
        assert shown[-1].endswith(LAST_HINT) and shown[-1] == shown[-2]
