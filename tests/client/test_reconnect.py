import asyncio
import itertools
import random
import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import until
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.http11 import Response

from wslearn import EchoServer, Limits, Server
from wslearn.client import backoff, retry_after, stay_connected
from wslearn.server.handshake import respond


def test_waits_grow_up_to_the_cap_and_use_the_whole_range():
    for attempt, limit in enumerate([0.5, 1, 2, 4, 8, 16, 30, 30]):
        draws = [next(itertools.islice(backoff(rng=random.Random(seed)), attempt, None)) for seed in range(300)]
        assert all(0 <= wait <= limit for wait in draws)
        assert min(draws) < 0.05 * limit and max(draws) > 0.95 * limit


@pytest.mark.parametrize(("base", "cap"), [(8, 3), (3, 3), (0.5, 0.1)])
def test_no_wait_is_above_the_cap_not_even_the_first(base, cap):
    for attempt in range(3):
        draws = [next(itertools.islice(backoff(base, cap, random.Random(n)), attempt, None)) for n in range(300)]
        assert max(draws) <= cap
        assert min(draws) < 0.05 * cap and max(draws) > 0.95 * cap


def test_waits_can_be_seeded():
    first, second = (list(itertools.islice(backoff(rng=random.Random(7)), 5)) for _ in range(2))
    assert first == second


async def test_it_comes_back_after_a_lost_connection_and_a_server_that_was_away():
    server = await EchoServer().start()
    talks = asyncio.Queue()

    async def talk(ws):
        await ws.recv()
        talks.put_nowait(ws)
        async for _ in ws:
            pass

    client = asyncio.create_task(stay_connected(server.url, talk, base=0.01, cap=0.05))
    async with asyncio.timeout(30):
        (await talks.get()).transport.abort()
        await talks.get()
        await server.stop()
        server = await EchoServer(port=server.port).start()
        await talks.get()
    client.cancel()
    await server.stop()


async def test_it_ends_when_the_talk_has_ended():
    async with EchoServer() as server:
        async with asyncio.timeout(30):
            await stay_connected(server.url, lambda ws: ws.send("that is all"))


async def test_it_ends_when_the_conversation_is_over_whoever_says_so():
    async with ClosesAtOnce() as server, EchoServer() as echo, asyncio.timeout(30):
        server.code = 1000
        await stay_connected(server.url, listen)
        await stay_connected(echo.url, lambda ws: ws.close(1001))


async def test_it_gives_up_where_another_attempt_would_only_be_refused_again():
    class Bouncer(Server):
        async def handler(self, ws):
            await ws.close(1008, "Invalid token")

    async with Bouncer() as server, asyncio.timeout(30):
        with pytest.raises(ConnectionClosedError) as closed:
            await stay_connected(server.url, lambda ws: ws.recv())
        assert closed.value.rcvd.code == 1008
        with pytest.raises(InvalidStatus) as refused:
            await stay_connected(server.url + "nowhere", lambda ws: ws.recv())
        assert refused.value.response.status_code == 404


async def test_a_full_server_is_tried_again():
    async with EchoServer(limits=Limits(max_connections=1)) as server, asyncio.timeout(30):
        first = await connect(server.url)
        waits = {"base": 0.01, "cap": 0.05, "max_retry_after": 0.05}  # the server asks for 5 s
        client = asyncio.create_task(stay_connected(server.url, lambda ws: ws.recv(), **waits))
        await until(lambda: any(event.code == 503 for event in server.log))
        await first.close()
        await client


# When the back-off begins anew


class Upper(random.Random):
    """Draws what is least favourable, the upper limit, and keeps it."""

    def __init__(self):
        self.limits = []
        super().__init__()

    def uniform(self, low, high):
        self.limits.append(high)
        return high


class ClosesAtOnce(Server):
    code = 1013

    async def handler(self, ws):
        await ws.close(self.code)


async def listen(ws):
    async for _ in ws:
        pass


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013, 3008, 4000])
async def test_a_server_that_accepts_and_closes_gets_pauses_that_grow(code):
    rng = Upper()
    async with ClosesAtOnce() as server, asyncio.timeout(30):
        server.code = code
        client = asyncio.create_task(stay_connected(server.url, listen, base=0.01, cap=0.1, rng=rng))
        await until(lambda: len(rng.limits) >= 7)
        client.cancel()
    assert rng.limits[:7] == [0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]


async def test_a_server_that_closes_with_1013_is_not_asked_13_times_in_3_seconds():
    async with ClosesAtOnce() as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await stay_connected(server.url, listen, rng=Upper())  # at 0, 0.5, 1.5 and 3.5 s
        assert 1 <= sum(event.kind == "connect" for event in server.log) <= 3


async def test_a_connection_that_has_lasted_begins_the_back_off_anew():
    class ClosesLater(Server):
        async def handler(self, ws):
            await ws.recv()
            await asyncio.sleep(0.2)
            await ws.close(1013)

    async def talk(ws):
        await ws.send("it is open here too, from now on")
        await listen(ws)

    rng = Upper()
    async with ClosesLater() as server, asyncio.timeout(30):
        client = asyncio.create_task(stay_connected(server.url, talk, base=0.01, rng=rng, stable=0.1))
        await until(lambda: len(rng.limits) >= 3)
        client.cancel()
    assert rng.limits[:3] == [0.01] * 3


async def test_the_time_of_a_closing_handshake_is_no_time_that_the_connection_has_lasted():
    async def fails(ws):
        ws.close_timeout = 1.2
        raise OSError("no more")

    class Deaf(Server):
        async def handler(self, ws):
            ws.transport.pause_reading()  # it will not answer the close frame
            await ws.wait_closed()

    rng = Upper()
    async with Deaf() as server, asyncio.timeout(30):
        client = asyncio.create_task(stay_connected(server.url, fails, base=0.01, rng=rng, stable=0.8))
        await until(lambda: len(rng.limits) >= 2)
        client.cancel()
    assert rng.limits[:2] == [0.01, 0.02]


# Refused handshakes


class Refuses(Server):
    """Refuses as often as it is told to, and then lets in."""

    def __init__(self, status, times=2, **headers):
        super().__init__()
        self.answers = [respond(status, "no", **headers)] * times
        self.asked_at = []

    def _process_request(self, ws, request):
        self.asked_at.append(asyncio.get_running_loop().time())
        return self.answers.pop() if self.answers else super()._process_request(ws, request)

    async def handler(self, ws):
        await ws.send("welcome")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_refusal_that_is_not_for_good_is_waited_for(status):
    async with Refuses(status) as server, asyncio.timeout(30):
        await stay_connected(server.url, lambda ws: ws.recv(), base=0.01)
        assert len(server.asked_at) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 426, 431])
async def test_a_refusal_for_good_is_raised(status):
    async with Refuses(status, Retry_After="0") as server, asyncio.timeout(30):
        with pytest.raises(InvalidStatus):
            await stay_connected(server.url, lambda ws: ws.recv(), base=0.01)
        assert len(server.asked_at) == 1


@pytest.mark.parametrize("status", [408, 429, 503])
async def test_a_client_waits_as_long_as_it_is_asked_to_and_not_longer_than_it_allows(status):
    async with Refuses(status, times=1, Retry_After="1") as server, asyncio.timeout(30):
        await stay_connected(server.url, lambda ws: ws.recv(), base=0.01)
        assert server.asked_at[1] - server.asked_at[0] >= 1
    async with Refuses(status, times=1, Retry_After="86400") as server, asyncio.timeout(30):
        await stay_connected(server.url, lambda ws: ws.recv(), base=0.01, max_retry_after=0.5)
        assert server.asked_at[1] - server.asked_at[0] >= 0.5


async def test_clients_that_were_all_asked_for_the_same_wait_do_not_return_at_one_moment():
    rng = Upper()
    async with Refuses(503, times=1, Retry_After="1") as server, asyncio.timeout(30):
        await stay_connected(server.url, lambda ws: ws.recv(), base=0.2, rng=rng)
        assert server.asked_at[1] - server.asked_at[0] >= 1.2


def asks(*values: str) -> Response:
    return Response(503, "Service Unavailable", Headers([("Retry-After", value) for value in values]))


def test_seconds_and_dates_are_understood():
    assert retry_after(asks("0")) == 0
    assert retry_after(asks(" 7 ")) == 7
    assert 200 < retry_after(asks(formatdate(time.time() + 250, usegmt=True))) <= 250
    assert retry_after(asks(formatdate(time.time() - 30, usegmt=True))) == 0
    assert retry_after(asks("Sunday, 06-Nov-94 08:49:37 GMT")) == 0  # the two old forms that RFC 9110 has
    assert retry_after(asks("Sun Nov  6 08:49:37 1994")) == 0
    assert retry_after(asks("301")) == retry_after(asks("9" * 5000)) == 300
    assert retry_after(asks("Fri, 31 Dec 9999 23:59:59 GMT")) == 300
    assert retry_after(asks("301"), longest=1000) == 301


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("-1",),
        ("1.5",),
        ("1e9",),
        ("inf",),
        ("nan",),
        ("soon",),
        ("é",),
        ("0x10",),
        ("1_000",),
        ("Wed, 99 Oct 2015 07:28:00 GMT",),
        ("1 Oct 07:28:00 99999999999999 -1",),
    ],
)
def test_what_is_neither_is_as_if_it_were_not_there(values):
    assert retry_after(asks(*values)) == 0
    assert retry_after(asks(*values, "3")) == 3


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60)))
@example(["٣"])
def test_whatever_a_server_asks_for_the_wait_is_bounded(values):
    answer = SimpleNamespace(headers=SimpleNamespace(get_all=lambda name: values))  # versions read bytes differently
    assert 0 <= retry_after(answer, longest=20) <= 20


async def test_a_message_that_is_much_too_big_ends_it_with_1009():
    # More than the buffers of the system hold: what is unsent when the server closes makes asyncio's abort() fail.
    async def talk(ws):
        await ws.send(bytes(24 * 2**20))
        async for _ in ws:
            pass

    async with EchoServer() as server, asyncio.timeout(30):
        with pytest.raises(ConnectionClosedError) as closed:
            await stay_connected(server.url, talk)
        assert closed.value.rcvd.code == 1009
