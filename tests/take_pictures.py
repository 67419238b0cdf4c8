"""Take the README's pictures anew, of real runs in a real browser, into notebooks/images/:

uv run --extra test python tests/take_pictures.py
"""

import asyncio
import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import async_playwright, expect

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "notebooks" / "images"
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from conftest import COMMANDS, PLACES, QUIET  # noqa: E402
from dashboards import press_run  # noqa: E402
from jupyterlab_runs import jupyterlab  # noqa: E402
from pages import connect, join, members, rows, say  # noqa: E402

from wslearn.servers.chat import ChatServer  # noqa: E402

#: A picture has so many colours and at most so many bytes: who reads the README waits for it.
PALETTE, MOST_BYTES = 128, 60_000


async def latency_lab(browser) -> bytes:
    """Return the latency lab after a run: 25 ms each way, in JupyterLab."""
    with TemporaryDirectory() as folder:
        async with jupyterlab(Path(folder)) as jupyter:
            page = await browser.new_page(viewport={"width": 1000, "height": 1200})
            await jupyter.open(page, "from wslearn.widgets.latency import latency_lab\nlab = await latency_lab()")
            slider = page.get_by_role("slider", name="Delay (ms)")
            for _ in range(20):
                await slider.press("ArrowRight")
            await press_run(page)
            await expect(page.locator(".wsl-line")).to_contain_text("http-new")
            await slider.evaluate("slider => slider.blur()")
            box = await page.locator(".jp-Cell-outputArea").bounding_box()
            prompt = await page.locator(".jp-OutputPrompt").first.evaluate("prompt => prompt.offsetWidth") - 10
            box |= {"x": box["x"] + prompt, "width": box["width"] - prompt}
            return await page.screenshot(clip=box)


async def chat(browser) -> bytes:
    """Return the page of a chat server, on which ann sees what ben and she have written."""
    async with ChatServer() as server:
        pages = {}
        for name in ("ann", "ben"):
            pages[name] = await browser.new_page(viewport={"width": 1000, "height": 780})
            await connect(pages[name], server, token=server.tokens.issue(name))
            await join(pages[name], "tea")
        ann = pages["ann"]
        await expect(members(ann)).to_have_text(["ann", "ben"])
        await ann.get_by_label("Show the JSON").uncheck()
        said = [("ben", "Is anybody here?"), ("ann", "I am. One connection each, and no polling."), ("ben", "Tea?")]
        for name, text in said:
            await say(pages[name], text)
            await expect(rows(ann, "received").filter(has_text=f"{name}: {text}")).to_have_count(1)
        await ann.get_by_role("textbox", name="Message").fill("Tea!")
        return await ann.screenshot()


def small(png: bytes) -> bytes:
    """Return the picture with fewer colours. Raises ValueError where it is still too large."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE).save(
        file, "PNG", optimize=True
    )
    if file.tell() > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES:,} bytes, got {file.tell():,}: take a smaller part of the page")
    return file.getvalue()


async def main() -> None:
    path = next(filter(None, map(shutil.which, COMMANDS)), None) or next(filter(Path.exists, map(Path, PLACES)), None)
    if path is None:
        raise FileNotFoundError("no Chromium, Chrome or Edge found: install one")
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=QUIET)
        for take in (latency_lab, chat):
            picture = small(await take(browser))
            (IMAGES / f"{take.__name__}.png").write_bytes(picture)
            print(f"{take.__name__}.png: {len(picture):,} bytes")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
