"""The last part of some checks: the checker of histories tries an answer with many faults, and tells what it found."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from random import Random
from time import monotonic as clock
from typing import Any

from websockets.exceptions import InvalidHandshake

from wslearn.client import Subscription
from wslearn.exercises.engine import Talk
from wslearn.testing.histories import History, Person, Schedule, Step, Verdict, judge, run, tell

#: What `connect` raises if the connection is lost in the middle of the handshake.
HANDSHAKE = (InvalidHandshake, OSError, EOFError)
Client = Callable[[Person], Awaitable[None]]
#: Stories that an answer must survive; and seconds after which no other one begins, on a busy machine.
STORIES, ENOUGH = 5, 3.0


async def reads_well(person: Person) -> None:
    """Be a client that loses nothing, and tells its user everything."""
    async with Subscription(person.url, person.room, base=0.02, cap=0.1) as room:
        async for message in room:
            person.hear({"type": "room-message", "message": message.message, "offset": message.offset})


async def writes_well(person: Person) -> None:
    """Be a client that sends each text once, and reads nothing."""
    async with Subscription(person.url, person.room, base=0.02, cap=0.1) as room:
        while True:
            await room.send(await person.next())


def reader_stories() -> Iterable[Schedule]:
    """Yield schedules in which Ann writes, and Zoe's connection is cut again and again."""
    for seed in range(STORIES):
        random, number, steps = Random(seed), 0, []
        for _ in range(4):
            faults = random.choice((("cut",), ("cut_joining", "cut"), ("cut",)))
            steps += [Step("settle"), *(Step(fault, "Zoe") for fault in faults)]
            for _ in range(random.randrange(5)):
                number += 1
                steps.append(Step("write", "Ann", str(number), random.choice((0, 0, 1, 3, 8, 21))))
        yield Schedule(tuple(steps), ("Zoe", "Ann"), seed)


def writer_stories(texts: int) -> Iterable[Schedule]:
    """Yield schedules in which Zoe writes so many texts, and her messages or their acks are lost on the way."""
    for seed in range(STORIES):
        random = Random(seed)
        faults = [random.choice(("lose_ack", "lose_message")) for _ in range(4)]
        writes = [Step("write", "Zoe", str(number)) for number in range(1, texts + 1)]
        later = [Step(fault, "Zoe", turns=random.choice((1, 8, 21, 40))) for fault in faults[1:]]
        yield Schedule((Step(faults[0], "Zoe"), *writes, *later, Step("settle")), ("Ann", "Zoe"), seed)


async def survives(
    talk: Talk, clients: Mapping[str, Client], stories: Iterable[Schedule], advice: str, about: Callable[[Any], bool]
) -> None:
    """Expect that nothing is lost, doubled or out of order in any story. `about` says which findings count.

    Zoe's client is the student's.
    """
    count, began = 0, clock()
    spoiled: list[BaseException] = []

    async def zoe(person: Person) -> None:
        try:
            await clients["Zoe"](person)
        except HANDSHAKE as error:  # cut before there was a WebSocket, which the task does not speak of
            spoiled.append(error)
            raise

    for schedule in stories:
        if clock() - began > ENOUGH:
            break
        history = await run(schedule, {**clients, "Zoe": zoe})
        if spoiled:
            spoiled.clear()
            continue
        verdict = judge(history)
        found = Verdict([finding for finding in verdict.findings if about(finding)])
        if found.findings:
            text = f"{advice} The checker of histories tells what happened:\n{tell(history, found)}"
            talk.fail(text, "the checker", "finds", found.findings[0].kind, expected="nothing wrong")
        count += 1
    talk.tells("the checker", "finds", f"nothing lost, doubled or out of order in stories with cut cables: {count}")


def finding_of(texts: Iterable[tuple[int, str]], since: int, came: Iterable[tuple[int, str]]) -> Any:
    """Return what the checker finds first about one client: what was stored, its offset at the start, what came."""
    history = History()
    for who, start in (("Bob", 0), ("Zoe", since)):
        history.joined(who, "e1", start)
    for offset, text in texts:
        history.wrote("Ann", text)
        history.acknowledged("Ann", text, offset, "e1")
        history.heard("Bob", text, offset, "e1")
    for offset, text in came:
        history.heard("Zoe", text, offset, "e1")
    return next((finding for finding in judge(history).findings if finding.who == "Zoe"), None)
