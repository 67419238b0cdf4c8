"""Events that a server keeps: how many, and who is woken."""

import asyncio

from wslearn.comparison.events import KEPT, KEPT_TEXT, Events


async def test_they_are_numbered_and_found_by_number():
    events = Events()
    for word in "abc":
        events.publish(word)
    assert [(event.id, event.payload) for event in events.after(1)] == [(2, "b"), (3, "c")]
    assert events.after(3) == []
    times = [event.time for event in events.after(0)]
    assert times == sorted(times)


async def test_what_is_kept_is_bounded_in_number_and_in_text():
    events = Events()
    for _ in range(KEPT + 5):
        events.publish("x")
    assert [event.id for event in events.after(0)] == list(range(6, KEPT + 6))
    for _ in range(50):
        events.publish("x" * (KEPT_TEXT // 20))
    assert sum(len(event.payload) for event in events.after(0)) <= KEPT_TEXT
    assert events.after(0)[-1].id == events.last == KEPT + 55


async def test_the_last_one_is_kept_however_long_it_is():
    events = Events()
    events.publish("x")
    waiting = asyncio.create_task(events.wait(1))
    await asyncio.sleep(0)
    long = events.publish("x" * (KEPT_TEXT + 1))
    assert await waiting == events.after(0) == [long]
    short = events.publish("x")
    assert events.after(0) == [short]


async def test_all_who_wait_are_woken_and_counted():
    events = Events()
    waiting = [asyncio.create_task(events.wait(0)) for _ in range(3)]
    await asyncio.sleep(0)
    assert events.waiting == 3
    published = events.publish("now")
    assert await asyncio.gather(*waiting) == [[published]] * 3
    assert events.waiting == 0


async def test_who_waits_is_let_go_at_the_end_and_when_cancelled():
    events = Events()
    one, two = (asyncio.create_task(events.wait(0)) for _ in range(2))
    await asyncio.sleep(0)
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)
    assert events.waiting == 1
    events.close()
    assert await one == []
    assert events.waiting == 0
