"""Task 6 of lesson 08, reading: what a short page with five weak points does."""

from typing import Any

from wslearn.exercises.engine.browser import PageReading, PageTalk, Tab

PAGE = """
<!doctype html>
<ul id="messages"></ul> <button id="send">Send</button>
<script>
const list = document.getElementById("messages")
const show = text => { list.innerHTML += "<li>" + text + "</li>" }
let ws, tries = 0
const hello = () => { if (ws.bufferedAmount === 0) ws.send("attempt " + tries) }

function connect() {
    tries += 1
    ws = new WebSocket("ws")
    ws.onopen = hello
    ws.onmessage = event => show(event.data)
    ws.onclose = event => { if (!event.wasClean) connect() }
}
connect()
document.getElementById("send").onclick = hello
addEventListener("pagehide", () => {
    try { ws.close(1001) } catch (error) { show(error.name) }
})
</script>
"""
TEXT, BYTES = "<b>hi</b>", b"\x01\x02"


async def _happens(talk: PageTalk, page: Tab) -> dict[str, Any]:
    for _ in range(2):
        await (await page.opens()).refuses()
    ws = await page.connects()
    await ws.says(TEXT)
    await ws.says(BYTES)
    await ws.closes(1011, "an error")
    await page.presses("#send")
    await page.presses("#send")
    await page.leaves()
    text, data, *_, last = (await page.look("#messages")).items
    return {
        "first": ws.heard[0], "text": text, "bytes": data, "sockets": len(page.sockets),
        "waiting": page.waiting(ws), "last": last,
    }  # fmt: skip


impatient = PageReading(
    PAGE,
    _happens,
    clues={
        "first": {
            "attempt 1": "Two connections were refused before this one. Which line counts them?",
            "attempt 2": "The first two connections were refused. With which one can the page send?",
            "attempt 0": "Which line runs first: the one that adds to `tries`, or the one that sends it?",
        },
        "text": {
            TEXT: "`show` puts the message into `innerHTML`. What does the browser make of `<b>` there?",
        },
        "bytes": {
            "[object ArrayBuffer]": 'A page gets that after `ws.binaryType = "arraybuffer"`. Does this page say so?',
            "[object Uint8Array]": "A page may send a `Uint8Array`, but no message arrives as one.",
            "Blob": "The page adds the object to a text, so it becomes a text such as `[object Window]`.",
            bytes: "Write what Ann reads, as a string: a page shows an object as a text such as `[object Window]`.",
            str: "Part 3 shows what a binary message is if a page doesn't set `binaryType`. As a text it looks like "
            "`[object Window]`, with another word for `Window`.",
        },
        "sockets": {
            4: "1011 came with a closing handshake. What does `wasClean` say then?",
            1: "What does `onclose` do after a refusal? `close` comes after a failed connection too.",
            2: "Count the refused ones too, and the one that was accepted.",
            5: "Nothing but `connect` makes a WebSocket. After which of the three ends does it run again?",
        },
        "waiting": {
            0: "The WebSocket was closed when Ann pressed **Send**. Part 3 shows what happens to such a message, and "
            "to `bufferedAmount`.",
            18: "What does the condition in `hello` find when Ann presses **Send** the second time?",
        },
        "last": {
            "[object Blob]": "This page does add a line when Ann leaves. What happens when it closes with 1001?",
            "InvalidStateError": "`send` raises that error while a connection opens. Which one does `close` raise if "
            "it gets a wrong code?",
            "Error": "That is too general: part 3 printed the name of this error several times.",
            str: "Part 3 printed the name of the error that `close` raises if it gets a wrong code.",
        },
    },
    hints=(
        "Follow the page event by event: two times `close` without an `open`, then `open`, two messages, `close` with "
        "1011, two clicks, `pagehide`. Write down `tries` and `ws` after each of them.",
        "`wasClean` is true after a closing handshake, whatever the code is. After a refusal it is false.",
        "`send` on a closed WebSocket throws the message away, but adds its bytes to `bufferedAmount`, for ever.",
    ),
    answer="""
seen = {
    "first": "attempt 3",          # each call of connect counts, and only the third one was accepted
    "text": "hi",                  # innerHTML made an element <b> of the message
    "bytes": "[object Blob]",      # what a page gets if it sets no binaryType
    "sockets": 3,                  # 1011 came with a closing handshake, so wasClean was true
    "waiting": 9,                  # "attempt 3" was thrown away, and its bytes count for ever
    "last": "InvalidAccessError",  # a page may close with 1000 and with 3000 to 4999
}
""",
    why="The page connects again at once after a refusal, and never after 1011, although the server may be well again "
    "a second later. `wasClean` doesn't tell whether another attempt makes sense: the code does. And the page looks at "
    "`bufferedAmount` in place of `readyState`, so the first text after the end is lost without an error.",
)
