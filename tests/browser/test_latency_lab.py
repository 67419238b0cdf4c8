"""The latency lab in JupyterLab: each control used, its effect seen."""

import csv
import re
from itertools import product

import pytest
from dashboards import (
    all_controls_used,
    button,
    caption,
    field,
    nothing_beyond,
    picture,
    press_run,
    resize,
    run_again_and_cancel,
    shot,
    status,
)
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

LATENCY = "from wslearn.widgets.latency import latency_lab\nlab = await latency_lab()"


async def test_the_first_run_leaves_a_picture_a_line_and_a_table(lab):
    page = await lab(LATENCY)
    await expect(status(page)).to_contain_text("Done in")
    await expect(caption(page)).to_contain_text("Medians: http-new")
    assert (await picture(page)).startswith("data:image/png")
    await expect(page.locator(".wsl-dashboard tr")).to_have_count(4)
    await expect(button(page, "Cancel")).to_be_disabled()


async def test_every_control_has_its_effect(lab, tmp_path):
    page = await lab(LATENCY)
    async with all_controls_used(page):
        for _ in range(5):
            await field(page, "Delay (ms)").press("ArrowRight")
        await field(page, "Jitter (ms)").press("ArrowRight")
        await field(page, "Payload (B)").fill("1000")
        await field(page, "Count").fill("3")
        await page.get_by_label("http-new").uncheck()
        await press_run(page)
        await expect(caption(page)).to_contain_text("http-keepalive")
        await expect(caption(page)).not_to_contain_text("http-new")
        await expect(caption(page)).to_contain_text("(theory 21.0 ms, 1 RTT)")
        await expect(page.locator(".wsl-dashboard tr")).to_have_count(3)

        await field(page, "Plot").select_option("bytes")
        await expect(caption(page)).to_contain_text(re.compile(r"Bytes per message: http-keepalive [12],\d\d\d"))
        await field(page, "Plot").select_option("distribution")
        await expect(caption(page)).to_contain_text("Half of the messages took at most")
        await field(page, "Plot").select_option("time line")
        await expect(caption(page)).to_contain_text("Median time of a message")

        alone = await picture(page)
        await field(page, "Compare with").select_option("run 1: round trips, 5 ms each way, 32 B")
        await expect(caption(page)).to_contain_text("Run 1: Median time of a message: http-new")
        assert await picture(page) != alone

        await expect(field(page, "Interval (ms)")).to_be_hidden()
        await field(page, "Measure").select_option("push")
        await field(page, "Interval (ms)").fill("30")
        await page.get_by_label("sse").uncheck()
        await press_run(page)
        await expect(caption(page)).to_contain_text("Run 3: Median time of a message: polling")
        await expect(caption(page)).to_contain_text("Run 1: ")  # the choice is kept
        await expect(caption(page)).not_to_contain_text("sse")

        async with page.expect_download() as coming:
            await page.get_by_text("Save the time of every message of run 3").click()
        saved = await coming.value
        assert saved.suggested_filename == "latency-run-3.csv"
        await saved.save_as(tmp_path / "run.csv")
        rows = list(csv.DictReader((tmp_path / "run.csv").read_text().splitlines()))
        assert [(row["transport"], row["message"]) for row in rows[:4]] == [
            ("polling", "1"),
            ("polling", "2"),
            ("polling", "3"),
            ("long-polling", "1"),
        ]
        assert len(rows) == 9 and {row["payload"] for row in rows} == {"1000"}

        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")
        await expect(caption(page)).to_contain_text("Medians: http-new")
        await expect(field(page, "Count")).to_have_value("15")
        await expect(field(page, "Compare with").locator("option")).to_have_count(1)

        for name in ("http-keepalive", "websocket"):
            await page.get_by_label(name).uncheck()
        await press_run(page)
        await expect(caption(page)).to_have_text(re.compile("^Medians: http-new [^;]*$"))
        await field(page, "Count").fill("500")
        await run_again_and_cancel(page)
        await expect(caption(page)).to_contain_text("Medians: http-new")  # of the run before


async def test_a_run_that_replaces_another_is_the_only_one_that_counts(lab):
    page = await lab(LATENCY)
    await field(page, "Count").fill("500")
    await button(page, "Run").click()
    bar = page.locator(".wsl-dashboard .progress-bar")
    await expect(bar).not_to_have_attribute("style", re.compile(r"width: (0|100)%"))
    await field(page, "Count").fill("2")
    await press_run(page)
    await expect(field(page, "Compare with").locator("option")).to_have_text(["nothing", re.compile(r"run\s1")])


async def test_what_cannot_be_measured_is_said_where_one_looks(lab):
    page = await lab(LATENCY)
    await field(page, "Count").fill("-1")
    await button(page, "Run").click()
    await expect(page.get_by_role("alert")).to_have_text(
        "It did not work: count must be a whole number, at least 1: got -1"
    )
    await field(page, "Count").fill("2")
    for name in ("http-new", "http-keepalive", "websocket"):
        await page.get_by_label(name).uncheck()
    await button(page, "Run").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose at least one transport")
    await shot(page, "latency-error")
    await page.get_by_label("websocket").check()
    await press_run(page)
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_nothing_is_cut_off(lab, jupyter):
    page = await lab(LATENCY)
    await field(page, "Measure").select_option("push")
    await press_run(page)
    for theme, width in product(("light", "dark"), (800, 1920)):
        await jupyter.wear(page, theme)
        await resize(page, width)
        await shot(page, f"latency-{theme}-{width}")
        await nothing_beyond(page, ".wsl-dashboard :is(button, input, select)")
        sizes = await page.locator(".wsl-dashboard button, .wsl-status").evaluate_all(
            "parts => parts.map(part => parseFloat(getComputedStyle(part).fontSize))"
        )
        assert min(sizes) >= (20 if width == 1920 else 16)
