"""Simulated phones: they behave as phones do, and end when they are told to."""

import asyncio

import pytest
from phones_of_tests import board, board_until, phone
from support import no_task_left, tell, until

from wslearn.classroom import ClassServers, hindered, rehearsal


@pytest.fixture
def hurry(monkeypatch):
    """Nobody thinks for long."""
    monkeypatch.setattr(rehearsal, "THINKING", 0.1)
    monkeypatch.setattr(rehearsal, "REMARK", 0.5)
    monkeypatch.setattr(hindered, "TUNNEL", 0.5)
    monkeypatch.setattr(hindered, "REST", 0.2)


async def test_they_vote_react_write_and_two_are_volunteers(hurry):
    seen = set()
    async with ClassServers("127.0.0.1") as servers, board(servers) as shown, asyncio.timeout(60):
        await servers.rehearse(8)
        await board_until(shown, lambda state: state["count"] == 8)
        await servers.ask("Tea?", ["yes", "no", "later"])

        def all_seen(state) -> bool:
            seen.update(one["volunteer"] for one in state["people"])
            return state["poll"]["voted"] == 8 and state["wall"] and state["reactions"] and len(seen) == 3

        state = await board_until(shown, lambda state: state["poll"] and all_seen(state))
        assert sum(state["poll"]["counts"]) == 8
        assert seen == {None, "slow-client", "tunnel"}
        assert len({one["name"] for one in state["people"]}) == 8


async def test_they_come_back_after_a_lost_connection_and_not_after_a_removal(hurry):
    async with ClassServers("127.0.0.1") as servers, asyncio.timeout(60):
        await servers.rehearse(3)
        await until(lambda: len(servers.phones.phones) == 3)
        names = {person.name for person in servers.people}
        for ws in list(servers.phones.connections):
            ws.transport.abort()
        await until(lambda: {person.state for person in servers.people} >= {"away"})
        await until(lambda: all(person.state != "away" for person in servers.people), 30)
        assert {person.name for person in servers.people} == names
        gone = names.pop()
        servers.remove(gone)
        await until(lambda: len(servers.phones.connections) == 2)
        await until(lambda: sum(task.done() for task in servers._rehearsals[0]._tasks) == 1)
        assert {person.name for person in servers.people} == names


async def test_they_end_with_the_class_and_leave_no_task():
    with no_task_left():
        async with ClassServers("127.0.0.1") as servers:
            await servers.rehearse(5)
            await until(lambda: len(servers.phones.phones) == 5)


async def test_real_phones_are_among_them(hurry):
    async with ClassServers("127.0.0.1") as servers, board(servers) as shown, phone(servers, "Ann") as ann:
        await servers.rehearse(4)
        await board_until(shown, lambda state: state["count"] == 5)
        await tell(ann, type="wall-message", message="I am real.", id="1")
        await board_until(shown, lambda state: {"name": "Ann", "message": "I am real."} in state["wall"])
