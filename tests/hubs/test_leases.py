"""Leases: who is on the other servers, without any network."""

import msgspec
import pytest

from wslearn.hubs.leases import BEAT, LEASE, SERVERS, Here, Leases

A, B, C = "a" * 16, "b" * 16, "c" * 16


class Two:
    """Two servers whose messages this test carries, on a clock that the test sets."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.numbers: list[int] = []
        self.a = Leases(A, self.told.append, self.numbers.append)
        self.b = Leases(B, lambda topic: None, lambda number: None)
        self.now = 100.0

    def beat(self, *speakers: Leases) -> None:
        for speaker in speakers:
            data = speaker.message()
            for listener in (self.a, self.b):
                listener.heard(data, self.now)

    def pass_time(self, seconds: float, *speakers: Leases) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now += BEAT
            self.beat(*speakers)


@pytest.fixture
def two() -> Two:
    return Two()


def test_members_of_both_servers(two):
    assert two.a.changed("tea", {"guest-2"}, "s1")
    assert two.b.changed("tea", {"guest-1"}, "s2") and two.b.changed("coffee", {"guest-9"}, "s2")
    two.beat(two.a, two.b)
    assert two.a.names("tea") == two.b.names("tea") == ["guest-1", "guest-2"]
    assert two.a.names("coffee") == ["guest-9"]
    assert two.told == ["tea", "coffee", "tea"] or two.told == ["tea", "tea", "coffee"]
    assert set(two.numbers) == {1, 2, 9}
    assert not two.a.changed("tea", {"guest-2"}, "s1"), "that is no change"
    assert two.b.changed("tea", (), "s2")
    two.beat(two.b)
    assert two.a.names("tea") == ["guest-2"]


def test_a_server_that_says_nothing_is_gone_after_two_seconds_and_not_before(two):
    two.b.changed("tea", {"bob"}, "s2")
    two.beat(two.a, two.b)
    two.pass_time(LEASE, two.a)
    assert two.a.names("tea") == ["bob"]
    two.pass_time(2 * BEAT, two.a)
    assert two.a.names("tea") == []
    assert two.now - 100 <= 3


def test_nothing_expires_while_the_engine_is_silent(two):
    two.b.changed("tea", {"bob"}, "s2")
    two.beat(two.a, two.b)
    two.now += 60  # nobody hears anything, not even itself
    assert two.a.names("tea") == ["bob"]
    for _ in range(5):  # the engine is back, and everything that was under way comes at once: own messages first
        two.beat(two.a)
    assert two.a.names("tea") == ["bob"]
    two.pass_time(LEASE + 2 * BEAT, two.a)
    assert two.a.names("tea") == [], "now it has really said nothing"


def test_a_server_that_ends_says_so(two):
    two.b.changed("tea", {"bob"}, "s2")
    two.beat(two.b)
    assert two.a.names("tea") == ["bob"]
    two.a.heard(two.b.message(ends=True), two.now)
    assert two.a.names("tea") == []


def test_a_newcomer_asks_and_a_message_that_got_lost_is_asked_for(two):
    two.b.changed("tea", {"bob"}, "s2")
    two.b.message()  # lost
    two.beat(two.b)
    assert two.a.names("tea") == []
    two.beat(two.a)  # which asks, because it has not heard the members of that version
    two.beat(two.b)
    assert two.a.names("tea") == ["bob"]
    assert msgspec.json.decode(two.b.message()) == {"server": B, "version": 1}, "nothing more is due"


def test_two_servers_of_one_process(two):
    two.a.changed("tea", {"ann"}, "s1")
    two.a.changed("tea", {"carl"}, "s2")
    two.a.changed("tea", (), "s1")
    assert two.a.names("tea") == ["carl"]
    two.beat(two.a)
    assert two.b.names("tea") == ["carl"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"server":"x","version":1}',
        b'{"server":"bbbbbbbbbbbbbbbb","version":-1}',
        b'{"server":"bbbbbbbbbbbbbbbb","version":1,"rooms":{"no room":["x"]}}',
        b'{"server":"bbbbbbbbbbbbbbbb","version":1,"rooms":{"tea":[1]}}',
        b'{"server":"bbbbbbbbbbbbbbbb","version":1,"rooms":{"tea":[""]}}',
        b"[" * 100_000,
    ],
)
def test_garbage_is_skipped(two, garbage):
    two.a.heard(garbage, two.now)
    assert two.a.names("tea") == [] and two.told == []


def test_servers_that_are_made_up_do_not_fill_the_memory(two):
    for number in range(SERVERS + 50):
        two.a.heard(msgspec.json.encode(Here(f"{number:016x}", 1, {"tea": [f"n{number}"]})), two.now)
    assert len(two.a.names("tea")) == SERVERS
