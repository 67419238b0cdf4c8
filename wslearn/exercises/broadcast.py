"""Exercises of lesson 03: everyone but the sender, a client that vanishes, the last value, a slow client bounded."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from wslearn.connection import Connection
from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.expectations import STEP, NotYet
from wslearn.limits import Limits
from wslearn.server import Server

#: What may wait for a client in the last task, in bytes, and how long a message is there, with its number.
MOST, LONG = 1_000_000, 60_000
#: Messages in the last task: three times what may wait, and what the system's small buffers take besides.
MESSAGES = 3 * MOST // LONG + 10


async def _until(talk: Talk, condition: Callable[[], bool], why: str | Callable[[], str], who: str, what: str) -> None:
    """Wait until who does what, and write down nothing unless it does not come about; `why` is for the student."""
    try:
        async with asyncio.timeout(STEP):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
    except TimeoutError:
        talk.tells(who, "should", what, wrong=True)
        raise NotYet(why() if callable(why) else why) from None


async def _meet(talk: Talk, server: Server, *names: str, **options) -> list[Client]:
    """Connect clients, and wait until the server knows all of them, or a handler has failed."""
    there = len(server.connections) + len(names)
    clients = [await talk.client(server, name, **options) for name in names]
    failed = lambda: any(event.kind == "error" for event in server.log)  # noqa: E731
    why = "A client was closed as soon as it came: a handler must go on as long as its client is there."
    await _until(
        talk, lambda: len(server.connections) == there or failed(), why, "the server", f"keep {there} connections"
    )
    if failed():
        raise NotYet("")  # the handler's own error says more
    return clients


async def _gone(talk: Talk, server: Server, left: int) -> None:
    """Wait until the server has noticed who is gone, and has so many connections left."""
    why = "A client has gone, and the server does not notice: a handler must end when its client has gone."
    await _until(talk, lambda: len(server.connections) == left, why, "the server", f"have {left} connections left")


def _connection(server: Server, number: int) -> Connection:
    """Return the server's end of the connection that was opened as number `number`, from 1 on."""
    return next(ws for ws in server.connections if ws.name == f"guest-{number}")


# Everyone but the sender


async def _others(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl = await _meet(talk, server, "Ann", "Bob", "Carl")
        await ann.says("good morning")
        unchanged = "Pass on exactly what Ann has said, and nothing else."
        for listener in (bob, carl):
            await listener.hears(
                "good morning",
                lambda came: (
                    unchanged if came else "Not all of the others heard it. Send to each in `self.connections`."
                ),
            )
        await ann.hears_nothing(
            lambda came: "Ann heard her own message. `self.connections` has the sender too: leave out `ws`."
        )
        await ann.says("one more")
        for listener in (bob, carl):
            await listener.hears("one more", "Only the first message was passed on. Loop: `async for message in ws:`.")
        await bob.says("one more")
        await ann.hears(
            "one more",
            "Ann has spoken, and from then on she hears nobody. "
            "Did you take her out of `self.connections`? Make a new set without her, and leave the server's own alone.",
        )
        await carl.hears("one more", "Bob's message did not reach Carl, though Ann's did: every client may speak.")
        await bob.hears_nothing(
            "Bob heard his own message. Leave out whoever speaks: `ws`, not always the same client."
        )
        await carl.vanishes()
        await _gone(talk, server, 2)
        await ann.says("good night")
        await bob.hears(
            "good night", "Carl has gone, and now Bob hears nothing. Who is in the set that you go through?"
        )


others = Exercise(
    _others,
    hints=(
        "Who is in `self.connections`, and which of them is the one that speaks?",
        "In the handler, `ws` is the sender. Sets can be subtracted: `all_of_them - {one}`.",
        "`broadcast(clients, message)` sends to each connection in a set. Which set is it here?",
    ),
    answer="""
        class Others(Server):
            async def handler(self, ws):
                async for message in ws:
                    broadcast(self.connections - {ws}, message)
    """,
    why="`self.connections - {ws}` is a new set, so the server's own stays as it is. `broadcast` waits for nobody.",
)


# A client that vanishes


class Listeners(Server):
    """Clients only listen; one may be as slow as it likes."""

    limits = Limits(max_unsent=None, stall_timeout=None)

    async def handler(self, ws) -> None:
        await ws.wait_closed()


async def _send(talk: Talk, send_to_all, clients: set[Connection], message: str) -> None:
    """Call the student's function; say what it means when it raises what it should have expected."""
    try:
        await talk.call(send_to_all, clients, message)
    except NotYet as wrong:
        if wrong.__cause__ is not None:
            talk.tells("send_to_all", "raises", type(wrong.__cause__).__name__, wrong=True)
        if isinstance(wrong.__cause__, ConnectionClosed):
            raise NotYet(
                "One client has gone, so `send` raised ConnectionClosed, and your function ended there: "
                "those behind it in the set got nothing. Catch the error for that one client, and go on."
            ) from None
        if "changed size during iteration" in str(wrong.__cause__):
            raise NotYet(
                f"{wrong} The set changed while you went through it, as it does when a client leaves in the middle. "
                "Go through a copy."
            ) from None
        raise


async def _vanish(talk: Talk, send_to_all) -> None:
    async with talk.server(Listeners) as server:
        people = await _meet(talk, server, "Ann", "Bob", "Carl", "Dora", "Eve")
        ends = {_connection(server, number): person for number, person in enumerate(people, 1)}
        clients = set(ends)
        talk.tells("", "send_to_all({Ann, Bob, Carl, Dora, Eve}, 'one')")
        await _send(talk, send_to_all, clients, "one")
        for person in people:
            await person.hears("one", lambda came: "Everybody is there, and not everybody got the message, unchanged.")

        # Who is first on the way through the set: then a function that stops there leaves out all the others.
        first, second, third, *rest = clients
        await ends[first].vanishes()
        await _gone(talk, server, 4)
        talk.tells("", "send_to_all(…, 'two')", f"{ends[first].name} is still in the set")
        await _send(talk, send_to_all, clients, "two")
        there = [ends[client] for client in clients - {first}]
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
        second.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        slow.stops_reading()
        long = "three " * 500_000
        talk.tells("", "send_to_all(…, 'three three three …')", f"{slow.name} and {ends[third].name} go meanwhile")
        sending = asyncio.create_task(_send(talk, send_to_all, clients, long))
        unsent = second.transport.get_write_buffer_size
        await _until(
            talk,
            lambda: sending.done() or unsent() > 0,
            f"For 2 s nothing was sent to {slow.name}.",
            "send_to_all",
            f"send to {slow.name} too",
        )
        await ends[third].vanishes()  # the set changes on the way, while an awaited send to the slow one waits
        await _gone(talk, server, 3)
        clients.discard(third)
        await slow.vanishes()
        await _gone(talk, server, 2)
        clients.discard(second)
        await sending
        for person in map(ends.get, rest):
            why = f"Two clients went while you were sending, and {person.name} did not get the message just once."
            await _until(talk, lambda p=person: p.heard[2:] == [long], why, person.name, "hear the long message, once")
            talk.tells(person.name, "hears", "'three three three …'")


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


# The last value for a latecomer


async def _latest(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob = await _meet(talk, server, "Ann", "Bob")
        for person in (ann, bob):
            await person.hears_nothing("There is no value yet, and a client got one. Send only what somebody has said.")
        await ann.says("41")
        for person in (ann, bob):
            await person.hears("41", "A new value goes to all who are connected, the sender too, as it is.")
        await bob.says("42")
        for person in (ann, bob):
            await person.hears("42", "A new value goes to all who are connected, whoever sends it.")
        (carl,) = await _meet(talk, server, "Carl")
        await carl.hears("42", _what_a_latecomer_got)
        await carl.hears_nothing(
            "Carl came late and got more than one value. Only the last one counts: keep only that."
        )
        await ann.hears_nothing("Carl came, and Ann got the old value again. Send it only to the one who comes.")
        await carl.says("43")
        for person in (ann, bob, carl):
            await person.hears(
                "43", "After the last value, a latecomer is a client like all others: it may speak and hears all."
            )
        for person in (ann, bob, carl):
            await person.closes()
        await _gone(talk, server, 0)
        (dora,) = await _meet(talk, server, "Dora")
        await dora.hears("43", "All had left when Dora came, and the value was lost. Keep it in the server.")
    async with talk.server(server_class) as server:
        talk.tells("", "a second server", "of the same class")
        (eve,) = await _meet(talk, server, "Eve")
        await eve.hears_nothing(
            "A second server told a value that only the first has heard. Keep it in `self`, not in a class or a global."
        )


def _what_a_latecomer_got(came: object) -> str:
    if came is None:
        return (
            "Carl came late and got nothing. When a handler begins, its client has just connected: send the last value "
            "then, from a place that all handlers share. A variable inside `handler` belongs to one client."
        )
    if came == "41":
        return "Carl came late and got the first value. Keep the newest: set it anew at each message."
    return "Carl came late and must get the last value exactly as it was sent."


latest = Exercise(
    _latest,
    hints=(
        "What has to be remembered, by whom, and when is it sent to one client only?",
        "Keep it in `self`: that is the server, which all handlers share. At first it is None.",
        "Before the loop: `if self.last is not None: await ws.send(self.last)`. In the loop: set it, then broadcast.",
    ),
    answer="""
        class Latest(Server):
            last = None

            async def handler(self, ws):
                if self.last is not None:
                    await ws.send(self.last)
                async for message in ws:
                    self.last = message
                    broadcast(self.connections, message)
    """,
    why=(
        "A handler begins when its client has connected, which is the moment for the last value. "
        "`self.last = message` gives this one server its own value; the `None` of the class stays as it is."
    ),
)


# A slow client, bounded


async def _bounded(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class, limits=Limits(max_unsent=None, stall_timeout=None)) as server:
        ann, bob = await _meet(talk, server, "Ann", "Bob")
        (lazy,) = await _meet(talk, server, "Lazy", receive_buffer=4096)
        end = _connection(server, 3)
        # With the system's own buffer, of some megabytes, the same would come later.
        end.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        await ann.says("hello")
        for person in (ann, bob, lazy):
            await person.hears("hello", "Each message goes to all clients, the sender too, as it is.")

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
            await _goes_round(talk, ann, bob, f"{number} ".ljust(LONG, "x"), number, unsent)
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
            await person.hears("good night", lambda came, p=person: _why_nothing_came(p, 0))


async def _goes_round(talk: Talk, ann: Client, bob: Client, message: str, number: int, unsent: int) -> None:
    """Let Ann say one of many long messages, and wait until Ann and Bob have it; `unsent` bytes wait for Lazy."""
    with suppress(ConnectionClosed):  # then she does not hear it either
        await ann.ws.send(message)
    for person in (ann, bob):
        heard = f"hear message {number} of {LONG:,} bytes"
        came = lambda p=person: p.heard[-1:] == [message]  # noqa: E731
        await _until(talk, came, lambda p=person: _why_nothing_came(p, unsent), person.name, heard)
        person.judged = len(person.heard)  # they are too many to be shown


def _why_nothing_came(person: Client, unsent: int) -> str:
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
