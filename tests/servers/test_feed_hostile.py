"""Feed and what clients should not send: each a clear error, nothing else lost, nothing left behind."""

import asyncio
import gc
import json
import logging
import time
import tracemalloc
from dataclasses import replace

import pytest
from feeds import ANN, BOB, CARL, TestHub, clean, clients, heard, join, nothing_more, quiet_log, say
from hypothesis import given
from hypothesis import strategies as st
from support import closed_with, hear, stop_rates, tell, until
from websockets.asyncio.client import connect

from wslearn.hubs import memory
from wslearn.limits import Limits
from wslearn.redact import redact
from wslearn.servers.feed import FeedServer

BAD_JOINS = {
    "offset": ['"5"', "true", "-1", "1.5", "17.0", "1e3", "[]", "{}", str(2**53), str(2**64), "9" * 400, "9" * 5000],
    "session": ['""', '"abc"', f'"{"a" * 31}"', f'"{"a" * 33}"', f'"{"g" * 32}"', f'"{ANN}\\n"', "5", "true", "[]"],
    "epoch": [f'"{"e" * 65}"', "5", "true", "{}"],
}
BAD_IDS = ['""', f'"{"7" * 65}"', "7", "true", "[]", "{}"]


@pytest.fixture
async def server(caplog):
    with quiet_log(caplog):
        async with FeedServer(hub=TestHub()) as server:
            yield server
            await until(lambda: clean(server))


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, all in BAD_JOINS.items() for value in all])
async def test_a_join_of_an_unexpected_form_is_a_bad_message_that_says_where(server, field, value):
    async with clients(server, ANN) as [ann]:
        await ann.send(f'{{"type":"join-room","room":"coffee","epoch":"x","{field}":{value}}}')
        error = await hear(ann)
        assert error["code"] == "bad-message" and f"$.{field}" in error["message"] and len(error["message"]) < 400
        assert "9" * 30 not in error["message"]
        await say(ann, "still in the room", "1")


@pytest.mark.parametrize("value", BAD_IDS)
async def test_an_id_of_an_unexpected_form_is_a_bad_message(server, value):
    async with clients(server, ANN) as [ann]:
        await ann.send(f'{{"type":"room-message","message":"hi","id":{value}}}')
        error = await hear(ann)
        assert error["code"] == "bad-message" and "$.id" in error["message"] and "id" not in error
        assert await say(ann, "hi", "7" * 64) == 1


async def test_a_bad_message_with_an_id_is_an_error_with_that_id(server):
    async with clients(server, ANN) as [ann]:
        await tell(ann, type="room-message", message=5, id="7")
        error = await hear(ann)
        assert (error["code"], error["id"]) == ("bad-message", "7")
        for _ in range(9):
            await tell(ann, type="room-message", message=5, id="7")
        assert await closed_with(ann) == (1008, "10 malformed messages in a row")


def test_no_hostile_request_harms_anybody_else(caplog):
    words = st.sampled_from(["join-room", "room-message", "leave-room", "tea", "a b", ANN, "7", "é", "\U0001f600", ""])
    numbers = st.integers() | st.floats() | st.sampled_from([2**53 - 1, 2**53, 2**63, 2**64, -1, 0, 1])
    values = st.none() | st.booleans() | numbers | words | st.text(max_size=70) | st.lists(words, max_size=2)
    names = st.sampled_from(["room", "session", "epoch", "offset", "message", "id", "type"])
    requests = st.dictionaries(names, values, max_size=7) | st.builds(
        lambda kind, rest: {"room": "tea", "message": "hi", **rest, "type": kind},
        st.sampled_from(["join-room", "room-message"]),
        st.dictionaries(st.sampled_from(["session", "epoch", "offset", "id"]), values, max_size=4),
    )

    async def attack(server, ann, all_requests) -> None:
        before = server.hub._offset
        async with connect(server.url) as mallory:
            for request in all_requests:
                await mallory.send(json.dumps(request))
            await tell(mallory, type="leave-room")
            await tell(mallory, type="room-message", message="the end", id="the end")
            while (answer := await hear(mallory)).get("id") != "the end":
                assert answer["type"] in ("joined", "presence", "room-message", "ack", "error")
                assert answer.get("code", "bad-message") in ("bad-message", "not-in-a-room")
        others = server.hub._offset - before
        number = await say(ann, "hi")
        assert await heard(ann, others + 1) and number is None

    with asyncio.Runner() as runner, quiet_log(caplog):
        server = FeedServer(hub=TestHub(), limits=Limits())
        server.rooms.lag = 0.001
        runner.run(server.start())
        ann = runner.run(connect(server.url).__aenter__())
        runner.run(join(ann, "tea", BOB))

        @given(st.lists(requests, max_size=5))
        def every_attack(all_requests):
            runner.run(attack(server, ann, all_requests))

        every_attack()
        runner.run(ann.close())
        runner.run(until(lambda: clean(server)))
        runner.run(server.stop())
        assert not runner.run(asyncio.to_thread(lambda: None)) and not asyncio.all_tasks(runner.get_loop())


async def test_a_flood_without_ids_ends_as_in_rooms(server, monkeypatch):
    stop_rates(monkeypatch)
    async with clients(server, ANN) as [ann]:
        for _ in range(60):
            await tell(ann, type="room-message", message="hi")
        assert (await hear(ann, "error"))["code"] == "rate-limited"
        error = await hear(ann, "error")
        assert error["code"] == "rate-limited" and "id" not in error
        assert await closed_with(ann) == (1008, "Too many messages")


async def test_a_flood_with_ids_is_slowed_down_and_sent_again_until_all_is_stored_once():
    server = FeedServer(limits=replace(FeedServer.limits, rate=200))  # so that it does not take long
    async with server, clients(server, ANN, BOB) as [ann, bob]:
        waiting, refused = {str(number) for number in range(600)}, 0
        for id in waiting:
            await tell(ann, type="room-message", message=id, id=id)
        while waiting:
            answer = await hear(ann)
            if answer["type"] == "ack":
                waiting.discard(answer["id"])
            elif answer["type"] == "error":
                assert (answer["code"], answer["id"] in waiting) == ("rate-limited", True)
                refused += 1
                await tell(ann, type="room-message", message=answer["id"], id=answer["id"])
        assert refused > 0  # how many depends on the machine: it may be slower than the rate for a while
        assert sorted(map(int, await heard(bob, 600))) == list(range(600))
        await nothing_more(bob)


async def test_a_flood_with_ids_costs_nobody_else_anything(server):
    async def flood(mallory):
        while True:
            await tell(mallory, type="room-message", message="x" * 1000, id="7")

    async with clients(server, ANN) as [ann], clients(server, CARL, room="other") as [mallory]:
        begin = time.monotonic()
        flooding = asyncio.create_task(flood(mallory))
        for number in range(25):
            await say(ann, "hi", str(number))
            await asyncio.sleep(0.04)
        passed = time.monotonic() - begin
        flooding.cancel()
        taken = sum(event.client == "guest-2" and event.kind == "message" for event in server.log)
        # The burst, then as many as the rate allows, and as many that are refused; never as many as are sent.
        assert 40 <= taken <= 41 + 2 * 20 * passed + 5
        assert [event for event in server.log if event.kind == "error"] == []
        assert server.hub._offset == 26  # hers was stored once
        mallory.transport.abort()


def test_whoever_has_a_small_rate_does_not_rest_for_long():
    """A client that goes while the server rests would stay in its room for as long."""
    from wslearn.server import connection

    assert connection.LONGEST_REST <= 1


async def test_thousands_of_rooms_joined_and_left_cost_nothing_that_lasts():
    async def invent(ws, first, count):
        for start in range(first, first + count, 100):
            for number in range(start, start + 100):
                await tell(ws, type="join-room", room=f"room-{number}")
            while (await hear(ws, "joined"))["room"] != f"room-{start + 99}":
                pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async with FeedServer(limits=Limits()) as server, connect(server.url) as mallory:
        tracemalloc.start(1)
        try:
            before = await invent(mallory, 0, 1200)
            after = await invent(mallory, 1200, 1800)
        finally:
            tracemalloc.stop()
        assert after - before < 200_000
        assert len(server.rooms.rooms) == len(server.rooms.histories._of) == 1
        assert len(server.hub._empty) <= memory.EMPTY
        await mallory.close()
        await until(lambda: clean(server))
        await server.hub.close()
        assert server.hub.histories._of == {}


async def test_clients_that_go_at_any_moment_leave_nothing(server):
    server.hub.before = server.hub.after = lambda: asyncio.sleep(0.002)
    server.rooms.lag = 0.05
    for _ in range(200):
        await server.hub.publish(
            "room-1", b'{"type":"room-message","room":"","message":"","sender":"","timestamp":""}', None
        )
    tasks = len(asyncio.all_tasks())
    for turn in range(8):
        everybody = [await connect(server.url) for _ in range(15)]
        for number, ws in enumerate(everybody):
            rest = {"epoch": server.hub.epoch, "offset": number * 30} if number % 2 else {}
            await tell(ws, type="join-room", room=f"room-{number % 4}", session=f"{number:032x}", **rest)
            await tell(ws, type="room-message", message="hi", id="1")
        await asyncio.sleep(turn * 0.002)
        for ws in everybody:
            ws.transport.abort()
        await until(lambda: clean(server) and not server.handlers)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_a_session_is_a_secret_that_no_log_shows(server, caplog):
    caplog.set_level(logging.DEBUG)
    session = "0123456789abcdefFEDCBA9876543210"
    async with connect(server.url) as ann:
        await join(ann, "tea", session)
        await tell(ann, type="join-room", room="tea", session=session + "0")
        assert (await hear(ann, "error"))["code"] == "bad-message"
        await ann.send(f'{{"type": "join-room", "room": "tea", "epoch": "{"e" * 50}", "session": "{session}"')  # cut
        assert (await hear(ann, "error"))["code"] == "bad-message"
    everything = "\n".join([*map(str, server.log), *(r.getMessage() for r in caplog.records if r.name == "wslearn")])
    assert "join-room" in everything and "[redacted]" in everything
    assert "0123456" not in everything and "3210" not in everything


@pytest.mark.parametrize(
    "text",
    [
        "the session: decided at 5",
        '{"message":"our session begins","room":"a"}',
        "session=open",
        '{"session":"none"}',
        "{'session': 'Deep beef'}",
        "session 20261128",
    ],
)
def test_what_is_no_session_stays(text):
    assert redact(text) == text
