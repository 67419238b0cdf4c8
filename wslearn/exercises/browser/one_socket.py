"""Task 2 of lesson 08: one WebSocket, however often the button is pressed."""

from wslearn.exercises.browser.words import message_is_shown
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

PRESSED = "`#connect` was pressed, and your page opened no WebSocket. Call `new WebSocket(\"ws\")` in the button's `click` " \
    "listener."  # fmt: skip


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        await page.look("#messages")
        await page.opens_nothing("Nobody has pressed `#connect`, and your page opened a WebSocket. Wait for the `click`.")
        await page.presses("#connect")
        ws = await page.opens({0: PRESSED, int: "One press of `#connect` opened several WebSockets. Open one."})
        await page.presses("#connect")
        await _opens_no_other(
            page, ws,
            "`#connect` was pressed twice, before the first WebSocket was open, and your page opened a second one. A "
            "WebSocket that is still connecting counts too: look at `WebSocket.CONNECTING`, or at your variable.",
        )  # fmt: skip
        await ws.accepts()
        for _ in range(3):
            await page.presses("#connect")
            await _opens_no_other(
                page, ws,
                "`#connect` was pressed while the WebSocket was open, and your page opened another. Then each message "
                "arrives twice, and the server counts one person twice. Open one only if you have none.",
            )  # fmt: skip
        await ws.says("one")
        await message_is_shown(page, ["one"])
        await ws.closes(1001, "restarting")
        await page.opens_nothing("The server closed, and your page connected at once. Here it should wait for a press.")
        ws = await _opens_again(page, "The server has closed the WebSocket. Then `#connect` was pressed, and")
        await ws.refuses()
        ws = await _opens_again(page, "The server refused the WebSocket. Then `#connect` was pressed, and")
        await ws.accepts()
        await page.presses("#connect")
        await _opens_no_other(
            page, ws,
            "The page had connected again, and one more press opened a second WebSocket. What you look at must be the "
            "newest WebSocket, not the first.",
        )  # fmt: skip
        await ws.says("two")
        await message_is_shown(page, ["one", "two"])
        await ws.stays_open("Your page closed its newest WebSocket, although nobody asked for that.")


async def _opens_no_other(page: Tab, ws: Socket, message: str) -> None:
    await ws.stays_open(
        "A second press closed the WebSocket that was there. Messages that are on their way would be lost: leave it, and "
        "do nothing."
    )
    await page.opens_nothing(message)


async def _opens_again(page: Tab, after: str) -> Socket:
    pressed = await page.presses("#connect")
    return await page.opens({
        0: f"{after} your page opened no WebSocket. " + (
            "The old one is of no use any more: look at its `readyState`, or forget it in its `close` event."
            if pressed else "The button is disabled. Enable it in the `close` event, which comes however it ended."),
        int: f"{after} it opened several.",
    })  # fmt: skip


one_socket = PageExercise(
    _check,
    hints=(
        "Keep the WebSocket in a variable outside the listener, and open another only if the old one is of no use.",
        "`readyState` is `WebSocket.CONNECTING`, `OPEN`, `CLOSING` or `CLOSED`. After the first two, do nothing.",
        "Begin the listener with `if (ws && ws.readyState <= WebSocket.OPEN) return`, then assign `ws = new "
        'WebSocket("ws")` and listen for its messages.',
    ),
    answer='''
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>One WebSocket</title>
<button id="connect">Connect</button>
<ul id="messages"></ul>
<script>
  let ws = null
  document.querySelector("#connect").addEventListener("click", () => {
    if (ws && ws.readyState <= WebSocket.OPEN) return
    ws = new WebSocket("ws")
    ws.addEventListener("message", event => {
      const item = document.createElement("li")
      item.textContent = event.data
      document.querySelector("#messages").append(item)
    })
  })
</script>
"""
''',
    why="`CONNECTING` is 0 and `OPEN` is 1, so one comparison covers the moment in which most second presses happen: "
    "when nothing seems to have happened after the first.",
)
