"""An exercise of lesson 11: a health check that tells the truth."""

from typing import ClassVar

from exercise_cases import FunctionExercise, changed

from wslearn.exercises import own_project as ex

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
        "replies only with an error": changed(HEALTHY, (PONG, "if 'pong' in text or 'error' in text:")),
        'none of them has the `type` "pong"': changed(HEALTHY, (PONG, "if 'pong' in text:")),
        "Use `seconds` as the limit": changed(HEALTHY, ("asyncio.timeout(seconds)", "asyncio.timeout(1)")),
        "No client reached this server": """
from websockets.sync.client import connect

async def healthy(url, seconds):
    try:
        with connect(url, open_timeout=seconds) as ws:
            ws.send('{"type": "ping"}')
            while json.loads(ws.recv(timeout=seconds))["type"] != "pong":
                pass
            return True
    except Exception:
        return False
""",
        "make one with `json.dumps`": changed(HEALTHY, ('json.dumps({"type": "ping"})', '{"type": "ping"}')),
    }
    subtle: ClassVar = {
        "nothing after the loop": (
            "Return False after it",
            changed(
                HEALTHY,
                (
                    "    except (OSError, WebSocketException):\n        pass\n    return False",
                    "    except (OSError, WebSocketException):\n        return False",
                ),
            ),
        ),
        "the whole text": ("look only at its `type`", changed(HEALTHY, (PONG, 'if text == \'{"type": "pong"}\':'))),
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
            "and raise nothing",
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
        "in a thread": """
import time

async def healthy(url, seconds):
    from websockets.sync.client import connect

    def ask():
        end = time.monotonic() + seconds
        with connect(url, open_timeout=seconds, close_timeout=0.01) as ws:
            ws.send('{"type": "ping"}')
            while True:
                if json.loads(ws.recv(timeout=max(0, end - time.monotonic())))["type"] == "pong":
                    return True

    try:
        return await asyncio.to_thread(ask)
    except Exception:
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
