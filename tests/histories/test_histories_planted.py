"""Each planted fault is found, and shrunk to a short story that tells of it."""

import planted
import pytest
from careful import Careful

from wslearn.histories import Schedule, Step, check, judge, run, tell
from wslearn.hubs import MemoryHub
from wslearn.servers.feed import FeedServer

#: What ends a hunt is its 60 runs, and that no story is shorter: a starved machine needs minutes for it.
PATIENCE = 400
pytestmark = pytest.mark.timeout(500)


def small():
    return MemoryHub(count=2)


#: Client, server, options, the kinds that count, the most steps of the shortest story, and what its end says.
FAULTS = [
    # An await between deciding what was missed and joining: who comes first depends on turns of the event loop.
    (Careful, planted.AwaitsBeforeJoining, {}, {"lost"}, 9, "which the server acknowledged to"),
    # An ack that can't be sent takes the fan-out with it.
    (Careful, planted.AcksBeforeFanOut, {"hub": planted.StoresFirst}, {"unheard"}, 3, "nobody received it"),
    # No dedupe; dedupe by the id alone.
    (Careful, FeedServer, {"hub": planted.KnowsNoKeys}, {"doubled"}, 3, "received 1 twice"),
    (Careful, planted.KeyIsTheId, {}, {"unheard"}, 2, "nobody received it"),
    # Several messages in flight, so that a retry overtakes.
    (planted.SeveralInFlight, FeedServer, {}, {"overtaken"}, 4, "wrote 1 before 2, and it was stored after it"),
    # A resume from the wrong place.
    (planted.TakesJoinedForHeard, FeedServer, {}, {"lost"}, 4, "never received 1"),
    # `recovered: true` with a new epoch.
    (Careful, planted.SaysRecovered, {}, {"misled"}, 1, "`recovered` must be false"),
    # A client that does not drop what its user has had.
    (planted.KeepsItsPlaceRarely, FeedServer, {}, {"doubled"}, 4, "received 1 twice"),
]
MORE = [
    (Careful, planted.OffByOne, {}, {"lost"}, 2, "never received"),
    (planted.DoesNotResume, FeedServer, {}, {"lost"}, 3, "never received 1"),
    (planted.DoesNotReconnect, FeedServer, {}, {"lost"}, 2, "never received"),
    (planted.ANewIdForEachTry, FeedServer, {}, {"doubled"}, 3, "received 1 twice"),
    (planted.KeepsQuiet, FeedServer, {}, {"untold"}, 1, "was never told"),
    (planted.KeepsItsOldOffset, FeedServer, {}, {"lost", "unheard"}, 4, "received"),
    (planted.ForgetsWhatItSent, FeedServer, {}, {"unsent"}, 3, "wrote 1, and the server never stored it"),
    (Careful, planted.AcksBeforeStoring, {}, {"doubled", "unheard"}, 4, "1"),
]


@pytest.mark.parametrize(
    ("client", "server", "options", "kinds", "steps", "ending"),
    [*FAULTS, *(pytest.param(*fault, marks=pytest.mark.thorough) for fault in MORE)],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_planted_fault_is_found_and_told(client, server, options, kinds, steps, ending):
    report = await check(client.run, server, runs=60, seconds=PATIENCE, kinds=kinds, patience=0.5, **options)
    assert report.story, f"not found in {report.runs} runs"
    story = str(report)
    assert report.story.verdict.kinds & kinds and len(report.story.schedule) <= steps, story
    assert ending in story.partition("So:")[2] and "in the room." in story, story


@pytest.mark.parametrize("missed", [1, 2, 3])
async def test_what_lies_under_the_floor_must_be_admitted(missed):
    """A hub that keeps two messages: from the third one on, it can't prove that nothing is lost."""
    written = [Step("write", "Ann", str(number)) for number in range(missed)]
    away = Schedule((Step("silence", "Bob"), Step("cut", "Bob"), *written, Step("settle"), Step("restart")))
    honest = judge(await run(away, Careful.run, hub=small))
    assert honest.ok and honest.counts["unrecovered"] == honest.counts["admitted"] == (missed > 2), honest.counts
    lies = judge(await run(away, Careful.run, planted.SaysRecovered, hub=small))
    assert lies.kinds == ({"misled", "lost"} if missed > 2 else set()), lies
    assert missed < 3 or ("the floor is 1" in str(lies) and "Bob never received 0" in str(lies))


async def test_a_story_is_told_in_sentences():
    schedule = Schedule((Step("lose_ack", "Ann"), Step("write", "Ann", "1"), Step("settle")))
    history = await run(schedule, Careful.run, hub=planted.KnowsNoKeys)
    lines = tell(history, judge(history)).splitlines()
    assert lines[:4] == [
        "Ann and Bob are in the room.",
        "Ann sends 1.",
        "The server acknowledges 1.",
        "Ann's connection is cut before the ack arrives.",
    ]
    assert {"Bob receives 1.", "Ann receives 1.", "Ann sends 1 again."} < set(lines)
    assert sorted(lines[-2:]) == ["- Ann received 1 twice.", "- Bob received 1 twice."] and lines[-3] == "So:"
    assert judge(await run(schedule, Careful.run)).ok
