"""The phones' server, with real connections: join, vote, write, volunteer, go and come back."""

import asyncio
import secrets

import pytest
from phones_of_tests import at, board, board_until, join, phone
from support import closed_with, hear, no_task_left, tell, until
from websockets.asyncio.client import connect

from wslearn.classroom import ClassServers, hindered, phones, round_trips
from wslearn.classroom.messages import REACTIONS


@pytest.fixture
async def servers():
    async with ClassServers("127.0.0.1") as servers:
        yield servers


async def test_a_phone_joins_and_is_welcomed_with_the_state(servers):
    await servers.ask("Tea?", ["yes", "no"])
    async with phone(servers, "Ann") as ws:
        assert ws.welcome == {
            "type": "welcome", "name": "Ann", "epoch": servers.room.epoch, "reactions": list(REACTIONS),
        }  # fmt: skip
        assert ws.poll == {
            "type": "poll", "poll": "p1", "question": "Tea?", "choices": ["yes", "no"], "open": True, "mine": None,
            "results": None,
        }  # fmt: skip
        assert ws.wall == {"type": "wall", "messages": []}
        assert [person.name for person in servers.people] == ["Ann"]


async def test_without_a_poll_and_without_a_name(servers):
    async with phone(servers, None) as ws:
        assert ws.poll == {"type": "no-poll"}
        assert ws.welcome["name"] == servers.people[0].name != ""


async def test_the_code_may_be_typed_in_capitals(servers):
    async with connect(at(servers).replace(servers.code, servers.code.upper())) as ws:
        assert (await join(ws))[0]["type"] == "welcome"


async def test_a_vote_is_acknowledged_and_shown_to_its_phone_only(servers):
    async with phone(servers, "Ann") as ann, phone(servers, "Bob") as bob:
        await servers.ask("Tea?", ["yes", "no"])
        for ws in (ann, bob):
            assert (await hear(ws))["mine"] is None
        await tell(ann, type="vote", poll="p1", choice=1, id="v1")
        assert await hear(ann) == {"type": "ack", "id": "v1"}
        assert (await hear(ann))["mine"] == 1
        await tell(bob, type="ping")
        assert await hear(bob) == {"type": "pong"}  # nothing of Ann's vote came before it
        servers.show()
        assert ((await hear(bob))["results"], (await hear(ann))["results"]) == ([0, 1], [0, 1])
        servers.close()
        await tell(bob, type="vote", poll="p1", choice=0, id="v2")
        error = await hear(bob, "error")
        assert (error["code"], error["id"]) == ("poll-closed", "v2")
        assert servers.results() == {"yes": 0, "no": 1}


async def test_the_same_session_keeps_name_and_vote_across_a_lost_connection(servers):
    session = secrets.token_hex(16)
    await servers.ask("Tea?", ["yes", "no"])
    async with phone(servers, "Ann", session) as ws:
        await tell(ws, type="vote", poll="p1", choice=1, id="1")
        await hear(ws, "ack")
        ws.transport.abort()
    await until(lambda: servers.people[0].state == "away")
    async with phone(servers, "Mallory", session) as ws:
        assert (ws.welcome["name"], ws.poll["mine"]) == ("Ann", 1)
        assert servers.people[0].state == "live" and len(servers.people) == 1


async def test_two_windows_of_one_person_and_the_fourth_replaces_the_first(servers):
    session = secrets.token_hex(16)
    await servers.ask("Tea?", ["yes", "no"])
    async with phone(servers, "Ann", session) as first, phone(servers, None, session) as second:
        await tell(second, type="vote", poll="p1", choice=0, id="1")
        assert (await hear(first, "poll"))["mine"] == 0
        async with phone(servers, None, session), phone(servers, None, session):
            assert (await closed_with(first))[0] == 1008
        assert len(servers.people) == 1


async def test_wall_reactions_and_names_reach_everybody(servers):
    async with phone(servers, "Ann") as ann, phone(servers, "Bob") as bob, board(servers) as shown:
        await tell(ann, type="wall-message", message="hello", id="1")
        await hear(ann, "ack")
        assert (await hear(bob, "wall"))["messages"] == [{"name": "Ann", "message": "hello"}]
        await tell(ann, type="rename", name="Bob")
        assert (await hear(ann, "welcome"))["name"] == "Bob 2"
        assert (await hear(bob, "wall"))["messages"] == [{"name": "Bob 2", "message": "hello"}]
        await tell(bob, type="react", reaction="👍")
        await board_until(shown, lambda state: state["reactions"] == {"👍": 1})


async def test_states_are_sent_at_most_five_times_a_second_and_the_last_one_always(servers):
    async with phone(servers, "Ann") as ws:
        started = asyncio.get_running_loop().time()
        for number in range(50):
            await servers.ask(f"Question {number}?", ["yes", "no"])
        received = [await hear(ws, "poll")]
        while received[-1]["question"] != "Question 49?":
            received.append(await hear(ws, "poll"))
        seconds = asyncio.get_running_loop().time() - started
        assert len(received) <= seconds / phones.UPDATE + 2


async def test_a_removed_phone_is_told_and_does_not_get_in_again(servers):
    session = secrets.token_hex(16)
    async with phone(servers, "Mallory", session) as ws:
        servers.remove("Mallory")
        assert await hear(ws) == {"type": "removed"}
        assert (await closed_with(ws))[0] == 1008
    async with connect(at(servers)) as ws:
        await tell(ws, type="join-class", session=session)
        assert await hear(ws) == {"type": "removed"}
        assert (await closed_with(ws))[0] == 1008
    assert servers.people == []


async def test_what_comes_before_joining_or_joins_twice_is_answered_and_not_done(servers):
    await servers.ask("Tea?", ["yes", "no"])
    async with connect(at(servers)) as ws:
        await tell(ws, type="vote", poll="p1", choice=0, id="9")
        assert {"code": "join-first", "id": "9"}.items() <= (await hear(ws)).items()
        await join(ws)
        await tell(ws, type="join-class", session=secrets.token_hex(16))
        assert (await hear(ws))["code"] == "already-joined"
    assert servers.results() == {"yes": 0, "no": 0}
    assert len(servers.people) == 1


async def test_a_phone_that_never_joins_loses_its_place(servers, monkeypatch):
    monkeypatch.setattr(phones, "JOIN_TIMEOUT", 0.05)
    async with connect(at(servers)) as ws:
        assert (await hear(ws))["code"] == "join-first"
        assert (await closed_with(ws))[0] == 1008


async def test_the_round_trip_of_each_phone_is_on_the_board(servers):
    async with phone(servers, "Ann"), board(servers) as shown:
        state = await board_until(shown, lambda state: state["people"][0]["rtt"] is not None)
        assert 0 < state["people"][0]["rtt"] < 60


async def test_a_phone_that_does_not_answer_is_slow_and_then_away(servers, monkeypatch):
    monkeypatch.setattr(round_trips, "PATIENCE", 2.0)
    async with phone(servers, "Zoe") as ws, board(servers) as shown:
        await board_until(shown, lambda state: state["people"][0]["rtt"] is not None)
        ws.transport.pause_reading()  # in the tunnel: its system acknowledges, and nobody answers
        state = await board_until(shown, lambda state: state["people"][0]["state"] == "slow")
        assert state["people"][0]["rtt"] > phones.SLOW
        state = await board_until(shown, lambda state: state["people"][0]["state"] == "away")
        assert (state["count"], state["people"][0]["rtt"]) == (0, None)
        ws.transport.abort()


async def test_a_slow_client_gets_the_newest_state_later_and_nobody_waits(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 60)
    monkeypatch.setattr(hindered, "PAUSE", 0.05)
    async with phone(servers, "Sam") as sam, phone(servers, "Ann") as ann, board(servers) as shown:
        await tell(sam, type="volunteer", **{"as": "slow-client"})
        assert await hear(sam) == {"type": "volunteer", "as": "slow-client", "seconds": None}
        await board_until(shown, lambda state: state["people"][0]["volunteer"] == "slow-client")
        for question in ("One?", "Two?", "Three?"):
            await servers.ask(question, ["yes", "no"])
            while (await hear(ann, "poll"))["question"] != question:
                pass
        [slow] = [one for one in servers.phones.phones.values() if one.hindered]
        slow._timer.cancel()
        slow._send_newest()  # the minute is over
        assert (await hear(sam, "poll"))["question"] == "Three?"  # it has missed two
        await tell(sam, type="volunteer", **{"as": None})
        assert (await hear(sam, "volunteer"))["as"] is None


async def test_in_a_tunnel_nothing_passes_and_then_everything_does(servers, monkeypatch):
    monkeypatch.setattr(hindered, "TUNNEL", 0.6)
    async with phone(servers, "Zoe") as zoe, board(servers) as shown:
        loop = asyncio.get_running_loop()
        await servers.ask("Tea?", ["yes", "no"])
        await hear(zoe, "poll")
        await tell(zoe, type="volunteer", **{"as": "tunnel"})
        assert await hear(zoe) == {"type": "volunteer", "as": "tunnel", "seconds": 0.6}
        entered = loop.time()
        await tell(zoe, type="vote", poll="p1", choice=0, id="1")
        servers.show()
        state = await board_until(shown, lambda state: state["people"][0]["volunteer"] == "tunnel")
        assert state["poll"]["counts"] == [0, 0]
        first = await hear(zoe)
        assert loop.time() - entered > 0.5  # nothing before the end of the tunnel
        assert first == {"type": "volunteer", "as": None, "seconds": None}
        await hear(zoe, "ack")
        assert (await hear(zoe, "poll"))["mine"] == 0
        await board_until(shown, lambda state: state["poll"]["counts"] == [1, 0])


async def test_stop_ends_everything_even_phones_in_a_tunnel():
    with no_task_left():
        async with ClassServers("127.0.0.1") as servers, asyncio.timeout(60):
            async with phone(servers) as ws, board(servers):
                await tell(ws, type="volunteer", **{"as": "tunnel"})
                await hear(ws, "volunteer")
                await servers.stop()
                assert (await closed_with(ws))[0] == 1001


@pytest.mark.parametrize("code", ["abc", "a" * 13, "tea time", "ä" * 5, "../..", "%2e%2e"])
def test_an_invalid_code_is_refused(code):
    with pytest.raises(ValueError, match="expected 4 to 12 letters and digits"):
        ClassServers(code=code)


def test_a_new_code_cannot_be_misread():
    assert not set("01iloO") & set(phones.CODE_CHARACTERS)
    assert len({phones.new_code() for _ in range(100)}) > 90
