"""Task 3 of lesson 08, with wrong answers and right ones, in Chromium."""

from functools import partial
from typing import ClassVar

import pytest
from page_cases import NOTEBOOK, PageCase, changed, start

from wslearn.exercises import browser as ex
from wslearn.exercises.engine.proof import made

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = made(ex.reconnect.answer, NOTEBOOK)
instead = partial(changed, GOOD)


PAUSE = "Math.random() * Math.min(2000, 200 * 2 ** failures)"
TIMER = f"setTimeout(connect, {PAUSE})"
CODES = "[1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]"


class TestReconnect(PageCase):
    exercise = ex.reconnect
    wrong: ClassVar = {
        "connected again at once": instead(TIMER, "connect()"),
        "didn't try again": instead(TIMER, ""),
        "opened 2 WebSockets for it": instead(TIMER, f"{TIMER}; {TIMER}"),
        "The pauses don't grow": instead("2 ** failures", "1"),
        "The pauses grow without end": instead("Math.min(2000, 200 * 2 ** failures)", "200 * 2 ** failures"),
        "If you don't multiply the limit with `Math.random()`": instead("Math.random() * ", ""),
        "The limit is 200 ms here": instead("200 * 2 **", "1000 * 2 **"),
        "The limit is 800 ms here": instead("2 ** failures", "(1 + failures)"),
        "when a message arrives, not in `open`": instead('tell("open")', '{ failures = 0; tell("open") }'),
        "This is the first failure in a row": instead("        failures = 0\n", ""),
        "closed with 1000, and your page connected again": instead("if (TERMINAL.includes(event.code))", "if (false)"),
        "closed with 1008, and your page connected again": instead(CODES, "[1000]"),
        "closed with 3003, and your page connected again": instead(CODES, "[1000, 1008, 1009]"),
        "closed with 1001, which isn't in `TERMINAL`": instead("TERMINAL.includes(event.code)", "event.wasClean"),
        "closed with 1011, which isn't": instead(CODES, "[1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3003]"),
        "waits before it tries again. `#state` should show `waiting`": instead('tell("waiting")', ""),
        "`#state` should show `gave up`": instead('tell("gave up")', "undefined"),
        "Your page is connecting again. `#state` should show": instead(
            "connect() {", 'connect() {\n    tell("closed")'
        ),
    }
    subtle: ClassVar = {
        "calls what is not there": (
            "TypeError", instead("setTimeout(connect, Math", "ws.retry(connect, Math"),
        ),
        "reconnects after an error only": (
            "didn't try again", instead(TIMER, "", "    ws.onclose", f"    ws.onerror = () => {TIMER}\n    ws.onclose"),
        ),
        "calls at once what the timer should call": (
            "takes the function itself", instead("setTimeout(connect, Math", "setTimeout(connect(), Math"),
        ),
        "a power as in no language with a `**`": (
            "your limit is 400 ms. It should be 200 ms", instead("2 ** failures", "2 ^ failures"),
        ),
        "looks for an index": (
            "`in` looks for an index", instead("TERMINAL.includes(event.code)", "event.code in TERMINAL"),
        ),
        "counts in the function": (
            "in a variable outside of `connect`",
            instead("let failures = 0\n", "", "function connect() {", "function connect() {\n    let failures = 0"),
        ),
        "tries again in error and in close": (
            "opened 2 WebSockets", instead("    ws.onclose", f"    ws.onerror = () => {TIMER}\n    ws.onclose"),
        ),
        "draws once": (
            "The pause should be random", instead("Math.random()", "0.5"),
        ),
        "counts before it waits": (
            "If you do, your limit is 400 ms. It should be 200 ms",
            instead(
                "        failures += 1\n", "", 'tell("waiting")', 'tell("waiting")\n        failures += 1',
            ),
        ),
        "starts a timer that repeats": ("more than 40 WebSockets", instead(TIMER, "setInterval(connect, 100)")),
    }  # fmt: skip
    right: ClassVar = {
        "a limit that doubles": instead(
            "let failures = 0", "let limit = 200", "failures = 0", "limit = 200", "failures += 1",
            "limit = Math.min(2000, 2 * limit)", PAUSE, "limit * Math.random()",
        ),
        "waits asynchronously": start(
            """
const TERMINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003])
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const once = () => new Promise(resolve => {
  const ws = new WebSocket("ws")
  let heard = false
  ws.addEventListener("open", () => tell("open"))
  ws.addEventListener("message", event => { heard = true; show(event.data) })
  ws.addEventListener("close", event => resolve([event.code, heard]))
})
async function forever() {
  for (let failures = 0; ; failures++) {
    const [code, heard] = await once()
    if (TERMINAL.has(code)) break
    if (heard) failures = 0
    tell("waiting")
    await sleep(Math.random() * Math.min(2000, 200 * 2 ** failures))
  }
  tell("gave up")
}
forever()"""
        ),
        "the other end of the range": instead("Math.random()", "(1 - Math.random())"),
        "whole milliseconds": instead(PAUSE, f"Math.floor({PAUSE})"),
    }  # fmt: skip
