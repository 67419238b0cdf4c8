"""The hard exercise of lesson 11: numbers about connections, and how they end."""

from typing import ClassVar

from exercise_cases import FunctionExercise, changed

from wslearn.exercises import own_project as ex

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
        "received no reply": changed(METRICS, ("                await handler(ws)", "                await ws.recv()")),
        "should get 1011": changed(
            METRICS,
            ("            finally:", "            except RuntimeError:\n                pass\n            finally:"),
        ),
        "closes with 1000 *after*": changed(METRICS, ("ws.close_code or code", "ws.close_code")),
        "closes with 1011 after": changed(METRICS, ("code = 1011", "code = 1000")),
        "closed with 4000": changed(METRICS, ("ws.close_code or code", "code")),
        "still count it as open": changed(METRICS, ("                self.connections.discard(ws)\n", "")),
        "the number of handlers that are running": changed(METRICS, ("            self.connections.add(ws)\n", "")),
        "over all open connections": changed(
            METRICS, ("sum(ws.transport.get_write_buffer_size() for ws in self.connections)", "0")
        ),
        "`report` must be a plain method": changed(METRICS, ("    def report", "    async def report")),
        "which are whole numbers": changed(
            METRICS, ("dict(self.ends)", "{str(code): n for code, n in self.ends.items()}")
        ),
        "so `ends` is empty": changed(
            METRICS,
            (
                "            self.connections.add(ws)\n",
                "            self.connections.add(ws)\n            self.ends[1000] += 0\n",
            ),
        ),
        "the reply of another handler": changed(
            METRICS,
            ("    def watch(self, handler):\n", "    def watch(self, handler):\n        self.handler = handler\n"),
            ("await handler(ws)", "await self.handler(ws)"),
        ),
        "Does your handler wait": changed(
            METRICS,
            (
                "                self.connections.discard",
                "                await ws.wait_closed()\n                self.connections.discard",
            ),
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
        "an async watch": ("`watch` must be a plain", changed(METRICS, ("    def watch", "    async def watch"))),
        "one set for all objects": (
            "A second object",
            changed(METRICS, ("self.connections = set()", "type(self).connections = set()")),
        ),
        "the last one": changed(
            METRICS, ("sum(ws.transport.get_write_buffer_size() for ws in self.connections)", "len(self.connections)")
        ),
        "the largest": (
            "bytes wait for both",
            changed(
                METRICS,
                ("sum(ws.transport", "max([ws.transport"),
                ("for ws in self.connections)", "for ws in self.connections], default=0)"),
            ),
        ),
        "until it is closed": (
            "its handler is still running",
            changed(
                METRICS,
                (
                    "                await handler(ws)\n                code",
                    "                ended = asyncio.create_task(self.ended(ws))\n"
                    "                await handler(ws)\n                code",
                ),
                ("                self.connections.discard(ws)\n", "                ended\n"),
                (
                    "    def report",
                    "    async def ended(self, ws):\n        await ws.wait_closed()\n"
                    "        self.connections.discard(ws)\n\n    def report",
                ),
            ),
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
        "a lambda": """
from collections import defaultdict

class Metrics:
    def __init__(self):
        self.open, self.ends = {}, defaultdict(int)

    async def run(self, handler, ws):
        self.open[id(ws)] = ws.transport
        code = 1011
        try:
            await handler(ws)
            code = 1000
        finally:
            del self.open[id(ws)]
            self.ends[code if ws.close_code is None else ws.close_code] += 1

    def watch(self, handler):
        return lambda ws: self.run(handler, ws)

    def report(self):
        return dict(open=len(self.open), unsent=sum(t.get_write_buffer_size() for t in [*self.open.values()]),
                    ends=self.ends)
""",
        "counts when it's closed": """
from collections import Counter

class Metrics:
    def __init__(self):
        self.open, self.ends, self.tasks = set(), Counter(), set()

    def watch(self, handler):
        async def watched(ws):
            self.open.add(ws)
            try:
                await handler(ws)
            finally:
                self.open.discard(ws)
                task = asyncio.create_task(self.end(ws))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

        return watched

    async def end(self, ws):
        await ws.wait_closed()
        self.ends[ws.close_code] += 1

    def report(self):
        return {"open": len(self.open), "unsent": sum(w.transport.get_write_buffer_size() for w in self.open),
                "ends": self.ends}
""",
        "a Counter": changed(METRICS, ("dict(self.ends)", "self.ends")),
        "closes itself": changed(
            METRICS, ("                code = 1000", "                await ws.close()\n                code = 1000")
        ),
    }
