"""Choose a few mutants of each exercise that its check refuses quickly, and write them into sample.jsonl:

    uv run --extra test --with cosmic-ray python tests/exercises/mutants/refresh_sample.py

The choice is always the same while the solutions are. Those of an exercise have different faults.
"""

import asyncio
import json
import sys
import time
import warnings
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from exercises.mutants.faults import mutants  # noqa: E402
from exercises.mutants.scoring import AT_ONCE, exercises, judge, refuses  # noqa: E402

from wslearn.exercises import Exercise  # noqa: E402

#: So many of each exercise, and how many seconds a check may take.
EACH, QUICK = 2, 3.0
#: So often a mutant is refused before it is taken: the order of a set, for instance, is another each time.
TIMES = 6
#: Faults that any check sees.
DULL = ("a statement is gone", "an await is gone", "another text")


async def chosen(name: str, exercise: Exercise) -> list[dict[str, str]]:
    """Return some mutants of an exercise, in an order that depends on its name."""
    found: dict[str, dict[str, str]] = {}
    every = mutants(exercise.answer)
    candidates = [mutant for mutant in every if mutant.fault not in DULL] or every  # an answer of only texts
    Random(name).shuffle(candidates)
    for mutant in candidates:
        if mutant.fault in found:
            continue
        began = time.perf_counter()
        results = await judge(exercise, [mutant.code] * TIMES)
        if all(map(refuses, results)) and time.perf_counter() - began < QUICK * TIMES / AT_ONCE:
            found[mutant.fault] = {"exercise": name, "fault": mutant.fault, "code": mutant.code}
        if len(found) == EACH:
            break
    return list(found.values())


async def main() -> None:
    """Write the file."""
    sample = [mutant for name, exercise in exercises().items() for mutant in await chosen(name, exercise)]
    lines = [json.dumps(mutant, ensure_ascii=False) for mutant in sample]
    (HERE / "sample.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(sample)} mutants")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a forgotten `await` is a fault like any other
    asyncio.run(main())
