"""An exercise of lesson 02: a slow answer that holds nobody up."""

import time

from wslearn.exercises import Exercise

#: How often the race is run. An answer that blocks loses it each time; one that does not may lose on a busy machine.
RACES = 3


async def _is_patient(talk, server_class):
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "ann"), await talk.client(server, "bob")
        for race in range(RACES):
            await ann.says("hello")
            began = time.monotonic()
            await bob.says("quick")
            await bob.hears("quick", _about_quick, within=3)
            waited = time.monotonic() - began
            bob_was_first = len(ann.heard) == race
            await ann.hears("HELLO", "ann should get what `slow_upper` returns: `HELLO`.", within=3)
            if bob_was_first:
                return
        talk.expect(
            False,
            f"bob had to wait {waited:.1f} s, until ann's slow answer was there: `slow_upper` blocked the event loop. "
            "Let a thread do it."
            if waited > 0.2
            else "ann's answer was there at once. Let `slow_upper` make it: it stands for work that takes its time.",
            who="bob",
            expected="answered before ann",
            came="answered after ann",
        )


def _about_quick(came):
    if came == "QUICK":
        return "`quick` is sent back as it is, at once, without `slow_upper`."
    return "bob's `quick` was not answered."


patient = Exercise(
    _is_patient,
    hints=(
        "`time.sleep` gives nobody else a turn, and neither does any function that computes for long. "
        "Who else could run it?",
        "`asyncio.to_thread` runs a function in a thread, and can be awaited.",
        "`answer = await asyncio.to_thread(slow_upper, message)`: the function's name without `()`, then what it gets.",
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
    why="All clients share one event loop. While a function blocks it, nobody is served. In a thread it blocks only "
    "that thread, and `await` gives the others their turn.",
)
