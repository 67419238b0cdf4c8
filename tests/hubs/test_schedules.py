"""Random schedules of faults that happen to processes: kill, freeze, cut off, drain, the engine too; and a judge."""

import asyncio
import random

import pytest

from wslearn.client import Gap, Subscription
from wslearn.histories import History, judge
from wslearn.hubs import Cluster

PEOPLE = ("Ann", "Bob", "Carl", "Dora")
#: What can happen, and to whom.
FAULTS = {
    "kill": ("a", "b", "c", "engine"),
    "freeze": ("a", "b", "c", "engine"),
    "cut_off": ("a", "b", "c"),
    "drain": ("a", "b", "c"),
}


async def person(name: str, number: int, cluster: Cluster, history: History, stop: asyncio.Event) -> None:
    """Write three texts a second, and read, until the end; the last text is `bye`."""
    urls = cluster.urls[number % 3 :] + cluster.urls[: number % 3]
    here = Subscription(urls, "tea", gaps_in_stream=True, base=0.05, cap=0.5, silence=4.0)
    async with here:
        history.joined(name, here.place.epoch, here.place.offset)

        async def write() -> None:
            count = 0
            while not stop.is_set():
                await say(f"{name} {count}")
                count += 1
                await asyncio.sleep(random.uniform(0.1, 0.5))
            await say(f"{name}: bye")

        async def say(text: str) -> None:
            history.wrote(name, text)
            history.sent(name, text)
            offset = await here.send(text)
            history.acknowledged(name, text, offset, here.place.epoch)

        writing = asyncio.create_task(write())
        goodbyes = 0
        async for item in here:
            if isinstance(item, Gap):
                history.joined(name, item.new_epoch, item.floor, recovered=False, floor=item.floor, since=item.after)
                history.told(name)
            else:
                history.heard(name, item.message, item.offset, here.epoch)
                goodbyes += item.message.endswith("bye")
            if goodbyes == len(PEOPLE):
                break
        await writing


async def fault(draw: random.Random, cluster: Cluster, history: History) -> None:
    what = draw.choice(sorted(FAULTS))
    who, seconds = draw.choice(FAULTS[what]), draw.uniform(0.1, 2.0)
    history.happened(f"{what} {who} for {seconds:.1f} s")
    if what == "kill":
        await cluster.kill(who, seconds)
        await cluster.ready(who)
    elif what == "drain":
        await cluster.drain(who)
    else:
        getattr(cluster, what)(who)
        await asyncio.sleep(seconds)
        cluster.resume(who)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 11))]
)  # fmt: skip
@pytest.mark.timeout(350)  # five faults to nine processes: half a minute, and much more on a starved machine
async def test_nothing_is_lost_doubled_or_reordered(seed):
    draw, history, stop = random.Random(seed), History(), asyncio.Event()
    async with Cluster("feed", 3, network=True) as cluster, asyncio.timeout(300):
        async with asyncio.TaskGroup() as group:
            for number, name in enumerate(PEOPLE):
                group.create_task(person(name, number, cluster, history, stop))
            for _ in range(5):
                await asyncio.sleep(draw.uniform(0.2, 0.8))
                await fault(draw, cluster, history)
            stop.set()
    verdict = judge(history)
    assert verdict.ok, f"{verdict}\n{history}"
    assert verdict.counts["wanted"] > 20
