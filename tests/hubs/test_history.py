import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.hubs.history import EACH, LEFT, Histories, History


def fill(histories: Histories, topic: str, offsets, size: int = 10) -> History:
    history = histories.open(topic)
    for offset in offsets:
        histories.add(topic, offset, bytes(size))
    return history


def test_the_last_messages_are_kept_and_the_floor_says_what_has_left():
    histories = Histories(count=3)
    history = fill(histories, "tea", range(1, 6))
    assert [offset for offset, _ in history.messages] == [3, 4, 5]
    assert (history.floor, history.last) == (2, 5)
    assert [offset for offset, _ in history.since(3)] == [4, 5]
    assert history.since(5) == history.since(99) == []
    assert [offset for offset, _ in history.since(0)] == [3, 4, 5]


def test_all_topics_together_are_bounded_in_bytes_and_the_oldest_message_leaves_first():
    histories = Histories(size=4 * (EACH + 10))
    histories = Histories(size=4 * (EACH + 10))
    tea, coffee = fill(histories, "tea", [1]), fill(histories, "coffee", [2])
    fill(histories, "tea", [3])
    fill(histories, "coffee", [4, 5])
    assert ([offset for offset, _ in tea.messages], tea.floor) == ([3], 1)
    assert ([offset for offset, _ in coffee.messages], coffee.floor) == ([2, 4, 5], 0)
    fill(histories, "tea", [6])
    assert ([offset for offset, _ in coffee.messages], coffee.floor) == ([4, 5], 2)
    assert histories.bytes == histories.size


def test_a_message_that_is_larger_than_everything_is_not_kept_and_the_floor_says_so():
    histories = Histories(size=1000)
    history = fill(histories, "tea", [1], size=2000)
    assert (list(history.messages), history.floor, history.last, histories.bytes) == ([], 1, 1, 0)


def test_a_topic_that_was_forgotten_leaves_nothing_and_takes_nothing_of_others():
    histories = Histories(count=5, size=6 * (EACH + 10))
    fill(histories, "tea", range(1, 6))
    histories.forget("tea")
    histories.forget("tea")  # twice is fine
    assert histories.bytes == 0
    assert histories.floor("tea", 7) == 7 and "tea" not in histories._of
    tea = fill(histories, "tea", [1, 2])  # offsets begin anew
    coffee = fill(histories, "coffee", [3, 4, 5, 6])
    assert len(tea.messages) == 2 and len(coffee.messages) == 4
    fill(histories, "coffee", [7])
    assert len(tea.messages) == 1 and histories.bytes == histories.size


def test_a_topic_that_is_forgotten_and_comes_again_with_the_same_offsets_costs_no_more_each_time():
    """As a room does that its last member leaves and joins again."""
    histories = Histories()
    for _ in range(50):
        fill(histories, "tea", range(1, 401))
        assert len(histories._arrived) <= 2 * 400 + LEFT
        histories.forget("tea")


@pytest.mark.parametrize("seed", range(20))
def test_the_queue_of_arrivals_is_as_short_as_what_is_kept(seed):
    histories, rng = Histories(count=20, size=10_000), random.Random(seed)
    for offset in range(1, 2000):
        topic = rng.choice("abcdef")
        if rng.random() < 0.01:
            histories.forget(topic)
        histories.open(topic)
        histories.add(topic, offset, bytes(rng.randrange(300)))
        kept = [len(history.messages) for history in histories._of.values()]
        assert sum(kept) == histories._messages and len(histories._arrived) <= 2 * sum(kept) + LEFT
        assert max(kept) <= 20 and histories.bytes <= 10_000


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400), st.booleans()), max_size=60))
def test_nothing_after_the_floor_is_ever_missing(steps):
    histories, everything = Histories(count=4, size=1500), {"a": [], "b": [], "c": []}
    for offset, (topic, size, forget) in enumerate(steps, 1):
        if forget:
            histories.forget(topic)
        history = histories.open(topic, offset - 1)
        histories.add(topic, offset, bytes(size))
        everything[topic].append(offset)
        for name, one in histories._of.items():
            assert [number for number, _ in one.messages] == [n for n in everything[name] if n > one.floor]
        assert history.last == offset
        held = sum(len(data) + EACH for one in histories._of.values() for _, data in one.messages)
        assert held == histories.bytes <= 1500
