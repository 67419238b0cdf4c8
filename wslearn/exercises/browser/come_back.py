"""Task 5 of lesson 08: leave politely in `pagehide`, and come back in `pageshow`."""

from wslearn.exercises.browser.words import CONNECT, message_is_shown
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: How long the user is away, in seconds.
AWAY = 60.0


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        ws = await page.connects(CONNECT)
        if page.listens:
            name = min(page.listens)
            talk.fail(
                f"Your page listens for `{name}`. A browser then doesn't keep the page for Back, or only asks the user. "
                "`pagehide` comes whenever the user leaves.", "the page", "listens", f"for {name}", expected="for pagehide",
            )  # fmt: skip
        await ws.says("one")
        await message_is_shown(page, ["one"])
        await page.happens("visibilitychange")
        await ws.stays_open("The user looked at another tab for a moment, and your page closed its WebSocket. Only "
                            "`pagehide` means that she has left.")  # fmt: skip
        await page.happens("blur")
        await ws.stays_open("The window lost the focus, and your page closed its WebSocket. Only `pagehide` means that "
                            "the user has left.")  # fmt: skip
        await _leaves(page, ws)
        ws = await _returns(page, "The user came back (`pageshow` with `persisted` true), and")
        await ws.accepts()
        await ws.says("two")
        await message_is_shown(page, ["one", "two"])
        await _leaves(page, ws)
        ws = await _returns(page, "The user left and came back a second time, and")
        await _leaves(page, ws, connecting=True)
        ws = await _returns(page, "The user left while your page was still connecting, then came back, and")
        await ws.accepts()
        await ws.says("three")
        await message_is_shown(page, ["one", "two", "three"])
        await page.returns(persisted=False)
        await page.opens_nothing(
            "`pageshow` came with `persisted` false, and your page opened another WebSocket. A browser fires it after each "
            "load of a page, when your script has connected already. Connect only if `event.persisted` is true."
        )


async def _leaves(page: Tab, ws: Socket, *, connecting: bool = False) -> None:
    await page.leaves()
    while_ = "while your page was still connecting, " if connecting else ""
    await ws.is_closed(None, (
        f"The user left {while_}and your page's WebSocket is still there. A browser may keep the page with its WebSocket, "
        "and the server believes that the user is here. "
        + ("`close()` works before `open` too: don't look at `readyState`." if connecting else
           "Call `ws.close()` in the `pagehide` event of `window`.")
    ))  # fmt: skip
    if not connecting and ws.closed and ws.closed[0] not in (1000, 1005):
        page.notes.fail(
            f"Your page closed with {ws.closed[0]}. The user left, which is no error: `ws.close(1000)`.",
            "the page", "closes", f"with {ws.closed[0]}", expected="with 1000",
        )  # fmt: skip
    await page.passes(AWAY)
    await page.opens_nothing(
        "The user has left, and your page connected again. Its `close` event can't tell why it closed, so connect again "
        "only in `pageshow`."
    )


async def _returns(page: Tab, after: str) -> Socket:
    await page.returns()
    return await page.opens({
        0: f"{after} your page opened no WebSocket. Its script doesn't run again then: connect in the `pageshow` event of "
           "`window`.",
        int: f"{after} your page opened several WebSockets. Add the listeners of `window` once, not in the function that "
             "connects.",
    })  # fmt: skip


come_back = PageExercise(
    _check,
    hints=(
        "Put `new WebSocket` and its `message` listener into a function `connect`, and call it when the page loads. Add "
        "two listeners to `window`, outside of it.",
        "In `pagehide` call `ws.close(1000)`. In `pageshow` call `connect()`, but only if `event.persisted` is true.",
        'Write `let ws` before the function, then `addEventListener("pagehide", () => ws.close(1000))` and '
        '`addEventListener("pageshow", event => { if (event.persisted) connect() })`.',
    ),
    answer='''
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Leaving and coming back</title>
<ul id="messages"></ul>
<script>
  let ws
  function connect() {
    ws = new WebSocket("ws")
    ws.addEventListener("message", event => {
      const item = document.createElement("li")
      item.textContent = event.data
      document.querySelector("#messages").append(item)
    })
  }
  addEventListener("pagehide", () => ws.close(1000))
  addEventListener("pageshow", event => {
    if (event.persisted) connect()
  })
  connect()
</script>
"""
''',
    why="For Back and Forward a browser keeps a page as it was, script and variables included. Nothing runs again, so "
    "`pageshow` is the only sign that the user is back.",
)
