"""Tokens that must not let anybody in: each would, if one check of RFC 7519 and RFC 8725 were left out."""

import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from malformed_inputs import base64url

SECRET = "the secret that only this server knows"
AUDIENCE = "wslearn"
#: What a forger wants to be.
CLAIMS = {"sub": "eve", "exp": int(time.time()) + 3600, "aud": AUDIENCE}


def signed(claims: dict, key=SECRET, algorithm: str = "HS256") -> str:
    """Return a token of any claims, those that the library refuses to write too."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm)


def signed_by_hand(head: dict, claims: dict, key: bytes | None = SECRET.encode(), digest=hashlib.sha256) -> str:
    """Return a token with any header, its signature an HMAC with `key`, or empty without one."""
    text = f"{base64url(json.dumps(head))}.{base64url(json.dumps(claims))}"
    signature = hmac.digest(key, text.encode(), digest) if key is not None else b""
    return f"{text}.{jwt.utils.base64url_encode(signature).decode()}"


def without(claim: str) -> dict:
    return {name: value for name, value in CLAIMS.items() if name != claim}


def forged() -> dict[str, str]:
    """Return tokens by the name of what is wrong with them."""
    good = signed(CLAIMS)
    head, body, signature = good.split(".")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    numbers = [float("inf"), float("-inf"), float("nan"), 1e300, 10**400, -1, 0, True, "9999999999", [9e9], {}, None]
    names = ["", "x" * 65, "eve\n", "\x1b[2J", 5, ["eve"], {"eve": 1}, True, None]
    return {
        **{
            f"alg {alg}": signed_by_hand({"alg": alg}, CLAIMS, None)
            for alg in ("none", "None", "NONE", "", None, [], {})
        },
        "alg none, with a signature": signed_by_hand({"alg": "none"}, CLAIMS),
        "no alg": signed_by_hand({"typ": "JWT"}, CLAIMS),
        "HS384, right secret": signed_by_hand({"alg": "HS384"}, CLAIMS, digest=hashlib.sha384),
        "HS512, right secret": signed_by_hand({"alg": "HS512"}, CLAIMS, digest=hashlib.sha512),
        "says HS512, is HS256": signed_by_hand({"alg": "HS512"}, CLAIMS),
        "RS256, a key pair of their own": signed(CLAIMS, private, "RS256"),
        "HS256 with a public key": signed_by_hand({"alg": "HS256"}, CLAIMS, public),
        "HS256 with no key": signed_by_hand({"alg": "HS256"}, CLAIMS, b""),
        "wrong secret": signed(CLAIMS, "a secret that this server does not know"),
        "a key in the token": signed_by_hand(
            {"alg": "HS256", "jwk": {"kty": "oct", "k": base64url("mine")}}, CLAIMS, b"mine"
        ),
        "a key by path": signed_by_hand({"alg": "HS256", "kid": "../../../dev/null"}, CLAIMS, b""),
        "changed after signing": f"{head}.{base64url(json.dumps(CLAIMS | {'sub': 'root'}))}.{signature}",
        "signature cut": good[:-4],
        "no signature": f"{head}.{body}.",
        "two signatures": f"{good}.{signature}",
        "expired": signed(CLAIMS | {"exp": int(time.time()) - 1}),
        "not valid yet": signed(CLAIMS | {"nbf": int(time.time()) + 86_400}),  # longer than any run of the tests
        "no exp": signed(without("exp")),
        "no sub": signed(without("sub")),
        "no audience": signed(without("aud")),
        **{f"aud {aud!r}": signed(CLAIMS | {"aud": aud}) for aud in ("other", ["other"], "", [], 5, {}, None)},
        **{f"exp {str(number)[:12]}": signed(CLAIMS | {"exp": number}) for number in numbers},
        **{f"sub {name!r:.12}": signed(CLAIMS | {"sub": name}) for name in names},
        "claims that are no object": signed(["eve"]),
        "8 KiB": signed(CLAIMS | {"padding": "x" * 6200}),
    }
