"""What waits for a client that does not read is limited, and the other clients notice nothing."""

from contextlib import suppress
from functools import partial

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.passing_on import Crowd
from wslearn.limits import Limits
from wslearn.server import Server

#: What may wait for a client, in bytes, and how long a message is there, with its number.
MOST, LONG = 1_000_000, 60_000
#: Messages: three times what may wait, and what the system's small buffers take besides.
MESSAGES = 3 * MOST // LONG + 10

_TOO_MUCH = (
    "Too many bytes are waiting for Sam in your server's memory, and each message adds to them. After sending, check "
    "`client.transport.get_write_buffer_size()` of each client."
)
_NEVER = (
    f"Sam has read none of {MESSAGES} messages, and is still connected. He will never learn what he missed. End his "
    "connection when too many bytes are waiting: then he can reconnect and start again."
)
_TOO_EARLY = (
    "You ended Sam's connection when few bytes were waiting for him. Every client is slow for a moment now and then: "
    f"end a connection only above {MOST:,}."
)


async def _bounded(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class, limits=Limits(max_unsent=None, stall_timeout=None)) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        (sam,) = await talk.clients(server, "Sam", receive_buffer=4096)
        end = sam.peer
        to_all = "Each message goes to all clients unchanged, including the one that sent it."
        await Crowd(talk, server).sends(ann, "hello", [ann, bob, sam], to_all)

        sam.stops_reading()
        talk.tells("Ann", "sends", f"up to {MESSAGES} messages of {LONG:,} bytes, each after the one before is back")
        number = unsent = 0
        while end in server.connections and number < MESSAGES:
            number, unsent = number + 1, end.transport.get_write_buffer_size()
            if unsent > MOST + 5 * LONG:
                talk.fail(_TOO_MUCH, "the server", "keeps", f"{unsent:,} bytes for Sam", expected=f"at most {MOST:,}")
            await _goes_round(talk, server, ann, bob, number, unsent)
        talk.tells("Ann, Bob", "receive", f"{number} messages")
        if end in server.connections:
            talk.fail(_NEVER, "Sam", "is", "connected", expected="dropped")
        dropped = f"dropped; before the last message {unsent:,} bytes were waiting"
        if unsent + LONG + 100 < MOST:
            talk.fail(_TOO_EARLY, "Sam", "is", dropped)
        talk.tells("Sam", "is", dropped)
        await ann.says("good night")
        for client in (ann, bob):
            await client.hears("good night", partial(_why_nothing_came, talk, server, client, 0))


async def _goes_round(talk: Talk, server: Server, ann: Client, bob: Client, number: int, unsent: int) -> None:
    """Let Ann send one of many long messages, and wait until Ann and Bob have it; `unsent` bytes wait for Sam."""
    message = f"{number} ".ljust(LONG, "x")
    with suppress(ConnectionClosed):  # then she does not receive it either
        await ann.ws.send(message)

    def came(client: Client) -> bool:
        return client.heard[-1:] == [message]

    for client in (ann, bob):
        if not await talk.until(partial(came, client)):
            why = _why_nothing_came(talk, server, client, unsent)
            talk.fail(why, client.name, "receives", "nothing for 2 s", expected=f"message {number} of {LONG:,} bytes")
        client.judged = len(client.heard)  # they are too many to be shown


def _why_nothing_came(talk: Talk, server: Server, client: Client, unsent: int, came: object = None) -> str:
    if talk.error(server):
        return ""  # it says why, and the end of a connection is only what followed
    if client.ws.close_code is not None:
        return "{name} reads everything, but was thrown out. End only the connection that too many bytes wait for."
    if unsent > MOST - 2 * LONG:
        return (
            "When too many bytes were waiting for Sam, {name} had to wait too. `close` sends its close frame after all "
            "those bytes, and waits for an answer. Use what needs no answer: `client.transport.abort()`."
        )
    return (
        "When Sam stopped reading, {name} received nothing more, because your handler waits for Sam. "
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
