"""Where clients connect: a URL, or something that has one; and what may be wrong if they cannot."""

from typing import Protocol
from urllib.parse import urlsplit

#: Part of an error -> what helps.
ADVICE = {
    "CERTIFICATE_VERIFY_FAILED": "If the certificate is your own, pass "
    "`ssl=ssl.create_default_context(cafile=…)` with the certificate of its authority.",
    "WRONG_VERSION_NUMBER": "The server doesn't speak TLS: write ws:// in place of wss://.",
    "ConnectionResetError": "Does the server speak TLS (wss://) or not (ws://)?",
    "did not receive a valid HTTP response": "If the server uses TLS, write wss:// in place of ws://. Otherwise it "
    "isn't a WebSocket server, or a network is in front of it and the server itself isn't there.",
    "HTTP 404": "Is {path} the right path?",
    "HTTP 403": "Is {path} the right path? FastAPI and Starlette answer 403 if there is no WebSocket at this one.",
}


class HasUrl(Protocol):
    """A server, or a network in front of one."""

    @property
    def url(self) -> str:
        """A ws:// or wss:// URL."""


class Address:
    """A server of which only the URL is known."""

    def __init__(self, url: str) -> None:
        self.url = url


def at(where: str | HasUrl) -> HasUrl:
    """Return something with a `url`. Raises ValueError or TypeError with advice if no client can connect to it."""
    target = Address(where) if isinstance(where, str) else where
    if hasattr(target, "__aenter__") and not hasattr(target, "url"):
        raise TypeError("it isn't served yet: write `async with talk.served(app) as server:`, and connect to `server`")
    if not isinstance(url := getattr(target, "url", None), str):
        raise TypeError(f"expected a URL like 'ws://127.0.0.1:8000/', or something that has one; got {where!r}")
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"{url!r} is no URL of a WebSocket: {error}") from None
    if not known:
        better = {"http": "; write ws:// in place of http://", "https": "; write wss:// in place of https://"}
        raise ValueError(f"expected a URL like ws://127.0.0.1:8000/, got {url!r}{better.get(parts.scheme, '')}")
    return target


def advice(error: object, url: str) -> str:
    """Return what may help after a failed connection to a URL, with a space before it, or an empty text."""
    path = urlsplit(url).path or "/"
    text = next((f" {text}" for part, text in ADVICE.items() if part in str(error)), "").replace("{path}", path)
    twice = " It begins with two slashes: `url` ends with one already." if path in text and path[:2] == "//" else ""
    return text + twice
