"""A fixed sample of the mutants is refused. refresh_sample.py keeps it as code, so this needs no library."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from exercise_cases import forgets
from exercises.mutants.scoring import exercises, judge, refuses

SAMPLE: dict[str, list[dict[str, str]]] = defaultdict(list)
for line in (Path(__file__).parent / "sample.jsonl").read_text(encoding="utf-8").splitlines():
    SAMPLE[(mutant := json.loads(line))["exercise"]].append(mutant)


@forgets
@pytest.mark.parametrize("name", exercises())
async def test_the_sample_is_refused(name):
    assert SAMPLE[name], "a new exercise? Then run refresh_sample.py"
    results = await judge(exercises()[name], [mutant["code"] for mutant in SAMPLE[name]])
    for mutant, result in zip(SAMPLE[name], results, strict=True):
        assert refuses(result), f"{mutant['fault']}:\n{mutant['code']}\n{result}"
