"""Exercises of lesson 05, authentication: who is let in, and for how long."""

from wslearn.exercises import Exercise
from wslearn.exercises.auth_checks import asks_first, ends_in_time, knows_its_own, verifies

verify = Exercise(
    verifies,
    hints=(
        "The library PyJWT does all of it, if you ask for it: `import jwt`, and look at `jwt.decode`.",
        'Two of its arguments matter: `algorithms=["HS256"]` pins the algorithm, and '
        '`options={"require": ["sub", "exp"]}` refuses a token without these claims.',
        "`jwt.decode` raises `jwt.PyJWTError` for a token that it refuses, and `ValueError` for a text that not even "
        "UTF-8 can hold. Catch both, and return None.",
    ),
    answer="""
        import jwt

        def verify(token, secret):
            try:
                return jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub", "exp"]})
            except (jwt.PyJWTError, ValueError):
                return None
    """,
    why="The list of algorithms comes from us, not from the token's head. The signature is verified before anything in "
    "the claims is believed. `exp` is compared where it is there; `require` refuses a token that leaves it out. "
    "JSON can carry half a character, such as `\\ud800`: no bytes stand for it, hence the ValueError.",
)

first_message = Exercise(
    asks_first,
    hints=(
        "Three things can go wrong before a client is in: it is silent, it says something else, its token is bad. "
        "All three end in the same way, so put them into one `try`.",
        "`async with asyncio.timeout(self.limits.auth_timeout):` around the first `ws.recv()`, and around nothing "
        "else, raises TimeoutError in time.",
        "`decode(message, Authenticate).token` raises BadMessage for all that is not `authenticate`, and "
        "`self.tokens.verify(token)` raises Refused. Catch the three, close with 1008, and `return`.",
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
    why="The limit is around the first message only; afterwards a client may be silent for as long as it likes. "
    "`timeout` waits without blocking, so nobody else notices. There is no second try.",
)

until_expiry = Exercise(
    ends_in_time,
    hints=(
        '`claims["exp"]` is a time in seconds since 1970, as `time.time()` is. How long is it until then?',
        "`async with asyncio.timeout(seconds):` around the whole loop ends it in time, whether somebody talks or not.",
        '`try:` that block, `except TimeoutError:` and there `await ws.close(1008, "Token expired")`.',
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
    why="One timer for the whole conversation, for this client alone. A limit for each message would begin anew with "
    "each, and a look at the clock when a message comes never sees those who only listen.",
)

origin_rule = Exercise(
    knows_its_own,
    hints=(
        "`origin` is a text such as `https://shop.example:8000`, or None. `host` is a text such as "
        "`shop.example:8000`. Which part of one must be the other?",
        "Split the Origin at `://`. What is behind it must be equal to `host`, not contain it, "
        "not begin or end with it.",
        'First: `if origin is None: return True`. Then `origin.partition("://")` gives three parts: take the last.',
    ),
    answer="""
        def may_connect(origin, host):
            if origin is None:
                return True
            return origin.partition("://")[2] == host
    """,
    why="A browser writes Origin and Host itself, so no page can lie about them. Where there is no Origin it is a "
    "program, which has no cookies of a user to ride on. Our servers do the same, and also know default ports.",
)
