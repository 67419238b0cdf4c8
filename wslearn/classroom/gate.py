"""The gate of the class's servers: below one path are a page, its files and a WebSocket. Everywhere else is nothing.

What the servers of the lessons tell everybody (their name, their health, how many are connected) isn't told here. And
what those log about a client, its address and its messages, isn't logged here.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.http11 import Request, Response

from wslearn.server import Server, handshake
from wslearn.server.head import NO_HEAD, Head
from wslearn.server.hosts import Refusal
from wslearn.server.log import Kind
from wslearn.server.policy import policy_of


class Gate(Server):
    """A server whose page, files and WebSocket are below one path, which strangers don't know."""

    #: The name of the page's file.
    start_page = ""
    #: Beginnings of the names of files that this server keeps to itself.
    private: tuple[str, ...] = ()
    #: What a client reads where there is nothing, and where it may not come in.
    nothing = "Nothing is here.\n"
    static: Path = handshake.STATIC

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.record = self._record_without_traces
        self.record_message = lambda client, message: None

    def inside(self, request: Request, head: Head) -> str | None:
        """Return the part of a request's path below the path of this server, which begins with `/`, or None."""
        raise NotImplementedError

    def make_room(self, ws: Any) -> bool:
        """Return whether a client may come in although all places are taken, because another one has lost its place."""
        return False

    def respond_inside(self, path: str, ws: Any) -> Response | None:
        """Return the response to a GET of this path, or None if there is nothing."""
        name = path.removeprefix("/static/") if path.startswith("/static/") else path.removeprefix("/")
        # A client's path only selects one of these names; it is never opened.
        files = {file.name: file for file in self.static.iterdir() if file.suffix in (".js", ".css")}
        if path == "/":
            text = (self.static / self.start_page).read_text(encoding="utf-8")
            return handshake.respond(200, text, "text/html", Content_Security_Policy=_policy(text, ws))
        if name in files and not name.startswith(self.private):
            file = files[name]
            return handshake.respond(200, file.read_text(encoding="utf-8"), handshake.TYPES[file.suffix])
        return None

    def _process_request(self, ws: Any, request: Request) -> Response | None:
        head = ws.head
        if not head.too_large:
            ws.head = NO_HEAD
        response = self._answer(ws, request, head)
        if response is not None:
            ws.answered = True
            kind: Kind = "error" if response.status_code >= HTTPStatus.BAD_REQUEST else "http"
            self.record(kind, "", code=response.status_code)
        return response

    def _answer(self, ws: Any, request: Request, head: Head) -> Response | None:
        websocket = handshake.wants_websocket(request)
        origins = request.headers.get_all("Origin") if websocket else []
        hosts = request.headers.get_all("Host")
        stranger = handshake.refuse_stranger(head, hosts, origins, self.limits, tls=self.tls is not None)
        if stranger is not None:
            return self._refuse(stranger)
        if (path := self.inside(request, head)) is None:
            return handshake.respond(404, self.nothing)
        if websocket:
            if path != "/ws":
                return handshake.respond(404, self.nothing)
            full = handshake.refuse_more(self.limits, len(self.connections))
            full = None if full and self.make_room(ws) else full
            return None if full is None else handshake.respond(503, "All places are taken.\n", Retry_After="5")
        if path == "":  # so that the page's links lead to below this path
            return handshake.respond(307, Location=f"{handshake.path_of(request)}/")
        method = getattr(request, "method", "GET")  # websockets 16 knows no other
        if method not in ("GET", "HEAD"):
            return handshake.respond(405, self.nothing, Allow="GET, HEAD")
        response = self.respond_inside(path, ws) or handshake.respond(404, self.nothing)
        if method == "HEAD":
            response.body = b""
        return response

    def _refuse(self, refusal: Refusal) -> Response:
        text = refusal.text if refusal.status == handshake.TOO_LARGE.status else self.nothing
        return handshake.respond(refusal.status, text)

    def _record_without_traces(
        self, kind: Kind, client: str, text: str = "", code: int | None = None, reason: str = ""
    ) -> None:
        """Write a line without what tells who somebody is: an address, a path, a reason that the client chose."""
        known = client.startswith("guest-")
        who = client.replace("guest", self.name) if known else ""
        self._log.record(kind, who, text if known and kind == "error" else "", code)


def _policy(page: str, ws: Any) -> str:
    """Return the policy of a page: its own files, pictures and WebSocket.

    Safari before 15.4 doesn't count `ws:` as the page's own origin, so the policy names the address.
    """
    host, port = ws.transport.get_extra_info("sockname")[:2]
    own = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return policy_of(page).replace("connect-src 'self'", f"connect-src 'self' ws://{own}; img-src 'self' data:")
