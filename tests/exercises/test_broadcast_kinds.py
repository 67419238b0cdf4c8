"""Lesson 03: subtly wrong answers that each check must see, and right ones in other styles."""

from typing import ClassVar

from exercise_cases import MoreAnswers, handler

from wslearn.exercises import broadcast as ex

NEEDS = """
from collections import deque
from contextlib import suppress
from websockets.asyncio.server import broadcast
from wslearn import Limits
"""
#: What is told to somebody who loses a kind of message.
EMPTY, LETTERS, SPACES, SAME = "may be empty", "letters beyond a to z", "Spaces and line breaks", "may come again"
AT_ONE_TIME = "All clients sent messages at one time"


def each(*lines: str, first: str = "pass") -> str:
    """Return a server that does this for each message `m`."""
    return handler(first, "async for m in ws:", *(f"    {line}" for line in lines))


def to_others(message: str = "m", clients: str = "self.connections - {ws}") -> str:
    return f"broadcast({clients}, {message})"


class TestOthers(MoreAnswers):
    exercise = ex.others
    imports = NEEDS
    advised: ClassVar = {"TaskGroup"}
    subtle: ClassVar = {
        "an empty message is lost": (EMPTY, each(f"if m: {to_others()}")),
        "ASCII": (LETTERS, each(to_others("m.encode('ascii', 'ignore').decode()"))),
        "stripped": (SPACES, each(to_others("m.strip()"))),
        "the same again": (SAME, each(f"if m != last: {to_others()}", "last = m", first="last = None")),
        "two others": ("not all the others", each(to_others(clients="list(self.connections - {ws})[:2]"))),
        "a set that is old": (
            "as it is when the message has come",
            handler("while True: broadcast(self.connections - {ws}, await ws.recv())"),
        ),
        "the others at first": (
            "Look into the set each time",
            each("others = others or self.connections - {ws}", to_others(clients="others"), first="others = None"),
        ),
        "all that was said": (
            "and Zoe received something",
            each(
                "said.append(m)",
                to_others(),
                first="said = self.__dict__.setdefault('said', [])\n        for m in said: await ws.send(m)",
            ),
        ),
        "who comes is told": ("nothing else", each(to_others(), first=to_others("'a new client'"))),
        "of the class": (
            "another server",
            "all_of_them = set()\n"
            + handler(
                "all_of_them.add(ws)", "async for m in ws: broadcast(all_of_them - {ws}, m)", "all_of_them.discard(ws)"
            ),
        ),
        "twenty messages": (
            AT_ONE_TIME,
            handler(
                "for _ in range(12): m = await ws.recv(); broadcast(self.connections - {ws}, m)",
                "await ws.wait_closed()",
            ),
        ),
        "a shared message": (AT_ONE_TIME, each("self.m = m", "await asyncio.sleep(0)", to_others("self.m"))),
        "a shared sender": (
            AT_ONE_TIME,
            each("self.ws = ws", "await asyncio.sleep(0)", to_others(clients="self.connections - {self.ws}")),
        ),
        "slow": (AT_ONE_TIME, each("await asyncio.sleep(0.2)", to_others())),
        "gives up": (
            "TimeoutError",
            handler("while True:", "    m = await asyncio.wait_for(ws.recv(), 0.45)", f"    {to_others()}"),
        ),
    }
    right: ClassVar = {
        "a list": each(to_others(clients="[c for c in self.connections if c is not ws]")),
        "TaskGroup": each(
            "async with asyncio.TaskGroup() as g:", "    for c in self.connections - {ws}: g.create_task(c.send(m))"
        ),
        "its own set": handler(
            "mine = self.__dict__.setdefault('mine', set())",
            "mine.add(ws)",
            "try:",
            "    async for m in ws: broadcast(mine - {ws}, m)",
            "finally: mine.discard(ws)",
        ),
        "recv": handler(
            "while True:", "    m = await ws.recv()", "    broadcast(filter(lambda c: c != ws, self.connections), m)"
        ),
        "a def": "async def talk(all_of_them, ws):\n    async for m in ws: broadcast(all_of_them.difference([ws]), m)\n"
        + handler("return talk(self.connections, ws)", head="def handler(self, ws):"),
    }


def function(*lines: str) -> str:
    return "\n".join(["async def answer(clients, message):", *(f"    {line}" for line in lines)])


def tries(caught: str = "ConnectionClosed", then: str = "pass") -> str:
    return function("for c in list(clients):", "    try: await c.send(message)", f"    except {caught}: {then}")


class TestVanish(MoreAnswers):
    exercise = ex.vanish
    imports = f"{NEEDS}\nfrom websockets.exceptions import ConnectionClosedError, ConnectionClosedOK"
    advised: ClassVar = {"suppress", "discards who has gone", "TaskGroup", "wait"}
    subtle: ClassVar = {
        "an empty message is lost": (EMPTY, function("if message: broadcast(clients, message)")),
        "ASCII": (LETTERS, function("broadcast(clients, message.encode('ascii', 'ignore').decode())")),
        "stripped": (SPACES, function("broadcast(clients, message.strip())")),
        "the same again": (
            SAME,
            "sent = set()\n"
            + function("if message in sent: return", "sent.add(message)", "broadcast(clients, message)"),
        ),
        "always the same": ("Send `message` as it is", function("broadcast(clients, 'one')")),
        "five clients": ("All six clients", function("broadcast(list(clients)[:5], message)")),
        "the beginning": ("exactly once", function("broadcast(clients, message[:1000])")),
        "only who closes": ("`send` raised ConnectionClosed", tries("ConnectionClosedOK")),
        "only who vanishes": ("`send` raised ConnectionClosed", tries("ConnectionClosedError")),
        "stops": ("must not end the loop", tries(then="break")),
        "empties the set": (
            "took connections out of `clients`",
            function("while clients:", "    with suppress(ConnectionClosed): await clients.pop().send(message)"),
        ),
        "clears the set": (
            "took connections out of `clients`",
            function("broadcast(clients, message)", "clients.clear()"),
        ),
        "no clients": ("The set may be empty", function("next(iter(clients))", "broadcast(clients, message)")),
        "closes": (
            "has closed the connection of",
            function("broadcast(clients, message)", "for c in list(clients): await c.close()"),
        ),
        "drops the slow": (
            "has closed the connection of",
            function(
                "broadcast(clients, message)",
                "for c in list(clients):",
                "    if c.transport.get_write_buffer_size(): c.transport.abort()",
            ),
        ),
        "drops after a while": (
            "has closed the connection of",
            function(
                "for c in list(clients):",
                "    try: await asyncio.wait_for(c.send(message), 0.05)",
                "    except ConnectionClosed: pass",
                "    except TimeoutError: await c.close()",
            ),
        ),
    }
    right: ClassVar = {
        "suppress": function("for c in tuple(clients):", "    with suppress(ConnectionClosed): await c.send(message)"),
        "discards who has gone": tries(then="clients.discard(c)"),
        "TaskGroup": function(
            "async def one(c):",
            "    with suppress(ConnectionClosed): await c.send(message)",
            "async with asyncio.TaskGroup() as g:",
            "    for c in clients: g.create_task(one(c))",
        ),
        "wait": function(
            "ts = [asyncio.ensure_future(c.send(message)) for c in clients]",
            "if ts: await asyncio.wait(ts)",
            "[t.exception() for t in ts]",
        ),
        "a lambda": "answer = lambda clients, message: broadcast(frozenset(clients), message)",
        "a def": "async def go(clients, message): broadcast([*clients], message)\ndef answer(*both): return go(*both)",
    }


def latest(*lines: str, first: str = "if self.last is not None: await ws.send(self.last)", last: str = "None") -> str:
    """Return a server that does this for each value `m`; `self.last` is `last` at first."""
    return (
        f"class Answer(Server):\n    last = {last}\n    async def handler(self, ws):\n        {first}\n"
        "        async for m in ws:\n" + "\n".join(f"            {line}" for line in lines)
    )


KEEP, ALL = "self.last = m", "broadcast(self.connections, m)"


class TestLatest(MoreAnswers):
    exercise = ex.latest
    imports = NEEDS
    subtle: ClassVar = {
        "an empty value is none": (
            "compare with `is not None`",
            latest(KEEP, ALL, first="if self.last: await ws.send(self.last)"),
        ),
        "an empty value at first": (
            "compare with `is not None`",
            latest(KEEP, ALL, first="if self.last: await ws.send(self.last)", last="''"),
        ),
        "the greatest": (
            "exactly as it was sent",
            latest("self.last = max(self.last or '0', m, key=lambda v: int(v) if v.isdigit() else 0)", ALL),
        ),
        "the same again": (SAME, latest(f"if m != self.last: {ALL}", KEEP)),
        "ASCII": (LETTERS, latest("m = m.encode('ascii', 'replace').decode()", KEEP, ALL)),
        "stripped, kept": ("Dora connected late too", latest("self.last = m.strip()", ALL)),
        "one latecomer": (
            "connected",
            latest(
                KEEP,
                ALL,
                first="if self.last is not None:\n            await ws.send(self.last)\n            self.last = None",
            ),
        ),
        "of two clients": (
            "Dora connected late too",
            latest("if ws.name in ('guest-1', 'guest-2'): self.last = m", ALL),
        ),
        "the first three": (
            "Dora connected late too",
            latest("self.n = getattr(self, 'n', 0) + 1", "if self.n < 4: self.last = m", ALL),
        ),
        "a value before": (
            "exactly as it was sent",
            latest("self.last, self.new = getattr(self, 'new', None), m", ALL),
        ),
        "late": (
            "connected late and received nothing",
            latest(
                KEEP,
                ALL,
                first="if self.last is not None: await asyncio.sleep(1.2); await ws.send(self.last)",
            ),
        ),
        "of the class": ("A second server", latest("type(self).last = m", ALL)),
        "shared": (AT_ONE_TIME, latest(KEEP, "await asyncio.sleep(0)", "broadcast(self.connections, self.last)")),
    }
    right: ClassVar = {
        "a deque": handler(
            "kept = self.__dict__.setdefault('kept', deque(maxlen=1))",
            "for m in kept: await ws.send(m)",
            "async for m in ws:",
            "    kept.append(m)",
            f"    {ALL}",
        ),
        "no value yet": handler(
            "with suppress(AttributeError): await ws.send(self.last)", "async for m in ws:", f"    {KEEP}", f"    {ALL}"
        ),
        "a tuple": latest("self.last = (m,)", ALL, first="if self.last: await ws.send(self.last[0])"),
        "gather": latest(KEEP, "await asyncio.gather(*(c.send(m) for c in self.connections), return_exceptions=True)"),
        "recv": handler(
            "if hasattr(self, 'last'): broadcast({ws}, self.last)",
            "while True:",
            "    self.last = await ws.recv()",
            "    broadcast(self.connections, self.last)",
        ),
    }


def bounded(*lines: str) -> str:
    body = "\n".join(f"            {line}" for line in lines)
    return (
        "class Answer(Server):\n    limits = Limits(max_unsent=None, stall_timeout=None)\n    MOST = 1_000_000\n"
        f"    async def handler(self, ws):\n        async for m in ws:\n{body}"
    )


def drops(condition: str, send: str = ALL) -> str:
    return bounded(
        send,
        "for c in list(self.connections):",
        "    size = c.transport.get_write_buffer_size()",
        f"    if {condition}: c.transport.abort()",
    )


class TestBounded(MoreAnswers):
    exercise = ex.bounded
    imports = NEEDS
    subtle: ClassVar = {
        "a number": ("not with a number of your own", drops("size > 1_000_000")),
        "half": ("when few bytes were waiting", drops("size > self.MOST / 2")),
        "a little less": ("when few bytes were waiting", drops("size > 0.8 * self.MOST")),
        "twice": ("Too many bytes are waiting for", drops("size > 2 * self.MOST")),
        "the sum": (
            "when few bytes were waiting",
            drops("size and sum(c.transport.get_write_buffer_size() for c in self.connections) > self.MOST"),
        ),
        "one client": (
            "Too many bytes are waiting for",
            drops("size > self.MOST and not hasattr(self, 'done') and not setattr(self, 'done', 1)"),
        ),
        "a number of messages": (
            "not with a number of your own",
            "n = {}\n" + drops("size and (n.update({c: n.get(c, 0) + 1}) or n[c] > 17)"),
        ),
        "an empty message is lost": (EMPTY, drops("size > self.MOST", f"if m: {ALL}")),
        "ASCII": (
            LETTERS,
            drops("size > self.MOST", "broadcast(self.connections, m.encode('ascii', 'ignore').decode())"),
        ),
        "a message is lost": (
            "pass every message on",
            bounded(
                "slow = [c for c in self.connections if c.transport.get_write_buffer_size() > self.MOST]",
                "for c in slow: c.transport.abort()",
                f"if not slow: {ALL}",
            ),
        ),
        "slow": ("Does your code sleep?", drops("size > self.MOST", f"{ALL}; await asyncio.sleep(0.15)")),
    }
    right: ClassVar = {
        "its own name": drops("size > Answer.MOST"),
        "its type": drops("size >= type(self).MOST"),
        "a list first": bounded(
            ALL,
            "slow = [c for c in self.connections if c.transport.get_write_buffer_size() > self.MOST]",
            "for c in slow: c.transport.abort()",
        ),
        "one by one": bounded(
            "for c in self.connections.copy():",
            "    broadcast([c], m)",
            "    if c.transport.get_write_buffer_size() > self.MOST: c.transport.abort()",
        ),
    }
