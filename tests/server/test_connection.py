from types import SimpleNamespace

import pytest
from support import Clock, closed_with, hear, stop_rates, tell, until
from websockets.asyncio.client import connect

from wslearn import Limits, Server
from wslearn.fast import fan_out
from wslearn.limits import TokenBucket
from wslearn.messages import Say
from wslearn.server.connection import Connection


class Parrot(Server):
    limits = Limits(rate=None)

    async def handler(self, ws):
        async for said in ws.receive(Say):
            await ws.say(said)


async def test_a_malformed_message_is_answered_and_the_connection_kept():
    async with Parrot() as server, connect(server.url) as ws:
        for bad in ["hello", "[]", '{"message":5}', b"\x00"] * 2:
            await ws.send(bad)
            error = await hear(ws)
            assert (error["type"], error["code"]) == ("error", "bad-message")
            assert error["message"].startswith('expected {"message":"…"}; ') or "binary" in error["message"]
        await tell(ws, message="fine")
        assert await hear(ws) == {"message": "fine"}


async def test_half_an_emoji_is_answered_with_what_it_is():
    async with Parrot() as server, connect(server.url) as ws:
        await ws.send('{"message":"hi \\ud83d"}')  # what JSON.stringify makes of "hi 😀".slice(0, 4)
        assert "half a character, `\\ud83d`" in (await hear(ws))["message"]
        await ws.send('{"message":"hi 😀"}')
        assert await hear(ws) == {"message": "hi 😀"}
        await ws.send(b"hi \xed\xa0\xbd", text=True)  # the same as bytes is no UTF-8
        assert (await closed_with(ws))[0] == 1007


async def test_the_tenth_malformed_message_in_a_row_is_the_last():
    async with Parrot() as server, connect(server.url) as ws:
        for _ in range(9):
            await ws.send("bad")
        await tell(ws, message="a good one begins the count anew")
        for _ in range(10):
            await ws.send("bad")
        assert await closed_with(ws) == (1008, "10 malformed messages in a row")


async def test_too_fast_is_warned_then_dismissed_with_what_would_pass(monkeypatch):
    stop_rates(monkeypatch)
    async with Parrot(limits=Limits(rate=5)) as server, connect(server.url) as ws:
        for number in range(12):
            await tell(ws, message=f"{number}")
        assert [(await hear(ws))["message"] for _ in range(10)] == [f"{n}" for n in range(10)]
        warning = await hear(ws)
        assert warning["code"] == "rate-limited"
        assert "the limit is 5 messages a second, with bursts of 10: slow down" in warning["message"]
        assert await closed_with(ws) == (1008, "Too many messages")


async def test_a_warning_is_forgotten_when_the_client_has_slowed_down():
    async with Parrot() as server, connect(server.url) as ws:
        await until(lambda: server.connections)
        [connection] = server.connections
        clock = Clock()
        connection.buckets = (TokenBucket(5, clock=clock),)
        for _ in range(3):
            for number in range(11):
                await tell(ws, message=f"{number}")
            assert [(await hear(ws))["message"] for _ in range(10)] == [f"{n}" for n in range(10)]
            assert (await hear(ws))["code"] == "rate-limited"
            clock.now += 2


async def test_fan_out_reaches_open_connections_and_skips_those_that_have_gone():
    async with Parrot() as server, connect(server.url) as ann, connect(server.url) as bob:
        await until(lambda: len(server.connections) == 2)
        connections = list(server.connections)
        bob.transport.abort()
        await until(lambda: len(server.connections) == 1)
        fan_out(connections, Say("hi"))
        fan_out([], Say("to nobody"))
        assert await hear(ann) == {"message": "hi"}


async def test_fan_out_drops_who_has_too_much_unsent_at_once_and_not_only_by_and_by():
    async with Parrot(limits=Limits(max_unsent=100_000)) as server:
        async with connect(server.url) as ws:
            await until(lambda: len(server.connections) == 1)
            [connection] = server.connections
            for _ in range(1000):  # without ever giving the event loop a turn
                fan_out(server.connections, Say("x" * 100_000))
            assert connection.transport.get_write_buffer_size() == 0
            await until(lambda: not server.connections)
            ws.transport.abort()
        [error] = [event.text for event in server.log if event.kind == "error"]
        assert error.startswith("aborted: it reads too slowly")


class Watched:
    """As much of a connection as the watchdog looks at, with unsent bytes that the test sets."""

    unsent, moved_at, aborted, held, held_bytes = 0, 0.0, None, (), 0
    abort_if_stalled = Connection.abort_if_stalled

    def __init__(self, **limits):
        self.owner = SimpleNamespace(limits=Limits(**limits))
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.waiting)

    def abort(self, why):
        self.aborted = why

    def seen(self, *sizes):
        """Let the watchdog see these unsent bytes, one a second; return after how many it aborted."""
        for number, self.waiting in enumerate(sizes, 1):
            self.abort_if_stalled(100.0 + number)
            if self.aborted:
                return number
        return None


@pytest.mark.parametrize(
    ("sizes", "dropped_after"),
    [
        ([9, 9, 9, 9, 9, 9], 6),  # nothing has left for 5 s
        ([9, 10, 11, 12, 13, 14], 6),  # more comes, nothing leaves
        ([9, 10, 9, 10, 9, 10, 9, 10, 9, 10, 9], None),  # slow, but it moves
        ([0] * 20, None),
        ([9, 9, 9, 9, 0, 9, 9, 9, 9], None),  # once all had left
        ([9, 9, 101], 3),  # too many, however fast
    ],
)
def test_the_watchdog_drops_who_stands_still_and_keeps_who_moves(sizes, dropped_after):
    assert Watched(stall_timeout=5, max_unsent=100).seen(*sizes) == dropped_after


def test_what_waits_for_a_message_in_fragments_counts_as_unsent_and_never_as_stalled():
    watched = Watched(stall_timeout=5, max_unsent=100)
    watched.held, watched.held_bytes = ["…"], 90
    assert watched.seen(*[0] * 20) is None
    assert watched.seen(9, 10, 11) == 3 and "90 of them wait for the end of a message" in watched.aborted


def test_the_watchdog_can_be_switched_off():
    assert Watched(stall_timeout=None, max_unsent=None).seen(*[10**9] * 50) is None


async def test_a_connection_has_few_enough_names_to_share_their_table_with_all_others():
    async with Parrot() as server, connect(server.url) as client:
        await tell(client, message="hi")
        await hear(client)
        [ws] = server.connections
        assert len(vars(ws)) <= 30  # more, and Python 3.11 gives each a table of its own: 1.4 KiB
