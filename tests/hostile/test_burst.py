"""3,000 messages of 20 kB as fast as their publisher can, without a rate limit: a client that reads loses nothing."""

import asyncio
import json
import socket
from contextlib import AsyncExitStack

import psutil
import pytest
from support import HANDSHAKE, frame, hear, raw_websocket, tell, until
from websockets.asyncio.client import ClientConnection, connect

from wslearn import Limits, ServerProcess
from wslearn.common.buffers import shrink
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.rooms import RoomsServer
from wslearn.tokens import Tokens

MESSAGES, SIZE, STALLED = 3000, 20_000, 10
SECRET = "a secret of 32 bytes at the least"
JOIN = b'{"type":"join-room","room":"burst"}'
#: What a client of each server sends to say something.
SAID = {
    "broadcast": '{{"message":"{}"}}',
    "rooms": '{{"type":"room-message","message":"{}"}}',
    "chat": '{{"type":"room-message","message":"{}"}}',
}


def headers(name: str, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {Tokens(SECRET).issue(user)}"} if name == "chat" else {}


async def join(name: str, url: str, user: str) -> ClientConnection:
    """Connect, and join the room where there are rooms."""
    ws = await connect(url, compression=None, additional_headers=headers(name, user))
    if name != "broadcast":
        await ws.send(JOIN.decode())
        await hear(ws, "presence")
    return ws


async def join_and_never_read(name: str, port: int, user: str) -> socket.socket:
    """Do the same on a socket that nobody reads after its handshake."""

    def shake() -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), 10)
        more = "".join(f"{key}: {value}\r\n" for key, value in headers(name, user).items())
        sock.sendall(HANDSHAKE.format(path="/", host=f"127.0.0.1:{port}", more=more).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        if name != "broadcast":
            sock.sendall(frame(1, JOIN))
        return sock

    return await asyncio.to_thread(shake)


async def numbers_in(ws: ClientConnection, count: int) -> list[int]:
    """Read as fast as possible; return the numbers of so many messages, in the order in which they came."""
    numbers = []
    async for text in ws:
        if (at := text.find("#")) >= 0:
            numbers.append(int(text[at + 1 : at + 7]))
            if len(numbers) == count:
                return numbers
    raise AssertionError(f"closed with {ws.close_code} after {len(numbers)} messages")


async def publish(ws: ClientConnection, name: str, numbers: range) -> None:
    for number in numbers:
        await ws.send(SAID[name].format(f"#{number:06}{'x' * SIZE}"))


def rest(sock: socket.socket) -> int:
    """Read all that comes until the server has dropped this client, and return how many bytes that were."""
    size = 0
    try:
        while data := sock.recv(1 << 20):
            size += len(data)
    except ConnectionError:
        pass
    sock.close()
    return size


#: A client without progress is not waited for longer than a second, a quarter of one at first. But those that read are
#: in this process, which may stand still for as long: they have half a minute. The first ones never read.
PATIENT = f"""
from wslearn.server import slow_readers
first, look = slow_readers.FIRST, slow_readers.SlowReaders.is_worth_waiting
stuck = {{f"{{name}}-{{number}}" for number in range({STALLED} + 1) for name in ("guest", "sam")}}

def is_worth_waiting(self, ws, *times):
    slow_readers.FIRST = first if ws.name in stuck else slow_readers.STILL
    return look(self, ws, *times)

slow_readers.STILL, slow_readers.SlowReaders.is_worth_waiting = 30.0, is_worth_waiting
"""


@pytest.mark.parametrize("name", SAID)
async def test_a_burst_costs_nobody_who_reads_the_connection(name, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(PATIENT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = ("--secret", SECRET) if name == "chat" else ()
    async with ServerProcess(name, "--rate", "none", *options) as server:
        process = psutil.Process(server.pid)
        stuck = [await join_and_never_read(name, server.port, f"sam-{number}") for number in range(STALLED)]
        ann, bob = await join(name, server.url, "ann"), await join(name, server.url, "bob")
        before = peak = process.memory_info().rss

        async def watch():
            nonlocal peak
            while True:
                peak = max(peak, process.memory_info().rss)
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        async with asyncio.timeout(100):
            heard = await asyncio.gather(
                numbers_in(bob, MESSAGES), numbers_in(ann, MESSAGES), publish(ann, name, range(MESSAGES))
            )
        watching.cancel()
        assert heard[0] == heard[1] == list(range(MESSAGES))
        assert peak - before < 64 * 1024 * 1024, f"the server grew by {(peak - before) / 2**20:.0f} MiB"
        for sock in stuck:
            assert await asyncio.to_thread(rest, sock) < MESSAGES * SIZE / 2
        await tell(ann, **json.loads(SAID[name].format("still here")))
        for ws in (ann, bob):
            while (await hear(ws)).get("message") != "still here":
                pass
            await ws.close()


async def test_several_publishers_in_two_rooms_and_every_member_gets_every_message_in_one_order():
    publishers, each = 4, 250
    async with RoomsServer(limits=Limits(rate=None)) as server, AsyncExitStack() as left:
        rooms = []
        for room in ("a", "b"):
            members = [await left.enter_async_context(connect(server.url, compression=None)) for _ in range(5)]
            for ws in members:
                await tell(ws, type="join-room", room=room)
            rooms.append(members)
        await until(lambda: len(server.rooms.room_of) == 10)
        jobs = []
        for members in rooms:
            for number, ws in enumerate(members[:publishers]):
                jobs.append(publish(ws, "rooms", range(number * each, number * each + each)))
        heard = [numbers_in(ws, publishers * each) for members in rooms for ws in members]
        async with asyncio.timeout(100):
            heard = (await asyncio.gather(*heard, *jobs))[:10]
        assert not [event for event in server.log if event.kind == "error"]
    for in_room in (heard[:5], heard[5:]):
        assert all(numbers == in_room[0] for numbers in in_room)
        assert sorted(in_room[0]) == list(range(publishers * each))


async def test_a_client_that_reads_a_little_now_and_then_is_waited_for_and_then_dropped():
    """It makes progress, so a burst waits for it: not longer than `stall_timeout` in total."""
    few = 300  # so that the log still has the line
    limits = Limits(rate=None, stall_timeout=3)
    async with BroadcastServer(limits=limits) as server, connect(server.url, compression=None) as ann:
        slow = await raw_websocket(server, receive_buffer=4096)
        await until(lambda: len(server.connections) == 2)
        [sam] = [ws for ws in server.connections if ws.name == "guest-2"]
        shrink(sam, 16 * 1024)  # with larger buffers of the system, progress would be seen more rarely

        def errors() -> list[str]:
            return [event.text for event in server.log if event.kind == "error"]

        async def read_slowly():
            while not errors():
                await asyncio.to_thread(slow.recv, 2048)
                await asyncio.sleep(0.01)

        async with asyncio.timeout(100):
            numbers, *_ = await asyncio.gather(
                numbers_in(ann, few), publish(ann, "broadcast", range(few)), read_slowly()
            )
        slow.close()
        [line] = errors()
    assert numbers == list(range(few))
    assert line.startswith("aborted: it reads too slowly: others have waited 3 s for it, and ")
