"""The board's server: what it shows and takes, and that nobody else can reach it."""

import asyncio

import pytest
from phones_of_tests import board, board_until, phone, raw
from support import HANDSHAKE, hear, tell
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn.classroom import Classroom, ClassServers
from wslearn.classroom.board import UPDATE, BoardServer


@pytest.fixture
async def servers():
    async with ClassServers("127.0.0.1") as servers:
        yield servers


async def test_the_controls(servers):
    async with board(servers) as shown, phone(servers, "Ann") as ann:
        await tell(shown, type="ask", question="Tea?", choices=["yes", "no"])
        await board_until(shown, lambda state: state["poll"] and state["poll"]["question"] == "Tea?")
        await tell(ann, type="vote", poll="p1", choice=1, id="1")
        state = await board_until(shown, lambda state: state["poll"]["voted"] == 1)
        assert (state["poll"]["counts"], state["poll"]["shown"], state["count"]) == ([0, 1], False, 1)
        await tell(shown, type="show")
        await board_until(shown, lambda state: state["poll"]["shown"])
        await tell(shown, type="hide")
        await board_until(shown, lambda state: not state["poll"]["shown"])
        await tell(shown, type="close-poll")
        await board_until(shown, lambda state: not state["poll"]["open"])
        await tell(shown, type="mark", poll="p1", choice=1)
        state = await board_until(shown, lambda state: "measured" in state["poll"])
        assert (state["poll"]["measured"], state["poll"]["shown"]) == ({"text": "saw: no", "choices": [1]}, True)
        await tell(ann, type="wall-message", message="hello", id="2")
        await board_until(shown, lambda state: state["wall"] == [{"name": "Ann", "message": "hello"}])
        await tell(shown, type="hide-wall")
        await board_until(shown, lambda state: state["wall_hidden"] and state["wall"] == [])
        await tell(shown, type="clear-wall")
        await tell(shown, type="hide-wall")
        await board_until(shown, lambda state: not state["wall_hidden"] and state["wall"] == [])
        await tell(shown, type="clear-poll")
        await board_until(shown, lambda state: state["poll"] is None)
        await tell(shown, type="remove", name="Ann")
        await hear(ann, "removed")
        await board_until(shown, lambda state: state["people"] == [])


@pytest.mark.parametrize(
    "command, why",
    [
        ({"type": "ask", "question": "Tea?", "choices": ["yes"]}, "expected 2 to"),
        ({"type": "remove", "name": "Nobody"}, "nobody here is called"),
        ({"type": "vote", "poll": "p1", "choice": 1}, "expected"),
        ({"type": "mark", "poll": "p1", "choice": 1}, "no such poll"),
    ],
)
async def test_a_wrong_command_is_explained_and_changes_nothing(servers, command, why):
    async with board(servers) as shown:
        await hear(shown, "board")
        await tell(shown, **command)
        assert why in (await hear(shown, "error"))["message"]
    assert servers.room.poll is None


async def test_states_are_sent_at_most_ten_times_a_second_and_the_last_one_always(servers):
    async with board(servers) as shown:
        await hear(shown)
        started = asyncio.get_running_loop().time()
        for number in range(100):
            await servers.ask(f"Question {number}?", ["yes", "no"])
        states = [await hear(shown, "board")]
        while states[-1]["poll"]["question"] != "Question 99?":
            states.append(await hear(shown, "board"))
        assert len(states) <= (asyncio.get_running_loop().time() - started) / UPDATE + 2


@pytest.mark.parametrize(
    "path", ["", "/", "/ws", "/static/board.js", "/board.html", "/wslearn-key-wrong/ws", "/health"]
)
async def test_without_the_secret_path_there_is_nothing(servers, path):
    answer = await raw(servers, f"GET {path or '/'} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", servers.board.port)
    assert answer.startswith(b"HTTP/1.1 404 ") and answer.endswith(b"\r\n\r\nNothing is here.\n")
    answer = await raw(servers, HANDSHAKE.format(path=path or "/", host="127.0.0.1", more=""), servers.board.port)
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_a_foreign_page_does_not_get_in_even_with_the_path(servers):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(servers.board_url.replace("http", "ws") + "ws", origin="http://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_proxy_may_pass_on_the_path_with_a_hubs_name(servers):
    host = "hub.example.org"
    path = servers.board_url.partition(f":{servers.board.port}")[2]
    request = f"GET {path}qr-0.svg HTTP/1.1\r\nHost: {host}\r\n\r\n"
    answer = await raw(servers, request, servers.board.port)
    assert answer.startswith(b"HTTP/1.1 200 ") and b"<svg" in answer and b"image/svg+xml" in answer


async def test_the_path_is_long_new_and_in_no_log(servers):
    async with board(servers) as shown:
        await hear(shown)
    secret = servers.board.proxy_path
    assert len(secret) > 40
    assert secret != BoardServer(Classroom(), list, "abcde").proxy_path
    assert secret not in "".join(map(str, servers.board.log)) and servers.board.log


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_the_board_listens_on_this_computer_only(host):
    with pytest.raises(ValueError, match="only for this computer"):
        BoardServer(Classroom(), list, "abcde", host=host)


@pytest.mark.parametrize("poll, choice", [("p1", 1), ("p2", 2), ("p2", -1)])
async def test_an_earlier_poll_or_no_choice_is_not_marked(servers, poll, choice):
    for question in ("Tea?", "Milk?"):
        servers.ask(question, ["yes", "no"])
    with pytest.raises(ValueError, match="no such"):
        servers.room.mark(poll, choice)
    assert servers.room.poll.measured is None and servers.room.poll.open


async def test_a_question_is_asked_even_if_nobody_awaits_it(servers):
    asked = servers.ask("Tea?", ["yes", "no"])
    assert servers.room.poll.question == "Tea?" and repr(asked) == "The class is asked: Tea?"
    assert await asked is None
