"""What `jupyterlab_runs` tells the other tests of the cells that they run."""

import pytest
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAILS_ONCE = "runs = globals().get('runs', 0) + 1\nassert runs > 1, 'the first run'"
LATER = "print('run', runs)"


async def test_a_cell_that_fails_is_told_although_those_after_it_never_run(desk, jupyter):
    """And not told again when it is run again and does not fail."""
    page = await desk.page(jupyter)
    with pytest.raises(AssertionError, match="the first run"):
        await jupyter.open(page, FAILS_ONCE, LATER)
    await jupyter.open(page, FAILS_ONCE, LATER)
    await expect(page.locator(".jp-OutputArea-output pre")).to_have_text(["run 2"])
    await desk.clear()  # the kernel counts its runs
