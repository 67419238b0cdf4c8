"""Task 4 of lesson 11: how often a server sends its heartbeat, so that no proxy on the way cuts the connection."""

from typing import Any

from wslearn.exercises.engine import FunctionExercise

NGINX = {"idle": 60, "reset_by": "either"}
HAPROXY = {"idle": 50, "reset_by": "either"}
LIGHTTPD = {"idle": 61, "reset_by": "client"}
CADDY = {"idle": None, "reset_by": "either"}
STRICT = {"idle": 10, "reset_by": "either"}
ONE_WAY = {"idle": 20, "reset_by": "server"}
NEVER = {"idle": None, "reset_by": "client"}
#: No interval is longer, in seconds: a dead client must be found too.
MOST = 30

Proxies = list[dict[str, Any]]
OWN = (
    'The heartbeat comes from the server. It resets a proxy whose `reset_by` is "server" or "either", even if the '
    "client never replies."
)


def _idles(proxies: Proxies) -> list[int]:
    return [each["idle"] for each in proxies if each["idle"] is not None]


def _deaf(proxies: Proxies, replies: bool) -> bool:
    return not replies and any(each["idle"] is not None and each["reset_by"] == "client" for each in proxies)


def _right(proxies: Proxies, replies: bool, missed: int, most: int = MOST, exact: int = 1) -> int:
    longest = min([most, *((idle - exact) // (missed + 1) for idle in _idles(proxies))])
    return 0 if _deaf(proxies, replies) else longest


def _largest(proxies: Proxies, replies: bool, missed: int) -> int:
    longest = min([MOST, *((idle - 1) // (missed + 1) for idle in [max(_idles(proxies), default=10**6)])])
    return 0 if _deaf(proxies, replies) else longest


interval = FunctionExercise(
    cases=[
        ((arguments[0], arguments[1], arguments[2]), _right(*arguments))
        for arguments in (
            ([HAPROXY, NGINX], True, 2),
            ([NGINX, HAPROXY], True, 1),
            ([NGINX], True, 0),
            ([], True, 1),
            ([STRICT, CADDY], True, 2),
            ([LIGHTTPD, HAPROXY], True, 1),
            ([LIGHTTPD], True, 2),
            ([LIGHTTPD, HAPROXY], False, 1),
            ([NGINX, LIGHTTPD], False, 0),
            ([ONE_WAY, NGINX], False, 1),
            ([ONE_WAY], True, 1),
            ([CADDY, NEVER], False, 2),
            ([NEVER, STRICT], False, 3),
            ([STRICT], True, 4),
            ([STRICT], True, 9),
            ([STRICT], True, 20),
        )
    ],
    mistakes={
        lambda proxies, replies, missed: _right(proxies, replies, missed, exact=0): "A proxy cuts the connection when "
        "its whole idle time has passed, so your heartbeat must come before that: less than `idle`, not equal to it.",
        lambda proxies, replies, missed: _right(proxies, replies, 0): "Heartbeats may get lost. If `missed` of them "
        "are lost in a row, the next one must still come in time.",
        lambda proxies, replies, missed: _right(proxies, replies, max(missed - 1, 0)): "If one heartbeat is lost, two "
        "intervals pass until the next one: `missed + 1` intervals must be less than `idle`.",
        lambda proxies, replies, missed: _right(proxies, replies, missed, most=10**9): "No interval may be longer than "
        "30 seconds, even if all proxies are patient.",
        lambda proxies, replies, missed: _right(proxies, True, missed): "This client never sends anything, and one of "
        "the proxies counts only bytes from the client. No heartbeat of the server can keep that connection open.",
        lambda proxies, replies, missed: (
            0
            if not replies and any(each["reset_by"] == "client" for each in proxies)
            else _right(proxies, replies, missed)
        ): "A proxy whose `idle` is None never cuts the connection, even if nobody sends anything.",
        lambda proxies, replies, missed: _right(proxies, replies and not _idles(proxies), missed): "The client replies "
        "to each heartbeat. Its replies reset a proxy that counts only bytes from the client.",
        lambda proxies, replies, missed: _right(proxies, replies, missed) or 1: "If no interval is short "
        "enough, return 0. Otherwise somebody would trust this number.",
        _largest: "The connection goes through all of the proxies. The most impatient one decides.",
        lambda proxies, replies, missed: _right(proxies, replies, missed) if replies else 0: OWN,
        lambda proxies, replies, missed: (
            0
            if not replies and any(each["idle"] is not None and each["reset_by"] != "server" for each in proxies)
            else _right(proxies, replies, missed)
        ): OWN,
        lambda proxies, replies, missed: (
            0 if any(each["reset_by"] == "server" for each in proxies) else _right(proxies, replies, missed)
        ): OWN,
        lambda proxies, replies, missed: _right(proxies, replies, missed) if proxies else 0: "Without a proxy, nothing "
        "cuts the connection: return 30.",
    },
    message="Return the largest whole number of seconds, at most 30, so that `missed + 1` times that is less than each "
    "`idle`; or 0.",
    hints=(
        "No proxy may cut, so begin with the smallest `idle`. Leave out the proxies whose `idle` is None.",
        "The largest `n` with `(missed + 1) * n < idle` is `(idle - 1) // (missed + 1)`.",
        'First look for a proxy that will always cut: `"reset_by"` is `"client"`, `"idle"` isn\'t None, and '
        "`replies` is False. If there is none, return the `min` of 30 and all the numbers.",
    ),
    answer="""
def interval(proxies, replies, missed):
    longest = 30
    for proxy in proxies:
        if proxy["idle"] is None:
            continue
        if proxy["reset_by"] == "client" and not replies:
            return 0
        longest = min(longest, (proxy["idle"] - 1) // (missed + 1))
    return longest
""",
    why="The most impatient proxy decides, and a heartbeat that may get lost must come more often. A ping from the "
    "server is the best heartbeat. The client's pong comes automatically, so bytes go both ways, and every kind of "
    "proxy keeps the connection open. A message without a reply isn't enough for all of them.",
)
