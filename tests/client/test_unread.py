"""The queue of unread messages, and the choice among addresses."""

from support import Clock

from wslearn.client.addresses import Addresses
from wslearn.client.unread import Unread


def test_a_full_queue_has_room_again_at_half_its_size():
    unread = Unread(4)
    for item in range(4):
        assert not unread.full
        unread.add(item)
    assert unread.full and len(unread) == 4
    assert unread.take() == 0 and unread.full
    assert unread.take() == 1 and not unread.full and unread.room.is_set()
    assert unread.news.is_set()
    assert [unread.take(), unread.take()] == [2, 3] and not unread.news.is_set()


def test_a_few_long_messages_fill_it_too():
    unread = Unread(100, characters=10)
    unread.add("a", 6)
    assert not unread.full
    unread.add("b", 6)
    assert unread.full
    unread.take()
    assert unread.full
    unread.take()
    assert not unread.full


def test_addresses_are_tried_in_turn_and_one_that_asks_for_a_pause_gets_it():
    clock = Clock()
    addresses = Addresses(["ws://a/", "ws://b/", "ws://c/"], clock)
    tried = []
    for _ in range(4):
        tried.append(addresses.next)
        clock.now += 0.1
        addresses.failed(addresses.next)
    assert tried == ["ws://a/", "ws://b/", "ws://c/", "ws://a/"]
    addresses.failed("ws://b/", 60)
    for _ in range(4):
        assert addresses.pause == 0 and addresses.next != "ws://b/"
        clock.now += 0.1
        addresses.failed(addresses.next)
    assert not addresses.refused("ws://a/") and not addresses.refused("ws://c/")
    assert addresses.next == "ws://b/" and 59 < addresses.pause < 60
    assert addresses.refused("ws://b/")
