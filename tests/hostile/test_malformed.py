"""What is wrong in every way, from JSON down to bytes: it costs its sender something, and nobody else."""

import asyncio
import json
import tracemalloc
from collections import Counter
from dataclasses import replace

import malformed_inputs as inputs
import pytest
from support import HANDSHAKE, closed_with, frame, hear, request, tell, until
from victims import SERVED, SERVERS, assert_one_line_each, be_served, close_code, enter, open_raw, read_to_end, saying
from websockets.asyncio.client import connect

WITH_TOKENS = ("auth", "chat")
#: How many inputs go to how many servers; tests of single ones are in tests/test_server.py and tests/test_messages.py.
AT_LEAST = 2_000


def batches(values, size):
    return (values[start : start + size] for start in range(0, len(values), size))


async def throw_texts(server, thrown):
    # Nine in a row are forgiven, so each has its own answer.
    for batch in batches(inputs.texts(server.name), 9):
        ws = await enter(server)
        for text in batch:
            await ws.send(text)
            if server.name == "echo":
                assert await asyncio.wait_for(ws.recv(), 30) == f"Echo: {text}"
                thrown["text, echoed"] += 1
            else:
                error = await hear(ws, "error")
                assert (error["type"], error.get("code")) == ("error", "bad-message"), (text[:200], error)
                thrown["text, bad-message"] += 1
            await be_served(server)
        await ws.close()


async def throw_frames(server, thrown):
    for name, data, code in inputs.FRAMES:
        reader, writer = await open_raw(server)
        writer.write(data)
        assert close_code(await read_to_end(reader)) == code, name
        writer.close()
        thrown[f"frame, closed with {code}"] += 1
        await be_served(server)


async def throw_garbage(server, thrown):
    for data in inputs.GARBAGE:
        reader, writer = await open_raw(server)
        writer.write(data)
        writer.write_eof()
        code = close_code(await read_to_end(reader))
        assert code in (None, 1000, 1002, 1007, 1009), (data, code)
        writer.close()
        thrown["garbage, closed" if code else "garbage, cut off"] += 1
        await be_served(server)


async def throw_requests(server, thrown):
    host = f"127.0.0.1:{server.port}"
    held = []
    for text in inputs.CUT_OFF:
        assert await request(server, text.replace("{host}", host), eof=True) == b"", text
        thrown["request cut off, no answer"] += 1
        held.append((await asyncio.open_connection("127.0.0.1", server.port))[1])
        held[-1].write(text.replace("{host}", host).encode())
        thrown["request that stays half, ignored"] += 1
        await be_served(server)
    for text in inputs.REQUESTS:
        try:
            answer = await request(server, text.replace("{host}", host))
        except ConnectionResetError:  # closed with our bytes unread: the system may reset
            answer = b""
        assert answer[:10] in (b"", b"HTTP/1.1 4"), (text[:200], answer)
        thrown["request, refused" if answer else "request, no answer"] += 1
        await be_served(server)
    for writer in held:
        writer.transport.abort()


async def throw_at_the_door(server, thrown):
    texts = inputs.texts("nobody")[::4]
    for first in [*texts, *(json.dumps({"type": "authenticate", "token": token}) for token in inputs.tokens())]:
        async with connect(server.url) as ws:
            await ws.send(first)
            await ws.send(saying(server, "let me in"))
            assert (await hear(ws))["code"] == "unauthorized", first[:200]
            assert await closed_with(ws) == (1008, "Invalid token")
        thrown["not a token, closed with 1008"] += 1
        await be_served(server)


ATTACKS = {
    throw_texts: lambda name: len(inputs.texts(name)),
    throw_frames: lambda name: len(inputs.FRAMES),
    throw_garbage: lambda name: len(inputs.GARBAGE),
    throw_requests: lambda name: 2 * len(inputs.CUT_OFF) + len(inputs.REQUESTS),
    throw_at_the_door: lambda name: name in WITH_TOKENS and len(inputs.texts("nobody")[::4]) + len(inputs.tokens()),
}


def number_of_inputs(name):
    return sum(count(name) for count in ATTACKS.values())


def test_there_are_enough_inputs():
    assert sum(map(number_of_inputs, SERVERS)) >= AT_LEAST
    assert all(number_of_inputs(name) >= 300 for name in SERVERS)


@pytest.mark.parametrize("name", SERVERS)
async def test_what_is_malformed_hurts_its_sender_at_most(name, records):
    thrown = Counter()
    async with SERVERS[name]() as server:
        bystander = await enter(server)
        if name in ("rooms", "chat", "feed"):
            await tell(bystander, type="join-room", room="bystander")
        for throw, count in ATTACKS.items():
            if count(name):
                await throw(server, thrown)
        await bystander.send(saying(server, "the end"))
        heard = [await asyncio.wait_for(bystander.recv(), 30)]
        while "the end" not in heard[-1] and "pong" not in heard[-1]:
            heard.append(await asyncio.wait_for(bystander.recv(), 30))
        assert all(SERVED in message or "bystander" in message for message in heard[:-1]), heard
        await bystander.close()
        await until(lambda: not server.sockets)
    assert thrown.total() == number_of_inputs(name)
    assert_one_line_each(records)
    print("\n".join(f"| {name} | {what} | {number} |" for what, number in sorted(thrown.items())))


BOMBS = {
    "60 MB in one frame": (inputs.bomb(60_000_000), 1009),
    "60 MB in 20 pieces": (inputs.bomb(60_000_000, pieces=20), 1009),
    "64 KiB and a byte": (inputs.bomb(65_537), 1009),
    "not compressed at all": (frame(1, b"\xff\xff\xff\xff nothing", rsv=4), 1002),
    "broken off": (frame(1, inputs.bomb(60_000_000)[8:4000], rsv=4), 1002),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_a_decompression_bomb_does_not_go_off(name, records):
    server_class = SERVERS[name]
    async with server_class(limits=replace(server_class.limits, compression="deflate")) as server:
        await be_served(server)
        for what, (data, code) in BOMBS.items():
            reader, writer = await open_raw(server, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
            tracemalloc.start()
            writer.write(data)
            assert close_code(await read_to_end(reader)) == code, what
            assert tracemalloc.get_traced_memory()[1] < 2_000_000, what
            tracemalloc.stop()
            writer.close()
            await be_served(server)
    assert_one_line_each(records)


async def test_a_thousand_connect_at_once_and_no_more_get_in(records, room_for):
    number = room_for(1_050)
    limit = number - 50
    broadcast = SERVERS["broadcast"]
    async with broadcast(limits=replace(broadcast.limits, max_connections=limit)) as server:
        head = HANDSHAKE.format(path="/", host=f"127.0.0.1:{server.port}", more="").encode()

        async def come():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head)
            return await reader.readuntil(b"\r\n\r\n"), reader, writer

        async with asyncio.timeout(30):
            came = await asyncio.gather(*(come() for _ in range(number)))
            status = Counter(answer[9:12] for answer, _, _ in came)
            assert status == {b"101": limit, b"503": 50}
            assert len(server.connections) == limit
            inside = [(reader, writer) for answer, reader, writer in came if answer[9:12] == b"101"]
            inside[0][1].write(frame(1, b'{"message":"hi"}'))
            for reader, _ in inside:
                assert b'"message":"hi"' in await reader.readuntil(b"}")
        inside[0][1].transport.abort()
        await until(lambda: len(server.connections) == limit - 1)
        await be_served(server)
        for _, _, writer in came:
            writer.transport.abort()
        await until(lambda: not server.sockets, 30)
    assert_one_line_each(records)
