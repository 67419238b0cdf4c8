"""`wslearn class` as a process, Mallory's program, and 30 phones that vote meanwhile: none of them notices anything."""

import asyncio
import json
import random
import statistics
import sys
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import psutil
import pytest
from phones_of_tests import board_until, states
from support import hear, tell
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

#: Normal phones, and the seconds of the attack.
PHONES, SECONDS = 30, 10.0
MALLORY = Path(__file__).with_name("mallory.py")


async def started(*command: str) -> asyncio.subprocess.Process:
    """Start a Python program."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=pipe, stderr=pipe)


@pytest.fixture
async def running():
    """A class as a process, which logs everything that it logs: the process, and its addresses."""
    process = await started("-m", "wslearn", "class", "--host", "127.0.0.1", "--port", "0", "--json", "--verbose")
    reading = asyncio.create_task(process.stderr.read())
    try:
        yield process, json.loads(await asyncio.wait_for(process.stdout.readline(), 60)), reading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Phone:
    """A phone that votes, and notes what it gets."""

    def __init__(self, number: int, ws) -> None:
        self.number, self.ws = number, ws
        self.received: list[dict] = []
        self.acknowledged: dict[str, asyncio.Future[float]] = {}
        self.took: list[float] = []
        self.choice = 0
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for data in self.ws:
                message = json.loads(data)
                self.received.append(message)
                if message["type"] == "ack":
                    self.acknowledged[message["id"]].set_result(asyncio.get_running_loop().time())

    async def vote(self, until: asyncio.Event) -> None:
        """Vote now and then, one vote after the other."""
        loop, number = asyncio.get_running_loop(), 0
        while not until.is_set() or number == 0:
            number += 1
            self.choice = random.randrange(2)
            before = loop.time()
            ack = self.acknowledged[f"{number}"] = loop.create_future()
            await tell(self.ws, type="vote", poll="p1", choice=self.choice, id=f"{number}")
            self.took.append(await asyncio.wait_for(ack, 30) - before)
            await asyncio.sleep(random.uniform(0.2, 0.8))


async def joined(stack: AsyncExitStack, url: str, number: int) -> Phone:
    """Let a phone join, as a page does."""
    origin = "/".join(url.split("/")[:3])
    ws = await stack.enter_async_context(connect(url.replace("http", "ws", 1) + "/ws", origin=origin, proxy=None))
    await tell(ws, type="join-class", session=f"{number:032x}", name=f"Phone {number}")
    assert (await hear(ws, "welcome"))["name"] == f"Phone {number}"
    return Phone(number, ws)


async def test_everything_at_once_and_nobody_else_notices(running):
    process, addresses, reading = running
    async with AsyncExitStack() as stack:
        board = await stack.enter_async_context(
            connect(addresses["board_url"].replace("http", "ws", 1) + "ws", max_size=None, proxy=None)
        )
        phones = [await joined(stack, addresses["url"], number) for number in range(PHONES)]
        await tell(board, type="ask", question="Tea?", choices=["yes", "no"])
        await board_until(board, lambda state: state["poll"] is not None)
        calm = await voted(phones, asyncio.sleep(3))
        mallory = await started(str(MALLORY), addresses["url"], f"{SECONDS}")
        outcome = asyncio.create_task(mallory.communicate())
        attacked = await voted(phones, watched(board, outcome))
        stdout, stderr = outcome.result()
        assert mallory.returncode == 0, stderr.decode()
        found = Counter(json.loads(stdout))
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
        print(f"\ncalm: {in_words(calm)}; attacked: {in_words(attacked)}; memory {memory:.0f} MiB; {found}")
        await tell(board, type="show")
        state = await board_until(board, lambda state: state["poll"]["shown"])
        for phone in phones:
            assert phone.ws.state.name == "OPEN" and not phone.reader.done()
            assert {message["type"] for message in phone.received} <= {"poll", "no-poll", "ack", "wall"}
        wanted = [sum(phone.choice == choice for phone in phones) for choice in range(2)]
        assert (state["poll"]["counts"], state["poll"]["voted"]) == (wanted, PHONES)
        # A phone is late for a moment if this machine stands still for one; nobody is away.
        wanted = {f"Phone {number}": "live" for number in range(PHONES)}
        if not wanted.items() <= states(state).items():
            await board_until(board, lambda state: wanted.items() <= states(state).items())
        assert found["let in"] >= 200 and found["refused with 503"] >= 50 and found["status 404"] >= 40
        assert found["status 403"] >= 40 and found["names"] + found["no name"] > 20 and found["nonsense"] >= 10
        assert not {"status 101", "status 200", "status 500"} & found.keys()
        invisible = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0, 0x200B)}
        assert not invisible & set(json.dumps([state["people"], state["wall"]], ensure_ascii=False))
        assert memory < 100
    process.terminate()
    lines = (await asyncio.wait_for(reading, 60)).decode().splitlines()
    log = "\n".join(line for line in lines if " listens on ws://127.0.0.1:" not in line)  # where the servers are
    assert await asyncio.wait_for(process.wait(), 60) == 0
    assert "phone-1 " in log and "404" in log and "403" in log
    for secret in ("127.0.0.1", addresses["code"], "Phone 1", "evil", "Traceback", "exception", f"{1:032x}"):
        assert secret not in log, [line for line in lines if secret in line][:3]


async def voted(phones: list[Phone], during) -> list[float]:
    """Let all vote as long as `during` takes, and return how long their votes took."""
    until = asyncio.Event()
    for phone in phones:
        phone.took = []
        phone.acknowledged.clear()
    async with asyncio.TaskGroup() as group:
        for phone in phones:
            group.create_task(phone.vote(until))
        await during
        until.set()
    return [one for phone in phones for one in phone.took]


async def watched(board, outcome: asyncio.Task) -> None:
    """Read the board, as a projector does, until Mallory is done."""
    async with asyncio.timeout(SECONDS + 60):
        while not outcome.done():
            await board.recv()


def in_words(took: list[float]) -> str:
    """Return the median, the 99th percentile and the slowest of some times."""
    p99 = statistics.quantiles(took, n=100)[-1]
    times = f"{statistics.median(took) * 1000:.0f} ms median, {p99 * 1000:.0f} ms p99, {max(took) * 1000:.0f} ms max"
    return f"{len(took)} votes, {times}"
