"""An exercise of lesson 03: some clients have gone already, and others go in the middle of a broadcast."""

import asyncio

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.crowd import IN_JSON, connection, gone, in_json, meet, small_buffer, until, within
from wslearn.exercises.engine.expectations import NotYet
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.server.connection import Connection

#: Time for a message to be there before something else is tried, in seconds.
PATIENCE = 0.5


class Listeners(Server):
    """Clients only listen; one may be as slow as it likes."""

    limits = Limits(max_unsent=None, stall_timeout=None)

    async def handler(self, ws) -> None:
        await ws.wait_closed()


async def _send(talk: Talk, send_to_all, clients: set[Connection], message: str, there: list[Client]) -> None:
    """Call the student's function; say what it means when it raises what it should have expected.

    Those who are `there` should get the message all the same.
    """
    try:
        await talk.call(send_to_all, clients, message)
    except NotYet as wrong:
        if wrong.__cause__ is not None:
            talk.tells("send_to_all", "raises", type(wrong.__cause__).__name__, wrong=True)
        if isinstance(wrong.__cause__, ConnectionClosed):
            if await within(PATIENCE, lambda: all(message in person.heard for person in there)):
                raise NotYet(
                    "One client has gone, so `send` raised ConnectionClosed. All the others got the message, but your "
                    "function raised the error too. With `gather`, say `return_exceptions=True`."
                ) from None
            raise NotYet(
                "One client has gone, so `send` raised ConnectionClosed, and your function ended there: "
                "not all of the others got the message. Catch the error for that one client, and go on."
            ) from None
        if isinstance(wrong.__cause__, KeyError):
            raise NotYet(
                f"{wrong} `remove` wants to find what it takes out, and a client that leaves may be out of the set "
                "already. `discard` does not mind; better still, leave the set alone: it is not yours."
            ) from None
        if "changed size during iteration" in str(wrong.__cause__):
            raise NotYet(
                f"{wrong} The set changed while you went through it, as it does when a client leaves in the middle. "
                "Go through a copy."
            ) from None
        raise


async def _vanish(talk: Talk, send_to_all) -> None:
    async with talk.server(Listeners) as server:
        people = await meet(talk, server, "Ann", "Bob", "Carl", "Dora", "Eve")
        ends = {connection(server, number): person for number, person in enumerate(people, 1)}
        clients = set(ends)
        talk.tells("", "send_to_all({Ann, Bob, Carl, Dora, Eve}, 'one')")
        await _send(talk, send_to_all, clients, "one", people)
        for person in people:
            missed = "Everybody is there, and not everybody got the message, unchanged."
            await person.hears("one", lambda came, missed=missed: IN_JSON if in_json("one", came) else missed)

        # Who is first on the way through the set: then a function that stops there leaves out all the others.
        first, second, third, *rest = clients
        await ends[first].vanishes()
        await gone(talk, server, 4)
        talk.tells("", "send_to_all(…, 'two')", f"{ends[first].name} is still in the set")
        there = [ends[client] for client in (second, third, *rest)]
        await _send(talk, send_to_all, clients, "two", there)
        for person in there:
            await person.hears(
                "two",
                f"{ends[first].name} has gone, and {person.name} did not get the message. "
                "One client's end must not end the loop: expect it for each client by itself.",
            )
            await person.hears_nothing(f"{person.name} got the message again: send it once to each.")

        # Now one that goes in the middle: it does not read, so a send that is awaited waits for it.
        clients.discard(first)
        slow = ends[second]
        small_buffer(second)
        slow.stops_reading()
        long = "three " * 500_000
        talk.tells("", "send_to_all(…, 'three three three …')", f"{slow.name} and {ends[third].name} go meanwhile")
        listening = [ends[client] for client in rest]
        sending = asyncio.create_task(_send(talk, send_to_all, clients, long, listening))
        unsent = second.transport.get_write_buffer_size
        await until(
            talk,
            lambda: sending.done() or unsent() > 0,
            f"For 2 s nothing was sent to {slow.name}.",
            "send_to_all",
            f"send to {slow.name} too",
        )
        prompt = await within(PATIENCE, lambda: sending.done() or all(long in person.heard for person in listening))
        await ends[third].vanishes()  # the set changes on the way, while an awaited send to the slow one waits
        await gone(talk, server, 3)
        clients.discard(third)
        await slow.vanishes()
        await gone(talk, server, 2)
        clients.discard(second)
        await sending
        for person in listening:
            why = f"Two clients went while you were sending, and {person.name} did not get the message just once."
            await until(talk, lambda p=person: p.heard[2:] == [long], why, person.name, "hear the long message, once")
            talk.tells(person.name, "hears", "'three three three …'")
        if not prompt:
            talk.advises(
                f"One thing could be better. As long as {slow.name} did not read, your loop waited, and others got "
                "nothing. Part 6 shows it. `broadcast` waits for nobody; compare `solution()`."
            )


vanish = Exercise(
    _vanish,
    hints=(
        "Two things can happen on the way: a connection has gone, and the set changes. Which errors are these?",
        "In a loop of your own, go through `list(clients)`, and catch ConnectionClosed inside the loop, not around it.",
        "Or do not loop at all: which function of the library sends to many, waits for none, and skips who has gone?",
    ),
    answer="""
        async def send_to_all(clients, message):
            broadcast(clients, message)
    """,
    why=(
        "`broadcast` skips connections that are not open, and it has no `await`, so nobody can come or go meanwhile. "
        "A loop over `list(clients)` that catches ConnectionClosed for each client is right too, "
        "but one slow client holds up all the others."
    ),
)
