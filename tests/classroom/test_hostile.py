"""Mallory is in the room, with programs of her own. Nobody else notices, and nobody learns what is not theirs."""

import asyncio
import json
import secrets
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from phones_of_tests import at, board, board_until, join, noted, phone, raw
from support import HANDSHAKE, Stopwatch, closed_with, frame, hear, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wslearn.classroom import ClassServers
from wslearn.classroom.hindered import ENOUGH
from wslearn.classroom.phones import PhonesServer

NOTHING = b"\r\n\r\nNothing is here: scan the code on the board again.\n"


@pytest.fixture
async def servers():
    async with ClassServers("127.0.0.1", code="tea42") as servers:
        yield servers


async def still_fine(servers) -> None:
    """Let Ann join, vote and see her vote, all within a few seconds."""
    async with asyncio.timeout(30), phone(servers, "Ann") as ann:
        await servers.ask("Still there?", ["yes", "no"])
        poll = (await hear(ann, "poll"))["poll"]
        await tell(ann, type="vote", poll=poll, choice=0, id="1")
        await hear(ann, "ack")
    assert servers.results()["yes"] == 1


# Paths, hosts, origins

PATHS = [
    "/", "/ws", "/tea4", "/tea4/ws", "/tea420/ws", "/tea42x", "/tea43/ws", "/board.html", "/tea42/board.html",
    "/tea42/board.js", "/tea42/static/board.js", "/tea42/static/board-people.js", "/tea42/static/dashboard.js",
    "/tea42/index.html", "/tea42/health", "/tea42/hello", "/health", "/hello", "/favicon.ico", "/static/phone.js",
    "/tea42/static/../../limits.py", "/tea42/static/%2e%2e/limits.py", "/tea42/../limits.py", "//tea42/ws",
    "/%74ea42/ws", "/tea42/qr-0.svg", "/tea42/ws/ws", "*",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_everywhere_else_is_one_sentence_and_nothing_more(servers, path):
    answer = await raw(servers, f"GET {path} HTTP/1.1\r\nHost: 192.0.2.7:8000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ") and answer.endswith(NOTHING), answer
    if path == "//tea42/ws":
        return
    answer = await raw(servers, HANDSHAKE.format(path=path, host="192.0.2.7:8000", more=""))
    assert answer.startswith(b"HTTP/1.1 404 ") and answer.endswith(NOTHING), answer
    assert servers.board.proxy_path.encode() not in answer


async def test_the_boards_secret_is_no_way_in_here(servers):
    path = servers.board.proxy_path
    for tail in ("", "/", "/ws", f"/{servers.code}/"):
        assert (await raw(servers, f"GET /{path}{tail} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).endswith(NOTHING)


@pytest.mark.parametrize(
    "host, more",
    [
        ("evil.example", ""),
        ("evil.example:8000", "Origin: http://evil.example:8000\r\n"),
        ("192.0.2.7:8000", "Origin: http://evil.example\r\n"),
        ("192.0.2.7:8000", "Origin: null\r\n"),
        ("192.0.2.7:8000", "Origin: http://192.0.2.7:9999\r\n"),
        ("192.0.2.7:8000", "Origin: http://192.0.2.7:8000\r\nOrigin: http://evil.example\r\n"),
    ],
)
async def test_a_foreign_host_or_page_does_not_get_in(servers, host, more):
    answer = await raw(servers, HANDSHAKE.format(path="/tea42/ws", host=host, more=more))
    assert answer.startswith(b"HTTP/1.1 403 ") and answer.endswith(NOTHING)
    assert b"evil" not in answer and servers.phones.connections == set()


async def test_the_phones_own_page_does_get_in(servers):
    async with connect(at(servers), origin=f"http://127.0.0.1:{servers.phones.port}") as ws:
        await join(ws)


# What a phone gets to know


async def test_no_byte_on_the_network_tells_what_only_the_instructor_may_know(servers):
    """Ann's connection, from the handshake on, while others vote and write, results stay hidden, and Bob is removed."""
    sessions = {name: secrets.token_hex(16) for name in ("Ann", "Bob", "Carl")}
    received: list[bytes] = []
    async with AsyncExitStack() as stack:
        shown = await stack.enter_async_context(board(servers))
        ann = await stack.enter_async_context(connect(at(servers)))
        received = stack.enter_context(noted(ann))
        headers = str(ann.response.headers)
        await join(ann, "Ann", sessions["Ann"])
        bob = await stack.enter_async_context(phone(servers, "Bob", sessions["Bob"]))
        carl = await stack.enter_async_context(phone(servers, "Carl", sessions["Carl"]))
        await tell(shown, type="ask", question="Tea?", choices=["yes", "no"])
        for ws, choice in ((ann, 0), (bob, 1), (carl, 1)):
            await hear(ws, "poll")
            await tell(ws, type="vote", poll="p1", choice=choice, id="1")
            await hear(ws, "ack")
        await tell(bob, type="volunteer", **{"as": "slow-client"})
        await tell(carl, type="wall-message", message="hello", id="2")
        await tell(carl, type="react", reaction="👍")
        await board_until(shown, lambda state: (state["poll"] or {}).get("counts") == [1, 2] and state["reactions"])
        await tell(shown, type="remove", name="Bob")
        await hear(bob, "removed")
        while (await hear(ann, "wall"))["messages"] != [{"name": "Carl", "message": "hello"}]:
            pass
        await tell(shown, type="close-poll")
        while (await hear(ann, "poll"))["open"]:
            pass
    everything = b"".join(received)
    assert set(headers_of(headers)) == {"date", "upgrade", "connection", "sec-websocket-accept", "server"}
    assert b"Carl" in everything and b'"mine":0' in everything  # it was noted
    assert b'"results":[' not in everything and b"counts" not in everything and b"voted" not in everything
    for secret in (*sessions.values(), servers.board.proxy_path, str(servers.board.port), "127.0.0.1", "192.0.2"):
        assert secret.encode() not in everything
    for word in ("Bob", "rtt", "people", "volunteer", "slow"):
        assert word.encode() not in everything
    kinds = {json.loads(part)["type"] for part in texts(everything)}
    assert kinds == {"welcome", "poll", "no-poll", "wall", "ack"}


def headers_of(text: str) -> list[str]:
    """Return the names of the headers in a response."""
    return [line.partition(":")[0].lower() for line in text.splitlines() if line]


def texts(data: bytes) -> list[str]:
    """Return the text messages in the frames of a server, which are not masked."""
    found, start = [], 0
    while start < len(data):
        opcode, length = data[start] & 0x0F, data[start + 1]
        body = start + 2
        if length == 126:
            length, body = int.from_bytes(data[start + 2 : start + 4]), start + 4
        if opcode == 1:
            found.append(data[body : body + length].decode())
        start = body + length
    return found


async def test_the_log_has_no_address_no_session_and_no_name(servers):
    session = secrets.token_hex(16)
    async with phone(servers, "Ann", session) as ws:
        await tell(ws, type="wall-message", message="my secret wish", id="1")
        await hear(ws, "ack")
        for _ in range(10):
            await ws.send('{"type":"vote", "name":"Ann"}')
        await closed_with(ws)
    await raw(servers, "GET /ann-was-here HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await raw(servers, HANDSHAKE.format(path="/tea42/ws", host="evil.example", more=""))
    await raw(servers, "nonsense\r\n\r\n")
    async with connect(at(servers)) as ws:
        await ws.close(4000, f"Ann 127.0.0.1 {session}")
    await until(lambda: sum(event.kind == "close" for event in servers.phones.log) == 2)
    log = "\n".join(map(str, servers.phones.log))
    assert "phone-1" in log and "404" in log and "403" in log and "4000" in log
    for secret in ("127.0.0.1", session, "Ann", "ann-was-here", "wish", "evil"):
        assert secret not in log


async def test_a_log_line_of_python_has_none_either(servers, caplog):
    caplog.set_level("DEBUG", "wslearn")
    async with phone(servers, "Ann") as ws:
        await tell(ws, type="wall-message", message="wish", id="1")
        await hear(ws, "ack")
    assert "phone-1" in caplog.text
    assert "127.0.0.1" not in caplog.text.replace(servers.board.host, "") and "wish" not in caplog.text


# Floods


async def test_300_connections_from_one_address_and_250_get_in(servers, monkeypatch):
    # On a busy machine the first would have to go before the last one comes.
    monkeypatch.setattr("wslearn.classroom.phones.JOIN_TIMEOUT", 60)
    assert PhonesServer.limits.max_connections == 250
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        ann = await stack.enter_async_context(phone(servers, "Ann"))
        refused = 0
        for _ in range(299):
            try:
                await stack.enter_async_context(connect(at(servers), ping_interval=None, close_timeout=1))
            except InvalidStatus as error:
                assert error.response.status_code == 503
                assert error.response.body == b"All places are taken.\n"
                refused += 1
        assert (refused, len(servers.phones.connections)) == (50, 250)
        await tell(ann, type="ping")
        assert await hear(ann, "pong")
    await still_fine(servers)


async def test_a_flood_of_messages_costs_only_the_connection_that_sends_it(servers):
    async with phone(servers, "Bob") as bob:
        async with phone(servers, "Mallory") as mallory:
            began = time.monotonic()
            with pytest.raises(ConnectionClosed):
                while True:
                    await tell(mallory, type="react", reaction="👍")
                    await asyncio.sleep(0)
            assert (await closed_with(mallory))[0] == 1008
            assert servers.room.reactions["👍"] <= 11 + 2 * (time.monotonic() - began)
        await tell(bob, type="ping")
        assert await hear(bob, "pong")
    await still_fine(servers)


async def test_a_flood_of_votes_with_ids_is_slowed_down(servers):
    await servers.ask("Tea?", ["yes", "no"])
    async with phone(servers, "Mallory") as mallory:
        for number in range(100):
            await tell(mallory, type="vote", poll="p1", choice=number % 2, id=str(number))
        assert (await hear(mallory, "error"))["code"] == "rate-limited"
        await still_fine(servers)


async def test_a_flood_of_names_changes_nobody_elses(servers):
    async with phone(servers, "Ann"), phone(servers, "Mallory") as mallory:
        for name in ["Ann", "ann", "ＡＮＮ", "A\u200bnn", "Ann\u202e", "\u202eAnn"]:
            await tell(mallory, type="rename", name=name)
            assert (await hear(mallory, "welcome"))["name"].removesuffix(" 2").casefold() != ""
        names = [person.name for person in servers.people]
        assert names == ["Ann", "Ann 2"]


async def test_a_flood_of_names_is_stopped_after_ten(servers):
    """Each change of a name goes to the board, and with what is on the wall to all phones."""
    async with phone(servers, "Ann") as ann, phone(servers, "Mallory") as mallory:
        for number in range(15):
            await tell(mallory, type="rename", name=f"Ann {number}")
        replies: list[dict] = []
        while len(replies) < 15:
            if (one := await hear(mallory))["type"] in ("welcome", "error"):
                replies.append(one)
        assert [one["type"] for one in replies] == ["welcome"] * 10 + ["error"] * 5
        assert {one["code"] for one in replies[10:]} == {"rate-limited"}
        await tell(ann, type="rename", name="Anna")
        assert (await hear(ann, "welcome"))["name"] == "Anna"
    assert {person.name for person in servers.people} == {"Anna", "Ann 9"}


async def test_one_connection_can_not_be_many_people(servers):
    async with connect(at(servers)) as mallory:
        await join(mallory, "Mallory")
        for _ in range(10):
            await tell(mallory, type="join-class", session=secrets.token_hex(16), name="Bob")
            assert (await hear(mallory, "error"))["code"] == "already-joined"
    assert len(servers.people) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "join-class", "session": "0" * 32, "name": "A" * 101},
        {"type": "join-class", "session": "0" * 31},
        {"type": "join-class", "session": 7},
        {"type": "join-class"},
        {"type": "vote", "poll": "p1", "choice": -1},
        {"type": "vote", "poll": "p1", "choice": 10**30},
        {"type": "vote", "poll": "p1", "choice": "1"},
        {"type": "vote", "poll": "p" * 1000, "choice": 1},
        {"type": "react", "reaction": "💣"},
        {"type": "wall-message", "message": "x" * 281, "id": "1"},
        {"type": "wall-message", "message": "x", "id": "1" * 65},
        {"type": "wall-message", "message": {"a": 1}},
        {"type": "volunteer", "as": "instructor"},
        {"type": "ask", "question": "Tea?", "choices": ["yes", "no"]},
        {"type": "show"},
        {"type": "remove", "name": "Ann"},
        {"type": "clear-wall"},
        [1, 2],
        "ask",
    ],
)
async def test_a_malformed_message_or_a_command_of_the_board_is_an_error(servers, message):
    await servers.ask("Tea?", ["yes", "no"])
    async with phone(servers, "Ann"), phone(servers, "Mallory") as mallory:
        await mallory.send(json.dumps(message))
        assert (await hear(mallory, "error"))["code"] == "bad-message"
        assert len(servers.people) == 2
    assert servers.room.poll.question == "Tea?" and not servers.room.poll.shown
    assert servers.results() == {"yes": 0, "no": 0}


async def test_a_message_that_is_too_big_ends_only_its_connection(servers):
    async with phone(servers, "Mallory") as mallory:
        await mallory.send(json.dumps({"type": "wall-message", "message": "x" * 5000}))
        assert (await closed_with(mallory))[0] == 1009
    await still_fine(servers)


async def test_markup_stays_text_and_tricks_with_direction_are_gone(servers):
    async with phone(servers, "<img src=x onerror=alert(1)>") as mallory, board(servers) as shown:
        assert mallory.welcome["name"] == "<img src=x onerror=a"
        await tell(
            mallory, type="wall-message", message="</script><script>alert(1)</script>\u202egnp.exe\u2066", id="1"
        )
        state = await board_until(shown, lambda state: state["wall"])
        assert state["wall"][0]["message"] == "</script><script>alert(1)</script>gnp.exe"
        assert not any(ord(one) in range(0x202A, 0x202F) for one in json.dumps(state, ensure_ascii=False))


async def test_a_flood_on_the_wall_is_stopped_after_five(servers):
    async with phone(servers, "Mallory") as mallory, phone(servers, "Ann") as ann:
        for number in range(8):
            await tell(mallory, type="wall-message", message=f"spam {number}", id=str(number))
        replies: list[dict] = []
        while len(replies) < 8:
            if (one := await hear(mallory))["type"] in ("ack", "error"):
                replies.append(one)
        assert [one["type"] for one in replies] == ["ack"] * 5 + ["error"] * 3
        assert {one["code"] for one in replies[5:]} == {"rate-limited"}
        await tell(ann, type="wall-message", message="hello", id="1")
        await hear(ann, "ack")
    assert len(servers.room.wall.entries) == 6


# Clients that do not play along


async def test_a_phone_that_never_reads_is_dropped_and_nobody_notices(servers):
    """Its system's buffers fill, then its part of the server's; the others get every state meanwhile."""
    servers.phones.limits = replace(servers.phones.limits, stall_timeout=1.0)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", servers.phones.port))
        await loop.sock_sendall(sock, HANDSHAKE.format(path="/tea42/ws", host="127.0.0.1", more="").encode())
        await loop.sock_sendall(sock, frame(1, b'{"type":"join-class","session":"%b","name":"Sam"}' % (b"f" * 32)))
        await until(lambda: len(servers.phones.phones) == 1)
        sam = servers.phones.phones[servers.people[0]]
        to_sam = sam.connections[0].transport
        ann = await stack.enter_async_context(phone(servers, "Ann"))
        await servers.ask("x" * 400, ["y" * 200] * 10)
        while to_sam.get_write_buffer_size() <= ENOUGH:  # the systems' buffers are full then
            servers.phones._send("poll", [sam])
            await asyncio.sleep(0)
        unsent, longest = to_sam.get_write_buffer_size(), 0.0
        for number in range(10):
            async with Stopwatch() as watch:
                await servers.ask(f"Question {number}?", ["yes", "no"])
                while (await hear(ann, "poll"))["question"] != f"Question {number}?":
                    pass
            longest = max(longest, watch.seconds)
        assert to_sam.get_write_buffer_size() <= unsent, "states for Sam were queued, though only the newest matters"
        assert longest < 3
        await until(lambda: servers.people[0].state == "away")
        assert any("reads too slowly" in event.text for event in servers.phones.log)


async def test_half_a_request_and_silence_cost_nobody_anything(servers):
    writers = []
    for _ in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", servers.phones.port)
        writer.write(b"GET /tea42/ws HTTP/1.1\r\nHost:")
        writers.append(writer)
    await still_fine(servers)
    for writer in writers:
        writer.close()
