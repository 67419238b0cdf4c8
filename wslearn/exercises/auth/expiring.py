"""Task 3 of lesson 05: the server closes a connection when its token expires."""

import asyncio
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.auth.letting_in import lets_in, wrong_close
from wslearn.exercises.engine import Client, Exercise, Talk
from wslearn.server import Server

#: How long Ann's and Carl's tokens are valid, in seconds.
LIFE = 1.2
#: A moment after 1970 began. As a time it is long past, but it is soon if somebody takes it for seconds from now.
LONG_AGO = 0.1


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        stub = "{name} sent a valid token. Answer as the stub does."
        bob = await lets_in(talk, server, "Bob", stub)
        expires = time.time() + LIFE
        ann, carl = [await lets_in(talk, server, name, stub, LIFE) for name in ("Ann", "Carl")]
        await ann.asks("hello", "hello", "Ann's token is still valid. Send each of her messages back as it is.")
        talk.tells("Carl", "sends", "messages all the time, but Ann is silent")
        chatter = asyncio.create_task(_chat(carl))
        try:
            if not await _is_closed(talk, ann, expires + 1 - time.time()):
                talk.fail(await _mistake(talk, server, ann), "Ann", "is", "connected", expected="disconnected by now")
            early = expires - time.time()
            await ann.is_closed(1008, "Token expired", wrong_close("Ann's token expired", "Token expired"))
            if early >= 0.1:
                talk.fail("Ann was disconnected before her token expired.", "Ann", "is", f"closed {early:.1f} s early")
            await carl.is_closed(1008, "Token expired", wrong_close("Carl's token expired", "Token expired") | {
                None: "Carl kept sending after his token expired. Start the timer once, not again with each message."
            })  # fmt: skip
        finally:
            chatter.cancel()
        await bob.is_still_there("Bob was disconnected too, but his token is valid for a minute. Use its own `exp`.")
        await bob.asks("hello", "hello", "Bob's token is still valid. Send his messages back.")


async def _chat(client: Client) -> None:
    with suppress(ConnectionClosed):
        while True:
            await client.ws.send("tick")
            await asyncio.sleep(LIFE / 5)


async def _is_closed(talk: Talk, client: Client, seconds: float) -> bool:
    return await talk.until(lambda: client.ws.close_code is not None, within=seconds)


async def _mistake(talk: Talk, server: Any, ann: Client) -> str:
    """Find out why Ann, who is silent, is still connected after her token has expired."""
    await ann.says("hello?")
    if await _is_closed(talk, ann, 0.5):
        return "Your server checked the time only when Ann sent something. A silent client stays connected forever."
    still = "Ann's token has expired, but she is still connected."
    server.tokens = SimpleNamespace(verify=lambda token: {"sub": "zoe", "exp": LONG_AGO})
    zoe = await talk.client(server, "Zoe")
    await zoe.says({"type": "authenticate", "token": "zoe"})
    if await _is_closed(talk, zoe, LONG_AGO + 1):
        return f"{still} `exp` is a time, in seconds since 1970. A timeout needs the seconds from now."
    return f"{still} Your timeout limits only the answer to one message. Put it around the whole loop."


until_expiry = Exercise(
    _check,
    hints=(
        'Compute how many seconds are left. `claims["exp"]` is a time in seconds since 1970, and so is `time.time()`.',
        "Put `async with asyncio.timeout(seconds):` around the whole loop. It ends the loop in time, even if the "
        "client is silent.",
        'Put that block into a `try:`. In `except TimeoutError:`, call `await ws.close(1008, "Token expired")`.',
    ),
    answer="""
        import asyncio
        import json
        import time

        from wslearn.servers.auth import AuthServer

        class UntilExpiry(AuthServer):
            async def handler(self, ws):
                claims = self.tokens.verify(json.loads(await ws.recv())["token"])
                await ws.send(json.dumps({"type": "authenticated", "user": claims["sub"]}))
                try:
                    async with asyncio.timeout(claims["exp"] - time.time()):
                        async for message in ws:
                            await ws.send(message)
                except TimeoutError:
                    await ws.close(1008, "Token expired")
    """,
    why="Each client gets one timer for its whole conversation. A timeout for each message would start again with "
    "every message. A look at the clock whenever a message arrives would never find a client that only listens.",
)
