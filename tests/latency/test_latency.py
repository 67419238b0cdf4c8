"""Measurements over real sockets: right in time and in bytes, and nothing left of them however they end."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections import defaultdict
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest
from support import until

from wslearn import EchoServer, ServerProcess
from wslearn.latency import PUSHES, ROUND_TRIPS, MeasurementError, Sample, Settings, measure, probes
from wslearn.latency import run as measuring
from wslearn.network import SimulatedNetwork

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(autouse=True)
async def nothing_left():
    """Let a test leave no task, timer or process; a socket left open is a ResourceWarning, and so an error."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    children = set(psutil.Process().children())  # a browser of other tests, say
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once
    # The one timer that may be there is until's own.
    await until(lambda: len([timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]) <= 1)
    left = set(psutil.Process().children()) - children
    assert not [child for child in left if child.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
async def server():
    async with ServerProcess("comparison") as server:
        yield server


# What cannot be measured


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"delay": -0.001}, "delay must be in seconds, 0 or more"),
        ({"delay": float("nan")}, "delay must be in seconds"),
        ({"jitter": "much"}, "jitter must be in seconds"),
        ({"interval": 0}, "interval must be above 0 and at most 5 seconds"),
        ({"interval": 6}, "interval must be above 0 and at most 5 seconds"),
        ({"payload": -1}, "payload must be a whole number, at least 0 and at most 65,536"),
        ({"payload": 65_537}, "at most 65,536"),
        ({"payload": 1.5}, "payload must be a whole number"),
        ({"count": 0}, "count must be a whole number, at least 1: got 0"),
        ({"count": True}, "count must be a whole number"),
        ({"transports": "sse"}, "transports: expected names among http-new, http-keepalive, websocket"),
        ({"transports": ["sse"]}, "for round trips"),
        ({"transports": ["http-new"], "push": True}, "among polling, long-polling, sse, websocket with push"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_measured(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Settings(**wrong)


def test_the_transports_of_settings():
    assert Settings().names == tuple(ROUND_TRIPS)
    assert Settings(push=True).names == tuple(PUSHES)
    assert Settings(transports=["websocket", "http-new", "websocket"]).names == ("websocket", "http-new")


def test_what_a_sample_knows():
    spans = tuple((float(n), n + n / 1000) for n in range(1, 101))
    settings = Settings(push=True, delay=0.01, jitter=0.002, interval=0.1)
    sample = Sample(
        transport="polling", settings=settings, spans=spans, bytes_up=1, bytes_down=1, setup=0, setup_bytes=0
    )
    assert sample.median == pytest.approx(0.0505)
    assert (sample.p95, sample.p99) == (pytest.approx(0.09505), pytest.approx(0.09901))
    assert sample.theory == pytest.approx((0.1 + 0.022) / 2 + 0.011)


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (("ftp://127.0.0.1/", "http://127.0.0.1/"), "ws: expected a URL like ws://"),
        (("ws://127.0.0.1/", "127.0.0.1:80"), "http: expected a URL like ws://"),
        (("http://127.0.0.1/", "http://127.0.0.1/"), "expected a ws:// or wss:// URL"),
        (("ws://127.0.0.1/", "ws://127.0.0.1/"), "expected a http:// or https:// URL"),
        (("ws://127.0.0.1:99999/", "http://127.0.0.1/"), "Port out of range"),
    ],
)
async def test_addresses_that_are_none(urls, words):
    with pytest.raises(MeasurementError, match=re.escape(words)):
        await measure(Settings(), urls=urls)


@pytest.mark.parametrize("push", [False, True])
async def test_an_address_that_nobody_listens_on(push, unused_tcp_port):
    urls = f"ws://127.0.0.1:{unused_tcp_port}/", f"http://127.0.0.1:{unused_tcp_port}/"
    name, url = ("the direct connection", urls[1]) if push else ("websocket", urls[0])
    with pytest.raises(MeasurementError, match=f"{name}: nothing answers at {url} .*wslearn serve comparison"):
        await measure(Settings(push=push, transports=["websocket"]), urls=urls)


async def test_a_host_that_is_not_there():
    with pytest.raises(MeasurementError, match=r"connection: nothing answers at http://no-such-host\.invalid/"):
        await measure(Settings(), urls=("ws://no-such-host.invalid/", "http://no-such-host.invalid/"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "the direct connection: the server at .* does not answer like a 'wslearn .*404"),
        (Settings(push=True), "the direct connection: .* does not answer .*404"),
        (Settings(transports=["websocket"]), "websocket: .* does not answer .*another message comes back"),
    ],
    ids=str,
)
async def test_a_server_of_another_kind(settings, words):
    async with EchoServer() as other:
        with pytest.raises(MeasurementError, match=words):
            await measure(settings, urls=(other.url, other.page_url))


@pytest.mark.parametrize("name", [*ROUND_TRIPS, *(f"push {name}" for name in PUSHES)])
async def test_a_server_that_dies_in_the_middle(name):
    push, name = name.startswith("push "), name.removeprefix("push ")
    async with ServerProcess("comparison") as server:
        settings = Settings(push=push, transports=[name], delay=0.01, count=1000, interval=0.02)

        def progress(done: int, total: int) -> None:
            if done == 3:
                psutil.Process(server.pid).kill()

        with pytest.raises(MeasurementError) as raised:
            await asyncio.wait_for(measure(settings, server=server, progress=progress), 20)
        names = f"({name}|the direct connection)"
        assert re.match(rf"{names}: the server at \w+://127.0.0.1:\d+/ went away \(", str(raised.value))


# How it ends


def connections() -> list:
    """Return this process's open TCP sockets."""
    return [c for c in psutil.Process().net_connections("tcp") if c.status in ("LISTEN", "ESTABLISHED")]


@pytest.mark.parametrize("push", [False, True])
@pytest.mark.parametrize("after", [-1, 0, 2])
async def test_cancelled_it_leaves_nothing(push, after):
    """`nothing_left` looks for tasks, timers and processes; here for connections."""
    reached = asyncio.Event()

    def progress(done: int, total: int) -> None:
        if done >= after:
            reached.set()

    settings = Settings(push=push, delay=0.02, count=1000, interval=0.03)
    before, others = asyncio.all_tasks(), set(connections())
    measuring_it = asyncio.create_task(measure(settings, progress=progress))
    if after >= 0:
        await asyncio.wait_for(reached.wait(), 20)
    else:
        await asyncio.sleep(0)  # the server's process is being started
    await asyncio.sleep(0.01 * (after > 0))  # in the middle of a message
    measuring_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(measuring_it), 10)
    assert asyncio.all_tasks() == before  # at once
    await until(lambda: set(connections()) <= others)


async def test_the_time_limit_keeps_what_there_is(server):
    settings = Settings(transports=["websocket", "http-keepalive"], delay=0.02, count=10_000)
    samples = await measure(settings, server=server, time_limit=1.0)
    assert [sample.transport for sample in samples] == ["websocket", "http-keepalive"]
    for sample in samples:
        assert 0 < len(sample.times) < 10_000
        assert sample.notes == (f"the time limit of 1 s ended it after {len(sample.times)} of 10000 messages",)
        assert sample.bytes_up == int(sample.bytes_up)


async def test_the_time_limit_of_a_push(server):
    (sample,) = await measure(
        Settings(push=True, transports=["sse"], delay=0.02, count=10_000), server=server, time_limit=1.0
    )
    assert sample.notes and 0.02 <= sample.median < 0.2


@pytest.mark.parametrize("push", [False, True])
async def test_a_time_limit_without_a_message(server, push):
    with pytest.raises(MeasurementError, match=r"no message was through after [0-9.]+ seconds, the time limit"):
        await measure(Settings(push=push, delay=0.5), server=server, time_limit=0.3)


async def test_progress_and_what_a_server_is_reused_for(server):
    told = []
    for _ in range(2):
        samples = await measure(
            Settings(count=4, payload=0), server=server, progress=lambda *numbers: told.append(numbers)
        )
        assert [(sample.transport, len(sample.times)) for sample in samples] == [(name, 4) for name in ROUND_TRIPS]
    assert told == [(done, 12) for done in range(13)] * 2


async def test_debug_mode_and_a_patched_loop_are_noted(server, monkeypatch):
    loop = asyncio.get_running_loop()
    settings = Settings(transports=["websocket"], count=1)
    assert (await measure(settings, server=server))[0].notes == ()
    loop.set_debug(True)
    try:
        (sample,) = await measure(settings, server=server)
        assert "debug mode" in sample.notes[0]
    finally:
        loop.set_debug(False)
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    (sample,) = await measure(settings, server=server)
    assert "patched" in sample.notes[0]


async def test_a_server_on_another_address_than_this_machines_own_loopback():
    """As on another machine: the network takes it, and the Host is the one that was asked for."""
    found = [a.address for infos in psutil.net_if_addrs().values() for a in infos if a.family == socket.AF_INET]
    others = [address for address in found if not address.startswith("127.")]
    if not others:
        pytest.skip("this machine has no address but the loopback's")
    async with ServerProcess("comparison", "--host", others[0]) as server:
        for push in (False, True):
            samples = await measure(Settings(push=push, count=1), urls=(server.url, server.page_url))
            assert [len(sample.times) for sample in samples] == [1] * len(samples)


@pytest.mark.parametrize("transport", ["websocket", "http-keepalive"])
async def test_a_certificate_that_nobody_trusts(transport):
    async with ServerProcess("comparison", "--tls") as server:
        with pytest.raises(
            MeasurementError, match=r"the server at \w+s://.* is not trusted .*certificate verify failed"
        ):
            await measure(Settings(transports=[transport]), urls=(server.url, server.page_url))


async def test_events_of_others_do_not_count(server):
    async def disturb():
        async with aiohttp.ClientSession(server.page_url) as client:
            while True:
                (await client.post("/publish", data="somebody else's")).release()
                await asyncio.sleep(0.05)

    disturbing = asyncio.create_task(disturb())
    samples = await measure(Settings(push=True, delay=0.01, interval=0.02, count=5), server=server)
    disturbing.cancel()
    await asyncio.gather(disturbing, return_exceptions=True)
    assert [len(sample.times) for sample in samples] == [5] * 4
    assert min(time for sample in samples for time in sample.times) >= 0.009


# Times


@pytest.mark.clock
@pytest.mark.parametrize("push", [False, True], ids=["round trips", "push"])
@pytest.mark.parametrize(("delay", "count", "tries"), [(0.005, 9, 20), (0.025, 9, 10), (0.1, 3, 3)])
async def test_medians_are_what_theory_says(server, delay, count, tries, push):
    """2 RTT, 1 RTT, 0.5 RTT, within 10 %, and on top what the programs themselves need, as measured with no delay.

    Each way through the network ends with the system waking a program, which a virtual machine does up to 1 ms late.
    What else runs on this machine makes times longer, never shorter: so of each transport the best of a few short tries
    counts, and none may be shorter than theory. Where more programs want to run than there are processors, there may be
    no quiet try: then it is the fastest message that shows what the network costs.
    """
    names = [name for name in PUSHES if name != "polling"] if push else list(ROUND_TRIPS)
    theory = {name: (PUSHES if push else ROUND_TRIPS)[name] * 2 * delay for name in names}
    still = await measure(Settings(push=push, transports=names, delay=0, count=20), server=server)
    own = {sample.transport: sample.median for sample in still}
    most = {name: 1.1 * theory[name] + own[name] + 0.001 * theory[name] / delay for name in names}
    medians, fastest = defaultdict(lambda: 60.0), defaultdict(lambda: 60.0)
    for _ in range(tries):
        for sample in await measure(Settings(push=push, transports=names, delay=delay, count=count), server=server):
            name = sample.transport
            assert sample.theory == pytest.approx(theory[name])
            medians[name] = min(sample.median, medians[name])
            fastest[name] = min(*sample.times, fastest[name])
        assert all(fastest[name] > 0.97 * theory[name] for name in names), fastest
        found = fastest if busy() else medians
        if all(found[name] <= most[name] for name in names):
            return
    pytest.fail(f"medians {dict(medians)}, fastest {dict(fastest)}, theory {theory}, at most {most}, in seconds")


def busy() -> bool:
    """Whether more programs want to run than there are processors. Windows does not tell."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > os.cpu_count()


@pytest.mark.clock
async def test_polling_waits_for_half_an_interval(server):
    """Longer than the same event over a WebSocket by half of the time between two polls: the best of a few tries."""
    settings = Settings(push=True, transports=["polling", "websocket"], delay=0.005, interval=0.06, count=12)
    expected, found = (0.06 + 0.01) / 2, []
    for _ in range(10):
        polling, websocket = await measure(settings, server=server)
        assert polling.theory - websocket.theory == pytest.approx(expected)
        found.append(polling.median - websocket.median)
        if abs(found[-1] / expected - 1) < (0.5 if busy() else 0.2):
            return
    pytest.fail(f"polling took longer by {found}, expected {expected}, in seconds")


async def test_setup_is_what_comes_before_the_first_message(server):
    """In round trips; a busy machine makes some of them longer, so one try of five has to be right."""
    expected = {"http-new": 0, "http-keepalive": 1, "polling": 1, "long-polling": 1, "websocket": 2, "sse": 2}
    round_trip = 0.06
    for _ in range(5):
        found = {}
        for push in (False, True):
            for sample in await measure(Settings(push=push, delay=round_trip / 2, count=1), server=server):
                found.setdefault(sample.transport, sample)
        assert {name for name, sample in found.items() if sample.setup_bytes == 0} == {
            "http-new", "http-keepalive", "polling", "long-polling"
        }  # fmt: skip
        if all(abs(found[name].setup / round_trip - times) < 0.25 for name, times in expected.items()):
            return
    pytest.fail(f"set-up in round trips: { {name: sample.setup / round_trip for name, sample in found.items()} }")


# Bytes


async def test_the_largest_payload_arrives_over_every_transport(server):
    for push in (False, True):
        samples = await measure(Settings(push=push, payload=65_536, count=2, interval=0.02), server=server)
        assert [sample.transport for sample in samples] == list(PUSHES if push else ROUND_TRIPS)
        assert all(sample.bytes_down > 65_536 for sample in samples)


async def test_a_websocket_message_costs_its_payload_and_its_frames_heads(server):
    for payload, head in ((0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)):
        (sample,) = await measure(Settings(transports=["websocket"], payload=payload, count=2), server=server)
        assert (sample.bytes_up, sample.bytes_down) == (payload + head + 4, payload + head)


@asynccontextmanager
async def traced(server: ServerProcess, folder: Path):
    """Write down all that the server's process reads and writes meanwhile. Skips where that cannot be had."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    calls = "trace=network,read,write,readv,writev,close"
    command = ["strace", "-ff", "-p", server.pid, "-o", folder / "trace", "-s", "200", "-e", calls]
    tracer = await asyncio.create_subprocess_exec(*map(str, command), stderr=subprocess.PIPE)
    try:
        async with asyncio.timeout(10):
            said = await tracer.stderr.readline()
            if b"attached" not in said:
                pytest.skip(f"strace may not trace a process here: {said.decode().strip()}")
        yield
    finally:
        await server.stop()  # and with it the tracer
        async with asyncio.timeout(10):
            await tracer.communicate()


def traced_bytes(trace: str, polls: str) -> dict[str, list[int]]:
    """Return the bytes that went up and down the server's sockets, by the transport that their first bytes tell.

    A response to a client that has closed its half does not count: here it has gone altogether, and nobody reads it.
    """
    first: dict[str, str] = {}
    gone: set[str] = set()
    sizes: dict[str, list[int]] = {}
    ended = []
    for line in trace.splitlines():
        match = re.match(r"(\w+)\((\d+)(.*)\) += (\d+)$", line)
        if not match:
            continue  # an error such as EAGAIN, by which no byte passed
        call, fd, arguments, returned = match.groups()
        if call.startswith("accept"):
            first[returned], sizes[returned] = "", [0, 0]
            gone.discard(returned)
        elif call == "close" and fd in sizes:
            ended.append((first.pop(fd), sizes.pop(fd)))
        elif fd in sizes:
            up = call.startswith(("read", "recv"))
            if up and returned == "0":  # end-of-file
                gone.add(fd)
            elif up or fd not in gone:
                sizes[fd][0 if up else 1] += int(returned)
            if up and not first[fd]:
                first[fd] = arguments
    total = defaultdict(lambda: [0, 0])
    for words, (up, down) in [*ended, *((first[fd], sizes[fd]) for fd in sizes)]:
        begins = {
            "POST /echo": "http-new" if "Connection: close" in words else "http-keepalive",
            "GET /poll": polls,
            "GET /events": "sse",
            "GET /?events": "websocket",
            "GET / ": "websocket",
        }
        for beginning, transport in begins.items():
            if f'"{beginning}' in words:
                total[transport][0] += up
                total[transport][1] += down
    return dict(total)


@pytest.mark.parametrize(
    ("push", "names"),
    [
        (False, ("http-new", "http-keepalive", "websocket")),
        (True, ("polling", "sse", "websocket")),
        (True, ("long-polling",)),  # apart, for it begins with the same request as polling
    ],
    ids=str,
)
async def test_bytes_are_those_that_strace_counts(server, tmp_path, monkeypatch, push, names):
    """In one run: what the server's process reads and writes, what the networks count, what the samples say."""
    networks = {}

    class Kept(SimulatedNetwork):
        async def start(self):
            networks[self.seed] = self
            return await super().start()

    monkeypatch.setattr(probes, "SimulatedNetwork", Kept)
    count = 7
    async with traced(server, tmp_path):
        samples = await measure(
            Settings(push=push, transports=names, count=count, payload=150, interval=0.05), server=server
        )
    traced_now = traced_bytes((tmp_path / f"trace.{server.pid}").read_text(), polls=names[0])
    counted = {name: [networks[seed].bytes_up, networks[seed].bytes_down] for seed, name in enumerate(names)}
    assert traced_now == counted
    assert min(min(sizes) for sizes in counted.values()) > 0
    for sample in [] if push else samples:
        messages = measuring.WARM_UP + count
        if sample.transport == "websocket":
            up, down = traced_now["websocket"]
            assert sample.setup_bytes + messages * (sample.bytes_up + sample.bytes_down) == up + down
        else:
            messages += 2 * (sample.transport == "http-keepalive")  # the two that the set-up is found from
            assert [messages * sample.bytes_up, messages * sample.bytes_down] == traced_now[sample.transport]
