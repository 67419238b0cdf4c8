"""Task 1 of lesson 05: a function that verifies a token."""

import secrets
import time
from collections.abc import Callable

import jwt

from wslearn.exercises.engine import Exercise, NotYet, Talk, otherwise
from wslearn.tokens import Tokens


def _invalid(secret: str) -> list[tuple[str, str, str]]:
    """Return what the function must refuse: the token, what it is, and what to tell a student who lets it in."""
    now = time.time()
    admin = {"sub": "admin", "exp": now + 60}
    header, _, signature = jwt.encode(admin | {"sub": "mallory"}, secret).split(".")
    changed = f"{header}.{jwt.encode(admin, secret).split('.')[1]}.{signature}"
    return [
        (jwt.encode(admin, secret[::-1]), "a token that was signed with another secret",
         "Verify the signature. Without that, anybody can write a token."),
        (changed, "a token whose claims were changed after signing", "The signature must fit the first two parts."),
        (jwt.encode(admin, "", "none"), "an unsigned token with `alg` none", "Anybody can write such a token."),
        (jwt.encode(admin, secret, "HS512"), "a token whose header chooses HS512",
         "Pin the algorithm: accept HS256 only, whatever the header says."),
        (jwt.encode(admin | {"exp": now - 60}, secret), "a token that expired a minute ago",
         "Compare `exp` with the time now, in seconds since 1970."),
        (jwt.encode({"sub": "admin"}, secret), "a token without `exp`, which a thief could use forever",
         'Require the claim: in PyJWT with `options={"require": […]}`.'),
        (jwt.encode({"exp": now + 60}, secret), "a token without `sub`, which names nobody", "Require that claim too."),
        *((text, f"{text!r}, which isn't a token", "Return None for it.") for text in ("hello", "...", "\ud800")),
    ]  # fmt: skip


async def _check(talk: Talk, verify: Callable) -> None:
    secret = secrets.token_urlsafe(64)  # PyJWT warns of a key that is shorter than the digest, and HS512's has 64 bytes
    talk.tells("Ann", "shows", "a valid token")
    came = await talk.call(verify, Tokens(secret).issue("ann", 60), secret)
    talk.expect(isinstance(came, dict) and came.get("sub") == "ann" and "exp" in came, {
        None: "Your function refused a valid token. If you decode it with PyJWT, `algorithms` must have HS256.",
        otherwise: "Return the claims as a dictionary. `sub` says who it is, and `exp` until when the token is valid.",
    }, expected="the claims, a dictionary with sub and exp", came=came, who="the result")  # fmt: skip
    for token, what, advice in _invalid(secret):
        talk.tells("Mallory", "shows", what)
        try:
            came = await talk.call(verify, token, secret)
        except NotYet as wrong:
            more = " A client may send any string. Catch the error, and return None." if wrong.__cause__ else ""
            talk.fail(f"{wrong}{more}", "the call", "fails", str(wrong))
        let_in = f"Your function let in {what}. {advice}"
        talk.expect(came is None, let_in, expected="None: refused", came=came, who="the result")


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
    "in the claims is believed. PyJWT compares `exp` with the clock if the token has one, and `require` refuses a "
    "token that leaves it out. (PyJWT cuts the fraction off `exp`, so a token may expire up to a second early. Our own "
    "servers compare the fraction too.) JSON can carry half a character, such as `\\ud800`, which UTF-8 cannot encode. "
    "That is where the ValueError comes from.",
)
