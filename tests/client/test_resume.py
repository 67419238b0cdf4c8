"""Where a client is, and what a server may say: without a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.client.resume import LARGEST, Gap, Place, read
from wslearn.messages import BadMessage, Joined


def joined(epoch="e", offset=0, floor=0, recovered=True):
    return Joined("tea", epoch, offset, floor, recovered, 0)


def test_a_first_join_misses_nothing():
    place = Place()
    assert not place.take(5)  # not before it has joined
    assert place.joined(joined(offset=7, floor=3)) is None
    assert (place.epoch, place.offset) == ("e", 7)
    assert not place.take(7) and not place.take(1) and place.take(9) and not place.take(8)


@pytest.mark.parametrize(
    ("reply", "gap", "place"),
    [
        (joined(offset=20, floor=3), None, Place("e", 7)),
        (joined(offset=20, floor=7), None, Place("e", 7)),
        (joined(offset=20, floor=8, recovered=False), Gap("e", 7, "e", 8), Place("e", 8)),
        (joined(offset=20, floor=8), Gap("e", 7, "e", 8), Place("e", 8)),  # whatever it claims
        (joined(offset=5, recovered=False), Gap("e", 7, "e", 7), Place("e", 7)),
        (joined("f", 2, 0, False), Gap("e", 7, "f", 0), Place("f", 0)),
        (joined("f", 9, 4, True), Gap("e", 7, "f", 4), Place("f", 4)),
    ],
)
def test_coming_back(reply, gap, place):
    back = Place("e", 7)
    assert back.joined(reply) == gap and back == place


def test_a_gap_is_told_in_a_sentence():
    assert str(Gap("e", 7, "e", 9)) == "messages 8 to 9 may be missing"
    assert str(Gap("e", 7, "f", 0)) == "the server started a new history: messages after 7 may be missing"
    assert str(Gap("e", 7, "e", 7)) == "the server can't prove that nothing is missing after 7"


@given(st.one_of(st.text(), st.binary(), st.integers().map(lambda n: f'{{"type":"ack","id":"1","offset":{n}}}')))
def test_whatever_a_server_sends_it_is_a_known_message_or_a_clear_error(data):
    try:
        message = read(data)
    except BadMessage as error:
        assert len(str(error)) < 1000 and "expected" in str(error)
    else:
        assert message is None or 0 <= message.offset <= LARGEST
