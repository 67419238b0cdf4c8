"""Tokens that say who somebody is: JSON Web Tokens, signed and with an end. Lesson 05."""

import time
import warnings
from dataclasses import dataclass

import jwt

#: The one algorithm that is accepted: a token must not choose how it is checked (RFC 8725, section 3.1).
ALGORITHM = "HS256"
#: A longer token is refused unread, in characters.
MAX_TOKEN = 4096
#: A token may not outlive the year 9999, in seconds since 1970: its end must be a time that a timer can wait for.
MAX_EXP = 253_402_300_799


class Refused(Exception):
    """A token, or a client, that is not accepted; the text says why."""


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
        issued = time.time()
        claims = {"sub": user, "iat": issued, "exp": issued + expires}
        if self.audience is not None:
            claims["aud"] = self.audience
        with warnings.catch_warnings(category=jwt.InsecureKeyLengthWarning, action="ignore"):
            return jwt.encode(claims, self.secret, ALGORITHM)

    def verify(self, token: str) -> dict:
        """Return the token's claims. Raises Refused where it is not valid, and where it is no text at all."""
        if not isinstance(token, str):  # out of a client's JSON anything can come
            raise Refused(f"this is no JSON Web Token: expected a text, got {type(token).__name__}")
        if len(token) > MAX_TOKEN:
            raise Refused(f"the token has {len(token):,} characters, the limit is {MAX_TOKEN:,}")
        if token.count(".") != 2:
            raise Refused("this is no JSON Web Token: expected three parts with dots between them")
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
