"""The exercises of lesson 11 that are handlers or conversations: cleaning up, and health."""

from typing import ClassVar

from exercise_cases import FunctionExercise, changed

from wslearn.exercises import own_project as ex

TIDY = ex.tidy.answer
LEAVES = '        finally:\n            clients.discard(ws)\n            broadcast(clients, f"{len(clients)} online")'


class TestTidy(FunctionExercise):
    exercise = ex.tidy
    stub = "def make_chat():\n    async def chat(ws): raise NotImplementedError\n    return chat"
    wrong: ClassVar = {
        "how many clients are online": changed(
            TIDY,
            (
                '        clients.add(ws)\n        broadcast(clients, f"{len(clients)} online")',
                "        clients.add(ws)",
            ),
        ),
        "A client counts itself": changed(
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
        "counted once more": changed(
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
        "called your function again": changed(
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
        "polite only": (
            "without a closing handshake",
            changed(TIDY, ("        finally:", "        except ZeroDivisionError:\n            pass\n        else:")),
        ),
    }
    right: ClassVar = {
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


HEALTHY = ex.healthy.answer
PONG = 'if json.loads(text)["type"] == "pong":'


class TestHealthy(FunctionExercise):
    exercise = ex.healthy
    wrong: ClassVar = {
        "Send it": changed(HEALTHY, ('{"type": "ping"}', '{"type": "hello"}')),
        "its pong comes after other messages": changed(
            HEALTHY, ("async for text in ws:\n                " + PONG, f"text = await ws.recv()\n            {PONG}")
        ),
        "its app never replies": changed(
            HEALTHY, ("await ws.send", "await (await ws.ping())\n            return True\n            await ws.send")
        ),
        "replies with an error only": changed(HEALTHY, (PONG, "if 'pong' in text or 'error' in text:")),
    }
    subtle: ClassVar = {
        "a limit for each message": (
            "give up after `seconds`",
            """
from websockets.exceptions import WebSocketException

async def healthy(url, seconds):
    try:
        async with connect(url, open_timeout=seconds) as ws:
            await ws.send(json.dumps({"type": "ping"}))
            while True:
                if json.loads(await asyncio.wait_for(ws.recv(), seconds))["type"] == "pong":
                    return True
    except (OSError, WebSocketException):
        return False
""",
        ),
        "no limit for the handshake": (
            "give up after `seconds`",
            """
from websockets.exceptions import WebSocketException

async def healthy(url, seconds):
    try:
        async with connect(url) as ws, asyncio.timeout(seconds):
            await ws.send(json.dumps({"type": "ping"}))
            async for text in ws:
                if json.loads(text)["type"] == "pong":
                    return True
    except (OSError, WebSocketException):
        pass
    return False
""",
        ),
        "a refusal raises": (
            "InvalidStatus",
            changed(HEALTHY, ("(OSError, WebSocketException)", "(OSError, ConnectionClosed)")),
        ),
        "nobody listens, and it raises": (
            "raises nothing",
            changed(HEALTHY, ("(OSError, WebSocketException)", "(TimeoutError, WebSocketException)")),
        ),
        "it stays open": (
            "still open",
            """
from websockets.exceptions import WebSocketException
kept = []

async def healthy(url, seconds):
    try:
        async with asyncio.timeout(seconds):
            ws = await connect(url)
            kept.append(ws)
            await ws.send(json.dumps({"type": "ping"}))
            async for text in ws:
                if json.loads(text)["type"] == "pong":
                    return True
    except (OSError, WebSocketException):
        pass
    return False
""",
        ),
        "None for no": changed(HEALTHY, ("    return False", "    return None")),
        "always yes": "async def healthy(url, seconds): return True",
    }
    right: ClassVar = {
        "wait_for": """
from websockets.exceptions import WebSocketException

async def ask(url):
    async with connect(url) as ws:
        await ws.send('{"type": "ping"}')
        while json.loads(await ws.recv())["type"] != "pong":
            pass
        return True

async def healthy(url, seconds):
    try:
        return await asyncio.wait_for(ask(url), seconds)
    except (OSError, WebSocketException):
        return False
""",
        "any exception": changed(HEALTHY, ("(OSError, WebSocketException)", "Exception")),
        "closes itself": """
async def healthy(url, seconds):
    ws = None
    try:
        async with asyncio.timeout(seconds):
            ws = await connect(url, ping_interval=None)
            await ws.send(json.dumps({"type": "ping"}))
            async for text in ws:
                if json.loads(text).get("type") == "pong":
                    return True
        return False
    except Exception:
        return False
    finally:
        if ws:
            await ws.close()
""",
    }
