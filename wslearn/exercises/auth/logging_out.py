"""Task 5 of lesson 05, the hard one: a user is logged out everywhere, and none of the old tokens lets anybody in."""

import asyncio
import gc
import time
import weakref
from typing import Any

import jwt

from wslearn.exercises.auth.letting_in import echoes, is_refused, tokens_of, wrong_close
from wslearn.exercises.engine import STEP, Client, Exercise, NotYet, Talk, has, otherwise
from wslearn.exercises.engine.steady import timed
from wslearn.server import Server
from wslearn.tokens import Tokens

#: So many of Ann's clients answer no close frame. A server waits one second for each, so in turn they take as many.
SILENT, AT_ONCE, TOGETHER = 3, 1.5, 0.3  # a logout that takes longer, and ends after another one, waited for that
#: How old Ann's last token is when she is logged out, and how much newer the next one is, in seconds.
APART = 0.05
#: The part of a second in which she is logged out: whoever rounds the time, up or down, is wrong by more than that.
MOMENT = 0.3

REASON = "Logged out"
CATCH = "Catch InvalidToken, close with 1008 and the reason `Invalid token`, and return."
CLOSES = "Close each connection of this user with 1008 and the reason `Logged out`, all at the same time."
OLD = "A token that was issued before the logout must no longer let anybody in, although it is valid."
FIRST = "Note the time when `logout` is called, for each user, and before it waits for anything."
KEPT = "Ann's old phone left, but your server keeps its connection. Forget each one when it ends, in a `finally`."
AGAIN = (
    "{name} logged in again after the logout, with a newer token, but was refused. Compare the token's `iat` with the "
    "time when `logout` was called, both in seconds since 1970, and don't round them."
)


@timed
async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server, talk.server(server_class) as other:
        tokens = tokens_of(talk, server)
        first = tokens.issue("Ann", 60)
        silent = [await _enters(talk, server, f"Ann's tablet {number + 1}", "Ann", first) for number in range(SILENT)]
        phone, laptop = [await _enters(talk, server, f"Ann's {what}", "Ann", first) for what in ("phone", "laptop")]
        lost = await _enters(talk, server, "Ann's old phone", "Ann", first)
        bobs = tokens.issue("Bob", 60)
        others = [await _enters(talk, server, "Bob", "Bob", bobs)]
        others += [await _enters(talk, server, name, name) for name in ("Annika", "ann", "An", "Ann ", "Zoë ☕")]
        twins = tokens_of(talk, other).issue("Ann", 60)
        others += [await _enters(talk, other, "the other server's Ann", "Ann", twins)]
        timeless = jwt.encode({"sub": "Dora", "exp": time.time() + 60}, tokens.secret)
        dora = await _enters(
            talk, server, "Dora", "Dora", timeless, "{name}'s token has no `iat`, but she was never logged out."
        )
        await echoes(phone, "Send each message back to its sender, as it is.")
        alone = "Send each message back to its sender only. Ann's phone sent one, and {name} received it."
        await talk.none_hear([laptop, *silent, *others], alone)
        await _refuses(talk, server, "Mallory", Tokens("a guess").issue("Ann"), "a forged token", CATCH)
        gone = weakref.ref(lost.peer)
        await lost.vanishes()
        for one in silent:
            one.stops_reading()
        late = await talk.client(server, "Ann's watch")
        await asyncio.sleep((MOMENT - time.time()) % 1)
        last = tokens.issue("Ann", 3600)
        await asyncio.sleep(APART)
        leaving = await _logs_out(talk, server, "Ann", phone, laptop)
        await _meanwhile(talk, server, leaving, dora)
        await asyncio.sleep(APART)
        new = tokens.issue("Ann", 30)  # less than the old one had: `exp` says nothing about `iat`
        await _old_are_refused(talk, server, first, last, late)
        ann = await _enters(talk, server, "Ann", "Ann", new, AGAIN)
        await _stay(others)
        await _returns(talk, leaving)
        again = "{name}, who had logged in again, was disconnected. Close only the connections that were there before."
        await ann.is_still_there(again)
        await _enters(talk, server, "Ann's new phone", "Ann", new, AGAIN)
        await _enters(talk, server, "Bob's phone", "Bob", bobs, "Ann was logged out, and now Bob's token is refused.")
        await echoes(ann, "Ann has logged in again. Send each of her messages back as it is.")
        elsewhere = (
            "Ann was logged out on another server. Each server has its own users: keep all that changes in `self`."
        )
        await _enters(talk, other, "the other server's Ann", "Ann", twins, elsewhere)
        await _and_others(talk, server, ann, (last, new), bobs)
        for _ in range(20):  # the first time, a handler may just be ending
            await asyncio.sleep(APART)
            gc.collect()
            if not gone():
                break
        else:
            talk.fail(KEPT, "your server", "keeps", "a connection that was lost", expected="only open connections")


async def _and_others(talk: Talk, server: Any, ann: Client, anns: tuple[str, str], bobs: str) -> None:
    """Log out a second user, one who was never connected, and Ann once more."""
    tokens = tokens_of(talk, server)
    carls = tokens.issue("Carl", 60)
    await asyncio.sleep(APART)
    bob = next(client for client in talk.everybody if client.name == "Bob")
    await _returns(talk, await _logs_out(talk, server, "Bob", bob))
    await ann.is_still_there("Bob was logged out, and Ann was disconnected. Each user has his own time.")
    await _refuses(talk, server, "Ann's laptop", anns[0])
    await _refuses(talk, server, "Bob's laptop", bobs)
    await _returns(talk, await _logs_out(talk, server, "Carl"))
    await _refuses(talk, server, "Carl", carls)
    carls = tokens.issue("Carl", 60)
    await asyncio.sleep(APART)
    await _returns(talk, await _logs_out(talk, server, "Ann", ann))
    for token in anns:
        await _refuses(talk, server, "Ann's phone", token)
    await _enters(talk, server, "Carl", "Carl", carls, AGAIN)


async def _enters(
    talk: Talk, server: Any, name: str, user: str, token: str | None = None, message: str = "{name} has a valid token."
) -> Client:
    """Connect a client that sends a token, and expect that it is let in under the name of this user."""
    client = await talk.client(server, name)
    token = token or tokens_of(talk, server).issue(user, 60)
    answer = '{"type": "authenticated", "user": …}'
    await client.asks({"type": "authenticate", "token": token}, {"type": "authenticated", "user": user}, {
        has(type="authenticated"): "{name} was let in under another name than its token's `sub`.",
        otherwise: f"{message} Answer with `{answer}`.",
    })  # fmt: skip
    return client


async def _logs_out(talk: Talk, server: Any, user: str, *clients: Client) -> asyncio.Task:
    """Call `logout`, expect that these clients are closed at once, and return the task that calls it."""
    logout = getattr(server, "logout", None)
    if not callable(logout):
        text = "Your class has no method `logout`. Write `async def logout(self, user):` beside `handler`."
        talk.fail(text, "`logout`", "is", "missing")
    talk.tells("the server", "logs out", user)
    leaving = asyncio.create_task(talk.call(logout, user, within=SILENT + AT_ONCE))

    def over() -> bool:
        failed = leaving.done() and leaving.exception()
        return bool(failed) or all(client.ws.close_code is not None for client in clients)

    await talk.until(over, within=AT_ONCE)
    if leaving.done():
        await _returns(talk, leaving)
    for client in clients:
        what = f"{client.name} was connected, and {user} was logged out"
        well = f"{what}. Your server closed with 1000, which means that all went well. {CLOSES}"
        slow = f"{client.name} is still connected {AT_ONCE:g} s after {user} was logged out. {CLOSES} A client that " \
            "doesn't answer takes a second to close, and no other one should wait for it."  # fmt: skip
        await client.is_closed(1008, REASON, wrong_close(what, REASON) | {None: slow, 1000: well}, within=0.1)
    return leaving


async def _meanwhile(talk: Talk, server: Any, leaving: asyncio.Task, dora: Client) -> None:
    """Log out a second user while a logout is waiting for clients that don't answer."""
    waiting, began = not leaving.done(), time.perf_counter()
    await _returns(talk, await _logs_out(talk, server, "Dora", dora))
    if waiting and leaving.done() and (took := time.perf_counter() - began) > TOGETHER:
        text = "Dora was logged out while Ann's tablets did not answer, and had to wait for them. Keep no lock then."
        talk.fail(text, "Dora", "waits", f"{took:.1f} s", expected="not at all")


async def _returns(talk: Talk, leaving: asyncio.Task) -> None:
    """Expect that `logout` returns without an error."""
    try:
        await leaving
    except NotYet as wrong:
        talk.fail(str(wrong), "`logout`", "fails", str(wrong))


async def _old_are_refused(talk: Talk, server: Any, first: str, last: str, late: Client) -> None:
    """Expect that none of Ann's old tokens lets anybody in, not even while `logout` is waiting."""
    secret, now = tokens_of(talk, server).secret, time.time()
    await late.says({"type": "authenticate", "token": last})
    what = "Ann's watch connected before Ann was logged out, and sent its old token only after that"
    await is_refused(talk, server, late, what, within=STEP, still=OLD)
    await _refuses(talk, server, "Mallory", first)
    await _refuses(talk, server, "Mallory", last)
    for claims, what in (({}, "without `iat`"), ({"iat": 0}, "from 1970"), ({"iat": now - 86_400}, "from yesterday")):
        token = jwt.encode({"sub": "Ann", "exp": now + 60} | claims, secret)
        why = f"{OLD} {FIRST if claims else 'A token without `iat` counts as issued in 1970.'}"
        await _refuses(talk, server, "Mallory", token, f"a token {what}", why)


async def _refuses(
    talk: Talk, server: Any, name: str, token: str, what: str = "an old token", why: str = f"{OLD} {FIRST}"
) -> None:
    """Expect that a client which sends this token is not let in."""
    client = await talk.client(server, name)
    await client.says({"type": "authenticate", "token": token})
    await is_refused(talk, server, client, f"{name} sent {what}", within=STEP, still=why)


async def _stay(clients: list[Client]) -> None:
    for client in clients:
        text = "Ann was logged out, and {name} was disconnected too. Compare the whole name, and keep all that changes "
        await client.is_still_there(f"{text}in `self`, because each server has its own users.")
        text = "{name} is still logged in. Send each message back to its sender."
        await client.asks("still here", "still here", text)


log_out = Exercise(
    _check,
    hints=(
        "Your server has to remember two things in `self`: which user each connection belongs to, and for each user "
        "when she was last logged out.",
        'Write the time down before anything else in `logout`. A token is too old if `claims.get("iat", 0)` is smaller '
        "than that time. A user who was never logged out has no time: take 0 for it.",
        'Collect the user\'s connections in a list, and then `await asyncio.gather(*(ws.close(1008, "Logged out") for '
        "ws in hers))`. In `handler`, forget the connection in a `finally`.",
    ),
    answer="""
        import asyncio
        import json
        import time

        from wslearn.servers.auth import AuthServer
        from wslearn.tokens import InvalidToken

        class LogOut(AuthServer):
            def __init__(self, *args, **options):
                super().__init__(*args, **options)
                self.user_of = {}  # connection -> user
                self.logged_out = {}  # user -> when, in seconds since 1970

            async def handler(self, ws):
                token = json.loads(await ws.recv())["token"]
                try:
                    claims = self.tokens.verify(token)
                    if claims.get("iat", 0) < self.logged_out.get(claims["sub"], 0):
                        raise InvalidToken("it was issued before its user was logged out")
                except InvalidToken:
                    await ws.close(1008, "Invalid token")
                    return
                self.user_of[ws] = claims["sub"]
                await ws.send(json.dumps({"type": "authenticated", "user": claims["sub"]}))
                try:
                    async for message in ws:
                        await ws.send(message)
                finally:
                    del self.user_of[ws]

            async def logout(self, user):
                self.logged_out[user] = time.time()
                hers = [ws for ws, name in self.user_of.items() if name == user]
                await asyncio.gather(*(ws.close(1008, "Logged out") for ws in hers))
    """,
    why="Nobody can take a signed token back, so the server has to remember what it no longer accepts. One time for "
    "each user is enough, however many tokens she has. The time is written down before the first `await`, or a thief "
    "could come back with the old token while `logout` waits. `gather` closes all connections at the same time, so "
    "one that doesn't answer holds up no other. The list is made first, because each connection that closes leaves "
    "the dictionary.",
)
