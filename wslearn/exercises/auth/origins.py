"""Task 4 of lesson 05: whose page may connect, and under which name of the server."""

from wslearn.exercises.engine import FunctionExercise

#: The server's own name, as the task gives it.
NAME = "chat.example"


def _own(host: str, why: str, scheme: str = "http") -> tuple:
    return (f"{scheme}://{host}", host), True, f"The server's own page was refused{why}"


def _stranger(origin: str, host: str | None, why: str) -> tuple:
    return (origin, host), False, f"A page from `{origin}` got in. {why}"


def _mallory(host: str, why: str) -> tuple:
    name = host.rpartition(":")[0] or host
    return (f"http://{host}", host), False, f"Mallory's page got in under her own name, `{name}`. {why}"


#: Origin and Host, whether they may connect, and what to tell a student who decides otherwise. The order matters: each
#: mistake should be met first by a case that only this mistake decides wrongly. No port comes twice in a row.
CASES = [
    # The Origin rule
    _own("127.0.0.1:8000", ". Compare the part after `://`, because Host does not begin with `http://` or `https://`."),
    _own("127.0.0.1:48231", " when it came by `https://`, as pages on the internet do. Accept both.", "https"),
    ((None, "127.0.0.1:9001"), True, "A program was refused. It sends no Origin, so `origin` is None, which passes the "
     "Origin rule."),
    _stranger("https://stranger.example", "127.0.0.1:8000", "The user's cookies came with it. Compare the Origin with "
              "Host."),
    _stranger("http://127.0.0.1:1", "127.0.0.1:8765", "It belongs to another program on this computer. Compare the "
              "port too."),
    _stranger("http://127.0.0.1", "127.0.0.1:8000", "Its port is 80, and the one in Host is another one. Host only "
              "begins with the Origin's host, but must be equal to it."),
    _stranger("http://192.168.1.66:8888", "192.168.1.20:8888", "It is an IP address, but not the one in Host. They "
              "must be equal."),
    _stranger("http://8.0.0.1:8000", "108.0.0.1:8000", "Host only ends with it, but must be equal to it."),
    *(case for host in ("127.0.0.1:8000", "localhost:8080", NAME) for case in (
        _stranger(f"http://x-{host}.stranger.example", host, "It contains Host, but must be equal to it."),
        _stranger(f"http://{host}.stranger.example", host, "It only begins with Host."),
        _stranger(f"http://stranger-{host}", host, "It only ends with Host."),
    )),
    _stranger(f"https://pt{NAME}", NAME, "`strip` and `lstrip` remove letters, not words, so they remove the beginning "
              "of its name too. Use `removeprefix`, or take the part after `://`."),
    _stranger("null", "127.0.0.1:9999", "A browser sends `null` for a page that was opened from disk, and any stranger "
              "can make one."),
    _stranger("https://stranger.example", None, "The request has an Origin, but no Host, so they are not equal."),
    # The Host rule
    _own("localhost:3000", " under `localhost` with a port. Remove the port, then compare the name."),
    _own("localhost", " under `localhost` without a port. A browser omits the port if it is 80, or 443 for https."),
    _own("[::1]:5000", " under `[::1]` with a port, an IPv6 address in brackets. `urlsplit` can read it."),
    _own("192.168.1.20:8765", " under 192.168.1.20. Accept any IP address, because only names can be redirected."),
    _own("10.20.30.40", " under 10.20.30.40, without a port."),
    _own("[2001:db8::7]", " under `[2001:db8::7]`, an IPv6 address without a port. Its colons belong to the address."),
    _own(NAME, f" under `{NAME}`, the name that the task gives.", "https"),
    _own(f"{NAME}:8443", f" under `{NAME}`, the name that the task gives, with a port."),
    _mallory("evil.example:8000", "Origin and Host are equal, because she pointed the name at 127.0.0.1. Accept only "
             "names that you know in Host."),
    _mallory("evil.example", "Without a port it is the same."),
    _mallory(f"my-{NAME}.evil.example:9000", f"It contains `{NAME}`, but must be equal to it."),
    _mallory(f"{NAME}.evil.example:9000", f"It only begins with `{NAME}`. Compare the whole name."),
    _mallory(f"evil-{NAME}:7000", f"It only ends with `{NAME}`. List names that you accept, not others."),
    _mallory("example:8000", f"`{NAME}` contains it, but must be equal to it."),
    _mallory("localhost.evil.example:8000", "It only begins with `localhost`. Compare the whole name."),
    _mallory("evil-localhost:8000", "It only ends with `localhost`. Compare the whole name."),
    _mallory("127.0.0.1.evil.example:8001", "It only begins with an IP address. Check all of it with `ip_address`."),
    _mallory("evil.127.0.0.1.example:8001", "It contains an IP address. Check all of it with `ip_address`."),
    ((None, "evil.example:48231"), False, "A request without an Origin got in under Mallory's name. When a page "
     "sends a plain GET to its own site, its browser sends no Origin either. Always check Host."),
    ((None, "localhost:8000"), True, "A program was refused that asked for `localhost`, and sent no Origin."),
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
