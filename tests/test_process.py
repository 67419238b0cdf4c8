import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from support import no_task_left, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn import EchoServer, ServerProcess
from wslearn.process import allow_open_files


def listening(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


async def test_the_same_addresses_as_a_server_in_this_process():
    async with ServerProcess("echo") as server:
        assert server.url == f"ws://127.0.0.1:{server.port}/" and server.pid != os.getpid()
        assert server.page_url == f"http://127.0.0.1:{server.port}/"
        async with connect(server.url) as ws:
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
        begun = time.perf_counter()
        results = await asyncio.gather(*stops, return_exceptions=True)
        assert not process.is_running()
        assert [type(result) for result in results] == [asyncio.CancelledError if cancelled else type(None)] * 2
        assert not cancelled or time.perf_counter() - begun < 1.5
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
