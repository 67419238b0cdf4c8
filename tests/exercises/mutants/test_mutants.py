"""Each small fault in a solution is refused by its check, or is known to be as right. Some minutes, by hand:

    uv run --extra test --with cosmic-ray pytest tests/exercises/mutants -m mutants

It prints each exercise's score, and the faults that its check does not see.
"""

import pytest
from exercises.mutants.scoring import exercises, judge, score

pytestmark = [
    pytest.mark.mutants,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
]
EXERCISES = exercises()


@pytest.mark.parametrize("name", EXERCISES)
async def test_every_mutant_is_refused_or_as_right_as_the_solution(name, capsys):
    pytest.importorskip("cosmic_ray", reason="add `--with cosmic-ray`")
    exercise = EXERCISES[name]
    [result] = await judge(exercise, [exercise.answer])
    assert result, f"the solution itself: {result}"
    found = await score(name, exercise)
    with capsys.disabled():
        print(f"\n{found}")
    assert not found.survivors and not found.unused, str(found)
