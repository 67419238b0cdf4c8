"""Behind a proxy that loses close frames a message says first how the connection closes; nobody else gets one."""

import asyncio

import pytest
from support import closed_with, hear
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn import EchoServer, Server
from wslearn.server.last_words import wants_last_words


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/ws?last-words", True),
        ("/ws?token=x&last-words=1", True),
        ("/ws", False),
        ("/last-words", False),
        ("/ws?x=last-words", False),
    ],
)
def test_it_must_be_asked_for(path, wanted):
    assert wants_last_words(path) is wanted


class Closes(Server):
    async def handler(self, ws):
        if await ws.recv() == "fail":
            raise KeyError("a mistake")
        await ws.close(4001, "because")


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [("close", 4001, "because"), ("fail", 1011, "the server's handler failed"), ("x" * 65_537, 1009, None)],
    ids=["handler", "failure", "too big"],
)
async def test_code_and_reason_come_before_they_happen(said, code, reason):
    async with Closes() as server, connect(f"{server.url}?last-words") as ws:
        await ws.send(said)
        words = await hear(ws)
        assert (words.pop("type"), words.pop("code")) == ("closing", code)
        assert await closed_with(ws) == (code, words["reason"])
        assert words["reason"] == reason or (code == 1009 and "65537 bytes" in words["reason"])


async def test_a_stopping_server_says_it_to_those_who_asked():
    async with EchoServer(plain=True) as server:
        async with connect(server.url) as other, connect(f"{server.url}?last-words") as ws:
            await server.stop()
            assert await hear(ws) == {"type": "closing", "code": 1001, "reason": ""}
            assert (await closed_with(ws))[0] == 1001
            with pytest.raises(ConnectionClosed) as closed:
                await other.recv()
            assert closed.value.rcvd.code == 1001


async def test_a_client_that_closes_first_knows_why():
    async with EchoServer() as server:
        ws = await connect(f"{server.url}?last-words")
        await ws.recv()
        await ws.close(1000, "goodbye")
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_code == 1000


class Fragments(Server):
    async def handler(self, ws):
        async def pieces():
            yield "the first piece, "
            self.began.set()
            await asyncio.Event().wait()

        await ws.send(pieces())


async def test_amid_a_fragmented_message_there_is_no_place_for_it():
    async with Fragments() as server:
        server.began = asyncio.Event()
        async with connect(f"{server.url}?last-words") as ws:
            await asyncio.wait_for(server.began.wait(), 30)
            await server.stop()
            code, _ = await closed_with(ws)
            assert code == 1011  # the library's own: it cannot close in the middle either, and says so
