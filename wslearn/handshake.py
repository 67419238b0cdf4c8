"""What a server answers before there is a WebSocket: its page, its health, or why it refuses a handshake.

Before it is a WebSocket, every connection is an HTTP request (RFC 6455, section 4): one port serves both.
"""

import html
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

from wslearn.messages import encode

if TYPE_CHECKING:
    from wslearn.connection import Connection
    from wslearn.server import Server

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
#: The page may load its own files and talk to its own server; all else is refused by the browser (CSP level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
WEBSOCKET_PATHS = ("/", "/ws")


def respond(status: int, body: str = "", content_type: str = "text/plain", **more: str) -> Response:
    """Return an HTTP response after which the connection is closed. `more` are headers, `_` standing for `-`."""
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
    return Response(status, HTTPStatus(status).phrase, Headers(headers), data)


def foreign_origin(request: Request, allowed: tuple[str, ...] | None) -> str | None:
    """Return the Origin of a page that may not connect, or None where the request may pass.

    A browser names the page that opens a WebSocket, and sends the user's cookies with it whoever that page is
    (RFC 6455, section 10.2). So the Origin's host must be the Host asked for. Programs send no Origin.
    """
    try:
        origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
    except MultipleValuesError:
        return "more than one Origin or Host"
    if allowed is None or origin is None or origin in allowed:
        return None
    scheme, _, netloc = origin.lower().partition("://")
    default_port = {"http": ":80", "https": ":443"}.get(scheme, "")
    same = netloc and netloc.removesuffix(default_port) == host.lower().removesuffix(default_port)
    return None if same else origin


def wants_websocket(request: Request) -> bool:
    """Tell whether a request asks to become a WebSocket (RFC 6455, section 4.1)."""
    return any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))


def answer(server: "Server", ws: "Connection", request: Request) -> Response | None:
    """Return the HTTP response to `request`, or None to go on with the WebSocket handshake."""
    path = request.path.partition("?")[0]
    method = getattr(request, "method", "GET")  # websockets 16 knows no other
    if wants_websocket(request):
        return refuse(server, request, path)
    if method not in ("GET", "HEAD"):
        return respond(405, f"Expected GET or HEAD, got {method}.\n", Allow="GET, HEAD")
    response = page(server, path)
    if method == "HEAD":
        response.body = b""
    return response


def refuse(server: "Server", request: Request, path: str) -> Response | None:
    """Return why a WebSocket handshake is refused, or None. The Origin comes first, before any token is read."""
    limits = server.limits
    if (origin := foreign_origin(request, limits.origins)) is not None:
        return respond(403, f"Origin {origin!r} may not connect: this server talks to its own page only.\n")
    if path not in WEBSOCKET_PATHS:
        return respond(404, f"No WebSocket at {path}: expected / or /ws.\n")
    if is_full(server):
        full = f"The server has its {limits.max_connections} connections. Try again later.\n"
        return respond(503, full, Retry_After="5")
    return None


def is_full(server: "Server") -> bool:
    """Tell whether the server has as many connections as it may have."""
    most = server.limits.max_connections
    return most is not None and len(server.connections) >= most


def page(server: "Server", path: str) -> Response:
    """Return the response to a plain GET."""
    if path in WEBSOCKET_PATHS:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        for key, value in {"name": server.name, "features": server.features}.items():
            text = text.replace(f"{{{{{key}}}}}", html.escape(value))
        return respond(200, text, "text/html")
    if path == "/hello":
        return respond(200, "Hello World!")
    if path == "/health":
        status = "full" if is_full(server) else "ok"  # for the page: a browser hides the 503 from it
        return respond(200, encode({"status": status, "connections": len(server.connections)}), "application/json")
    if path == "/favicon.ico":  # every browser asks for it
        return respond(204)
    # The files that are there, by name: no path that a client writes is ever opened.
    files = {f"/static/{file.name}": file for file in STATIC.iterdir() if file.suffix in TYPES}
    if path in files:
        return respond(200, files[path].read_text(encoding="utf-8"), TYPES[files[path].suffix])
    return respond(404, f"Nothing at {path}. There are / (a page), /hello, /health and a WebSocket at /ws.\n")
