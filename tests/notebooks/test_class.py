"""`await classroom()` in a real kernel: run again, restarted, stopped twice. Phones come back, and nothing is left."""

import json
import re
import socket
from contextlib import ExitStack, contextmanager

import psutil
import pytest
from nbclient.util import run_sync
from nbformat.v4 import new_code_cell
from notebook_runs import errors, kernel, text
from support import listening
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CELL = """
from wslearn.widgets.classroom import classroom
board = await classroom("127.0.0.1")
"""
#: What the kernel holds: listening ports, descriptors, tasks, and classes that are not forgotten.
HELD = """
import asyncio, gc, json, psutil
from wslearn.classroom import ClassServers
for _ in range(3):
    gc.collect()
    await asyncio.sleep(0)
me = psutil.Process()
ports = [one.laddr.port for one in me.net_connections("tcp") if one.status == "LISTEN"]
classes = sum(isinstance(one, ClassServers) for one in gc.get_objects())
print(json.dumps([sorted(ports), me.num_fds(), len(asyncio.all_tasks()), classes, me.memory_info().rss]))
"""
#: Longest wait for a class that comes back, in seconds.
PATIENCE = 60


def start(running, source: str = CELL) -> str:
    """Run the cell, and return the address for phones."""
    cell = running.run(new_code_cell(source, id="class"))
    assert not errors(cell), text(cell)
    return re.search(r"Phones: (\S+)", text(cell))[1]


@contextmanager
def joined(url: str):
    """Join as a phone: yield the connection; `me` is the name, the epoch and the vote that it has."""
    address, origin = url.replace("http", "ws", 1) + "/ws", "/".join(url.split("/")[:3])
    with connect(address, origin=origin, proxy=None, close_timeout=1) as ws:
        ws.send(json.dumps({"type": "join-class", "session": "a" * 32, "name": "Ann"}))
        welcome, poll, _ = (json.loads(ws.recv(PATIENCE)) for _ in range(3))
        ws.me = welcome["name"], welcome["epoch"], poll.get("mine")
        yield ws


def closed_with(ws) -> int | None:
    """Return the code with which the server closes."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            ws.recv(PATIENCE)
    return closed.value.rcvd and closed.value.rcvd.code


def test_a_cell_that_is_run_again_ends_its_class_and_phones_come_back_to_the_same_address(tmp_path):
    with kernel(tmp_path) as running:
        own = json.loads(running.ask(HELD))[0]  # of the kernel itself
        url = start(running)
        running.ask("await board.ask('Tea?', ['yes', 'no'])")
        with joined(url) as ws:
            before = ws.me[1]
            ws.send('{"type":"vote","poll":"p1","choice":1,"id":"1"}')
            while json.loads(ws.recv(PATIENCE))["type"] != "ack":
                pass
            assert start(running) == url
            assert closed_with(ws) == 1001
        with joined(url) as ws:
            name, after, vote = ws.me
            assert name == "Ann" and after != before and vote is None  # the new class knows no votes
            assert running.ask("print([one.name for one in board.people], board.results())") == "['Ann'] {}"
            other = running.run(new_code_cell(CELL.replace("board =", "other ="), id="elsewhere"))
            assert f"Phones: {url}" in text(other)  # another cell takes the class over, too
            assert closed_with(ws) == 1001
        with joined(url) as ws:
            running.ask("await board.stop()\nawait other.stop()\nawait other.stop()")
            assert closed_with(ws) == 1001
        assert json.loads(running.ask(HELD))[0] == own


def test_another_program_has_taken_the_port_meanwhile(tmp_path):
    with kernel(tmp_path) as running:
        url = start(running)
        running.ask("await board.stop()")
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_server(("127.0.0.1", port)):
            other = start(running)
            failed = running.run(new_code_cell(CELL.replace('1")', f'1", port={port})')))
        assert other != url and other.split("/")[-1] == url.split("/")[-1]
        assert errors(failed) and "in use" in text(failed)  # a port that somebody asked for is not replaced


def test_ten_runs_leave_nothing_behind(tmp_path):
    with kernel(tmp_path) as running:
        url = start(running)
        run_with_phones(running, url)
        start(running)
        ports, descriptors, tasks, classes, memory = json.loads(running.ask(HELD))
        assert classes == 1
        for _ in range(10):
            assert start(running) == url
            run_with_phones(running, url)
        start(running)
        for _ in range(100):  # what has been closed may still be on its way to its end
            after = json.loads(running.ask(HELD + "\nawait asyncio.sleep(0.1)"))
            if after[1] <= descriptors and after[2] <= tasks and after[3] == 1:
                break
        assert (len(after[0]), after[3]) == (len(ports), 1)
        assert after[1] <= descriptors and after[2] <= tasks
        assert after[4] - memory < 8 * 2**20


def run_with_phones(running, url: str) -> None:
    """Let a phone join and leave, and others stay until the class ends."""
    with joined(url):
        running.ask("await board.ask('Tea?', ['yes', 'no'])\nawait board.rehearse(3)")
        running.ask("import asyncio\nwhile len(board.people) < 4: await asyncio.sleep(0.01)")


@pytest.mark.parametrize("how", ["shut down", "killed", "restarted"])
def test_the_end_of_the_kernel_frees_everything(tmp_path, how):
    with socket.create_server(("127.0.0.1", 0)) as free:
        fixed = CELL.replace('1")', f'1", port={free.getsockname()[1]}, code="tea42")')
    with ExitStack() as phones, kernel(tmp_path) as running:
        url = start(running, fixed)
        ports = json.loads(running.ask(HELD))[0]
        process = psutil.Process(int(running.ask("import os\nprint(os.getpid())")))
        ws = phones.enter_context(joined(url))
        if how == "restarted":
            run_sync(running.client.km.restart_kernel)(now=False)
            run_sync(running.client.kc.wait_for_ready)(timeout=PATIENCE)
            assert closed_with(ws) in (None, 1001)
            assert start(running, fixed) == url  # no "address in use"
            ws = phones.enter_context(joined(url))
            assert ws.me[0] == "Ann"
            ports += json.loads(running.ask(HELD))[0]
        elif how == "killed":
            process.kill()
        else:
            run_sync(running.client.km.shutdown_kernel)(now=False)
        if how != "restarted":
            assert closed_with(ws) in (None, 1001)
    assert not process.is_running() and not any(map(listening, ports))
