"""What is proved of every exercise whose answer is a page, in Chromium but without JupyterLab.

class TestSafeText(PageCase):
    exercise = ex.safe_text
    wrong = {"part of the message that is meant for this mistake": page("…")}
    right = {"in another style": page("…")}
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from unittest.mock import patch

from pages import PATIENCE, site

from wslearn import browser as cells_browser
from wslearn.exercises import Result
from wslearn.exercises.engine import talk
from wslearn.exercises.engine.browser import PageExercise, stage
from wslearn.exercises.engine.browser.talk import STUB
from wslearn.exercises.engine.exercise import LAST_HINT
from wslearn.exercises.engine.proof import made

#: A cell before others: they wait for the browser, and for a page in it, as long as a busy machine needs. A reader runs
#: a cell again.
PATIENT = f"""
from wslearn import browser
from wslearn.exercises.engine import talk
from wslearn.exercises.engine.browser import stage

browser.FIRST = browser.KNOWN = stage.ANSWER = {PATIENCE}
talk.WHOLE = {3 * PATIENCE}
"""
#: After so many seconds a page that never answers is found stuck: nothing else is waited for where it should be found.
USUAL = stage.ANSWER
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

        patient = patch.multiple(cells_browser, FIRST=PATIENCE, KNOWN=PATIENCE)
        try:
            with (
                patient,
                patch.object(talk, "WHOLE", 3 * PATIENCE),
                patch.multiple(stage, display=display, ANSWER=PATIENCE),
            ):
                yield shown
        finally:
            while tasks:
                await asyncio.wait(tasks, timeout=10)
            await (await stage.Stage.get()).stop()
            await context.close()


async def check(exercise: PageExercise, answer: Any, message: str = "") -> Result:
    """Check an answer, for a result with this part of a message: as patiently as a busy machine needs."""
    stuck = bool(message) and message in stage.STUCK
    with patch.object(stage, "ANSWER", USUAL if stuck else stage.ANSWER):
        return await exercise.check(answer)


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
            result = await check(self.exercise, answer, part)
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


# A hostile page

_SPY = """
const tried = {}
const attempt = async (name, act) => {
  try { tried[name] = String(await act()) } catch (error) { tried[name] = "refused " + error.name }
}
const ws = new WebSocket("ws")
ws.onopen = async () => {
  await attempt("parent", () => parent.document.title)
  await attempt("top", () => top.document.title)
  await attempt("name", () => top.location.href)
  await attempt("cookie", () => document.cookie)
  await attempt("storage", () => localStorage.length)
  await attempt("fetch", () => fetch("ELSEWHERE", { mode: "no-cors" }))
  await attempt("jupyter", () => fetch("API", { credentials: "include" }))
  await attempt("own server", () => fetch(new URL("../health", location.href)))
  await attempt("xhr", () => new Promise((yes, no) => {
    const request = new XMLHttpRequest()
    request.onload = yes; request.onerror = () => no(new Error("xhr"))
    request.open("GET", "ELSEWHERE"); request.send()
  }))
  await attempt("beacon", () => navigator.sendBeacon("ELSEWHERE"))
  await attempt("rtc", () => new RTCPeerConnection())
  await attempt("inner", () => {
    const inner = document.createElement("iframe")
    document.body.append(inner)
    return new inner.contentWindow.WebSocket("ELSEWHERE".replace("http", "ws"))
  })
  for (const [tag, name] of [["img", "src"], ["iframe", "src"], ["link", "href"], ["script", "src"]]) {
    const element = document.createElement(tag)
    if (tag === "link") element.rel = "stylesheet"
    element[name] = "ELSEWHERE"
    document.body.append(element)
  }
  const form = document.createElement("form")
  form.action = "ELSEWHERE"; document.body.append(form)
  form.submit()
  await attempt("top away", () => { top.location = "ELSEWHERE" })
  parent.postMessage("let me in", "*")
  ws.send(JSON.stringify(tried))
}
"""


def spy(elsewhere: str, api: str) -> str:
    """Return a page that tries to reach the notebook around it, its server's `api` and a server elsewhere.

    It sends what came of it as JSON, once its WebSocket is open.
    """
    return page(_SPY.replace("ELSEWHERE", elsewhere).replace("API", api))


#: A cell that shows a page and prints what it sends.
SPY_CELL = (
    PATIENT
    + """
import asyncio
from wslearn.exercises.engine.browser.stage import Stage

running = await Stage.get()
async with running.visit({page!r}) as visit:
    await visit.act("socket", socket=0, what="open")
    async with asyncio.timeout(60):
        while not (said := [event["data"] for event in visit.events if event["event"] == "sends"]):
            await visit.act("pass", ms=100)
            await asyncio.sleep(0.05)  # some of its attempts take real time
print(said[0])
"""
)


def changed(answer: str, *pairs: str) -> str:
    """Return an answer with each old text replaced by the new one that follows it."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in answer, old
        answer = answer.replace(old, new)
    return answer


def assert_refused(tried: dict[str, str]) -> None:
    """Expect that a browser has refused all that `spy` has tried; it does not tell a page whether a beacon was sent."""
    refused = {name for name, outcome in tried.items() if outcome.startswith("refused")}
    assert len(tried) >= 12 and refused == tried.keys() - {"beacon"}, tried
    assert tried["parent"] == tried["cookie"] == tried["storage"] == "refused SecurityError"


@asynccontextmanager
async def untouched() -> AsyncIterator[str]:
    """Give the address of a server that nobody may reach; fail at the end of the block if anything has connected."""
    reached = []

    async def met(reader, writer):
        reached.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await asyncio.sleep(0.3)  # what would come is on its way by now; nothing announces that nothing comes
    assert reached == []
