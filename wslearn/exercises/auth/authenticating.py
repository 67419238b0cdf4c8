"""Task 2 of lesson 05: a client must authenticate with its first message, and in time."""

from wslearn.exercises.auth.letting_in import lets_in, wrong_close
from wslearn.exercises.engine import Exercise, Talk
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.tokens import Tokens

#: Time in which the check's clients must have authenticated, in seconds.
TIMEOUT = 1.0


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class, limits=Limits(auth_timeout=TIMEOUT)) as server:
        # Ann comes before Dora, who is silent: a timeout around all that Ann does must end before Dora's.
        ann = await lets_in(talk, server, "Ann", "Ann sent a valid token. Answer with `authenticated` and her name.")
        await ann.asks("hello", "hello", "Ann has authenticated. Send each of her messages back as it is.")
        dora = await talk.client(server, "Dora")
        await lets_in(talk, server, "Zoe", "Zoe sent a valid token, but had to wait because Dora sent nothing.")
        code, queued = dora.ws.close_code, "Zoe was let in only when Dora was gone. Let no client wait for another."
        talk.expect(code is None, queued, expected="None: connected", came=code, who="Dora's close code")
        late = f"Dora sent nothing for {TIMEOUT:g} s, which is `self.limits.auth_timeout`"
        await dora.is_closed(1008, "Invalid token", wrong_close(late, "Invalid token"), within=TIMEOUT + 1.5)
        await ann.is_still_there("Ann authenticated, but was disconnected. Limit only the wait for the first message.")
        valid, forged = server.tokens.issue("carl", 60), Tokens("another secret").issue("carl", 60)
        for what, message in (
            ("sent a message before it authenticated", {"message": "hello"}),
            ("sent a message that isn't JSON", "hello"),
            ("sent `authenticate` without a token", {"type": "authenticate"}),
            ("sent a forged token", {"type": "authenticate", "token": forged}),
            ("sent a valid token, but its `type` wasn't `authenticate`", {"type": "room-message", "token": valid}),
            ("sent JSON that is a list", [1]),
            ("sent JSON that is a number", "5"),
            ("sent a token that is a number", {"type": "authenticate", "token": 5}),
        ):
            carl = await talk.client(server, "Carl")
            await carl.says(message)
            advice = wrong_close(f"A client {what}", "Invalid token")
            await carl.is_closed(1008, "Invalid token", advice, within=TIMEOUT / 2)
        await ann.asks("still here", "still here", "Ann has authenticated. Serve her for as long as she likes.")


first_message = Exercise(
    _check,
    hints=(
        "Use one `try` for the three things that can go wrong: the client sends nothing, it sends something else, or "
        "its token is invalid. The server closes the connection in the same way after each of them.",
        "Put `async with asyncio.timeout(self.limits.auth_timeout):` around the first `ws.recv()` only. It raises "
        "TimeoutError when the time is over.",
        "`decode(message, Authenticate).token` raises BadMessage for anything but `authenticate`, and "
        "`self.tokens.verify(token)` raises Refused. Catch these two and TimeoutError, close with 1008, and `return`.",
    ),
    answer="""
        import asyncio

        from wslearn.messages import Authenticate, Authenticated, BadMessage, decode
        from wslearn.servers.auth import AuthServer
        from wslearn.tokens import Refused

        class FirstMessage(AuthServer):
            async def handler(self, ws):
                try:
                    async with asyncio.timeout(self.limits.auth_timeout):
                        message = await ws.recv()
                    claims = self.tokens.verify(decode(message, Authenticate).token)
                except (TimeoutError, BadMessage, Refused):
                    await ws.close(1008, "Invalid token")
                    return
                await ws.say(Authenticated(claims["sub"]))
                async for message in ws:
                    await ws.send(message)
    """,
    why="The timeout is for the first message only. After that, a client may be silent for as long as it likes. "
    "`timeout` waits without blocking, so the other clients aren't affected. A client that fails to authenticate gets "
    "no second chance on the same connection.",
)
