"""The hard exercise of lesson 03: the newest value for clients that are slow."""

from textwrap import indent
from typing import ClassVar

from exercise_cases import ServerExercise, subtle_seldom

from wslearn.exercises import broadcast as ex

IMPORTS = """
from websockets.asyncio.server import broadcast
from wslearn import Limits
from wslearn.fast import fan_out
"""


def mistake(*changes: tuple[str, str]) -> str:
    """Return the solution with some of its text replaced."""
    code = ex.newest.answer
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


def styled(body: str) -> str:
    """Return a server with its limits off, and these methods."""
    return f"class Answer(Server):\n    limits = Limits(max_unsent=None, stall_timeout=None)\n{indent(body, '    ')}"


NEW = "self.newest = message\n"
ALL = "self.behind = set(self.connections)"
READY = "ws.transport.get_write_buffer_size() == 0"
TAKEN = "self.behind -= ready"
CATCH_UP = "return [self.catch_up()]"
EMPTY = "if self.newest is not None:"
LINE = "\n            "  # begins one more line for each message
QUEUES = """
async def handler(self, ws):
    queue = asyncio.Queue(SIZE)
    self.queues.add(queue)
    feeding = asyncio.create_task(self.feed(ws, queue))
    for message in self.__dict__.get("newest", []):
        queue.put_nowait(message)
    try:
        async for message in ws:
            self.newest = [message]
            for other in self.queues:
                PUT
    finally:
        feeding.cancel()
        self.queues.discard(queue)

queues = property(lambda self: self.__dict__.setdefault("_queues", set()))

async def feed(self, ws, queue):
    while True:
        await ws.send(await queue.get())
"""
DROP_OLD = """if other.full():
                    other.get_nowait()
                other.put_nowait(message)"""


@subtle_seldom
class TestNewest(ServerExercise):
    exercise = ex.newest
    imports = IMPORTS
    at_once = 4
    wrong: ClassVar = {
        "Ann sent many values at one time": mistake((READY, READY + " and len(self.newest) != 8")),
        "Each value goes to all clients": mistake((ALL, ALL + " - {ws}")),
        "more and more bytes are waiting for this client": mistake((READY, "True")),
        "No message will wake a handler up": mistake(
            (CATCH_UP, "return []"), ("self.behind.add(ws)", "self.behind.add(ws)\n            self.send_to_ready()")
        ),
        "has dropped this client": mistake((ALL, f"for c in list(self.behind): c.transport.abort(){LINE}{ALL}")),
        "not with `await client.send(…)` in a handler": styled("""
async def handler(self, ws):
    if newest := self.__dict__.get("newest"):
        await ws.send(newest[0])
    async for message in ws:
        self.newest = [message]
        for client in list(self.connections):
            await client.send(message)
"""),
        "values that were out of date long ago": styled(
            QUEUES.replace("SIZE", "0").replace("PUT", "other.put_nowait(message)")
        ),
        "connected late, and must receive": mistake((f"{EMPTY}\n", "if False:\n")),
        "Send the newest value once, to him alone": mistake(
            ("self.behind.add(ws)", "broadcast(self.connections, self.newest)")
        ),
        "after a newer one, or a value twice": mistake(
            (
                TAKEN,
                f"{TAKEN}\n            if len(self.newest) > 999 and len(ready) == 1: broadcast(ready, self.newest)",
            )
        ),
        "before anybody had sent a value": mistake(("self.newest = None", "self.newest = '0'")),
        "A second server sent a value": mistake(
            ("        self.newest = None\n", ""),
            ("    def background", "    newest = None\n\n    def background"),
            (NEW, "Newest.newest = message\n"),
        ),
    }
    subtle: ClassVar = {
        "its background has a fault": mistake(("sleep(0.05)", "slep(0.05)")),
        "its background is no list": mistake((CATCH_UP, "return self.catch_up()")),
        "its background returns no coroutine": mistake((CATCH_UP, "return [self.catch_up]")),
        "its background raises": mistake((CATCH_UP, "return [self.catchup()]")),
        "an empty value is none": mistake(("if ready:", "if ready and self.newest:")),
        "a latecomer gets no empty value": mistake((EMPTY, "if self.newest:")),
        "the same value goes out once": mistake((NEW, f"if message == self.newest: continue{LINE}{NEW}")),
        "never catches up a second time": mistake(("while True:", "for _ in range(10):")),
        "catches up slowly": mistake(("sleep(0.05)", "sleep(5)")),
        "forgets who was behind": mistake((ALL, f"{ALL}{LINE}self.behind = set()")),
        "sends to one at a time": mistake(("broadcast(ready,", "broadcast(list(ready)[:1],")),
        "makes JSON": mistake(("broadcast(ready, self.newest)", "fan_out(ready, self.newest)")),
        "strips": mistake((NEW, "self.newest = message.strip()\n")),
        "keeps the first": mistake((NEW, "self.newest = self.newest or message\n")),
        "a queue of ten": styled(QUEUES.replace("SIZE", "10").replace("PUT", DROP_OLD)),
        "a queue that is full loses the new": styled(
            QUEUES.replace("SIZE", "1").replace("PUT", "other.full() or other.put_nowait(message)")
        ),
        "a million bytes may wait": mistake((READY, "ws.transport.get_write_buffer_size() < 1_000_000")),
        "never stops": mistake(
            (
                "async for message in ws:",
                f"while True:{LINE}try: message = await ws.recv(){LINE}except Exception: continue",
            )
        ),
        "only four clients": mistake(("set(self.connections)", "set(list(self.connections)[:4])")),
        "ends after the first value": (
            "When `handler` ends, its connection is closed",
            mistake((ALL, f"{ALL}{LINE}self.send_to_ready(){LINE}break")),
        ),
        "takes a client out of the set": (
            "taken it out of `self.connections`",
            mistake(
                (
                    ALL,
                    f"{ALL}{LINE}self.send_to_ready(){LINE}if message == 'I am back': self.sam = ws{LINE}"
                    "if message == '25 of 25': self.connections.discard(self.sam)",
                )
            ),
        ),
        "closes the slow": mistake((ALL, f"for c in list(self.behind): asyncio.create_task(c.close()){LINE}{ALL}")),
        # `await ws.send(…)` waits only if more than 32 KiB are waiting, and the task allows two values
        "a queue of one, whose old value gives way": styled(QUEUES.replace("SIZE", "1").replace("PUT", DROP_OLD)),
        "a Condition and a task for each client": styled("""
def __init__(self):
    super().__init__()
    self.number, self.newest, self.changed = 0, None, asyncio.Condition()

async def handler(self, ws):
    async with asyncio.TaskGroup() as group:
        feeding = group.create_task(self.feed(ws))
        async for message in ws:
            async with self.changed:
                self.number, self.newest = self.number + 1, message
                self.changed.notify_all()
        feeding.cancel()

async def feed(self, ws):
    seen = 0
    while True:
        async with self.changed:
            await self.changed.wait_for(lambda: self.number > seen)
        seen = self.number
        await ws.send(self.newest)
"""),
        "the two tasks of a handler": styled("""
last = None
async def handler(self, ws):
    async def read():
        async for message in ws:
            self.last = [message]
    async def write():
        sent = None
        while True:
            if self.last is not sent:
                sent = self.last
                await ws.send(sent[0])
            else:
                await asyncio.sleep(0.005)
    reading, writing = asyncio.create_task(read()), asyncio.create_task(write())
    await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
    for task in (reading, writing):
        task.cancel()
"""),
    }
    right: ClassVar = {
        "numbers, and a loop that looks at each client": styled("""
values = ()
def background(self):
    self.has = {}
    return [self.look()]

async def look(self):
    while True:
        for ws in list(self.connections):
            self.offer(ws)
        await asyncio.sleep(0.02)

def offer(self, ws):
    if self.has.get(ws, 0) < len(self.values) and not ws.transport.get_write_buffer_size():
        self.has[ws] = len(self.values)
        broadcast([ws], self.values[-1])

async def handler(self, ws):
    try:
        async for message in ws:
            self.values += (message,)
            for client in list(self.connections):
                self.offer(client)
    finally:
        self.has.pop(ws, None)
"""),
        "not ready": mistake(("get_write_buffer_size() == 0", "get_write_buffer_size() < 1")),
        "often": mistake(("sleep(0.05)", "sleep(0.01)")),
    }
