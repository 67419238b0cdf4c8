"""The simulated network, between real sockets. Times are judged from below, and from above only by a bounded wait."""

import asyncio
import hashlib
import http.client
import logging
import socket
import ssl
import statistics
import sys
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import pairwise
from time import perf_counter
from urllib.parse import urlsplit

import pytest
from support import Stopwatch, no_task_left, until
from test_cells import Shell
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn import EchoServer, Limits, ServerProcess, cells
from wslearn.network import SimulatedNetwork, conditions, recording
from wslearn.network.pipe import RESET_ON_CLOSE, Pipe
from wslearn.tls import throwaway

#: What clocks and timers may differ by, in seconds. On Windows before Python 3.13 a tick is 15.6 ms.
TICK = 0.035 if sys.platform == "win32" else 0.002
#: A silence long enough for something to arrive if it could.
MOMENT = 0.15


@pytest.fixture(autouse=True)
async def nothing_left():
    """Let a test leave neither a task nor a timer; a socket left open is a ResourceWarning, and so an error."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    yield
    await until(lambda: asyncio.all_tasks() <= before | {asyncio.current_task()})
    assert [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()] == []


@asynccontextmanager
async def peer(answer):
    """Run a TCP server: `answer(reader, writer)` for each connection. Yields its address as a URL."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def echo(reader, writer):
    """Send back what comes, and FIN for FIN."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the test cuts connections
    writer.close()


def dial(net):
    return asyncio.open_connection("127.0.0.1", net.port)


async def timed(awaitable):
    """Return the seconds that it took, and its result. Raises TimeoutError after 10."""
    start = perf_counter()
    result = await asyncio.wait_for(awaitable, 30)
    return perf_counter() - start, result


async def trips_until_one_within(bound, trip):
    """Return the seconds that each trip took. One below the bound proves that it needs no more, of 20 at most."""
    times = []
    while (not times or min(times) >= bound) and len(times) < 20:
        times.append((await timed(trip()))[0])
    return times


async def ask(reader, writer, data=b"?"):
    writer.write(data)
    return await reader.readexactly(len(data))


def reset(writer):
    """End a connection with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


async def exchange(ws, text="hi"):
    await ws.send(text)
    return await ws.recv()


@pytest.fixture
async def plain():
    async with EchoServer(plain=True, limits=Limits(max_size=None)) as server:
        yield server


# Delay


async def test_a_websocket_opens_in_two_round_trips_and_a_message_takes_one(plain):
    delay = 0.05
    async with SimulatedNetwork(plain.url, delay=delay) as net:
        opening, ws = await timed(connect(net.url))
        async with ws:
            trips = await trips_until_one_within(4 * delay, lambda: exchange(ws))
    assert 4 * delay - TICK <= opening
    assert all(2 * delay - TICK <= trip for trip in trips)
    assert min(trips) < 4 * delay, "a message takes one round trip, not two"


async def test_a_new_http_connection_takes_two_round_trips_and_a_kept_one_takes_one():
    async def serve(reader, writer):
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    def get(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()

    delay = 0.05
    async with peer(serve) as url, SimulatedNetwork(url, delay=delay) as net:
        connection = http.client.HTTPConnection("127.0.0.1", net.port, timeout=10)
        new, body = await timed(asyncio.to_thread(get, connection))
        kept = await trips_until_one_within(4 * delay, lambda: asyncio.to_thread(get, connection))
        connection.close()
    assert body == b"hi" and new >= 4 * delay - TICK
    assert all(seconds >= 2 * delay - TICK for seconds in kept)
    assert min(kept) < 4 * delay


async def test_a_server_that_speaks_first_is_heard_after_two_round_trips():
    async def greet(reader, writer):
        writer.write(b"hello")
        writer.close()

    delay = 0.04
    async with peer(greet) as url, SimulatedNetwork(url, delay=delay) as net:
        start = perf_counter()
        reader, writer = await dial(net)
        assert await asyncio.wait_for(reader.read(), 30) == b"hello"
        assert perf_counter() - start >= 4 * delay - TICK
        writer.close()


async def test_directions_may_differ():
    async with peer(echo) as url, SimulatedNetwork(url, delay=(0.2, 0.0)) as net:
        assert net.delay == (0.2, 0.0)
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        seconds, _ = await timed(ask(reader, writer))
        up, down = [chunk.time for chunk in net.recording[-2:]]
        assert down - up >= 0.2 - TICK  # all of the delay lies before the server
        assert seconds >= down - up
        writer.close()


async def test_delay_is_changed_while_it_runs_and_a_shorter_one_overtakes_nothing():
    async with peer(echo) as url, SimulatedNetwork(url) as net:
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        net.delay = 0.1
        assert net.delay == 0.1
        seconds, _ = await timed(ask(reader, writer))
        assert seconds >= 0.2 - TICK
        net.delay = 0.2
        sent = perf_counter()
        writer.write(b"slow ")
        await until(lambda: net.bytes_up == 7)
        net.delay = 0
        writer.write(b"fast")
        _, data = await timed(reader.readexactly(9))
        assert data == b"slow fast" and perf_counter() - sent >= 0.2 - TICK
        assert min(await trips_until_one_within(0.1, lambda: ask(reader, writer))) < 0.1
        writer.close()


# Jitter, order, bandwidth, back-pressure


async def test_jitter_keeps_the_order_of_a_megabyte_both_ways():
    data = b"".join(number.to_bytes(4) for number in range(250_000))
    async with peer(echo) as url, SimulatedNetwork(url, delay=0.001, jitter=0.005, bandwidth=20_000_000) as net:
        reader, writer = await dial(net)
        writer.write(data)
        back = await asyncio.wait_for(reader.readexactly(len(data)), 30)
        assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
        assert (net.bytes_up, net.bytes_down) == (len(data), len(data))
        writer.close()


async def test_the_same_seed_gives_the_same_delays(monkeypatch):
    async def jittered(seed):
        """Return the delays that were drawn for five bytes to the server and back: no byte takes less."""
        async with SimulatedNetwork(url, jitter=0.1, seed=seed) as net:
            reader, writer = await dial(net)
            await timed(ask(reader, writer))
            drawn[net] = []
            for number in range(5):
                seconds, _ = await timed(ask(reader, writer))
                up, down = drawn[net][2 * number :]
                assert seconds >= up + down - TICK
            writer.close()
            return drawn[net][:10]

    def noting(pipe):
        delay = way(pipe)
        drawn.setdefault(pipe.net, []).append(delay)
        return delay

    drawn, way = {}, Pipe.way
    monkeypatch.setattr(Pipe, "way", noting)
    async with peer(echo) as url:
        first, other, again = await asyncio.gather(*map(jittered, (1, 2, 1)))
    assert first == again and len(set(first)) == 10
    assert not set(first) & set(other)


async def test_bandwidth_sets_the_pace():
    size = 1_000_000
    async with peer(echo) as url, SimulatedNetwork(url, bandwidth=2_000_000) as net:
        reader, writer = await dial(net)
        seconds, _ = await timed(ask(reader, writer, bytes(size)))
        assert seconds >= 0.45
        writer.close()


async def test_with_little_bandwidth_bytes_trickle_and_do_not_come_all_at_the_end(monkeypatch):
    def noting(pipe, size):
        at = due(pipe, size)
        if pipe.direction == "up":
            dues.append(at)
        return at

    size, dues, due = 200_000, [], Pipe._due
    monkeypatch.setattr(Pipe, "_due", noting)
    async with peer(echo) as url, SimulatedNetwork(url, bandwidth=400_000) as net:
        reader, writer = await dial(net)
        writer.write(bytes(size))
        seconds, _ = await timed(reader.readexactly(size))
        assert seconds >= 0.45
        assert 0.008 < statistics.median(later - earlier for earlier, later in pairwise(dues)) < 0.012
        writer.close()


async def test_bandwidth_is_shared_by_all_connections():
    size = 250_000
    async with peer(echo) as url, SimulatedNetwork(url, bandwidth=2_000_000) as net:
        pairs = [await dial(net) for _ in range(4)]
        start = perf_counter()
        await asyncio.wait_for(asyncio.gather(*(ask(*pair, bytes(size)) for pair in pairs)), 30)
        assert perf_counter() - start >= 0.45
        for _, writer in pairs:
            writer.close()


async def test_more_bandwidth_lets_out_what_was_waiting():
    async with peer(echo) as url, SimulatedNetwork(url, bandwidth=1000) as net:
        reader, writer = await dial(net)
        writer.write(bytes(100_000))  # would take 100 s
        await until(lambda: net.bytes_up == 100_000)
        net.bandwidth = None
        await asyncio.wait_for(reader.readexactly(100_000), 30)
        writer.close()


async def test_a_new_bandwidth_does_not_send_back_what_has_left_already():
    async with peer(echo) as url, SimulatedNetwork(url) as net:
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        net.delay = 30, 0
        writer.write(b"?")
        await until(lambda: net.bytes_up == 2)
        [link] = net.links
        [(due, *_)] = link.up._under_way
        await asyncio.sleep(0.3)
        net.bandwidth = 1_000_000
        assert abs(link.up._under_way[0][0] - due) < TICK
        writer.close()


async def test_a_reader_that_does_not_read_stops_the_sender():
    reading = asyncio.Event()
    received = asyncio.get_running_loop().create_future()

    async def slow(reader, writer):
        await reading.wait()
        received.set_result(len(await reader.read(-1)))
        writer.close()

    size = 64 * 1024 * 1024
    async with peer(slow) as url, SimulatedNetwork(url) as net:
        _, writer = await dial(net)
        writer.write(bytes(size))
        writer.write_eof()
        entered = -1
        async with asyncio.timeout(30):
            while net.bytes_up != entered:  # until it comes to rest
                entered = net.bytes_up
                await asyncio.sleep(MOMENT)
        assert 0 < entered < size
        pipe = next(iter(net.links)).up
        assert pipe._bytes <= 2 * conditions.WINDOW  # the rest waits in the system's buffers and with the sender
        reading.set()
        assert await asyncio.wait_for(received, 30) == size
        writer.close()


# Silence, heal, cut


async def test_in_a_silence_nothing_arrives_the_connection_stays_and_heal_delivers(plain):
    async with SimulatedNetwork(plain.url, delay=0.01) as net, connect(net.url, ping_interval=None) as ws:
        await timed(exchange(ws))
        server_side = next(iter(plain.connections))
        net.silence()
        await ws.send("into the hole")
        await server_side.send("from the other side")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ws.recv(), MOMENT)
        assert net.silent and ws.state is OPEN and server_side.state is OPEN
        net.heal()
        assert {(await timed(ws.recv()))[1] for _ in range(2)} == {"into the hole", "from the other side"}
        assert not net.silent
        assert (await timed(exchange(ws, "again")))[1] == "again"


async def test_bytes_that_were_under_way_are_held_by_a_silence_too(monkeypatch):
    def entering(pipe, *args):
        enter(pipe, *args)
        net.silence()  # at once, before they can arrive

    enter = Pipe.enter
    async with peer(echo) as url, SimulatedNetwork(url) as net:
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        net.delay = 0.1
        monkeypatch.setattr(Pipe, "enter", entering)
        writer.write(b"?")
        await until(lambda: net.silent)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.1 + MOMENT)
        monkeypatch.undo()
        net.heal()
        seconds, _ = await timed(reader.readexactly(1))
        assert seconds >= 0.2 - TICK  # they set off again, and so does the answer
        writer.close()


async def test_a_new_connection_in_a_silence_is_accepted_and_gets_no_answer(plain):
    async with SimulatedNetwork(plain.url) as net:
        net.silence()
        with pytest.raises(TimeoutError):
            await connect(net.url, open_timeout=MOMENT)
        reader, writer = await dial(net)
        writer.write(b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), MOMENT)
        assert not plain.sockets
        net.heal()
        assert b"Hello World!" in (await timed(reader.read()))[1]
        writer.close()


async def test_a_silence_hides_the_end_of_a_connection_until_heal(plain):
    async with SimulatedNetwork(plain.url) as net:
        ws = await connect(net.url)
        net.silence()
        ws.transport.abort()
        await asyncio.sleep(MOMENT)
        assert len(plain.connections) == 1
        net.heal()
        await until(lambda: not plain.connections)


async def test_cut_resets_both_sides_at_once_and_new_connections_pass():
    ended = asyncio.get_running_loop().create_future()

    async def watch(reader, writer):
        try:
            while data := await reader.read(100):
                writer.write(data)
        except ConnectionError as error:
            if not ended.done():
                ended.set_result(error)
        writer.close()

    async with peer(watch) as url, SimulatedNetwork(url) as net:
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        net.delay = 30  # a cut does not wait for the way
        net.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 30)
        assert isinstance(await asyncio.wait_for(ended, 30), ConnectionResetError)
        writer.close()
        await until(lambda: not net.links)
        net.delay = 0
        reader, writer = await dial(net)
        await timed(ask(reader, writer))
        writer.close()


# Ends


async def test_half_close_passes_in_order_and_the_other_direction_stays_open():
    async def last_word(reader, writer):
        data = await reader.read()  # until FIN
        writer.write(b"all of " + data)
        writer.close()

    async with peer(last_word) as url, SimulatedNetwork(url, delay=0.03) as net:
        reader, writer = await dial(net)
        writer.write(b"it")
        writer.write_eof()
        seconds, data = await timed(reader.read())
        assert data == b"all of it" and seconds >= 0.12 - TICK
        writer.close()
        await until(lambda: not net.links)


async def test_a_servers_reset_comes_behind_its_bytes_and_as_late():
    async def rude(reader, writer):
        await reader.read(1)
        writer.write(b"bye")
        await writer.drain()
        await reader.read(1)
        reset(writer)

    async with peer(rude) as url, SimulatedNetwork(url, delay=0.05) as net:
        reader, writer = await dial(net)
        writer.write(b"?")
        assert (await timed(reader.readexactly(3)))[1] == b"bye"
        start = perf_counter()
        writer.write(b"?")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 30)
        assert perf_counter() - start >= 0.1 - TICK
        writer.close()
        await until(lambda: not net.links)


async def test_a_clients_reset_reaches_a_server_that_does_not_read():
    done = asyncio.Event()

    async def deaf(reader, writer):
        await done.wait()
        writer.close()

    async with peer(deaf) as url, SimulatedNetwork(url, delay=0.01) as net:
        _, writer = await dial(net)
        sent = 0
        while not (net.links and next(iter(net.links)).server.full):
            writer.write(bytes(128 * 1024))
            sent += 128 * 1024
            await until(lambda sent=sent: net.bytes_up == sent)
        reset(writer)
        await until(lambda: not net.links)
        done.set()


async def test_a_server_that_dies_in_the_middle_is_an_end_for_the_client():
    async with ServerProcess("echo", "--plain") as server:
        async with SimulatedNetwork(server.url, delay=0.02) as net:
            ws = await connect(net.url)
            await timed(exchange(ws))
            server._process.kill()
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(ws.recv(), 30)
            assert ws.close_code == 1006
            await until(lambda: not net.links)


async def test_a_target_elsewhere_must_be_asked_for():
    with pytest.raises(ValueError, match="not this machine"):
        await SimulatedNetwork("http://192.0.2.1:80/").start()
    async with SimulatedNetwork("https://192.0.2.1/x", elsewhere=True) as net:
        assert net.url == f"https://127.0.0.1:{net.port}/x"


async def test_a_target_that_nobody_listens_on_resets_the_client_with_one_line_in_the_log(plain, caplog):
    await plain.stop()
    url = f"ws://127.0.0.1:{plain.port}/?token=secret"
    async with SimulatedNetwork(url, delay=0.4) as net:
        start = perf_counter()
        async with Stopwatch() as watch:
            reader, writer = await dial(net)
            with caplog.at_level(logging.INFO), pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 30)
        assert perf_counter() - start >= 0.8 - TICK  # a refusal takes a round trip
        assert watch.seconds < 1.6 or sys.platform == "win32"  # Windows asks a closed port again for two seconds
        writer.close()
        await until(lambda: not net.links)
    lines = [record.getMessage() for record in caplog.records if record.name == "wslearn"]
    assert len(lines) == 1 and f"no server answers at 127.0.0.1:{plain.port}" in lines[0]
    assert "secret" not in caplog.text and "Traceback" not in caplog.text


# Whatever it carries


async def test_tls_passes_and_the_recording_is_ciphertext(tmp_path):
    context, authority = throwaway("127.0.0.1", tmp_path)
    async with EchoServer(tls=context) as server, SimulatedNetwork(server.url, delay=0.01) as net:
        assert net.url.startswith("wss://") and net.page_url.startswith("https://")
        async with connect(net.url, ssl=ssl.create_default_context(cafile=authority)) as ws:
            assert await ws.recv() == "Welcome! Connection established."
            assert (await timed(exchange(ws, "a plain word")))[1] == "Echo: a plain word"
        assert b"a plain word" not in b"".join(chunk.data for chunk in net.recording)


# Recording


async def test_the_recording_is_what_was_sent_and_counts_are_right_to_the_byte():
    async def shout(reader, writer):
        while data := await reader.read(65536):
            writer.write(data.upper())
        writer.close()

    async with peer(shout) as url, SimulatedNetwork(url, delay=0.002) as net:
        pairs = [await dial(net) for _ in range(2)]
        words = [b"hello ", b"world"] * 5
        for word in words:
            for number, pair in enumerate(pairs):
                await timed(ask(*pair, word + bytes([97 + number])))
        for number, (_, writer) in enumerate(pairs):
            sent = b"".join(word + bytes([97 + number]) for word in words)
            chunks = [chunk for chunk in net.recording if chunk.connection == number + 1]
            assert b"".join(chunk.data for chunk in chunks if chunk.direction == "up") == sent
            assert b"".join(chunk.data for chunk in chunks if chunk.direction == "down") == sent.upper()
            writer.close()
        times = [chunk.time for chunk in net.recording]
        assert times == sorted(times) and times[0] >= 0 and times[-1] < 60
        assert {chunk.direction for chunk in net.recording} == {"up", "down"}
        assert net.bytes_up == net.bytes_down == 2 * sum(len(word) + 1 for word in words)
        net.clear()
        assert (net.recording, net.bytes_up, net.bytes_down, net.dropped) == ([], 0, 0, 0)


async def test_the_recording_is_bounded_and_says_so_while_the_counts_stay_right(monkeypatch, caplog):
    monkeypatch.setattr(recording, "RECORDING", 20_000)
    async with peer(echo) as url, SimulatedNetwork(url) as net:
        reader, writer = await dial(net)
        with caplog.at_level(logging.INFO, "wslearn"):
            for number in range(50):
                await timed(ask(reader, writer, bytes([number]) * 1000))
        kept = net.recording
        assert sum(len(chunk.data) + recording.CHUNK_OVERHEAD for chunk in kept) <= 20_000
        assert net.dropped == 100 - len(kept) > 0
        assert kept[-1].data == bytes([49]) * 1000, "the oldest are dropped"
        assert net.bytes_up == net.bytes_down == 50_000
        assert caplog.text.count("the recording is full") == 1
        writer.close()


# Life


async def test_stop_twice_is_fine_and_leaves_neither_connection_nor_port(plain):
    net = await SimulatedNetwork(plain.url, delay=0.5).start()
    assert await net.start() is net
    net.delay = 0
    ws = await connect(net.url)
    net.delay, before = 5, net.bytes_up
    await ws.send("still under way when the network ends")
    await until(lambda: net.bytes_up > before)
    net.bandwidth = 10_000
    await timed(net.stop())
    await timed(net.stop())
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(ws.recv(), 30)
    assert not net.links
    with pytest.raises(OSError):
        await dial(net)
    with pytest.raises(RuntimeError, match="not running"):
        _ = net.url
    await until(lambda: not plain.sockets)


async def test_stop_while_connections_are_being_opened_leaves_nothing(plain):
    net = await SimulatedNetwork(plain.url).start()
    opening = [asyncio.create_task(connect(net.url).__aenter__()) for _ in range(20)]
    await until(lambda: len(net.links) > 5)
    await timed(net.stop())
    for result in await asyncio.wait_for(asyncio.gather(*opening, return_exceptions=True), 30):
        if not isinstance(result, Exception):
            await result.wait_closed()
    await until(lambda: not net.links and not plain.sockets)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse a connection where the queue is full")
@pytest.mark.parametrize("how", ["stop", "cut and stop", "stop twice at once", "stop, cancelled"])
async def test_stop_waits_for_a_connection_that_is_being_made(how):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.socket() as fills, no_task_left():
        fills.connect(deaf.getsockname())  # the queue is full: a further one waits for its place
        net = await SimulatedNetwork(f"http://127.0.0.1:{deaf.getsockname()[1]}/").start()
        _, writer = await asyncio.open_connection("127.0.0.1", net.port)
        await until(lambda: net.connecting)
        if how == "cut and stop":
            net.cut()
        stops = [asyncio.create_task(net.stop()) for _ in range(2 if "twice" in how else 1)]
        await asyncio.sleep(0)
        if "cancelled" in how:
            stops[0].cancel()
        _, results = await timed(asyncio.gather(*stops, return_exceptions=True))
        assert not net.links and not net.connecting
        writer.close()
    assert ("cancelled" in how) == any(isinstance(result, asyncio.CancelledError) for result in results)


async def test_a_cell_run_again_has_one_network(plain, monkeypatch):
    shell = Shell(monkeypatch)
    shell.run("net = …", "run 1")
    first = await SimulatedNetwork(plain.url).start()
    shell.run("net = …", "run 2")
    second = await SimulatedNetwork(plain.url).start()
    with pytest.raises(RuntimeError, match="not running"):
        _ = first.url
    async with connect(second.url) as ws:
        assert (await timed(exchange(ws)))[1] == "hi"
    await second.stop()
    assert second not in cells._running


# Arguments


async def test_url_keeps_scheme_path_and_query_and_has_another_port(plain):
    target = f"http://localhost:{plain.port}/hello?a=1"
    async with SimulatedNetwork(target) as net:
        assert net.url == f"http://localhost:{net.port}/hello?a=1"
        assert net.page_url == f"http://localhost:{net.port}/"
        assert net.port != plain.port
    async with SimulatedNetwork(plain.url) as net:
        assert urlsplit(net.url)._replace(netloc="") == urlsplit(plain.url)._replace(netloc="")


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.1/", "127.0.0.1:8765", "ws://", "ws://127.0.0.1:99999/", "ws://[::1/", "", None, 8765]
)
def test_a_target_that_is_no_url_is_refused(target):
    with pytest.raises(ValueError, match=r"expected a URL like ws://127.0.0.1:8765/ .*, got "):
        SimulatedNetwork(target)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "0.0.0.0"])
async def test_a_host_that_is_not_this_machine_is_refused(host):
    with pytest.raises(ValueError, match=host):
        await asyncio.wait_for(SimulatedNetwork(f"ws://{host}:8765/").start(), 30)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("delay", "jitter") for value in (-0.05, float("nan"), float("inf"), "fast", None, True)]
    + [("delay", (0.1, -0.1)), ("delay", (0.1, 0.1, 0.1)), ("jitter", (0.1, 0.1))]
    + [("bandwidth", value) for value in (0, -1, float("nan"), "fast", True)],
)
def test_a_value_that_cannot_be_is_refused_at_once_and_later(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*got "):
        SimulatedNetwork("ws://127.0.0.1:8765/", **{name: value})
    net = SimulatedNetwork("ws://127.0.0.1:8765/", delay=0.1)
    with pytest.raises(ValueError, match=f"{name} must be .*got "):
        setattr(net, name, value)
    assert net.delay == 0.1


async def test_a_goodbye_to_who_has_closed_and_resets_is_no_error():
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    closed = asyncio.Event()

    async def close(reader, writer):
        await reader.readexactly(1)
        writer.close()
        closed.set()

    async with peer(close) as url, SimulatedNetwork(url) as net:
        _, writer = await dial(net)
        writer.write(b"1")
        await asyncio.wait_for(closed.wait(), 30)
        net.silence()
        writer.write(b"2")  # to a socket that is closed: the system answers RST
        await until(lambda: net.bytes_up == 2)
        writer.close()
        [link] = net.links
        await until(lambda: len(link.up._under_way) == 2)
        net.heal()
        await until(lambda: not net.links)
    assert errors == []


@pytest.mark.parametrize("reset_by", ["client", "server", "either"])
async def test_an_idle_connection_is_closed_unless_the_right_side_sends(reset_by):
    """With bytes of the other side only, it is idle for the proxy. Twice the timeout passes before anything is said."""
    async with EchoServer(plain=True) as server:
        async with SimulatedNetwork(server.url, idle_timeout=1.0, idle_reset_by=reset_by) as net:
            async with connect(net.url, ping_interval=None) as said, connect(net.url, ping_interval=None) as told:
                async with asyncio.TaskGroup() as group:
                    group.create_task(every(0.1, 22, partial(said.send, "hi"), drain=said))
                    (peer,) = [ws for ws in server.connections if through(net, ws, told)]
                    group.create_task(every(0.1, 22, partial(peer.send, "hi"), drain=told))
                # An echo is sent by both sides; what the server pushes is not.
                assert said.state is OPEN
                assert (told.state is OPEN) == (reset_by != "client")
                if reset_by == "client":
                    assert told.close_code == 1006
                    await until(lambda: peer.state is not OPEN)
                    assert peer.close_code == 1006
                await asyncio.wait_for(said.wait_closed(), 30)  # now both are idle
                assert said.close_code == 1006


async def every(seconds, times, send, drain):
    """Send so often; read what comes, so that nothing waits."""
    reading = asyncio.create_task(read_all(drain))
    with suppress(ConnectionClosed):
        for _ in range(times):
            await send()
            await asyncio.sleep(seconds)
    reading.cancel()
    await asyncio.wait({reading})


async def read_all(ws):
    with suppress(ConnectionClosed):
        while True:
            await ws.recv()


def through(net, peer, client):
    """Tell whether a server's connection is this client's, which comes through the network."""
    ports = {link.client.transport.get_extra_info("peername")[1]: link for link in net.links}
    link = ports[client.local_address[1]]
    return link.server.transport.get_extra_info("sockname")[1] == peer.remote_address[1]


async def test_an_idle_timeout_may_be_set_and_ended_while_it_runs(plain):
    async with SimulatedNetwork(plain.url) as net, connect(net.url, ping_interval=None) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"
        net.idle_timeout = 0.2
        net.idle_timeout = None
        await asyncio.sleep(0.4)
        assert ws.state is OPEN
        net.silence()
        net.idle_timeout = 0.05
        await asyncio.sleep(0.2)
        assert ws.state is OPEN, "in a silence the end of a connection is not told either"
        net.heal()
        await asyncio.wait_for(ws.wait_closed(), 30)
        assert ws.close_code == 1006
        await until(lambda: not net.links)


@pytest.mark.parametrize("gone", ["client", "server"])
async def test_half_open_is_told_to_one_side_only(plain, gone):
    async with SimulatedNetwork(plain.url) as net:
        async with connect(net.url, ping_interval=None, close_timeout=0.1) as ws:
            await ws.send("hi")
            assert await ws.recv() == "hi"
            (peer,) = plain.connections
            net.half_open(gone)
            lost, left = (ws, peer) if gone == "client" else (peer, ws)
            await asyncio.wait_for(lost.wait_closed(), 30)
            await left.send("is anybody there?")
            pong = await left.ping()
            await asyncio.sleep(0.2)
            assert left.state is OPEN and not pong.done()
            async with connect(net.url) as another:  # new ones pass
                await another.send("hi")
                assert await another.recv() == "hi"
            left.transport.abort()
            await until(lambda: not net.links)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"idle_timeout": 0}, "idle_timeout must be seconds"),
        ({"idle_reset_by": "both"}, "'client', 'server' or 'either'"),
    ],
)
def test_what_idle_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        SimulatedNetwork("ws://127.0.0.1:1/", **options)


async def test_half_open_needs_a_side(plain):
    async with SimulatedNetwork(plain.url) as net:
        with pytest.raises(ValueError, match="expected 'client' or 'server'"):
            net.half_open("both")


async def test_a_pause_of_the_event_loop_is_no_idle_time(plain):
    """Whoever had no turn could send nothing: the program's pause is not the connection's."""
    network = SimulatedNetwork(plain.url, idle_timeout=0.4, idle_reset_by="server")
    async with network as net, connect(net.url, ping_interval=None) as ws:
        for _ in range(3):
            time.sleep(0.6)  # noqa: ASYNC251 - the pause
            await ws.send("hi")
            assert await ws.recv() == "hi"
        await asyncio.wait_for(ws.wait_closed(), 30)
        assert ws.close_code == 1006
