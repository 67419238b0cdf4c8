"""What `wslearn class` costs with 200 phones: from a vote to the board, joining at once, memory.

    uv run --extra test python tests/benchmarks/class_cost.py

The command is a process, and the phones and the board are another one, so both share this machine's cores.
"""

import asyncio
import json
import random
import statistics
import sys
import time

import psutil
from websockets.asyncio.client import connect

PHONES, AT_ONCE = 200, 100


async def main() -> None:
    """Measure, and print a line for each goal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wslearn", "class", "--port", "0", "--json", stdout=asyncio.subprocess.PIPE
    )
    phones: list = []
    try:
        addresses = json.loads(await process.stdout.readline())
        memory = [psutil.Process(process.pid).memory_info().rss]
        port, code = addresses["url"].rpartition(":")[2].split("/")
        url = f"ws://127.0.0.1:{port}/{code}/ws"
        started = time.perf_counter()
        phones += await asyncio.gather(*(join(url, number) for number in range(AT_ONCE)))
        print(f"{AT_ONCE} phones that join at once: {time.perf_counter() - started:.2f} s")
        phones += await asyncio.gather(*(join(url, number) for number in range(AT_ONCE, PHONES)))
        readers = [asyncio.create_task(read(ws)) for ws in phones]
        async with connect(addresses["board_url"].replace("http", "ws") + "ws", max_size=None) as board:
            for shown in (False, True):
                for name, seconds in (("one after another", 20.0), ("within 2 s", 2.0)):
                    took = await votes(board, phones, seconds, shown)
                    line = f"{statistics.median(took) * 1000:.0f} ms median, {percentile(took, 99) * 1000:.0f} ms p99"
                    print(f"{PHONES} votes {name}, results {'shown' if shown else 'hidden'}: {line}")
                    memory.append(psutil.Process(process.pid).memory_info().rss)
        print(f"memory of the command: {memory[0] / 2**20:.0f} MiB at first, {max(memory) / 2**20:.0f} MiB with phones")
        for reader in readers:
            reader.cancel()
    finally:
        await asyncio.gather(*(ws.close() for ws in phones), return_exceptions=True)
        process.terminate()
        await process.wait()


async def join(url: str, number: int):
    """Return the connection of a phone that has joined, and has received the state."""
    ws = await connect(url, ping_interval=None, compression=None, open_timeout=30, proxy=None)
    await ws.send(json.dumps({"type": "join-class", "session": f"{number:032x}", "name": f"phone {number}"}))
    for _ in range(3):
        await ws.recv()
    return ws


async def read(ws) -> None:
    """Read everything, as a page does."""
    async for _ in ws:
        pass


async def votes(board, phones: list, seconds: float, shown: bool) -> list[float]:
    """Let each phone vote within so many seconds; return how long each vote was on its way to the board."""
    await board.send(json.dumps({"type": "ask", "question": f"In {seconds:g} s?", "choices": ["a", "b", "c", "d"]}))
    if shown:
        await board.send(json.dumps({"type": "show"}))
    while not (poll := json.loads(await board.recv())["poll"]) or poll["voted"] or poll["shown"] != shown:
        pass
    sent: list[float] = []

    async def vote() -> None:
        for ws in phones:
            await asyncio.sleep(random.expovariate(len(phones) / seconds))
            sent.append(time.perf_counter())
            await ws.send(json.dumps({"type": "vote", "poll": poll["poll"], "choice": random.randrange(4), "id": "1"}))

    voting, took = asyncio.create_task(vote()), []
    while len(took) < len(phones):
        state = json.loads(await board.recv())
        seen = time.perf_counter()
        took += [seen - at for at in sent[len(took) : state["poll"]["voted"]]]
    await voting
    return took


def percentile(values: list[float], percent: int) -> float:
    """Return the value below which so many percent of the values are."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    asyncio.run(main())
