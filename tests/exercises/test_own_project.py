"""The first exercise of lesson 11: a handler that cleans up."""

from typing import ClassVar

from exercise_cases import FunctionExercise, changed

from wslearn.exercises import own_project as ex

TIDY = ex.tidy.answer
LEAVES = '        finally:\n            clients.discard(ws)\n            broadcast(clients, f"{len(clients)} online")'


def sends(turn: str, caught: str = "") -> str:
    """Return an answer that sends to one client after the other; its handler ends at an error, or catches it."""
    code = changed(TIDY, ("broadcast(clients, text)", f"for one in {turn}:\n                    await one.send(text)"))
    return changed(code, (LEAVES, f"        except {caught}:\n            pass\n{LEAVES}")) if caught else code


class TestTidy(FunctionExercise):
    exercise = ex.tidy
    stub = "def make_chat():\n    async def chat(ws): raise NotImplementedError\n    return chat"
    wrong: ClassVar = {
        "did not receive how many clients are online": changed(
            TIDY,
            (
                '        clients.add(ws)\n        broadcast(clients, f"{len(clients)} online")',
                "        clients.add(ws)",
            ),
        ),
        "should include the new client": changed(
            TIDY,
            (
                '        clients.add(ws)\n        broadcast(clients, f"{len(clients)} online")',
                '        broadcast({*clients, ws}, f"{len(clients)} online")\n        clients.add(ws)',
            ),
        ),
        "did not receive a message that Ann sent": changed(
            TIDY, ("broadcast(clients, text)", "broadcast(clients - {ws}, text)")
        ),
        "exactly what Ann sent": changed(TIDY, ("broadcast(clients, text)", "broadcast(clients, text.upper())")),
        "The loop over his messages ends then": changed(TIDY, ("        finally:", "        except ConnectionClosed:")),
        "your handler still counted him": changed(
            TIDY,
            (
                LEAVES,
                '        finally:\n            broadcast(clients, f"{len(clients)} online")\n'
                "            clients.discard(ws)",
            ),
        ),
        "without a closing handshake": changed(
            TIDY, ("        try:", "        if True:"), ("        finally:", "        if True:")
        ),
        "called `make_chat` again": changed(
            TIDY,
            ("    clients = set()\n\n", ""),
            ("def make_chat", "clients = set()\n\ndef make_chat"),
        )
        + "\nanswer = make_chat",
        "Return the handler itself": changed(TIDY, ("    return chat", "    return chat(None).close()")),
    }
    subtle: ClassVar = {
        "only the others are told": changed(
            TIDY,
            (
                '        clients.add(ws)\n        broadcast(clients, f"{len(clients)} online")',
                '        broadcast(clients, f"{len(clients) + 1} online")\n        clients.add(ws)',
            ),
        ),
        "nobody is told that somebody left": changed(
            TIDY, (LEAVES, "        finally:\n            clients.discard(ws)")
        ),
        **{
            f"a send in turn, {order}": ("Dora's connection was just being lost", sends(turn, caught))
            for order, turn, caught in (
                ("in any order", "list(clients)", ""),
                ("first to the sender", "sorted(clients, key=lambda one: one is not ws)", ""),
                ("last to the sender", "sorted(clients, key=lambda one: one is ws)", ""),
                ("and the handler returns", "sorted(clients, key=lambda one: one is not ws)", "ConnectionClosed"),
            )
        },
        "polite only": (
            "without a closing handshake",
            changed(TIDY, ("        finally:", "        except ZeroDivisionError:\n            pass\n        else:")),
        ),
    }
    right: ClassVar = {
        "a partial": """
from functools import partial
from websockets.asyncio.server import broadcast

async def handle(clients, ws):
    clients.add(ws)
    broadcast(clients, f"{len(clients)} online")
    try:
        async for text in ws:
            broadcast(clients, text)
    finally:
        clients.discard(ws)
        broadcast(clients, f"{len(clients)} online")

def make_chat():
    return partial(handle, set())
""",
        "an object to call": """
from websockets.asyncio.server import broadcast

class Chat:
    def __init__(self):
        self.gone, self.seen = set(), set()

    async def __call__(self, ws):
        self.seen.add(ws)
        try:
            broadcast(self.seen - self.gone, f"{len(self.seen - self.gone)} online")
            async for text in ws:
                broadcast(self.seen - self.gone, text)
        finally:
            self.gone.add(ws)
            broadcast(self.seen - self.gone, f"{len(self.seen - self.gone)} online")

make_chat = Chat
""",
        "a list": changed(TIDY, ("set()", "[]"), (".add(", ".append("), (".discard(", ".remove(")),
        "its own loop": """
def make_chat():
    clients = {}

    async def tell(text):
        await asyncio.gather(*(client.send(text) for client in list(clients)), return_exceptions=True)

    async def chat(ws):
        clients[ws] = True
        try:
            await tell(f"{len(clients)} online")
            while True:
                await tell(await ws.recv())
        except ConnectionClosed:
            pass
        finally:
            clients.pop(ws)
            await tell(f"{len(clients)} online")

    return chat
""",
        "a class": """
from websockets.asyncio.server import broadcast

class Chat:
    def __init__(self):
        self.clients = set()

    async def handler(self, ws):
        self.clients.add(ws)
        self.count()
        try:
            async for text in ws:
                broadcast(self.clients, text)
        except ConnectionClosed:
            return
        finally:
            self.clients.remove(ws)
            self.count()

    def count(self):
        broadcast(self.clients, f"{len(self.clients)} online")

def make_chat():
    return Chat().handler
""",
    }
