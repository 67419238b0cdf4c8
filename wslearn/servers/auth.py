"""Authentication: a client shows a token before it is heard, and is who the token says. Lesson 05."""

import asyncio
import secrets
import time
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import jwt

from wslearn.connection import fan_out
from wslearn.limits import Limits
from wslearn.messages import Authenticate, Authenticated, BadMessage, Broadcast, Say, decode, now
from wslearn.server import Server

#: The one algorithm that is accepted: a token must not choose how it is checked (RFC 8725, section 3.1).
ALGORITHM = "HS256"
#: A longer token is refused unread, in characters.
MAX_TOKEN = 4096
#: A token may not outlive the year 9999, in seconds since 1970: its end must be a time that a timer can wait for.
MAX_EXP = 253_402_300_799


class Refused(Exception):
    """A client that may not come in; the text says why."""


def wrong_name(user: str) -> str | None:
    """Return what is wrong with a user's name, which all others will be shown, or None."""
    if user.isprintable() and 1 <= len(user) <= 64:
        return None
    return f"sub: expected a name of 1 to 64 printable characters, got {user[:64]!r}"


@dataclass(frozen=True)
class Tokens:
    """Issue and verify JSON Web Tokens (RFC 7519), HS256 with `secret`.

    A token needs `sub`, the user's name, and `exp`, when it ends; `aud` must be `audience` where one is configured.
    Issuer and verifier share one machine's clock, so no leeway is given: a token ends when it says so.
    """

    secret: str
    audience: str | None = None

    def issue(self, user: str, expires: float = 3600) -> str:
        """Return a token for `user` that is valid for `expires` seconds. Raises ValueError for a name that is none."""
        if wrong := wrong_name(user):
            raise ValueError(wrong)
        claims = {"sub": user, "iat": int(time.time()), "exp": time.time() + expires}
        if self.audience is not None:
            claims["aud"] = self.audience
        with warnings.catch_warnings(category=jwt.InsecureKeyLengthWarning, action="ignore"):
            return jwt.encode(claims, self.secret, ALGORITHM)

    def verify(self, token: str) -> dict:
        """Return the token's claims. Raises Refused where it is not valid."""
        if len(token) > MAX_TOKEN:
            raise Refused(f"the token has {len(token):,} characters, the limit is {MAX_TOKEN:,}")
        options = {"require": ["sub", "exp"], "verify_aud": self.audience is not None, "verify_iat": False}
        try:
            with warnings.catch_warnings(category=jwt.InsecureKeyLengthWarning, action="ignore"):
                claims = jwt.decode(token, self.secret, [ALGORITHM], options, audience=self.audience)
        except jwt.PyJWTError as error:
            raise Refused(str(error)) from None
        except (TypeError, ValueError, OverflowError, RecursionError):  # what no honest issuer writes
            raise Refused("the token is malformed") from None
        if not isinstance(claims["exp"], int | float) or claims["exp"] > MAX_EXP:  # PyJWT takes "99" for a number
            raise Refused("exp: expected a number, in seconds since 1970, before the year 10000")
        if wrong := wrong_name(claims["sub"]):
            raise Refused(wrong)
        return claims


def shown_at_handshake(request, query: bool) -> str | None:
    """Return the token of an `Authorization: Bearer` header or, if `query` allows it, of `?token=`."""
    for header in request.headers.get_all("Authorization"):
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
    found = parse_qs(urlsplit(request.path).query).get("token")
    if found and not query:
        raise Refused("a token in the address ends in logs and histories: send it as the first message")
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
        async with asyncio.timeout(float(claims["exp"]) - time.time()) as life:
            yield True
    except TimeoutError:
        if not life.expired():
            raise
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
