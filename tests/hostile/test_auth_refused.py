"""Who is not let in: refused with the documented code, heard by nobody, and their tokens in no log."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from forged_tokens import AUDIENCE, CLAIMS, SECRET, forged, signed
from support import Clock, Stopwatch, closed_with, hear, tell
from victims import assert_one_line_each, saying
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import OPEN

from wslearn import tokens
from wslearn.limits import Limits
from wslearn.servers.auth import AuthServer
from wslearn.servers.chat import ChatServer
from wslearn.tokens import Tokens

FORGED = forged()
GOOD = signed(CLAIMS)


def bearer(token: str) -> dict:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


async def friend(server, name: str):
    """Return a connection that was let in; in chat it is in the lobby."""
    ws = await connect(server.url, **bearer(server.tokens.issue(name)))
    await hear(ws, "authenticated")
    if server.name == "chat":
        await tell(ws, type="join-room", room="lobby")
        await hear(ws, "presence")
    return ws


async def talk(server, ws) -> None:
    """Say something, and do not care whether anybody listens any more."""
    with suppress(ConnectionClosed):
        await tell(ws, type="join-room", room="lobby")
        await ws.send(saying(server, "I am in"))


async def refusal(server, ws, said: str = "") -> None:
    """Go on as if let in; expect an error message that has `said` in it, and 1008."""
    await talk(server, ws)
    error = await hear(ws)
    assert (error["type"], error["code"]) == ("error", "unauthorized") and said in error["message"], error
    assert await closed_with(ws) == (1008, "Invalid token")


@pytest.fixture(params=[AuthServer, ChatServer], ids=["auth", "chat"])
async def server(request, records):
    """A server on which ann listens, and must in the end have heard her friend bob and nobody else."""
    async with request.param(secret=SECRET, audience=AUDIENCE, limits=Limits(rate=20)) as server:
        ann = await friend(server, "ann")
        yield server
        bob = await friend(server, "bob")
        await bob.send(saying(server, "the end"))
        heard = [await hear(ann)]
        while heard[-1].get("message") != "the end":
            heard.append(await hear(ann))
        assert [message["sender"] for message in heard if message["type"] != "presence"] == ["bob"], heard
        assert {name for message in heard for name in message.get("members", ())} <= {"ann", "bob"}, heard
        await ann.close()
        await bob.close()
    assert_one_line_each(records)
    log = "\n".join([*map(str, server.log), *(record.getMessage() for record in records)])
    assert "ann" in log and "eve" not in log
    for token in (GOOD, *FORGED.values()):
        leaked = [part for part in token.split(".") if len(part) >= 12 and part[:12] in log]
        assert not leaked, (token, leaked)


async def test_a_forged_token_as_first_message(server):
    for what, token in FORGED.items():
        async with connect(server.url) as ws:
            await tell(ws, type="authenticate", token=token)
            try:
                await refusal(server, ws)
            except BaseException as error:
                error.add_note(what)
                raise
    print(f"| {server.name} | {len(FORGED)} forged tokens as first message | {len(FORGED)} closed with 1008 |")


@pytest.mark.parametrize("way", ["header", "address"])
async def test_a_forged_token_in_the_handshake(server, way):
    for what, token in FORGED.items():
        options = bearer(token) if way == "header" else {}
        try:
            async with connect(server.url + ("" if options else f"?token={token}"), **options) as ws:
                await refusal(server, ws, "in the URL" if (server.name, way) == ("chat", "address") else "")
        except BaseException as error:
            error.add_note(what)
            raise
    print(f"| {server.name} | {len(FORGED)} forged tokens, {way} | {len(FORGED)} closed with 1008 |")


@pytest.mark.parametrize("server_class", [AuthServer, ChatServer])
async def test_the_same_token_unforged_is_let_in(server_class):
    # Without this, the tests above would pass on a server that lets nobody in.
    async with server_class(secret=SECRET, audience=AUDIENCE) as server, connect(server.url, **bearer(GOOD)) as ws:
        assert await hear(ws) == {"type": "authenticated", "user": "eve"}


async def test_a_good_token_in_the_address_of_chat_is_refused():
    async with ChatServer(secret=SECRET, audience=AUDIENCE) as server:
        for options in ({}, bearer(GOOD)):
            async with connect(f"{server.url}?token={GOOD}", **options) as ws:
                await refusal(server, ws, "send it as the first message")


FIRST_WORDS = [
    b"\x00",
    "hello",
    '{"message":"I am in"}',
    '{"type":"room-message","message":"I am in"}',
    json.dumps({"token": GOOD}),
    json.dumps({"type": "Authenticate", "token": GOOD}),
    json.dumps({"type": "authenticate", "token": [GOOD]}),
    json.dumps([{"type": "authenticate", "token": GOOD}]),
    json.dumps({"type": "authenticate", "token": GOOD}).encode(),
    GOOD,
]


@pytest.mark.parametrize("first", FIRST_WORDS, ids=lambda first: str(first)[:24])
async def test_who_talks_before_showing_a_token(server, first):
    async with connect(server.url) as ws:
        await ws.send(first)
        await tell(ws, type="authenticate", token=GOOD)  # too late
        await refusal(server, ws, "authenticate first")


async def test_who_is_silent(server):
    server.limits = replace(server.limits, auth_timeout=1)
    begun = time.monotonic()
    async with Stopwatch() as watch, connect(server.url) as ws:
        error = await hear(ws)
        assert (error["code"], error["message"]) == ("unauthorized", "no token within 1 s")
        assert await closed_with(ws) == (1008, "Invalid token")
        assert time.monotonic() - begun > 0.9 and watch.seconds < 3
        server.limits = replace(server.limits, auth_timeout=10)
        await talk(server, ws)


class Watched(Tokens):
    """Remembers which tokens were looked at."""

    def verify(self, token):
        looked_at.append(token)
        return super().verify(token)


looked_at: list[str] = []
ORIGINS = [
    "null",
    "",
    "http://evil.example",
    "file://",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://{host}.evil.example",
]
ORIGINS += [
    "http://{host}@evil.example",
    "http://evil.example@{host}",
    "{host}",
    "//{host}",
    "http://{host}/",
    "http://localhost",
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_foreign_page_with_a_good_token(server, origin):
    server.tokens = Watched(SECRET, AUDIENCE)
    looked_at.clear()
    origin = origin.format(host=f"127.0.0.1:{server.port}")
    for url, options in ((server.url, bearer(GOOD)), (f"{server.url}?token={GOOD}", {}), (server.url, {})):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, origin=origin, **options)
        assert refused.value.response.status_code == 403
    assert looked_at == []  # a token for one use is not used up by a foreign page


async def test_a_token_that_ends_ends_its_connection(server, monkeypatch):
    wall = Clock()
    monkeypatch.setattr(tokens, "time", SimpleNamespace(time=wall, monotonic=time.monotonic))
    monkeypatch.setattr(tokens, "LOOK", 0.02)
    wall.now = time.time()
    async with connect(server.url) as ws:
        await tell(ws, type="authenticate", token=server.tokens.issue("dan", expires=60))
        await hear(ws, "authenticated")
        wall.now += 59.9
        pong = await ws.ping()
        await asyncio.wait_for(pong, 30)
        assert ws.state is OPEN
        wall.now += 0.2
        assert (await hear(ws))["code"] == "token-expired"
        assert await closed_with(ws) == (1008, "Token expired")
        await talk(server, ws)
