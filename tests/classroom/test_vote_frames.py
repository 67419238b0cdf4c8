"""The frames of a vote on the board: what was really sent, and no words of anybody."""

import json

import pytest
from phones_of_tests import board, noted, phone
from support import hear, tell

from wslearn.classroom import ClassServers, vote_frames
from wslearn.fast import frame


async def test_the_board_gets_the_frames_of_a_vote():
    async with ClassServers("127.0.0.1") as servers, phone(servers, "Ann") as ann, board(servers) as shown:
        await servers.ask("Tea?", ["yes", "no"])
        await hear(ann, "poll")
        with noted(ann) as received:
            await ann.send('{"type":"vote","poll":"p1","choice":1,"id":"0a"}')
            await hear(ann, "ack")
            await hear(ann, "poll")
        rows = (await hear(shown, "frames"))["rows"]
        assert rows[0] == (
            'phone → server, 54 bytes: 81 b0, a mask of 4 bytes, and {"type":"vote","poll":"p1","choice":1,"id":"0a"}'
        )
        assert rows[1] == 'server → phone, 26 bytes: 81 18 and {"type":"ack","id":"0a"}'
        assert frame('{"type":"ack","id":"0a"}') in b"".join(received)
        sizes = [int(row.split(", ")[1].split()[0]) for row in rows[1:3]]
        assert sum(sizes) == sum(map(len, received))
        assert rows[-1].startswith("server → board, ") and len(rows) == 4


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
