"""What happens to any page that is checked, whatever it does; and that it can reach nothing around it."""

import asyncio
import json

import pytest
from page_cases import page

from wslearn.exercises import browser as ex
from wslearn.exercises.engine.browser import stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONNECT = 'const ws = new WebSocket("ws")\n'
TROUBLEMAKERS = {
    "never ends": ("A loop in it never ends", "while (true) {}"),
    "never ends in a listener": ("A loop in it never ends", CONNECT + "ws.onmessage = () => { for (;;); }"),
    "throws": ("Your page raised Error: boom (line 5 of your page: `throw new", '\nlet x\nthrow new Error("boom")'),
    "throws in a listener": (
        "TypeError: ws.shout is not a function (line 5 of your page: `ws.onmessage = () => ws.shout()`)",
        CONNECT + "ws.onmessage = () => ws.shout()",
    ),
    "rejects": ("Your page raised Error: no (line 4", 'Promise.reject(new Error("no"))'),
    "throws in a timer": ("Your page raised Error: late (line 4", 'setTimeout(() => { throw new Error("late") })'),
    "has a syntax error": ("SyntaxError: Unexpected identifier 'ws' (line 5 of your page: `if ws)`)", "let x\nif ws)"),
    "ends too soon": ("Is a closing `}` or `)` missing?", "function f() {"),
    "sends too early": ("can send only after its `open` event", CONNECT + 'ws.send("hi")'),
    "asks": ('Your page called `prompt(Who?)`', 'prompt("Who?")'),
    "says": ("Your page called `alert(hi)`", CONNECT + "ws.onmessage = () => alert('hi')"),
    "goes elsewhere": ("left for another address, or reloaded", 'location = "http://127.0.0.1:9/"'),
    "goes elsewhere later": (
        "left for another address, or reloaded", CONNECT + 'ws.onmessage = () => location.assign("https://example.org")'
    ),
    "reloads": ("left for another address, or reloaded", CONNECT + "ws.onmessage = () => location.reload()"),
    "opens a thousand": ("more than 40 WebSockets", 'for (let n = 0; n < 1000; n++) new WebSocket("ws")'),
    "sends a thousand": (
        "did 6,000 things with its WebSockets",
        CONNECT + 'ws.onopen = () => { for (let n = 0; n < 100000; n++) ws.send("x") }',
    ),
    "fetches": ("asked for `https://example.org/`", 'fetch("https://example.org/").catch(() => {})'),
    "loads a script": (
        "asked for `https://cdn.example.org/vue.js` (`script-src-elem`)",
        'document.body.append(Object.assign(document.createElement("script"), {src: "https://cdn.example.org/vue.js"}))',
    ),
    "evaluates": ("runs a string as code", 'try { eval("1") } catch {}'),
    "has many timers": ("too many timers", "for (;;) setTimeout(() => {}, 1000)"),
    "wants a wrong URL": ("The URL's scheme must be", 'new WebSocket("ftp://127.0.0.1/")'),
    "closes with a wrong code": ("1001 is neither", CONNECT + "ws.onopen = () => ws.close(1001)"),
    "has never heard of it": ("Your page opened no WebSocket", "setInterval(() => {}, 0)"),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLEMAKERS)
async def test_whatever_it_does_there_is_a_diagnosis(screen, name):
    part, script = TROUBLEMAKERS[name]
    result = await ex.safe_text.check(page(script))
    assert result.state == "wrong" and part in result.message, result
    assert "check itself failed" not in result.message
    assert await ex.safe_text.check(page(GOOD)), "what comes after it is not disturbed"


GOOD = (
    CONNECT
    + """
ws.onmessage = ({ data }) => {
  const item = document.createElement("li")
  item.append(data)
  document.querySelector("#messages").append(item)
}"""
)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (5, "Expected your page as a string"), (None, "Expected your page as a string"), ("", "no `<script>`"),
        (GOOD, "no `<script>`"), (page(CONNECT, "<ul id=list>"), "no element `#messages`"),
    ],
)  # fmt: skip
async def test_what_is_no_page(screen, answer, part):
    result = await ex.safe_text.check(answer)
    assert result.state == "wrong" and part in result.message, result


async def test_without_a_browser_it_waits_once_and_says_what_it_needs(monkeypatch):
    """Other cells do not wait; a cell that is run again does. What was shown for a browser does not stay."""
    shown, hidden, cell = [], [], ["first"]
    monkeypatch.setattr(stage, "display", lambda text: shown.append(text) or (lambda: hidden.append(text)))
    monkeypatch.setattr(stage, "BROWSER", 0.1)
    monkeypatch.setattr(stage.cells, "current_cell", lambda: (cell[0], "run"))
    running = await stage.Stage.get()
    try:
        for name, count in (("first", 1), ("second", 1), ("third", 1), ("second", 2)):
            cell[0] = name
            result = await ex.safe_text.check(page(GOOD))
            assert str(result) == (
                "Not checked: your page runs in a browser, and none shows this notebook. Open the notebook in one, and "
                "run this cell again."
            )
            assert not result and len(shown) == count and hidden == shown
    finally:
        await running.stop()
        running.alone.clear()


# What a hostile page reaches

SPY = """
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


async def test_a_hostile_page_reaches_neither_the_notebook_nor_a_server(screen):
    """The server that it wants to reach would note even a connection without a request."""
    reached = []

    async def met(reader, writer):
        reached.append(await reader.read(100))
        writer.close()

    target = await asyncio.start_server(met, "127.0.0.1", 0)
    elsewhere = f"http://127.0.0.1:{target.sockets[0].getsockname()[1]}/"
    before = screen.url
    running = await stage.Stage.get()
    async with target, running.visit(page(SPY.replace("ELSEWHERE", elsewhere))) as visit:
        await visit.act("socket", socket=0, what="open")
        for _ in range(20):  # some of its attempts take real time
            await visit.act("pass", ms=100)
            if said := [event["data"] for event in visit.events if event["event"] == "sends"]:
                break
        tried = json.loads(said[0])
        blocked = {event["directive"] for event in visit.events if event["event"] == "blocked"}
        await screen.wait_for_timeout(300)  # whatever is on its way arrives
    refused = {name for name, outcome in tried.items() if outcome.startswith("refused")}
    assert refused == tried.keys() - {"beacon"}, tried
    assert tried["parent"] == tried["cookie"] == "refused SecurityError"
    assert {"connect-src", "img-src", "frame-src", "script-src-elem", "style-src-elem"} <= blocked
    assert reached == [] and screen.url == before
