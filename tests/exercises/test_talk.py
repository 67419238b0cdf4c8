"""The words of a conversation: each seen to hold, and seen to fail with the text that was meant for it."""

import asyncio
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from wslearn import EchoServer, Limits, Server, cells
from wslearn.common.patience import patient
from wslearn.exercises import Exercise
from wslearn.servers.broadcast import BroadcastServer


def check(conversation, answer=EchoServer):
    """Return what a check with this conversation finds."""
    return Exercise(conversation, hints=("a",), answer="", why="").check(answer)


def with_client(talks, server_class=EchoServer, **options):
    """Return a conversation of one client, ann, who has heard the welcome; `talks(talk, server, ann)` goes on."""

    async def conversation(talk, _):
        async with talk.server(server_class, **options) as server:
            ann = await talk.client(server, "ann")
            if server_class is EchoServer:
                await ann.hears("Welcome! Connection established.")
            await talks(talk, server, ann)

    return conversation


async def wrong(talks, server_class=EchoServer, **options):
    """Return the message and the last two steps of a conversation that fails."""
    result = await check(with_client(talks, server_class, **options))
    assert result.state == "wrong"
    return result.message, [f"{step.who} {step.did} {step.what}".strip() for step in result.steps[-2:]]


async def right(talks, server_class=EchoServer, **options):
    result = await check(with_client(talks, server_class, **options))
    assert result, result
    return [f"{step.who} {step.did} {step.what}".strip() for step in result.steps]


# Hears


async def test_hears():
    async def talks(talk, server, ann):
        await ann.says("hi")
        assert await ann.hears("Echo: hi") == "Echo: hi"
        await ann.says(b"\x01")
        await ann.hears(b"\x01")
        assert ann.heard == ["Welcome! Connection established.", "Echo: hi", b"\x01"]

    steps = await right(talks)
    assert steps[-4:] == [
        "ann sends 'hi'",
        "ann receives 'Echo: hi'",
        "ann sends 1 byte: 01",
        "ann receives 1 byte: 01",
    ]


async def test_hears_something_else():
    async def talks(talk, server, ann):
        await ann.says("hi")
        await ann.hears("hi", lambda came: f"not {came}")

    assert await wrong(talks) == ("not Echo: hi", ["ann should receive 'hi'", "ann receives 'Echo: hi'"])


async def test_hears_nothing_in_time():
    async def talks(talk, server, ann):
        await ann.hears("hi", lambda came: f"it was {came}", within=0.1)

    assert await wrong(talks) == ("it was None", ["ann should receive 'hi'", "ann receives nothing for 0.1 s"])


async def test_hears_the_end():
    async def talks(talk, server, ann):
        await ann.closes()
        await ann.says("too late")
        await ann.hears("hi")

    message, steps = await wrong(talks)
    assert message == "ann should receive 'hi', but receives nothing more: closed with 1000."
    assert steps[-1] == "ann receives nothing more: closed with 1000"


async def test_hears_json_and_skips_some():
    async def talks(talk, server, ann):
        for word in ("a", "b", "c"):
            await ann.says({"message": word})
        came = await ann.hears({"message": "c"}, skip=lambda came: came["message"] != "c")
        assert came.keys() == {"type", "message", "timestamp"}

    await right(talks, BroadcastServer)


# Silence


async def test_silence():
    async def talks(talk, server, ann):
        bob = await talk.client(server, "bob")
        await bob.hears("Welcome! Connection established.")
        await ann.says("hi")
        await bob.hears_nothing("bob heard it")
        await ann.hears("Echo: hi")

    assert "bob receives nothing" in await right(talks)


async def test_no_silence():
    async def talks(talk, server, ann):
        bob = await talk.client(server, "bob")
        await ann.says({"message": "hi"})
        await bob.hears_nothing("bob heard it")

    message, steps = await wrong(talks, BroadcastServer)
    assert message == "bob heard it" and steps[0] == "bob should receive nothing" and '"message": "hi"' in steps[1]


# The end


class Closes(Server):
    async def handler(self, ws):
        await ws.send("a word")
        await ws.close(1008, "Go away")


@pytest.mark.parametrize("expected", [(), (1008,), (1008, "Go away"), (None, "Go away")])
async def test_is_closed(expected):
    steps = await right(lambda talk, server, ann: ann.is_closed(*expected), Closes)
    assert steps == ["ann connects", "ann receives 'a word'", "ann finds closed with 1008 Go away"]


@pytest.mark.parametrize("expected", [(1000,), (1008, "Please"), (1008, "")])
async def test_is_closed_otherwise(expected):
    message, _ = await wrong(lambda talk, server, ann: ann.is_closed(*expected, or_else=str), Closes)
    assert message == "(1008, 'Go away')"


async def test_is_not_closed():
    message, steps = await wrong(lambda talk, server, ann: ann.is_closed(1000, within=0.1))
    assert message == "ann should find its connection closed with 1000, but finds it open after 0.1 s."
    assert steps == ["ann should find its connection closed with 1000", "ann finds it open after 0.1 s"]


async def test_is_still_there():
    await right(lambda talk, server, ann: ann.is_still_there())
    message, _ = await wrong(lambda talk, server, ann: ann.is_still_there("gone"), Closes)
    assert message == "gone"


async def test_vanishes():
    async def talks(talk, server, ann):
        await ann.vanishes()
        await talk.eventually(lambda: not server.connections, "still there", expected="no connections")
        assert [event.code for event in server.log if event.kind == "close"] == [1006]

    await right(talks)


# A client that does not read


async def test_stops_reading_and_reads_again():
    async def talks(talk, server, ann):
        ann.stops_reading()
        await ann.says("hi")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await (await ann.ws.ping())
        assert len(ann.heard) == 1
        ann.reads_again()
        await ann.hears("Echo: hi")

    await right(talks)


async def test_with_a_small_buffer_it_is_stalled_soon():
    async def talks(talk, server, ann):
        slow = await talk.client(server, "slow", receive_buffer=4096)
        slow.stops_reading()
        connection = next(ws for ws in server.connections if ws.name == "guest-2")
        for _ in range(100):
            try:
                await connection.send("x" * 65_536)
            except ConnectionClosed:
                break
        assert any("reads too slowly" in event.text for event in server.log)

    await right(talks, limits=Limits(max_unsent=65_536))


# Handshakes


async def test_a_client_that_is_not_let_in():
    async def talks(talk, server, ann):
        await talk.client(server, "bob")

    message, steps = await wrong(talks, limits=Limits(max_connections=1))
    assert message == "bob could not connect: server rejected WebSocket connection: HTTP 503."
    assert steps[-1].startswith("bob connects but is not let in")


async def test_refused():
    async def talks(talk, server, ann):
        await talk.refused(server, 403, origin="https://evil.example")

    assert "a client gets 403" in await right(talks)


async def test_not_refused():
    async def talks(talk, server, ann):
        await talk.refused(server, 403, lambda came: f"it got {came}", name="eve")

    assert await wrong(talks) == ("it got 101", ["eve should get 403", "eve gets 101"])


# Several clients


async def test_groups_of_clients():
    async def conversation(talk, _):
        async with talk.server(BroadcastServer) as server:
            ann, bob, sam = everybody = await talk.clients(server, "Ann", "Bob", "Sam", receive_buffer=4096)
            assert [client.peer.name for client in everybody] == ["guest-1", "guest-2", "guest-3"]
            buffer = sam.peer.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert buffer < 16_384
            await ann.says({"message": "hi"})
            await talk.all_hear(everybody, {"message": "hi"}, "{name} received nothing")
            await talk.none_hear(everybody, "twice")
            await sam.vanishes()
            await talk.has_connections(server, 2)
            assert await ann.asks({"message": "again"}, {"message": "again"})
            await talk.none_hear([ann, bob], "{name} received it")

    result = await check(conversation)
    assert result.message == "Bob received it" and result.steps[-1].what.startswith('{"type"')


async def test_a_server_that_keeps_no_client_or_no_connection_that_ended():
    async def leaves_at_once(talk, server, ann):
        await talk.clients(server, "bob")

    async def never_ends(talk, server, ann):
        await talk.has_connections(server, 0)

    message, steps = await wrong(leaves_at_once, Closes)
    assert message.startswith("A client was disconnected as soon as it connected.") and "connection" in steps[0]
    message, steps = await wrong(never_ends)
    assert message.startswith("A client has left, and the server still has its connection.")
    assert steps == ["the server should have connections: 0", "the server has 1"]


async def test_a_handler_that_fails_is_all_that_is_said():
    class Fails(Server):
        async def handler(self, ws):
            raise KeyError("x")

    async def conversation(talk, _):
        async with talk.server(Fails) as server:
            await talk.clients(server, "ann")

    result = await check(conversation)
    assert result.message.startswith("Your handler raised KeyError: 'x' (in `handler`, line") and result.steps[-1].wrong
    assert "\n" not in result.message


# An end


@pytest.mark.parametrize(
    ("arguments", "options", "message", "steps"),
    [
        (("no", "Ann", "is", "gone"), {"expected": "there"}, "no", ["Ann should be there", "Ann is gone"]),
        (("{name}!", "Ann", "has", "1"), {}, "Ann!", ["Ann has 1"]),
        (
            ("", "it", "ends", "late"),
            {"expected": "soon"},
            "it should end soon, but ends late.",
            ["it should end soon"],
        ),
        (({5: "five"}, "it"), {"came": 5}, "five", ["it is"]),
    ],
)
async def test_fail(arguments, options, message, steps):
    async def conversation(talk, _):
        talk.fail(*arguments, **options)

    result = await check(conversation)
    assert result.message == message
    assert [f"{step.who} {step.did} {step.what}".strip() for step in result.steps][: len(steps)] == steps


# Calls


def double(x):
    return 2 * x


async def double_later(x):
    await asyncio.sleep(0)
    return 2 * x


def fails(x):
    raise KeyError(x)


@pytest.mark.parametrize(("function", "expected"), [(double, 6), (double_later, 6), (double, 6.0), (fails, KeyError)])
async def test_calls(function, expected):
    async def conversation(talk, answer):
        await talk.calls(answer, (3,), expected)

    result = await check(conversation, function)
    assert result, result
    assert f"{function.__name__}(3) r" in str(result)  # returns, raises


async def awaits_cancelled(x):
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    return await task


@pytest.mark.parametrize(
    ("function", "expected", "message"),
    [
        (double, 7, "came 6"),
        (double, KeyError, "came 6"),
        (lambda x: None, 6, "It returned None: is a `return` missing?"),
        (fails, 6, "`fails` raised KeyError: 3 (in `fails`, line "),
        (fails, ValueError, "`fails` raised KeyError: 3"),
        (lambda: 6, 6, "too many positional arguments"),
        (6, 6, "Expected a function, got 6, of type int."),
        (lambda x: asyncio.Event().wait(), 6, "`<lambda>` did not end within 2 s."),
        (awaits_cancelled, 6, "`awaits_cancelled` ended with CancelledError, because something that it awaits was"),
    ],
)
async def test_calls_in_vain(function, expected, message):
    async def conversation(talk, answer):
        await talk.calls(answer, (3,), expected, lambda came: f"came {came}")

    result = await check(conversation, function)
    assert result.state == "wrong" and message in result.message
    assert result.steps[-1].wrong


@pytest.mark.parametrize("function", [double, lambda x: None, lambda x: 1 // 0])
async def test_an_exception_is_to_be_raised_and_not_returned(function):
    async def conversation(talk, answer):
        await talk.calls(answer, (3,), KeyError)

    result = await check(conversation, function)
    assert (result.steps[-2].did, result.steps[-2].what) == ("should raise", "KeyError")
    assert "should return" not in str(result)
    if function is double:
        assert result.message == "double(3) should raise KeyError, but returns 6."


async def test_a_class_that_is_no_server():
    class Bucket:
        def __init__(self, size):
            self.size = size

        def take(self):
            return self.size > 0

    async def conversation(talk, answer):
        bucket = await talk.call(answer, 10)
        await talk.calls(talk.method(bucket, "take"), (), True)
        talk.method(bucket, "fill")

    result = await check(conversation, Bucket)
    assert result.message.startswith("Expected an object with a method `fill`, got ")


# Facts and states


async def test_expect():
    async def talks(talk, server, ann):
        talk.expect(len(server.connections) == 1, "not one", expected="one", came=len(server.connections))
        talk.expect(len(server.connections) == 2, "not two", expected="two", came=len(server.connections), who="they")

    assert await wrong(talks) == ("not two", ["they should be two", "they is 1"])


async def test_a_state_that_never_comes():
    async def talks(talk, server, ann):
        await talk.eventually(lambda: False, "it did not", expected="true", came=lambda: "false", within=0.1)

    assert await wrong(talks) == ("it did not", ["should be true", "is 'false'"])


async def test_a_state_that_comes_and_one_that_nobody_insists_on():
    async def talks(talk, server, ann):
        assert await talk.until(lambda: server.connections, "nobody came", came=lambda: len(server.connections))
        assert not await talk.until(lambda: False, within=0.05)
        assert await talk.until(lambda: 1, within=0) is True

    assert (await right(talks))[-1] == "is 1"


async def test_the_old_name_of_a_message_is_still_taken():
    async def talks(talk, server, ann):
        talk.expect(False, or_else="old", expected="", came=1)

    assert (await wrong(talks))[0] == "old"


# A student's server


class Unready(Server):
    def __init__(self):
        self.count = 0

    async def handler(self, ws): ...


class NeverStarts(EchoServer):
    async def start(self):
        await asyncio.Event().wait()


class NeverStops(EchoServer):
    async def stop(self):
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("server_class", "message"),
    [
        (Unready, "Your `__init__` must begin with `super().__init__()`, and pass on what it was given."),
        (NeverStarts, "`start()` did not end within 2 s."),
        (NeverStops, "`stop()` did not end within 2 s."),
    ],
)
async def test_a_server_that_does_not_live_as_servers_do(server_class, message):
    async def conversation(talk, answer):
        async with talk.server(answer):
            pass

    others = set(cells._running)  # an earlier test's thread may still sleep in C, and its server with it
    async with patient(5):
        result = await check(conversation, server_class)
    assert message in result.message
    assert not set(cells._running) - others


async def test_clients_are_gone_when_the_conversation_is_over():
    clients = []

    async def talks(talk, server, ann):
        clients.append(ann)

    await right(talks)
    assert clients[0]._reader.done() and clients[0].ws.transport.is_closing()


class OutlivesItsClient(Server):
    """The loop that many write so that nothing can stop it."""

    async def handler(self, ws):
        while True:
            try:
                await ws.send(await ws.recv())
            except Exception:  # noqa: BLE001 - the fault
                await asyncio.sleep(0.01)


class LeavesWorkBehind(Server):
    async def handler(self, ws):
        async def spin():
            while True:  # noqa: ASYNC110 - the fault
                await asyncio.sleep(0)

        self.spinning = asyncio.create_task(spin())
        async for message in ws:
            await ws.send(message)


@pytest.mark.parametrize(
    ("server_class", "message"),
    [(OutlivesItsClient, "a handler of yours is still running"), (LeavesWorkBehind, "your code is still busy")],
)
async def test_a_handler_must_end_with_its_client(server_class, message):
    async def conversation(talk, answer):
        async with talk.server(answer) as server:
            ann = await talk.client(server, "Ann")
            await ann.asks("hi", "hi", "Reply.")

    result = await check(conversation, server_class)
    assert not result and message in str(result)
