"""What the checks of lesson 05 share: a client that authenticates, and a connection that is closed in a wrong way."""

from wslearn.exercises.engine import Client, Message, Talk, otherwise
from wslearn.server import Server
from wslearn.servers.auth import AuthServer


async def lets_in(talk: Talk, server: Server, name: str, message: str, life: float = 60) -> Client:
    """Connect a client, and expect that the server lets it in when it sends a token that is valid for `life` seconds."""
    if not isinstance(server, AuthServer):
        own, base = type(server).__name__, type(server).__base__.__name__
        message = f"`{own}` must build on AuthServer, which has `self.tokens`. Begin it with `class {own}(AuthServer):`."
        talk.fail(message, own, "builds on", base, expected="AuthServer")
    client = await talk.client(server, name)
    await client.says({"type": "authenticate", "token": server.tokens.issue(name, life)})
    await client.hears({"type": "authenticated", "user": name}, message)
    return client


def wrong_close(what: str, reason: str) -> Message:
    """Return what to tell a student whose server should have closed with 1008 and this reason after `what`."""
    return {
        None: f"{what}, and is still connected. Close with 1008 and the reason `{reason}`.",
        1000: f"{what}. Then your handler returned, and that closes with 1000, which means that all went well. Call "
        "`ws.close(1008, …)` before it returns.",
        1011: f"{what}, and your handler ended with an error. Catch that error, and then close with 1008.",
        otherwise: lambda came: f"{what}. It was closed with {came[0]} {came[1]!r}, but should be with 1008 {reason!r}.",
    }
