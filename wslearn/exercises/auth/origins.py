"""Task 4 of lesson 05: which pages may connect, and under which names of the server."""

from collections.abc import Callable

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from wslearn.exercises.engine import Exercise, NotYet, Talk, kind

#: The server's own name, as the task gives it.
NAME = "chat.example"
#: What the check tries: who asks, its Origin and Host, whether it may connect, and what to tell a student otherwise.
Try = tuple[str, str | None, str, bool, str]


def _own(host: str, why: str, scheme: str = "http") -> Try:
    return "its own page", f"{scheme}://{host}", host, True, f"The server's own page was refused {why}"


def _stranger(origin: str, host: str, why: str) -> Try:
    return "a stranger's page", origin, host, False, f"A page from `{origin}` got in. {why}"


def _mallory(name: str, port: int, why: str) -> Try:
    message = f"Mallory's page got in, under her name `{name}`. {why}"
    return "Mallory's page", f"http://{name}:{port}", f"{name}:{port}", False, message


def _tries(port: int) -> list[Try]:
    """Return all that the check tries. Each mistake meets first the request that only it answers wrongly."""
    me = f"127.0.0.1:{port}"
    return [
        # The Origin rule
        _own(me, ". Compare the part after `://`, because an Origin begins with `http://` or `https://`, and Host doesn't."),
        _own(me, "when it came by `https://`, as pages on the internet do. Accept both.", "https"),
        ("a program", None, me, True,
         "A program was refused. It sends no Origin, so `origin` is None. It isn't a page, so it passes the Origin rule."),
        _stranger("https://stranger.example", me, "The user's cookies came with it. Compare the Origin with Host."),
        _stranger("http://127.0.0.1:1", me, "It belongs to another program on this computer. Compare the port too."),
        _stranger(f"http://192.168.1.66:{port}", me, "It is an IP address, but not the one in Host. The Origin rule asks whether the two are equal."),
        _stranger(f"http://x-{me}.stranger.example", me, "It contains Host, but must be equal to it."),
        _stranger(f"http://{me}.stranger.example", me, "It only begins with Host."),
        _stranger(f"http://stranger-{me}", me, "It only ends with Host."),
        _stranger("null", me, "A browser sends `null` for a page that was opened from disk, and any stranger can make such a page."),
        # The Host rule
        _own(f"localhost:{port}", f"under `localhost:{port}`. The name `localhost` always means this computer. Remove the port, then compare the name."),
        _own("localhost", "under `localhost` without a port. A browser leaves out the port if it is 80, or 443 for https."),
        _own(f"[::1]:{port}", f"under `[::1]:{port}`, an IPv6 address. The brackets hold the address, and the port comes after them. `urlsplit` knows."),
        _own(f"192.168.1.20:{port}", f"under `192.168.1.20:{port}`. Any IP address may pass, not only 127.0.0.1, because nobody can point an address somewhere else."),
        _own(NAME, f"under `{NAME}`, the name that the task gives.", "https"),
        _own(f"{NAME}:{port}", f"under `{NAME}`, the name that the task gives, with a port."),
        _mallory("evil.example", port, "Its Origin and its Host are equal, because she has pointed the name at 127.0.0.1. Accept only a Host whose name you know."),
        _mallory(f"my-{NAME}.evil.example", port, f"It contains `{NAME}`, but must be equal to it."),
        _mallory(f"{NAME}.evil.example", port, f"It only begins with `{NAME}`. Compare the whole name."),
        _mallory(f"evil-{NAME}", port, f"It only ends with `{NAME}`. Accept the names that you know, and don't forbid others: she can always take a new one."),
        _mallory("localhost.evil.example", port, "It only begins with `localhost`. Compare the whole name."),
        _mallory("127.0.0.1.evil.example", port, "It only begins with an IP address. `ip_address` raises ValueError unless the whole string is an address."),
        ("a plain request", None, f"evil.example:{port}", False,
         "A request without an Origin got in under Mallory's name. A browser sends no Origin when a page reads an address with a plain GET, so check Host for every request."),
    ]  # fmt: skip


async def _check(talk: Talk, may_connect: Callable) -> None:
    trouble: list[Exception] = []

    async def ask(ws: ServerConnection, request: Request) -> Response | None:
        origin, host = request.headers.get("Origin"), request.headers["Host"]
        allowed = False
        try:
            allowed = await talk.call(may_connect, origin, host)
            if not isinstance(allowed, bool):
                raise NotYet(f"Expected True or False, got {kind(allowed)}.")
        except NotYet as wrong:
            trouble.append(NotYet(f"{wrong} It was asked about origin {origin!r} and host {host!r}."))
        except NotImplementedError as untouched:
            trouble.append(untouched)
        return None if allowed is True else ws.respond(403, "This page may not connect.\n")

    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0, process_request=ask) as listener:
        port = listener.sockets[0].getsockname()[1]
        for who, origin, host, allowed, message in _tries(port):
            talk.tells(who, "sends", f"Origin: {origin}, Host: {host}" if origin else f"no Origin, Host: {host}")
            try:  # the address has a name, but the connection goes to 127.0.0.1: no name server is asked
                await talk.refused(None, 101 if allowed else 403, message, name=who, origin=origin, url=f"ws://{host}/", host="127.0.0.1", port=port)
            finally:
                if trouble:
                    talk.tells("your function", "fails", str(trouble[0]), wrong=True)
                    raise trouble[0]
    neither = "A program was refused. It may send neither header, so both are None, and it passes both rules."
    await talk.calls(may_connect, (None, None), True, neither)


origin_rule = Exercise(
    _check,
    hints=(
        "Write one part for each rule, because a request must pass both. The Origin rule compares `origin` with `host`, and "
        "the Host rule looks at `host` alone. What does each rule do with None?",
        "Origin rule: take the part after `://`, and compare it with `host` by `==`. Host rule: remove the port, and "
        "compare the name with `localhost` and `chat.example`. For any other name, ask `ip_address`.",
        '`urlsplit(f"//{host}").hostname` is the host without its port and brackets. `ip_address(name)` raises '
        "ValueError if `name` is not an IP address. Catch the error, and return False.",
    ),
    answer="""
        from ipaddress import ip_address
        from urllib.parse import urlsplit

        def may_connect(origin, host):
            if origin is not None and origin.partition("://")[2] != host:
                return False  # the Origin rule
            if host is None:
                return True
            try:
                name = urlsplit(f"//{host}").hostname
                if name not in ("localhost", "chat.example"):
                    ip_address(name)  # raises ValueError for any other name
            except ValueError:
                return False  # the Host rule
            return True
    """,
    why="Each rule stops what the other one lets through. Without the Origin rule, the page of any site gets in. "
    "Without the Host rule, Mallory's page gets in once she has pointed her own name at your server, because then its "
    "Origin and Host are equal. She cannot point an IP address or `localhost` anywhere, and `chat.example` isn't hers. "
    "A browser writes both headers itself, so no page can change them. Our own servers follow the same two rules.",
)
