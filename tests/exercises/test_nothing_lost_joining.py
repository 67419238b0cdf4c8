"""The hard exercise of lesson 09: a join that skips nothing and doubles nothing, although the store is slow."""

from typing import ClassVar

from exercise_cases import ServerExercise, changed, subtle_seldom

from wslearn.exercises import nothing_lost as ex

#: A right answer: what comes while a client catches up waits in a list.
JOINING = """
class Joining(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.live, self.waiting = {}, {}

    async def handler(self, ws):
        seen = json.loads(await ws.recv())["offset"]
        catching = asyncio.create_task(self.catch_up(ws, seen))
        try:
            async for text in ws:
                offset = await self.store.add(text)
                for queue in self.waiting.values():
                    queue.append((offset, text))
                for client in list(self.live):
                    await self.tell(client, offset, text)
        finally:
            catching.cancel()
            self.live.pop(ws, None)
            self.waiting.pop(ws, None)

    async def catch_up(self, ws, seen):
        self.live[ws] = seen
        self.waiting[ws] = []
        del self.live[ws]
        for offset, text in await self.store.since(seen):
            await ws.send(json.dumps({"offset": offset, "text": text}))
            seen = offset
        while self.waiting[ws]:
            offset, text = self.waiting[ws].pop(0)
            if offset > seen:
                await ws.send(json.dumps({"offset": offset, "text": text}))
                seen = offset
        del self.waiting[ws]
        self.live[ws] = seen

    async def tell(self, ws, offset, text):
        if offset > self.live.get(ws, offset):
            self.live[ws] = offset
            broadcast([ws], json.dumps({"offset": offset, "text": text}))
"""
QUEUE = ex.joining.answer


@subtle_seldom
class TestJoining(ServerExercise):
    exercise = ex.joining
    imports = "from contextlib import suppress\nfrom websockets.asyncio.server import broadcast\n"
    wrong: ClassVar = {
        "Send her what `since` returns": changed(QUEUE, ("await self.store.since(seen)", "[]")),
        "Send only what comes after": changed(QUEUE, ("since(seen)", "since(0)"), ("if offset > seen:", "if True:")),
        "There is nothing that": changed(
            QUEUE, ("        try:\n            while", '        await ws.send("{}")\n        try:\n            while')
        ),
        "the sender too": changed(QUEUE, ("for each in self.queues.values()", "for each in [q for c, q in "
                                          "self.queues.items() if c is not ws]")),
        "with its own offset": changed(QUEUE, ('{"offset": offset,', '{"offset": offset + 1,')),
        "as JSON, with the offset": changed(QUEUE, ('json.dumps({"offset": offset, "text": text})', "text")),
        "Store each message": changed(QUEUE, ("await self.store.add(text)", "0")),
        "before the ones that she has missed": changed(
            QUEUE, ("each.put_nowait((offset, text))", "pass"),
            ("                for each in", "                broadcast(self.queues, json.dumps({'offset': offset, "
             "'text': text}))\n                for each in"),
        ),
        "has never received `one`": changed(
            QUEUE,
            ("self.queues[ws] = queue = asyncio.Queue()", "queue = asyncio.Queue()"),
            ("        missed = await self.store.since(seen)\n", "        missed = await self.store.since(seen)\n"
             "        self.queues[ws] = queue\n"),
            ("del self.queues[ws]", "self.queues.pop(ws, None)"),
        ),
        "received `four` twice": changed(QUEUE, ("if offset > seen:", "if True:")),
        "has not acknowledged yet": changed(
            QUEUE,
            ("offset = await self.store.add(text)", "adding = asyncio.ensure_future(self.store.add(text))\n"
             "                await asyncio.sleep(0)\n                offset = self.store.offset"),
        ),
        "in a task of her own, and without a lock": changed(
            QUEUE,
            ("self.queues = {}", "self.queues, self.lock = {}, asyncio.Lock()"),
            ("offset = await self.store.add(text)", "async with self.lock: offset = await self.store.add(text)"),
            ("missed = await self.store.since(seen)",
             "async with self.lock: missed = await self.store.since(seen)"),
        ),
        "still works on another client's `add`": changed(
            QUEUE,
            ("self.queues = {}", "self.queues, self.lock = {}, asyncio.Lock()"),
            ("offset = await self.store.add(text)", "async with self.lock: offset = await self.store.add(text)"),
            ("        missed = await self.store.since(seen)\n",
             "        async with self.lock: pass\n        missed = await self.store.since(seen)\n"),
        ),
        "must belong to the client that left": changed(
            QUEUE,
            ("        sending = asyncio.create_task", "        self.sending = asyncio.create_task"),
            ("            sending.cancel()", "            self.sending.cancel()"),
        ),
        "Keep what you need in `self`": changed(
            QUEUE, ("        self.queues = {}\n", ""), ("    store = None", "    queues = {}\n    store = None")
        ),
        "raised KeyError": changed(QUEUE, ('["offset"]', '["after"]')),
    }  # fmt: skip
    subtle: ClassVar = {
        "reads in the handler, then joins": """
class Joining(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.live = set()

    async def handler(self, ws):
        seen = json.loads(await ws.recv())["offset"]
        for offset, text in await self.store.since(seen):
            await ws.send(json.dumps({"offset": offset, "text": text}))
        self.live.add(ws)
        try:
            async for text in ws:
                offset = await self.store.add(text)
                broadcast(self.live, json.dumps({"offset": offset, "text": text}))
        finally:
            self.live.discard(ws)
""",
        "joins, then reads": """
class Joining(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.live = set()

    async def handler(self, ws):
        seen = json.loads(await ws.recv())["offset"]
        self.live.add(ws)
        try:
            for offset, text in await self.store.since(seen):
                await ws.send(json.dumps({"offset": offset, "text": text}))
            async for text in ws:
                offset = await self.store.add(text)
                broadcast(self.live, json.dumps({"offset": offset, "text": text}))
        finally:
            self.live.discard(ws)
""",
        "changes a text": changed(
            QUEUE, ("each.put_nowait((offset, text))", "each.put_nowait((offset, text.strip('{}')))")
        ),
        "no other client in `finally`": changed(QUEUE, ("del self.queues[ws]", "self.queues.clear()")),
        "one queue of all servers": changed(
            QUEUE, ("each.put_nowait((offset, text))", "each.put_nowait((offset, text)); break")
        ),
    }  # fmt: skip
    right: ClassVar = {
        "a list that waits": JOINING,
        "one task for all": """
class Joining(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.clients = {}  # ws -> [last offset, what waits or None]

    async def handler(self, ws):
        start = json.loads(await ws.recv())["offset"]
        self.clients[ws] = state = [start, []]

        async def catch_up():
            for offset, text in await self.store.since(start):
                self.give(ws, offset, text)
            waited, state[1] = state[1], None
            for offset, text in waited:
                self.give(ws, offset, text)

        task = asyncio.create_task(catch_up())
        with suppress(ConnectionClosed):
            while True:
                text = await ws.recv()
                offset = await self.store.add(text)
                for client, (_, waiting) in self.clients.items():
                    if waiting is None:
                        self.give(client, offset, text)
                    else:
                        waiting.append((offset, text))
        task.cancel()
        del self.clients[ws]

    def give(self, ws, offset, text):
        state = self.clients[ws]
        if offset > state[0]:
            state[0] = offset
            broadcast([ws], json.dumps({"offset": offset, "text": text}))
""",
        "asks the store again": """
class Joining(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.bells = set()

    async def handler(self, ws):
        offset = json.loads(await ws.recv())["offset"]
        bell = asyncio.Event()
        self.bells.add(bell)
        task = asyncio.create_task(self.follow(ws, offset, bell))
        try:
            async for text in ws:
                await self.store.add(text)
                for each in self.bells:
                    each.set()
        finally:
            self.bells.discard(bell)
            task.cancel()

    async def follow(self, ws, offset, bell):
        with suppress(ConnectionClosed):
            while True:
                bell.clear()
                for offset, text in await self.store.since(offset):
                    await ws.send(json.dumps({"offset": offset, "text": text}))
                await bell.wait()
""",
        "a task group": changed(
            QUEUE,
            ("        sending = asyncio.create_task(self.send(ws, seen, queue))\n", ""),
            ("            async for text in ws:",
             "            sending = asyncio.ensure_future(self.send(ws, seen, queue))\n"
             "            async for text in ws:"),
        ),
    }  # fmt: skip
