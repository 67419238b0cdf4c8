"""The frames of a vote on the board: what was really sent, and no words of anybody."""

import json

import pytest
from phones_of_tests import board, noted, phone
from support import hear, tell

from wslearn.classroom import Classroom, ClassServers, vote_frames
from wslearn.classroom.messages import Vote, WallEntry, WallState
from wslearn.fast import frame
from wslearn.messages import decode, encode

VOTE = '{"type":"vote","poll":"p1","choice":1,"id":"0a"}'


async def test_the_board_gets_the_frames_of_a_vote():
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Ann") as ann, board(servers) as shown:
        await servers.ask("Tea?", ["yes", "no"])
        servers.show()
        await hear(ann, "poll")
        with noted(ann) as received:
            await ann.send(VOTE)
            await hear(ann, "ack")
            await hear(ann, "poll")
        rows = (await hear(shown, "frames"))["rows"]
        assert rows[0] == (
            'phone → server, 54 bytes: 81 b0, a mask of 4 bytes, and {"type":"vote","poll":"p1","choice":1,"id":"0a"}'
        )
        assert rows[1] == 'server → phone, 26 bytes: 81 18 and {"type":"ack","id":"0a"}'
        assert rows[2].endswith('"open":true,"mine":1,"results":[0,1]}')
        for row in rows[1:3]:
            sent = frame(row.partition(" and ")[2])
            assert sent in b"".join(received) and f", {len(sent)} bytes: " in row
        assert rows[-1].startswith("server → board, ") and len(rows) == 4


async def test_while_results_are_hidden_the_frames_do_not_tell_them():
    """With one voter, or in a small class, a choice or a count would be a result."""
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Ann") as ann, board(servers) as shown:
        await servers.ask("Tea?", ["yes", "no"])
        await hear(ann, "poll")
        with noted(ann) as received:
            await ann.send(VOTE)
            rows = (await hear(shown, "frames"))["rows"]
            await hear(ann, "poll")
        assert rows[0] == (
            "phone → server, 54 bytes: 81 b0, a mask of 4 bytes, and "
            '{"type":"vote","poll":"p1","choice":(hidden),"id":"0a"}'
        )
        assert rows[2].endswith('"open":true,"mine":(hidden),"results":null}')
        sent = frame(rows[2].partition(" and ")[2].replace("(hidden)", "1"))
        assert sent in b"".join(received) and f", {len(sent)} bytes: " in rows[2]
        assert rows[3].startswith("server → board, ") and len(rows) == 4
        assert "[1,0]" not in "".join(rows) and "[0,1]" not in "".join(rows)


async def test_frames_are_the_same_for_each_choice_of_a_hidden_poll():
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Ann") as ann, board(servers) as shown:
        rows = []
        for number, choice in enumerate((0, 1, 9), start=1):
            await servers.ask("Tea?", [f"cup {number}" for number in range(10)])
            while (await hear(ann, "poll"))["poll"] != f"p{number}":
                pass
            await ann.send(VOTE.replace(":1,", f":{choice},").replace("p1", f"p{number}"))
            one = (await hear(shown, "frames"))["rows"]
            rows.append([row.replace(f'"p{number}"', '"p1"') for row in one[:3]])
        assert rows[0] == rows[1] == rows[2] and "(hidden)" in rows[0][0]


async def test_of_many_choices_the_size_of_a_frame_would_tell_so_there_are_none_before_they_are_shown():
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Ann") as ann, board(servers) as shown:
        await servers.ask("Tea?", [f"cup {number}" for number in range(11)])
        await hear(ann, "poll")
        await tell(ann, type="vote", poll="p1", choice=10, id="0a")
        await hear(ann, "ack")
        assert servers.room.vote_frames == []
        servers.show()
        await tell(ann, type="vote", poll="p1", choice=10, id="0b")
        assert '"choice": 10' in (await hear(shown, "frames"))["rows"][0]


async def test_the_counts_in_the_boards_own_frame_appear_with_the_results():
    """A class of one is small enough for the counts to be among the characters that are shown."""
    state = Classroom()
    ann = state.join("a" * 32, "Ann")
    state.ask("?", ["a", "b"])
    state.vote(ann, "p1", 1)
    message = encode(state.board([], ""))
    assert '"counts":[0,1]' in message[: vote_frames.SHOWN]
    assert '"counts":[0,1]' in vote_frames.reply_row("board", message)
    hidden = vote_frames.reply_row("board", message, hide=True)
    assert '"counts":(hidden),"vo' in hidden and hidden.startswith(f"server → board, {len(frame(message))} ")
    assert vote_frames.is_hidden(state.poll)
    state.show()
    assert not vote_frames.is_hidden(state.poll)


def test_words_of_people_are_no_results():
    message = encode(WallState([WallEntry("Ann", '"choice":1 and "counts":[1,2]')]))
    assert vote_frames.without_results(message) == message


@pytest.mark.parametrize(
    "vote",
    [
        '{"type":"vote","id":"rude words","id":"0a","poll":"p1","choice":1}',
        '{"type":"vote","poll":"p1","choice":1,"choice":0}',
        '{"type":"vote","poll":"p1","ch\\u006fice":1}',
        '{"type":"vote","poll":"p1","choice"  :  1}',
        ' {"type":"vote","poll":"p1","choice":1}',
    ],
)
def test_a_vote_that_is_written_in_another_way_is_not_shown(vote):
    assert decode(vote, Vote)
    assert not vote_frames.is_plain(vote)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_a_page_or_python_writes_is_shown_without_its_choice(separators):
    vote = json.dumps({"type": "vote", "poll": "p1", "choice": 7, "id": "0a"}, separators=separators)
    assert vote_frames.is_plain(vote)
    assert vote_frames.vote_row(vote, hide=True).endswith(vote.replace("7", "(hidden)"))


@pytest.mark.parametrize("more", [{"id": "rude words"}, {"id": "1", "note": "rude"}, {"id": "1" * 65}])
def test_a_vote_with_words_is_not_shown(more):
    assert not vote_frames.is_plain(json.dumps({"type": "vote", "poll": "p1", "choice": 1, **more}))


async def test_words_in_a_vote_do_not_reach_the_board():
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Mallory") as mallory, board(servers) as shown:
        await servers.ask("Tea?", ["yes", "no"])
        await tell(mallory, type="vote", poll="p1", choice=1, id="rude words")
        await hear(mallory, "ack")
        await tell(mallory, type="vote", poll="p1", choice=0, id="0b")
        rows = (await hear(shown, "frames"))["rows"]
        assert "rude" not in "".join(rows) and "0b" in rows[0]


def test_a_long_message_has_a_longer_head():
    assert vote_frames.reply_row("phone", "x" * 300).startswith("server → phone, 304 bytes: 81 7e 01 2c and xxx")
