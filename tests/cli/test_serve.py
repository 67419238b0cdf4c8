"""Running a server until it is told to stop: what the command line's tests do not reach."""

import asyncio
import subprocess
import sys
from importlib.util import find_spec

import pytest
from websockets.asyncio.client import connect

from wslearn.cli import serve

STUCK = """
import time
from wslearn import Server
from wslearn.cli import serve

class Stuck(Server):
    async def handler(self, ws):
        await ws.send("about to block")
        time.sleep(60)

serve.run(Stuck(), lambda server: server.url, "asyncio", exit_with_parent=True)
"""


async def test_a_server_that_hangs_ends_with_its_parent_too():
    """Its event loop is blocked, so nobody answers when it is asked to stop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(45):  # less than it is blocked for
            url = (await process.stdout.readline()).decode().strip()
            async with connect(url, close_timeout=0) as ws:
                assert await ws.recv() == "about to block"
                process.stdin.close()
                assert await process.wait() == 1
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.communicate(), 30)


def test_asyncio_is_its_own_loop():
    assert serve.loop_factory("asyncio") is None


def test_without_uvloop(monkeypatch):
    monkeypatch.setattr(serve.importlib.util, "find_spec", lambda name: None)
    assert serve.loop_factory("auto") is None
    with pytest.raises(ValueError, match="leave out --loop uvloop, or write uv run --extra fast"):
        serve.loop_factory("uvloop")


@pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")
def test_uvloop_is_taken_where_it_is_installed():
    import uvloop

    assert serve.loop_factory("auto") is serve.loop_factory("uvloop") is uvloop.new_event_loop


def test_a_pipe_is_needed_to_end_with_the_parent(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ValueError, match="needs a pipe"):
        serve.run(None, str, "asyncio", exit_with_parent=True)
