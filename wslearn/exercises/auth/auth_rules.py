"""The check of lesson 05's last task: whose page may connect, and under which name. `auth` has the exercise."""

from types import SimpleNamespace

from websockets.asyncio.server import serve

from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.kinds import kind

#: The server's own name, as the task gives it.
NAME = "chat.example"


def _requests(port: int) -> list[tuple[str, str | None, str, bool, str]]:
    """Return what is tried: who asks, with which Origin and Host, whether it may connect, and what to tell a student.

    A mistake is met by the first request that only this mistake answers wrongly, so their order matters.
    """
    me, evil, other = f"127.0.0.1:{port}", f"evil.example:{port}", f"192.168.1.66:{port}"
    own, ends = "The server's own page was refused", f"under `{NAME}`, the name that the task gives"

    def rebound(name: str, why: str) -> tuple[str, str, bool, str]:
        return f"http://{name}:{port}", f"{name}:{port}", False, f"`{name}` belongs to Eve, and her page got in. {why}"

    return [
        # The Origin rule
        ("its own page", f"http://{me}", me, True,
         f"{own}. Compare the part after `://`: an Origin begins with `http://` or `https://`, Host does not."),
        ("its page by https", f"https://{me}", me, True,
         f"{own} when it came by `https://`, as pages on the internet do. Accept both."),
        ("a program", None, me, True,
         "A program was refused. It sends no Origin, so `origin` is None: no page is behind it, and it passes the "
         "Origin rule."),
        ("a stranger's page", "https://stranger.example", me, False,
         "A stranger's page got in, and the user's cookies with it. Compare the Origin with Host."),
        ("another port", "http://127.0.0.1:1", me, False,
         "The page of another program on this computer got in. Compare the port too."),
        ("another computer", f"http://{other}", me, False,
         "A page from another computer got in: its Origin is an IP address, but not the one in Host. The Origin rule "
         "asks whether the two are equal."),
        ("a name around", f"http://x-{me}.stranger.example", me, False,
         f"`x-{me}.stranger.example` is a stranger's, and got in. It contains Host, but must be equal to it."),
        ("a long name", f"http://{me}.stranger.example", me, False,
         f"`{me}.stranger.example` is a stranger's, and got in. It only begins with Host."),
        ("a name before", f"http://stranger-{me}", me, False,
         f"`stranger-{me}` is a stranger's, and got in. It only ends with Host."),
        ("a page with no site", "null", me, False,
         "The Origin `null` got in. It is what a browser sends for a page that was opened from disk, and any stranger "
         "can make such a page."),
        # The Host rule
        ("localhost", f"http://localhost:{port}", f"localhost:{port}", True,
         f"{own} under `localhost:{port}`. The name `localhost` always means this computer: remove the port, then "
         "compare the name."),
        ("no port", "http://localhost", "localhost", True,
         f"{own} under `localhost` without a port. A browser leaves the port out if it is 80, or 443 for https."),
        ("an IPv6 address", f"http://[::1]:{port}", f"[::1]:{port}", True,
         f"{own} under `[::1]:{port}`, an IPv6 address. The brackets hold the address, and the port comes after them: "
         "`urlsplit` knows."),
        ("a LAN address", f"http://192.168.1.20:{port}", f"192.168.1.20:{port}", True,
         f"{own} under `192.168.1.20:{port}`. Any IP address may pass, not only 127.0.0.1: nobody can point an address "
         "somewhere else."),
        ("its own name", f"https://{NAME}", NAME, True, f"{own} {ends}."),
        ("its name, a port", f"http://{NAME}:{port}", f"{NAME}:{port}", True, f"{own} {ends}, with a port."),
        ("Eve's page", *rebound("evil.example", "Its Origin and its Host are equal, because Eve has pointed her name "
         "at 127.0.0.1. Accept only names that you know in Host.")),
        ("Eve's page", *rebound(f"my-{NAME}.evil.example", f"The name contains `{NAME}`, but must be equal to it.")),
        ("Eve's page", *rebound(f"{NAME}.evil.example", f"The name only begins with `{NAME}`. Compare all of it.")),
        ("Eve's page", *rebound(f"evil-{NAME}", f"The name ends with `{NAME}`, and is another one. Accept the "
         "whole name, and no name only because it is not forbidden: Eve can always take one more.")),
        ("Eve's page", *rebound("localhost.evil.example", "The name only begins with `localhost`. Compare all of it.")),
        ("Eve's page", *rebound("127.0.0.1.evil.example", "The name only begins with an IP address. `ip_address` "
         "raises ValueError unless the whole text is an address.")),
        ("a plain request", None, evil, False,
         "A request without an Origin got in under Eve's name. When a page reads an address with a plain GET, its "
         "browser sends no Origin either, so the Host rule looks at every request."),
    ]  # fmt: skip


async def knows_its_own(talk, may_connect) -> None:
    trouble: list[NotYet] = []

    async def ask(ws, request):
        origin, host = request.headers.get("Origin"), request.headers["Host"]
        try:
            allowed = await talk.call(may_connect, origin, host)
            if not isinstance(allowed, bool):
                raise NotYet(f"Expected True or False, got {kind(allowed)}.")
        except NotYet as wrong:
            trouble.append(NotYet(f"{wrong} It was asked about origin {origin!r} and host {host!r}."))
            allowed = False
        except NotImplementedError as untouched:
            trouble.append(untouched)
            allowed = False
        return None if allowed else ws.respond(403, "This page may not connect.\n")

    async def hang_up(ws):
        await ws.close()

    async with serve(hang_up, "127.0.0.1", 0, process_request=ask) as listener:
        port = listener.sockets[0].getsockname()[1]
        for who, origin, host, allowed, advice in _requests(port):
            talk.tells(who, "says", f"Origin: {origin}, Host: {host}" if origin else f"no Origin, Host: {host}")
            door = SimpleNamespace(url=f"ws://{host}/")  # a name in the address, and no name server is asked
            try:
                await talk.refused(
                    door, 101 if allowed else 403, advice, name=who, origin=origin, host="127.0.0.1", port=port
                )
            finally:
                if trouble:
                    talk.tells("your function", "has trouble", str(trouble[0]), wrong=True)
                    raise trouble[0]
    neither = "A program was refused. It may send neither header, so both are None: it passes both rules."
    await talk.calls(may_connect, (None, None), True, neither)
