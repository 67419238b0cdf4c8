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
            1006: "1006 means that nobody said goodbye. What does `websockets` do when a handler returns?",
            1011: "Nothing is raised in Ann's handler. Where does it end?",
            int: "Ann's handler ends after its first message. What does `websockets` do then?",
        },
        "Bob": {
            1000: "Bob's second message isn't in `replies`. What does `replies[text]` do then?",
            1006: "1006 is what FastAPI and aiohttp would do. These are handlers for plain `websockets`.",
            int: "Something is raised in Bob's handler. Look for the code in part 3's table.",
        },
        "Bob received": {
            lambda came: list(came) == []: "Bob's first message is answered before the second one is looked at.",
            list: "Which of Bob's two messages is answered?",
        },
        "Carl received": {
            lambda came: list(came) == ["from the thread", "hi"]: "What the thread made is in the queue. Which of the "
            "two lines with `send` comes first?",
            lambda came: list(came) == ["hi"]: "Does the thread put its text into the queue? Who takes it out again?",
            lambda came: list(came) == ["from the thread"]: "There are two lines with `send`.",
            list: "Nothing is wrong with this thread: it hands its text to the event loop. Follow the lines.",
        },
        "Dora received": {
            lambda came: (
                "later" in came
            ): "Dora's handler returns at once. What happens to her connection, before 0.1 s have passed?",
            list: "Dora's own message comes back first.",
        },
    },
    hints=(
        "For each handler, find the line where it ends. After that, `websockets` closes the connection.",
        "A KeyError that nobody catches ends Bob's handler. A task goes on after its handler, but the connection "
        "doesn't.",
        "`await asyncio.to_thread(work)` waits for the thread, and the event loop goes on meanwhile.",
    ),
    answer='seen = {"Ann": 1000, "Bob": 1011, "Bob received": ["hello"], "Carl received": ["hi", "from the thread"], '
    '"Dora received": ["hi"]}',
    why="A connection lasts as long as its handler. Ann's returns, so she gets 1000. Bob's raises KeyError, so he gets "
    "1011. Carl's work runs in a thread, and it hands its result to the loop with `call_soon_threadsafe`, the one way "
    "that's allowed. Dora's task wakes up when her connection is already closed.",
)
