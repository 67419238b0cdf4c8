"""Task 3 of lesson 08: come back after a failure, with pauses that grow, and give up where it is of no use."""

from wslearn.exercises.browser.words import CONNECT, message_is_shown, state_is
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Socket, Tab

#: Seconds: the first limit and the highest; and how far a pause may be from what is expected.
FIRST, HIGHEST, NEAR = 0.2, 2.0, 0.03
#: Longer than any pause, in seconds; and what `Math.random()` returns, unless the check looks at that.
LONG, HALF = 5.0, 0.5
#: The codes after which another attempt would end the same way, two of which are tried on each page.
TERMINAL = {1000: "bye", 1008: "your token has expired", 3003: "not for you", 1009: "too big"}
PASSING = {1001: "the server is going away", 1012: "the server restarts", 1011: "an error", 4000: "of the application"}


async def _check(talk: PageTalk, answer: object) -> None:
    for number, (code, reason) in enumerate(TERMINAL.items()):
        async with talk.page(answer) as page:
            await page.chance(HALF)
            ws = await page.connects(CONNECT)
            await state_is(page, "open", "The WebSocket is open.")
            if number == 0:
                ws = await _grows(talk, page, ws)
                ws = await _begins_again(talk, page, ws)
            await _gives_up(page, ws, code, reason)


async def _grows(talk: PageTalk, page: Tab, ws: Socket) -> Socket:
    """Fail again and again, and expect the right pauses; return the last WebSocket, which nobody has answered."""
    pauses: list[float] = []
    for limit in [min(FIRST * 2**failures, HIGHEST) for failures in range(7)]:
        began = page.now
        await (ws.vanishes() if ws.open else ws.refuses())
        await _waits(page, "The connection was lost" if not pauses else "The server refused a connection")
        await state_is(page, "waiting", "The connection was lost, and your page waits before it tries again.")
        ws = await _comes_back(page, "The connection was lost" if not pauses else "The server refused a connection")
        pauses.append(ws.at - began)
        _judge_pause(talk, pauses, limit)
        await state_is(page, "waiting", "Your page is connecting again.")
    return ws


async def _begins_again(talk: PageTalk, page: Tab, ws: Socket) -> Socket:
    """Expect a short pause only after a connection with a message; then a random one; and one after passing codes."""
    await ws.accepts()
    await state_is(page, "open", "The page has reconnected.")
    began = page.now
    await ws.vanishes()
    ws = await _comes_back(page, "The connection was lost once more")
    if (pause := ws.at - began) < HALF * HIGHEST - NEAR:
        text = "The server accepted the connection, sent nothing and was gone. A server that is overloaded does " \
            "that, so it is one more failure. Set your count of failures to 0 when a message arrives, not in " \
            "`open`."  # fmt: skip
        talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{HALF * HIGHEST:g} s")
    await ws.accepts()
    await ws.says("hello")
    await message_is_shown(page, ["hello"])
    began = page.now
    await ws.vanishes()
    ws = await _comes_back(page, "The connection was lost once more")
    if abs((pause := ws.at - began) - HALF * FIRST) > NEAR:
        text = "A message had arrived, then the connection was lost. This is the first failure in a row, so the " \
            "limit is 200 ms again. Set your count of failures to 0 when a message arrives."  # fmt: skip
        talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{HALF * FIRST:g} s")
    await ws.accepts()
    await ws.says("hello")
    await page.chance(0.9)
    began = page.now
    await ws.vanishes()
    ws = await _comes_back(page, "The connection was lost once more")
    if min(abs((pause := ws.at - began) - share * FIRST) for share in (0.9, 0.1)) > NEAR:
        text = "The pause should be random: multiply the limit with `Math.random()`, anew for each pause. Otherwise " \
            "all clients of a server that restarts come back at the same moment."  # fmt: skip
        talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{0.9 * FIRST:g} s")
    await page.chance(HALF)
    await ws.accepts()
    for code, why in PASSING.items():
        await ws.says("hello")
        await ws.closes(code, why)
        ws = await _comes_back(page, f"The server closed with {code}, which isn't in `TERMINAL`")
        await ws.accepts()
    return ws


async def _waits(page: Tab, after: str) -> None:
    await page.opens_nothing(
        f"{after}, and your page connected again at once. If the server is down, this is a storm of attempts. Wait "
        "first, with `setTimeout`, which takes the function itself, without `()`, and milliseconds."
    )


async def _comes_back(page: Tab, after: str) -> Socket:
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
        text = f"That is twice as long as expected. If you don't multiply the limit with `Math.random()`, do that: " \
            "otherwise all clients of a server that restarts come back at the same moment. If you do, your limit is " \
            f"{2000 * limit:g} ms. It should be {1000 * limit:g} ms here."  # fmt: skip
    elif failures > 1 and abs(pause - pauses[-2]) <= NEAR:
        text = "The pauses don't grow. Count the failures in a row, in a variable outside of `connect`, and wait up " \
            "to `200 * 2 ** failures` ms."  # fmt: skip
    elif pause > HALF * limit and limit == HIGHEST:
        text = "The pauses grow without end. The limit is never more than 2,000 ms: use `Math.min`."
    else:
        text = f"The limit is {1000 * limit:g} ms here. It is 200 ms before the first new attempt, and doubles with " \
            "each further one, up to 2,000 ms. The pause is `Math.random()` times the limit."  # fmt: skip
    count = "Before the first new attempt" if failures == 1 else f"Before new attempt {failures}"
    text = f"{count}, with `Math.random()` returning {HALF}, your page waited {1000 * pause:.0f} ms. {text}"
    talk.fail(text, "the page", "waits", f"{pause:.2f} s", expected=f"{HALF * limit:g} s")


async def _gives_up(page: Tab, ws: Socket, code: int, reason: str) -> None:
    await ws.closes(code, reason)
    await page.passes(LONG)
    await page.opens_nothing(
        f"The server closed with {code}, and your page connected again. After this code another attempt would end the "
        "same way. If `TERMINAL` has `event.code`, the `close` event must not start a timer. (To look for a value in "
        "an array, use `includes`: `in` looks for an index.)"
    )
    await state_is(page, "gave up", f"The server closed with {code}.")


reconnect = PageExercise(
    _check,
    hints=(
        "All that follows belongs into `onclose`, which comes exactly once for each WebSocket. Call `connect` again "
        "later, with `setTimeout`.",
        "Count the failures in a row in a variable outside `connect`: add 1 in `onclose`, and set it to 0 in "
        "`onmessage`. The pause is `Math.random() * Math.min(2000, 200 * 2 ** failures)`.",
        'Begin `onclose` with `if (TERMINAL.includes(event.code)) return tell("gave up")`. Then `tell("waiting")`, '
        "`setTimeout(connect, …)`, and last `failures += 1`.",
    ),
    answer='''
reconnect_page = START + """
const TERMINAL = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]
let failures = 0
function connect() {
    const ws = new WebSocket("ws")
    ws.onopen = () => tell("open")
    ws.onmessage = event => {
        failures = 0
        show(event.data)
    }
    ws.onclose = event => {
        if (TERMINAL.includes(event.code)) return tell("gave up")
        tell("waiting")
        setTimeout(connect, Math.random() * Math.min(2000, 200 * 2 ** failures))
        failures += 1
    }
}
connect()
</script>"""
''',
    why="`close` comes exactly once for each WebSocket, whether it was open or refused, so it is the one place for the "
    "next attempt. The random pause spreads out clients that have all lost the server at the same moment.",
)
