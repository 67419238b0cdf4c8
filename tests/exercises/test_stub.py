"""A stub's check ends as soon as the server has met it: nobody waits for what it would have sent."""

import asyncio

from wslearn import Server
from wslearn.exercises.engine import Talk


class Stub(Server):
    async def handler(self, ws):
        async for _ in ws:
            raise NotImplementedError


async def conversation(talk, server_class):
    async with talk.server(server_class) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        await ann.says("hello")
        await bob.hears("hello", "Bob received nothing.", within=600)


async def test_nobody_waits_for_a_stub(monkeypatch):
    monkeypatch.setattr("wslearn.exercises.engine.talk.WHOLE", 600)
    talk = Talk()
    async with asyncio.timeout(60):
        await talk.converse(conversation, Stub)
    assert talk.untouched and talk.problem == "Bob received nothing."
