"""Each small fault in a solution is refused by its check, or is known to be as right. Some minutes, by hand:

    uv run --extra test --with cosmic-ray pytest tests/exercises/mutants -m mutants

It prints each exercise's score, and the faults that its check does not see.
"""

from collections import Counter

import pytest
from exercise_cases import forgets
from exercises.mutants.scoring import exercises, judge, score

pytestmark = [
    pytest.mark.mutants,
    pytest.mark.timeout(600),
]
EXERCISES = exercises()
TOTAL: Counter[str] = Counter()


@forgets
@pytest.mark.parametrize("name", EXERCISES)
async def test_every_mutant_is_refused_or_as_right_as_the_solution(name, capsys):
    pytest.importorskip("cosmic_ray", reason="add `--with cosmic-ray`")
    exercise = EXERCISES[name]
    [result] = await judge(exercise, [exercise.answer])
    assert result, f"the solution itself: {result}"
    found = await score(name, exercise)
    TOTAL.update(all=found.count, refused=found.count - len(found.survivors))
    with capsys.disabled():
        print(f"\n{found}\n(so far {TOTAL['refused']} of {TOTAL['all']})")
    assert not found.survivors, "the check calls the faults above right"
    assert not found.unused, "equivalent.py has more than it needs"
