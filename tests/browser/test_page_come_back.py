"""Task 5 of lesson 08, with wrong answers and right ones, in Chromium."""

from functools import partial
from typing import ClassVar

import pytest
from page_cases import NOTEBOOK, PageCase, changed, start

from wslearn.exercises import browser as ex
from wslearn.exercises.engine.proof import made

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = made(ex.come_back.answer, NOTEBOOK)
LEAVES = 'addEventListener("pagehide", () => ws.close(1000))'
RETURNS = "if (event.persisted) connect()"
instead = partial(changed, GOOD)


class TestComeBack(PageCase):
    exercise = ex.come_back
    wrong: ClassVar = {
        "the server believes that the user is here. Call `ws.close()`": instead(LEAVES, ""),
        "Without a code the server sees 1005": instead("ws.close(1000)", "ws.close()"),
        "It closed with 4001": instead("ws.close(1000)", "ws.close(4001)"),
        "1001 is neither": instead("ws.close(1000)", "ws.close(1001)"),
        "connect in the `pageshow` event": instead(RETURNS, ""),
        "`pageshow` came with `persisted` false": instead(RETURNS, "if (ws.readyState > 0) connect()"),
        "several WebSockets as soon as it loaded": instead(RETURNS, "connect()"),
        "looked at another tab": instead(LEAVES, 'document.addEventListener("visibilitychange", () => ws.close(1000))'),
        "lost the focus": instead(LEAVES, 'addEventListener("blur", () => ws.close(1000))'),
        "listens for `unload`": instead('"pagehide"', '"unload"'),
        "listens for `beforeunload`": instead(LEAVES, LEAVES + '\naddEventListener("beforeunload", () => {})'),
        "The user has left, and your page connected again. Its `close`": instead(
            'ws.onclose = () => tell("closed")', 'ws.onclose = () => { tell("closed"); setTimeout(connect, 3000) }'
        ),
        "`close()` works before `open` too": instead(
            "() => ws.close(1000)", "() => { if (ws.readyState === WebSocket.OPEN) ws.close(1000) }"
        ),
        "Keep the text in an array until": instead(
            'find("text").value)\n    flush()',
            'find("text").value)\n    if (ws.readyState > 0) while (queue.length) ws.send(queue.shift())',
        ),
        "A WebSocket can send only after its `open` event": instead(
            "while (queue.length && ws.readyState === WebSocket.OPEN)", "while (queue.length)"
        ),
        "received nothing, not `a`": instead("        flush()\n    }", "    }"),
        "received `b`, not `a`": instead("queue.shift()", "queue.pop()"),
        "received no more, not `b`": instead("queue.push(", "queue.length || queue.push("),
        "`b` once more. Take a text out of your array": instead(
            "ws.send(queue.shift())", "{ if (queue.length === 1) ws.send(queue[0]); ws.send(queue.shift()) }"
        ),
        "received `a`, not `c`": instead(
            "while (queue.length && ws.readyState === WebSocket.OPEN) ws.send(queue.shift())",
            "if (ws.readyState === WebSocket.OPEN) queue.forEach(text => ws.send(text))",
        ),
        "`#state` should show `open`": instead('        tell("open")\n', ""),
        "`#state` should show `closed`": instead('ws.onclose = () => tell("closed")', ""),
        "`#messages` has no child with this text": instead("ws.onmessage = event => show(event.data)", ""),
        "several WebSockets. Add the listeners of `window` once": instead(
            "    ws.onclose", f"    addEventListener('pageshow', event => {{ {RETURNS} }})\n    ws.onclose"
        ),
    }
    subtle: ClassVar = {
        "closes at once": (
            "as soon as it had opened it, and the user is still here",
            instead("connect()\n</script>", "</script>", LEAVES, f'connect()\n{LEAVES.replace("() => ", "")}'),
        ),
        "connects in each pageshow": (
            "look at `event.persisted` there",
            instead('addEventListener("pageshow", event => { if (event.persisted) connect() })',
                    'addEventListener("pageshow", connect)'),
        ),
    }  # fmt: skip
    right: ClassVar = {
        "handlers as properties": instead(
            LEAVES, "onpagehide = () => ws.close(1000)",
            'addEventListener("pageshow", event => { if (event.persisted) connect() })',
            "onpageshow = event => { if (event.persisted) connect() }",
        ),
        "a reason, and only what is open": instead(
            "ws.close(1000)", 'ws.readyState < 2 && ws.close(1000, "the user has left")'
        ),
        "reconnects, but not while it is away": start(
            """
let ws, away = false, timer, waiting = []
const used = () => ws && ws.readyState < WebSocket.CLOSING
function connect() {
  clearTimeout(timer)
  if (used() || away) return
  const mine = ws = new WebSocket("ws")
  mine.addEventListener("open", () => {
    tell("open")
    for (const text of waiting.splice(0)) mine.send(text)
  })
  mine.addEventListener("message", event => show(event.data))
  mine.addEventListener("close", () => {
    tell("closed")
    if (!away) timer = setTimeout(connect, 1000)
  })
}
find("send").addEventListener("click", () => {
  const text = find("text").value
  if (ws.readyState === WebSocket.OPEN) ws.send(text)
  else waiting = [...waiting, text]
})
window.addEventListener("pagehide", () => {
  away = true
  clearTimeout(timer)
  ws.close(1000, "left")
})
window.addEventListener("pageshow", event => {
  away = false
  if (event.persisted) connect()
})
connect()"""
        ),
    }  # fmt: skip
