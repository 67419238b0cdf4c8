"""What the checks of lesson 05 share: clients that are let in or refused, and connections closed in a wrong way."""

import asyncio
import json
import re
import time
from typing import Any

from wslearn.exercises.engine import Client, Talk, has, otherwise, shown
from wslearn.servers.auth import AuthServer
from wslearn.tokens import InvalidToken, Tokens

ERROR = has(type="error")
#: What each client that was let in sends, and must receive unchanged.
MESSAGES: list[str | bytes | dict] = [
    "hello",
    "",
    " Grüße ☕ ",
    b"\x00\xff",
    b"",
    {"type": "authenticate", "token": "once more"},
    "bye",
]


def tokens_of(talk: Talk, server: Any) -> Tokens:
    """Return the server's `tokens`, or tell the student why there are none."""
    if not isinstance(server, AuthServer):
        own, base = type(server).__name__, type(server).mro()[1].__name__
        needs = f"`{own}` must build on AuthServer, which has `self.tokens`. Begin it with `class {own}(AuthServer):`."
        talk.fail(needs, own, "builds on", base)
    if not isinstance(server.tokens, Tokens):
        kept = "`self.tokens` is AuthServer's, and verifies tokens. Keep what is yours under another name."
        talk.fail(kept, "self.tokens", "is", shown(server.tokens), expected="an object of class Tokens")
    return server.tokens


async def lets_in(
    talk: Talk, server: Any, name: str, message: str, life: float = 60, token: str | None = None
) -> Client:
    """Connect a client that sends a token, valid for `life` seconds, and expect that the server lets it in."""
    client = await talk.client(server, name)
    token = token or tokens_of(talk, server).issue(name, life)
    await client.asks({"type": "authenticate", "token": token}, {"type": "authenticated", "user": name}, message)
    return client


async def echoes(client: Client, message: str, closed: str = "") -> None:
    """Expect that a client that was let in receives each of its messages, and nothing else.

    `closed` is what to tell a student whose server has closed its connection with 1008 instead.
    """
    for said in MESSAGES:
        more = " An empty message is a message too." if not said else " Bytes stay bytes." * isinstance(said, bytes)

        def lost(came: object, text: str = message + more) -> str:
            return closed if closed and client.ws.close_code == 1008 else text

        await client.asks(said, said, lost)


def closing(client: Client) -> asyncio.Task[float]:
    """Return a task that ends with a client's connection, and returns the time, in seconds since 1970."""

    async def closed() -> float:
        await client.ws.wait_closed()
        return time.time()

    return asyncio.create_task(closed())


async def is_refused(talk: Talk, server: Any, client: Client, what: str, within: float, still: str = "") -> None:
    """Expect that a client is closed with 1008 `Invalid token`, and has received errors at most.

    `still` is what to tell a student whose server keeps the connection, after `what`.
    """
    table = wrong_close(what, "Invalid token")
    if still:
        table[None] = f"{what}, and is still connected. {still}"
    await client.is_closed(1008, "Invalid token", table, within=within)
    for message in client.heard:
        if not ERROR(message):
            talk.fail(f"{what}. It must be closed, and receive nothing before that but an error. Verify a token before "
                      "you answer it, and send messages back to their sender only.", client.name, "receives",
                      shown(message))  # fmt: skip
        if _opens(tokens_of(talk, server), json.dumps(message)):
            talk.fail(f"{what}, and the error that it received has a token or the secret in it. Now it can get in.",
                      client.name, "receives", "a token or the secret")  # fmt: skip


def _opens(tokens: Tokens, text: str) -> bool:
    """Return whether somebody who has read this can get in."""
    for token in re.findall(r"[\w-]+\.[\w-]+\.[\w-]+", text):
        try:
            return bool(tokens.verify(token))
        except InvalidToken:
            pass
    return tokens.secret in text


def wrong_close(what: str, reason: str) -> dict:
    """Return what to tell a student whose server, after `what`, should have closed with 1008 and this reason."""
    return {
        None: f"{what}, and is still connected. Close with 1008 and the reason `{reason}`.",
        1000: f"{what}. Then your handler returned, and that closes with 1000, which means that all went well. Call "
        "`ws.close(1008, …)` first.",
        1011: f"{what}, and your handler ended with an error. Catch that error, and then close with 1008.",
        otherwise: lambda came: f"{what}. Your server closed with {came[0]} {came[1]!r} instead of 1008 {reason!r}.",
    }
