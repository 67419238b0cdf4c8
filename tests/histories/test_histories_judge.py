"""The judge, with histories that are written by hand."""

import pytest

from wslearn.histories import History, judge


def story(*events):
    """Return a history in which Ann and Bob have joined epoch `e` at offset 0, with these events after that."""
    history = History()
    for who in ("Ann", "Bob"):
        history.joined(who, "e", 0)
    for name, *values in events:
        options = values.pop() if values and isinstance(values[-1], dict) else {}
        getattr(history, name)(*values, **options)
    return history


def both(text, offset, epoch="e"):
    return [("heard", who, text, offset, epoch) for who in ("Ann", "Bob")]


ONE = [("wrote", "Ann", "1"), ("acknowledged", "Ann", "1", 1, "e")]
TWO = [*ONE, ("wrote", "Ann", "2"), ("acknowledged", "Ann", "2", 2, "e")]
#: Bob comes back, and the server can't prove that he gets everything: of the same epoch, and of another one.
UNPROVED = ("joined", "Bob", "e", 2, {"recovered": False, "floor": 1, "since": 0, "of": "e"})
ANEW = ("joined", "Bob", "f", 0, {"recovered": False, "floor": 0, "since": 0, "of": "e"})


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([], set()),
        ([*ONE, *both("1", 1)], set()),
        # Lost: acknowledged, or received by somebody.
        ([*ONE, ("heard", "Ann", "1", 1, "e")], {"lost"}),
        ([("wrote", "Ann", "1"), ("heard", "Ann", "1", 1, "e")], {"lost"}),
        ([*ONE], {"unheard"}),
        ([("wrote", "Ann", "1")], {"unsent"}),
        # Who comes later misses nothing of what was before; who was there does.
        ([*ONE, *both("1", 1), ("joined", "Zoe", "e", 1)], set()),
        ([("joined", "Zoe", "e", 0), *ONE, *both("1", 1)], {"lost"}),
        # Twice, out of order, overtaken, invented.
        ([*ONE, *both("1", 1), ("heard", "Bob", "1", 1, "e")], {"doubled"}),
        ([*ONE, *both("1", 1), ("acknowledged", "Ann", "1", 2, "e"), *both("1", 2)], {"doubled"}),
        ([*TWO, *both("1", 1), ("heard", "Ann", "2", 2, "e"), ("heard", "Bob", "2", 2, "e")], set()),
        ([*TWO, *both("2", 2), ("heard", "Ann", "1", 1, "e"), ("heard", "Bob", "1", 1, "e")], {"reordered"}),
        ([("wrote", "Ann", "1"), ("wrote", "Ann", "2"), *both("2", 1), *both("1", 2)], {"overtaken"}),
        ([("wrote", "Ann", "1"), ("wrote", "Bob", "2"), *both("2", 1), *both("1", 2)], set()),
        ([*both("1", 1)], {"phantom"}),
        # What the floor admits may be missing, if the user is told; nothing else may.
        ([*TWO, *[("heard", "Ann", t, o, "e") for t, o in (("1", 1), ("2", 2))], UNPROVED, ("told", "Bob")], {"lost"}),
        ([*TWO, ("heard", "Ann", "1", 1, "e"), *both("2", 2), UNPROVED, ("told", "Bob")], set()),
        ([*TWO, ("heard", "Ann", "1", 1, "e"), *both("2", 2), UNPROVED], {"lost", "untold"}),
        # A new epoch: what Bob has not had of the last one may be missing; what comes twice is the price.
        ([*ONE, ("heard", "Ann", "1", 1, "e"), ANEW, ("told", "Bob")], set()),
        ([*ONE, *both("1", 1), ANEW, ("told", "Bob"), ("heard", "Bob", "1", 1, "f")], set()),
        ([*ONE, *both("1", 1), ANEW, ("told", "Bob"), *[("heard", "Bob", "1", 1, "f")] * 2], {"doubled"}),
        ([*ONE, *both("1", 1), ANEW, ("heard", "Bob", "1", 1, "f")], {"doubled", "untold"}),
        ([*ONE, *both("1", 1), ("joined", "Bob", "f", 0), ("heard", "Bob", "1", 1, "f")], {"doubled"}),
        # `recovered: true` needs a proof.
        ([("joined", "Bob", "e", 0, {"since": 0, "of": "e"})], set()),
        ([("joined", "Bob", "f", 0, {"since": 0, "of": "e"})], {"misled"}),
        ([("joined", "Bob", "e", 9, {"since": 3, "of": "e", "floor": 4})], {"misled"}),
        ([("joined", "Bob", "e", 9, {"since": 3, "of": "e", "floor": 3})], set()),
        # Who joins as a stranger, and was there before, is told nothing and misses it all the same.
        ([*ONE, ("heard", "Ann", "1", 1, "e"), ("joined", "Bob", "e", 1)], {"lost"}),
        ([("acknowledged", "Ann", "1", 1, "e"), ("wrote", "Ann", "1"), *both("1", 2)], {"misled"}),
        ([("ended", "Bob", "ValueError: no")], {"crashed"}),
        ([("ended", "Bob"), ("happened", "The server is killed."), ("refused", "Bob", "rate-limited", "1")], set()),
    ],
)
def test_it_finds_what_is_wrong_and_nothing_else(events, kinds):
    verdict = judge(story(*events))
    assert verdict.kinds == kinds and verdict.ok == (not kinds), verdict


def test_a_server_without_offsets_is_judged_by_what_others_received():
    history = History()
    for who in ("Ann", "Bob"):
        history.joined(who)
    history.wrote("Ann", "1"), history.wrote("Bob", "2")
    history.heard("Ann", "1"), history.heard("Ann", "2"), history.joined("Zoe")
    assert judge(history).kinds == {"lost"} and judge(history).counts["missing"] == 2
    history.heard("Bob", "2"), history.heard("Bob", "1")
    assert judge(history).kinds == {"reordered"}


def test_the_counts_are_those_of_a_table():
    verdict = judge(story(*TWO, ("heard", "Ann", "1", 1, "e"), *both("2", 2), UNPROVED, ("told", "Bob")))
    counts = {name: verdict.counts[name] for name in ("wanted", "missing", "admitted", "doubled", "unrecovered")}
    assert counts == {"wanted": 4, "missing": 0, "admitted": 1, "doubled": 0, "unrecovered": 1}


def test_a_long_list_of_findings_is_cut_and_counted():
    verdict = judge(story(*[("wrote", "Ann", str(number)) for number in range(100)]))
    assert len(verdict.findings) == 20 and str(verdict).endswith("And 80 more.") and verdict.counts["unsent"] == 100


def test_what_happened_can_be_read():
    history = story(*ONE, ("sent", "Ann", "1"), ("sent", "Ann", "1"), *both("1", 1), UNPROVED, ("told", "Bob"))
    text = str(history)
    for sentence in (
        "Ann joins at offset 0.", "Ann writes 1.", "The server stores 1 at offset 1 and sends the ack to Ann.",
        "Ann's client sends 1.", "Ann's client sends 1 again.", "Bob receives 1.", "Bob is told",
        "Bob resumes from offset 0: not recovered, and everything after offset 1 is kept.",
    ):  # fmt: skip
        assert sentence in text
    assert "Heard(who='Bob', text='1', offset=1, epoch='e')" in repr(history) and len(history) == 10
