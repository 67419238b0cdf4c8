"""Task 3 of lesson 08: come back after a failure, with pauses that grow, and give up where it is of no use."""

from wslearn.exercises.browser.words import CONNECT
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: Seconds: the first limit and the highest; and how far a pause may be from what is expected.
FIRST, HIGHEST, NEAR = 1.0, 30.0, 0.05
#: Longer than any pause, in seconds.
LONG = 70.0
HALF = 0.5
TERMINAL = {1000: "", 1008: "your token has expired", 3000: "who are you?", 3003: "not for you"}


async def _check(talk: PageTalk, answer: object) -> None:
    for number, (code, reason) in enumerate(TERMINAL.items()):
        async with talk.page(answer) as page:
            await page.chance(HALF)
            ws = await page.connects(CONNECT)
            await _state(page, "connected", "The WebSocket is open.")
            if number == 0:
                ws = await _grows(talk, page, ws)
            await _gives_up(page, ws, code, reason)


async def _grows(talk: PageTalk, page: Tab, ws: Socket) -> Socket:
    """Fail again and again, and expect the right pauses; return the last WebSocket, which is open."""
    limits = [min(FIRST * 2**failures, HIGHEST) for failures in range(7)]
    pauses: list[float] = []
    for limit in limits:
        began = page.now
        await (ws.vanishes() if ws.open else ws.refuses())
        if not page.unanswered():
            await _state(page, "waiting", "The connection was lost, and your page is waiting to try again.")
        ws = await _comes_back(page, "The connection was lost" if not pauses else "The server refused a connection")
        pauses.append(ws.at - began)
        _judge_pause(talk, pauses, limit)
    await ws.accepts()
    await _state(page, "connected", "The page has reconnected.")
    began = page.now
    await ws.vanishes()
    ws = await _comes_back(page, "The connection was lost once more")
    if abs((pause := ws.at - began) - HALF * FIRST) > NEAR:
        text = "The page had reconnected, then the connection was lost again. This is the first failure in a row, so " \
            "the limit is 1 s again. Set your count of failures to 0 in the `open` event."  # fmt: skip
        talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{HALF * FIRST:g} s")
    await ws.accepts()
    await page.chance(0.9)
    began = page.now
    await ws.vanishes()
    ws = await _comes_back(page, "The connection was lost once more")
    if min(abs((pause := ws.at - began) - share) for share in (0.9, 0.1)) > NEAR:
        text = "The pause should be random, between 0 and the limit: multiply the limit with `Math.random()`, anew for " \
            "each pause. Otherwise all clients of a server that restarts come back at the same moment."  # fmt: skip
        talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected="0.9 of the limit of 1 s")
    await page.chance(HALF)
    await ws.accepts()
    for code, why in ((1001, "the server is going away"), (1012, "the server restarts"), (1011, "an error")):
        await ws.closes(code, why)
        ws = await _comes_back(page, f"The server closed with {code}, which isn't terminal")
        await ws.accepts()
    return ws


async def _comes_back(page: Tab, after: str) -> Socket:
    await page.opens_nothing(
        f"{after}, and your page connected again at once. If the server is down, this is a storm of attempts. Wait first, "
        "with `setTimeout`, which takes milliseconds: 1 s is 1000."
    )
    await page.passes(LONG)
    return await page.opens({
        0: f"{after}, and your page didn't try again. Connect again after a pause, in the `close` event, which comes "
           "after a refusal too.",
        int: lambda count: f"{after}, and your page opened {count} WebSockets for it. Start one timer for each `close` "
                           "event, and only there: `error` comes before `close`.",
    })  # fmt: skip


def _judge_pause(talk: PageTalk, pauses: list[float], limit: float) -> None:
    pause, failures = pauses[-1], len(pauses)
    if abs(pause - HALF * limit) <= NEAR:
        talk.tells("the page", "waits", f"{pause:.2f} s")
        return
    if abs(pause - limit) <= NEAR:
        text = "You waited for the whole limit. Multiply it with `Math.random()`: otherwise all clients of a server that " \
            "restarts come back at the same moment."  # fmt: skip
    elif failures > 1 and abs(pause - pauses[-2]) <= NEAR:
        text = "The pauses don't grow. After each further failure in a row the limit doubles: count the failures, and " \
            "wait up to `1000 * 2 ** failures`."  # fmt: skip
    elif pause > HALF * limit and limit == HIGHEST:
        text = "The pauses grow without end. A limit of more than 30 s is too long: take `Math.min(30_000, …)`."
    else:
        text = "The limit is 1 s after the first failure, and twice as long after each further one in a row, but at most " \
            "30 s."  # fmt: skip
    text = f"After {failures} failure{'s' * (failures > 1)} in a row, with `Math.random()` returning {HALF}, the pause " \
        f"was {pause:.2f} s. {text}"  # fmt: skip
    talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{HALF * limit:g} s")


async def _gives_up(page: Tab, ws: Socket, code: int, reason: str) -> None:
    await ws.closes(code, reason)
    await page.passes(LONG)
    await page.opens_nothing(
        f"The server closed with {code}, and your page connected again. After this code another attempt would end the "
        "same way. Look at `event.code` in the `close` event."
    )
    await _state(page, "gave up", f"The server closed with {code}.")


async def _state(page: Tab, expected: str, why: str) -> None:
    await page.sees("#state", expected, f"{why} `#state` should show `{expected}`.")


reconnect = PageExercise(
    _check,
    hints=(
        "Put `new WebSocket` and its listeners into a function `connect`. In the `close` event, call it again later "
        "with `setTimeout`.",
        "Count the failures in a row: add 1 in `close`, and set the count to 0 in `open`. The pause in milliseconds is "
        "`Math.random() * Math.min(30_000, 1000 * 2 ** failures)`.",
        "Begin the `close` listener with `if ([1000, 1008, 3000, 3003].includes(event.code))`: show `gave up`, and "
        "return.",
    ),
    answer='''
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Coming back</title>
<p id="state"></p>
<script>
  const show = text => { document.querySelector("#state").textContent = text }
  let failures = 0
  function connect() {
    const ws = new WebSocket("ws")
    ws.addEventListener("open", () => {
      failures = 0
      show("connected")
    })
    ws.addEventListener("close", event => {
      if ([1000, 1008, 3000, 3003].includes(event.code)) return show("gave up")
      const pause = Math.random() * Math.min(30_000, 1000 * 2 ** failures)
      failures += 1
      show("waiting")
      setTimeout(connect, pause)
    })
  }
  connect()
</script>
"""
''',
    why="`close` comes exactly once for each WebSocket, whether it was open or refused, so it is the one place for the "
    "next attempt. The random pause spreads out clients that have all lost the server at the same moment.",
)
