"""The phones of class_cost.py, a process for each kind: programs, or pages in Chromium. Each line on stdin is a task.

`{"join": 100}` is answered with the seconds that it took, `{"vote": "p1", "seconds": 2, "choices": [3]}` with the times
at which they voted: for a page, when the finger was on the glass.
"""

import asyncio
import json
import random
import shutil
import sys
import time
from typing import Any

from websockets.asyncio.client import connect

#: A phone's page, as a browser on a phone shows it.
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
PROJECTOR = {"viewport": {"width": 1280, "height": 720}}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
#: Notes when a finger was on the glass, on the clock that all processes share.
TAPS = "addEventListener('click', event => { self.tapped = performance.timeOrigin + event.timeStamp }, true)"
#: Notes when how many votes had been painted: two frames after the text has changed, one of them has shown it.
PAINTS = """() => {
    self.painted = []
    new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(() => {
        const voted = parseInt(document.querySelector("#voted").textContent)
        while (self.painted.length < voted) self.painted.push(performance.timeOrigin + performance.now())
    }))).observe(document.querySelector("#voted"), { childList: true, characterData: true, subtree: true })
}"""


class Programs:
    """Phones that are programs: they read everything, as a page does."""

    def __init__(self, url: str, board_url: str) -> None:
        self.url = url.replace("http", "ws", 1) + "/ws"
        self.phones: list = []
        self.readers: list = []

    async def join(self, count: int, projector: bool = False) -> float:
        """Let more phones join, all at once."""
        started = time.perf_counter()
        joined = await asyncio.gather(*(self._join(len(self.phones) + number) for number in range(count)))
        took = time.perf_counter() - started
        self.phones += joined
        self.readers += [asyncio.create_task(read(ws)) for ws in joined]
        return took

    async def _join(self, number: int):
        ws = await connect(self.url, ping_interval=None, compression=None, open_timeout=30, proxy=None)
        await ws.send(json.dumps({"type": "join-class", "session": f"{number:032x}", "name": f"phone {number}"}))
        for _ in range(3):
            await ws.recv()
        return ws

    async def vote(self, poll: str, seconds: float, choices: list[int]) -> dict:
        """Let each phone vote within so many seconds."""
        sent = []
        for ws in self.phones:
            await asyncio.sleep(random.expovariate(len(self.phones) / seconds))
            sent.append(time.time())
            await ws.send(json.dumps({"type": "vote", "poll": poll, "choice": random.choice(choices), "id": "1"}))
        return {"sent": sent}

    async def end(self) -> None:
        """Leave."""
        await asyncio.gather(*(ws.close() for ws in self.phones), return_exceptions=True)


async def read(ws) -> None:
    """Read everything."""
    async for _ in ws:
        pass


class Pages:
    """Phones that are pages in Chromium, and the board's page on a projector."""

    def __init__(self, url: str, board_url: str) -> None:
        self.url, self.board_url = url, board_url
        self.pages: list = []
        self.board: Any = None

    async def join(self, count: int, projector: bool = False) -> float:
        """Open pages, each in a browser's profile of its own, and join with two taps."""
        from playwright.async_api import async_playwright

        started = time.perf_counter()
        self.playwright = await async_playwright().start()
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        self.browser = await self.playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        if projector:
            self.board = await (await self.browser.new_context(**PROJECTOR)).new_page()
            await self.board.goto(self.board_url)
        for number in range(count):
            page = await (await self.browser.new_context(**PHONE)).new_page()
            await page.add_init_script(TAPS)
            await page.goto(self.url)
            await page.get_by_label("Your name").fill(f"page {number}")
            await page.locator("#join-button").tap()
            await page.locator("body[data-state=open]").wait_for()
            self.pages.append(page)
        return time.perf_counter() - started

    async def vote(self, poll: str, seconds: float, choices: list[int]) -> dict:
        """Let somebody tap on each phone within so many seconds."""
        if self.board:
            await self.board.evaluate(PAINTS)
        taps = []
        for page in self.pages:
            await asyncio.sleep(random.expovariate(len(self.pages) / seconds))
            taps.append(asyncio.create_task(self._tap(page, random.choice(choices))))
        sent = [await tap for tap in taps]
        if not self.board:
            return {"sent": sent}
        everybody = "people => parseInt(document.querySelector('#voted').textContent) === people && people"
        people = await self.board.locator("#people li").count()
        await self.board.wait_for_function(everybody, arg=people)
        await self.board.wait_for_function("people => self.painted.length === people", arg=people)
        painted = await self.board.evaluate("self.painted")
        return {"sent": sent, "painted": [at / 1000 for at in painted]}

    async def _tap(self, page, choice: int) -> float:
        button = page.locator("#choices button").nth(choice)
        await button.tap()
        return await page.evaluate("self.tapped") / 1000

    async def end(self) -> None:
        """Leave."""
        await self.browser.close()
        await self.playwright.stop()


async def main() -> None:
    """Do what the lines on stdin say, until it ends."""
    kind, url, board_url = sys.argv[1:]
    host, code = url.removeprefix("http://").split("/")
    port = host.rpartition(":")[2]
    phones = {"programs": Programs, "pages": Pages}[kind](f"http://127.0.0.1:{port}/{code}", board_url)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            task = json.loads(line)
            count, poll = task.pop("join", None), task.pop("vote", None)
            done = await (phones.join(count, **task) if count else phones.vote(poll, **task))
            print(json.dumps(done), flush=True)
    finally:
        await phones.end()


if __name__ == "__main__":
    asyncio.run(main())
