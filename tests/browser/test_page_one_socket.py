"""Task 2 of lesson 08, with wrong answers and right ones, in Chromium."""

from typing import ClassVar

import pytest
from page_cases import PageCase, page, start

from wslearn.exercises import browser as ex

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAKE = """    ws = new WebSocket("ws")
    ws.onopen = () => tell("open")
    ws.onclose = () => tell("closed")
    ws.onmessage = event => show(event.data)"""


def connect(guard: str, make: str = MAKE, more: str = "") -> str:
    """Return a page whose button runs `guard` and then `make`."""
    return start(f'let ws\nfunction connect() {{\n{guard}\n{make}\n}}\nfind("connect").onclick = connect\n{more}')


GUARD = "if (ws && ws.readyState < 2) return"


class TestOneSocket(PageCase):
    exercise = ex.one_socket
    wrong: ClassVar = {
        "Nobody has pressed `#connect`": connect(GUARD, more="connect()"),
        "before the first WebSocket was open": connect("if (ws && ws.readyState === WebSocket.OPEN) return"),
        "while the WebSocket was open, and your page opened another": connect(
            "if (ws && ws.readyState === WebSocket.CONNECTING) return"
        ),
        "A second press closed the WebSocket": connect("if (ws) ws.close()"),
        "look at its `readyState`, or forget it": connect("if (ws) return"),
        "The button is disabled. Enable it": connect("find('connect').disabled = true"),
        "your page opened no WebSocket. Call": start("find('connect').onclick = () => {}"),
        "your page shows it 5 times": connect(
            "if (ws && ws.readyState < 2) return ws.addEventListener('message', event => show(event.data))"
        ),
        "connected at once. Here it should wait for a press": connect(
            GUARD, MAKE.replace('tell("closed")', '{ tell("closed"); connect() }')
        ),
        "The server has accepted the WebSocket. `#state` should show `open`": connect(
            GUARD, MAKE.replace('tell("open")', "{}")
        ),
        "The server has closed the WebSocket. `#state` should show `closed`": connect(
            GUARD, MAKE.replace('tell("closed")', "{}")
        ),
        "has no child with this text": connect(GUARD, MAKE.replace("ws.onmessage", "ws.onmassage")),
        "must be the newest WebSocket": connect(
            "if (connect.first && connect.first.readyState < 2) return",
            MAKE.replace('    ws = new WebSocket("ws")', '    ws = new WebSocket("ws")\n    connect.first ??= ws'),
        ),
    }
    subtle: ClassVar = {
        "forgets it only after an error": (
            "look at its `readyState`",
            connect("if (ws) return", MAKE + "\nws.onerror = () => { ws = null }"),
        ),
        "forgets it only after a clean close": (
            "The server refused the WebSocket. Then `#connect` was pressed",
            connect("if (ws) return", MAKE.replace('tell("closed")', '{ tell("closed"); if (event.wasClean) ws = 0 }')
                    .replace("onclose = ()", "onclose = event")),
        ),
        "a variable that begins anew": (
            "Declare it outside of the function",
            connect("if (ws) return", MAKE.replace("ws = new", "const ws = new")),
        ),
        "a variable without a value": (
            "Look at it first, as in `if (ws && …)`",
            connect("if (ws.readyState < 2) return"),
        ),
        "a state that is no word": (
            "is the number `WebSocket.CONNECTING`",
            connect("if (ws && ws.readyState === 'open') return"),
        ),
        "calls at once what the button should call": (
            "give the button the function itself",
            connect(GUARD).replace("onclick = connect", "onclick = connect()"),
        ),
        "opens two": ("opened several WebSockets", connect(GUARD, MAKE + "\nnew WebSocket('ws')")),
    }  # fmt: skip
    right: ClassVar = {
        "forgets it": connect("if (ws) return", MAKE.replace('tell("closed")', '{ tell("closed"); ws = null }')),
        "a disabled button": connect(
            "find('connect').disabled = true",
            MAKE.replace('tell("closed")', '{ tell("closed"); find("connect").disabled = false }'),
        ),
        "a form": page(
            """
let ws
document.querySelector("form").addEventListener("submit", event => {
  event.preventDefault()
  if (ws?.readyState === WebSocket.CONNECTING || ws?.readyState === WebSocket.OPEN) return
  ws = new WebSocket("ws")
  for (const name of ["open", "close"]) ws.addEventListener(name, () => {
    document.querySelector("#state").textContent = name === "open" ? "open" : "closed"
  })
  ws.addEventListener("message", ({ data }) => {
    document.querySelector("#messages").append(Object.assign(document.createElement("li"), { textContent: data }))
  })
})""",
            '<form><button id="connect">Connect</button></form><p id="state">closed</p><ul id="messages"></ul>',
        ),
        "a class": start(
            """
class Chat {
  #ws
  get used() { return this.#ws && [0, 1].includes(this.#ws.readyState) }
  connect() {
    if (this.used) return
    this.#ws = new WebSocket(new URL("ws", document.baseURI))
    this.#ws.addEventListener("open", this)
    this.#ws.addEventListener("close", this)
    this.#ws.addEventListener("message", this)
  }
  handleEvent({ type, data }) {
    if (type === "message") show(data)
    else tell(type === "open" ? "open" : "closed")
  }
}
const chat = new Chat()
find("connect").addEventListener("click", () => chat.connect())"""
        ),
    }

    async def test_a_form_that_is_submitted_is_named(self, screen):
        answer = self.right["a form"].replace("event.preventDefault()", "")
        self.is_diagnosed(await self.exercise.check(answer), "no preventDefault", "submitted its form")
