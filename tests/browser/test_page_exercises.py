"""What happens to any page that is checked, whatever it does; and that it can reach nothing around it."""

import asyncio
import json

import pytest
from page_cases import assert_refused, check, page, spy, untouched
from pages import PATIENCE

from wslearn import browser
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
    result = await check(ex.safe_text, page(script), part)
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


async def test_without_a_browser_it_waits_once_and_says_what_it_needs(monkeypatch, capsys):
    """Other cells do not wait, of checks and of `Browser` alike; a cell that is run again does.

    What was shown for a browser does not stay.
    """
    shown, hidden, now = [], [], []
    patience = browser.Patience()
    monkeypatch.setattr(stage, "display", lambda text: shown.append(text) or (lambda: hidden.append(text)))
    monkeypatch.setattr(browser, "FIRST", 0.1)
    monkeypatch.setattr(browser.cells, "current_cell", lambda: now[-1])
    for module in (browser, stage):
        monkeypatch.setattr(module, "patience", patience)
    running = await stage.Stage.get()
    try:
        for run, (cell, count) in enumerate((("first", 1), ("second", 1), ("third", 1), ("second", 2))):
            now.append((cell, f"run {run}"))
            result = await ex.safe_text.check(page(GOOD))
            assert str(result) == (
                "Not checked: the page runs in a browser, and none shows this notebook. Open the notebook in one, and "
                "run this cell again."
            )
            assert not result and len(shown) == count and hidden == shown
        assert patience.seconds == 0
        async with browser.Browser() as other:
            now.append(("fourth", "run 4"))
            await other.run("log(1)")
            assert capsys.readouterr().out == f"{browser.NEEDS}\n"
            now.append(("fourth", "run 5"))
            assert patience.seconds == 0.1
            await other.run("log(1)")
            now.append(("fifth", "run 6"))
            assert not await ex.safe_text.check(page(GOOD)) and len(shown) == 2
    finally:
        await running.stop()


# What a hostile page reaches

#: By which rules of its policy the browser blocks some of what it tries.
DIRECTIVES = {"connect-src", "img-src", "frame-src", "script-src-elem", "style-src-elem"}


async def test_a_hostile_page_reaches_neither_the_notebook_nor_a_server(screen):
    before = screen.url
    async with untouched() as elsewhere:
        running = await stage.Stage.get()
        async with running.visit(spy(elsewhere, screen.url)) as visit:
            await visit.act("socket", socket=0, what="open")
            said, blocked = [], set()
            async with asyncio.timeout(PATIENCE):
                while not said or not blocked >= DIRECTIVES:
                    await visit.act("pass", ms=100)
                    await asyncio.sleep(0.05)  # some of its attempts take real time
                    said = [event["data"] for event in visit.events if event["event"] == "sends"]
                    blocked = {event["directive"] for event in visit.events if event["event"] == "blocked"}
        assert_refused(json.loads(said[0]))
    assert screen.url == before
