"""Cluster: what dies is started again, what drains loses nobody, and nothing is left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest
from support import Stopwatch, closed_with, hear, runs, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn.client import Message, Subscription
from wslearn.hubs import Cluster
from wslearn.hubs.engine import TOKEN

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")


@pytest.fixture
async def cluster():
    async with Cluster("feed", 2) as running:
        yield running


async def health(member) -> dict:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{member.page_url}health", timeout=aiohttp.ClientTimeout(10)) as response:
            return await response.json()


@asynccontextmanager
async def joined(url: str, room: str = "tea", **more):
    async with connect(url, proxy=None) as ws:
        await tell(ws, type="join-room", room=room, **more)
        await hear(ws, "joined")
        yield ws


def everything(cluster: Cluster) -> tuple[list[int], Path]:
    """The processes of a cluster and of their guardian, and its folder."""
    pids = [member.pid for member in cluster.servers]
    assert cluster.engine.pid and cluster.engine._guardian
    return [*pids, cluster.engine.pid, cluster.engine._guardian.pid], cluster.engine._folder


async def test_servers_share_rooms_names_and_presence(cluster):
    a, b = cluster.urls
    async with joined(a) as ann, joined(b) as bob:
        presence = await hear(bob, "presence")
        while len(presence["members"]) < 2:
            presence = await hear(bob, "presence")
        assert presence["members"] == ["guest-1", "guest-2"]
        await tell(ann, type="room-message", message="hi", id="1")
        heard = await hear(bob, "room-message")
        assert (heard["message"], heard["sender"]) == ("hi", "guest-1")
        assert (await hear(ann, "ack"))["offset"] == heard["offset"]
    assert [await health(member) for member in cluster.servers] == [{"status": "ok", "connections": 0, "hub": "ok"}] * 2


async def test_a_session_is_the_same_client_on_another_server(cluster):
    session = "ab" * 16
    async with joined(cluster.urls[0], session=session) as ann:
        await tell(ann, type="room-message", message="hi", id="1")
        first = await hear(ann, "room-message")
        ack = await hear(ann, "ack")
    async with joined(cluster.urls[1], session=session) as ann:
        await tell(ann, type="room-message", message="hi", id="1")
        assert await hear(ann, "ack") == ack, "it is stored once, although the ack may have been lost"
        await tell(ann, type="room-message", message="ho", id="2")
        second = await hear(ann, "room-message")
    assert second["message"] == "ho" and first["sender"] == second["sender"]


async def test_who_comes_back_to_another_server_receives_what_it_missed(cluster):
    a, b = cluster.urls
    async with connect(a, proxy=None) as zoe:
        await tell(zoe, type="join-room", room="tea")
        place = await hear(zoe, "joined")
    async with joined(a) as ann:
        for n in range(5):
            await tell(ann, type="room-message", message=str(n), id=str(n))
            last = await hear(ann, "ack")
        async with connect(b, proxy=None) as zoe:
            await tell(zoe, type="join-room", room="tea", epoch=place["epoch"], offset=place["offset"])
            again = await hear(zoe, "joined")
            assert (again["recovered"], again["missed"], again["offset"]) == (True, 5, last["offset"])
            assert [(await hear(zoe, "room-message"))["message"] for _ in range(5)] == list("01234")


async def test_what_dies_is_started_again_at_its_old_address_and_nothing_is_lost(cluster):
    urls, engine = cluster.urls, cluster.engine.url
    async with Subscription(urls, "tea", base=0.05, cap=0.2) as ann, Subscription(urls[::-1], "tea", base=0.05) as bob:
        texts = []
        for what in ("a", "b", "engine"):
            pid = cluster.engine.pid if what == "engine" else cluster.server(what).pid
            sending = [asyncio.ensure_future(sub.send(f"{what}-{n}")) for n, sub in enumerate((ann, bob))]
            await cluster.kill(what)
            assert not runs(pid)
            await cluster.ready(what)
            await asyncio.wait_for(asyncio.gather(*sending), 30)
            texts += [f"{what}-0", f"{what}-1"]
        for person in (ann, bob):
            got = []
            async with asyncio.timeout(60):
                while len(got) < len(texts):
                    item = await anext(person)
                    assert isinstance(item, Message)
                    got.append(item.message)
            assert sorted(got) == sorted(texts) and not person.gaps
    assert cluster.urls == urls and cluster.engine.url == engine


#: Draining takes one second. A machine that stands still for longer would see nothing of it.
SLOWLY = "from wslearn.server.draining import drain; drain.__defaults__ = 5, 6.0"


async def test_draining_refuses_new_clients_closes_the_others_in_waves_and_starts_again(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(SLOWLY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with Cluster("feed", 2) as cluster:
        a = cluster.server("a")
        pid, url = a.pid, a.url
        clients = [await connect(url, proxy=None) for _ in range(10)]
        draining = asyncio.create_task(cluster.drain("a"))
        ends = [asyncio.create_task(closed_with(ws)) for ws in clients]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, proxy=None)
        assert refused.value.response.status_code == 503 and int(refused.value.response.headers["Retry-After"]) > 0
        assert (await health(a))["status"] == "draining"
        assert not all(end.done() for end in ends), "in waves"
        assert await asyncio.gather(*ends) == [(1012, "the server restarts")] * 10
        await asyncio.wait_for(draining, 60)
        assert not runs(pid) and runs(a.pid) and a.url == url
        async with joined(url):
            pass


@posix
async def test_sigterm_to_a_server_drains_it(cluster):
    a = cluster.server("a")
    pid = a.pid
    async with connect(a.url, proxy=None) as ws:
        os.kill(pid, signal.SIGTERM)
        assert await closed_with(ws) == (1012, "the server restarts")
    await until(lambda: a.pid != pid, 30)
    await cluster.ready("a")
    assert not runs(pid)
    async with joined(a.url):
        pass


async def test_a_rolling_restart_under_load_loses_nothing(cluster):
    urls = cluster.urls
    pids = {member.pid for member in cluster.servers}
    async with Subscription(urls, "tea", base=0.05, cap=0.2) as ann, Subscription(urls[::-1], "tea", base=0.05) as bob:
        restarting = asyncio.create_task(cluster.rolling_restart())
        sent = []
        async with asyncio.timeout(60):
            while not restarting.done() or len(sent) < 10:
                sent.append(await ann.send(str(len(sent))))
            got = []
            while len(got) < len(sent):
                got.append(await anext(bob))
    assert [message.offset for message in got] == sent == sorted(set(sent))
    assert not pids & {member.pid for member in cluster.servers} and not ann.gaps and not bob.gaps


async def test_members_of_a_killed_server_are_gone_within_3_seconds(cluster):
    async with joined(cluster.urls[0]) as ann:
        async with joined(cluster.urls[1]):
            while len((await hear(ann, "presence"))["members"]) < 2:
                pass
            await cluster.kill("b", 30)
            async with Stopwatch() as watch:
                while len((await hear(ann, "presence"))["members"]) > 1:
                    pass
            assert watch.seconds < 6  # and the scheduling of three busy processes


async def test_a_server_that_is_cut_off_says_so_and_takes_nothing_it_cannot_store():
    async with Cluster("feed", 2, network=True) as cluster:
        a, b = cluster.servers
        async with joined(a.url) as ann, joined(b.url) as bob:
            cluster.cut_off("b")
            error = await hear(bob, "error")
            assert error["code"] == "hub-lost" and "id" not in error
            assert (await health(b))["hub"] == "lost" and (await health(a))["hub"] == "ok"
            await tell(bob, type="room-message", message="lost?", id="7")
            assert (await hear(bob, "error"))["id"] == "7"
            await tell(ann, type="room-message", message="meanwhile", id="1")
            await hear(ann, "ack")
            cluster.resume("b")
            assert (await hear(bob, "room-message"))["message"] == "meanwhile"
            await tell(bob, type="room-message", message="again", id="7")
            assert (await hear(ann, "room-message"))["message"] == "again"


async def test_a_room_joined_on_a_server_that_lags_is_not_called_complete():
    async with Cluster("feed", 2, network=True) as cluster:
        a, b = cluster.servers
        async with joined(a.url) as ann, joined(b.url), connect(b.url, proxy=None) as zoe:
            await tell(ann, type="room-message", message="1", id="1")
            place = await hear(ann, "ack")
            epoch = ""
            async with connect(a.url, proxy=None) as other:
                await tell(other, type="join-room", room="tea")
                epoch = (await hear(other, "joined"))["epoch"]
            cluster.cut_off("b")
            await tell(ann, type="room-message", message="2", id="2")
            place = await hear(ann, "ack")
            await tell(zoe, type="join-room", room="tea", epoch=epoch, offset=place["offset"])
            answer = await hear(zoe)
            while answer["type"] not in ("joined", "error"):
                answer = await hear(zoe)
            # Its name could not be had from the engine, or the server knows that it lags: nothing is promised.
            assert answer.get("code") == "hub-lost" or answer.get("recovered") is False


# What is left behind


@pytest.mark.parametrize("state", ["running", "a frozen", "engine frozen", "a killed", "cancelled"])
async def test_nothing_is_left_when_it_stops(state):
    cluster = await Cluster("feed", 2).start()
    pids, folder = everything(cluster)
    if "frozen" in state:
        cluster.freeze(state.split()[0])
    elif state == "a killed":
        await cluster.kill("a", 30)
    stopping = asyncio.create_task(cluster.stop())
    if state == "cancelled":
        await asyncio.sleep(0)
        stopping.cancel()
    await asyncio.wait([stopping], timeout=30)
    assert stopping.done()
    await cluster.stop()
    await until(lambda: not [pid for pid in pids if runs(pid)] and not folder.exists())


async def test_a_start_that_fails_leaves_nothing(monkeypatch):
    cluster = Cluster("feed", 2, "--nonsense")
    with pytest.raises(RuntimeError, match="nonsense"):
        await cluster.start()
    assert cluster.engine.pid is None and not cluster.engine._folder.exists()
    assert not any(member.running for member in cluster.servers)


@asynccontextmanager
async def command(*options: str):
    """`wslearn cluster feed`, and the JSON that it prints."""
    process = subprocess.Popen(  # noqa: ASYNC220 - its end by SIGKILL is to be seen
        [sys.executable, "-m", "wslearn", "cluster", "feed", "--servers", "2", "--json", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), 40)
        yield process, json.loads(line)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


async def gone(pids: list[int], folder: Path) -> None:
    await until(lambda: not [pid for pid in pids if runs(pid)] and not folder.exists())


@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM", "SIGKILL", "SIGKILL while a server and the engine are frozen"])
@posix
async def test_the_command_leaves_nothing(end):
    async with command() as (process, ready):
        pids = [ready["engine_pid"], *(server["pid"] for server in ready["servers"])]
        folder = Path(psutil.Process(ready["engine_pid"]).cmdline()[-1]).parent
        assert folder.name.startswith("wslearn-hub-") and folder.exists()
        assert ready["engine"].startswith("nats://127.0.0.1:") and "@" not in ready["engine"]
        assert [server["name"] for server in ready["servers"]] == ["a", "b"]
        for server in ready["servers"]:
            assert TOKEN in psutil.Process(server["pid"]).environ()
            assert "--hub" in psutil.Process(server["pid"]).cmdline()
        if "frozen" in end:
            os.kill(ready["engine_pid"], signal.SIGSTOP)
            os.kill(ready["servers"][0]["pid"], signal.SIGSTOP)
        number = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}.get(end, signal.SIGKILL)
        process.send_signal(number)
        code = await asyncio.wait_for(asyncio.to_thread(process.wait), 30)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        await gone(pids, folder)


async def test_the_commands_lines_for_people():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wslearn", "cluster", "--servers", "1", "--exit-with-parent",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    line = (await asyncio.wait_for(process.stdout.readline(), 40)).decode().split()
    assert line[0] == "a" and line[1].startswith("ws://127.0.0.1:") and line[2].startswith("http://127.0.0.1:")
    process.stdin.close()
    rest, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0 and rest == b"" and b"Traceback" not in errors


@pytest.mark.parametrize("arguments", [("echo",), ("feed", 0), ("feed", 27)])
def test_what_is_no_cluster(arguments):
    with pytest.raises(ValueError, match=r"can't share|expected 1 to 26"):
        Cluster(*arguments)


async def test_helpers_say_what_they_need(cluster):
    with pytest.raises(ValueError, match="there is no server 'z'; there are a, b"):
        await cluster.drain("z")
    with pytest.raises(RuntimeError, match="network=True"):
        cluster.cut_off("a")
