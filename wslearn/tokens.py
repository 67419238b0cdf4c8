"""Tokens that name a user: JSON Web Tokens, signed, with an expiry. Lesson 05."""

import asyncio
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

import jwt

#: The only accepted algorithm, because a token must not choose how it is verified (RFC 8725, section 3.1).
ALGORITHM = "HS256"
#: Longest token, in characters.
MAX_TOKEN = 4096
#: Latest expiry, in seconds since 1970: the end of the year 9999, the last one that Python's calendar has.
MAX_EXP = 253_402_300_799
#: Longest time between two comparisons of the clocks with a token's expiry, in seconds.
LOOK = 1.0


class InvalidToken(Exception):
    """A token that is not valid, or missing; the text says why."""


Refused = InvalidToken  # its old name


class Expired(Exception):
    """A token that was accepted has expired."""


def wrong_name(user: str) -> str | None:
    """Return what is wrong with a user's name, which other clients will see, or None."""
    if user.isprintable() and 1 <= len(user) <= 64:
        return None
    return f"sub: expected a name of 1 to 64 printable characters, got {user[:64]!r}"


def shown_at_handshake(path: str, authorization: list[str], query: bool) -> str | None:
    """Return the token of an `Authorization: Bearer` header or, if `query` is True, of `?token=`, otherwise None.

    `path` is the request's path with its query, `authorization` the values of its headers. Raises InvalidToken if there
    is a token in the URL although `query` is False.
    """
    found = parse_qs(path.partition("?")[2]).get("token", [])
    if found and not query:
        raise InvalidToken("a token in the URL ends up in logs and histories: send it as the first message")
    for header in authorization:
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            found.insert(0, token.strip())
    return found[0] if found else None


@dataclass(frozen=True)
class Tokens:
    """Issue and verify JSON Web Tokens (RFC 7519), HS256 with `secret`.

    A token needs `sub`, the user's name, and `exp`, the time of its expiry; `aud` must be `audience` if that is given.
    Issuer and verifier share one machine's clock, so there is no leeway for `exp`, and for `nbf` if a token has one.
    """

    secret: str
    audience: str | None = None

    def issue(self, user: str, expires: float = 3600) -> str:
        """Return a token for `user` that is valid for `expires` seconds. Raises ValueError for invalid values."""
        if wrong := wrong_name(user):
            raise ValueError(wrong)
        issued = time.time()
        if not -MAX_EXP <= issued + expires <= MAX_EXP:
            raise ValueError(f"expires: expected seconds, before the year 10000, got {expires:g}")
        claims = {"sub": user, "iat": issued, "exp": issued + expires}
        if self.audience is not None:
            claims["aud"] = self.audience
        with warnings.catch_warnings(category=jwt.InsecureKeyLengthWarning, action="ignore"):
            return jwt.encode(claims, self.secret, ALGORITHM)

    def verify(self, token: str) -> dict:
        """Return the token's claims. Raises InvalidToken if it is not valid, or not even a string."""
        if not isinstance(token, str):  # a client's JSON can contain anything
            raise InvalidToken(f"not a JSON Web Token: expected a string, got {type(token).__name__}")
        if len(token) > MAX_TOKEN:
            raise InvalidToken(f"the token has {len(token):,} characters, the limit is {MAX_TOKEN:,}")
        if token.count(".") != 2:
            raise InvalidToken("not a JSON Web Token: expected three parts with dots between them")
        # PyJWT drops the fractions of `exp` and `nbf`: a token would expire, and begin, up to a second too early.
        options: jwt.types.Options = {
            "require": ["sub", "exp"], "verify_aud": self.audience is not None,
            "verify_exp": False, "verify_nbf": False, "verify_iat": False,
        }  # fmt: skip
        try:
            with warnings.catch_warnings(category=jwt.InsecureKeyLengthWarning, action="ignore"):
                claims = jwt.decode(token, self.secret, [ALGORITHM], options, audience=self.audience)
        except jwt.PyJWTError as error:
            raise InvalidToken(str(error)) from None
        except (TypeError, ValueError, OverflowError, RecursionError):  # no honest issuer writes such a token
            raise InvalidToken("the token is malformed") from None
        now = time.time()
        if numeric_date(claims, "exp") <= now:
            raise InvalidToken("the token has expired")
        if "nbf" in claims and numeric_date(claims, "nbf") > now:
            raise InvalidToken("the token is not valid yet")
        if wrong := wrong_name(claims["sub"]):
            raise InvalidToken(wrong)
        return claims


def numeric_date(claims: dict, name: str) -> float:
    """Return a claim that is a time, in seconds since 1970, with fractions (RFC 7519, section 2).

    Raises InvalidToken for anything else that JSON may contain: a string, `true`, `NaN`, a number of 400 digits.
    """
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_EXP <= value <= MAX_EXP:
        raise InvalidToken(f"{name}: expected a number, in seconds since 1970, before the year 10000")
    return float(value)


@asynccontextmanager
async def until_expiry(exp: float) -> AsyncIterator[None]:
    """Run a block until a token's `exp`, in seconds since 1970; then cancel the block, and raise Expired.

    The earlier of wall clock and monotonic clock counts: a user may set the wall clock back, and the monotonic clock
    may stop while the machine sleeps. A jump of the wall clock takes effect within `LOOK` seconds.
    """
    loop = asyncio.get_running_loop()
    end = time.monotonic() + exp - time.time()
    timer = None

    def look() -> None:
        nonlocal timer
        left = min(exp - time.time(), end - time.monotonic())
        if left <= 0:
            life.reschedule(loop.time())
        else:
            timer = loop.call_later(min(left, LOOK), look)

    try:
        async with asyncio.timeout(None) as life:
            look()
            try:
                yield
            finally:
                if timer is not None:
                    timer.cancel()
    except TimeoutError:
        if not life.expired():  # the block's own error
            raise
        raise Expired from None
