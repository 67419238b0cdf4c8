"""Task 4 of lesson 10: which of several servers a client tries next, and when."""

from typing import Any

from wslearn.exercises.engine import FunctionExercise


def _server(url: str, ended: float | None = None, why: int | None = None, retry_after: float | None = None) -> dict:
    return {"url": url, "ended": ended, "why": why, "retry_after": retry_after}


REFUSED = (401, 403, 1008)
EQUAL = "If several servers may be tried at the same time, such as now, take the first of them in the list."
ZERO = "`retry_after` is 0 here, so this server may be tried at once. Compare with `None`: 0 is a pause too."
NONE = "All servers have refused this client. Return `None` itself, not a pair."


def _solve(servers: Any, now: float, *, refused=REFUSED, later: bool = True, pause: float = 1, last: bool = False,
           minus: bool = False, absolute: bool = False, never: bool = True) -> Any:  # fmt: skip
    found = []
    for server in servers:
        if server["why"] in refused:
            continue
        wait = 0.0
        if server["why"] is not None:
            asked = server["retry_after"] if later else None
            wait = server["ended"] + (pause if asked is None else asked) - now
            if absolute:
                wait = pause if asked is None else asked
        elif not never:
            wait = pause
        found.append((wait if minus else max(0, wait), server["url"]))
    if not found:
        return None
    least = min(wait for wait, _ in found)
    urls = [url for wait, url in found if wait == least]
    return urls[-1 if last else 0], float(least)


A, B, C = "ws://a", "ws://b", "ws://c"
next_server = FunctionExercise(
    cases=[
        (([_server(A), _server(B)], 100), (A, 0.0)),
        (([_server(A, 97, 503, 5), _server(B, 96, 503, 10)], 100), (A, 2.0)),
        (([_server(A, 99, 503, 5), _server(B, 96, 503, 5)], 100), (B, 1.0)),
        (([_server(A, 100, 1012), _server(B, 99.5, 1006)], 100), (B, 0.5)),
        (([_server(A, 100, 1012), _server(B)], 100), (B, 0.0)),
        (([_server(A, 97, 1013), _server(B, 98, 1006)], 100), (A, 0.0)),
        (([_server(A, 100, 503, 5), _server(B, 100, 1006)], 100), (B, 1.0)),
        (([_server(A, 90, 503, 5), _server(B, 100, 1012)], 100), (A, 0.0)),
        (([_server(A, 99.5, 503), _server(B, 99.75, 1006)], 100), (A, 0.5)),
        (([_server(A, 100, 503, 0), _server(B, 100, 1012)], 100), (A, 0.0)),
        (([_server(A, 10, 1008), _server(B, 100, 1012)], 100), (B, 1.0)),
        (([_server(A, 10, 403), _server(B, 10, 401), _server(C, 100, 503, 30)], 100), (C, 30.0)),
        (([_server(A, 10, 403), _server(B, 10, 1008)], 100), None),
        (([_server(A, 100, 1012), _server(B, 100, 1012), _server(C, 100, 1012)], 100), (A, 1.0)),
        (([_server(B, 100, 1012), _server(A, 100, 1012)], 100), (B, 1.0)),
        (([_server(A, 97, 1013), _server(B)], 100), (A, 0.0)),
        (([_server(A, 98, 1013), _server(B, 97, 1013)], 100), (A, 0.0)),
        (([_server(A, 97, 429, 2), _server(B, 100, 1012)], 100), (A, 0.0)),
    ],
    mistakes={
        lambda servers, now: _solve(servers, now, last=True): EQUAL,
        lambda servers, now: _solve(servers, now, refused=()): "A server that answered 401, 403 or 1008 has refused "
        "this client permanently. Never try it again.",
        lambda servers, now: _solve(servers, now, refused=(*REFUSED, 429)): "Only 401, 403 and 1008 are permanent. "
        "After everything else, such as 429, the client may try this server again.",
        lambda servers, now: _solve(servers, now) or (None, 0.0): NONE,
        lambda servers, now: _solve(servers, now) or (None, None): NONE,
        lambda servers, now: _solve([one | {"retry_after": one["retry_after"] or None} for one in servers], now): ZERO,
        lambda servers, now: _solve(servers, now, later=False): "This server has sent `Retry-After`. Leave it alone "
        "for so many seconds after its end.",
        lambda servers, now: _solve(servers, now, absolute=True): "The pause counts from `ended`, when the connection "
        "ended. Part of it may be over.",
        lambda servers, now: _solve(servers, now, minus=True): "The pause is over, so the client need not wait: "
        "return 0 seconds, not a negative number.",
        lambda servers, now: _solve(servers, now, pause=0): "Without `Retry-After`, a server may be tried again one "
        "second after its end, not at once.",
        lambda servers, now: _solve(servers, now, never=False): "A server that was never tried may be tried at once.",
        lambda servers, now: (_solve(servers, now) or (None, None))[::-1]: "Return the URL first, and then the "
        "seconds.",
        lambda servers, now: (servers[0]["url"], (_solve(servers[:1], now) or (0, 0.0))[1]): "Another server may be "
        "tried earlier. Look at all of them.",
        str: "Return a pair: the URL, and the seconds to wait.",
    },
    message="For each server that has not refused the client, find the time from which it may be tried. Take the "
    "earliest one.",
    hints=(
        "Leave out the servers that have refused this client permanently. If none is left, return `None`.",
        "For each other server, compute the seconds to wait: 0 if it was never tried, otherwise `ended` plus the "
        "pause, minus `now`, and at least 0. The pause is `retry_after`, or 1 if that is `None`. 0 is a pause too.",
        "`min(servers, key=…)` returns the first server with the smallest value.",
    ),
    answer="""
def next_server(servers, now):
    def wait(server):
        if server["why"] is None:
            return 0
        pause = 1 if server["retry_after"] is None else server["retry_after"]
        return max(0, server["ended"] + pause - now)

    left = [server for server in servers if server["why"] not in (401, 403, 1008)]
    if not left:
        return None
    best = min(left, key=wait)
    return best["url"], wait(best)
""",
    why="1012, 1013 and 503 say: not here, not now. So the client goes to another server, and comes back to this one "
    "when it has asked for it. 401, 403 and 1008 say: not you. To try again would only cost both sides. A real client "
    "also adds a random wait, as in lesson 06, so that not all clients come at the same moment.",
)
