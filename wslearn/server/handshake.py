"""HTTP responses on the WebSocket's port: the page, the server's health, or the refusal of a handshake.

Every connection starts as an HTTP request (RFC 6455, section 4), so one port serves pages and WebSockets.
"""

import html
from collections.abc import Sequence, Sized
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext
from typing import Protocol

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from wslearn.limits import Limits
from wslearn.messages import encode
from wslearn.server.head import MOST, MOST_FIELDS, Head
from wslearn.server.hosts import Refusal, refuse_host, refuse_origin
from wslearn.server.policy import policy_of

STATIC = Path(__file__).parent.parent / "static"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
#: The page may load its own files and talk to its own server; the browser refuses everything else (CSP level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
WEBSOCKET_PATHS = ("/", "/ws")
TOO_LARGE = Refusal(
    431,
    f"Expected a request line and headers of at most {MOST:,} bytes, in at most {MOST_FIELDS:,} lines, got more. "
    "Cookies are the usual cause: a browser sends those of all programs on this host along. Delete this host's cookies "
    "in the browser, or use a private window.\n",
    f"more than {MOST:,} bytes or {MOST_FIELDS:,} lines of headers, and cookies are the usual cause: delete this "
    "host's cookies in the browser",
)


class Site(Protocol):
    """The attributes of a server that a handshake needs."""

    name: str
    limits: Limits
    tls: SSLContext | None
    features: tuple[str, ...]
    page: str | None
    csp: bool | str
    draining: bool

    @property
    def connections(self) -> Sized:
        """The live connections."""

    def health(self) -> dict[str, object]:
        """Return what `/health` tells besides."""


def respond(status: int, body: str = "", content_type: str = "text/plain", **more: str) -> Response:
    """Return an HTTP response that closes the connection. `more` are headers, with `_` in place of `-`.

    The value "" leaves a header out.
    """
    data = body.encode(errors="backslashreplace")  # websockets 16 keeps bytes that are not ASCII as lone surrogates
    headers = {
        "Connection": "close",
        "Cache-Control": "no-store",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    if status != HTTPStatus.NO_CONTENT:  # which has neither length nor type (RFC 9110, section 8.6)
        headers |= {"Content-Length": str(len(data)), "Content-Type": f"{content_type}; charset=utf-8"}
    return Response(status, HTTPStatus(status).phrase, Headers({k: v for k, v in headers.items() if v}), data)


def wants_websocket(request: Request) -> bool:
    """Tell whether a request asks to become a WebSocket (RFC 6455, section 4.1)."""
    return any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))


def process_request(server: Site, request: Request, head: Head) -> tuple[Response | None, str]:
    """Return an HTTP response, or None to continue with the WebSocket handshake, and the reason of a refusal."""
    if (refusal := check_handshake(server, request, head)) is not None:
        more = {"Retry_After": "5"} if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        return respond(refusal.status, refusal.text, **more), refusal.why
    if wants_websocket(request):
        return None, ""
    method = getattr(request, "method", "GET")  # websockets 16 knows no other
    if method not in ("GET", "HEAD"):
        return respond(405, f"Expected GET or HEAD, got {method}.\n", Allow="GET, HEAD"), ""
    response = page(server, path_of(request))
    if method == "HEAD":
        response.body = b""
    return response, ""


def path_of(request: Request) -> str:
    """Return the path of a request without its query."""
    return request.path.partition("?")[0]


def refuse_stranger(
    head: Head, hosts: Sequence[str], origins: Sequence[str], limits: Limits, *, tls: bool
) -> Refusal | None:
    """Return the refusal of a request with this head, these Host and these Origin headers, or None."""
    if head.too_large:
        return TOO_LARGE
    if not head.keyed and (refusal := refuse_host(hosts, limits.hosts)):
        return refusal
    return refuse_origin(origins, hosts[0] if hosts else "", limits.origins, tls=tls)


def check_handshake(server: Site, request: Request, head: Head) -> Refusal | None:
    """Return the refusal of a request, or None. Host and Origin come first, before any token is read."""
    limits, path, websocket = server.limits, path_of(request), wants_websocket(request)
    origins = request.headers.get_all("Origin") if websocket else []  # the page is not secret
    if refusal := refuse_stranger(head, request.headers.get_all("Host"), origins, limits, tls=server.tls is not None):
        return refusal
    if not websocket:
        return None
    if path not in WEBSOCKET_PATHS:
        return Refusal(404, f"No WebSocket at {path}: expected / or /ws.\n", "")
    if server.draining:
        return Refusal(503, "The server is about to restart. Try again later, or another server.\n", "it is draining")
    return refuse_more(limits, len(server.connections))


def refuse_more(limits: Limits, connections: int) -> Refusal | None:
    """Return the refusal of another connection if there are as many as `limits` allow, or None."""
    if (most := limits.max_connections) is None or connections < most:
        return None
    why = f"the server has its {most} connections, and --max-connections or Limits(max_connections=...) allows more"
    return Refusal(503, f"The server has its {most} connections. Try again later.\n", why)


def page(server: Site, path: str) -> Response:
    """Return the response to a plain GET."""
    if path in WEBSOCKET_PATHS and server.page is not None:
        policy = server.csp if isinstance(server.csp, str) else policy_of(server.page) if server.csp else ""
        return respond(200, server.page, "text/html", Content_Security_Policy=policy)
    if path in WEBSOCKET_PATHS:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        for key, value in {"name": server.name, "features": " ".join(server.features)}.items():
            text = text.replace(f"{{{{{key}}}}}", html.escape(value))
        return respond(200, text, "text/html")
    if path == "/hello":
        return respond(200, "Hello World!")
    if path == "/health":
        connections = len(server.connections)
        full = refuse_more(server.limits, connections)  # a browser hides the 503 from the page
        status = "draining" if server.draining else "full" if full else "ok"
        health = {"status": status, "connections": connections} | server.health()
        return respond(200, encode(health), "application/json")
    if path == "/favicon.ico":  # every browser asks for it
        return respond(204)
    # A client's path only selects one of these names; it is never opened.
    files = {f"/static/{file.name}": file for file in STATIC.iterdir() if file.suffix in TYPES}
    if path in files:
        return respond(200, files[path].read_text(encoding="utf-8"), TYPES[files[path].suffix])
    return respond(404, f"Nothing at {path}. There are / (a page), /hello, /health and a WebSocket at /ws.\n")
