"""Task 6 of lesson 11, the reading one: a handler that returns, one that raises, a thread, and a forgotten task."""

from collections.abc import Mapping
from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk

CODE = """
async def ann_handler(ws):
    text = await ws.recv()
    await ws.send(text.upper())


async def bob_handler(ws):
    replies = {"hi": "hello"}
    async for text in ws:
        await ws.send(replies[text])


async def carl_handler(ws):
    loop, queue = asyncio.get_running_loop(), asyncio.Queue()

    def work():  # runs in a thread
        time.sleep(0.1)
        loop.call_soon_threadsafe(queue.put_nowait, "from the thread")

    async for text in ws:
        await asyncio.to_thread(work)
        await ws.send(text)
        await ws.send(await queue.get())


async def later(ws):
    await asyncio.sleep(0.1)
    try:
        await ws.send("later")
    except ConnectionClosed:
        pass


async def dora_handler(ws):
    text = await ws.recv()
    task = asyncio.create_task(later(ws))
    await ws.send(text)
"""


async def _run(talk: Talk, names: dict[str, Any]) -> Mapping[str, Any]:
    seen: dict[str, Any] = {}
    for name in ("Ann", "Bob", "Carl", "Dora"):
        async with talk.served(names[f"{name.lower()}_handler"]) as server:
            client = await talk.client(server, name)
            await client.says("hi")
            if name == "Bob":
                await client.says("bye")
            if name == "Carl":
                await talk.until(lambda client=client: len(client.heard) == 2)  # type: ignore[misc]
                await client.closes()
            else:
                await client.is_closed()
            if name in ("Ann", "Bob"):
                seen[name] = client.ws.close_code
            if name != "Ann":
                seen[f"{name} received"] = client.heard
            await talk.until(lambda server=server: not server.handlers)  # type: ignore[misc]
            talk.forgives(server)
    return seen


endings = ReadingExercise(
    CODE,
    _run,
    clues={
        "Ann": {
            1006: "1006 means that there was no closing handshake. What does `websockets` do when a handler returns?",
            1011: "Ann's handler raises no exception. In which line does it end?",
            int: "Ann's handler ends after its first message. What does `websockets` do then?",
        },
        "Bob": {
            1000: "Bob's second message isn't in `replies`. What does `replies[text]` do then?",
            1006: "1006 is what FastAPI and aiohttp would do. These are handlers for plain `websockets`.",
            int: "Bob's handler raises an exception. Look for the code in part 3's table.",
        },
        "Bob received": {
            lambda came: list(came) == []: "The handler replies to Bob's first message before it reads the second one.",
            list: "To which of Bob's two messages does the handler reply?",
        },
        "Carl received": {
            lambda came: (
                list(came) == ["from the thread", "hi"]
            ): "The thread's string is in the queue. Which of the two lines with `send` runs first?",
            lambda came: (
                list(came) == ["hi"]
            ): "The thread puts a string into the queue. Which line takes it out again?",
            lambda came: list(came) == ["from the thread"]: "The handler has two lines with `send`.",
            list: "This thread works well, because it hands its string to the event loop. Follow the lines one by one.",
        },
        "Dora received": {
            lambda came: (
                "later" in came
            ): "Dora's handler returns before 0.1 s have passed. What happens to her connection then?",
            list: "First, the handler sends Dora's own message back.",
        },
    },
    hints=(
        "For each handler, find the line where it ends. After that, `websockets` closes the connection.",
        "A KeyError that nobody catches ends Bob's handler. In Dora's case the task outlives its handler, but the "
        "connection doesn't.",
        "`await asyncio.to_thread(work)` waits for the thread, and the event loop is free meanwhile.",
    ),
    answer='seen = {"Ann": 1000, "Bob": 1011, "Bob received": ["hello"], "Carl received": ["hi", "from the thread"], '
    '"Dora received": ["hi"]}',
    why="A connection lasts as long as its handler. Ann's handler returns, so she gets 1000. Bob's handler raises "
    "KeyError, so he gets 1011. Carl's work runs in a thread, which hands its result to the event loop with "
    "`call_soon_threadsafe`, as every thread must. Dora's task wakes up when her connection is already closed.",
)
