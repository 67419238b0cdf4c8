"""Small storms, with counts. `storm.py` makes large ones by hand."""

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
