"""What waits for a client that does not read is limited, and the other clients notice nothing."""

from contextlib import suppress
from functools import partial
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.common.patience import counted
from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.passing_on import TRICKY, Crowd
from wslearn.limits import Limits
from wslearn.server import Server

#: For each of two servers: what may wait for a client, in bytes (`MOST`), and how long a message is.
ROUNDS = ((1_000_000, 60_000), (600_000, 10_000))
#: All the messages of one server may take so long, in seconds.
PATIENCE = 4.0

_TOO_MUCH = (
    "Too many bytes are waiting for {name} in your server's memory, and each message adds to them. After sending, "
    "check `client.transport.get_write_buffer_size()` of each client."
)
_NEVER = (
    "{name} has read none of these messages, is still connected, and will never learn what was missed. End this "
    "connection when too many bytes are waiting: then {name} can reconnect and start again."
)
_TOO_EARLY = (
    "You ended {{name}}'s connection when few bytes were waiting for this client. Every client is slow for a moment "
    "now and then: end a connection only when more than {:,} bytes are waiting for it alone."
)
_NOT_MOST = " In this second server, `MOST` is {:,}. Compare with `self.MOST`, not with a number of your own."
_SLEEPS = "{} messages took more than {:g} s, although nobody has to wait for {}. Does your code sleep?"


async def _bounded(talk: Talk, server_class: type[Server]) -> None:
    given: Any = server_class if isinstance(server_class, type) else _bounded  # which is refused below
    own = getattr(given, "MOST", ROUNDS[0][0])
    try:
        for number, (most, size) in enumerate(ROUNDS):
            given.MOST = most  # in the class itself: an answer may well say `Bounded.MOST`
            async with talk.server(server_class, limits=Limits(max_unsent=None, stall_timeout=None)) as server:
                talk.tells("a server", "starts", f"with MOST = {most:,}")
                await _drops_the_slow(talk, server, most, size, _NOT_MOST.format(most) if number else "")
    finally:
        given.MOST = own


async def _drops_the_slow(talk: Talk, server: Server, most: int, size: int, hint: str) -> None:
    """Let two of four clients not read, and Ann send messages of this size until both are dropped."""
    ann, bob = await talk.clients(server, "Ann", "Bob")
    slow = await talk.clients(server, "Sam", "Dora", receive_buffer=4096)
    to_all = "Each message goes to all clients unchanged, including the one that sent it."
    crowd = Crowd(talk, server)
    for text, why in (("hello", to_all), *TRICKY):
        await crowd.sends(ann, text, [ann, bob, *slow], why)

    ends = {client: client.peer for client in slow}
    for client in slow:
        client.stops_reading()
    messages = 3 * most // size + 10  # three times what may wait, and what the system's small buffers take besides
    talk.tells("Ann", "sends", f"up to {messages} messages of {size:,} bytes, each after the one before is back")
    unsent, number, began = dict.fromkeys(slow, 0), 0, counted()
    while any(end in server.connections for end in ends.values()) and number < messages:
        number += 1
        for client, end in ends.items():
            if end in server.connections:
                unsent[client] = end.transport.get_write_buffer_size()
                if unsent[client] > most + 5 * size:
                    keeps = f"{unsent[client]:,} bytes for {client.name}"
                    why = (_TOO_MUCH + hint).replace("{name}", client.name)
                    talk.fail(why, "the server", "keeps", keeps, expected=f"at most {most:,}")
        await _goes_round(talk, server, ann, bob, f"{number} ".ljust(size, "x"), max(unsent.values()) > most - 2 * size)
        if counted() - began > PATIENCE:
            why = _SLEEPS.format(number, PATIENCE, "Sam or Dora")
            talk.fail(why, "Ann, Bob", "receive", f"{number} messages in {PATIENCE:g} s", expected="all, at once")
    talk.tells("Ann, Bob", "receive", f"{number} messages")
    for client, end in ends.items():
        if end in server.connections:
            talk.fail(_NEVER + hint, client.name, "is", "connected", expected="dropped")
        dropped = f"dropped; before the last message {unsent[client]:,} bytes were waiting"
        if unsent[client] + size + 100 < most:
            talk.fail(_TOO_EARLY.format(most) + hint, client.name, "is", dropped)
        talk.tells(client.name, "is", dropped)
    (zoe,) = await talk.clients(server, "Zoe")
    await ann.says("good night")
    for client in (ann, bob, zoe):
        await client.hears("good night", partial(_why_nothing_came, talk, server, client, False))


async def _goes_round(talk: Talk, server: Server, ann: Client, bob: Client, message: str, full: bool) -> None:
    """Let Ann send one of many long messages, and wait until Ann and Bob have it."""
    with suppress(ConnectionClosed):  # then she does not receive it either
        await ann.ws.send(message)

    def came(client: Client) -> bool:
        return client.heard[-1:] == [message]

    for client in (ann, bob):
        if not await talk.until(partial(came, client)):
            why = _why_nothing_came(talk, server, client, full)
            expected = f"a message of {len(message):,} bytes"
            talk.fail(why, client.name, "receives", "nothing for 2 s", expected=expected)
        client.judged = len(client.heard)  # they are too many to be shown


def _why_nothing_came(talk: Talk, server: Server, client: Client, full: bool, came: object = None) -> str:
    """Say why a client that reads got nothing; `full`: about as much as may wait is waiting for a slow one."""
    if talk.error(server):
        return ""  # it says why, and the end of a connection is only what followed
    if client.ws.close_code is not None:
        return "{name} reads everything, but was thrown out. End only the connection that too many bytes wait for."
    if full:
        return (
            "When too many bytes were waiting for a slow client, {name} had to wait too. `close` sends its close frame "
            "after all those bytes, and waits for an answer. Use what needs no answer: `client.transport.abort()`. And "
            "pass every message on, also the one after which you drop a client."
        )
    return (
        "When Sam and Dora stopped reading, {name} received nothing more, because your handler waits for Sam. "
        "`await client.send(…)` returns when there is room. Use `broadcast`, which does not wait."
    )


bounded = Exercise(
    _bounded,
    hints=(
        "Take two steps for each message: send it to all without waiting, then look for clients that are too slow.",
        "Use `broadcast` first. Then ask each connection's `transport` for its unsent bytes, as in part 3.",
        "Loop over a copy of the set. If a client has more than `self.MOST` unsent bytes: `client.transport.abort()`.",
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
    why="`broadcast` never waits, so the other clients do not either. It keeps in memory what it cannot send, so count "
    "these bytes. `abort` needs nothing from the client; a close frame would wait after the bytes that are stuck.",
)
