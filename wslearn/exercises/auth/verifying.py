"""Task 1 of lesson 05: a function that verifies a token."""

import secrets
import time
from collections.abc import Callable

import jwt

from wslearn.exercises.engine import Exercise, NotYet, Talk, otherwise
from wslearn.tokens import Tokens


def _invalid(secret: str) -> list[tuple[str, str, str]]:
    """Return what the function must refuse: what it is, the token, and what to tell a student who lets it in."""
    admin = {"sub": "admin", "exp": time.time() + 60}
    head, _, signature = jwt.encode(admin | {"sub": "mallory"}, secret).split(".")
    return [
        ("a token signed with another secret", jwt.encode(admin, secret[::-1]),
         "A token that was signed with another secret got in. Verify the signature, otherwise anybody can write a token."),
        ("her own token, the name changed to admin", f"{head}.{jwt.encode(admin, secret).split('.')[1]}.{signature}",
         "A token got in whose claims were changed after it was signed. The signature must fit the first two parts."),
        ("an unsigned token, alg none", jwt.encode(admin, None, "none"),
         "A token without a signature got in, because its header asked for `alg` none. Anybody can write such a token."),
        ("a token signed with HS512, not HS256", jwt.encode(admin, secret, "HS512"),
         "The token chose HS512, and your function followed. Pin the algorithm to HS256, whatever the header says."),
        ("a token that expired a minute ago", jwt.encode(admin | {"exp": time.time() - 60}, secret),
         "A token that expired a minute ago got in. Compare `exp` with the current time, in seconds since 1970."),
        ("a token with no exp", jwt.encode({"sub": "admin"}, secret),
         "A token without `exp` got in. It never expires, not even in the hands of a thief. Require the claim, in PyJWT "
         'with `options={"require": […]}`.'),
        ("a token with no sub", jwt.encode({"exp": admin["exp"]}, secret),
         "A token without `sub` got in. It comes from this server, but doesn't say who sends it. Require that claim too."),
        *((f"a string that isn't a token: {text!r}", text, "A string that isn't a token got in.")
          for text in ("hello", "...", "\ud800")),
    ]  # fmt: skip


async def _check(talk: Talk, verify: Callable) -> None:
    secret = secrets.token_urlsafe(64)  # PyJWT warns of a key that is shorter than the digest, and HS512's has 64 bytes
    talk.tells("Ann", "shows", "a valid token")
    claims = await talk.call(verify, Tokens(secret).issue("ann", 60), secret)
    talk.expect(
        isinstance(claims, dict) and claims.get("sub") == "ann" and "exp" in claims,
        {None: "Your function refused a valid token. If you decode it with PyJWT, check that `algorithms` has HS256.",
         otherwise: "Return the claims as a dictionary. `sub` says who sends the token, and `exp` until when it is valid."},
        expected="the claims, a dictionary with sub and exp", came=claims, who="the result",
    )  # fmt: skip
    for what, token, message in _invalid(secret):
        talk.tells("Mallory", "shows", what)
        try:
            came = await talk.call(verify, token, secret)
        except NotYet as wrong:
            advice = " Clients do send invalid tokens. Catch the error, and return None." if wrong.__cause__ else ""
            talk.fail(f"{wrong}{advice}", "the call", "fails", str(wrong))
        talk.expect(came is None, message, expected="None: refused", came=came, who="the result")


verify = Exercise(
    _check,
    hints=(
        "Use the library PyJWT, which can do all of this: `import jwt`, and look at the arguments of `jwt.decode`.",
        'Give it two arguments: `algorithms=["HS256"]` pins the algorithm, and '
        '`options={"require": ["sub", "exp"]}` refuses a token without these claims.',
        "`jwt.decode` raises `jwt.PyJWTError` for a token that it refuses, and `ValueError` for a string that cannot "
        "be encoded as UTF-8. Catch both, and return None.",
    ),
    answer="""
        import jwt

        def verify(token, secret):
            try:
                return jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub", "exp"]})
            except (jwt.PyJWTError, ValueError):
                return None
    """,
    why="The list of algorithms comes from us, not from the token's header. The signature is verified before anything "
    "in the claims is believed. PyJWT compares `exp` with the clock if the token has one; `require` refuses a token "
    "that leaves it out. (PyJWT cuts the fraction off `exp`, so a token may end up to a second early. Our own servers "
    "compare the fraction too.) JSON can carry half a character, such as `\\ud800`, which UTF-8 cannot encode: that is "
    "where the ValueError comes from.",
)
