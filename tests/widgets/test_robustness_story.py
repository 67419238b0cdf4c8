"""The robustness lab tells the same story each time: who was harmed, who stopped the attack, in which words.

    WSLEARN_STORIES=30 uv run --extra test pytest -n 0 tests/widgets/test_robustness_story.py

Only the story is compared, not the numbers. Bob was harmed if he waited long, or lost his connection.
"""

import asyncio
import os
from itertools import product
from time import perf_counter as clock

import pytest
from support import until

from wslearn.widgets.robustness import RobustnessLab
from wslearn.widgets.robustness_cast import ATTACKS, SERVERS

#: From here on a wait is harm, in seconds. People notice 0.1 s, but so long Bob may wait for a busy computer's CPU. The
#: longest time for which the event loop got no CPU at all is subtracted.
HARM = 0.5
#: How often the story is told.
TIMES = int(os.environ.get("WSLEARN_STORIES", "1"))
#: How each attack ends, the log's line about that, and what became of Bob.
STORIES = {
    ("protected", "stall"): ("dropped", "aborted: it reads too slowly", "nothing"),
    ("protected", "flood"): ("closed: 1008", "Too many messages", "nothing"),
    ("protected", "oversize"): ("closed: 1009", "exceeds limit of 65536 bytes", "nothing"),
    ("protected", "bad JSON"): ("closed: 1008", "10 malformed messages in a row", "nothing"),
    ("naive", "stall"): ("nobody stopped it, it gave up after 4 s", None, "waited"),
    ("naive", "flood"): ("nobody stopped it, all 3,000 passed on", None, "waited"),
    ("naive", "oversize"): ("nobody stopped it, all 5 passed on", None, "waited"),
    ("naive", "bad JSON"): ("closed: 1011", "JSONDecodeError", "disconnected"),
}


async def pauses(longest: list[float]) -> None:
    """Note in `longest[0]` the longest time for which the event loop was away."""
    while True:
        at = clock()
        await asyncio.sleep(0.01)
        longest[0] = max(longest[0], clock() - at)


async def story(kind: str, name: str) -> tuple[str, str, str, float]:
    """Run the lab, press an attack, and return how it ended, the log's line, what became of Bob, and his wait."""
    lab, longest = RobustnessLab(), [0.0]
    watch = asyncio.create_task(pauses(longest))
    lab.server_kind.value = kind
    try:
        lab.run.click()
        lab.buttons[name].click()  # in the first milliseconds
        async with asyncio.timeout(25):
            await until(lambda: len(lab.rows) == 1, 25)
            count = len(lab.bob.trips)
            await until(lambda: len(lab.bob.trips) > count + 2 or len(lab.bob.lost) >= 2, 10)
        # Nothing may keep the protected server from Bob but the machine itself; an attack keeps the naive one from him.
        away = longest[0] if kind == "protected" else 0.0
        (attack,), waited = lab.attacks, lab.bob.slowest(0, lab.elapsed()) - away
        line = f"{attack.logged.text} {attack.logged.reason}" if attack.logged else ""
        bob = "disconnected" if lab.bob.lost else "waited" if waited > HARM else "nothing"
        return attack.verdict(), line, bob, waited
    finally:
        watch.cancel()
        await lab.task.stop()
        assert lab.task.state == "cancelled", lab.task.error


@pytest.mark.clock
@pytest.mark.parametrize(("kind", "name", "time"), list(product(SERVERS, ATTACKS, range(TIMES))))
async def test_the_story_is_the_same_each_time(kind, name, time):
    ends, logged, becomes = STORIES[kind, name]
    verdict, line, bob, waited = await story(kind, name)
    print(f"\n{kind}, {name}: {verdict}; Bob: {bob}, {1000 * waited:.0f} ms")
    assert (verdict, bob) == (ends, becomes), f"Bob waited for {1000 * waited:.0f} ms"
    assert (logged or "") in line and bool(logged) == bool(line), line
