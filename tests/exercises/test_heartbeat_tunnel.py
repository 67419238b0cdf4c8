"""Exercises of lesson 06: who is online, where phones come back from a tunnel; and reading."""

from typing import ClassVar

from exercise_cases import ReadingExercise, ServerExercise, changed, subtle_seldom

from wslearn.exercises import heartbeat as ex

#: A right answer, in parts that wrong ones replace.
IN = """
class Tunnel(Server):
    grace = 20

    def __init__(self):
        super().__init__()
        self.devices, self.latest = {}, {}

    async def handler(self, ws):
        name = await ws.recv()
        if name not in self.devices:
            broadcast(self.connections, f"{name}: online")
            self.devices[name] = set()
        self.devices[name].add(ws)
        await ws.wait_closed()
        self.devices[name].remove(ws)
        if not self.devices[name]:
            self.latest[name] = mine = object()
            await asyncio.sleep(self.grace)
            if not self.devices.get(name) and self.latest.get(name) is mine:
                del self.devices[name], self.latest[name]
                broadcast(self.connections, f"{name}: offline")
"""
FINDS = "if not self.devices.get(name) and self.latest.get(name) is mine:"
ENDS = """            self.latest[name] = mine = object()
            await asyncio.sleep(self.grace)
            if not self.devices.get(name) and self.latest.get(name) is mine:
                del self.devices[name], self.latest[name]
                broadcast(self.connections, f"{name}: offline")
"""
SETS = (
    "            self.devices[name] = set()\n        self.devices[name].add",
    "        self.devices.setdefault(name, set())\n        self.devices[name].add",
)
GONE = """            del self.devices[name]
            broadcast(self.connections, f"{name}: offline")
"""


def but(*changes: tuple[str, str]) -> str:
    """Return the right answer with some of its text replaced."""
    return changed(IN, *changes)


@subtle_seldom
class TestTunnel(ServerExercise):
    exercise = ex.tunnel
    at_once = 4
    imports = """
from collections import Counter, defaultdict
from contextlib import suppress
from websockets.asyncio.server import broadcast
"""
    wrong: ClassVar = {
        "Send `Bob: online` to every client": but(('broadcast(self.connections, f"{name}: online")', "pass")),
        "but expected `Bob: online`": but(('f"{name}: online"', 'f"{name} is online"')),
        "Ann's connection was lost, and she came back at once": but((ENDS, GONE)),
        "with another device, so nobody should receive a message": but(
            ("if name not in self.devices:", "if name not in self.latest:"),
            ("= set()\n", "= self.devices.get(name, set())\n"),
        ),
        "the last of them is still there": but(
            (".add(ws)", ".add(ws)\n        self.latest[name] = None"),
            ("if not self.devices[name]:", "if True:"),
            (FINDS, "if self.latest.get(name) is mine:"),
        ),
        "Send `Ann: offline`": but(('broadcast(self.connections, f"{name}: offline")', "pass")),
        "but expected `Ann: offline`": but(('f"{name}: offline"', 'f"{name} is offline"')),
        "left, and Bob was told too late": but(("sleep(self.grace)", "sleep(2 * self.grace)")),
        "Ann left, came back, and left again": but((FINDS, "if not self.devices.get(name, 1):")),
        "connected while your server was waiting": but(
            (
                "await asyncio.sleep(self.grace)",
                "there = list(self.connections)\n            await asyncio.sleep(self.grace)",
            ),
            ('self.connections, f"{name}: offline"', 'there, f"{name}: offline"'),
        ),
        "even if nobody else has a name": but(
            (
                "            await asyncio.sleep(self.grace)\n",
                "            if not any(self.devices.values()): "
                "self.devices.clear(); self.latest.clear(); return\n            await asyncio.sleep(self.grace)\n",
            ),
        ),
        "when Ann came online. Send `Ann: online` to every client in `self.connections`. If Ann counts": but(
            ("if name not in self.devices:\n", "if name not in ' '.join(self.devices):\n"), SETS
        ),
        "Your handler raised KeyError": but(("remove(ws)", "remove(name)")),
    }
    subtle: ClassVar = {
        "only to those who have a name": but(
            ('self.connections, f"{name}: online"', '[ws for all_ in self.devices.values() for ws in all_] + [ws], '
             'f"{name}: online"')),
        "not to the new one": but(("connections, f\"{name}: on", "connections - {ws}, f\"{name}: on")),
        "online with each connection": but(
            ("        if name not in self.devices:\n            broadcast", "        if True:\n            broadcast"),
            ("= set()\n", "= self.devices.get(name, set())\n"),
        ),
        "a constant": but(("sleep(self.grace)", "sleep(0.2)")),
        "the grace of the start": but(("        super().__init__()\n", "        super().__init__()\n"
                                       "        self.wait = self.grace\n"), ("sleep(self.grace)", "sleep(self.wait)")),
        "too late": but(("sleep(self.grace)", "sleep(1.6 * self.grace)")),
        "too soon": but(("sleep(self.grace)", "sleep(0.7 * self.grace)")),
        "rounded": but(("sleep(self.grace)", "sleep(round(self.grace))")),
        "no case": but(("await ws.recv()", "(await ws.recv()).title()")),
        "compared without case": but(("if name not in self.devices:",
                                      "if name.lower() not in map(str.lower, self.devices):"),
                                     ("            self.devices[name] = set()",
                                      "        self.devices.setdefault(name, set())")),
        "only two devices": but(  # the third is not counted
            ("        self.devices[name].add", "        if len(self.devices[name]) == 2:\n"
             "            return await ws.wait_closed()\n"
             "        self.devices[name].add")
        ),
        "the grace when she connects": but(("await ws.recv()", "await ws.recv()\n        grace = self.grace"),
                                           ("sleep(self.grace)", "sleep(grace)")),
        "names without spaces": but(("await ws.recv()", "(await ws.recv()).strip()")),
        "compared without spaces": but(
            ("if name not in self.devices:", "if name.strip() not in map(str.strip, self.devices):"), SETS
        ),
        "names that begin with it": but(
            ("if name not in self.devices:", "if not any(other.startswith(name) for other in self.devices):"), SETS
        ),
        "names that it begins with": but(
            ("if name not in self.devices:", "if not any(name.startswith(other) for other in self.devices):"), SETS
        ),
        "composed letters": but(
            ("if name not in self.devices:", "import unicodedata\n        if unicodedata.normalize('NFC', name) not in "
             "[unicodedata.normalize('NFC', other) for other in self.devices]:"), SETS
        ),
        "ASCII": but(('f"{name}: offline"', 'f"{name}: offline".encode("ascii", "ignore").decode()')),
        "one departure at a time": but(("self.latest[name] = mine = object()",
                                        "mine = object()\n            self.latest = {name: mine}"),
                                       ("del self.devices[name], self.latest[name]", "del self.devices[name]")),
        "never online again": but(("del self.devices[name], self.latest[name]", "del self.latest[name]")),
        "state of all servers": but(("        self.devices, self.latest = {}, {}\n", ""),
                                    ("    grace = 20\n", "    grace = 20\n    devices, latest = {}, {}\n")),
        "only what closes well": but(("await ws.wait_closed()", "async for _ in ws: pass")),
        "only what breaks": but(
            ("await ws.wait_closed()\n", "await ws.wait_closed()\n        if ws.close_code == 1000: return\n")
        ),
        "told twice": but(('f"{name}: offline")', 'f"{name}: offline")\n' + 16 * " " + 'broadcast(self.connections, '
                           'f"{name}: offline")')),
        "those without a name too": but(("name = await ws.recv()",
                                         "try: name = await ws.recv()\n        except ConnectionClosed: name = None")),
        "the first departure counts": but((FINDS, "if name in self.devices and not self.devices[name]:")),
        "blocks": but(("await asyncio.sleep(self.grace)", "time.sleep(self.grace)")),
        "one device for each name": but((".add(ws)", ".clear() or self.devices[name].add(1)"),
                                        (".remove(ws)", ".discard(1)")),
        "each device has its time": but(
            ("if not self.devices[name]:", "if True:"),
            (".add(ws)", ".add(ws)\n        self.latest[name] = object()"),
            ("self.latest[name] = mine = object()", "mine = self.latest[name]"),
        ),
        "news as JSON": but(('f"{name}: online"', 'json.dumps(f"{name}: online")')),
    }  # fmt: skip
    right: ClassVar = {
        "a task for each name": """
class Tunnel(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.count, self.leaving = Counter(), {}

    def tell(self, text):
        broadcast(self.connections, text)

    async def handler(self, ws):
        name = await ws.recv()
        if task := self.leaving.pop(name, None):
            task.cancel()
        elif not self.count[name]:
            self.tell(name + ": online")
        self.count[name] += 1
        try:
            async for _ in ws:
                pass
        finally:
            self.count[name] -= 1
            if not self.count[name]:
                self.leaving[name] = asyncio.create_task(self.leave(name))

    async def leave(self, name):
        await asyncio.sleep(self.grace)
        del self.leaving[name]
        self.tell(name + ": offline")
""",
        "call_later": """
class Tunnel(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.who = {}  # connection -> name
        self.timers = {}

    async def handler(self, ws):
        name = await ws.recv()
        if name in self.timers:
            self.timers.pop(name).cancel()
        elif name not in self.who.values():
            for client in list(self.connections):
                await client.send(f"{name}: online")
        self.who[ws] = name
        await ws.wait_closed()
        del self.who[ws]
        if name not in self.who.values():
            self.timers[name] = asyncio.get_running_loop().call_later(self.grace, self.leave, name)

    def leave(self, name):
        self.timers.pop(name)
        broadcast(self.connections, f"{name}: offline")
""",
        "an event that somebody came": """
class Tunnel(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.came, self.devices = {}, defaultdict(int)

    async def handler(self, ws):
        name = await ws.recv()
        if name in self.came:
            self.came[name].set()
        else:
            broadcast(self.connections, f"{name}: online")
        self.came[name] = event = asyncio.Event()
        self.devices[name] += 1
        with suppress(ConnectionClosed):
            while True:
                await ws.recv()
        self.devices[name] -= 1
        if self.devices[name]:
            return
        try:
            async with asyncio.timeout(self.grace):
                await self.came[name].wait()
        except TimeoutError:
            del self.came[name], self.devices[name]
            broadcast(self.connections, f"{name}: offline")
""",
        "the time of each departure": but(
            ("mine = object()", "mine = time.monotonic()"), ("is mine", "== mine"), ("not self.devices.get(name)",
             "self.devices.get(name) == set()")
        ),
    }  # fmt: skip


class TestPulse(ReadingExercise):
    exercise = ex.pulse
    wrong: ClassVar = {
        "What is `pong` there?": ex.pulse.answer.replace('["pong", "You are alive."]', '["pong"]'),
        "Write a list of strings": ex.pulse.answer.replace('"Sam": ["You are alive."]', '"Sam": "You are alive."'),
        "Is the `else` ever reached": ex.pulse.answer.replace('"code": 1000', '"code": 4000'),
        "return a ping frame": ex.pulse.answer.replace('"Bob": 1000', '"Bob": None'),
        "anywhere in another one": ex.pulse.answer.replace('"Carl": "pong"', '"Carl": None'),
        "Her message is bytes": ex.pulse.answer.replace('"Dora": 1011', '"Dora": None'),
        "TCP sends lost bytes again": ex.pulse.answer.replace('"Sam": ["You are alive."]', '"Sam": []'),
    }
    right: ClassVar = {"tuples": ex.pulse.answer.replace('["You are alive."]', '("You are alive.",)')}

    async def test_no_clue_tells_an_answer(self):
        for code in self.wrong.values():
            message = (await self.check(code)).message
            assert "1000" not in message and "1011" not in message and "You are alive." not in message.split("isn't")[0]
