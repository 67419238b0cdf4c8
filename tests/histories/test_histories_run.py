"""Schedules run, and what is right is found right: a careful client, and Subscription."""

import asyncio
import json
import random

import pytest
from careful import Careful
from support import Stopwatch, no_task_left
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from wslearn.histories import USUAL, History, Schedule, Step, check, checking, judge, run, subscribing
from wslearn.histories.tap import Messages, Tap
from wslearn.servers.feed import FeedServer
from wslearn.servers.rooms import RoomsServer

PEOPLE = ("Ann", "Bob", "Carl")
pytestmark = pytest.mark.timeout(400)
LATE = {**USUAL, "come": 1}


@pytest.mark.parametrize("client", [Careful.run, subscribing], ids=["careful", "subscription"])
async def test_a_right_client_and_server_lose_nothing(client):
    report = await check(client, people=PEOPLE, steps=LATE, length=20, runs=25, seconds=300)
    assert report.ok and report.runs == 25, report
    assert str(report) == "25 runs: nothing is lost, doubled or out of order."


@pytest.mark.thorough
@pytest.mark.parametrize("client", [Careful.run, subscribing], ids=["careful", "subscription"])
async def test_a_right_client_and_server_lose_nothing_in_many_more_runs(client):
    report = await check(client, people=PEOPLE, steps=LATE, length=40, runs=400, seed=1000, seconds=90)
    assert report.ok and report.runs > 50, report


async def test_every_step_does_what_it_says():
    """Each once, in one story, with texts before and after; the history has each fault."""
    steps = [Step("come", "Zoe"), Step("settle")]
    for number, what in enumerate(what for what in USUAL if what not in ("write", "settle", "heal", "fast")):
        steps += [Step(what, "Bob"), Step("write", "Ann", f"a{number}"), Step("write", "Bob", f"b{number}")]
        steps += [Step("heal", "Bob"), Step("fast", "Bob"), Step("cut", "Bob"), Step("settle")]
    history = await run(Schedule(tuple(steps)), Careful.run)
    verdict, told = judge(history), str(history)
    assert verdict.ok and verdict.counts["wanted"] > 60, verdict
    for sentence in (
        "Zoe comes.", "Bob's connection is cut.", "is cut before the message arrives.", "before the ack arrives.",
        "is cut while the client is joining.", "is cut before what was missed arrives.", "Bob's network goes silent.",
        "Bob's network is back.", "Bob's network becomes slow.", "Bob's network is fast again.",
        "The server is killed and started again with its hub.", "started again with a new hub.",
        "The server is shut down and started again with its hub.", "not recovered", " again.",
    ):  # fmt: skip
        assert sentence in told, f"{sentence}\n{told}"


async def naive(person):
    async with connect(person.url, proxy=None) as ws:
        await ws.send(json.dumps({"type": "join-room", "room": person.room}))
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(write(ws, person))
            async for message in ws:
                person.hear(message)
            writing.cancel()


async def write(ws, person):
    while True:
        await ws.send(json.dumps({"type": "room-message", "message": await person.next()}))


@pytest.mark.parametrize("server", [FeedServer, RoomsServer])
async def test_a_naive_client_is_right_as_long_as_nothing_breaks(server):
    quiet = await check(naive, server, runs=3, steps=("settle",), patience=0.5)
    assert quiet.ok, quiet
    broken = await check({"Ann": naive, "Bob": naive}, server, runs=20, steps=("cut",), patience=0.3, seconds=100)
    assert broken.story and broken.story.verdict.kinds <= {"lost", "unsent"}, broken
    assert len(broken.story.schedule) <= 2 and "does not come back" in str(broken)


async def test_an_error_in_a_clients_function_is_in_the_story():
    async def broken(person):
        raise ValueError(f"no {person.name}")

    report = await check(broken, people=("Ann",), runs=1, length=2, patience=0.2)
    assert report.story.verdict.kinds >= {"crashed"} and "Ann's client failed: ValueError: no Ann" in str(report)


def test_a_schedule_is_its_seed():
    first, again, other = Schedule.random(7, PEOPLE), Schedule.random(7, PEOPLE), Schedule.random(8, PEOPLE)
    assert first == again != other and len(first) == 16 and first.people == PEOPLE
    assert str(first) == str(again) and len(str(first).splitlines()) == 16
    texts = [step.text for step in first.steps if step.what == "write"]
    assert texts == [str(number) for number in range(1, len(texts) + 1)]
    few = Schedule.random(3, PEOPLE, 200, ("cut", "come"))
    assert {step.what for step in few.steps} == {"write", "cut", "come"} and len(few) == 201


async def test_it_is_bounded_tells_how_far_it_is_and_leaves_nothing():
    said = []
    with no_task_left():
        async with Stopwatch() as watch:
            report = await check(naive, runs=10_000, steps=("settle",), seconds=1, on_progress=said.append)
        assert 0 < report.runs < 10_000 and watch.seconds < 20
    assert said[0] == "Run 1: schedule 1, 16 steps." and len(said) == report.runs


@pytest.mark.parametrize("in_time", [True, False])
async def test_a_story_says_whether_there_was_time_to_shorten_it(monkeypatch, in_time):
    clock = [0]
    monkeypatch.setattr(checking, "monotonic", lambda: clock[0])

    def passes(sentence):
        clock[0] += not in_time and "a shorter one" in sentence

    report = await check(naive, kinds={"lost"}, steps=("write", "cut", "settle"), seconds=1, on_progress=passes)
    assert report.cut_short is not in_time
    assert str(report) == str(report.story) + f"\n{checking.CUT_SHORT}" * (not in_time)


async def test_it_can_be_cancelled_at_any_time():
    for turns in range(0, 300, 20):
        with no_task_left():
            task = asyncio.create_task(check(Careful.run, runs=1000))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("seed", range(5))
def test_messages_are_found_however_their_bytes_are_cut(seed):
    rng = random.Random(seed)
    texts = ["", "a", "ü" * 60, "b" * 125, "c" * 126, "d" * 70_000]
    data, masked = b"GET / HTTP/1.1\r\nA: b\r\n\r\n", rng.random() < 0.5
    for text in texts:
        half = len(text.encode()) // 2
        data += Frame(Opcode.TEXT, text.encode()[:half], fin=False).serialize(mask=masked)
        data += Frame(Opcode.PING, b"between").serialize(mask=masked)
        data += Frame(Opcode.CONT, text.encode()[half:]).serialize(mask=masked)
    stream, found = Messages(), []
    while data:
        size = rng.choice((1, 2, 3, 100, 5000))
        found += [message for message, _ in stream.feed(data[:size])]
        data = data[size:]
    assert [message.decode() for message in found] == texts


def test_what_is_received_is_of_its_epoch_however_often_a_copy_was_lost():
    """The same text at the same offset of two epochs; the first connection is cut before anything arrives."""
    tap, received = Tap("ws://127.0.0.1:1/", "Bob", History()), []
    for connection, (epoch, arrives) in enumerate([("e", False), ("e", True), ("f", False), ("f", True)]):
        tap.record(connection, "down", b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        for fields in ({"type": "joined", "epoch": epoch}, {"type": "room-message", "message": "1", "offset": 1}):
            tap.record(connection, "down", Frame(Opcode.TEXT, json.dumps(fields).encode()).serialize(mask=False))
        if arrives:
            received.append(tap.epoch_of("1", 1))
    assert received == ["e", "f"]
