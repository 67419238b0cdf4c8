"""A FastAPI chat with a reader, a writer and limits, and bugs planted in it: what an author sees of each."""

import asyncio
import json
from collections import deque

import pytest
from fastapi import FastAPI, WebSocket

from wslearn.testing import Failed

WRONG = {"type": "error", "message": "Send a text."}


class Member:
    def __init__(self, ws):
        self.ws, self.queue = ws, asyncio.Queue(20)

    async def write(self):
        while True:
            await self.ws.send_json(await self.queue.get())

    def post(self, event):
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.writer.cancel()


def chat(bug=None):
    """Make the chat, with a bug: "unforgiving", "told too early" or "waits for everybody"."""
    app, members, history = FastAPI(), [], deque(maxlen=50)

    async def tell(event):
        history.append(event)
        for member in list(members):
            if bug == "waits for everybody":
                await member.ws.send_json(event)
            else:
                member.post(event)

    async def read(me):
        while (message := await me.ws.receive())["type"] == "websocket.receive":
            text = message.get("text") or ""  # a binary message has none, where `receive_text` raises KeyError
            if len(text) > 5000:
                break
            try:
                said = json.loads(text)["text"]
            except (ValueError, KeyError, TypeError, RecursionError):
                if bug == "unforgiving":
                    raise
                me.post(WRONG)
            else:
                await tell({"text": said})

    @app.websocket("/ws")
    async def handler(ws: WebSocket):
        await ws.accept()
        me, old = Member(ws), list(history)
        if bug == "told too early":
            async with asyncio.timeout(5):  # a look into the database, which takes as long as one message
                while members and old == list(history):  # noqa: ASYNC110 - a database has no event, too
                    await asyncio.sleep(0.001)
        members.append(me)
        me.post({"history": old})
        me.writer, reader = asyncio.create_task(me.write()), asyncio.create_task(read(me))
        try:
            await asyncio.wait([me.writer, reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            members.remove(me)
            reader.cancel()  # of a task that has failed, asyncio forgets the error here
            me.writer.cancel()

    return app


async def joins(talk, where, name):
    client = await talk.client(where.url + "ws", name)
    await client.hears(lambda message: "history" in message, meaning="the history")
    return client


async def forgives(talk, server, network, attackers):
    ann = await joins(talk, server, "Ann")
    await attackers(server.url + "ws").malformed(within=0.1)
    await ann.asks({"text": "hi"}, {"text": "hi"})


async def nobody_misses_a_message(talk, server, network, attackers):
    async with network(server, delay=0.02) as net:
        ann = await joins(talk, server, "Ann")
        joining, said = asyncio.create_task(joins(talk, net, "Zoe")), 0
        while not joining.done():  # she joins between two of the messages
            await ann.asks({"text": said}, {"text": said})
            said += 1
        zoe = await joining
        await ann.asks({"text": said}, {"text": said})
        came = [event["text"] for event in zoe.heard[0]["history"]]
        while came[-1:] != [said]:
            came.append((await zoe.hears(lambda message: "text" in message, meaning="the next text"))["text"])
        talk.expect(came == list(range(came[0], said + 1)), "Zoe missed a message.", came=came)


async def one_who_does_not_read_stalls_nobody(talk, server, network, attackers):
    ann = await joins(talk, server, "Ann")
    await attackers(server.url + "ws").stalled_reader()
    for number in range(1500):  # 6 MB: the buffers of the system are full after 3
        text = f"{number} {'x' * 4000}"
        await ann.asks({"text": text}, {"text": text})


CASES = {
    "unforgiving": (forgives, r"Your app raised JSONDecodeError: .* \(in `read`, line \d+: `said = json"),
    "told too early": (nobody_misses_a_message, "Zoe missed a message"),
    "waits for everybody": (one_who_does_not_read_stalls_nobody, "Ann receives +nothing for 2 s"),
}


@pytest.mark.parametrize("bug", CASES)
async def test_a_planted_bug_is_found(talk, bad_network, hostile_clients, bug):
    test, words = CASES[bug]
    with pytest.raises(Failed, match=words):
        async with talk.served(lambda: chat(bug)) as server:
            await test(talk, server, bad_network, hostile_clients)


@pytest.mark.parametrize("bug", CASES)
async def test_without_it_the_same_test_passes(talk, bad_network, hostile_clients, bug):
    async with talk.served(chat) as server:
        await CASES[bug][0](talk, server, bad_network, hostile_clients)
