"""The other exercises of lesson 11: a test that finds a bug, how often to ping, how connections end, and reading."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, changed

from wslearn.exercises import own_project as ex

INTERVAL = ex.interval.answer


DEAF = '        if proxy["reset_by"] == "client" and not replies:\n            return 0\n'


class TestInterval(FunctionExercise):
    exercise = ex.interval
    wrong: ClassVar = {
        "not equal to it": changed(INTERVAL, ('(proxy["idle"] - 1)', 'proxy["idle"]')),
        "the next one must still come in time": changed(INTERVAL, ("(missed + 1)", "1")),
        "two intervals pass": changed(INTERVAL, ("(missed + 1)", "(missed or 1)")),
        "No interval may be longer": changed(INTERVAL, ("longest = 30", "longest = 10**9")),
        "This client never sends anything": changed(INTERVAL, (DEAF, "")),
        "never cuts, whoever sends": changed(
            INTERVAL, (DEAF, ""), ('        if proxy["idle"] is None', f'{DEAF}        if proxy["idle"] is None')
        ),
        "Its replies reset a proxy": changed(INTERVAL, (" and not replies", "")),
        "otherwise somebody trusts": changed(
            INTERVAL, ("return longest", "return longest or 1"), ("            return 0\n", "            return 1\n")
        ),
        "The most impatient one decides": """
def interval(proxies, replies, missed):
    if any(each["idle"] and each["reset_by"] == "client" and not replies for each in proxies):
        return 0
    longest = max([each["idle"] for each in proxies if each["idle"]] or [10**6])
    return min(30, (longest - 1) // (missed + 1))
""",
    }
    subtle: ClassVar = {
        "a float": changed(INTERVAL, ("//", "/")),
        "only the first": changed(INTERVAL, ("in proxies", "in proxies[:1]")),
        "a zero for None": changed(INTERVAL, ('proxy["idle"] is None', 'proxy["idle"] == 0')),
    }
    right: ClassVar = {
        "counting down": """
def interval(proxies, replies, missed):
    for n in range(30, 0, -1):
        if all(p["idle"] is None or ((replies or p["reset_by"] != "client") and (missed + 1) * n < p["idle"])
               for p in proxies):
            return n
    return 0
""",
        "not": changed(INTERVAL, ('if proxy["idle"] is None', 'if not proxy["idle"]')),
        "min of a list": """
import math

def interval(proxies, replies, missed):
    cutting = [p for p in proxies if p["idle"] is not None]
    if not replies and "client" in [p["reset_by"] for p in cutting]:
        return 0
    n = min([30] + [math.ceil(p["idle"] / (missed + 1)) - 1 for p in cutting])
    return max(n, 0)
""",
    }


FINDS = ex.finds.answer
CUT = "        net.cut()\n        await talk.has_connections(server, 2)\n"


class TestFinds(FunctionExercise):
    exercise = ex.finds
    wrong: ClassVar = {
        "it would raise a false alarm": "async def finds(talk, chat, bad_network): assert False",
        "passes no message on": "async def finds(talk, chat, bad_network):\n    pass",
        "never forgets a client whose connection was lost": changed(FINDS, (CUT, "        await zoe.closes()\n")),
        "by accident": """
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server, bad_network(server) as net:
        ann = await talk.client(server, "Ann")
        await ann.says("hi")
        try:
            await ann.hears("hi")
        except AssertionError:
            raise ValueError("no message")
""",
    }
    right: ClassVar = {
        "without waiting": changed(FINDS, ("        await talk.has_connections(server, 2)\n", "")),
        "only its words": """
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server:
        async with bad_network(server) as net:
            zoe = await talk.client(net, "Zoe")
            ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
            await zoe.vanishes()
            await talk.has_connections(server, 3)
            for speaker in (ann, bob):
                await speaker.says("hi")
                for each in (ann, bob, carl):
                    await each.hears("hi")
""",
    }


METRICS = ex.metrics.answer
END = "                self.ends[ws.close_code or code] += 1"


class TestMetrics(FunctionExercise):
    exercise = ex.metrics
    stub = "class Metrics:\n    def __init__(self): pass\n    def watch(self, h): raise NotImplementedError\n" + (
        "    def report(self): raise NotImplementedError"
    )
    wrong: ClassVar = {
        "with the keys": changed(METRICS, (', "ends": dict(self.ends)}', "}")),
        "should return a new handler": changed(METRICS, ("return watched", "return watched(None).close()")),
        "was not answered": changed(METRICS, ("                await handler(ws)", "                await ws.recv()")),
        "should get 1011": changed(
            METRICS,
            ("            finally:", "            except RuntimeError:\n                pass\n            finally:"),
        ),
        "closes with 1000 *after*": changed(METRICS, ("ws.close_code or code", "ws.close_code")),
        "closes with 1011 after": changed(METRICS, ("code = 1011", "code = 1000")),
        "closed with 4000": changed(METRICS, ("ws.close_code or code", "code")),
        "still count it as open": changed(METRICS, ("                self.connections.discard(ws)\n", "")),
        "how many handlers are running": changed(METRICS, ("            self.connections.add(ws)\n", "")),
        "over all open connections": changed(
            METRICS, ("sum(ws.transport.get_write_buffer_size() for ws in self.connections)", "0")
        ),
        "A second object": changed(
            METRICS,
            ("        self.ends = Counter()\n", ""),
            ("class Metrics:\n", "class Metrics:\n    ends = Counter()\n\n"),
        ),
    }
    subtle: ClassVar = {
        "the client's own code": changed(
            METRICS,
            ("ws.close_code or code", "(code if code == 1000 and ws.close_code != 4000 else ws.close_code or code)"),
        ),
        "not in a finally": changed(
            METRICS, ("            try:", "            if True:"), ("            finally:", "            if True:")
        ),
        "the last one": changed(
            METRICS, ("sum(ws.transport.get_write_buffer_size() for ws in self.connections)", "len(self.connections)")
        ),
        "messages for bytes": changed(
            METRICS, ("sum(ws.transport", "sum(bool(ws.transport"), ("_size() for", "_size()) for")
        ),
        "a lost connection is 1011": changed(
            METRICS, ("ws.close_code or code", "code if ws.close_code == 1006 else ws.close_code or code")
        ),
    }
    right: ClassVar = {
        "numbers": """
class Metrics:
    def __init__(self):
        self.open, self.ends = [], {}

    def watch(self, handler):
        async def watched(ws):
            self.open.append(ws)
            try:
                await handler(ws)
            except BaseException:
                self.end(ws, 1011)
                raise
            self.end(ws, 1000)
        return watched

    def end(self, ws, code):
        self.open.remove(ws)
        code = int(ws.close_code if ws.close_code is not None else code)
        self.ends[code] = self.ends.get(code, 0) + 1

    def report(self):
        waiting = [ws.transport.get_write_buffer_size() for ws in self.open]
        return {"ends": self.ends, "open": len(waiting), "unsent": sum(waiting)}
""",
        "a Counter": changed(METRICS, ("dict(self.ends)", "self.ends")),
        "closes itself": changed(
            METRICS, ("                code = 1000", "                await ws.close()\n                code = 1000")
        ),
    }


RIGHT = {
    "Ann": 1000,
    "Bob": 1011,
    "Bob received": ["hello"],
    "Carl received": ["hi", "from the thread"],
    "Dora received": ["hi"],
}


def seen(**changes):
    """Return the right answer with some changes, as code."""
    return f"seen = {RIGHT | {label.replace('_', ' '): value for label, value in changes.items()}!r}"


class TestEndings(ReadingExercise):
    exercise = ex.endings
    wrong: ClassVar = {
        "nobody said goodbye": seen(Ann=1006),
        "Nothing is raised in Ann's": seen(Ann=1011),
        "ends after its first message": seen(Ann=1001),
        "What does `replies[text]` do": seen(Bob=1000),
        "what FastAPI and aiohttp would do": seen(Bob=1006),
        "Something is raised in Bob's": seen(Bob=1008),
        "before the second one is looked at": seen(Bob_received=[]),
        "Which of Bob's two": seen(Bob_received=["hello", "bye"]),
        "two lines with `send` comes first": seen(Carl_received=["from the thread", "hi"]),
        "Who takes it out": seen(Carl_received=["hi"]),
        "There are two lines": seen(Carl_received=["from the thread"]),
        "Nothing is wrong with this thread": seen(Carl_received=[]),
        "Dora's handler returns at once": seen(Dora_received=["hi", "later"]),
        "own message comes back first": seen(Dora_received=[]),
    }
    subtle: ClassVar = {"a string": seen(Dora_received="hi"), "None": seen(Ann=None)}
    right: ClassVar = {
        "tuples": seen(Dora_received=("hi",)),
        "another order": f"seen = dict(reversed({RIGHT!r}.items()))",
    }
