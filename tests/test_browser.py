"""Scripts for the reader's browser: what a page reports is printed; without one, a cell says so and waits once.

Here a client in Python plays the page. tests/browser/test_browser_side.py has a real one.
"""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import pytest
from notebook_runs import NOTEBOOKS, code_cells, kernel, read, text
from support import until
from websockets.asyncio.client import connect

from wslearn import EchoServer, browser
from wslearn.browser import KNOWN, NEEDS, Browser, has_page
from wslearn.exercises import browser as exercises
from wslearn.testing.raw import Raw


@pytest.fixture(autouse=True)
def first(monkeypatch):
    monkeypatch.setattr(browser, "FIRST", 0.1)
    monkeypatch.setattr(browser, "patience", browser.Patience())


@asynccontextmanager
async def page(server, *lines, ends=True):
    """A control connection that answers each script with these lines; it yields the scripts."""
    scripts = []

    async def serve(ws):
        async for message in ws:
            task = json.loads(message)
            scripts.append(task["script"])
            for line in lines:
                await ws.send(json.dumps({"number": task["number"], "line": line}))
            if ends:
                await ws.send(json.dumps({"number": task["number"], "done": True}))

    async with connect(f"{server.url}ws?control") as ws:
        serving = asyncio.create_task(serve(ws))
        await until(lambda: server.pages)
        yield ws, scripts
        serving.cancel()


async def test_what_a_script_logs_is_printed_and_kept(capsys):
    async with Browser() as server, page(server, "one", "two") as (_, scripts):
        await server.run("log(1)")
        assert capsys.readouterr().out == "one\ntwo\n"
        assert (scripts, server.lines) == (["log(1)"], ["one", "two"])
        await server.run("log(2)")
        assert server.lines == ["one", "two"]  # of the last script alone


async def test_without_a_browser_it_waits_once_and_says_what_it_needs(capsys):
    async with Browser() as server, EchoServer() as other:
        await server.run("log(1)")
        assert browser.patience.seconds == 0
        assert not await has_page(other)
        await server.run("log(1)")
        assert capsys.readouterr().out == f"{NEEDS}\n" * 3
        assert "\n" not in NEEDS and server.lines == []


async def test_run_all_waits_once_and_a_cell_that_is_run_again_waits_again(monkeypatch):
    """However often all cells are run; a cell that asks twice waits once."""
    now = []
    monkeypatch.setattr(browser.cells, "current_cell", lambda: now[-1])
    waits = []
    for run, cell in enumerate("aabc abc bb cc".replace(" ", "")):
        again = run == 1  # the first cell asks twice
        now.append((cell, f"run {run - again}"))
        waits.append(browser.patience.seconds > 0)
        assert not await browser.patience.within(lambda: False)
    assert waits == [bool(int(digit)) for digit in "10001001101"]


def test_in_a_kernel_that_no_browser_shows_only_the_first_cell_of_the_lesson_waits(tmp_path):
    """Its experiments and its checks with right answers, both times that all cells are run."""
    prints = "from wslearn.browser import patience\nprint(patience.seconds)\n"
    with kernel(tmp_path) as running:
        for run in ("first", "second"):
            waits = []
            for cell in code_cells(read(NOTEBOOKS["08_browser"])):
                name = cell.id.removeprefix("make-").removesuffix("-stub").replace("-", "_")
                cell.source = getattr(exercises, name).answer if cell.id.endswith("-stub") else cell.source
                if "await" in cell.source:
                    cell.source = prints + cell.source
                    first, _, rest = text(running.run(cell)).partition("\n")
                    if NEEDS in rest or "Not checked" in rest:
                        waits.append(first)
                else:
                    running.run(cell)
            assert len(waits) > 15 and waits.count("2.0") == 1 and set(waits) == {"2.0", "0.0"}, (run, waits)


async def test_a_page_that_comes_late_is_used_from_then_on(capsys):
    async with Browser() as server:
        await server.run("log(1)")
        async with page(server, "one"):
            await server.run("log(1)")
            assert capsys.readouterr().out == f"{NEEDS}\none\n"
            assert browser.patience.seconds == KNOWN
            async with EchoServer() as other:
                waiting = asyncio.create_task(has_page(other))
                await asyncio.sleep(0)
                async with connect(other.url):
                    assert await waiting


async def test_connections_of_a_script_get_its_handler_and_do_not_outlive_it(capsys):
    async def greet(ws):
        await ws.send("hello")
        await ws.wait_closed()

    async with Browser() as server, page(server, ends=False) as (control, scripts):
        running = asyncio.create_task(server.run("…", greet))
        await until(lambda: scripts)
        async with connect(f"{server.url}ws") as ws:
            assert await ws.recv() == "hello"
            await control.send(json.dumps({"number": 1, "done": True}))
            await running
            await asyncio.wait_for(ws.wait_closed(), 30)
            assert ws.close_code == 1001  # not 1006: Firefox delays the next connections after one that was dropped
        assert len(server.pages) == 1  # the page itself stays


async def test_a_connection_that_does_not_close_when_asked_is_dropped():
    async def greet(ws):
        await ws.wait_closed()

    async with Browser() as server, page(server, ends=False) as (control, scripts):
        running = asyncio.create_task(server.run("…", greet))
        await until(lambda: scripts)
        raw = await Raw.opened(server.url)
        await until(lambda: len(server.connections) == 2)
        await control.send(json.dumps({"number": 1, "done": True}))
        await running
        with suppress(ConnectionResetError):
            await asyncio.wait_for(raw.reader.read(), 30)
        raw.drop()


async def test_an_error_in_a_handler_is_printed_below_the_cell(capsys):
    async def bad(ws):
        raise KeyError("room")

    async with Browser() as server, page(server, ends=False) as (control, scripts):
        running = asyncio.create_task(server.run("…", bad))
        await until(lambda: scripts)
        async with connect(f"{server.url}ws") as ws:
            await ws.wait_closed()
            assert ws.close_code == 1011
        await control.send(json.dumps({"number": 1, "done": True}))
        await running
    assert capsys.readouterr().out == "the handler in Python raised KeyError('room')\n"


async def test_lines_of_an_earlier_script_are_not_those_of_this_one(capsys):
    async with Browser() as server, page(server, "mine", ends=False) as (control, scripts):
        await server.run("for ever", timeout=0.1)
        await control.send(json.dumps({"number": 1, "line": "late"}))
        running = asyncio.create_task(server.run("next"))
        await until(lambda: len(scripts) == 2)
        await control.send(json.dumps({"number": 2, "done": True}))
        await running
    assert capsys.readouterr().out == (
        "mine\nThe script has not ended after 0.1 seconds. This cell waits no longer.\nmine\n"
    )


async def test_a_page_that_goes_ends_the_wait(capsys):
    async with Browser() as server, page(server, "one", ends=False) as (control, scripts):
        running = asyncio.create_task(server.run("…"))
        await until(lambda: scripts)
        await control.close()
        await running
    assert capsys.readouterr().out == "one\nThe page has gone. Run the cell that shows it again.\n"


async def test_nonsense_from_a_page_ends_its_connection_only(capsys):
    async with Browser() as server:
        async with connect(f"{server.url}ws?control") as ws:
            await ws.send("[")
            await ws.wait_closed()
        async with page(server, "one"):
            await server.run("log(1)")
    assert capsys.readouterr().out == "one\n"
