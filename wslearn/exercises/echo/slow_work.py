"""A slow answer that holds up no other client."""

import time

from wslearn.exercises import Exercise, Talk, otherwise
from wslearn.server import Server

#: How often the race is run. An answer that blocks loses it each time; one that does not may lose on a busy machine.
RACES = 3


async def _is_patient(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "Ann"), await talk.client(server, "Bob")
        for race in range(RACES):
            await ann.says("hello")
            began = time.monotonic()
            await bob.asks("quick", "quick", {
                "QUICK": "Send `quick` back unchanged, at once, without `slow_upper`.",
                otherwise: "Bob's `quick` was not answered.",
            }, within=3)  # fmt: skip
            waited = time.monotonic() - began
            bob_was_first = len(ann.heard) == race
            await ann.hears("HELLO", "Ann should receive what `slow_upper` returns: `HELLO`.", within=3)
            if bob_was_first:
                return
        blocked = f"Bob had to wait {waited:.1f} s, because `slow_upper` blocked the event loop. Run it in a thread."
        at_once = "Ann was answered at once. Let `slow_upper` make the answer: it stands for work that takes time."
        talk.fail(
            blocked if waited > 0.2 else at_once, "Bob", "is", "answered after Ann", expected="answered before Ann"
        )


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
