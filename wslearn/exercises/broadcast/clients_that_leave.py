"""Some clients have left already, and others leave in the middle of a broadcast."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.common import buffers
from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.broadcast.passing_on import IN_JSON, TRICKY, in_json
from wslearn.exercises.engine import NotYet
from wslearn.limits import Limits
from wslearn.server import Server

#: Time for a message to arrive before something else is tried, in seconds.
PATIENCE = 0.5
#: How much longer one who is slow does not read when the other one has left, in seconds: a function may soon give up.
LONGER = 0.3

_RAISES_TOO = (
    "All the others received the message, but your function raised the error too. With `gather`, pass "
    "`return_exceptions=True`."
)
_ENDS_THERE = (
    "Your function ended there, so not all the others received the message. Catch the error for that one client, and "
    "continue."
)

_CLOSED = (
    "Your function has closed the connection of {name}, who has not left. A slow client is a client all the same: only "
    "send."
)

_TWICE = (
    "{name} did not read for a moment, and then received the message {count} times. If a loop starts again because the "
    "set has changed, it reaches some clients again. Loop over a copy, and send once to each."
)
_ONCE = (
    "{name} did not read for a moment, and bytes were waiting for this client already. Then it did not receive the "
    "message exactly once. A slow client is a client all the same: don't skip it, and don't close its connection."
)
_EMPTIED = (
    "While your function was waiting, `clients` lacked {lost}. The set isn't yours: its caller may use it meanwhile, "
    "for the next message. Loop over a copy, and leave the set as it is."
)
_LOOP = (
    "One thing could be better. While {slow} did not read, your loop waited, and those after {slow} received nothing, "
    "as part 6 shows. With `gather` they would receive this message, but your function would still wait, and so would "
    "the next message. `broadcast` waits for no client: see `solution()`."
)
_GATHER = (
    "One thing could be better. You send to all clients at the same time, so the others received the message although "
    "{slow} did not read. But your function waited for {slow}, and until it returns, its caller can't send the next "
    "message to anybody, as part 6 shows. `broadcast` waits for no client: see `solution()`."
)


class Listeners(Server):
    """Clients only listen, and one may be as slow as it likes."""

    limits = Limits(max_unsent=None, stall_timeout=None)

    async def handler(self, ws: Any) -> None:
        """Wait until the client has left."""
        await ws.wait_closed()


class Sending:
    """Six clients, the set of the server's ends of their connections, and the student's function that sends to it."""

    def __init__(self, talk: Talk, send_to_all: Callable, people: list[Client]) -> None:
        self.talk, self.send_to_all = talk, send_to_all
        self.ends = {client.peer: client for client in people}
        self.clients = set(self.ends)
        # As the set gives them: a function that stops at the first one leaves out all the others.
        self.order = [self.ends[end] for end in self.clients]

    async def call(self, message: str, there: list[Client]) -> None:
        """Call the function, and explain what it raises. Those who are `there` should get the message, and stay."""
        talk = self.talk
        try:
            await talk.call(self.send_to_all, self.clients, message)
        except NotYet as wrong:
            if not (error := wrong.__cause__):
                raise
            all_got_it = await talk.until(lambda: all(message in one.heard for one in there), within=PATIENCE)
            talk.fail({
                ConnectionClosed: "One client has left, so `send` raised ConnectionClosed. "
                + (_RAISES_TOO if all_got_it else _ENDS_THERE),
                KeyError: f"{wrong} `remove` raises it if the client has left the set meanwhile. `discard` raises "
                "nothing; better still, leave the set alone: it is not yours.",
                lambda error: "changed size during iteration" in str(error): f"{wrong} The set changed while your loop "
                "went through it, as it does when a client leaves. Loop over a copy.",
                otherwise: str(wrong),
            }, "send_to_all", "raises", type(error).__name__, came=error)  # fmt: skip
        self.keeps(there, "Your function took connections out of `clients`: {lost}. The caller needs them again. "
                   "Loop over a copy.")  # fmt: skip
        for end, client in self.ends.items():
            if client in there and (end.protocol.state is not OPEN or end.transport.is_closing()):
                talk.fail(_CLOSED, client.name, "is", "disconnected", expected="connected")

    def keeps(self, there: list[Client], why: str) -> None:
        """Expect that those who are `there` are still in the set."""
        if lost := ", ".join(one.name for end, one in self.ends.items() if one in there and end not in self.clients):
            self.talk.fail(why.format(lost=lost), "clients", "lacks", lost, expected="all connected clients")

    async def reaches(self, message: str, there: list[Client], why: str) -> None:
        """Send a short message, and expect it once at each of those who are `there`."""
        await self.call(message, there)
        await self.talk.all_hear(there, message, {
            lambda came: in_json(message, came): IN_JSON,
            lambda came: came and not message: f"The message was empty. Send `message` as it is. {why}",
            otherwise: why,
        })  # fmt: skip
        again = "{name} received the message again. Send it once to each client."
        await self.talk.none_hear(there, again)


async def _vanish(talk: Talk, send_to_all: Callable) -> None:
    async with talk.server(Listeners) as server:
        people = await talk.clients(server, "Ann", "Bob", "Carl", "Dora", "Zoe", "Sam")
        sending = Sending(talk, send_to_all, people)
        talk.tells("", "send_to_all({Ann, Bob, Carl, Dora, Zoe, Sam}, 'one')")
        missed = "All six clients are connected, but not every one of them received the message unchanged."
        await sending.reaches("one", people, missed)
        for text, why in TRICKY:
            talk.tells("", f"send_to_all(…, {text!r})")
            await sending.reaches(text, people, why)

        gone, polite, *there = sending.order
        await gone.vanishes()
        await polite.closes()
        await talk.has_connections(server, 4)
        talk.tells("", "send_to_all(…, 'two')", f"{gone.name} and {polite.name} are still in the set")
        ends = (
            f"{gone.name} has vanished, {polite.name} has closed, and {{name}} did not receive the message. One "
            "client's end must not end the loop: catch ConnectionClosed for each client, as both its kinds."
        )
        await sending.reaches("two", there, ends)
        await _leave_meanwhile(talk, server, sending, there)

        talk.tells("", f"send_to_all({{{there[-1].name}}}, 'alone')")
        sending.clients.intersection_update({there[-1].peer})  # an odd number
        await sending.reaches(
            "alone", there[-1:], "{name} is the only client in the set, and must receive the message."
        )
        talk.tells("", "send_to_all(set(), 'nobody')")
        try:
            await talk.call(send_to_all, set(), "nobody")
        except NotYet as wrong:
            talk.fail(f"The set may be empty, and your function raised an error. {wrong}", "send_to_all", "fails")


async def _leave_meanwhile(talk: Talk, server: Server, sending: Sending, there: list[Client]) -> None:
    """Let one of four leave while a long message is sent, and two be slow: one leaves too, the other reads again."""
    slow, leaving, late, listener = there
    stalled = [(client, client.peer) for client in (slow, late)]
    for client, end in stalled:
        buffers.shrink(end)
        client.stops_reading()
    await _fill(talk, late)
    before = {client: len(client.heard) + (client is late) for client in there}  # what has filled it comes first
    waiting = {end: end.transport.get_write_buffer_size() for _, end in stalled}
    long = "three " * 200_000
    talk.tells("", "send_to_all(…, 'three three three …')", f"{slow.name} and {leaving.name} leave meanwhile")
    task = asyncio.create_task(sending.call(long, [late, listener]))

    def written() -> list[Client]:
        return [client for client, end in stalled if end.transport.get_write_buffer_size() > waiting[end]]

    await talk.until(
        lambda: task.done() or written(), f"Your function sent nothing to {slow.name} or {late.name} for 2 s.",
        who="the message", expected="on its way to them too",
    )  # fmt: skip

    def received(client: Client) -> bool:
        return client.heard[before[client] :] == [long]

    # A function that waits for nobody has written all, and yet its task may end a moment later on a busy machine.
    await talk.until(task.done, within=PATIENCE)
    waits, reached = not task.done(), written()  # a loop waits at the first one that is slow
    if waits:
        sending.keeps([late, listener], _EMPTIED)
    else:
        await task  # it may have found a mistake already, which says more than what follows
    for client, connections in ((leaving, 3), (slow, 2)):  # an awaited send to a slow one waits meanwhile
        await client.vanishes()
        await talk.has_connections(server, connections, lambda came: _CLOSED.replace("{name}", "a client"))
        sending.clients.intersection_update(server.connections)
    if waits:
        await asyncio.wait({task}, timeout=LONGER)
    late.reads_again()
    await task
    for client in (listener, late):
        if not await talk.until(partial(received, client)):
            count = len(client.heard) - before[client]
            once = "Two clients left while you were sending, and {name} did not receive the message exactly once."
            if client is late:
                once = _TWICE.replace("{count}", str(count)) if count > 1 else _ONCE
            came = f"it {count} times" if count else "nothing"
            talk.fail(once, client.name, "receives", came, expected="the long message, once")
        client.judged = len(client.heard)
        talk.tells(client.name, "receives", "'three three three …'")
    if waits:
        all_at_once = len(reached) == len(stalled)
        talk.advises((_GATHER if all_at_once else _LOOP).format(slow=(slow if all_at_once else reached[0]).name))


async def _fill(talk: Talk, client: Client) -> None:
    """Let bytes wait for a client that doesn't read, before the function is called."""
    long = "before " * 100_000
    broadcast([client.peer], long)
    talk.tells(client.name, "is", "slow already: bytes of an earlier message are waiting for this client")


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
