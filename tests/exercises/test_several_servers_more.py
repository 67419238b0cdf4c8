"""The exercises of lesson 10 with a server, a store, and a clock: one room, unique names, and waves."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ServerExercise, changed

from wslearn.exercises import several_servers as ex

ROOM, NAME = ex.one_room.answer, ex.unique_name.answer
#: Another solution than ours, one client at a time: more can be wrong with it.
WAVES = """
async def waves(clients, rate, close, sleep):
    tasks = []
    for client in list(clients):
        if client not in clients:
            continue  # it has left
        if tasks and len(tasks) % rate == 0:
            await sleep(1)
            if client not in clients:
                continue
        tasks.append(asyncio.create_task(close(client)))
    await asyncio.gather(*tasks, return_exceptions=True)
"""


class TestOneRoom(ServerExercise):
    exercise = ex.one_room
    imports = "from websockets.asyncio.server import broadcast\n"
    wrong: ClassVar = {
        "is on another server than the sender": """
class OneRoom(Server):
    async def handler(self, ws):
        async for text in ws:
            broadcast(self.connections, text)
""",
        "No server has subscribed to the hub": changed(
            ROOM, ("            self.hub.subscribe(self.send_to_all)", "            pass")),
        "received a message twice": changed(ROOM, ("            await self.hub.publish(text)",
                                                   "            broadcast(self.connections, text)\n"
                                                   "            await self.hub.publish(text)")),
        "Send the text as it is": changed(ROOM, ("publish(text)", "publish(text.strip())")),
        "Write it with `def`": changed(ROOM, ("    def send_to_all", "    async def send_to_all")),
        "Publish the text itself": changed(ROOM, ("publish(text)", "publish({'text': text})")),
        "subscribed again each time": changed(
            ROOM, ("        if not self.subscribed:\n            self.subscribed = True\n            "
                   "self.hub.subscribe(self.send_to_all)",
                   "        self.hub.subscribe(lambda text: broadcast([ws], text))")),
    }  # fmt: skip
    subtle: ClassVar = {
        "subscribes for each client": ("Subscribe once for each server", changed(
            ROOM, ("        if not self.subscribed:\n            self.subscribed = True\n            "
                   "self.hub.subscribe(self.send_to_all)", "        self.hub.subscribe(self.send_to_all)"))),
        "subscribes and unsubscribes for each client": ("Subscribe once for each server", """
class OneRoom(Server):
    def send_to_all(self, text):
        broadcast(self.connections, text)

    async def handler(self, ws):
        self.hub.subscribe(self.send_to_all)
        try:
            async for text in ws:
                await self.hub.publish(text)
        finally:
            self.hub.unsubscribe(self.send_to_all)
"""),
        "only the others": ("The hub calls your own function too", """
class OneRoom(Server):
    async def handler(self, ws):
        self.hub.subscribe(heard := lambda text: broadcast([ws] if text != self.last else [], text))
        async for self.last in ws:
            await self.hub.publish(self.last)
        self.hub.unsubscribe(heard)
    last = None
"""),
    }  # fmt: skip
    right: ClassVar = {
        "a subscription for each client": """
class OneRoom(Server):
    hub = None

    async def handler(self, ws):
        def heard(text):
            broadcast([ws], text)

        self.hub.subscribe(heard)
        try:
            async for text in ws:
                await self.hub.publish(text)
        finally:
            self.hub.unsubscribe(heard)
""",
        "tasks that send": """
class OneRoom(Server):
    hub = None
    heard = None

    async def handler(self, ws):
        if self.heard is None:
            self.tasks = set()

            async def send(client, text):
                try:
                    await client.send(text)
                except ConnectionClosed:
                    pass

            def heard(text):
                for client in self.connections:
                    task = asyncio.create_task(send(client, text))
                    self.tasks.add(task)
                    task.add_done_callback(self.tasks.discard)

            self.heard = heard
            self.hub.subscribe(heard)
        async for text in ws:
            await self.hub.publish(text)
""",
        "its own set of clients": """
class OneRoom(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.clients = set()

    def heard(self, text):
        broadcast(self.clients, text)

    async def handler(self, ws):
        if not self.clients:
            self.hub.subscribe(self.heard)
        self.clients.add(ws)
        try:
            async for text in ws:
                await self.hub.publish(text)
        finally:
            self.clients.discard(ws)
            if not self.clients:
                self.hub.unsubscribe(self.heard)
""",
    }


class TestUniqueName(FunctionExercise):
    exercise = ex.unique_name
    wrong: ClassVar = {
        "a number from 1": changed(NAME, ("        return f\"guest-{number}\"", "        return number")),
        "Store the session's name too": changed(
            NAME, ("    if name := await store.get(session):\n        return name\n", ""),
            ("    if await store.add(session, f\"guest-{number}\"):", "    if True:")),
        "nothing counts in it": """
count = 0
known = {}
async def unique_name(store, session):
    if name := await store.get(session):
        return name
    await store.add(session, "guest-1")
    return "guest-1"
""",
        "somebody was faster": """
async def unique_name(store, session):
    if name := await store.get(session):
        return name
    number = 1
    while await store.get(f"guest-{number}"):
        number += 1
    await store.add(f"guest-{number}", session)
    await store.add(session, f"guest-{number}")
    return f"guest-{number}"
""",
        "look at what `add` returns": changed(
            NAME, ("    if await store.add(session, f\"guest-{number}\"):\n        return f\"guest-{number}\"\n"
                   "    return await store.get(session)  # another server was faster",
                   "    await store.add(session, f\"guest-{number}\")\n    return f\"guest-{number}\"")),
        "try the next one": changed(NAME, ("        number += 1\n", "        number += 100\n")),
        "Begin with `guest-1`": changed(NAME, ("    number = 1\n", "    number = 100\n")),
    }  # fmt: skip
    subtle: ClassVar = {
        "a number for each visit": (
            "each visit uses up a number",
            changed(NAME, ("    if name := await store.get(session):\n        return name\n", "")),
        ),
        "looks for another key": (
            "each visit uses up a number",
            changed(NAME, ("if name := await store.get(session)", "if name := await store.get(f'name of {session}')")),
        ),
        "a dictionary of its own": (
            "copy of a global variable",
            """
names = {}
async def unique_name(store, session):
    return names.setdefault(session, f"guest-{len(names) + 1}")
""",
        ),
        "a counter of its own": (
            "copy of a global variable",
            """
count = 0
async def unique_name(store, session):
    global count
    if name := await store.get(session):
        return name
    count += 1
    name = f"guest-{count}"
    return name if await store.add(session, name) else await store.get(session)
""",
        ),
        "a hash": "async def unique_name(store, session):\n    return f'guest-{int(session, 16)}'",
        "a number from a counter": """
numbers = iter(range(1, 1000))
async def unique_name(store, session):
    return f"guest-{next(numbers)}"
""",
    }
    right: ClassVar = {
        "other keys": """
async def unique_name(store, session):
    for number in range(1, 10**6):
        known = await store.get(("session", session))
        if known:
            return known
        name = f"guest-{number}"
        if await store.add(("name", name), True):
            mine = await store.add(("session", session), name)
            return name if mine else await store.get(("session", session))
""",
        "the solution in other words": changed(
            NAME,
            (
                "if name := await store.get(session):\n        return name\n",
                "if await store.get(session):\n        return await store.get(session)\n",
            ),
        ),
        "every second number": changed(NAME, ("number += 1", "number += 2")),
        "looks before it adds": """
async def unique_name(store, session):
    name, number = await store.get(session), 1
    while name is None:
        free = await store.get(f"guest-{number}") is None
        if free and await store.add(f"guest-{number}", session):
            await store.add(session, f"guest-{number}")
            name = await store.get(session)
        number += 1
    return name
""",
    }


class TestWaves(FunctionExercise):
    exercise = ex.waves
    stub = "async def waves(clients, rate, close, sleep): raise NotImplementedError"
    wrong: ClassVar = {
        "connect to the other servers at once": changed(WAVES, ("            await sleep(1)\n", "")),
        "no fewer": changed(WAVES, ("            await sleep(1)\n", "            await sleep(2)\n")),
        "needs no wait": changed(WAVES, ("    tasks = []\n", "    tasks = []\n    await sleep(1)\n")),
        "had to wait for it": changed(
            WAVES, ("            await sleep(1)\n", "            await asyncio.gather(*tasks, "
                    "return_exceptions=True)\n            await sleep(0.99)\n"),
        ),
        "was never closed": changed(WAVES, ("in list(clients):", "in sorted(clients)[:-1]:")),
        "was closed twice": changed(
            WAVES, ("        tasks.append(", "        if client == 'A':\n            "
                    "tasks.append(asyncio.create_task(close(client)))"
                    "\n        tasks.append(")),
        "had left before its turn": changed(
            WAVES, ("            if client not in clients:\n                continue\n        tasks", "        tasks")),
        "was still closing": changed(WAVES, ("    await asyncio.gather(*tasks, return_exceptions=True)",
                                             "    await sleep(0.001)")),
        "that client is closed too": changed(WAVES, (", return_exceptions=True", "")),
        "Loop over a copy": changed(WAVES, ("in list(clients):", "in clients:")),
        "the one that you are given": changed(WAVES, ("await sleep(1)", "await asyncio.sleep(3)")),
    }  # fmt: skip
    subtle: ClassVar = {
        "ends at a client that left inside a wave": (
            "was never closed",
            changed(WAVES, ("continue  # it has left", "break")),
        ),
        "ends at a client that left in the pause": (
            "was never closed",
            changed(WAVES, ("                continue\n", "                break\n")),
        ),
        "looks only after the pause": (
            "had left before its turn",
            changed(WAVES, ("            continue  # it has left", "            pass")),
        ),
        "twice, because it takes a while": (
            "Remember whom",
            """
async def waves(clients, rate, close, sleep):
    tasks = []
    while clients:
        tasks += [asyncio.create_task(close(client)) for client in list(clients)[:rate]]
        await sleep(1)
    await asyncio.gather(*tasks, return_exceptions=True)
""",
        ),
        "the sleep of asyncio": (
            "the one that you are given",
            changed(WAVES, ("await sleep(1)", "await asyncio.sleep(1)")),
        ),
        "one by one": "async def waves(clients, rate, close, sleep):\n"
        "    for client in list(clients):\n        await close(client)",
        "all at once": "async def waves(clients, rate, close, sleep):\n"
        "    await asyncio.gather(*map(close, list(clients)), return_exceptions=True)",
    }
    right: ClassVar = {
        "evenly": """
async def waves(clients, rate, close, sleep):
    tasks = []
    while left := [each for each in sorted(clients) if each not in {client for client, _ in tasks}]:
        tasks.append((left[0], asyncio.create_task(close(left[0]))))
        await sleep(1 / rate)
    await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)
""",
        "in slices": """
async def waves(clients, rate, close, sleep):
    todo, tasks = list(clients), []

    async def end(client):
        try:
            await close(client)
        except OSError:
            pass

    async with asyncio.TaskGroup() as group:
        while todo:
            wave, todo = todo[:rate], todo[rate:]
            for client in wave:
                if client in clients:
                    group.create_task(end(client))
            if todo:
                await sleep(1)
""",
        "one client at a time": WAVES,
        "counts in a variable": changed(
            WAVES, ("        if tasks and len(tasks) % rate == 0:", "        if len(tasks) and not len(tasks) % rate:")
        ),
    }
