"""Task 4 of lesson 05: whose page may connect, and under which name of the server."""

from wslearn.exercises.engine import FunctionExercise

#: Where the server listens, and its own name, as the task gives it.
PORT, NAME = 48_231, "chat.example"
ME = f"127.0.0.1:{PORT}"


def _own(host: str, why: str, scheme: str = "http") -> tuple:
    return (f"{scheme}://{host}", host), True, f"The server's own page was refused{why}"


def _stranger(origin: str, why: str) -> tuple:
    return (origin, ME), False, f"A page from `{origin}` got in. {why}"


def _mallory(name: str, why: str) -> tuple:
    host = f"{name}:{PORT}"
    return (f"http://{host}", host), False, f"Mallory's page got in under her own name, `{name}`. {why}"


#: Origin and Host, whether they may connect, and what to tell a student who decides otherwise. The order matters: each
#: mistake should be met first by a case that only this mistake decides wrongly.
CASES = [
    # The Origin rule
    _own(ME, ". Compare the part after `://`, because Host does not begin with `http://` or `https://`."),
    _own(ME, " when it came by `https://`, as pages on the internet do. Accept both.", "https"),
    ((None, ME), True, "A program was refused. It sends no Origin, so `origin` is None, which passes the Origin rule."),
    _stranger("https://stranger.example", "The user's cookies came with it. Compare the Origin with Host."),
    _stranger("http://127.0.0.1:1", "It belongs to another program on this computer. Compare the port too."),
    _stranger(f"http://192.168.1.66:{PORT}", "It is an IP address, but not the one in Host. They must be equal."),
    _stranger(f"http://x-{ME}.stranger.example", "It contains Host, but must be equal to it."),
    _stranger(f"http://{ME}.stranger.example", "It only begins with Host."),
    _stranger(f"http://stranger-{ME}", "It only ends with Host."),
    _stranger("null", "A browser sends `null` for a page that was opened from disk, and any stranger can make one."),
    # The Host rule
    _own(f"localhost:{PORT}", " under `localhost` with a port. Remove the port, then compare the name."),
    _own("localhost", " under `localhost` without a port. A browser omits the port if it is 80, or 443 for https."),
    _own(f"[::1]:{PORT}", " under `[::1]` with a port, an IPv6 address in brackets. `urlsplit` can read it."),
    _own(f"192.168.1.20:{PORT}", " under 192.168.1.20. Accept any IP address, because only names can be redirected."),
    _own(NAME, f" under `{NAME}`, the name that the task gives.", "https"),
    _own(f"{NAME}:{PORT}", f" under `{NAME}`, the name that the task gives, with a port."),
    _mallory("evil.example", "Origin and Host are equal, because she pointed the name at 127.0.0.1. Accept only names "
             "that you know in Host."),
    _mallory(f"my-{NAME}.evil.example", f"It contains `{NAME}`, but must be equal to it."),
    _mallory(f"{NAME}.evil.example", f"It only begins with `{NAME}`. Compare the whole name."),
    _mallory(f"evil-{NAME}", f"It only ends with `{NAME}`. List names that you accept, not names that you refuse."),
    _mallory("localhost.evil.example", "It only begins with `localhost`. Compare the whole name."),
    _mallory("127.0.0.1.evil.example", "It only begins with an IP address. Check all of it with `ip_address`."),
    ((None, f"evil.example:{PORT}"), False, "A request without an Origin got in under Mallory's name. When a page "
     "sends a plain GET to its own site, its browser sends no Origin either. Always check Host."),
    ((None, None), True, "A program was refused. It may send neither header. Then both are None, and pass both rules."),
]  # fmt: skip


origin_rule = FunctionExercise(
    cases=CASES,
    mistakes={},
    message="",  # each case has its own
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
