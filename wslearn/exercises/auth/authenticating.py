"""Task 2 of lesson 05: a client must authenticate with its first message, and in time."""

import asyncio
import time
from typing import Any

from wslearn.exercises.auth.letting_in import closing, echoes, is_refused, lets_in, tokens_of
from wslearn.exercises.engine import Client, Exercise, Talk, has
from wslearn.exercises.engine.steady import timed
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.tokens import Tokens

#: Time in which the clients of two servers must have authenticated, and how much later a slow machine may close, in
#: seconds: so far apart that no constant is right for both.
SHORT, LONG, LATE = 0.4, 1.0, 0.5


def _invalid(valid: str, secret: str) -> list[tuple[str, Any]]:
    """Return first messages with which nobody gets in, and what a client that sends one did."""
    forged, expired = Tokens("another secret").issue("carl", 60), Tokens(secret).issue("carl", -1)
    return [
        ("a message before it authenticated", {"message": "hello"}),
        ("a message that isn't JSON", "hello"),
        ("an empty string", ""),
        ("bytes that aren't JSON", b"\xff\xfe\x00"),
        ("`authenticate` without a token", {"type": "authenticate"}),
        ("a forged token", {"type": "authenticate", "token": forged}),
        ("a token that has expired", {"type": "authenticate", "token": expired}),
        ("a valid token, but its `type` wasn't `authenticate`", {"type": "room-message", "token": valid}),
        ("a valid token without a `type`", {"token": valid}),
        *((f"a valid token with the `type` {kind!r}", {"type": kind, "token": valid})
          for kind in ("auth", "authenticated", "Authenticate", " authenticate", "", None)),
        ("JSON that is a list", [1]),
        ("JSON that is a number", "5"),
        ("JSON that is a string", '"authenticate"'),
        ("JSON that is null", "null"),
        *((f"a token that is {what}", {"type": "authenticate", "token": token})
          for what, token in (("a number", 5), ("null", None), ("a list", [valid]), ("empty", ""))),
        ("JSON that is nested too deeply", "[" * 60_000),
    ]  # fmt: skip


@timed
async def _check(talk: Talk, server_class: type[Server]) -> None:
    limits = [Limits(auth_timeout=seconds) for seconds in (SHORT, LONG)]
    async with (
        talk.server(server_class, limits=limits[0]) as server, talk.server(server_class, limits=limits[1]) as patient,
    ):  # fmt: skip
        # Ann comes before Dora, who is silent: a timeout around all that Ann does must end before Dora's.
        ann = await lets_in(talk, server, "Ann", "Ann sent a valid token. Answer with `authenticated` and her name.")
        await echoes(ann, "Ann has authenticated. Send each of her messages back as it is.")
        dora, sam = [await _silent(talk, where, name) for where, name in ((server, "Dora"), (patient, "Sam"))]
        bob = await lets_in(talk, server, "Bob", "Bob sent a valid token, but had to wait because Dora sent nothing.")
        if dora[-1].done():
            await _was_in_time(talk, server, *dora, SHORT)
            talk.fail("Bob was let in only when Dora was gone. Let no client wait for another.", "Bob", "is", "late")
        await _both(talk, server)
        await bob.asks("my turn", "my turn", {"hello": "{name} received a message of Ann's. Send each message back to "
                                              "its sender only."})  # fmt: skip
        await _was_in_time(talk, server, *dora, SHORT)
        await ann.is_still_there("Ann authenticated, but was disconnected. Limit only the wait for the first message.")
        tokens = tokens_of(talk, patient)
        valid = tokens.issue("carl", 60)
        for what, message in _invalid(valid, tokens.secret):
            carl = await talk.client(patient, "Carl")
            await carl.says(message)
            await carl.says({"type": "authenticate", "token": valid})  # there is no second chance
            await is_refused(talk, patient, carl, f"A client sent {what}", within=LONG / 2)
        await _was_in_time(talk, patient, *sam, LONG)
        await ann.asks("still here", "still here", "Ann has authenticated. Serve her for as long as she likes.")


async def _silent(talk: Talk, server: Any, name: str) -> tuple[Client, float, asyncio.Task[float]]:
    """Connect a client that sends nothing; return it, when it began, and a task that returns when it is closed."""
    began = time.time()
    client = await talk.client(server, name)
    return client, began, closing(client)


async def _was_in_time(
    talk: Talk, server: Any, client: Client, began: float, closed: asyncio.Task[float], limit: float
) -> None:
    """Expect that a silent client is closed after its server's limit, neither before nor much later."""
    await asyncio.wait([closed], timeout=limit + LATE)
    if closed.done() and closed.result() - began < limit - 0.02:
        sooner = f"{client.name} sent nothing, but had {limit:g} s to authenticate, which is " \
            "`self.limits.auth_timeout`. Your server closed the connection sooner."  # fmt: skip
        talk.fail(sooner, client.name, "is", f"closed after {closed.result() - began:.2f} s")
    silent = f"{client.name} sent nothing for {limit:g} s, which is `self.limits.auth_timeout`"
    await is_refused(talk, server, client, silent, within=0.2)
    if await closed - began > limit + LATE:
        later = f"{silent}, but was closed later. Each server may have another limit, so use that one, and no number " \
            "of your own."  # fmt: skip
        talk.fail(later, client.name, "is", f"closed after {closed.result() - began:.2f} s")


async def _both(talk: Talk, server: Any) -> None:
    """Let two clients authenticate at the same time, and expect that each gets in under its own name."""
    pair = [await talk.client(server, name) for name in ("Zoë van Dam ☕", "carl")]
    for client in pair:
        await client.says({"type": "authenticate", "token": tokens_of(talk, server).issue(client.name, 60)})
    for client in pair:
        await client.hears({"type": "authenticated", "user": client.name}, {
            has(type="authenticated"): "Two clients authenticated at the same time, and {name} was let in under "
            "another name than its token's `sub`. Keep the claims in a variable of `handler`, not in `self`, and the "
            "name as it is.",
            None: "Two clients authenticated at the same time, and {name} received nothing."})  # fmt: skip


first_message = Exercise(
    _check,
    hints=(
        "Use one `try` for the three things that can go wrong: the client sends nothing, it sends something else, or "
        "its token is invalid. The server closes the connection in the same way after each of them.",
        "Put `async with asyncio.timeout(self.limits.auth_timeout):` around the first `ws.recv()` only. It raises "
        "TimeoutError when the time is over.",
        "`decode(message, Authenticate).token` raises BadMessage for anything but `authenticate`, and "
        "`self.tokens.verify(token)` raises InvalidToken. Catch these two and TimeoutError, close with 1008, and "
        "`return`.",
    ),
    answer="""
        import asyncio

        from wslearn.messages import Authenticate, Authenticated, BadMessage, decode
        from wslearn.servers.auth import AuthServer
        from wslearn.tokens import InvalidToken

        class FirstMessage(AuthServer):
            async def handler(self, ws):
                try:
                    async with asyncio.timeout(self.limits.auth_timeout):
                        message = await ws.recv()
                    claims = self.tokens.verify(decode(message, Authenticate).token)
                except (TimeoutError, BadMessage, InvalidToken):
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
