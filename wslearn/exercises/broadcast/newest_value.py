"""The hard task of lesson 03: a client that is slow skips values, and always ends up with the newest one."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.passing_on import TRICKY, Crowd
from wslearn.server import Server

#: So many long values, of so many bytes; and how many of them may wait in the server for one client.
MANY, LONG, WAITING = 15, 60_000, 2
#: So long something that is sent now and then would take to arrive again, in seconds.
AGAIN = 0.25
#: So many of them may be on the way to a client with small buffers when it stops reading.
ON_THE_WAY = 5

_TO_ALL = "Each value goes to all clients unchanged, including the one that sent it."
_LATE = (
    "{name} connected late, and must receive the newest value, exactly as it was sent. An empty string is a value too."
)
_TOO_MUCH = (
    "{name} doesn't read, and more and more bytes are waiting for this client in your server. Send nothing to a client "
    "as long as bytes are waiting for it: `ws.transport.get_write_buffer_size()` says how many."
)
_DROPPED = "{name} is slow, and your server has dropped this client. Drop nobody here: a slow client skips values."
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


async def _newest(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as second, talk.server(server_class) as server:
        crowd = Crowd(talk, server)
        ann, bob = await talk.clients(server, "Ann", "Bob")
        early = "{name} received something before anybody had sent a value."
        await ann.hears_nothing(early, within=AGAIN)
        await bob.hears_nothing(early)
        for sender, text, why in ((ann, "41", _TO_ALL), (bob, "5", _TO_ALL), *((ann, *tricky) for tricky in TRICKY)):
            await crowd.sends(sender, text, [ann, bob], why)
        (carl,) = await talk.clients(server, "Carl")
        await crowd.receive([carl], TRICKY[-1][0], _LATE)
        again = "Carl connected, and {name} received something more. Send the newest value once, to him alone."
        await ann.hears_nothing(again, within=AGAIN)
        await talk.none_hear([bob, carl], again)
        sam, dora = await talk.clients(server, "Sam", "Dora", receive_buffer=4096)
        await crowd.receive([sam, dora], TRICKY[-1][0], _LATE)
        fast, slow = [ann, bob, carl], [sam, dora]
        long = await _slow_clients(talk, server, fast, slow)
        await _catches_up(talk, server, dora, long)
        await crowd.sends(bob, "", [*fast, dora], "{name} reads, and must receive each value, an empty one too.")
        await _catches_up(talk, server, sam, [*long, ""])
        (zoe,) = await talk.clients(server, "Zoe")
        await crowd.receive([zoe], "", _LATE)
        await zoe.closes()
        await crowd.sends(sam, "I am back", [*fast, *slow], "Sam was slow for a moment. Pass on what he sends, too.")
        await _at_once(talk, server, ann, [*fast, *slow])
        await sam.closes()
        dora.stops_reading()
        await _send(talk, server, ann, fast, [f"{number} ".ljust(LONG, "y") for number in range(1, 4)])
        await dora.vanishes()
        await talk.has_connections(server, 3)
        gone = "Dora vanished while bytes were waiting for her, and then {name} did not receive the next value."
        await crowd.sends(bob, "Dora has left", fast, gone)
        (zoe,) = await talk.clients(second, "Zoe")
        talk.tells("Zoe", "is", "a client of a second server of the same class")
        shared = "A second server sent a value of the first. Keep it in `self`, not in the class."
        await zoe.hears_nothing(shared, within=AGAIN)
        await talk.none_hear(fast, "{name} received the newest value again. Send it once to each client.")


def _has(client: Client, value: str) -> bool:
    return client.heard[-1:] == [value]


async def _slow_clients(talk: Talk, server: Server, fast: list[Client], slow: list[Client]) -> list[str]:
    """Let two clients not read while Ann sends many long values; return these."""
    ends = {client: client.peer for client in slow}
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

    await _send(talk, server, fast[0], fast, values, look)
    return values


async def _send(
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


async def _catches_up(talk: Talk, server: Server, client: Client, values: list[str]) -> None:
    """Let a client read again, and expect the newest of these values, after few others, in order."""
    before = client.judged
    client.reads_again()
    await talk.until(partial(_has, client, values[-1]))
    if client.ws.close_code is None:  # what comes after the newest value is before this ping's answer
        await client.is_still_there(_DROPPED)
    came = client.heard[before:]
    client.judged = len(client.heard)
    numbers = [values.index(value) + 1 if value in values else 0 for value in came]
    found = f"value {', '.join(map(str, numbers))} of {len(values)}" if numbers else "nothing"
    expected = f"value {len(values)} in the end"

    def fail(message: str) -> None:
        talk.fail("" if talk.error(server) else message, client.name, "receives", found, expected=expected)

    if numbers != sorted(set(numbers)) or 0 in numbers:
        fail(_ORDER)
    if numbers[-1:] != [len(values)]:
        fail(_NEVER)
    if len(numbers) > ON_THE_WAY + 1:
        fail(_TOO_MANY)
    talk.tells(client.name, "receives", found)


async def _at_once(talk: Talk, server: Server, sender: Client, clients: list[Client]) -> None:
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


newest = Exercise(
    _newest,
    hints=(
        "Ask two questions: which clients don't have the newest value yet, and which of these are ready for it? Keep "
        "the answer to the first one in a set.",
        "A client is ready if `ws.transport.get_write_buffer_size()` is 0. Write a method that sends the newest value "
        "to those that lack it and are ready, and takes them out of the set. Call it for each new value.",
        "A client becomes ready without a message. So call the same method every 0.05 s too, in a coroutine that "
        "`background` returns, as in part 4.",
    ),
    answer="""
        class Newest(Server):
            limits = Limits(max_unsent=None, stall_timeout=None)

            def __init__(self):
                super().__init__()
                self.newest = None
                self.behind = set()  # the clients that don't have the newest value yet

            def background(self):
                return [self.catch_up()]

            async def catch_up(self):
                while True:
                    await asyncio.sleep(0.05)
                    self.send_to_ready()

            def send_to_ready(self):
                ready = {ws for ws in self.behind if ws.transport.get_write_buffer_size() == 0}
                if ready:
                    broadcast(ready, self.newest)
                    self.behind -= ready

            async def handler(self, ws):
                if self.newest is not None:
                    self.behind.add(ws)
                async for message in ws:
                    self.newest = message
                    self.behind = set(self.connections)
                    self.send_to_ready()
    """,
    why="A queue for each client would keep what nobody wants any more. Here the server keeps one value, and a set of "
    "clients, however slow they are. A client that has left is not ready or `broadcast` skips it, and the next value "
    "makes a new set. This is how servers send prices and positions, where only the newest value matters.",
)
