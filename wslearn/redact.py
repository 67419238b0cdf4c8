"""Data from outside in a form that people may see: secrets removed, long text cut, on one line."""

import re

#: Replaces a secret.
REDACTED = "[redacted]"
#: Longest part of a message or a request that is shown, in characters or bytes.
SHOWN = 120

#: Finds secrets. The part before a secret (`token=`, `Cookie: `) is a named group. In JSON inside a JSON string, quotes
#: have backslashes before them.
SECRETS = re.compile(
    r"""(?ix)                                                  # any case, spaces only for reading
    (?P<key> \b(?:token|access_token|secret|password) \\*+["']? \s*[:=]\s* \\*+["']? )
        (?: [^"'&\s,}\\]++ | \\++(?!["']) )+                  # ++ and *+ give nothing back: so it stays linear
    | (?P<header> \b(?:cookie|set-cookie|authorization|proxy-authorization) \\*+["']? \s*[:=]\s* ) [^\r\n]+
    | (?P<scheme> \bbearer\s+ ) [^\s"',]+
    | (?P<session> \bsession \\*+["']? \s*[:=]\s* \\*+["']? ) (?: [0-9a-f-]{12,} | (?<=["']) [0-9a-f-]+\Z )
    | (?P<path> wslearn-key- ) [\w-]*                           # of a server behind a proxy
    | \beyJ[\w-]*(?:\.[\w-]*)*                                 # a JWT begins with base64url of '{"'
    """
)


def may_hold_secret(text: str) -> bool:
    """Tell whether `redact` would have to search: False means that it would find nothing. Takes 0.2 µs."""
    lower = text.lower()
    if not text.isascii():  # for the search, a long s is an s, the sign for kelvin a K, and Turkish dots do not count
        lower = lower.casefold().replace("\u0307", "").replace("\u0131", "i")
    # Each secret has one of these words before it or in it, most of them with `:` or `=` after the word. A loop over
    # the words would take twice as long, and any() five times.
    if "bearer" in lower or "wslearn-key-" in lower or "eyj" in lower:
        return True
    if ":" not in lower and "=" not in lower:
        return False
    named = "token" in lower or "secret" in lower or "password" in lower
    return named or "cookie" in lower or "authorization" in lower or "session" in lower


def redact(text: str) -> str:
    """Return `text` with `[redacted]` in place of cookies, authorization, tokens and sessions, even truncated ones."""
    if not may_hold_secret(text):
        return text  # ten times faster than the search, which would find nothing
    return SECRETS.sub(lambda m: f"{m[m.lastgroup] if m.lastgroup else ''}{REDACTED}", text)


def beginning(data: str | bytes) -> str | bytes:
    """Return a copy of the part of a message that the log shows, secrets redacted: little to keep, and cheap."""
    return redact(data[:SHOWN]) if isinstance(data, str) else bytes(data[: SHOWN // 8])


def describe(start: str | bytes, length: int) -> str:
    """Return on one line what `beginning` gave of a message of `length` characters or bytes."""
    if isinstance(start, str):
        shown, whole = repr(start), length <= SHOWN
    else:
        shown, whole = f"{length} bytes: {start.hex(' ')}", length <= SHOWN // 8
    return shown if whole else f"{shown}…"


def truncate(text: str) -> str:
    """Return the beginning of `text`, secrets redacted, with control characters (ESC, CR, …) spelled out."""
    shown = redact(text[:SHOWN])
    return shown if shown.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
