"""Task 3 of lesson 05: the server closes a connection when its token expires."""

import asyncio
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import jwt
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.auth.letting_in import ERROR, closing, echoes, lets_in, tokens_of, wrong_close
from wslearn.exercises.engine import Client, Exercise, Talk, shown
from wslearn.exercises.engine.steady import timed
from wslearn.server import Server

#: How long Ann's and Carl's tokens are valid, and how much later their connections may be closed, in seconds. Who
#: rounds `exp` up or down is wrong by more than that for one of the two, because they are half a second apart.
LIVES, SOONER, LATER = {"Ann": 1.0, "Carl": 1.5}, 0.03, 0.4
EARLY = "{0} was disconnected before {0}'s token expired. Compute the seconds that are left, and don't round them."
LATE = "{0} was disconnected, but only some time after {0}'s token expired. Compute the seconds that are left, don't " \
    "round them, and wait exactly as long."  # fmt: skip
#: A moment after 1970 began. As a time it is long past, but it is soon if somebody takes it for seconds from now.
LONG_AGO = 0.1


@timed
async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        stub = "{name} sent a valid token. Answer as the stub does."
        bob = await lets_in(talk, server, "Bob", stub)
        began = time.time()
        ends = {name: began + life for name, life in LIVES.items()}
        claims = [{"sub": name, "iat": began - 3600, "exp": end} for name, end in ends.items()]
        tokens = [jwt.encode(claim, tokens_of(talk, server).secret) for claim in claims]
        ann, carl = [
            await lets_in(talk, server, name, stub, token=token) for name, token in zip(LIVES, tokens, strict=True)
        ]
        dora = await lets_in(talk, server, "Dora", stub)
        await echoes(ann, "Ann's token is still valid. Send each of her messages back as it is.", EARLY.format("Ann"))
        talk.tells("Carl", "sends", "messages all the time, but Ann is silent")
        ticks: list[str] = []
        chatter, anns, carls = asyncio.create_task(_chat(carl, ticks)), closing(ann), closing(carl)
        try:
            await asyncio.wait([anns], timeout=ends["Ann"] + 1 - time.time())
            if not anns.done():
                talk.fail(await _mistake(talk, server, ann), "Ann", "is", "connected", expected="disconnected by now")
            await _was_in_time(talk, ann, anns.result(), ends["Ann"])
            for client in bob, dora:
                await client.is_still_there("{name} was disconnected too, but {name}'s token is valid for a minute. "
                                            "Use the `exp` of each client's own token.")  # fmt: skip
            await asyncio.wait([carls], timeout=ends["Carl"] + 1 - time.time())
            if not carls.done():
                talk.fail("Carl kept sending after his token expired. Start the timer once, not again with each "
                          "message.", "Carl", "is", "connected", expected="disconnected by now")  # fmt: skip
            await _was_in_time(talk, carl, carls.result(), ends["Carl"])
        finally:
            chatter.cancel()
        back = [message for message in carl.heard[1:] if not ERROR(message)]
        talk.expect(
            back == ticks[: len(back)] and len(back) >= len(ticks) - 2, "Carl's token was valid while he sent these "
            "messages. Send each of them back to him, and nothing else.", expected=shown(ticks), came=back,
            who="what Carl received",
        )  # fmt: skip
        await echoes(bob, "Bob's token is still valid. Send his messages back to him, as they are, and nobody else's.")


async def _chat(client: Client, ticks: list[str]) -> None:
    with suppress(ConnectionClosed):
        while True:
            ticks.append(f"tick {len(ticks) + 1}")
            await client.ws.send(ticks[-1])
            await asyncio.sleep(0.1 if len(ticks) > 12 else 0)  # many at first, however slow the machine is


async def _was_in_time(talk: Talk, client: Client, closed: float, end: float) -> None:
    """Expect that a connection was closed when its token expired, in the right way."""
    name = client.name
    if closed < end - SOONER:
        talk.fail(EARLY.format(name), name, "is", f"closed {end - closed:.1f} s early")
    await client.is_closed(1008, "Token expired", wrong_close(f"{name}'s token expired", "Token expired"))
    if closed > end + LATER:
        talk.fail(LATE.format(name), name, "is", f"closed {closed - end:.1f} s late")


async def _is_closed(talk: Talk, client: Client, seconds: float) -> bool:
    return await talk.until(lambda: client.ws.close_code is not None, within=seconds)


async def _mistake(talk: Talk, server: Any, ann: Client) -> str:
    """Find out why Ann, who is silent, is still connected after her token has expired."""
    await ann.says("hello?")
    if await _is_closed(talk, ann, 0.5):
        return "Your server checked the time only when Ann sent something. A silent client stays connected forever."
    still, end = "Ann's token has expired, but she is still connected.", time.time() + 60
    for exp, iat, why in (
        (LONG_AGO, -60, "`exp` is a time, in seconds since 1970. A timeout needs the seconds from now."),
        (end, end - LONG_AGO, "`exp` minus `iat` is the token's whole life, which began before Ann connected. A "
         "timeout needs the seconds from now."),
    ):  # fmt: skip
        claims = {"sub": "zoe", "exp": exp, "iat": iat}
        server.tokens = SimpleNamespace(verify=lambda token, claims=claims: claims)
        zoe = await talk.client(server, "Zoe")
        await zoe.says({"type": "authenticate", "token": "zoe"})
        if await _is_closed(talk, zoe, LONG_AGO + 0.7):
            return f"{still} {why}"
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
