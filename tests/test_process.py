import asyncio
import os
import signal
import subprocess
import sys

import psutil
import pytest
from support import Stopwatch, listening, no_task_left, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn import EchoServer, ServerProcess, process
from wslearn.common import preflight
from wslearn.process import allow_open_files


async def test_the_same_addresses_as_a_server_in_this_process():
    async with ServerProcess("echo") as server:
        assert server.url == f"ws://127.0.0.1:{server.port}/" and server.pid != os.getpid()
        assert server.page_url == f"http://127.0.0.1:{server.port}/"
        async with connect(server.url) as ws:
            assert await ws.recv() == "Welcome! Connection established."
        async with connect(f"{server.url}{server.proxy_path}/ws") as ws:
            assert await ws.recv() == "Welcome! Connection established."
    assert not listening(server.port)


async def test_options_are_those_of_wslearn_serve():
    async with ServerProcess("echo", "--plain", "--max-size", "10") as server, connect(server.url) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"
        await ws.send("x" * 11)
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_code == 1009


async def test_stop_says_goodbye_and_twice_is_fine():
    server = await ServerProcess("echo").start()
    assert await server.start() is server
    async with connect(server.url) as ws:
        await server.stop()
        await ws.wait_closed()
        assert ws.close_code == 1001
    await server.stop()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process of Windows cannot be frozen by a signal")
@pytest.mark.parametrize("cancelled", [False, True])
async def test_stop_waits_for_the_end_of_a_process_that_hangs(cancelled):
    with no_task_left():
        server = await ServerProcess("echo").start()
        process = psutil.Process(server.pid)
        process.suspend()
        stops = [asyncio.create_task(server.stop()) for _ in range(2)]
        await asyncio.sleep(0.1)
        if cancelled:  # then nobody has the patience to see whether it ends by itself
            for stop in stops:
                stop.cancel()
        async with Stopwatch() as watch:
            results = await asyncio.gather(*stops, return_exceptions=True)
        assert not process.is_running()
        assert [type(result) for result in results] == [asyncio.CancelledError if cancelled else type(None)] * 2
        assert not cancelled or watch.seconds < 1.5
    await server.stop()


async def test_a_server_that_cannot_start_says_why():
    async with EchoServer() as holder:
        with pytest.raises(RuntimeError, match=rf"wslearn serve echo did not start: .*port {holder.port}.* in use"):
            await ServerProcess("echo", port=holder.port).start()
    with pytest.raises(RuntimeError, match="no server 'ehco'"):
        await ServerProcess("ehco").start()


async def test_a_cancelled_start_leaves_no_process():
    server = ServerProcess("echo")
    before = set(psutil.Process().children())  # JupyterLab of other tests, say
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await server.start()
    left = set(psutil.Process().children()) - before
    alive = [child for child in left if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in alive if "wslearn" in child.cmdline()]


#: What a `sitecustomize`, or a `.pth` file, of the reader's may put out before the server does.
CHATTER = {
    "a line": "print('hello')",
    "no end of line": "print('hello {', end=' ')",
    "JSON": "print('{\"name\": 1}'); print('[]'); print('{\"url\": \"ws://elsewhere/\"}')",
    "much": "print('x' * 200_000); print('{' * 10_000)",
    "no text": "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'\\n'); sys.stdout.flush()",
    "errors": "import sys; print('{', file=sys.stderr)",
}


def customised(monkeypatch, folder, code: str) -> None:
    (folder / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove a folder that is in use")
async def test_the_current_folder_may_have_been_removed(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.syspath_prepend("")
    assert preflight.shadowing() is None
    async with ServerProcess("echo") as server, connect(server.url) as ws:
        assert await ws.recv() == "Welcome! Connection established."


@pytest.mark.parametrize("code", CHATTER.values(), ids=CHATTER)
async def test_the_addresses_are_found_in_what_else_is_put_out(monkeypatch, tmp_path, code):
    customised(monkeypatch, tmp_path, code)
    async with ServerProcess("echo") as server, connect(server.url) as ws:
        assert await ws.recv() == "Welcome! Connection established."


async def test_what_came_in_place_of_the_addresses_is_told(monkeypatch, tmp_path):
    customised(monkeypatch, tmp_path, "import os; print('not {today}'); os.close(1)")
    with pytest.raises(RuntimeError, match=r"wslearn serve echo did not start: (.*\n)*not {today}"):
        await ServerProcess("echo").start()


async def test_a_process_that_says_much_and_never_starts_is_ended(monkeypatch, tmp_path):
    customised(monkeypatch, tmp_path, "while True: print('hello ' * 100)")
    monkeypatch.setattr(process, "START_TIMEOUT", 4.0)
    server = ServerProcess("echo")
    with pytest.raises(RuntimeError, match=r"echo did not start within 4 s: hello hello [helo ]{300,1000}$"):
        await server.start()
    assert not psutil.pid_exists(server.pid)


async def test_a_process_that_says_nothing_in_time_may_be_slow(monkeypatch, tmp_path):
    customised(monkeypatch, tmp_path, "import time; time.sleep(99)")
    monkeypatch.setattr(process, "START_TIMEOUT", 1.0)
    with pytest.raises(RuntimeError, match=r"within 1 s: it printed nothing, so this computer may be too busy: try ag"):
        await ServerProcess("echo").start()


async def test_files_in_the_current_folder_do_not_disturb_it(monkeypatch, tmp_path):
    for name in ("http", "asyncio", "email", "websockets", "typing", "wslearn", "types", "importlib"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not the real one')")
    monkeypatch.chdir(tmp_path)
    async with ServerProcess("echo") as server, connect(server.url) as ws:
        assert await ws.recv() == "Welcome! Connection established."


@pytest.mark.parametrize(("variable", "value"), [
    ("PYTHONIOENCODING", "utf-16"), ("PYTHONWARNINGS", "error"), ("PYTHONOPTIMIZE", "2"), ("PYTHONDEVMODE", "1"),
    ("LC_ALL", "C"), ("TMPDIR", os.devnull), ("HOME", os.devnull), ("PYTHONSAFEPATH", "1"), ("NO_COLOR", "1"),
])  # fmt: skip
async def test_variables_for_other_programs_do_not_disturb_it(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    async with ServerProcess("echo") as server, connect(server.url) as ws:
        assert await ws.recv() == "Welcome! Connection established."


PARENT = """
import asyncio
from wslearn import ServerProcess
from wslearn.process import allow_open_files

async def main():
    server = await ServerProcess("echo").start()
    print(server.port, server.pid, flush=True)
    await asyncio.sleep({sleep})

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["killed", "interrupted", "returned"])
async def test_it_ends_with_the_process_that_started_it(end):
    sleep = 0 if end == "returned" else 60
    command = [sys.executable, "-c", PARENT.format(sleep=sleep)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: ASYNC220
    try:
        line = await asyncio.wait_for(asyncio.to_thread(parent.stdout.readline), 30)
        port = int(line.split()[0])
        if end == "killed":
            parent.kill()
        elif end == "interrupted":
            if sys.platform == "win32":
                pytest.skip("Windows cannot send Ctrl-C to one process")
            parent.send_signal(signal.SIGINT)
        await asyncio.to_thread(parent.wait, 30)
        await until(lambda: not listening(port))
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


def test_as_many_files_may_be_open_as_there_are_connections():
    resource = pytest.importorskip("resource", reason="Windows counts no open files")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert allow_open_files(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (500, before[1])
        assert allow_open_files(100) == 100  # what is allowed stays
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (500, before[1])
        if before[1] != resource.RLIM_INFINITY:
            assert allow_open_files(before[1] + 5) < before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
