"""Exercises of lesson 05, authentication: who is let in, and for how long."""

from wslearn.exercises import Exercise
from wslearn.exercises.auth.auth_checks import asks_first, ends_in_time, verifies
from wslearn.exercises.auth.auth_rules import knows_its_own

verify = Exercise(
    verifies,
    hints=(
        "The library PyJWT does all of it, if you ask for it: `import jwt`, and look at `jwt.decode`.",
        'Two of its arguments matter: `algorithms=["HS256"]` pins the algorithm, and '
        '`options={"require": ["sub", "exp"]}` refuses a token without these claims.',
        "`jwt.decode` raises `jwt.PyJWTError` for a token that it refuses, and `ValueError` for a string that cannot "
        "be encoded as UTF-8. Catch both, and return None.",
    ),
    answer="""
        import jwt

        def verify(token, secret):
            try:
                return jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub", "exp"]})
            except (jwt.PyJWTError, ValueError):
                return None
    """,
    why="The list of algorithms comes from us, not from the token's header. The signature is verified before anything "
    "in the claims is believed. PyJWT compares `exp` with the clock if the token has one; `require` refuses a token "
    "that leaves it out. (PyJWT cuts the fraction off `exp`, so a token may end up to a second early. Our own servers "
    "compare the fraction too.) JSON can carry half a character, such as `\\ud800`, which UTF-8 cannot encode: that is "
    "where the ValueError comes from.",
)

first_message = Exercise(
    asks_first,
    hints=(
        "Three things can go wrong before a client is in: it is silent, it says something else, its token is bad. "
        "All three end in the same way, so put them into one `try`.",
        "Put `async with asyncio.timeout(self.limits.auth_timeout):` around the first `ws.recv()` only. It raises "
        "TimeoutError when the time is up.",
        "`decode(message, Authenticate).token` raises BadMessage for anything but `authenticate`, and "
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
    "`timeout` waits without blocking, so the other clients aren't affected. A client that fails to authenticate gets "
    "no second chance on the same connection.",
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
    why="Each client gets one timer for its whole conversation. A timeout for each message would start again with "
    "every message, and a look at the clock whenever a message arrives would never find a client that only listens.",
)

origin_rule = Exercise(
    knows_its_own,
    hints=(
        "There are two rules, and a request must pass both. The Origin rule compares `origin` with `host`; the Host "
        "rule looks at `host` alone. What does each rule do with None?",
        "Origin rule: take the part after `://`, and compare it with `host` by `==`. Host rule: remove the port, "
        "compare the name with `localhost` and `chat.example`. For any other name, ask `ip_address`.",
        '`urlsplit(f"//{host}").hostname` is the host without its port and brackets. `ip_address(name)` raises '
        "ValueError if `name` is not an IP address: catch the error, and return False.",
    ),
    answer="""
        from ipaddress import ip_address
        from urllib.parse import urlsplit

        def may_connect(origin, host):
            if origin is not None and origin.partition("://")[2] != host:
                return False  # the Origin rule
            if host is None:
                return True
            try:
                name = urlsplit(f"//{host}").hostname
                if name not in ("localhost", "chat.example"):
                    ip_address(name)  # raises ValueError for any other name
            except ValueError:
                return False  # the Host rule
            return True
    """,
    why="Each rule stops what the other one lets through. Without the Origin rule, the page of any site gets in. "
    "Without the Host rule, Eve's page gets in once she has pointed her own name at your server, because then its "
    "Origin and Host are equal. She cannot point an IP address or `localhost` anywhere, and `chat.example` isn't hers. "
    "A browser writes both headers itself, so no page can change them. Our own servers follow the same two rules.",
)
