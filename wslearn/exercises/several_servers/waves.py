"""Task 5 of lesson 10, the hard one: empty a server in waves, so that the others are not overrun."""

import asyncio
import heapq
from itertools import count
from typing import Any

from wslearn.exercises.engine import STEP, Exercise, Talk, shown

RATE = 4
RUSH = (
    "More than {rate} clients were closed within one second. All of them connect to the other servers at once. Close "
    "the first {rate}, wait for a second, and close the next {rate}."
)
SLOW = "It took {took:g} s, and {least:g} s are enough. Close {rate} clients each second, no fewer."
NO_FIRST = "The first wave needs no wait: close the first {rate} clients at once."
WAITS = (
    "A client takes 10 s to close, and the next ones had to wait for it. Don't await `close` before you go on: make it "
    "a task, and await all tasks at the end."
)
LEFT_OUT = "{client} was never closed. Each client that is still connected has its turn."
TWICE = (
    "{client} was closed twice. A client stays in `clients` until it is closed, and that takes a while. Remember whom "
    "you have begun to close."
)
GONE = (
    "{client} had left before its turn, and was closed all the same. Look whether a client is still in `clients` when "
    "its turn comes."
)
TOO_EARLY = "Your function returned while {client} was still closing. Await all tasks at the end."
RAISES = "`close` raised OSError for {client}, which had just gone. Go on with the others: that client is closed too."
CHANGED = "Clients leave while you wait, so `clients` changes during your loop. Loop over a copy: `list(clients)`."
OWN_SLEEP = "Your function waits for something else. Wait with `await sleep(seconds)`, the one that you are given."


class Virtual:
    """A clock that moves on when everybody waits for it, so that seconds cost nothing."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has moved on by so many seconds."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + max(0, seconds), next(self._order), future))
        await future

    async def run(self, task: "asyncio.Task[Any]") -> bool:
        """Move the clock until a task is done; tell whether it was done in time."""
        loop = asyncio.get_running_loop()
        late = loop.time() + STEP
        while not task.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if task.done():
                break
            if self._waiting:
                self.now, _, future = heapq.heappop(self._waiting)
                if not future.done():
                    future.set_result(None)
                late = loop.time() + STEP
            elif loop.time() > late:
                return False
            else:
                await asyncio.sleep(0.01)
        return True


class _Server:
    """The clients of a server that drains, and what happens to them."""

    def __init__(self, talk: Talk, names: str) -> None:
        self.talk, self.time = talk, Virtual()
        self.clients = set(names)
        self.lasts: dict[str, float] = {}
        self.fails: set[str] = set()
        self.leaves: dict[str, float] = {}
        self.calls: list[tuple[float, str]] = []
        self.wrong = ""
        self.closing: set[str] = set()
        self.slept = False

    async def sleep(self, seconds: float) -> None:
        """Wait, and remember that the student's function has done so."""
        self.slept = True
        await self.time.sleep(seconds)

    async def close(self, client: str) -> None:
        """Close a client, as long as that takes."""
        if client in (called for _, called in self.calls):
            self.wrong = self.wrong or TWICE.replace("{client}", client)
        elif client not in self.clients:
            self.wrong = self.wrong or GONE.replace("{client}", client)
        self.calls.append((self.time.now, client))
        self.closing.add(client)
        await self.time.sleep(self.lasts.get(client, 0.01))
        self.closing.discard(client)
        self.clients.discard(client)
        if client in self.fails:
            raise OSError("the connection was lost")

    async def _leaves(self) -> None:
        for client, at in sorted(self.leaves.items(), key=lambda pair: pair[1]):
            await self.time.sleep(at - self.time.now)
            self.clients.discard(client)

    async def drains(self, function: Any) -> None:
        """Call the student's function, and judge what it did."""
        talk, wanted = self.talk, sorted(self.clients - set(self.leaves))
        began = asyncio.get_running_loop().time()
        leaving = asyncio.create_task(self._leaves())
        task = asyncio.create_task(talk.call(function, self.clients, RATE, self.close, self.sleep, within=12))
        try:
            done = await self.time.run(task)
            error = task.exception() if done and not task.cancelled() else None
            self._judge_error(error)
            if not self.slept and asyncio.get_running_loop().time() - began > 0.9:  # real seconds
                talk.fail(OWN_SLEEP, "waves", "waits", "", expected="await sleep(…)")
            if self.wrong:
                talk.fail(self.wrong, "waves", "calls", "close")
            if not done:
                talk.fail(OWN_SLEEP, "waves", "goes", "on", expected="return")
            self._judge(wanted)
        finally:
            for one in (task, leaving):
                one.cancel()
            await asyncio.wait({task, leaving}, timeout=STEP)

    def _judge_error(self, error: BaseException | None) -> None:
        text = str(error)
        if isinstance(error, NotImplementedError):
            raise error
        if error and "changed size during iteration" in text:
            self.talk.fail(CHANGED, "your loop", "ends", "because `clients` has changed")
        if error and self.fails and "the connection was lost" in text:
            client = min(self.fails)
            text = RAISES.replace("{client}", client)
            self.talk.fail(text, "waves", "raises", "OSError", expected="close the others")
        if error:
            raise error

    def _judge(self, wanted: list[str]) -> None:
        talk, times = self.talk, [at for at, _ in self.calls]
        for client in wanted:
            if client not in (called for _, called in self.calls):
                talk.fail(LEFT_OUT.replace("{client}", client), "waves", "returns", "", expected=f"close({client})")
        if self.closing:
            client = min(self.closing)
            talk.fail(TOO_EARLY.replace("{client}", client), "waves", "returns", f"while {client} closes")
        rate = str(RATE)
        for first, other in zip(times, times[RATE:], strict=False):
            if other - first < 0.999:
                talk.fail(RUSH.replace("{rate}", rate), "waves", "closes", f"{RATE + 1} clients in {other - first:g} s",
                          expected=f"{RATE} at most")  # fmt: skip
        if times[0] > 0.5:
            talk.fail(NO_FIRST.replace("{rate}", rate), "waves", "closes", f"the first client after {times[0]:g} s")
        least = -(-len(times) // RATE) - 1 + bool(self.leaves)  # a wave that has left may take its second
        if times[-1] > least + 0.9:
            text = WAITS if self.lasts else SLOW.format(took=times[-1], least=least, rate=RATE)
            talk.fail(text, "waves", "closes", f"the last client after {times[-1]:g} s", expected=f"{least:g} s")
        talk.tells("waves", "closes", shown([f"{client} at {at:.3g} s" for at, client in self.calls]))


async def _waves(talk: Talk, function: Any) -> None:
    talk.tells("ten clients", "are", f"connected, and `rate` is {RATE}")
    await _Server(talk, "ABCDEFGHIJ").drains(function)
    await _Server(talk, "ABCDEFGH").drains(function)
    slow = _Server(talk, "ABCDEFGHIJ")
    slow.lasts = dict.fromkeys("ABCDEFGHIJ", 10.0)
    talk.tells("ten clients", "take", "10 s each to close")
    await slow.drains(function)
    leaving = _Server(talk, "ABCDEFGHIJKL")
    leaving.leaves = dict.fromkeys("ABCDEFGHIJKL", 0.5)
    talk.tells("all clients", "leave", "after 0.5 s")
    await leaving.drains(function)
    some = _Server(talk, "ABCDEFGHIJKL")
    order = list(some.clients)  # that of `list(clients)`: the first one of a wave leaves, and two inside a wave
    some.leaves = dict.fromkeys((order[4], order[6], order[9]), 0.5)
    talk.tells("three of twelve clients", "leave", "after 0.5 s")
    await some.drains(function)
    failing = _Server(talk, "ABCDEFGHI")
    failing.fails = {"A", "B", "C", "D", "E"}
    talk.tells("`close`", "raises", "OSError for five of nine clients")
    await failing.drains(function)


waves = Exercise(
    _waves,
    hints=(
        "Go through a copy of the set, `list(clients)`. After every `rate` clients that you have closed, wait for a "
        "second. A client that has left by itself needs no turn.",
        "Make each `close(client)` a task with `asyncio.create_task`, and keep the tasks in a list. Then a slow client "
        "doesn't delay the next one.",
        "At the end, `await asyncio.gather(*tasks, return_exceptions=True)` waits for all of them, and an OSError of "
        "one of them ends nothing.",
    ),
    answer="""
async def waves(clients, rate, close, sleep):
    left, tasks = list(clients), []
    while left:
        if tasks:
            await sleep(1)
            left = [client for client in left if client in clients]
        tasks += [asyncio.create_task(close(client)) for client in left[:rate]]
        left = left[rate:]
    await asyncio.gather(*tasks, return_exceptions=True)
""",
    why="A server that closes all clients at once sends all of them to the other servers in the same second, and the "
    "others may fall too. In waves, the others have time. A slow client must not hold up the restart, so nobody waits "
    "for a closing handshake before the next wave.",
)
