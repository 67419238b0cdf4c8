"""The JSON messages of the lessons, as text; secrets taken out of whatever is logged or shown.

No input or output here: text in, text out, so every rule is tested without a socket.
"""

import re

import msgspec

#: What stands where a secret stood.
REDACTED = "[redacted]"

_SECRETS = re.compile(
    r"""(?ix)                                                  # any case, spaces only for reading
    (?P<key> ["']?\b(?:token|access_token|secret|password)["']? \s*[:=]\s* ["']? ) [^"'&\s,}]+
    | (?P<header> \b(?:cookie|set-cookie|authorization|proxy-authorization)["']? \s*[:=]\s* ) [^\r\n]+
    | (?P<scheme> \bbearer\s+ ) [^\s"',]+
    | \beyJ[\w-]*(?:\.[\w-]*)*                                 # a JWT begins with base64url of '{"'
    """
)


def redact(text: str) -> str:
    """Return `text` without cookies, authorization headers and tokens.

    `[redacted]` stands in their place. A text that breaks off in the middle of a secret is redacted too.
    """
    return _SECRETS.sub(lambda m: f"{m['key'] or m['header'] or m['scheme'] or ''}{REDACTED}", text)


def encode(message: object) -> str:
    """Return `message`, a dict or a msgspec Struct, as JSON text."""
    return msgspec.json.encode(message).decode()
