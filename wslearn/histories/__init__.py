"""A checker of histories: what was lost, doubled or reordered, and the shortest story in which it happens. Lesson 09.

    async def naive(person):                       # a client of your own: of one person, in one room
        async with connect(person.url) as ws:      # through a network that breaks
            await ws.send(json.dumps({"type": "join-room", "room": person.room}))
            async for message in ws:
                person.hear(message)               # give the user what you have received

    report = await check(naive)                    # tries random faults, and shrinks the first one that breaks it
    print(report)                                  # the shortest story, in sentences; report.ok, report.story

A client that sends takes its texts from `await person.next()`. Whoever drops what the user has had does not call
`hear` for it; `hear(joined)` with `recovered: false` tells the user of a gap, and so does `person.tell()`.

- `check(client, server=FeedServer, runs=40, seconds=20, seed=1, people=("Ann", "Bob"), steps=…, on_progress=print)`.
  `client`: such a function, or a dict with one for each name. `server`: a class or a function that is called with
  `port=` and `hub=`. `steps`: the faults that may happen, such as `("cut", "lose_ack", "settle")`; see `STEPS`.
- `Schedule((Step("write", "Ann", "1"), Step("lose_ack", "Ann"), …))` is a schedule of your own; `Schedule.random(7)`
  that of a seed. `history = await run(schedule, client, server)` carries it out.
- `subscribing` is such a function, of a `Subscription`: `check(subscribing, YourServer)` tests a server.
- `verdict = judge(history)`: `verdict.ok`, `verdict.findings` (`kind`, `who`, `text`, `sentence`), `verdict.kinds` (of
  `KINDS`), and `verdict.counts["wanted"]`, `["missing"]`, `["doubled"]`, `["reordered"]`, `["admitted"]`,
  `["unrecovered"]`.
- `History()` can be written by hand too: `history.wrote("Ann", "1")`, `.joined("Bob", "e1", 0)`, `.heard("Bob", "1", 1,
  "e1")`, …; `judge` then judges what any client and server have done.
"""

from wslearn.histories.checking import Report, Story, check, shrink
from wslearn.histories.history import History
from wslearn.histories.judging import judge
from wslearn.histories.person import Person
from wslearn.histories.running import run
from wslearn.histories.schedule import STEPS, USUAL, Schedule, Step
from wslearn.histories.subscribing import subscribing
from wslearn.histories.telling import tell
from wslearn.histories.verdict import KINDS, Finding, Verdict

__all__ = [
    "KINDS", "STEPS", "USUAL", "Finding", "History", "Person", "Report", "Schedule", "Step", "Story", "Verdict",
    "check", "judge", "run", "shrink", "subscribing", "tell",
]  # fmt: skip
