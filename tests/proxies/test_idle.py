"""Idle connections behind a real proxy: nginx and HAProxy cut them with 1006, and any byte resets their clock."""

import asyncio
from contextlib import suppress
from time import monotonic

import pytest
from reverse_proxies import behind, connect, waits
from websockets.exceptions import ConnectionClosed

#: The proxies' idle timeout here, in seconds. Their defaults are 60 and 50.
IDLE = 1.0
#: And where something is sent in time: longer than a shared machine stands still.
LONG = 4.0
#: nginx doesn't set a timer again for a difference of less than 0.3 s, so it may cut so much earlier.
EARLY = 0.35


async def test_an_idle_connection_is_cut_with_1006_on_both_sides_but_not_by_caddy(name):
    async with behind(name, waits, idle=IDLE) as proxy, connect(proxy.url) as ws:
        began = monotonic()
        if name == "caddy":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ws.wait_closed(), 3 * IDLE)
            await ws.close()
            assert (await proxy.end()).close_code == 1000
        else:
            await asyncio.wait_for(ws.wait_closed(), 60)
            assert monotonic() - began > IDLE - EARLY
            assert (ws.close_code, (await proxy.end()).close_code) == (1006, 1006)


async def often(send) -> float:
    """Send for some idle timeouts, with pauses that are much shorter, and return the longest pause."""
    longest, sent = 0.0, monotonic()
    end = sent + 2 * LONG
    while sent < end:
        await send()
        longest, sent = max(longest, monotonic() - sent), monotonic()
        await asyncio.sleep(LONG / 10)
    return longest


def job(ws):
    """Return what one side sends on this connection, and nothing else is sent on it."""
    return ws.ping if ws.request.path.endswith("pings") else lambda: ws.send("news")


async def end(url: str, pauses: list[float]) -> int:
    """Return the close code of a connection on which one side sends, and then closes."""
    async with connect(url) as ws:
        with suppress(ConnectionClosed):
            if "/client" in url:
                pauses.append(await often(job(ws)))
            else:
                async for _ in ws:
                    pass
    return ws.close_code


async def test_any_byte_either_way_resets_the_clock(name):
    """All four ways at the same time. If this machine itself was too slow, nothing is proved, so it tries again."""
    ways = ("client-sends", "client-pings", "server-sends", "server-pings")
    pauses = []

    async def handler(ws):
        if ws.request.path.startswith("/server"):
            pauses.append(await often(job(ws)))
        else:
            async for _ in ws:
                pass

    async with behind(name, handler, idle=LONG) as proxy:
        for _ in range(5):
            pauses.clear()
            codes = await asyncio.gather(*(end(f"{proxy.url}/{way}", pauses) for way in ways))
            if len(pauses) == 4 and max(pauses) < LONG / 2:
                break
    assert dict(zip(ways, codes, strict=True)) == dict.fromkeys(ways, 1000)
