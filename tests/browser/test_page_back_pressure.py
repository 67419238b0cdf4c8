"""Task 4 of lesson 08, with wrong answers and right ones, in Chromium."""

from functools import partial
from typing import ClassVar

import pytest
from page_cases import NOTEBOOK, PageCase, changed, start

from wslearn.exercises import browser as ex
from wslearn.exercises.engine.proof import made

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = made(ex.back_pressure.answer, NOTEBOOK)
WAIT = "while (ws.readyState === WebSocket.OPEN && ws.bufferedAmount + 10_000 > 100_000) await sleep(10)"
RETURN = "if (ws.readyState !== WebSocket.OPEN) return"
SEND = "ws.send(String(i).padEnd(10_000))"
instead = partial(changed, GOOD)


class TestBackPressure(PageCase):
    exercise = ex.back_pressure
    wrong: ClassVar = {
        "10,000,000 bytes waited in the browser": instead(WAIT, ""),
        "one part too much": instead("ws.bufferedAmount + 10_000 > 100_000", "ws.bufferedAmount >= 100_000"),
        "A loop in it never ends": instead(
            WAIT, "while (ws.readyState === WebSocket.OPEN && ws.bufferedAmount > 90_000);"
        ),
        "Part 10 never arrived": instead(WAIT, "if (ws.bufferedAmount > 90_000) { await sleep(1); continue }"),
        "only 10 of 1000 parts have arrived. Your page held": instead(WAIT, "if (ws.bufferedAmount > 90_000) return"),
        "The network could take all of them in 2 s": instead(SEND, SEND + "\n        await sleep(500)"),
        "went on sending. `send` doesn't raise an error": instead(WAIT, WAIT.split(" &&")[0].replace(
            "ws.readyState === WebSocket.OPEN", "ws.bufferedAmount > 90_000") + ") await sleep(10)",
            RETURN, ""),
        "and `#state` shows `sent`. Leave the function": instead(RETURN, "if (ws.readyState !== WebSocket.OPEN) break"),
        "`#state` should show `closed`": instead('ws.onclose = () => tell("closed")\n', ""),
        "All parts have been sent. Now `#state` should": instead('    tell("sent")\n', ""),
        "`#state` shows `sent`, and only": instead(WAIT, 'tell("sent")\n' + WAIT),
        "not one of the parts": instead(SEND, 'ws.send(String(i) + "x".repeat(9_990))'),
        "Your page sent a part before `#send`": instead('tell("open")', '{ tell("open"); ws.send("0") }'),
        "your page sent nothing": instead('find("send").onclick', 'find("send").onclack'),
        "part 0 more than once": instead("i < 1000; i++)", "i < 1000; i++, i = i % 5 === 4 ? 0 : i)"),
        "and your page closed the WebSocket": instead('tell("sent")', 'tell("sent"); ws.close()'),
    }  # fmt: skip
    subtle: ClassVar = {
        "does not wait for its promise": (
            "needs `await` before it", instead("await sleep(10)", "sleep(10)"),
        ),
        "waits without a clock": (
            "A loop in it never ends",
            instead("await sleep(10)", "await null"),
        ),
        "waits in every way but this": (
            "one part too much",
            instead("ws.bufferedAmount + 10_000 > 100_000", "ws.bufferedAmount > 99_999"),
        ),
        "starts anew after a pause": (
            "more than once", instead(WAIT, "if (ws.bufferedAmount > 90_000) { await sleep(10); i = -1; continue }"),
        ),
    }  # fmt: skip
    right: ClassVar = {
        "waits until nothing waits": instead("ws.bufferedAmount + 10_000 > 100_000", "ws.bufferedAmount > 0"),
        "a timer": start(
            """
const ws = new WebSocket("ws")
let next = 0, timer
ws.onopen = () => tell("open")
ws.onclose = () => { clearInterval(timer); tell("closed") }
find("send").onclick = () => {
  timer = setInterval(() => {
    while (ws.bufferedAmount <= 90_000) {
      ws.send(String(next++).padEnd(10_000, " "))
      if (next === 1000) {
        clearInterval(timer)
        return tell("sent")
      }
    }
  }, 5)
}"""
        ),
        "the next frame": start(
            """
const ws = new WebSocket("ws")
ws.addEventListener("open", () => tell("open"))
ws.addEventListener("close", () => tell("closed"))
function* parts() { for (let i = 0; i < 1000; i++) yield `${i}`.padEnd(10_000) }
function go(all, part) {
  if (part.done) return tell("sent")
  if (ws.readyState !== 1) return
  if (ws.bufferedAmount > 90_000) return requestAnimationFrame(() => go(all, part))
  ws.send(part.value)
  queueMicrotask(() => go(all, all.next()))
}
find("send").addEventListener("click", () => { const all = parts(); go(all, all.next()) })"""
        ),
        "a small queue": instead("+ 10_000 > 100_000", "> 20_000", "sleep(10)", "sleep(4)"),
    }
