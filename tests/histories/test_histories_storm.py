"""Small storms, with counts. `storm.py` makes large ones by hand."""

import asyncio

import pytest
from planted import KnowsNoKeys
from storm import CASES, Storm

CLIENTS, SECONDS = 30, 3


@pytest.mark.parametrize("case", CASES)
async def test_nothing_is_missing_doubled_or_reordered(case):
    storm = Storm(case, CLIENTS, SECONDS, seed=1)
    verdict = await storm.run()
    counts = verdict.counts
    assert verdict.ok, f"{verdict}\n{counts}"
    assert counts["wanted"] > (12 if case == "joins" else 28) * storm.sent > 0
    assert (counts["missing"], counts["doubled"], counts["reordered"]) == (0, 0, 0)
    assert storm.cuts + storm.dropped >= {"joins": 0, "slow": 1}.get(case, 5)
    if case != "new-hub":
        assert (counts["admitted"], counts["unrecovered"]) == (0, 0)
    else:
        assert counts["unrecovered"] >= CLIENTS and counts["admitted"] < counts["wanted"] / 10


async def test_a_storm_finds_what_is_wrong():
    storm = Storm("cuts", CLIENTS, SECONDS, seed=1)
    storm.hub_class = KnowsNoKeys
    counts = (await storm.run()).counts
    assert counts["doubled"] > 0 and counts["missing"] == 0


async def test_a_storm_that_ends_during_a_restart_has_a_server_for_what_comes_late():
    """An earlier version of the storm left it stopped, and took what was under way for lost."""

    class EndsInRestart(Storm):
        async def publish(self, late):
            writing = asyncio.create_task(super().publish(late + 60))
            async with asyncio.timeout(60):
                while not self.restarting or self.restarting.done():  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            assert not self.restarting.done()

    storm = EndsInRestart("restart", CLIENTS, SECONDS, seed=1)
    verdict = await storm.run()
    assert verdict.ok and verdict.counts["wanted"] > 28 * storm.sent > 0, f"{verdict}\n{verdict.counts}"
