import asyncio

from support import until

from wslearn.common.throttle import Throttle


async def test_several_at_once_are_done_once_more_later_and_the_last_one_always():
    done = []
    throttle = Throttle(done.append, interval=lambda key: 0.05)
    for _ in range(5):
        throttle.ask("a")
    throttle.ask("b")
    assert done == ["a", "b"]
    await until(lambda: len(done) == 3)
    await asyncio.sleep(0.1)
    assert done == ["a", "b", "a"]


async def test_flush_does_at_once_what_waits_and_nothing_otherwise():
    done = []
    throttle = Throttle(done.append, interval=lambda key: 60)
    throttle.flush("a")
    throttle.ask("a")
    throttle.flush("a")
    assert done == ["a"]
    throttle.ask("a")
    throttle.flush("a")
    assert done == ["a", "a"]


async def test_what_is_forgotten_is_not_done_and_begins_again():
    done = []
    throttle = Throttle(done.append, interval=lambda key: 60)
    throttle.ask("a")
    throttle.ask("a")
    throttle.forget("a")
    assert not throttle._acted and not throttle._waiting
    throttle.ask("a")
    assert done == ["a", "a"]
