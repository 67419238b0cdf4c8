"""Authentication: a client first sends a token, and gets the name in it. Lesson 05."""

import asyncio
import secrets
from contextlib import asynccontextmanager

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import Authenticate, Authenticated, BadMessage, Broadcast, Say, decode, now
from wslearn.server import Server
from wslearn.tokens import Expired, InvalidToken, Tokens, shown_at_handshake, until_expiry


async def claims_of(ws, tokens: Tokens, query: bool) -> dict:
    """Return the verified claims of the token in a client's handshake or first message. Raises InvalidToken."""
    token = shown_at_handshake(ws.request.path, ws.request.headers.get_all("Authorization"), query)
    if token is None:
        try:
            async with asyncio.timeout(ws.owner.limits.auth_timeout):
                token = decode(await ws.recv(), Authenticate).token
        except TimeoutError:
            raise InvalidToken(f"no token within {ws.owner.limits.auth_timeout:g} s") from None
        except BadMessage as error:
            raise InvalidToken(f"authenticate first: {error}") from None
    return tokens.verify(token)


@asynccontextmanager
async def authenticated(ws, tokens: Tokens, query: bool = True):
    """Let a client in as its token's `sub` until the token expires; yield whether it was let in.

    Without a valid token a client gets an error message and 1008 `Invalid token`; at the expiry, `Token expired`.
    """
    try:
        claims = await claims_of(ws, tokens, query)
    except InvalidToken as error:
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
    """Broadcast among clients with a valid token. A message has its `"sender"`, which no client can choose.

    The default `secret` is random; `server.tokens.issue("ann")` returns a token.
    """

    limits = Limits(rate=20)
    features = ("token", "json")

    def __init__(self, host="127.0.0.1", port=0, *, secret=None, audience=None, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.tokens = Tokens(secret or secrets.token_urlsafe(32), audience)
        self.members = set()

    async def handler(self, ws):
        """Send a client's messages to all members, as long as its token is valid."""
        async with authenticated(ws, self.tokens) as welcome:
            if not welcome:
                return
            self.members.add(ws)
            try:
                async for said in ws.receive(Say):
                    fan_out(self.members, Broadcast(said.message, now(), ws.name))
            finally:
                self.members.discard(ws)
