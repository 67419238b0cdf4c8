"""Task 5 of lesson 08: leave politely in `pagehide`, and come back in `pageshow`."""

from typing import Any

from wslearn.exercises.browser.words import CONNECT, message_is_shown, state_is
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: For the first WebSocket.
AT_FIRST = {
    0: CONNECT[0],
    int: "Your page opened several WebSockets as soon as it loaded. Open one: `pageshow` comes after each load too, so "
    "look at `event.persisted` there.",
}
#: How long the user is away, in seconds.
AWAY = 60.0


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        ws = await page.opens(AT_FIRST)
        await ws.stays_open(
            "Your page closed its WebSocket as soon as it had opened it, and the user is still here. Give "
            "`addEventListener` a function that closes: `() => ws.close(1000)`."
        )
        await _sends(page, ws, "a", "b")
        await ws.accepts()
        await state_is(page, "open", "The WebSocket is open.")
        await _receives(ws, "a", "b")
        if page.listens:
            name = min(page.listens)
            talk.fail(
                f"Your page listens for `{name}`. Then some browsers don't keep the page for Back. `pagehide` comes "
                "whenever the user leaves, so listen for that.",
                "the page", "listens", f"for {name}", expected="for pagehide",
            )  # fmt: skip
        await ws.says("one")
        await message_is_shown(page, ["one"])
        await page.happens("visibilitychange")
        await ws.stays_open("The user looked at another tab for a moment, and your page closed its WebSocket. Only "
                            "`pagehide` means that she has left.")  # fmt: skip
        await page.happens("blur")
        await ws.stays_open("The window lost the focus, and your page closed its WebSocket. Only `pagehide` means that "
                            "the user has left.")  # fmt: skip
        await _sends(page, ws, "c")
        await _receives(ws, "c")
        await _leaves(page, ws)
        await state_is(page, "closed", "The user has left, and the WebSocket is closed.")
        ws = await _returns(page, "The user came back (`pageshow` with `persisted` true), and")
        await _sends(page, ws, "d")
        await ws.accepts()
        await state_is(page, "open", "The user is back, and the WebSocket is open.")
        await _receives(ws, "d")
        await ws.says("two")
        await message_is_shown(page, ["one", "two"])
        await ws.closes(1001, "restarting")
        await _sends(page, ws, "e", "f")
        await _leaves(page, ws, gone=True)
        ws = await _returns(page, "The user left and came back a second time, and")
        await _leaves(page, ws, connecting=True)
        ws = await _returns(page, "The user left while your page was still connecting, then came back, and")
        await ws.accepts()
        await _receives(ws, "e", "f")
        await ws.says("three")
        await message_is_shown(page, ["one", "two", "three"])
        await page.returns(persisted=False)
        await page.opens_nothing(
            "`pageshow` came with `persisted` false, and your page opened another WebSocket. A browser fires it after "
            "each load of a page, when your script has connected already. Connect only if `event.persisted` is true."
        )


async def _sends(page: Tab, ws: Socket, *texts: str) -> None:
    """Type these texts and send each; the user does so while there is no open connection too."""
    for text in texts:
        await page.types("#text", text)
        lost = ws.lost
        await page.presses("#send")
        if ws.lost > lost:
            page.notes.fail(
                f"The user sent `{text}` when the connection was closed, and your page called `send` on the closed "
                "WebSocket, which throws messages away. Keep the text in an array until a connection is open.",
                "the page", "sends", f"'{text}' on a closed WebSocket", expected="nothing before a connection is open",
            )  # fmt: skip


async def _receives(ws: Socket, *texts: str) -> None:
    """Expect these texts, and no other."""
    for text in texts:

        def about(came: Any, text: str = text) -> str:
            if came is None:
                what = "no more" if ws.heard else "nothing"
                then = "Send what is waiting in the `open` event, oldest first, and what is typed later at once."
            else:
                what = f"`{came!s:.40}`"
                then = "Keep the texts in order, and take each out of your array when you send it."
            sent = ", ".join(f"`{one}`" for one in texts)
            return f"The user sent {sent}. The server received {what}, not `{text}`. {then}"

        await ws.hears(text, about)
    await ws.hears_nothing(
        lambda came: f"The server received `{came!s:.40}` once more. Take a text out of your array when you send it."
    )


async def _leaves(page: Tab, ws: Socket, *, connecting: bool = False, gone: bool = False) -> None:
    await page.leaves()
    while_ = "while your page was still connecting, " if connecting else ""
    if gone:
        await page.passes(AWAY)
        return await page.opens_nothing("The user has left, and your page connected again. Wait for `pageshow`.")
    await ws.is_closed(None, (
        f"The user left {while_}and your page's WebSocket is still there. A browser may keep the page with its "
        "WebSocket, and the server believes that the user is here. "
        + ("`close()` works before `open` too: don't look at `readyState`." if connecting else
           "Call `ws.close()` in the `pagehide` event of `window`.")
    ))  # fmt: skip
    if not connecting and ws.closed and ws.closed[0] != 1000:
        page.notes.fail(
            "The user left, so the page should close with 1000: `ws.close(1000)`. "
            + ("Without a code the server sees 1005, no code at all." if ws.closed[0] == 1005 else
               f"It closed with {ws.closed[0]}."),
            "the page", "closes", f"with {ws.closed[0]}", expected="with 1000",
        )  # fmt: skip
    await page.passes(AWAY)
    await page.opens_nothing(
        "The user has left, and your page connected again. Its `close` event can't tell why it closed, so connect "
        "again only in `pageshow`."
    )


async def _returns(page: Tab, after: str) -> Socket:
    await page.returns()
    return await page.opens({
        0: f"{after} your page opened no WebSocket. Its script doesn't run again then: connect in the `pageshow` event "
           "of `window`.",
        int: f"{after} your page opened several WebSockets. Add the listeners of `window` once, not in the function "
             "that connects.",
    })  # fmt: skip


come_back = PageExercise(
    _check,
    hints=(
        "Add two listeners to `window`, outside of `connect`: for `pagehide` and `pageshow`. Keep what the user sends "
        "in an array, and empty that array whenever the WebSocket is open.",
        "In `pagehide` call `ws.close(1000)`. In `pageshow` call `connect()`, but only if `event.persisted` is true.",
        "Write `function flush() { while (queue.length && ws.readyState === WebSocket.OPEN) ws.send(queue.shift()) }`. "
        "Call it in `onopen`, and after each `queue.push(…)`.",
    ),
    answer='''
come_back_page = START + """
let ws
const queue = []
function connect() {
    ws = new WebSocket("ws")
    ws.onopen = () => {
        tell("open")
        flush()
    }
    ws.onclose = () => tell("closed")
    ws.onmessage = event => show(event.data)
}
function flush() {
    while (queue.length && ws.readyState === WebSocket.OPEN) ws.send(queue.shift())
}
find("send").onclick = () => {
    queue.push(find("text").value)
    flush()
}
addEventListener("pagehide", () => ws.close(1000))
addEventListener("pageshow", event => { if (event.persisted) connect() })
connect()
</script>"""
''',
    why="For Back and Forward a browser keeps a page as it was, script and variables included. Nothing runs again, so "
    "`pageshow` is the only sign that the user is back.",
)
