"""Cells that are run again, with a kernel's request played by the test; tests/notebooks does it in a real kernel."""

import asyncio

import IPython
import pytest
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
    async with asyncio.timeout(5):
        async with EchoServer() as second:
            assert first not in cells._running and second in cells._running
    assert f"{kind.__name__} could not be stopped" in caplog.text
    await EchoServer.stop(first)


async def test_a_stopped_server_is_forgotten(shell):
    shell.run("a", "run 1")
    async with EchoServer() as server:
        assert server in cells._running
    assert server not in cells._running


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
