"""Task 4 of lesson 05: whose page may connect, and under which name of the server."""

from collections.abc import Callable

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from wslearn.exercises.engine import Exercise, NotYet, Talk, kind, otherwise

#: The server's own name, as the task gives it.
NAME = "chat.example"
#: Who asks, with which Origin and Host, whether it may connect, and what to tell a student who decides otherwise.
Case = tuple[str, str | None, str, bool, str]


def _cases(port: int) -> list[Case]:
    """Return what is tried, in an order in which each mistake is met first where only this mistake decides wrongly."""
    me = f"127.0.0.1:{port}"

    def own(host: str, why: str, scheme: str = "http") -> Case:
        return "its own page", f"{scheme}://{host}", host, True, f"The server's own page was refused{why}"

    def stranger(origin: str, why: str) -> Case:
        return "a stranger's page", origin, me, False, f"A page from `{origin}` got in. {why}"

    def mallory(name: str, why: str) -> Case:
        message = f"Mallory's page got in under her own name, `{name}`. {why}"
        return "Mallory's page", f"http://{name}:{port}", f"{name}:{port}", False, message

    return [
        # The Origin rule
        own(me, ". Compare the part after `://`, because Host does not begin with `http://` or `https://`."),
        own(me, " when it came by `https://`, as pages on the internet do. Accept both.", "https"),
        ("a program", None, me, True, "A program was refused. It sends no Origin, so `origin` is None, and it "
         "passes the Origin rule."),
        stranger("https://stranger.example", "The user's cookies came with it. Compare the Origin with Host."),
        stranger("http://127.0.0.1:1", "It belongs to another program on this computer. Compare the port too."),
        stranger(f"http://192.168.1.66:{port}", "It is an IP address, but not the one in Host. They must be equal."),
        stranger(f"http://x-{me}.stranger.example", "It contains Host, but must be equal to it."),
        stranger(f"http://{me}.stranger.example", "It only begins with Host."),
        stranger(f"http://stranger-{me}", "It only ends with Host."),
        stranger("null", "A browser sends `null` for a page that was opened from disk, and any stranger can make one."),
        # The Host rule
        own(f"localhost:{port}", " under `localhost` with a port. Remove the port, then compare the name."),
        own("localhost", " under `localhost` without a port. A browser omits the port if it is 80, or 443 for https."),
        own(f"[::1]:{port}", " under `[::1]` with a port, an IPv6 address in brackets. `urlsplit` can read it."),
        own(f"192.168.1.20:{port}", " under 192.168.1.20. Accept any IP address: only names can be redirected."),
        own(NAME, f" under `{NAME}`, the name that the task gives.", "https"),
        own(f"{NAME}:{port}", f" under `{NAME}`, the name that the task gives, with a port."),
        mallory("evil.example", "Origin and Host are equal, because she pointed the name at 127.0.0.1. Accept only "
                "names that you know in Host."),
        mallory(f"my-{NAME}.evil.example", f"It contains `{NAME}`, but must be equal to it."),
        mallory(f"{NAME}.evil.example", f"It only begins with `{NAME}`. Compare the whole name."),
        mallory(f"evil-{NAME}", f"It only ends with `{NAME}`. List names that you accept, not names that you refuse."),
        mallory("localhost.evil.example", "It only begins with `localhost`. Compare the whole name."),
        mallory("127.0.0.1.evil.example", "It only begins with an IP address. Check all of it with `ip_address`."),
        ("a plain request", None, f"evil.example:{port}", False, "A request without an Origin got in under Mallory's "
         "name. When a page sends a plain GET to its own site, its browser sends no Origin either. Always check Host."),
    ]  # fmt: skip


async def _check(talk: Talk, may_connect: Callable) -> None:
    trouble = ""

    async def ask(ws: ServerConnection, request: Request) -> Response | None:
        nonlocal trouble
        origin, host = request.headers.get("Origin"), request.headers["Host"]
        try:
            allowed = await talk.call(may_connect, origin, host)
            if not isinstance(allowed, bool):
                raise NotYet(f"Expected True or False, got {kind(allowed)}.")
            return None if allowed else ws.respond(403, "This page may not connect.\n")
        except NotImplementedError:
            talk.untouched = True
        except NotYet as wrong:
            trouble = f"{wrong} It was asked about origin {origin!r} and host {host!r}."
        return ws.respond(500, "The function failed.\n")

    async with serve(ServerConnection.close, "127.0.0.1", 0, process_request=ask) as listener:
        here = {"host": "127.0.0.1", "port": listener.sockets[0].getsockname()[1]}  # so no name server is asked
        for who, origin, host, allowed, advice in _cases(here["port"]):
            talk.tells(who, "sends", f"Origin: {origin}, Host: {host}" if origin else f"no Origin, Host: {host}")
            message = {500: lambda status: trouble, otherwise: advice}
            status, url = 101 if allowed else 403, f"ws://{host}/"
            await talk.refused(None, status, message, name=who, origin=origin, url=url, **here)
    neither = "A program was refused. It may send neither header, so both are None, and it passes both rules."
    await talk.calls(may_connect, (None, None), True, neither)


origin_rule = Exercise(
    _check,
    hints=(
        "Write a part for each rule, because a request must pass both. The Origin rule compares `origin` with `host`, "
        "and the Host rule looks at `host` alone. What does each rule do with None?",
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
