"""Slow clients of a server that sends only the newest value: what waits for them, and what arrives."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Talk
from wslearn.exercises.engine import NotYet
from wslearn.server import Server

#: So many long values, of so many bytes; and how many of them may wait in the server for one client.
MANY, LONG, WAITING = 15, 60_000, 2
#: So many values of so many bytes are sent at most until one waits for a client that doesn't read; then shorter ones.
FILLING, OF_BYTES, MORE, SHORT = 150, 400, 12, 100
#: So many of them may be on the way to a client with small buffers when it stops reading.
ON_THE_WAY = 5

_TOO_MUCH = (
    "{name} doesn't read, and more and more bytes are waiting for this client in your server. Send nothing to a client "
    "as long as bytes are waiting for it: `ws.transport.get_write_buffer_size()` says how many."
)
_WAITING = (
    "{name} doesn't read, bytes are waiting for this client in your server, and yet it has sent more. Send only "
    "if `ws.transport.get_write_buffer_size()` is 0. (`await ws.send(…)` waits only if more than 32 KiB are waiting.)"
)
_DROPPED = "{name} is slow, and your server has dropped this client. Drop nobody here: a slow client skips values."
_LOST = (
    "{name} has not left, but your server has closed this client's connection, or taken it out of `self.connections`. "
    "A handler must go on until its client has left, and the set belongs to the server."
)
_NEVER = (
    "{name} read again, and then nobody sent anything. The newest value must arrive all the same: remember which "
    "clients don't have it yet, and try again until they do. No message will wake a handler up for that."
)
_WAITED = (
    "Two clients had stopped reading, and {name}, who reads, did not receive the next value. Wait for no client: not "
    "with `await client.send(…)` in a handler, and not with a queue that is full."
)
_ORDER = "{name} received an old value after a newer one, or a value twice. Keep only the newest one, and send it once."
_TOO_MANY = (
    "{name} read again, and received values that were out of date long ago. Keep only the newest value for a client "
    "that is slow, not a list or a queue of all that it has missed."
)


def _has(client: Client, value: str) -> bool:
    return client.heard[-1:] == [value]


def _end(talk: Talk, server: Server, client: Client) -> Any:
    """Return the server's end of a client's connection. Without one the check ends, and says why."""
    try:
        return client.peer
    except NotYet:
        message = "" if talk.error(server) else _LOST
    talk.fail(message, client.name, "is", "not in `self.connections`", expected="in `self.connections`")


async def slow_clients(talk: Talk, server: Server, fast: list[Client], slow: list[Client]) -> list[str]:
    """Let two clients not read while Ann sends many long values; return these."""
    ends = {client: _end(talk, server, client) for client in slow}
    for client in slow:
        client.stops_reading()
    values = [f"{number} ".ljust(LONG, "x") for number in range(1, MANY + 1)]
    talk.tells("Ann", "sends", f"{MANY} values of {LONG:,} bytes, each after the one before is back")

    def look() -> None:
        for client, end in ends.items():
            if end not in server.connections:
                talk.fail("" if talk.error(server) else _DROPPED, client.name, "is", "dropped", expected="connected")
            if (unsent := end.transport.get_write_buffer_size()) > WAITING * LONG + 1000:
                talk.fail(_TOO_MUCH.replace("{name}", client.name), "the server", "keeps", f"{unsent:,} bytes for "
                          f"{client.name}", expected=f"at most {WAITING} values")  # fmt: skip

    await send(talk, server, fast[0], fast, values, look)
    return values


async def short_values(talk: Talk, server: Server, slow: Client, fast: list[Client]) -> None:
    """Let a client not read while short values are sent, and go on when some wait for it: no more may be added."""
    end = _end(talk, server, slow)
    slow.stops_reading()
    values: list[str] = []
    while not (waiting := end.transport.get_write_buffer_size()) and len(values) < FILLING:
        values.append(f"{len(values) + 1} ".ljust(OF_BYTES, "z"))
        await send(talk, server, fast[0], fast, values[-1:])
    talk.tells(fast[0].name, "sends", f"{len(values)} values of {OF_BYTES} bytes; {slow.name} doesn't read")
    some = len(values)
    for _ in range(MORE):
        values.append(f"{len(values) + 1} ".ljust(SHORT, "z"))
        await send(talk, server, fast[0], fast, values[-1:])
    talk.tells(fast[0].name, "sends", f"{MORE} values of {SHORT} bytes")
    if (unsent := end.transport.get_write_buffer_size()) > waiting + SHORT + 10:
        talk.fail(_WAITING.replace("{name}", slow.name), "the server", "keeps", f"{unsent:,} bytes for {slow.name}",
                  expected=f"{waiting:,} bytes, as before")  # fmt: skip
    await catches_up(talk, server, slow, values, some + WAITING)


async def send(
    talk: Talk,
    server: Server,
    sender: Client,
    receivers: list[Client],
    values: list[str],
    look: Callable[[], None] = lambda: None,
) -> None:
    """Let a client send values, each after all of the receivers have the one before."""
    for value in values:
        with suppress(ConnectionClosed):  # then it does not receive it either
            await sender.ws.send(value)
        for client in receivers:
            if not await talk.until(partial(_has, client, value)):
                expected = f"a value of {len(value):,} bytes"
                talk.fail("" if talk.error(server) else _WAITED, client.name, "receives", "nothing for 2 s",
                          expected=expected)  # fmt: skip
            client.judged = len(client.heard)  # they are too long to be shown
        look()


async def catches_up(
    talk: Talk, server: Server, client: Client, values: list[str], on_the_way: int = ON_THE_WAY
) -> None:  # fmt: skip
    """Let a client read again, and expect the newest of these values, after few others, in order."""
    before = client.judged
    client.reads_again()
    await talk.until(partial(_has, client, values[-1]))
    if client.ws.close_code is None:  # what comes after the newest value is before this ping's answer
        await client.is_still_there(_DROPPED)
    came = client.heard[before:]
    client.judged = len(client.heard)
    numbers = [values.index(value) + 1 if value in values else 0 for value in came]
    some = [*map(str, numbers)] if len(numbers) < 9 else [*map(str, numbers[:3]), "…", *map(str, numbers[-3:])]
    found = f"value {', '.join(some)} of {len(values)}" if numbers else "nothing"
    expected = f"value {len(values)} in the end"

    def fail(message: str) -> None:
        talk.fail("" if talk.error(server) else message, client.name, "receives", found, expected=expected)

    if numbers != sorted(set(numbers)) or 0 in numbers:
        fail(_ORDER)
    if numbers[-1:] != [len(values)]:
        fail(_NEVER)
    if len(numbers) > on_the_way + 1:
        fail(_TOO_MANY)
    talk.tells(client.name, "receives", found)


async def at_once(talk: Talk, server: Server, sender: Client, clients: list[Client]) -> None:
    """Let a client send many short values without waiting: all may skip some, and must have the last one."""
    values = [f"{number} of 25" for number in range(1, 26)]
    talk.tells(sender.name, "sends", "25 values at one time: `1 of 25`, and so on")
    before = {client: len(client.heard) for client in clients}
    with suppress(ConnectionClosed):
        for value in values:
            await sender.ws.send(value)
    for client in clients:
        arrived = await talk.until(partial(_has, client, values[-1]))
        came = client.heard[before[client] :]
        client.judged = len(client.heard)
        if not arrived or came != [value for value in values if value in came]:
            why = "Ann sent many values at one time. {name} must receive the last one, and none of them late or twice."
            talk.fail("" if talk.error(server) else why, client.name, "receives", str(came), expected="`25 of 25` last")
        talk.tells(client.name, "receives", f"{len(came)} of them, and `25 of 25` last")
