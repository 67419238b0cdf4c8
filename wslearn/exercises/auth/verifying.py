"""Task 1 of lesson 05: a function that verifies a token."""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt

from wslearn.exercises.engine import Exercise, NotYet, Talk, otherwise, shown
from wslearn.tokens import Tokens


def _pack(part: Any) -> str:
    """Return bytes, or anything else as JSON, in base64url."""
    data = part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _token(claims: Any, secret: str, change: Callable[[bytes], bytes] = bytes) -> str:
    """Return a token as a program without PyJWT writes it: `alg` alone in its header, spaces and `ë` in its JSON."""
    begin = f"{_pack({'alg': 'HS256'})}.{_pack(claims)}"
    return f"{begin}.{_pack(change(hmac.digest(secret.encode(), begin.encode(), 'sha256')))}"


def _valid(secret: str) -> list[tuple[str, str, dict, str]]:
    """Return what the function must accept: what it is, the token, its claims, and what to try if it is refused."""
    now = time.time()
    mine = Tokens(secret).issue("ann", 60)
    soon = {"sub": "ann", "exp": now + 3}
    more = {"sub": "Zoë ☕", "exp": int(now) + 10**9, "iat": 0, "admin": False, "level": 0, "note": ""}
    return [
        ("a valid token", mine, jwt.decode(mine, options={"verify_signature": False}),
         "If you decode it with PyJWT, `algorithms` must have HS256."),
        ("a token that expires in 3 s", jwt.encode(soon, secret), soon,
         "It has `sub` and `exp`, and no `iat`: require no more than that. Compare `exp` itself with the time now."),
        ("a token that is valid for 30 years", jwt.encode(more, secret), more,
         "Its `exp` is still to come, and its `sub` is `Zoë ☕`, which is a name too."),
        ("a token that another program has written", _token(more, secret), more,
         "Verify the signature over the first two parts as they are, whatever else is in them. Its JSON is in UTF-8."),
    ]  # fmt: skip


def _invalid(secret: str) -> list[tuple[str, str, str]]:
    """Return what the function must refuse: the token, what it is, and what to tell a student who lets it in."""
    now = time.time()
    admin = {"sub": "admin", "exp": now + 60}
    valid = jwt.encode(admin, secret)
    header, _, signature = jwt.encode(admin | {"sub": "mallory"}, secret).split(".")
    changed = f"{header}.{jwt.encode(admin, secret).split('.')[1]}.{signature}"
    whole = "Compare the whole signature, with `==` or `hmac.compare_digest`."
    return [
        (jwt.encode(admin, secret[::-1]), "a token that was signed with another secret",
         "Verify the signature. Without that, anybody can write a token."),
        (f"{valid}.x", "a valid token with one more part after it", "A token has three parts."),
        (f"{valid[:-40]}{valid[-40:].swapcase()}", "a token whose signature has small letters for capital ones, and "
         "the other way round", whole),
        (changed, "a token whose claims were changed after signing", "The signature must fit the first two parts."),
        (jwt.encode(admin, "", "none"), "an unsigned token with `alg` none", "Anybody can write such a token."),
        *((_token(admin, secret, change), what, whole) for what, change in (
            ("a token whose signature is empty", lambda made: b""),
            ("a token with one byte of the right signature", lambda made: made[7:8]),
            ("a token with the first half of the right signature", lambda made: made[:16]),
            ("a token whose signature is right in its first half", lambda made: made[:16] + bytes(16)),
            ("a token whose signature is right in its second half", lambda made: bytes(16) + made[16:]),
            ("a token whose signature is right, but goes on after that", lambda made: made + bytes(3)),
        )),
        *((jwt.encode(admin, secret, algorithm), f"a token whose header chooses {algorithm}",
           "Pin the algorithm: accept HS256 only, whatever the header says.") for algorithm in ("HS512", "HS384")),
        (jwt.encode(admin | {"exp": now - 60}, secret), "a token that expired a minute ago",
         "Compare `exp` with the time now, in seconds since 1970."),
        (jwt.encode(admin | {"exp": now - 2}, secret), "a token that expired 2 s ago", "Give it no extra time."),
        (_token(admin | {"exp": 0}, secret), "a token whose `exp` is 0, which is the year 1970", "0 is a time too."),
        (jwt.encode({"sub": "admin"}, secret), "a token without `exp`, which a thief could use forever",
         'Require the claim: in PyJWT with `options={"require": […]}`.'),
        (jwt.encode({"exp": now + 60}, secret), "a token without `sub`, which names nobody", "Require that claim too."),
        (_token(admin | {"exp": "soon"}, secret), "a token whose `exp` is a string", "It must be a number."),
        (_token([1], secret), "a token whose claims are a list", "They must be a dictionary."),
        *((f"{_pack(part)}.{_pack(part)}.AA", f"a token whose parts are {what}", "Return None for it.")
          for part, what in (([1], "lists"), (5, "numbers"), (b"\xff\xfe", "no text"), ("x", "strings"),
                             (b"[" * 100_000, "lists in lists in lists, 100,000 of them"))),
        *((text, f"{text!r}, which isn't a token", "Return None for it.")
          for text in ("hello", "...", "", "a.b.c.d", "é.é.é", "\ud800")),
    ]  # fmt: skip


async def _check(talk: Talk, verify: Callable) -> None:
    # PyJWT warns of a key that is shorter than the digest, and HS512's has 64 bytes.
    first, second = secrets.token_urlsafe(64), f" {secrets.token_urlsafe(64)}-schlüssel "
    earlier = []
    for what, token, claims, advice in _valid(first):
        earlier.append((await _accepts(talk, verify, token, first, what, claims, advice), claims))
    what, token, claims, _ = _valid(second)[0]
    other = "Verify the signature with `secret`. Without that, anybody can write a token."
    await _refuses(talk, verify, token, first, "a token that was signed with another secret", other)
    advice = "It was signed with another secret than those before it. Use `secret` as it is, which may be any string."
    came = await _accepts(talk, verify, token, second, what, claims, advice)
    dict.__setitem__(came, "sub", "admin")  # whatever kind of dictionary it is
    talk.tells("the caller", "changes", "the dictionary that it was given, and then shows the same token again")
    advice = "Verify the token in each call, and remember nothing: a token that is remembered never expires."
    await _accepts(talk, verify, token, second, "the same token, shown again", claims, advice, advice)
    for token, what, advice in _invalid(first):
        await _refuses(talk, verify, token, first, what, advice)
    what = 'a valid token, but the secret is `"\\ud800"`, which UTF-8 cannot encode'
    await _refuses(talk, verify, _valid(first)[0][1], "\ud800", what, other)
    for came, claims in earlier:
        advice = "A later call changed the dictionary that an earlier call had returned. Make a new one in each call."
        talk.expect(came == claims, advice, expected=f"still {shown(claims)}", came=came, who="an earlier result")


async def _refuses(talk: Talk, verify: Callable, token: str, secret: str, what: str, advice: str) -> None:
    """Expect that a token is refused, without an error."""
    talk.tells("Mallory", "shows", what)
    try:
        came = await talk.call(verify, token, secret)
    except NotYet as wrong:
        more = " A client may send any string. Catch the error, and return None." if wrong.__cause__ else ""
        talk.fail(f"{wrong}{more}", "the call", "fails", str(wrong))
    let_in = {
        lambda came: not came: "Return None for a token that isn't valid, and no other value.",
        otherwise: f"Your function let in {what}. {advice}",
    }  # fmt: skip
    talk.expect(came is None, let_in, expected="None: refused", came=came, who="the result")


async def _accepts(
    talk: Talk, verify: Callable, token: str, secret: str, what: str, claims: dict, advice: str,
    changed: str = "Return all of them, and nothing else.",
) -> dict[str, Any]:  # fmt: skip
    """Expect that a valid token's claims are returned, and return them."""
    talk.tells("Ann", "shows", what)
    came = await talk.call(verify, token, secret)
    talk.expect(isinstance(came, dict) and came == claims, {
        None: f"Your function refused {what}. {advice}",
        dict: f"Your function returned other claims than those in {what}. {changed}",
        otherwise: "Return the claims as a dictionary. `sub` says who it is, and `exp` until when the token is valid.",
    }, expected=f"the claims: {shown(claims)}", came=came, who="the result")  # fmt: skip
    return came


verify = Exercise(
    _check,
    hints=(
        "Use the library PyJWT, which can do all of this: `import jwt`, and look at the arguments of `jwt.decode`.",
        'Give it two arguments: `algorithms=["HS256"]` pins the algorithm, and '
        '`options={"require": ["sub", "exp"]}` refuses a token without these claims.',
        "`jwt.decode` raises `jwt.PyJWTError` for a token that it refuses, and `ValueError` for a string that cannot "
        "be encoded as UTF-8. Catch both, and `RecursionError` for JSON that is nested too deeply, and return None.",
    ),
    answer="""
        import jwt

        def verify(token, secret):
            try:
                return jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub", "exp"]})
            except (jwt.PyJWTError, ValueError, RecursionError):
                return None
    """,
    why="The list of algorithms comes from us, not from the token's header. The signature is verified before anything "
    "in the claims is believed. PyJWT compares `exp` with the clock if the token has one, and `require` refuses a "
    "token that leaves it out. (PyJWT cuts the fraction off `exp`, so a token may expire up to a second early. Our own "
    "servers compare the fraction too.) JSON can carry half a character, such as `\\ud800`, which UTF-8 cannot encode. "
    "That is where the ValueError comes from. The RecursionError comes from JSON with lists in lists in lists, which "
    "older versions of PyJWT do not catch.",
)
