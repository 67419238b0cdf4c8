"""Every program that is measured does the same work, and the load client counts what it is given. No time is judged."""

import json
from contextlib import contextmanager
from threading import Event, Thread

import contenders
import psutil
import pytest
from table import PARTS
from websockets.sync.client import connect
from websockets.sync.server import serve

FOUND, LEFT_OUT = contenders.contenders(before=None)
WAIT = 50  # for what must come; a starved machine takes its time


@contextmanager
def serving(name: str, work: str, size: int = 128):
    """Run this program, and yield a load client and a function that connects."""
    if name not in FOUND:
        pytest.skip(next(line for line in LEFT_OUT if line.startswith(name)))
    with FOUND[name].serve(work) as (_, port), contenders.load(work, port, size) as load:
        yield load, lambda: connect(f"ws://127.0.0.1:{port}/ws", compression=None)


@pytest.mark.parametrize("name", [name for name in PARTS["echo"].names if name != "before"])
def test_it_echoes(name):
    with serving(name, "echo", 4096) as (load, connected):
        load.ask("connect 3")
        done = load.ask("measure 0.05")
        assert done["messages"] == done["deliveries"] >= 3
        with connected() as ws:
            ws.send("grüß dich")
            assert ws.recv(WAIT) == "grüß dich"


def get(ws, kind: str) -> dict:
    """Return the next message of this type."""
    while (message := json.loads(ws.recv(WAIT)))["type"] != kind:
        pass
    return message


def count(ws, kind: str) -> int:
    """Return how many messages of the load client come before the text "end"."""
    texts = []
    while not texts or texts[-1] != "end":
        texts.append(get(ws, kind)["message"])
    return texts.count("x" * 128)


@pytest.mark.parametrize("name", PARTS["fan-out"].names)
def test_it_broadcasts(name):
    with serving(name, "broadcast") as (load, connected):
        load.ask("connect 3")
        if name == "floor":  # it knows no protocol, so a real client would not talk to it
            done = load.ask("measure 0.05")
        else:
            with connected() as ws:
                ws.send(json.dumps({"message": "begin"}))
                assert sorted(get(ws, "broadcast")) == ["message", "timestamp", "type"]
                load.ask("settle 0")
                done = load.ask("measure 0.05")
                ws.send(json.dumps({"message": "end"}))
                assert count(ws, "broadcast") == done["messages"]
        assert done["deliveries"] == 3 * done["messages"] >= 9


@pytest.mark.parametrize("name", PARTS["rooms"].names)
def test_it_has_rooms(name):
    with serving(name, "rooms") as (load, connected):
        load.ask("connect 12")  # ten in room-0, two in room-1
        with connected() as ws:
            ws.send(json.dumps({"type": "join-room", "room": "room-1"}))
            ws.send(json.dumps({"type": "room-message", "message": "begin"}))
            assert get(ws, "room-message")["room"] == "room-1"
            load.ask("settle 0")
            done = load.ask("measure 0.05")
            ws.send(json.dumps({"type": "room-message", "message": "end"}))
            assert count(ws, "room-message") == done["messages"] / 2
        assert done["deliveries"] == 6 * done["messages"] >= 36  # in a round, two messages have twelve copies


@contextmanager
def serving_thread(handler):
    """Serve in a thread, and yield the port."""
    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
    thread.join(WAIT)


@pytest.mark.parametrize("work", ["echo", "broadcast"])
def test_the_load_client_answers_pings_and_does_not_count_them(work):
    """A server that pings all the time, before a message and after it."""
    pongs = []

    def handler(ws):
        for message in ws:
            pongs.append(ws.ping())
            ws.send(message)
            pongs.append(ws.ping())

    with serving_thread(handler) as port, contenders.load(work, port, 32) as load:
        load.ask("connect 1")
        done = load.ask("measure 0.1")
        assert done["messages"] == done["deliveries"] >= 3
        load.ask("settle 0")  # it has read all pings of the messages before
        assert all(pong.wait(WAIT) for pong in pongs[: 2 * done["messages"]])


def test_an_idle_load_client_answers_pings():
    connected, answered = Event(), Event()

    def handler(ws):
        for mark in range(1, 10):  # what it waits for: its own words back; on a busy machine, later ones
            ws.send(f"{mark}".ljust(128, "m"))
        assert connected.wait(WAIT)
        if ws.ping().wait(WAIT):
            answered.set()

    with serving_thread(handler) as port, contenders.load("idle", port) as load:
        load.ask("connect 1")
        connected.set()
        assert answered.wait(WAIT)


def test_a_child_that_ends_or_is_silent_says_so():
    with contenders.load("echo", 1) as load:  # it waits for a command
        with pytest.raises(RuntimeError, match=r"printed nothing for 0\.1 s"):
            load.line(patience=0.1)
    with contenders.load("echo", 1) as load:  # nobody listens there
        with pytest.raises(RuntimeError, match=r"load\.py echo 1 … has ended"):
            load.ask("connect 1")


@pytest.mark.parametrize("name", [name for name in FOUND if name != "floor"])
def test_a_server_ends_when_its_parent_is_gone_and_has_its_core(name):
    """It is told by the end of its standard input."""
    with FOUND[name].serve("echo") as (server, port), contenders.load("idle", port) as load:
        for child, core in zip((server, load), contenders.cores(), strict=True):
            assert core is None or psutil.Process(child.pid).cpu_affinity() == [core]
            child.stdin.close()
            child.wait(WAIT)
