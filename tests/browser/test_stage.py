"""Every dashboard fits a stage: a small projector and a large one, large type on and off, light and dark.

The instructor scrolls the dashboard to the top of the notebook. Then its controls, its picture and its line of text are
all in view, and stay where they are while it runs.
"""

import io
from collections.abc import Iterable
from itertools import product
from operator import not_

import pytest
from dashboards import button, caption, field, picture, press_run, shot, status
from pages import comes, expect
from PIL import Image

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Each dashboard's module, how to open it, and what makes its run short.
LABS = {
    "latency": ("latency_lab", ""),
    "broadcast": ("fan_out_lab", "broadcast.RUN = 2.0"),
    "rooms": ("rooms_lab", ""),
    "auth": ("token_lab", ""),
    "heartbeat": ("heartbeat_lab", "heartbeat.LENGTH = 2"),
    "robustness": ("robustness_lab", "robustness.RUN = 2.0"),
    "nothing_lost": ("nothing_lost_lab", "nothing_lost.RUN = 2.0"),
    "several_servers": ("several_servers_lab", "several_servers.RUN = 2.0"),
}
STAGES = ((1280, 720), (1920, 1080))
#: Scrolls the dashboard to the top, and returns the name and the edges of what is not in view. A picture that the
#: browser has not decoded yet has no size, so where it will be is not known.
HIDDEN = """() => {
    const area = document.querySelector('.jp-Cell-outputArea')
    const scroller = area.closest('.jp-WindowedPanel-outer')
    scroller.scrollTop += area.getBoundingClientRect().top - scroller.getBoundingClientRect().top
    const view = scroller.getBoundingClientRect()
    const parts = '.wsl-panel :is(button, input, select, .noUi-handle, .wsl-status), .jp-RenderedImage img, .wsl-line'
    return [...area.querySelectorAll(parts)].filter(part => part.checkVisibility()).flatMap(part => {
        const { left, top, right, bottom } = part.getBoundingClientRect()
        const inside = left >= view.left && right <= view.right + 1 && top >= view.top - 1 && bottom <= view.bottom + 1
        const drawn = part.tagName !== 'IMG' || part.naturalWidth > 0
        return inside && drawn ? [] : [[part.textContent || part.tagName, left, top, right, bottom, view.bottom]]
    })
}"""
#: How wide the picture is drawn, in pixels: the image is as large as fits into its element.
WIDTH = """picture => Math.min(
    picture.clientWidth, picture.clientHeight * picture.naturalWidth / picture.naturalHeight
)"""
#: Notes each height that the dashboard has from now on.
WATCH = """() => {
    const area = document.querySelector('.jp-Cell-outputArea')
    window.heights = new Set([area.offsetHeight])
    new ResizeObserver(() => heights.add(area.offsetHeight)).observe(area)
}"""
MOVES = "() => document.getAnimations().some(each => each.animationName === 'wsl-moves')"


async def all_in_view(page) -> None:
    """Expect that all of the dashboard is in view, once the page has the size that it was given."""
    await comes(lambda: page.evaluate(HIDDEN), not_)


async def moves(page, wanted: bool) -> None:
    """Expect that something moves, or that nothing does."""
    await comes(lambda: page.evaluate(MOVES), lambda found: found is wanted)


async def opened(lab, name: str):
    """Open a dashboard on a page of its own, and return the page."""
    make, short = LABS[name]
    return await lab(f"from wslearn.widgets import {name}\n{short}\nlab = await {name}.{make}()")


async def corner(image) -> int:
    """Return how light the corner of a picture is: 0 to 255."""
    return Image.open(io.BytesIO(await image.screenshot())).convert("L").getpixel((3, 3))


def some(names: Iterable[str]) -> list:
    """Return all names; only the first of them is tried each time, and the others with -m thorough."""
    first, *others = names
    return [first, *(pytest.param(name, marks=pytest.mark.thorough) for name in others)]


@pytest.mark.parametrize("name", LABS)
async def test_controls_picture_and_line_are_in_view(lab, jupyter, name):
    page = await opened(lab, name)
    image, large = page.locator(".jp-RenderedImage img"), page.get_by_label("Large type")
    usual = await picture(page)
    for on in (False, True):
        await large.set_checked(on)
        if on:
            await comes(lambda: picture(page), lambda src: src != usual)  # the kernel has drawn it with larger type
        for (width, height), theme in product(STAGES, ("light", "dark")):
            await page.set_viewport_size({"width": width, "height": height})
            await jupyter.wear(page, theme)
            await all_in_view(page)
            await comes(lambda: image.evaluate(WIDTH), lambda wide, half=0.5 * width: wide > half)
            await comes(lambda: corner(image), lambda light, dark=theme == "dark": (light < 60) is dark)
            await shot(page, f"stage-{name}-{width}-{theme}{'-large' * on}")
    await large.uncheck()  # the next test uses the same page


@pytest.mark.parametrize("name", some(LABS))
async def test_a_run_moves_nothing_on_the_page(lab, name):
    page = await opened(lab, name)
    await page.set_viewport_size({"width": 1280, "height": 720})
    if name == "auth":
        await field(page, "Expires in (s)").press("Home")
    await all_in_view(page)
    await page.evaluate(WATCH)
    if name != "rooms":
        await press_run(page)
    else:
        await button(page, "Run").click()
        await expect(status(page)).to_contain_text("The rooms are open")
        await button(page, "guest-2").click()
        await button(page, "Speak").click()
        await expect(caption(page)).to_contain_text("guest-2 sent")
        await button(page, "Cancel").click()
        await expect(status(page)).to_contain_text("Cancelled")
    await all_in_view(page)
    assert len(await page.evaluate("() => [...heights]")) == 1, await page.evaluate("() => [...heights]")


async def test_while_a_run_is_on_something_moves_and_the_old_picture_is_dimmed(lab):
    page = await opened(lab, "latency")
    image = page.locator(".jp-RenderedImage img")
    await expect(image).to_have_css("opacity", "1")
    await moves(page, False)
    await field(page, "Measure").select_option("push")
    await field(page, "Count").fill("1000")  # until it is cancelled
    await button(page, "Run").click()
    await expect(image).to_have_css("opacity", "0.35")
    await moves(page, True)
    await field(page, "Plot").select_option("bytes")  # of the old run, so it is still dimmed
    await expect(caption(page)).to_contain_text("Bytes per message: http-new")
    await expect(image).to_have_css("opacity", "0.35")
    await button(page, "Cancel").click()
    await expect(image).to_have_css("opacity", "1")
    await moves(page, False)


async def test_two_runs_that_are_compared_fit_too(lab):
    page = await opened(lab, "latency")
    await page.set_viewport_size({"width": 1280, "height": 720})
    await button(page, "Run").click()
    await expect(field(page, "Compare with").locator("option")).to_have_count(2)
    await field(page, "Compare with").select_option(index=1)
    await expect(caption(page)).to_contain_text("Run 1: ")
    await all_in_view(page)
    before = await picture(page)
    await page.get_by_label("Large type").check()
    await comes(lambda: picture(page), lambda src: src != before)
    await all_in_view(page)
