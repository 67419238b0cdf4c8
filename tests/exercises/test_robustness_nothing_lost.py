"""The hard exercise of lesson 07: wrong answers with their messages, subtly wrong ones, and right ones."""

from exercise_cases import ServerExercise, subtle_seldom

from wslearn.exercises import robustness as ex

SOLUTION = ex.nothing_lost.answer
LIVE = "        self.live.add(ws)\n"
OLD = '                await ws.close(4001, "too old")\n'
REPLAY = SOLUTION[SOLUTION.index("        while seen") : SOLUTION.index(LIVE)]
GONE = "            if seen < self.last - len(self.kept):\n"
COUNTS = "                self.last += 1\n"
SENDS = "                broadcast(self.live, self.kept[-1])\n"
TELLS = "            await ws.send(self.kept[seen - self.last - 1])\n"
AFTER = '["after"]\n'


def but(*changes: tuple[str, str]) -> str:
    """Return the solution with these changes."""
    code = SOLUTION
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


def replay(*lines: str) -> tuple[str, str]:
    """Return a change: these lines in place of the loop that sends what was missed."""
    return REPLAY, "".join(f"        {line}\n" for line in lines)


CLOSE = (
    "if seen < self.last - len(self.kept):",
    '    await ws.close(4001, "too old")',
    "    return",
)
MESSAGES = "[m for m in self.kept if json.loads(m)['n'] > seen]"
QUEUES = """
from collections import deque

class NothingLost(Server):
    KEEP = 100

    def __init__(self, **options):
        super().__init__(**options)
        self.messages = deque(maxlen=self.KEEP)
        self.last = 0
        self.queues = {}

    async def handler(self, ws):
        after = json.loads(await ws.recv())["after"]
        if self.last - after > len(self.messages):
            return await ws.close(4001, "too old")
        queue = self.queues[ws] = asyncio.Queue()
        for message in self.messages:
            if message["n"] > after:
                queue.put_nowait(message)
        sender = asyncio.create_task(self.send(ws, queue))
        try:
            async for text in ws:
                self.last += 1
                message = dict(n=self.last, text=text)
                self.messages.append(message)
                for other in self.queues.values():
                    other.put_nowait(message)
        finally:
            del self.queues[ws]
            sender.cancel()

    async def send(self, ws, queue):
        try:
            while True:
                await ws.send(json.dumps(await queue.get()))
        except ConnectionClosed:
            pass
"""
CONDITION = """
class NothingLost(Server):
    KEEP = 100

    def __init__(self, **options):
        super().__init__(**options)
        self.messages, self.last, self.news = {}, 0, asyncio.Condition()

    async def handler(self, ws):
        after = json.loads(await ws.recv())["after"]
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self.send_from(ws, after + 1))
            try:
                async for text in ws:
                    self.last += 1
                    self.messages[self.last] = text
                    self.messages.pop(self.last - self.KEEP, None)
                    async with self.news:
                        self.news.notify_all()
            except ConnectionClosed:
                pass
            sending.cancel()

    async def send_from(self, ws, number):
        try:
            while True:
                if number <= self.last:
                    if number not in self.messages:
                        await ws.close(4001, "too old")
                        return
                    await ws.send(json.dumps({"text": self.messages[number], "n": number}, ensure_ascii=False))
                    number += 1
                else:
                    async with self.news:
                        await self.news.wait_for(lambda: self.last >= number)
        except ConnectionClosed:
            pass
"""
POLLS = """
from collections import deque

class NothingLost(Server):
    KEEP = 100

    def __init__(self, **options):
        super().__init__(**options)
        self.last, self.kept = 0, deque(maxlen=self.KEEP)

    async def handler(self, ws):
        writing = asyncio.create_task(self.write(ws, json.loads(await ws.recv())["after"]))
        try:
            async for text in ws:
                self.last += 1
                self.kept.append(json.dumps({"n": self.last, "text": text}))
        finally:
            writing.cancel()

    async def write(self, ws, seen):
        try:
            while True:
                while seen < self.last:
                    if seen < self.last - len(self.kept):
                        return await ws.close(4001, "too old")
                    seen += 1
                    await ws.send(self.kept[seen - self.last - 1])
                await asyncio.sleep(0.5)
        except ConnectionClosed:
            pass
"""
AT_ONCE = but(
    replay(*CLOSE, f"for message in {MESSAGES}:", "    broadcast([ws], message)"),
)
SLICES = but(
    ("deque(maxlen=self.KEEP)", "[]"),
    (SENDS, f"                del self.kept[: -self.KEEP]\n{SENDS}"),
)


@subtle_seldom
class TestNothingLost(ServerExercise):
    exercise = ex.nothing_lost
    wrong = {  # noqa: RUF012
        "received nothing. After its first": but((SENDS, "")),
        "The numbers go up by 1": but(('"n": self.last, "text"', '"n": self.last - 1, "text"')),
        "isn't valid JSON. `json.dumps`": but(
            (
                'json.dumps({"n": self.last, "text": text})',
                """'{"n": %d, "text": "%s"}' % (self.last, text.replace('"', '\\\\"'))""",
            )
        ),
        "Nobody was connected for a moment": but(
            ("self.live.discard(ws)", "self.live.discard(ws)\n            if not self.live: self.kept.clear()")
        ),
        "`n` must be a number": but(('"n": self.last', '"n": str(self.last)')),
        "Your server waits before it passes": POLLS,
        "its connection has ended. Wait for a client": but(
            (
                TELLS,
                """            try:
                async with asyncio.timeout(0.05): await ws.send(self.kept[seen - self.last - 1])
            except TimeoutError: return ws.transport.abort()
""",
            )
        ),
        "as it is, whatever is in it": but(('"text": text', '"text": text.strip() or None')),
        '`{"n": 1, "text": "hi"}` as JSON': but(('"text": text', '"message": text')),
        "did not receive the messages that were sent": but(replay("pass")),
        "received a message that it had already": but((AFTER, f"{AFTER}        seen = max(seen - 1, 0)\n")),
        "is missing. Send all of them": but((AFTER, f"{AFTER}        seen += seen > 0\n")),
        "received a message before it sent its first": but(("broadcast(self.live,", "broadcast(self.connections,")),
        "must not hold up the others": but(
            ("set()\n", "set()\n        self.lock = asyncio.Lock()\n"),
            replay("async with self.lock:", *(f"    {line[8:]}" for line in REPLAY.splitlines())),
            (COUNTS, f"                async with self.lock: pass\n{COUNTS}"),
        ),
        "while you were sending Sam": but(replay(*CLOSE, f"for message in {MESSAGES}:", "    await ws.send(message)")),
        "you did not close its connection": but(
            ("deque(maxlen=self.KEEP)", "[]"), ("self.kept[seen - self.last - 1]", "self.kept[seen - 1]")
        ),
        "The close code should be 4001": but(("4001", "1008")),
        "The reason should be": but(('"too old"', '"too late"')),
        "received messages, and then": but((GONE, f"{GONE}                await ws.send(self.kept[-1])\n")),
        "All of them are still kept": but(("deque(maxlen=self.KEEP)", "deque(maxlen=self.KEEP - 1)")),
        "There is a gap in what he received": but(
            ("        while seen", "        begun = False\n        while seen"),
            ("if seen < self.last - len(self.kept):", "if not begun and seen < self.last - len(self.kept):"),
            ("            seen += 1\n", "            begun, seen = True, max(seen, self.last - len(self.kept)) + 1\n"),
        ),
    }
    subtle = {  # noqa: RUF012
        "counts in the handler": but(
            (LIVE, f"        last = seen\n{LIVE}"),
            (COUNTS, "                last += 1\n                self.last = last\n"),
        ),
        "state on the class": but(
            ("    KEEP = 100", "    KEEP = 100\n    last, kept, live = 0, deque(maxlen=KEEP), set()"),
            ("        self.last, self.kept, self.live = 0, deque(maxlen=self.KEEP), set()\n", ""),
        ),
        "one place for all clients' numbers": SOLUTION.replace("seen", "self.seen"),
        "a constant for KEEP": but(("maxlen=self.KEEP", "maxlen=100")),
        "one more is kept": but(("maxlen=self.KEEP", "maxlen=self.KEEP + 1")),
        "one fewer is sent": but(("while seen < self.last:", "while seen < self.last - 1:")),
        "live before the old ones": but((LIVE, ""), (AFTER, AFTER + LIVE)),
        "an await before live": but((LIVE, f"        if self.kept: await ws.send(self.kept[-1])\n{LIVE}")),
        "waits for all clients": but(
            (SENDS, "                await asyncio.gather(*(one.send(self.kept[-1]) for one in self.live))\n")
        ),
        "not to the sender": but(("broadcast(self.live,", "broadcast(self.live - {ws},")),
        "empty texts are lost": but((COUNTS, f"                if not text: continue\n{COUNTS}")),
        "a falsy after": but((AFTER, '["after"] or self.last\n')),
        "what looks like JSON is left out": but((COUNTS, f"                if text[:1] == '{{': continue\n{COUNTS}")),
        "what comes during the sending is lost": but(
            replay(*CLOSE, f"for message in list({MESSAGES}):", "    await ws.send(message)")
        ),
        "live at once, and the old ones in between": but(
            replay("self.live.add(ws)", *CLOSE, f"for message in {MESSAGES}:", "    await ws.send(message)")
        ),
        "waits for each client": but(
            (SENDS, "                for one in list(self.live): await one.send(self.kept[-1])\n")
        ),
        "closes without a reason": but(('4001, "too old"', "4001")),
        "outlives its client": but(
            ("            async for text in ws:\n",
             "            while True:\n                try: text = await ws.recv()\n"
             "                except Exception: await asyncio.sleep(0.01); continue\n"),
        ),
        "texts without white space around them": but(('"text": text', '"text": text.strip()')),
        "texts without their last line end": but(('"text": text', '"text": text.rstrip("\\n")')),
        "texts without line ends": but(('"text": text', '"text": text.replace("\\n", " ")')),
        "no more than 1000 letters": but(('"text": text', '"text": text[:1000]')),
        "all is forgotten when nobody is there": but(
            ("self.live.discard(ws)",
             "self.live.discard(ws)\n            if not self.live: self.kept.clear(); self.last = 0")
        ),
        "forgets all when one leaves": but(("self.live.discard(ws)", "self.live.clear()")),
        "the sequence begins at 0": but(("self.live = 0,", "self.live = -1,")),
    }  # fmt: skip
    right = {  # noqa: RUF012
        "a queue for each client": QUEUES,
        "a condition, and a dictionary": CONDITION,
        "all at once, without an await": AT_ONCE,
        "a list that is cut": SLICES,
        "a loop that looks again very soon": POLLS.replace("0.5", "0.01"),
        "an f-string": but(
            ('json.dumps({"n": self.last, "text": text})', "f'{{\"text\": {json.dumps(text)}, \"n\": {self.last}}}'")
        ),
        "nothing is cleaned up, broadcast skips who has left": but(("self.live.discard(ws)", "pass")),
    }  # fmt: skip

    async def test_a_name_that_is_taken_is_said(self):
        result = await self.check(
            but(("        self.last, self.kept", "        self.log = {}\n        self.last, self.kept"))
        )
        assert "'log'" in result.message and "That name is taken" in result.message, result
