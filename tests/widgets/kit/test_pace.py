"""Updates of a widget at a bounded rate, of which the last one is never lost."""

import asyncio
from itertools import pairwise
from time import perf_counter as clock

import pytest
from support import until

from wslearn.widgets.kit.pace import GAP, Pace

#: What people wrote: "below 20 a second".
MOST = 20


@pytest.fixture
def shown() -> list[tuple[float, int]]:
    """When which value was shown."""
    return []


@pytest.fixture
def pace(shown) -> Pace:
    pace = Pace(lambda value: shown.append((pace._shown_at, value)))  # by its own clock: a pause may come after it
    return pace


async def test_a_flood_is_thinned_out_and_ends_with_the_last_value(pace, shown):
    began, value = clock(), 0
    while clock() - began < 2.2 * GAP or value < 1000:
        value += 1
        pace(value)
        await asyncio.sleep(0)
    await until(lambda: shown[-1][1] == value)
    times = [at for at, _ in shown]
    assert shown[0][1] == 1 and 2 < len(shown) < value
    assert min(b - a for a, b in pairwise(times)) > 1 / MOST
    assert [value for _, value in shown] == sorted(value for _, value in shown)


async def test_two_at_once_show_the_first_now_and_the_second_soon(pace, shown):
    pace(1)
    pace(2)
    assert [value for _, value in shown] == [1]
    await until(lambda: shown[-1][1] == 2)


async def test_the_end_of_a_run_shows_what_waits_and_only_once(pace, shown):
    pace(1)
    pace(2)
    pace.end()
    pace.end()
    await asyncio.sleep(2 * GAP)
    assert [value for _, value in shown] == [1, 2]
