"""Task 4 of lesson 08: hold back while the network is slow; only `bufferedAmount` tells."""

from typing import Any

from wslearn.exercises.browser.words import CONNECT
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: So many parts of so many characters; so much may wait, in bytes; so fast is the network, in bytes a second.
PARTS, SIZE, MOST, FAST = 100, 10_000, 100_000, 200_000
#: How long the whole takes at this speed, and how long the check waits for it, in seconds.
LEAST = PARTS * SIZE / FAST
WAITS = 3 * LEAST


def part(number: int) -> str:
    """Return a part as the page's own function `part` makes it."""
    return str(number).ljust(SIZE, ".")


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        ws = await _begins(page, FAST)
        await _holds_back(talk, ws)
        if ws.heard and (await page.look("#state")).text == "sent":
            talk.fail(EARLY, "the user", "sees", "'sent' in #state", expected="'sent' only when nothing waits")
        await page.network(1)
        received = len(ws.heard)
        await page.passes(5)
        await _holds_back(talk, ws)
        await page.network(FAST)
        while page.now < WAITS + 5 and len(ws.heard) < PARTS:
            state = (await page.look("#state")).text
            if state == "sent" and page.waiting(ws):
                talk.fail(EARLY, "the user", "sees", "'sent' in #state", expected="'sent' only when nothing waits")
            await page.passes(0.25)
            await _holds_back(talk, ws)
        _has_all(talk, ws, received)
        await page.passes(1)
        await page.sees("#state", "sent", "All parts have left the browser: `bufferedAmount` is 0. Now `#state` should "
                                          "show `sent`.")  # fmt: skip
        await ws.stays_open("All parts have left, and your page closed the WebSocket. It should stay open.")
    async with talk.page(answer) as page:
        ws = await _begins(page, FAST)
        await page.passes(1)
        await ws.vanishes()
        await page.passes(5)
        if ws.lost:
            text = "The connection was lost in the middle, and your page went on sending. `send` doesn't raise an error " \
                "on a closed WebSocket: the browser throws the messages away, and `bufferedAmount` only grows. Look at " \
                "`readyState` before you send."  # fmt: skip
            talk.fail(text, "the page", "sends", f"{ws.lost} parts on a closed WebSocket", expected="nothing more")
        if (await page.look("#state")).text == "sent":
            text = "The connection was lost in the middle, and `#state` shows `sent`."
            talk.fail(text, "the user", "sees", "'sent' in #state", expected="no 'sent' in #state")


EARLY = "`#state` shows `sent`, and parts are still waiting in the browser. `send` only puts a message into a queue, so " \
    "wait until `bufferedAmount` is 0."  # fmt: skip


async def _begins(page: Tab, speed: int) -> Socket:
    ws = await page.connects(CONNECT)
    await ws.hears_nothing("Your page sent a part before `#send` was pressed.")
    await page.network(speed)
    await page.presses("#send")
    await page.passes(0.25)
    if not ws.heard and not ws.most:
        await ws.hears(part(0), "`#send` was pressed, and your page sent nothing.", meaning="part 0")
    return ws


async def _holds_back(talk: PageTalk, ws: Socket) -> None:
    if ws.most <= MOST:
        return
    if ws.most > MOST + SIZE:
        text = f"{ws.most:,} bytes waited in the browser. At most {MOST:,} may wait. Look at `bufferedAmount` before each " \
            "`send`, and if too much is waiting, go on later with `setTimeout`."  # fmt: skip
    else:
        text = f"{ws.most:,} bytes waited, one part too much. `bufferedAmount` must have room for the next part before " \
            f"you send it: at most {MOST:,} bytes with it."  # fmt: skip
    talk.fail(text, "the page", "has", f"{ws.most:,} bytes waiting", expected=f"{MOST:,} bytes at most")


def _has_all(talk: PageTalk, ws: Socket, slow: int) -> None:
    numbers = [_number(one) for one in ws.heard]
    if numbers == list(range(PARTS)):
        talk.tells("the server", "receives", f"{PARTS} parts in order")
        return
    doubled = next((n for n, m in zip(numbers, numbers[1:], strict=False) if n == m), None)
    if None in numbers:
        text = "The server received a message that is not one of the parts. Send `part(0)`, `part(1)` and so on."
    elif len(set(numbers)) < len(numbers):
        which = doubled if doubled is not None else next(n for n in numbers if numbers.count(n) > 1)
        text = f"The server received part {which} more than once. Go on where you stopped: keep the number of the next " \
            "part in a variable that outlives the pause."  # fmt: skip
    elif len(numbers) < PARTS and numbers == list(range(len(numbers))):
        stops = len(numbers) <= slow + MOST // SIZE + 1
        text = f"After {WAITS:g} s only {len(numbers)} of {PARTS} parts have arrived. " + (
            "Your page held back, and didn't go on when the network had taken what was waiting. No event announces that: "
            "look again with `setTimeout`." if stops else
            f"The network could take all of them in {LEAST:g} s. Look more often, and send as much as there is room for.")  # fmt: skip
    else:
        missing = next((n for n in range(PARTS) if n not in numbers), None)
        text = "The parts arrived in another order." if missing is None else f"Part {missing} never arrived. While too " \
            "much waits, wait: don't leave a part out."  # fmt: skip
    talk.fail(text, "the server", "receives", f"{len(numbers)} parts", expected=f"{PARTS} parts, each once, in order")


def _number(came: Any) -> int | None:
    text = came.rstrip(".") if isinstance(came, str) else ""
    return int(text) if text.isdecimal() and came == part(int(text)) else None


back_pressure = PageExercise(
    _check,
    hints=(
        "`send` never waits. Before each part compare `ws.bufferedAmount` with the most that may wait, and if there is "
        "no room, call the same function again later with `setTimeout`.",
        "Keep `let next = 0` outside of the function, so that it goes on where it stopped. `while (next < 100 && "
        "ws.bufferedAmount + 10_000 <= 100_000) ws.send(part(next++))`.",
        "Return first if `ws.readyState !== WebSocket.OPEN`. After the loop: if `next` is 100 and `bufferedAmount` is 0, "
        "show `sent`, otherwise `setTimeout(more, 20)`.",
    ),
    answer='''
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Holding back</title>
<button id="send">Send</button>
<p id="state"></p>
<script>
  const part = number => String(number).padEnd(10_000, ".")
  const ws = new WebSocket("ws")
  let next = 0
  function more() {
    if (ws.readyState !== WebSocket.OPEN) return
    while (next < 100 && ws.bufferedAmount + 10_000 <= 100_000) ws.send(part(next++))
    if (next === 100 && ws.bufferedAmount === 0) {
      document.querySelector("#state").textContent = "sent"
    } else {
      setTimeout(more, 20)
    }
  }
  document.querySelector("#send").addEventListener("click", more)
</script>
"""
''',
    why="A browser's WebSocket has no back-pressure: `send` accepts everything, and the page's memory grows. There is no "
    "event for a queue that has room again, so a page has to look.",
)
