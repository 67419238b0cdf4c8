"""Authentication: a client shows a token before it is heard, and is who the token says. Lesson 05."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import Authenticate, Authenticated, BadMessage, Broadcast, Say, decode, now
from wslearn.server import Server
from wslearn.tokens import Expired, Refused, Tokens, until_expiry


def shown_at_handshake(request, query: bool) -> str | None:
    """Return the token of an `Authorization: Bearer` header or, if `query` allows it, of `?token=`, else None."""
    found = parse_qs(request.path.partition("?")[2]).get("token", [])
    if found and not query:
        raise Refused("a token in the address ends in logs and histories: send it as the first message")
    for header in request.headers.get_all("Authorization"):
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            found.insert(0, token.strip())
    return found[0] if found else None


async def claims_of(ws, tokens: Tokens, query: bool) -> dict:
    """Return the verified claims of a client's token, wherever it shows it. Raises Refused."""
    token = shown_at_handshake(ws.request, query)
    if token is None:
        try:
            async with asyncio.timeout(ws.owner.limits.auth_timeout):
                token = decode(await ws.recv(), Authenticate).token
        except TimeoutError:
            raise Refused(f"no token within {ws.owner.limits.auth_timeout:g} s") from None
        except BadMessage as error:
            raise Refused(f"authenticate first: {error}") from None
    return tokens.verify(token)


@asynccontextmanager
async def authenticated(ws, tokens: Tokens, query: bool = True):
    """Let a client in as its token's `sub` until the token expires; yield whether it was let in.

    Whoever is refused gets an error message and 1008 `Invalid token`; when the token expires, 1008 `Token expired`.
    """
    try:
        claims = await claims_of(ws, tokens, query)
    except Refused as error:
        await ws.dismiss("unauthorized", str(error), "Invalid token")
        yield False
        return
    ws.owner.identify(ws, claims["sub"])
    await ws.say(Authenticated(ws.name))
    try:
        async with until_expiry(claims["exp"]):
            yield True
    except Expired:
        await ws.dismiss("token-expired", "the token has expired: connect again with a new one", "Token expired")


class AuthServer(Server):
    """Broadcast among those who showed a valid token, with `"sender"`, which nobody can choose.

    Without a `secret` a random one is made: `server.tokens.issue("ann")` gives a token.
    """

    limits = Limits(rate=20)
    features = "token json"

    def __init__(self, *args, secret: str | None = None, audience: str | None = None, **options):
        super().__init__(*args, **options)
        self.tokens = Tokens(secret or secrets.token_urlsafe(32), audience)
        self.members = set()

    async def handler(self, ws):
        async with authenticated(ws, self.tokens) as welcome:
            if not welcome:
                return
            self.members.add(ws)
            try:
                async for said in ws.receive(Say):
                    fan_out(self.members, Broadcast(said.message, now(), ws.name))
            finally:
                self.members.discard(ws)
