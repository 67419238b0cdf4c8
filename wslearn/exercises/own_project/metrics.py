"""Task 5 of lesson 11, the hard one: what a server should tell about itself, collected around any handler."""

import asyncio
import inspect
from typing import Any

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import Exercise, Talk, kind, otherwise, shown
from wslearn.exercises.own_project.tidy import is_handler

EMPTY = {"open": 0, "unsent": 0, "ends": {}}
#: What fills a client that has stopped reading: so many bytes wait for it then, fewer than our server drops it for.
LARGE, MESSAGES, WAITING = "x" * 50_000, 2000, 300_000

SAME = {
    None: "{name} received no reply. `watch` must return a handler that does everything that the given one does.",
    "hi": "{name} received the reply of another handler. `watch` was called for two handlers: keep each of them in the "
    "function that you return, not in `self`.",
    otherwise: "{name} should receive the given handler's reply.",
}
RETURNS = (
    "The given handler returned, so {name}'s connection should close with 1000, as without you. Does your handler wait "
    "for something after that?"
)
RAISES = "The given handler raised an exception, so {name} should get 1011. Let it pass, and don't close `ws`."
UNSENT = "Sam and Zoe don't read, so bytes wait for both. `unsent` is the sum of these bytes over all open connections."
LINGERS = "Bob's connection is closed, but its handler is still running, so it counts as open until it ends."
CLOSES = "The given handler closed {name}'s connection with 4000, as without you."
CODES = {
    1000: "The handler returned, so the library closes with 1000 *after* your code. `close_code` is None until then.",
    1011: "The handler raised an exception, so the library closes with 1011 after your code. Let the exception pass.",
    1006: "The connection was lost: `ws.close_code` is 1006. `ConnectionClosed` ends the handler: use a `finally`.",
    4000: "The handler itself closed with 4000. You find this code in `ws.close_code`.",
    4123: "The client closed with 4123. You find this code in `ws.close_code`, even though the handler returned.",
}


async def _chat(ws: Any) -> None:
    """Do what a client says."""
    async for text in ws:
        match text:
            case "return":
                return
            case "raise":
                raise RuntimeError("the check asked for it")
            case "close":
                await ws.close(4000, "enough")
            case "fill":
                for _ in range(MESSAGES):  # the system's own buffers take the first ones
                    if ws.transport.get_write_buffer_size() < WAITING:
                        broadcast([ws], LARGE)
            case _:
                await ws.send(text.upper())


async def _stubborn(ws: Any) -> None:
    """Return without an error when the connection is lost, as many handlers do."""
    try:
        async for text in ws:
            await ws.send(text)
    except ConnectionClosed:
        pass


def _method(talk: Talk, one: Any, name: str) -> Any:
    method = talk.method(one, name)
    if inspect.iscoroutinefunction(method):
        text = f"`{name}` must be a plain method: write `def {name}(…):` without `async`, because nobody awaits it."
        talk.fail(text, name, "is", "an `async` method", expected="a plain one")
    return method


async def _watched(talk: Talk, one: Any, handler: Any) -> Any:
    watched = await talk.call(_method(talk, one, "watch"), handler)
    if not is_handler(watched):
        talk.fail(
            "`watch` should return a new handler: write `async def watched(ws):` inside it, and `return watched`.",
            "watch(handler)", "returns", kind(watched), expected="a function `async def watched(ws)`",
        )  # fmt: skip
    return watched


class _Reports:
    """What the student's object should report, and what it does."""

    def __init__(self, talk: Talk, one: Any) -> None:
        self.talk, self.report = talk, _method(talk, one, "report")
        self.open, self.ends = 0, dict[int, int]()

    async def ends_with(self, code: int) -> None:
        """Expect one open connection less, and one more end with this code."""
        self.open -= 1
        self.ends[code] = self.ends.get(code, 0) + 1
        await self.say(CODES[code])

    async def say(self, message: str) -> None:
        """Expect the numbers soon; bytes that wait are looked at elsewhere."""
        expected = {"open": self.open, "ends": self.ends}
        came: Any = None

        def right() -> bool:
            nonlocal came
            came = self.report()
            return isinstance(came, dict) and {name: came.get(name) for name in expected} == expected

        first = await self.talk.call(self.report)
        if not isinstance(first, dict) or first.keys() != EMPTY.keys():
            text = "Return a dictionary with the keys `open`, `unsent` and `ends`."
            self.talk.fail(text, "report()", "returns", shown(first), expected=repr(EMPTY))
        if not await self.talk.until(right):
            ends = came.get("ends")
            if isinstance(ends, dict) and any(isinstance(code, str) for code in ends):
                message = "The keys of `ends` are close codes, which are whole numbers."
            elif came.get("open") != self.open:
                more = came.get("open", 0) > self.open if isinstance(came.get("open"), int) else False
                message = (
                    "A connection has ended, and you still count it as open. Count down in a `finally`."
                    if more
                    else "`open` is the number of handlers that are running now. Count each of them when it begins."
                )
            self.talk.fail(message, "report()", "returns", repr(came), expected=f"… {expected}")
        self.talk.tells("report()", "returns", repr(came))


async def _metrics(talk: Talk, metrics_class: Any) -> None:
    one, two = await talk.call(metrics_class), await talk.call(metrics_class)
    reports = _Reports(talk, one)
    await reports.say("Nothing has happened yet, so all numbers are 0.")
    chat, stubborn = await _watched(talk, one, _chat), await _watched(talk, one, _stubborn)
    async with talk.served(chat) as server:
        sam, ann, bob, carl, dora, zoe = await talk.clients(server, "Sam", "Ann", "Bob", "Carl", "Dora", "Zoe")
        reports.open = 6
        for client in (ann, sam):
            await client.asks("hi", "HI", SAME)
        await reports.say("No connection has ended yet, so `ends` is empty.")
        await _is_empty(talk, two)
        await ann.says("return")
        await ann.is_closed(1000, message=RETURNS)
        await reports.ends_with(1000)
        await bob.says("raise")
        await bob.is_closed(1011, message=RAISES)
        talk.forgives(server)
        await reports.ends_with(1011)
        await carl.says("close")
        await carl.is_closed(4000, message=CLOSES)
        await reports.ends_with(4000)
        await dora.closes(4123, "bye")
        await reports.ends_with(4123)
        await _fills(talk, reports, sam, zoe)
        for client in (zoe, sam):
            await client.vanishes()
            await reports.ends_with(1006)
        talk.forgives(server)
    async with talk.served(stubborn) as server:
        dora = await talk.client(server, "Dora")
        await dora.asks("hi", "hi", SAME)
        reports.open = 1
        await reports.say("`watch` may be called for several handlers. All of them count.")
        await dora.vanishes()
        await reports.ends_with(1006)
    await _lingers(talk, one, reports)
    await _is_empty(talk, two)


async def _is_empty(talk: Talk, two: Any) -> None:
    """Expect that a second object knows nothing of the first one's connections."""
    came = await talk.call(_method(talk, two, "report"))
    talk.expect(came == EMPTY, "A second object has seen nothing. Keep the numbers in `self`, not in the class.",
                expected=repr(EMPTY), came=came, who="another report()")  # fmt: skip


async def _lingers(talk: Talk, one: Any, reports: _Reports) -> None:
    """Expect that a handler counts as open as long as it runs, even after its connection has been closed."""
    closed, released = asyncio.Event(), asyncio.Event()

    async def lingering(ws: Any) -> None:
        await ws.close(4000, "enough")
        closed.set()
        await released.wait()

    async with talk.served(await _watched(talk, one, lingering)) as server:
        try:
            bob = await talk.client(server, "Bob")
            await bob.is_closed(4000, message=CLOSES)
            await talk.until(closed.is_set)
            came = (await talk.call(reports.report))["open"]
            talk.expect(came == 1, LINGERS, expected="1", came=came, who="open")
        finally:
            released.set()
        reports.open = 1
        await reports.ends_with(4000)


async def _fills(talk: Talk, reports: _Reports, *clients: Any) -> None:
    """Let bytes wait for each of these clients, and expect to find all of them in the report."""
    before = (await talk.call(reports.report))["unsent"]
    talk.expect(before == 0, "Nothing is waiting now, so `unsent` is 0.", expected="0", came=before, who="unsent")
    transports = [client.peer.transport for client in clients]
    for client in clients:
        client.stops_reading()
        await client.says("fill")
    await talk.until(lambda: all(transport.get_write_buffer_size() > 0 for transport in transports))
    # both at the same moment, because the system may still take some
    came, expected = reports.report()["unsent"], sum(transport.get_write_buffer_size() for transport in transports)
    talk.expect(came == expected, UNSENT, expected=str(expected), came=came, who="unsent")


metrics = Exercise(
    _metrics,
    hints=(
        "In `watch`, write a new handler. It adds `ws` to a set, awaits the given handler, and removes `ws` from the "
        "set in a `finally`.",
        "How did it end? If `ws.close_code` isn't None, the connection is already closed, and that's the code. "
        "Otherwise the library will close it after your code: with 1000 if the handler returned, and with 1011 if it "
        "raised an exception.",
        "Begin with `code = 1011`. After `await handler(ws)`, set `code = 1000`. In the `finally`, count "
        "`ws.close_code or code`. A `collections.Counter` counts, and `dict(…)` makes a dictionary of it.",
    ),
    answer="""
from collections import Counter

class Metrics:
    def __init__(self):
        self.connections = set()
        self.ends = Counter()

    def watch(self, handler):
        async def watched(ws):
            self.connections.add(ws)
            code = 1011
            try:
                await handler(ws)
                code = 1000
            finally:
                self.connections.discard(ws)
                self.ends[ws.close_code or code] += 1

        return watched

    def report(self):
        unsent = sum(ws.transport.get_write_buffer_size() for ws in self.connections)
        return {"open": len(self.connections), "unsent": unsent, "ends": dict(self.ends)}
""",
    why="A handler can end in several ways, and a `finally` sees all of them. Each number tells you something else. "
    "Many 1006 point to bad networks, or to a proxy that cuts. A 1011 is a bug in your handler. And `unsent` grows "
    "long before the memory runs out.",
)
