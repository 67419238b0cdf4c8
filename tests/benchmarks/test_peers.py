"""Every program that is measured does the same work, and the load client counts what it is given. No time is judged."""

import json
from contextlib import contextmanager
from threading import Event, Thread

import children
import contenders
import pytest
from table import PARTS
from websockets.sync.client import connect
from websockets.sync.server import serve

FOUND, LEFT_OUT = contenders.contenders(before=None, install=False)  # tests fetch nothing
WAIT = 10


def contender(name: str) -> contenders.Contender:
    if name not in FOUND:
        pytest.skip(next(line for line in LEFT_OUT if line.startswith(name)))
    return FOUND[name]


@pytest.mark.parametrize("name", [name for name in PARTS["echo"].names if name != "before"])
def test_it_echoes(name):
    with contender(name).serve("echo") as serving, children.load("echo", serving.port, 4096) as load:
        assert load.ask("connect 3")["connections"] == 3
        done = load.ask("measure 0.05")
        assert done["messages"] == done["deliveries"] >= 3
        with connect(f"ws://127.0.0.1:{serving.port}/ws", compression=None) as ws:
            ws.send("grüß dich")
            assert ws.recv(WAIT) == "grüß dich"


def get(ws, kind: str) -> dict:
    """Return the next message of this type."""
    while (message := json.loads(ws.recv(WAIT)))["type"] != kind:
        pass
    return message


def texts(ws, kind: str, mark: str) -> list[str]:
    """Return the texts of the messages up to `mark`, and without it."""
    found = []
    while (message := get(ws, kind))["message"] != mark:
        found.append(message["message"])
    return found


@pytest.mark.parametrize("name", PARTS["fan-out"].names)
def test_it_broadcasts(name):
    with contender(name).serve("broadcast") as serving, children.load("broadcast", serving.port) as load:
        load.ask("connect 3")
        if name == "floor":  # it knows no protocol, so a real client would not talk to it
            done = load.ask("measure 0.05")
        else:
            with connect(f"ws://127.0.0.1:{serving.port}/ws", compression=None) as ws:
                ws.send(json.dumps({"message": "begin"}))
                message = get(ws, "broadcast")
                assert (message["message"], sorted(message)) == ("begin", ["message", "timestamp", "type"])
                load.ask("settle 0")
                done = load.ask("measure 0.05")
                ws.send(json.dumps({"message": "end"}))
                assert texts(ws, "broadcast", "end").count("x" * 128) == done["messages"]
        assert done["deliveries"] == 3 * done["messages"] >= 9


@pytest.mark.parametrize("name", PARTS["rooms"].names)
def test_it_has_rooms(name):
    with contender(name).serve("rooms") as serving, children.load("rooms", serving.port) as load:
        load.ask("connect 12")  # ten in room-0, two in room-1
        with connect(f"ws://127.0.0.1:{serving.port}/ws", compression=None) as ws:
            ws.send(json.dumps({"type": "join-room", "room": "room-1"}))
            ws.send(json.dumps({"type": "room-message", "message": "begin"}))
            assert get(ws, "room-message")["room"] == "room-1"
            load.ask("settle 0")
            done = load.ask("measure 0.05")
            ws.send(json.dumps({"type": "room-message", "message": "end"}))
            assert texts(ws, "room-message", "end").count("x" * 128) == done["messages"] / 2
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

    with serving_thread(handler) as port, children.load(work, port, 32) as load:
        load.ask("connect 1")
        done = load.ask("measure 0.02")
        assert done["messages"] == done["deliveries"] >= 3
        load.ask("settle 0")  # it has read all pings of the messages before
        assert all(pong.wait(WAIT) for pong in pongs[: 2 * done["messages"]])


def test_an_idle_load_client_answers_pings():
    connected, answered = Event(), Event()

    def handler(ws):
        ws.send("1".ljust(128, "m"))  # what it waits for: its own words back
        assert connected.wait(WAIT)
        if ws.ping().wait(WAIT):
            answered.set()

    with serving_thread(handler) as port, children.load("idle", port) as load:
        load.ask("connect 1")
        connected.set()
        assert answered.wait(WAIT)


def test_a_child_that_ends_says_so():
    with children.load("echo", 1) as load:  # nobody listens there
        with pytest.raises(RuntimeError, match=r"load\.py echo 1 … has ended"):
            load.ask("connect 1")


def test_a_child_that_is_silent_is_not_waited_for_without_end():
    with children.load("echo", 1) as load:  # it waits for a command
        with pytest.raises(RuntimeError, match=r"printed nothing for 0\.1 s"):
            load.line(patience=0.1)


@pytest.mark.parametrize("name", [name for name in FOUND if name != "floor"])
def test_a_server_ends_when_its_parent_is_gone(name):
    """It is told by the end of its standard input."""
    with FOUND[name].serve("echo") as serving, children.load("idle", serving.port) as load:
        for child in (load, serving.child):
            child.process.stdin.close()
            child.process.wait(WAIT)


def test_what_cannot_be_had_is_said(monkeypatch):
    monkeypatch.setattr(contenders.shutil, "which", lambda name: None)
    monkeypatch.setattr(contenders.importlib.util, "find_spec", lambda name: None)
    found, left_out = contenders.contenders(before=None, install=False)
    assert list(found) == ["wslearn", "wslearn (asyncio)", "floor"]
    assert left_out[1].startswith("Node ws is left out: there is no Node")
    assert [line.partition(" ")[0] for line in left_out[2:]] == [
        name.partition(" ")[0] for name in contenders.PYTHON_PEERS
    ]
