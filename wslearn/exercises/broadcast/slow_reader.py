"""An exercise of lesson 03: what waits for a client that does not read is bounded, and nobody else notices."""

from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.crowd import connection, failed, meet, passed_on, small_buffer, until
from wslearn.exercises.engine.expectations import NotYet
from wslearn.limits import Limits
from wslearn.server import Server

#: What may wait for a client in the last task, in bytes, and how long a message is there, with its number.
MOST, LONG = 1_000_000, 60_000
#: Messages in the last task: three times what may wait, and what the system's small buffers take besides.
MESSAGES = 3 * MOST // LONG + 10


async def _bounded(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class, limits=Limits(max_unsent=None, stall_timeout=None)) as server:
        ann, bob = await meet(talk, server, "Ann", "Bob")
        (lazy,) = await meet(talk, server, "Lazy", receive_buffer=4096)
        end = connection(server, 3)
        small_buffer(end)
        await ann.says("hello")
        for person in (ann, bob, lazy):
            otherwise = "Each message goes to all clients, the sender too, as it is."
            await person.hears("hello", passed_on(talk, server, "hello", otherwise))

        lazy.stops_reading()
        talk.tells(
            "Ann", "says", f"up to {MESSAGES} messages of {LONG:,} bytes, each when the one before has come back"
        )
        number = unsent = 0
        while end in server.connections and number < MESSAGES:
            number, unsent = number + 1, end.transport.get_write_buffer_size()
            if unsent > MOST + 5 * LONG:
                talk.tells("for Lazy", "wait", f"{unsent:,} bytes", wrong=True)
                raise NotYet(
                    f"{unsent:,} bytes wait for Lazy, and each message adds to them: in your server's memory. "
                    "After sending, look at `client.transport.get_write_buffer_size()` of each client."
                )
            await _goes_round(talk, server, ann, bob, number, unsent)
        talk.tells("Ann, Bob", "hear", f"{number} messages")
        if end in server.connections:
            talk.tells("Lazy", "should be", "dropped", wrong=True)
            raise NotYet(
                f"Lazy has read none of {MESSAGES} messages, and is still connected; what it missed, it never knows. "
                "End its connection when too much waits: then it can come back and begin afresh."
            )
        early = unsent + LONG + 100 < MOST
        talk.tells("Lazy", "is", f"dropped; before the last message {unsent:,} bytes waited", wrong=early)
        if early:
            raise NotYet(
                f"You ended Lazy's connection when {unsent:,} bytes waited, or a few more. Everybody is slow for a "
                f"moment now and then: end it only above {MOST:,}."
            )
        await ann.says("good night")
        for person in (ann, bob):
            await person.hears("good night", lambda came, p=person: _why_nothing_came(server, p, 0))


async def _goes_round(talk: Talk, server: Server, ann: Client, bob: Client, number: int, unsent: int) -> None:
    """Let Ann say one of many long messages, and wait until Ann and Bob have it; `unsent` bytes wait for Lazy."""
    message = f"{number} ".ljust(LONG, "x")
    with suppress(ConnectionClosed):  # then she does not hear it either
        await ann.ws.send(message)
    for person in (ann, bob):
        heard = f"hear message {number} of {LONG:,} bytes"
        came = lambda p=person: p.heard[-1:] == [message]  # noqa: E731
        await until(talk, came, lambda p=person: _why_nothing_came(server, p, unsent), person.name, heard)
        person.judged = len(person.heard)  # they are too many to be shown


def _why_nothing_came(server: Server, person: Client, unsent: int) -> str:
    if failed(server):
        return ""  # it says why, and the end of a connection is only what followed
    if person.ws.close_code is not None:
        return f"{person.name} reads everything, and was thrown out. End only the connection for which too much waits."
    if unsent > MOST - 2 * LONG:
        return (
            f"When too much waited for Lazy, {person.name} had to wait. `close` says goodbye behind all those bytes "
            "and waits for an answer. Use what needs no answer: `client.transport.abort()`."
        )
    return (
        f"{person.name} reads everything, and heard nothing more as soon as Lazy did not read: your handler waits for "
        "Lazy. `await client.send(…)` returns when there is room, so use what does not wait: `broadcast`."
    )


bounded = Exercise(
    _bounded,
    hints=(
        "Two steps for each message: give it to all without waiting, then look for whom too much waits.",
        "`broadcast` does the first. For the second, part 3 asked each connection's `transport` for its unsent bytes.",
        "For each client in a copy of the set: above `self.MOST` unsent bytes, `client.transport.abort()`.",
    ),
    answer="""
        class Bounded(Server):
            limits = Limits(max_unsent=None, stall_timeout=None)
            MOST = 1_000_000

            async def handler(self, ws):
                async for message in ws:
                    broadcast(self.connections, message)
                    for client in list(self.connections):
                        if client.transport.get_write_buffer_size() > self.MOST:
                            client.transport.abort()
    """,
    why=(
        "`broadcast` never waits, so the others do not either; what it cannot send is kept in memory, so somebody must "
        "count. `abort` needs nothing from the client; a close message would wait behind the bytes that are stuck."
    ),
)
