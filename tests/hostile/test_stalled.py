"""Ten clients that never read while 60 MB are broadcast: they are dropped, and nobody else loses anything."""

import asyncio

import psutil
from support import Stopwatch
from websockets.asyncio.client import connect

STALLED = 10
LISTENERS = 3
#: 1,000 messages of 60,000 bytes.
MESSAGES, SIZE = 1000, 60_000
#: Messages that the sender has not heard itself yet: it paces itself by its own copies.
WINDOW = 8


async def listen(ws) -> list[int]:
    """Return the numbers of all messages, in the order in which they came."""
    numbers = []
    async for text in ws:
        numbers.append(int(text[text.index("#") + 1 :][:6]))
        if len(numbers) == MESSAGES:
            return numbers
    raise AssertionError(f"closed with {ws.close_code} after {len(numbers)} messages")


async def test_who_never_reads_is_dropped_and_all_others_get_everything_in_order(server_process, hostile_clients):
    async with server_process("broadcast", "--rate", "none") as server:
        process = psutil.Process(server.pid)
        stuck = [await hostile_clients(server).stalled_reader() for _ in range(STALLED)]
        listeners = [await connect(server.url, compression=None) for _ in range(LISTENERS)]
        heard = [asyncio.create_task(listen(ws)) for ws in listeners]
        before = peak = process.memory_info().rss

        async with connect(server.url, compression=None) as sender:
            for number in range(MESSAGES + WINDOW):
                if number < MESSAGES:
                    await sender.send(f'{{"message":"#{number:06}{"x" * SIZE}"}}')
                if number >= WINDOW:
                    await asyncio.wait_for(sender.recv(), 60)
                if number % 50 == 0:
                    peak = max(peak, process.memory_info().rss)

        for numbers in await asyncio.wait_for(asyncio.gather(*heard), 60):
            assert numbers == list(range(MESSAGES))
        assert peak - before < 64 * 1024 * 1024, f"the server grew by {(peak - before) / 2**20:.0f} MiB"

        for client in stuck:
            assert (await client.ends(within=10)).end == "dropped"

        async with Stopwatch() as watch:
            await server.stop()
        assert watch.seconds < 2
        for ws in listeners:
            await asyncio.wait_for(ws.wait_closed(), 30)
            assert ws.close_code == 1001
