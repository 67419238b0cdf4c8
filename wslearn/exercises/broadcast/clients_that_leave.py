"""Some clients have left already, and others leave in the middle of a broadcast."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.common import buffers
from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.broadcast.passing_on import IN_JSON, in_json
from wslearn.exercises.engine import NotYet
from wslearn.limits import Limits
from wslearn.server import Server

#: Time for a message to arrive before something else is tried, in seconds.
PATIENCE = 0.5

_RAISES_TOO = (
    "All the others received the message, but your function raised the error too. With `gather`, pass "
    "`return_exceptions=True`."
)
_ENDS_THERE = (
    "Your function ended there, so not all the others received the message. Catch the error for that one client, and "
    "continue."
)


class Listeners(Server):
    """Clients only listen, and one may be as slow as it likes."""

    limits = Limits(max_unsent=None, stall_timeout=None)

    async def handler(self, ws: Any) -> None:
        """Wait until the client has left."""
        await ws.wait_closed()


async def _send(talk: Talk, send_to_all: Callable, clients: set, message: str, there: list[Client]) -> None:
    """Call the student's function, and explain what it raises. Those who are `there` should get the message anyway."""
    try:
        await talk.call(send_to_all, clients, message)
    except NotYet as wrong:
        if not (error := wrong.__cause__):
            raise
        all_got_it = await talk.until(lambda: all(message in client.heard for client in there), within=PATIENCE)
        talk.fail({
            ConnectionClosed: "One client has left, so `send` raised ConnectionClosed. "
            + (_RAISES_TOO if all_got_it else _ENDS_THERE),
            KeyError: f"{wrong} `remove` raises it if the client has left the set meanwhile. `discard` raises nothing; "
            "better still, leave the set alone: it is not yours.",
            lambda error: "changed size during iteration" in str(error): f"{wrong} The set changed while your loop "
            "went through it, as it does when a client leaves. Loop over a copy.",
            otherwise: str(wrong),
        }, "send_to_all", "raises", type(error).__name__, came=error)  # fmt: skip


async def _vanish(talk: Talk, send_to_all: Callable) -> None:
    async with talk.server(Listeners) as server:
        people = await talk.clients(server, "Ann", "Bob", "Carl", "Dora", "Zoe")
        ends = {client.peer: client for client in people}
        clients = set(ends)
        talk.tells("", "send_to_all({Ann, Bob, Carl, Dora, Zoe}, 'one')")
        await _send(talk, send_to_all, clients, "one", people)
        missed = "All five clients are connected, but not every one of them received the message unchanged."
        await talk.all_hear(people, "one", {lambda came: in_json("one", came): IN_JSON, otherwise: missed})

        # The client that the set gives first: then a function that stops there leaves out all the others.
        first, second, third, *rest = clients
        gone, slow = ends[first], ends[second]
        await gone.vanishes()
        await talk.has_connections(server, 4)
        talk.tells("", "send_to_all(…, 'two')", f"{gone.name} is still in the set")
        there = [ends[client] for client in (second, third, *rest)]
        await _send(talk, send_to_all, clients, "two", there)
        for client in there:
            await client.hears("two", f"{gone.name} has left, and {client.name} did not receive the message. One "
                               "client's end must not end the loop: catch the error for each client.")  # fmt: skip
            await client.hears_nothing("{name} received the message again. Send it once to each client.")

        # Now one that leaves in the middle: it does not read, so a send that is awaited waits for it.
        clients.discard(first)
        buffers.shrink(second)
        slow.stops_reading()
        long = "three " * 500_000
        talk.tells("", "send_to_all(…, 'three three three …')", f"{slow.name} and {ends[third].name} leave meanwhile")
        listening = [ends[client] for client in rest]
        sending = asyncio.create_task(_send(talk, send_to_all, clients, long, listening))
        await talk.until(
            lambda: sending.done() or second.transport.get_write_buffer_size() > 0,
            f"Your function sent nothing to {slow.name} for 2 s.",
            who="the message", expected=f"on its way to {slow.name} too",
        )  # fmt: skip

        def received(client: Client) -> bool:
            return client.heard[2:] == [long]

        prompt = await talk.until(lambda: sending.done() or all(map(received, listening)), within=PATIENCE)
        await ends[third].vanishes()  # the set changes meanwhile, while an awaited send to the slow one waits
        await talk.has_connections(server, 3)
        clients.discard(third)
        await slow.vanishes()
        await talk.has_connections(server, 2)
        clients.discard(second)
        await sending
        for client in listening:
            once = "Two clients left while you were sending, and {name} did not receive the message exactly once."
            if not await talk.until(partial(received, client)):
                came = f"{len(client.heard) - 2} messages"
                talk.fail(once, client.name, "receives", came, expected="the long message, once")
            talk.tells(client.name, "receives", "'three three three …'")
        if not prompt:
            talk.advises(
                f"One thing could be better. While {slow.name} did not read, your loop waited, and the others received "
                "nothing, as part 6 shows. `broadcast` waits for no client: see `solution()`."
            )


vanish = Exercise(
    _vanish,
    hints=(
        "Expect two things while you are sending: a client has left, or the set changes. Which errors do they raise?",
        "In your own loop, go through `list(clients)`, and catch ConnectionClosed inside the loop, not around it.",
        "Or find the function of the library that sends to many clients, waits for none, and skips those that left.",
    ),
    answer="""
        async def send_to_all(clients, message):
            broadcast(clients, message)
    """,
    why="`broadcast` skips connections that are not open, and it has no `await`, so no client can leave meanwhile. A "
    "loop over `list(clients)` that catches ConnectionClosed is right too, but one slow client holds up all others.",
)
