"""Task 2 of lesson 08: one WebSocket, however often the button is pressed."""

from wslearn.exercises.browser.words import message_is_shown, state_is
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

PRESSED = "`#connect` was pressed, and your page opened no WebSocket. Call `new WebSocket(\"ws\")` in the button's " \
    "`click` listener."  # fmt: skip


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        await page.look("#messages")
        await page.opens_nothing(
            "Nobody has pressed `#connect`, and your page opened a WebSocket. Wait for the `click`: give the button "
            "the function itself, without `()`."
        )
        await page.presses("#connect")
        ws = await page.opens({0: PRESSED, int: "One press of `#connect` opened several WebSockets. Open one."})
        await page.presses("#connect")
        await _opens_no_other(
            page, ws,
            "`#connect` was pressed twice, before the first WebSocket was open, and your page opened a second one. A "
            "WebSocket that is still connecting counts too: its `readyState` is the number `WebSocket.CONNECTING`. "
            "Does your variable last from one press to the next?",
        )  # fmt: skip
        await ws.accepts()
        await state_is(page, "open", "The server has accepted the WebSocket.")
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
        await state_is(page, "closed", "The server has closed the WebSocket.")
        ws = await _opens_again(page, "The server has closed the WebSocket. Then `#connect` was pressed, and")
        await ws.refuses()
        await state_is(page, "closed", "The server has refused the WebSocket.")
        ws = await _opens_again(page, "The server refused the WebSocket. Then `#connect` was pressed, and")
        await ws.accepts()
        await state_is(page, "open", "The page has connected again.")
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
        "A second press closed the WebSocket that was there. Messages that are on their way would be lost: leave it, "
        "and do nothing."
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
        "Begin `connect` with `if (ws && ws.readyState <= WebSocket.OPEN) return`, then "
        'assign `ws = new WebSocket("ws")`.',
    ),
    answer='''
one_socket_page = START + """
let ws
function connect() {
    if (ws && ws.readyState < WebSocket.CLOSING) return
    ws = new WebSocket("ws")
    ws.onopen = () => tell("open")
    ws.onclose = () => tell("closed")
    ws.onmessage = event => show(event.data)
}
find("connect").onclick = connect
</script>"""
''',
    why="`CONNECTING` is 0 and `OPEN` is 1, so one comparison covers the moment in which most second presses happen: "
    "when nothing seems to have happened after the first.",
)
