"""The game: its clock goes on whatever players do; a late press and a cheating one do not count."""

import asyncio
import json
from contextlib import asynccontextmanager

from support import until
from websockets.asyncio.client import connect

from wslearn.examples import game
from wslearn.examples.game import GameServer


async def hears(ws, kind):
    """Return the next message of this type."""
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await ws.recv())
            if message["type"] == kind:
                return message


async def press(ws, lamp, tick):
    await ws.send(json.dumps({"type": "press", "lamp": lamp, "tick": tick}))


@asynccontextmanager
async def playing(monkeypatch, **constants):
    """Start a game, in which a lamp stays lit until somebody presses it, and connect two players."""
    for name, value in ({"LIT": 10**6, "LATE": 10**6} | constants).items():
        monkeypatch.setattr(game, name, value)
    async with GameServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        state = await hears(ann, "state")
        while len(state["points"]) < 2:
            state = await hears(ann, "state")
        yield server, ann, bob, state


async def test_who_is_first_has_the_point_and_the_other_one_is_told(monkeypatch):
    async with playing(monkeypatch) as (_, ann, bob, state):
        await press(ann, state["lamp"], state["tick"])
        while not (after := await hears(ann, "state"))["points"]["guest-1"]:
            pass
        await press(bob, state["lamp"], state["tick"])
        assert (await hears(bob, "error"))["message"] == "somebody was faster"
        assert after["points"] == {"guest-1": 1, "guest-2": 0} and after["lamp"] != state["lamp"]


async def test_a_late_press_does_not_count(monkeypatch):
    async with playing(monkeypatch, LATE=2) as (_, ann, _, state):
        while (now := await hears(ann, "state"))["tick"] < state["tick"] + 4:
            pass
        await press(ann, state["lamp"], state["tick"])
        assert (await hears(ann, "error"))["message"].startswith(f"too late: you saw tick {state['tick']}, and it is")
        assert now["points"]["guest-1"] == 0


async def test_who_cheats_gets_nothing(monkeypatch):
    async with playing(monkeypatch) as (server, ann, _, state):
        await press(ann, state["lamp"], state["tick"] + 1000)
        assert (await hears(ann, "error"))["message"].startswith("cheating")
        await press(ann, (state["lamp"] + 1) % game.LAMPS, state["tick"])
        assert (await hears(ann, "error"))["message"] == "this lamp was not lit"
        await ann.send(json.dumps({"type": "state", "tick": 1, "lamp": 1, "points": {"guest-1": 99}}))
        assert (await hears(ann, "error"))["code"] == "bad-message"
        assert set(server.points.values()) == {0}


async def test_the_clock_goes_on_without_anybody_and_lights_another_lamp(monkeypatch):
    monkeypatch.setattr(game, "LIT", 2)
    async with GameServer() as server:
        async with connect(server.url) as ann:
            lamps = {(await hears(ann, "state"))["lamp"] for _ in range(8)}
            assert len(lamps) > 1
        before = server.tick
        await until(lambda: server.tick >= before + 3 and not server.points)
