"""What people may see of what came from outside: secrets taken out, long text cut short, on one line."""

import re

#: Replaces a secret.
REDACTED = "[redacted]"
#: How much of a message or a request is kept, in characters or bytes.
SHOWN = 120

#: Finds secrets in a text. What stands before one (`token=`, `Cookie: `) is a named group. Where JSON stands inside a
#: JSON text, its quotes have backslashes before them.
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
    """Return `text` without cookies, authorization headers and tokens.

    `[redacted]` stands in their place. A text that breaks off in the middle of a secret is redacted too.
    """
    if not (":" in text or "=" in text or "bearer" in (lower := text.lower()) or "eyj" in lower or "-key-" in lower):
        return text  # ten times quicker than the search, which would find nothing
    return SECRETS.sub(lambda m: f"{m['key'] or m['header'] or m['scheme'] or m['path'] or ''}{REDACTED}", text)


def preview(data: str | bytes) -> str:
    """Return the beginning of a message on one line, secrets redacted."""
    if isinstance(data, str):
        shown, whole = repr(redact(data[:SHOWN])), len(data) <= SHOWN
    else:
        shown, whole = f"{len(data)} bytes: {data[: SHOWN // 8].hex(' ')}", len(data) <= SHOWN // 8
    return shown if whole else f"{shown}…"


def truncate(text: str) -> str:
    """Return the beginning of a text, secrets redacted, and what a terminal would obey (ESC, CR, …) spelled out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in redact(text[:SHOWN]))
