"""A slow answer that holds up no other client."""

import asyncio
import inspect
from contextlib import suppress
from functools import partial

from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.engine.steady import timed
from wslearn.server import Server

#: What Ann, Carl and Dora send at one time, in each round. An answer that makes somebody wait does so in each round.
#: One that does not may seem to on a busy machine, and gets another round.
ROUNDS = (
    ("hello", "Grüße", "quick, please"), ("Quick", "", " quick"),
    ("hi", "once more", "quicker"),
)  # fmt: skip
#: Two of them have texts that must be right.
NEEDED = 2
#: `slow_upper` takes half a second. Bob, who asks again and again, waits so long at most, and the last of the three so
#: long, in seconds. A reply that comes sooner than `SOONEST` was not made by `slow_upper`.
LONGEST, LAST, SOONEST = 0.25, 0.9, 0.4
#: Time between Bob's questions, and for a reply that is late, in seconds.
GAP, PATIENCE = 0.02, 3.0

_BLOCKED = (
    "Bob had to wait {:.1f} s, because `slow_upper` blocked the event loop. Run it in a thread, and `await` the result."
)
_QUICK_LATE = (
    "Bob had to wait {:.1f} s for `quick`. Send that back at once, without `slow_upper`, and let `slow_upper` run in a "
    "thread, so that it does not block the event loop."
)
_ONE_BY_ONE = (
    "Three clients waited at one time, and the last reply came after {:.1f} s. `slow_upper` takes 0.5 s, so one client "
    "waited for another. Give each its own thread, as `asyncio.to_thread` does."
)
_AT_ONCE = "{} was answered at once. Let `slow_upper`, as it is, make the answer: it stands for work that takes time."


@timed
async def _is_patient(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        slow = getattr(inspect.unwrap(server_class.handler), "__globals__", {}).get("slow_upper")
        leave = "`slow_upper` is an `async def` now. Leave it as it is: it stands for work that cannot be awaited."
        if inspect.iscoroutinefunction(slow):
            talk.fail(leave, "slow_upper", "is", "an `async def`", expected="a `def`")
        ann, bob, *others = await talk.clients(server, "Ann", "Bob", "Carl", "Dora")
        longest = last = 0.0
        for number, texts in enumerate(ROUNDS, start=1):
            waited, took = await _round(talk, bob, dict(zip((ann, *others), texts, strict=True)))
            longest, last = (waited, took) if number == 1 else (min(longest, waited), min(last, took))
            if number >= NEEDED and longest < LONGEST and last < LAST:
                break
        if longest >= LONGEST:
            late = _BLOCKED if last >= LAST else _QUICK_LATE  # three that are blocked one after the other take longer
            talk.fail(late.format(longest), "Bob", "is", "answered late", expected="answered at once")
        if last >= LAST:
            talk.fail(_ONE_BY_ONE.format(last), "the last of three", "is", f"answered after {last:.1f} s",
                      expected="answered after half a second")  # fmt: skip
        alone = "{name} received a message that was not meant for this client, or was sent twice. Send to `ws` alone."
        await talk.none_hear([ann, bob, *others], alone)


async def _round(talk: Talk, bob: Client, texts: dict[Client, str]) -> tuple[float, float]:
    """Let some clients send texts, and Bob ask until they have their replies. Return his longest wait, and theirs."""
    clock = asyncio.get_running_loop().time
    began, longest, came = clock(), 0.0, dict.fromkeys(texts, 0.0)
    since = began
    for client, text in texts.items():
        await client.says(text)
    asked = len(bob.heard)
    talk.tells("Bob", "sends", "'quick', again and again")
    while clock() - began < PATIENCE and not all(came.values()):
        asked += 1
        with suppress(ConnectionClosed):  # then he receives nothing either
            await bob.ws.send("quick")
        is_open = bob.ws.protocol.state is OPEN
        if not await talk.until(partial(_has, bob, asked), within=PATIENCE if is_open else 0):
            closed = "" if is_open else " His connection was closed: `handler` needs a loop for all his messages."
            talk.fail(f"Bob's `quick` was not answered.{closed}", "Bob", "receives", "nothing", expected="'quick'")
        longest, since = max(longest, clock() - since - GAP), clock()  # what blocks may also begin in the gap
        for client in texts:
            came[client] = came[client] or (clock() - began) * (len(client.heard) > client.judged)
        await asyncio.sleep(GAP)
    while bob.judged < asked:
        await bob.hears("quick", {
            "QUICK": "Send `quick` back unchanged, at once, without `slow_upper`.",
            otherwise: "Bob should receive `quick` unchanged, once for each time that he sends it, and no reply to "
            "another client. Send each reply to `ws` alone.",
        })  # fmt: skip
    for client, text in texts.items():
        await client.hears(text.upper(), partial(_other_reply, text, texts), within=0)
        if came[client] < SOONEST:
            talk.fail(_AT_ONCE.format(client.name), client.name, "is", f"answered after {came[client]:.2f} s",
                      expected="answered after half a second")  # fmt: skip
    return longest, max(came.values())


def _has(client: Client, count: int) -> bool:
    return len(client.heard) >= count


def _other_reply(text: str, texts: dict[Client, str], came: object) -> str:
    due = f"{{name}} should receive what `slow_upper` returns for {text!r}: {text.upper()!r}."
    if came in {other.upper() for other in texts.values()}:
        return (
            f"{due} This is another client's reply. Send each to `ws` alone. Keep `message` in a variable inside "
            "`handler`, not in `self`, and give `slow_upper` this message."
        )
    if came == "quick" and "quick" not in text.lower():
        return f"{due} It was Bob who sent `quick`. Send it back to `ws` alone."
    if came is None:
        return f"{due} No reply came. An empty text is a text too, and a client may send many texts."
    return f"{due} Only the text `quick` itself is sent back unchanged: compare with `==`."


patient = Exercise(
    _is_patient,
    hints=(
        "Let something else run `slow_upper`: while it computes, the event loop can give no other client a turn.",
        "Use `asyncio.to_thread`: it runs a function in a thread, and can be awaited.",
        "Write `await asyncio.to_thread(slow_upper, message)`: the function's name without `()`, then its argument.",
    ),
    answer="""
class Patient(Server):
    async def handler(self, ws):
        async for message in ws:
            if message == "quick":
                await ws.send(message)
            else:
                await ws.send(await asyncio.to_thread(slow_upper, message))
""",
    why="All clients share one event loop. While a function blocks it, nobody is served. In a thread, the function "
    "blocks only that thread, and `await` gives the other clients their turn.",
)
