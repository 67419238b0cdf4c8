"""Task 3 of lesson 05: the server closes a connection when its token expires."""

import asyncio
import time
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.auth.letting_in import lets_in, wrong_close
from wslearn.exercises.engine import Client, Exercise, Talk
from wslearn.server import Server
from wslearn.servers.auth import AuthServer
from wslearn.tokens import Tokens

#: How long Ann's and Carl's tokens are valid, in seconds.
LIFE = 1.2
#: A moment after 1970 began. As a time it is long past, but taken for a number of seconds from now it comes soon.
LONG_AGO = 0.1


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        stub = "A client sent a valid token. Answer it as the stub does."
        bob = await lets_in(talk, server, "Bob", stub)
        expires = time.time() + LIFE
        ann, carl = [await lets_in(talk, server, name, stub, LIFE) for name in ("Ann", "Carl")]
        await ann.says("hello")
        await ann.hears("hello", "As long as a token is valid, send each message of its client back as it is.")
        talk.tells("Carl", "sends", "messages all the time, and Ann none")
        chatter = asyncio.create_task(_chat(carl))
        try:
            await _ends(talk, server, ann, expires)
            await carl.is_closed(1008, "Token expired", {
                None: "Carl's token has expired, but he is still connected because he kept sending. Don't start the "
                "time again with each message: one timer is for all of them.",
                **wrong_close("Carl's token expired", "Token expired"),
            })  # fmt: skip
        finally:
            chatter.cancel()
        await bob.is_still_there("Bob's token is valid for a minute, but he lost his connection. Each token has its own `exp`.")
        await bob.says("hello")
        await bob.hears("hello", "Bob's token is still valid, so send his messages back.")


async def _chat(client: Client) -> None:
    with suppress(ConnectionClosed):
        while True:
            await client.ws.send("tick")
            await asyncio.sleep(LIFE / 5)


async def _is_closed(talk: Talk, client: Client, seconds: float) -> bool:
    return await talk.until(lambda: client.ws.close_code is not None, within=seconds)


async def _ends(talk: Talk, server: AuthServer, ann: Client, expires: float) -> None:
    """Expect that Ann, who is silent, is closed when her token expires; if she is not, find out why."""
    if not await _is_closed(talk, ann, expires + 1 - time.time()):
        talk.tells("Ann", "is", "still connected, 1 s after her token has expired", wrong=True)
        await ann.says("hello?")
        if await _is_closed(talk, ann, 0.5):
            talk.fail("Your server looked at the time only when Ann sent something. A client that stays silent is never "
                      "removed, and keeps receiving everything.", "Ann", "is", "closed only now")  # fmt: skip
        talk.fail(f"Ann's token has expired, but she is still connected. {await _why(talk, server)}", "Ann", "is", ...)
    early = expires - time.time()
    await ann.is_closed(1008, "Token expired", wrong_close("Ann's token expired", "Token expired"))
    if early > 0.1:
        talk.fail("Your server closed Ann's connection before her token expired.", "Ann", "is", f"closed {early:.1f} s too early")


class _LongAgo(Tokens):
    def verify(self, token: str) -> dict:
        return {"sub": "Zoe", "exp": LONG_AGO}


async def _why(talk: Talk, server: AuthServer) -> str:
    """Tell an `exp` that is taken for a number of seconds from a timeout that is not around the loop."""
    server.tokens = _LongAgo("")
    zoe = await talk.client(server, "Zoe")
    talk.tells("Zoe", "has", f"claims whose exp is {LONG_AGO:g}, in the first second of 1970")
    await zoe.says({"type": "authenticate", "token": "Zoe's"})
    if await _is_closed(talk, zoe, LONG_AGO + 1):
        return "`exp` is a time, in seconds since 1970. A timeout needs the seconds from now until then."
    return "Nothing ends the wait for her next message. A timeout inside the loop limits only the answer to one message, so put it around the whole loop."


until_expiry = Exercise(
    _check,
    hints=(
        'Compute how many seconds are left. `claims["exp"]` is a time in seconds since 1970, and so is `time.time()`.',
        "Put `async with asyncio.timeout(seconds):` around the whole loop. It ends the loop in time, even if the client is silent.",
        'Put that block into a `try:`, add `except TimeoutError:`, and call `await ws.close(1008, "Token expired")` there.',
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
