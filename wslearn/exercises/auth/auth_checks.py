"""What the checks of lesson 05's tasks 1 to 3 say to a student's code, and expect to hear. `auth` has the exercises."""

import asyncio
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from types import SimpleNamespace

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine.expectations import NotYet
from wslearn.limits import Limits
from wslearn.servers.auth import AuthServer
from wslearn.tokens import Tokens

#: Time in which the check's clients must have authenticated, and life of a short token, in seconds.
PATIENCE, LIFE = 1.0, 1.2


# 1. Which tokens are good


def _signed(claims: dict, secret: str, alg: str = "HS256", digest: str = "sha256") -> str:
    """Return a token, also one that no honest issuer writes. With `digest` empty it is not signed."""
    parts = (json.dumps(part).encode() for part in ({"alg": alg, "typ": "JWT"}, claims))
    text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret.encode(), text, digest) if digest else b""
    return f"{text.decode()}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _bad_tokens(secret: str) -> list[tuple[str, str, str]]:
    """Return what must be refused: what it is, the token, and what to tell a student who lets it in."""
    soon = time.time() + 60
    admin, unsigned = {"sub": "admin", "exp": soon}, "Then everybody can write such a token."
    head, _, signature = _signed({"sub": "eve", "exp": soon}, secret).split(".")
    changed = f"{head}.{_signed(admin, secret).split('.')[1]}.{signature}"
    return [
        ("a token signed with another secret", _signed(admin, "another secret"),
         f"It was signed with another secret, and let in: is the signature verified at all? {unsigned}"),
        ("her own token, the name changed to admin", changed,
         "The claims were changed after they were signed, and let in: the signature must fit the first two parts."),
        ("an unsigned token, alg none", _signed(admin, secret, "none", ""),
         f"The token asked for `alg` none, got it, and was let in. {unsigned}"),
        ("a token signed with HS512, not HS256", _signed(admin, secret, "HS512", "sha512"),
         "The token chose HS512, and your function followed. Pin the algorithm: HS256, whatever the head says."),
        ("a token that ended a minute ago", _signed(admin | {"exp": soon - 120}, secret),
         "It ended a minute ago, and was let in. Compare `exp` with the time now, in seconds since 1970."),
        ("a token with no exp", _signed({"sub": "admin"}, secret),
         "It has no `exp`, so it would be good for ever, for a thief too. Ask for the claim: in PyJWT with "
         '`options={"require": […]}`.'),
        ("a token with no sub", _signed({"exp": soon}, secret),
         "It has no `sub`: it is from this server, but says nobody's name. Require that claim too."),
        ("a text that is no token: hello", "hello", "A text that is no token was let in."),
        ("three dots and nothing else: ...", "...", "A text that is no token was let in."),
        (r"a text that UTF-8 cannot hold: \ud800", "\ud800", "A text that is no token was let in."),
    ]  # fmt: skip


async def verifies(talk, verify) -> None:
    secret = secrets.token_urlsafe(64)  # PyJWT warns of a key that is shorter than the digest, and HS512's has 64 bytes
    talk.tells("ann", "shows", "a good token")
    claims = await talk.call(verify, Tokens(secret).issue("ann", 60), secret)

    def good(came) -> str:
        if came is None:
            return "A good token was refused. If you decode it with PyJWT: does `algorithms` have HS256?"
        return "Return the claims, as a dict: `sub` says who it is, and `exp` until when."

    fits = isinstance(claims, dict) and claims.get("sub") == "ann" and "exp" in claims
    talk.expect(fits, good, expected="the claims: a dict with sub and exp", came=claims, who="the result")
    for what, token, advice in _bad_tokens(secret):
        talk.tells("eve", "shows", what)
        try:
            came = await talk.call(verify, token, secret)
        except NotYet as wrong:
            talk.tells("the call", "fails", str(wrong), wrong=True)
            if isinstance(wrong.__cause__, Exception):
                raise NotYet(f"{wrong} A bad token is nothing special: catch the error, and return None.") from None
            raise
        talk.expect(came is None, advice, expected="None: refused", came=came, who="the result")


# 2. The first message


def _wrong_close(what: str):
    """Return what to tell a student whose server did not close with 1008 `Invalid token`."""

    def advice(came) -> str:
        if came is None:
            return f"{what}, and is still connected. Close with 1008 and the reason `Invalid token`."
        code, reason = came
        if code == 1000:
            return (
                f"{what}. A handler that just returns closes with 1000: all went well. Say `ws.close(1008, …)` first."
            )
        if code == 1011:
            return f"{what}, and your handler ended with an error. Expect it: catch the error, and close with 1008."
        return f"{what}. It was closed with {code} {reason!r}; expected was 1008 'Invalid token'."

    return advice


async def asks_first(talk, server_class) -> None:
    async with talk.server(server_class, limits=Limits(auth_timeout=PATIENCE)) as server:
        _builds_on_auth(talk, server)
        ann = await talk.client(server, "ann")  # before the silent one: a limit around all that she does ends first
        await ann.says({"type": "authenticate", "token": server.tokens.issue("ann", 60)})
        await ann.hears(
            {"type": "authenticated", "user": "ann"},
            "Ann showed a good token. Tell her that she is in, and as whom: with `authenticated` and her name.",
        )
        await ann.says("hello")
        await ann.hears("hello", "Who is let in is served: send each of her messages back as it is.")
        silent = await talk.client(server, "silent")
        zoe = await talk.client(server, "zoe")
        await zoe.says({"type": "authenticate", "token": server.tokens.issue("zoe", 60)})
        await zoe.hears(
            {"type": "authenticated", "user": "zoe"}, "Zoe was not let in, while another client was silent."
        )
        waited = "Zoe was let in only when the silent client was gone. Each client waits for itself: let nobody queue."
        talk.expect(
            silent.ws.close_code is None,
            waited,
            expected="connected",
            came=f"closed with {silent.ws.close_code}" if silent.ws.close_code else "connected",
            who="silent",
        )
        too_long = _wrong_close(f"A client said nothing for {PATIENCE} s, which is `self.limits.auth_timeout`")
        await silent.is_closed(1008, "Invalid token", too_long, within=PATIENCE + 1.5)
        await ann.is_still_there("Ann was in, and was thrown out in the end. The limit is for the first message only.")
        forged = Tokens("another secret").issue("ann", 60)
        good = server.tokens.issue("ann", 60)
        for name, message, what in (
            ("eve", {"message": "hello"}, "A client talked before it showed a token"),
            ("bob", "hello", "A client sent a text that is no JSON"),
            ("carl", {"type": "authenticate"}, "A client sent `authenticate` without a token"),
            ("dora", {"type": "authenticate", "token": forged}, "A client showed a forged token"),
            ("fred", {"type": "room-message", "token": good}, "A client's `type` was not `authenticate`"),
            ("gil", [1], "A client sent JSON that is a list"),
            ("hana", "5", "A client sent JSON that is a number"),
            ("ivan", {"type": "authenticate", "token": 5}, "A client sent a token that is a number"),
        ):
            client = await talk.client(server, name)
            await client.says(message)
            await client.is_closed(1008, "Invalid token", _wrong_close(what), within=PATIENCE / 2)
        await ann.says("still here")
        await ann.hears("still here", "Ann was let in. She must be served for as long as she likes.")


def _builds_on_auth(talk, server) -> None:
    if not isinstance(server, AuthServer):
        name = type(server).__name__
        talk.tells(name, "builds on", type(server).__base__.__name__, wrong=True)
        raise NotYet(f"`{name}` must build on AuthServer, which has `self.tokens`: `class {name}(AuthServer):`.")


# 3. The end of a token


#: An end of a token a moment after 1970 began: long ago, but soon for who takes it for a number of seconds from now.
LONG_AGO = 0.1


async def ends_in_time(talk, server_class) -> None:
    async with talk.server(server_class) as server:
        _builds_on_auth(talk, server)
        clients = []
        for name, life in (("bob", 60), ("ann", LIFE), ("carl", LIFE)):
            client = await talk.client(server, name)
            talk.tells(name, "has", f"a token that is good for {life:g} s")
            if name == "ann":
                end = time.time() + LIFE
            await client.says({"type": "authenticate", "token": server.tokens.issue(name, life)})
            await client.hears(
                {"type": "authenticated", "user": name}, "A good token was shown: answer as the stub does."
            )
            clients.append(client)
        bob, ann, carl = clients
        await ann.says("hello")
        await ann.hears("hello", "As long as the token is good, send each message back as it is.")
        talk.tells("carl", "says", "something all the time; ann says nothing more")
        chatter = asyncio.create_task(_chat(carl))
        try:
            await _ends(talk, server, ann, end)
            still = (
                "Carl kept talking, and so stayed in. Each message began the time anew: the limit is for all of them."
            )
            await carl.is_closed(1008, "Token expired", lambda came: still if came is None else _expired(came))
        finally:
            chatter.cancel()
        await bob.is_still_there(
            "Bob's token is good for a minute, and he was thrown out too. Each has an `exp` of its own."
        )
        await bob.says("hello")
        await bob.hears("hello", "Bob's token is still good: send his messages back.")


async def _chat(client) -> None:
    with suppress(ConnectionClosed):
        while True:
            await client.ws.send("tick")
            await asyncio.sleep(LIFE / 5)


async def _ends(talk, server, ann, end: float) -> None:
    """Expect that Ann, who is silent, is closed at `end`; where she is not, find out why."""
    with suppress(TimeoutError):
        async with asyncio.timeout(end - time.time() + 1):
            await ann.ws.wait_closed()
    if ann.ws.close_code is None:
        talk.tells("ann", "finds", "her connection open 1 s after her token's end", wrong=True)
        await ann.says("hello?")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await ann.ws.wait_closed()
        if ann.ws.close_code is not None:
            raise NotYet(
                "Your server looked at the time only when Ann spoke. Who is silent stays for ever, and hears all."
            )
        talk.tells("ann", "spoke", "and is still in", wrong=True)
        raise NotYet(f"Ann's token has ended, and she is still in. {await _why_no_end(talk, server)}")
    early = end - time.time()
    await ann.is_closed(1008, "Token expired", _expired)
    talk.expect(
        early < 0.1,
        "Ann was closed before her token's end.",
        expected="over with her token",
        came=f"over {abs(early):.1f} s {'before' if early > 0 else 'after'} its end",
        who="her time",
    )


async def _why_no_end(talk, server) -> str:
    """Tell apart an `exp` that is taken for a number of seconds, and a limit that is not around the waiting."""
    server.tokens = SimpleNamespace(verify=lambda token: {"sub": "zoe", "exp": LONG_AGO})
    zoe = await talk.client(server, "zoe")
    talk.tells("zoe", "has", f"claims whose exp is {LONG_AGO:g}: the first second of 1970")
    await zoe.says({"type": "authenticate", "token": "zoe"})
    with suppress(TimeoutError):
        async with asyncio.timeout(LONG_AGO + 1):
            await zoe.ws.wait_closed()
    if zoe.ws.close_code is None:
        talk.tells("zoe", "finds", "the connection open too", wrong=True)
        return (
            "No limit ends the waiting for her next message. A limit inside the loop only bounds the answer to one "
            "message: put it around the whole loop."
        )
    talk.tells("zoe", "finds", "the connection closed")
    return "`exp` is a time, in seconds since 1970: a limit wants the seconds from now until then."


def _expired(came) -> str:
    code, reason = came
    if code == 1000:
        return (
            "The connection ended with 1000, all went well, as when a handler returns. Say `ws.close(1008, …)` before."
        )
    if code == 1011:
        return "An error in your handler closed with 1011. Catch `TimeoutError`, and then close with 1008."
    return f"It was closed with {code} {reason!r}; expected was 1008 'Token expired'."
