"""Checks in a real kernel: where print() goes, the line in the student's cell, a patched loop, an interrupt."""

import pytest
from exercise_cases import handler
from nbformat.v4 import new_code_cell
from notebook_runs import errors, kernel, text

THREADS = "import threading; print([t.name for t in threading.enumerate() if t.name.startswith('wslearn check')])"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with kernel(tmp_path_factory.mktemp("checks")) as running:
        running.ask("import time, asyncio\nfrom wslearn import Server\nfrom wslearn.exercises import echo as ex")
        yield running


def check(running, *lines: str):
    """Run a cell with a handler of these lines, then one that checks it; return that one."""
    running.ask(handler(*lines))
    return running.run(new_code_cell("await ex.shout.check(Answer)"))


def test_a_result_is_shown_in_both_forms_and_print_lands_in_the_cell(running):
    for _ in range(2):
        cell = check(running, "async for m in ws:", "    print('it said', m)", "    await ws.send(m.upper() + '!')")
        printed, result = cell.outputs
        assert printed.text.startswith("it said hello\nit said good morning\n")
        assert result.data["text/plain"].startswith("Right!\n") and "✔" in result.data["text/html"]


def test_the_line_in_the_cell_is_shown(running):
    cell = check(running, "async for m in ws:", "    await ws.send(m.uper())")
    assert "AttributeError: 'str' object has no attribute 'uper' (in `handler`, line 4: `await ws.send(m.uper())`)" in (
        text(cell)
    )


def test_what_blocks_is_named_with_its_line_and_the_kernel_lives(running):
    cell = check(running, "async for m in ws:", "    time.sleep(4)")
    assert "Your `handler` blocked the event loop for 2 s" in text(cell)
    assert "It was in line 4: `time.sleep(4)`." in text(cell)
    assert running.ask("print(6 * 7)") == "42"


def test_a_forgotten_await_is_seen_in_the_cell(running):
    cell = check(running, "async for m in ws:", "    ws.send(m.upper() + '!')")
    assert "You called `send` without `await` (line 4: `ws.send(m.upper() + '!')`)" in text(cell)
    assert "The server sent nothing back. Is there an `await ws.send(…)`" in text(cell)


async def test_interrupting_the_cell_ends_the_check(running):
    running.ask(handler("while True: pass"))
    client = running.client
    client.timeout, client.interrupt_on_timeout, before = 1, True, client.timeout
    try:
        cell = new_code_cell("result = await ex.shout.check(Answer)")
        client.nb.cells.append(cell)
        await client.async_execute_cell(cell, len(client.nb.cells) - 1)
    finally:
        client.timeout, client.interrupt_on_timeout = before, False
    assert errors(cell)[0].ename in ("CancelledError", "KeyboardInterrupt")


def test_and_nothing_of_it_is_left(running):
    source = f"""
for _ in range(100):
    await asyncio.sleep(0.1)
    if not any(t.name.startswith('wslearn check') for t in __import__('threading').enumerate()):
        break
{THREADS}
from wslearn import cells
print(len(cells._running))"""
    assert running.ask(source) == "[]\n0"


def test_on_a_patched_loop_too(running):
    running.ask("from wslearn.notebook import run\nasync def main(): pass\nrun(main())")
    assert text(check(running, "async for m in ws: await ws.send(m.upper() + '!')")).startswith("Right!")
    assert running.ask("print(run(ex.shout.check(Answer)))").startswith("Right!")
    assert "blocked the event loop" in text(check(running, "while True: pass"))


def test_a_cell_that_grades_says_why(running):
    running.ask(handler("async for m in ws: await ws.send(m)"))
    cell = running.run(new_code_cell("assert (result := await ex.shout.check(Answer)), result"))
    assert errors(cell)[0].evalue.startswith("Not yet.\nThe message came back unchanged.")
