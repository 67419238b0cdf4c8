"""What the checks of lesson 05 share: a client that authenticates, and a connection that is closed in a wrong way."""

from typing import Any

from wslearn.exercises.engine import Client, Talk, otherwise
from wslearn.servers.auth import AuthServer


async def lets_in(talk: Talk, server: Any, name: str, message: str, life: float = 60) -> Client:
    """Connect a client that sends a token, valid for `life` seconds, and expect that the server lets it in."""
    if not isinstance(server, AuthServer):
        own, base = type(server).__name__, type(server).mro()[1].__name__
        needs = f"`{own}` must build on AuthServer, which has `self.tokens`. Begin it with `class {own}(AuthServer):`."
        talk.fail(needs, own, "builds on", base)
    client = await talk.client(server, name)
    token = server.tokens.issue(name, life)
    await client.asks({"type": "authenticate", "token": token}, {"type": "authenticated", "user": name}, message)
    return client


def wrong_close(what: str, reason: str) -> dict:
    """Return what to tell a student whose server, after `what`, should have closed with 1008 and this reason."""
    return {
        None: f"{what}, and is still connected. Close with 1008 and the reason `{reason}`.",
        1000: f"{what}. Then your handler returned, and that closes with 1000, which means that all went well. Call "
        "`ws.close(1008, …)` first.",
        1011: f"{what}, and your handler ended with an error. Catch that error, and then close with 1008.",
        otherwise: lambda came: f"{what}. Your server closed with {came[0]} {came[1]!r} instead of 1008 {reason!r}.",
    }
