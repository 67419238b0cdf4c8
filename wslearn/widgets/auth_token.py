"""A token for people to look at, its three parts coloured, labelled and decoded; invalid ones made of it. Lesson 05."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from html import escape

import jwt

from wslearn.theme import BLUE, DARK_GREY, ORANGE
from wslearn.tokens import ALGORITHM, Tokens

#: For each part its name, and its colours: background and text.
PARTS = [("header", BLUE, "#fff"), ("claims", ORANGE, "#000"), ("signature", DARK_GREY, "#fff")]


def unpack(part: str) -> bytes:
    """Return the bytes of one part: base64url without its padding (RFC 7515, section 2)."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def pack(data: dict) -> str:
    """Return an object as one part of a token."""
    return urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict:
    """Return the claims of a token without verifying them."""
    return json.loads(unpack(token.split(".")[1]))


# Invalid tokens, each made of a valid one. The first three are forged by somebody without the secret of `issuer`.


def change_name(token: str, issuer: Tokens) -> str:
    """Write another name into the claims, and keep the signature."""
    header, _, signature = token.split(".")
    return f"{header}.{pack(claims_of(token) | {'sub': somebody_else(token)})}.{signature}"


def alg_none(token: str, issuer: Tokens) -> str:
    """Ask the server not to verify the token, and leave the signature out (RFC 8725, section 2.1)."""
    return f"{pack({'alg': 'none', 'typ': 'JWT'})}.{pack(claims_of(token) | {'sub': somebody_else(token)})}."


def wrong_secret(token: str, issuer: Tokens) -> str:
    """Sign with a secret that is not the server's, but the one that most tutorials show."""
    return Tokens("secret").issue(somebody_else(token), expires=60)


def expired(token: str, issuer: Tokens) -> str:
    """Take an old token. Nobody forged it: the server itself signed it, and it expired a minute ago."""
    claims = claims_of(token)
    end = time.time() - 60
    return jwt.encode(claims | {"iat": end - (claims["exp"] - claims["iat"]), "exp": end}, issuer.secret, ALGORITHM)


#: The label of a button -> how its token is made.
BAD_TOKENS: dict[str, Callable[[str, Tokens], str]] = {
    "Change the name": change_name,
    "alg none": alg_none,
    "Wrong secret": wrong_secret,
    "Expired": expired,
}


def somebody_else(token: str) -> str:
    """Return the name that somebody who forges this token would like to have."""
    return "root" if claims_of(token)["sub"] == "admin" else "admin"


def token_html(title: str, verdict: str, token: str, original: str = "") -> str:
    """Return a token as HTML, below what became of it. A word marks the parts that differ from the `original`'s."""
    parts = token.split(".")
    boxes, rows = [], []
    for (name, background, colour), part, old in zip(PARTS, parts, (original or token).split("."), strict=True):
        look = f"background:{background};color:{colour}"
        changed = " &middot; changed" if part != old else ""
        boxes.append(f'<span style="{look};padding:1px 3px">{escape(part) or "(empty)"}</span>')
        rows.append(
            f'<tr><td style="{look};padding:3px 10px;white-space:nowrap"><b>{name}</b>{changed}</td>'
            f'<td style="padding:3px 10px">{_meaning(name, part)}</td></tr>'
        )
    return (
        f'<div class="wsl-long" style="margin:8px 0">'
        f'<div style="font-size:1.12em"><b>{escape(title)}:</b> {escape(verdict)}</div>'
        f'<div style="font:0.95em/1.6 monospace;margin:4px 0">{"<b> . </b>".join(boxes)}</div>'
        f"<table>{''.join(rows)}</table></div>"
    )


def _meaning(name: str, part: str) -> str:
    if name == "signature":
        return f"{len(unpack(part))} bytes: HMAC-SHA256 of header and claims, with a secret" if part else "missing"
    text = f'<span style="font-family:monospace">{escape(unpack(part).decode(), quote=False)}</span>'
    if name == "claims":
        ends = time.strftime("%H:%M:%S", time.localtime(json.loads(unpack(part))["exp"]))
        text += f" (expiry: {ends})"
    return text
