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
    | (?P<path> wslearn-key- ) [\w-]*                           # of a server behind a proxy
    | \beyJ[\w-]*(?:\.[\w-]*)*                                 # a JWT begins with base64url of '{"'
    """
)


def redact(text: str) -> str:
    """Return `text` with `[redacted]` in place of cookies, authorization headers and tokens, even truncated ones."""
    if not (":" in text or "=" in text or "bearer" in (lower := text.lower()) or "eyj" in lower or "-key-" in lower):
        return text  # ten times faster than the search, which would find nothing
    return SECRETS.sub(lambda m: f"{m['key'] or m['header'] or m['scheme'] or m['path'] or ''}{REDACTED}", text)


def preview(data: str | bytes) -> str:
    """Return the beginning of a message on one line, secrets redacted."""
    if isinstance(data, str):
        shown, whole = repr(redact(data[:SHOWN])), len(data) <= SHOWN
    else:
        shown, whole = f"{len(data)} bytes: {data[: SHOWN // 8].hex(' ')}", len(data) <= SHOWN // 8
    return shown if whole else f"{shown}…"


def truncate(text: str) -> str:
    """Return the beginning of `text`, secrets redacted, with control characters (ESC, CR, …) spelled out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in redact(text[:SHOWN]))
