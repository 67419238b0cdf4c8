"""Who is let in, and how. Who is not: tests/hostile/test_auth_refused.py."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from support import Stopwatch, closed_with, hear, stop_rates, tell, until
from websockets.asyncio.client import connect

from wslearn import tokens
from wslearn.limits import Limits
from wslearn.servers.auth import AuthServer
from wslearn.tokens import Refused, Tokens

SECRET = "a secret of 32 bytes at the least"


async def test_a_token_as_first_message_in_the_header_or_in_the_address():
    async with AuthServer() as server:
        token = server.tokens.issue("ann")
        header = {"Authorization": f"Bearer {token}"}
        async with (
            connect(server.url) as first,
            connect(server.url, additional_headers=header) as second,
            connect(f"{server.url}?token={token}") as third,
        ):
            await tell(first, type="authenticate", token=token)
            for ws in (first, second, third):
                assert await hear(ws) == {"type": "authenticated", "user": "ann"}
            await tell(second, message="hi", sender="root")
            for ws in (first, second, third):
                heard = await hear(ws)
                assert (heard["message"], heard["sender"]) == ("hi", "ann")
        await until(lambda: not server.members)
        assert token not in "\n".join(map(str, server.log))


async def test_who_has_not_shown_a_token_hears_nothing():
    async with AuthServer() as server, connect(server.url) as stranger:
        async with connect(f"{server.url}?token={server.tokens.issue('ann')}") as ann:
            await tell(ann, message="secret")
            await hear(ann, "broadcast")
            await tell(stranger, message="let me hear")
            assert (await hear(stranger))["type"] == "error"
            assert await closed_with(stranger) == (1008, "Invalid token")


async def test_silence_ends_after_the_time_for_it():
    async with AuthServer(limits=Limits(auth_timeout=0.2)) as server, connect(server.url) as ws:
        error = await hear(ws)
        assert (error["code"], error["message"]) == ("unauthorized", "no token within 0.2 s")
        assert await closed_with(ws) == (1008, "Invalid token")


async def test_a_live_connection_ends_with_its_token_whatever_the_moment_it_was_issued():
    """Half a second is half a second: no token is refused before its end because of a fraction that was cut off."""
    async with AuthServer() as server:

        async def live(number: int) -> bool:
            """Tell whether the token was let in. It may only be refused if it had run out on the way there."""
            await asyncio.sleep(number / 20)
            async with connect(server.url) as ws:
                begun, end = watch.seconds, time.time() + 0.5
                await tell(ws, type="authenticate", token=server.tokens.issue("ann", expires=0.5))
                first = await hear(ws)
                if first["type"] == "error":
                    assert time.time() >= end and first["message"] == "the token has expired"
                    return False
                assert (await hear(ws))["code"] == "token-expired"
                assert time.time() - end > -0.05 and watch.seconds - begun < 0.5 + 1
                assert await closed_with(ws) == (1008, "Token expired")
                return True

        async with Stopwatch() as watch:
            assert any(await asyncio.gather(*map(live, range(20))))
        await until(lambda: not server.members)


async def test_a_connection_ends_when_the_wall_clock_is_set_forward(monkeypatch):
    wall = SimpleNamespace(time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr(tokens, "time", wall)
    monkeypatch.setattr(tokens, "LOOK", 0.02)
    async with AuthServer() as server, connect(f"{server.url}?token={server.tokens.issue('ann')}") as ws:
        await hear(ws, "authenticated")
        wall.time = lambda: time.time() + 3601  # or the machine has slept
        assert (await hear(ws))["code"] == "token-expired"
        assert await closed_with(ws) == (1008, "Token expired")


async def test_each_server_makes_its_own_secret_unless_given_one():
    first, second = AuthServer(), AuthServer()
    with pytest.raises(Refused, match="Signature verification failed"):
        second.tokens.verify(first.tokens.issue("ann"))
    given = AuthServer(secret=SECRET)
    assert given.tokens.verify(Tokens(SECRET).issue("ann"))["sub"] == "ann"


async def test_all_connections_of_a_user_share_one_rate(monkeypatch):
    stop_rates(monkeypatch)
    async with AuthServer(limits=Limits(rate=5)) as server:
        url = f"{server.url}?token={server.tokens.issue('ann')}"
        async with connect(url) as one, connect(url) as two:
            for _ in range(8):  # each stays within its own burst of 10, together they do not
                await tell(one, message="x")
                await tell(two, message="x")
            assert "5 messages a second" in (await hear(two, "error"))["message"]
