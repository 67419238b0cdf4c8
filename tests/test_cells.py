"""Cells that are run again, with a kernel's request played by the test; tests/notebooks does it in a real kernel."""

import asyncio
import queue
import signal
import socket
import sys
import time

import IPython
import pytest
from jupyter_client.manager import start_new_kernel
from websockets.asyncio.client import connect

from wslearn import EchoServer, cells


class Shell:
    """Just enough of ipykernel's shell to say which cell is running."""

    def __init__(self, monkeypatch):
        self.kernel = self
        monkeypatch.setattr(IPython, "get_ipython", lambda: self)

    def run(self, cell, run, cell_id=None):
        header = {"msg_type": "execute_request", "msg_id": run}
        self.parent = {"header": header, "metadata": {"cellId": cell_id}, "content": {"code": cell}}

    def get_parent(self):
        return self.parent


@pytest.fixture
def shell(monkeypatch):
    return Shell(monkeypatch)


def test_outside_a_kernel_there_is_no_cell():
    assert cells.current_cell() == (None, None)


def test_a_request_that_runs_no_cell_is_none(shell):
    shell.parent = {"header": {"msg_type": "comm_msg", "msg_id": "1"}}
    assert cells.current_cell() == (None, None)


async def test_a_cell_run_again_stops_what_its_last_run_started(shell):
    shell.run("server = …", "run 1")
    first = await EchoServer().start()
    ws = await connect(first.url)
    shell.run("server = …", "run 2")
    second = await EchoServer().start()
    await ws.wait_closed()
    assert ws.close_code == 1001 and not first.sockets
    async with connect(second.url) as ws:
        assert await ws.recv()
    await second.stop()


async def test_one_run_may_start_several_and_another_cell_stops_none(shell):
    shell.run("two servers", "run 1")
    servers = [await EchoServer().start() for _ in range(2)]
    shell.run("another cell", "run 2")
    servers.append(await EchoServer().start())
    for server in servers:
        async with connect(server.url) as ws:
            assert await ws.recv()
        await server.stop()


async def test_an_edited_cell_is_the_same_cell_where_the_front_end_says_so(shell):
    shell.run("port=0", "run 1", cell_id="abc")
    first = await EchoServer().start()
    shell.run("port = 0  # edited", "run 2", cell_id="abc")
    second = await EchoServer().start()
    with pytest.raises(RuntimeError, match="not running"):
        _ = first.url
    await second.stop()


async def test_in_a_kernel_the_last_one_to_ask_for_a_port_gets_it(shell):
    shell.run("a", "run 1")
    first = await EchoServer().start()
    shell.run("b", "run 2")
    second = await EchoServer(port=first.port).start()
    async with connect(second.url) as ws:
        assert await ws.recv()
    await second.stop()


class Stuck(EchoServer):
    async def stop(self):
        await asyncio.Event().wait()


class Failing(EchoServer):
    async def stop(self):
        raise ValueError("no goodbye")


@pytest.mark.parametrize("kind", [Stuck, Failing])
async def test_a_stop_that_fails_or_never_ends_does_not_keep_the_cell_from_running_again(
    shell, kind, monkeypatch, caplog
):
    monkeypatch.setattr(cells, "STOP_TIMEOUT", 0.2)
    shell.run("server = …", "run 1")
    first = await kind().start()
    shell.run("server = …", "run 2")
    async with asyncio.timeout(30):
        async with EchoServer() as second:
            assert first not in cells._running and second in cells._running
    assert f"{kind.__name__} could not be stopped" in caplog.text
    await EchoServer.stop(first)


async def test_a_stopped_server_is_forgotten(shell):
    shell.run("a", "run 1")
    async with EchoServer() as server:
        assert server in cells._running
    assert server not in cells._running


# Interrupts

#: A kernel in which a cell that awaits can be interrupted: what makes it so.
ARMED = {
    "setup": "from wslearn.notebook import setup; setup('0.1')",
    "server": "from wslearn import EchoServer\nasync with EchoServer(): pass",
    "process": "from wslearn import ServerProcess\nserver = await ServerProcess('echo', '--plain').start()",
}
#: Cells that only wait for something quiet.
QUIET = {
    "event": "import asyncio; print('waits'); await asyncio.Event().wait()",
    "connection": "from websockets.asyncio.client import connect\n"
    "async with connect(server.url, ping_interval=None) as ws:\n    print('waits'); await ws.recv()",
}


class RealKernel:
    """A kernel that is interrupted as Jupyter does it."""

    def __init__(self, tmp_path):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))

    def run(self, code: str) -> str:
        """Run a cell, and return what it printed."""
        said = []
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda message: said.append(message["content"].get("text", ""))
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said).strip()

    def interrupt(self, code: str, seconds: float) -> tuple[str, float] | None:
        """Interrupt a cell when it has printed something; return its error and after how many seconds it ended."""
        # Else the kernel would refuse what is sent in the moment after the error.
        request = self.client.execute(code, stop_on_error=False)
        while self.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
            pass
        time.sleep(0.2)  # until the cell waits: it sends nothing any more that could be awaited
        began = time.monotonic()
        self.manager.interrupt_kernel()
        while (left := began + seconds - time.monotonic()) > 0:
            try:
                reply = self.client.get_shell_msg(timeout=left)
            except queue.Empty:
                break
            if reply["parent_header"]["msg_id"] == request:
                return reply["content"]["ename"], time.monotonic() - began
        return None


@pytest.fixture
def real_kernel(tmp_path):
    kernel = RealKernel(tmp_path)
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(("armed", "quiet"), [("setup", "event"), ("server", "event"), ("process", "connection")])
def test_a_cell_that_only_waits_can_be_interrupted(real_kernel, armed, quiet):
    real_kernel.run(ARMED[armed])
    times = []
    for _ in range(3):
        error, seconds = real_kernel.interrupt(QUIET[quiet], 10)
        assert error in ("CancelledError", "KeyboardInterrupt")
        times.append(seconds)
    assert min(times) < 4  # of three, since this computer may be held up; unarmed it is never, see below
    assert real_kernel.run("print(6 * 7)") == "42"


def test_a_kernel_whose_own_wake_up_was_taken_gets_it_again(real_kernel):
    """asyncio's signal handlers put their socket in the place of ours, and take it away at the end."""
    real_kernel.run(ARMED["setup"])
    real_kernel.run(
        "import asyncio, signal\nloop = asyncio.get_running_loop()\n"
        "loop.add_signal_handler(signal.SIGTERM, print); loop.remove_signal_handler(signal.SIGTERM)"
    )
    real_kernel.run(ARMED["setup"])
    assert real_kernel.interrupt(QUIET["event"], 10)


@pytest.mark.thorough
def test_without_it_the_kernel_would_not_hear_the_interrupt(real_kernel):
    """Where this fails, ipykernel has learnt it, and `hear_interrupts` can go."""
    assert real_kernel.interrupt(QUIET["event"], 5) is None


async def test_a_signal_wakes_the_loop_and_nothing_runs_meanwhile(shell):
    if sys.platform == "win32":
        pytest.skip("Windows' loop wakes up by itself")
    tasks = asyncio.all_tasks()
    heard = []
    before = signal.signal(signal.SIGUSR1, lambda *_: asyncio.get_running_loop().call_soon(heard.append, 1))
    try:
        cells.hear_interrupts()
        cells.hear_interrupts()
        assert asyncio.all_tasks() == tasks
        loop, _, waker = cells._alarm
        assert loop is asyncio.get_running_loop()
        assert signal.set_wakeup_fd(waker.fileno()) == waker.fileno()
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.sleep(0)
        assert heard == [1]
    finally:
        signal.signal(signal.SIGUSR1, before)


async def test_what_wakes_the_loop_already_stays(shell):
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours, theirs:
        signal.set_wakeup_fd(theirs.fileno())
        cells.hear_interrupts()
        assert signal.set_wakeup_fd(-1) == theirs.fileno()


async def test_outside_a_kernel_and_in_other_threads_signals_are_left_alone(shell, monkeypatch):
    async def hear():
        cells.hear_interrupts()

    signal.set_wakeup_fd(-1)
    await asyncio.to_thread(asyncio.run, hear())
    assert signal.set_wakeup_fd(-1) == -1
    monkeypatch.undo()
    cells.hear_interrupts()
    assert signal.set_wakeup_fd(-1) == -1


def test_what_lived_on_a_loop_that_has_ended_is_forgotten():
    class Thing:
        port = 0

    async def start():
        cells.started(Thing())
        return asyncio.get_running_loop()

    with asyncio.Runner() as runner:
        ended = runner.run(start())
        assert [thing for thing, (*_, loop) in cells._running.items() if loop is ended]
    cells.ended(ended)
    assert not [thing for thing, (*_, loop) in cells._running.items() if loop is ended]
