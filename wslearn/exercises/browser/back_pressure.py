"""Task 4 of lesson 08: hold back while the network is slow; only `bufferedAmount` tells."""

from typing import Any

from wslearn.exercises.browser.words import CONNECT
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: So many parts of so many characters; so much may wait, in bytes; so fast is the network, in bytes a second.
PARTS, SIZE, MOST, FAST = 1000, 10_000, 100_000, 5_000_000
#: How long the whole takes at this speed, and how long the check waits for it, in seconds of the page's clock.
LEAST, WAITS = PARTS * SIZE / FAST, 60.0
EARLY = "`#state` shows `sent`, and only {count} of 1,000 parts have been sent."


def part(number: int) -> str:
    """Return a part as the task describes it."""
    return str(number).ljust(SIZE)


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        ws = await _begins(talk, page)
        await page.network(10)
        await page.passes(1)
        received = len(ws.heard)
        await page.passes(5)
        await _holds_back(talk, page, ws)
        await page.network(FAST)
        step = 0.25
        while page.now < WAITS and len(ws.heard) < PARTS:
            await page.passes(step)
            await _holds_back(talk, page, ws)
            step = step if page.now < 4 * LEAST else 5.0
        _has_all(talk, ws, received)
        await page.passes(1)
        await ws.stays_open("All parts have been sent, and your page closed the WebSocket. It should stay open.")
        await page.sees("#state", "sent", "All parts have been sent. Now `#state` should show `sent`.")
    async with talk.page(answer) as page:
        ws = await _begins(talk, page)
        await page.network(100 * SIZE)
        await page.passes(0.2)
        await page.network(None)  # nothing waits at that moment, so only `readyState` tells
        await ws.vanishes()
        await page.passes(5)
        if ws.lost:
            text = "The connection closed in the middle, and your page went on sending. `send` doesn't raise an " \
                "error on a closed WebSocket: the browser throws the messages away, and `bufferedAmount` only grows. " \
                "Check `readyState` before each `send`."  # fmt: skip
            talk.fail(text, "the page", "sends", f"{ws.lost} parts on a closed WebSocket", expected="nothing more")
        await page.sees("#state", "closed", {
            "sent": "The connection closed in the middle, and `#state` shows `sent`. Leave the function with `return` "
                    "when the WebSocket isn't open.",
            str: "The connection closed in the middle. `#state` should show `closed`.",
        })  # fmt: skip


async def _begins(talk: PageTalk, page: Tab) -> Socket:
    ws = await page.connects(CONNECT)
    await ws.hears_nothing("Your page sent a part before `#send` was pressed.")
    await page.network(FAST)
    await page.presses("#send")
    await page.passes(0.05)
    if not ws.heard:
        await page.passes(2)
    if not ws.heard and not ws.most:
        await ws.hears(part(0), "`#send` was pressed, and your page sent nothing.", meaning="part 0")
    await _holds_back(talk, page, ws)
    return ws


async def _holds_back(talk: PageTalk, page: Tab, ws: Socket) -> None:
    if ws.most <= MOST:
        count = len(ws.heard) + page.waiting(ws) // SIZE
        if count < PARTS and (await page.look("#state")).text == "sent":
            if gap := _missing([_number(one) for one in ws.heard]):
                talk.fail(gap, "the server", "receives", f"{len(ws.heard)} parts", expected="each part, in order")
            talk.fail(EARLY.format(count=count), "the user", "sees", "'sent' in #state", expected="'sent' at the end")
        return
    if ws.most > MOST + SIZE:
        text = f"{ws.most:,} bytes waited in the browser. At most {MOST:,} may wait. Look at `bufferedAmount` before " \
            "each `send`, and if too much is waiting, go on later with `setTimeout`."  # fmt: skip
    else:
        text = f"{ws.most:,} bytes waited, one part too much. `bufferedAmount` must have room for the next part " \
            f"before you send it: at most {MOST:,} bytes with it."  # fmt: skip
    talk.fail(text, "the page", "has", f"{ws.most:,} bytes waiting", expected=f"{MOST:,} bytes at most")


def _has_all(talk: PageTalk, ws: Socket, slow: int) -> None:
    numbers = [_number(one) for one in ws.heard]
    if numbers == list(range(PARTS)):
        talk.tells("the server", "receives", f"{PARTS} parts in order")
        return
    if None in numbers:
        text = "The server received a message that is not one of the parts: `String(i).padEnd(10_000)`."
    elif len(set(numbers)) < len(numbers):
        which = next(n for n in numbers if numbers.count(n) > 1)
        text = f"The server received part {which} more than once. Go on where you stopped: keep the number of the " \
            "next part in a variable that outlives the pause."  # fmt: skip
    elif len(numbers) < PARTS and numbers == list(range(len(numbers))):
        stops = len(numbers) <= slow + MOST // SIZE + 1
        text = f"After {WAITS:g} s of the page's clock only {len(numbers)} of {PARTS} parts have arrived. " + (
            "Your page held back, and didn't go on when the network had taken what was waiting. No event announces "
            "that: look again with `setTimeout`." if stops else
            f"The network could take all of them in {LEAST:g} s. Look more often, and send "
            "as much as there is room for.")  # fmt: skip
    else:
        text = _missing(numbers) or "The parts arrived in another order."
    talk.fail(text, "the server", "receives", f"{len(numbers)} parts", expected=f"{PARTS} parts, each once, in order")


def _missing(numbers: list[int | None]) -> str:
    """Return what is said about the first part that others have overtaken, or nothing."""
    last = max((number for number in numbers if number is not None), default=-1)
    missing = next((number for number in range(last) if number not in numbers), None)
    return (
        "" if missing is None else f"Part {missing} never arrived. While too much waits, wait: don't leave a part out."
    )


def _number(came: Any) -> int | None:
    text = came.rstrip() if isinstance(came, str) else ""
    return int(text) if text.isdecimal() and came == part(int(text)) else None


back_pressure = PageExercise(
    _check,
    hints=(
        "`send` never waits. Before each one compare `ws.bufferedAmount` with the most that may wait. If there is no "
        "room, wait a moment with `await sleep(10)`, and look again.",
        "The part that you are about to send counts too: "
        "`while (ws.bufferedAmount + 10_000 > 100_000) await sleep(10)`.",
        "A WebSocket that has closed never gets room again. Put `ws.readyState === WebSocket.OPEN &&` into the "
        "condition of the loop, and after it `if (ws.readyState !== WebSocket.OPEN) return`.",
    ),
    answer='''
back_pressure_page = START + """
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const ws = new WebSocket("ws")
ws.onopen = () => tell("open")
ws.onclose = () => tell("closed")
find("send").onclick = async () => {
    for (let i = 0; i < 1000; i++) {
        while (ws.readyState === WebSocket.OPEN && ws.bufferedAmount + 10_000 > 100_000) await sleep(10)
        if (ws.readyState !== WebSocket.OPEN) return
        ws.send(String(i).padEnd(10_000))
    }
    tell("sent")
}
</script>"""
''',
    why="A browser's WebSocket has no back-pressure: `send` accepts everything, and the page's memory grows. There is "
    "no event for a queue that has room again, so a page has to look.",
)
