"""Task 1 of lesson 08, with wrong answers and right ones, in Chromium."""

from typing import ClassVar

import pytest
from page_cases import PageCase, page, start

from wslearn.exercises import browser as ex

pytestmark = pytest.mark.asyncio(loop_scope="session")


def on_message(code: str) -> str:
    """Return a page that does this with `data` and `list`."""
    return page(
        f'const ws = new WebSocket("ws"), list = document.querySelector("#messages")\n'
        f"ws.onmessage = ({{ data }}) => {{\n{code}\n}}"
    )


ITEM = 'const item = document.createElement("li")\n'


class TestSafeText(PageCase):
    exercise = ex.safe_text
    wrong: ClassVar = {
        "your page made an element `<b>` of it": on_message("list.innerHTML += `<li>${data}</li>`"),
        "and your page ran it": on_message(
            ITEM + 'item[data.includes("onerror") ? "innerHTML" : "textContent"] = data\nlist.append(item)'
        ),
        "no child element. Listen for the `message` event": on_message("console.log(data)"),
        "but no child element. Make a new `<li>`": on_message("list.append(data)"),
        "The newest message should be last": on_message(ITEM + "item.textContent = data\nlist.prepend(item)"),
        "shows only the last message": on_message(ITEM + "item.textContent = data\nlist.replaceChildren(item)"),
        "shows an object": on_message(ITEM + "item.textContent = {}\nlist.append(item)"),
        "another text. Show the message as it is": on_message(
            ITEM + 'item.textContent = data.replaceAll("<", "")\nlist.append(item)'
        ),
        "an empty `<li>`": on_message("if (!data) return\n" + ITEM + "item.textContent = data\nlist.append(item)"),
        "and no other element": on_message(
            ITEM + 'item.append(Object.assign(document.createElement("i"), { textContent: data }))\nlist.append(item)'
        ),
        "opened no WebSocket": page("onclick = () => new WebSocket('ws')"),
        "opened several WebSockets": page("new WebSocket('ws'); new WebSocket('ws')"),
    }
    subtle: ClassVar = {
        "escapes by hand, and forgets the ampersand": (
            "another text",
            on_message("list.innerHTML += `<li>${data.replaceAll('<', '&lt;')}</li>`"),
        ),
        "takes scripts out": (
            "another text",
            on_message(ITEM + "item.textContent = data.replace(/<.?script>/g, '')\nlist.append(item)"),
        ),
        "helpers that this page doesn't have": (
            "Only a page that begins with `HELPERS` has",
            on_message("show(data)"),
        ),
        "the browser's own find": (
            "Write `document.getElementById`",
            on_message('find("messages").append(data)'),
        ),
        "Python's None": ("JavaScript's `None` is `null`", on_message("let item = None")),
        "parses JSON": (
            "is not valid JSON",
            on_message(ITEM + "item.textContent = JSON.parse(data)\nlist.append(item)"),
        ),
        "an insertion as HTML": (
            "an element `<b>`",
            on_message("list.insertAdjacentHTML('beforeend', `<li>${data}</li>`)"),
        ),
    }
    right: ClassVar = {
        "a text node": on_message(ITEM + "item.append(data)\nlist.append(item)"),
        "innerText and appendChild": on_message(ITEM + "item.innerText = data\nlist.appendChild(item)"),
        "escapes by hand": on_message(
            "list.innerHTML += `<li>${data.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</li>`"
        ),
        "the notebook's helpers": start("const ws = new WebSocket('ws')\nws.onmessage = event => show(event.data)"),
        "a module, with an absolute address": (
            '<ul id="messages"></ul><script type="module">\nconst url = new URL("ws", location.href)\n'
            'url.protocol = "ws:"\nconst ws = new WebSocket(url)\nfor (;;) {\n'
            '  const { data } = await new Promise(done => ws.addEventListener("message", done, { once: true }))\n'
            '  const item = document.createElement("li")\n  item.textContent = data\n'
            '  document.getElementById("messages").append(item)\n}</script>'
        ),
    }
