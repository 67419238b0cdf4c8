"""Code that blocks, never ends, breaks its loop or is not wanted any more: what is said, and that it ends."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from exercise_cases import DIAGNOSIS, answer, handler
from support import until

from wslearn import cells
from wslearn.common.patience import patient
from wslearn.exercises import Exercise
from wslearn.exercises.engine.thread import Worker

# What ends a thread's code may come while a weak reference of Python's own is tidied: there it is printed and lost, and
# the next one ends the code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function WeakSet:pytest.PytestUnraisableExceptionWarning"
)


async def _echoes(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "ann")
        await ann.says("hello")
        await ann.hears("hello", "ann heard no echo")


echo = Exercise(_echoes, hints=("a", "b"), answer="", why="")
RIGHT = handler("async for message in ws: await ws.send(message)")
SPINS = handler("while True: pass")
DEAF = handler("while True:", "    try:", "        await ws.send(await ws.recv())", "    except:", "        pass")


def running() -> list[str]:
    """Return the names of the threads in which checks run or are watched."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("wslearn check")]


@pytest.fixture(autouse=True)
async def nothing_is_left():
    yield
    await until(lambda: not running(), 20)
    assert not cells._running


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["while True: pass"], 3),
        (["while True:", "    try: sum(range(100))", "    except: pass"], 4),
        (["while True:", "    try: time.sleep(0.2)", "    except BaseException: pass"], 4),
        pytest.param(
            ["while True:", "    try:", "        try: time.sleep(0.2)", "        except: pass", "    except: pass"],
            5,
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="one `except:` too many for Python 3.11"),
        ),
        (["async for message in ws:", "    time.sleep(5)"], 4),
        (["asyncio.get_running_loop().call_soon(lambda: time.sleep(5))"], 3),
    ],
)
async def test_what_blocks_is_named_and_ended(lines, line):
    async with patient(DIAGNOSIS):
        result = await echo.check(answer(handler(*lines)))
    assert "blocked the event loop for 2 s" in result.message and f"It was in line {line}." in result.message


async def test_it_may_block_in_a_function_that_the_handler_calls():
    result = await echo.check(answer("def helper():\n    while True: pass\n" + handler("helper()")))
    assert "Your `helper` blocked the event loop" in result.message


async def test_a_handler_that_takes_the_end_for_an_error_is_ended_too():
    result = await echo.check(answer(DEAF))
    assert not result and "All clients have left, and a handler of yours is still running." in result.message


async def test_what_is_deaf_to_being_cancelled_is_left_where_it_never_runs_again():
    lines = ["while True:", "    try: await asyncio.sleep(0.01)", "    except BaseException: self.count += 1"]
    server_class = answer(handler(*lines))
    server_class.count = 0
    async with patient(DIAGNOSIS):
        result = await echo.check(server_class)
    assert "ann heard no echo" in result.message


def test_nor_does_it_keep_python_from_its_end():
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from exercise_cases import answer
from wslearn.exercises import echo as ex
print(bool(asyncio.run(ex.shout.check(answer({DEAF!r})))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


async def test_a_short_block_is_no_mistake_of_its_own():
    assert await echo.check(answer(handler("time.sleep(0.3)", "async for message in ws: await ws.send(message)")))


@pytest.mark.parametrize("what", ["sys.exit()", "raise KeyboardInterrupt", "raise asyncio.CancelledError"])
async def test_what_breaks_the_loop_breaks_nothing_else(what):
    result = await echo.check(answer(handler("import sys", what)))
    assert result.state == "wrong" and "ann heard no echo" in result.message


async def test_an_exception_in_a_task_is_told():
    lines = ["async def fails(): raise ValueError('in a task')", "asyncio.create_task(fails())", "await ws.recv()"]
    result = await echo.check(answer(handler(*lines)))
    assert "Your code raised ValueError: in a task (in `fails`, line 3)." in result.message


async def test_two_at_a_time_do_not_disturb_each_other():
    kinds = [RIGHT, SPINS, RIGHT, handler("raise NotImplementedError"), handler("await ws.send('hi')"), RIGHT]
    results = await asyncio.gather(*(echo.check(answer(code)) for code in kinds))
    assert [result.state for result in results] == ["right", "wrong", "right", "untouched", "wrong", "right"]


@pytest.mark.parametrize("code", [SPINS, handler("await asyncio.Event().wait()"), RIGHT])
async def test_cancelling_it_ends_it(code):
    check = asyncio.create_task(echo.check(answer(code)))
    await asyncio.sleep(0)  # it begins
    assert not check.done()
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert "wslearn check" not in running()  # its thread has ended too, and not some time later


async def test_cancelled_it_does_not_wait_for_a_servers_goodbye():
    talking = threading.Event()

    async def hangs(talk, server_class):
        async with talk.server(server_class) as server:
            await talk.client(server, "ann")
            await talk.eventually(lambda: server.connections, "nobody came", expected="a connection")
            talking.set()
            await asyncio.sleep(3600)

    exercise = Exercise(hangs, hints=("a", "b"), answer="", why="")
    check = asyncio.create_task(exercise.check(answer(handler("await asyncio.Event().wait()"))))
    await until(talking.is_set)
    check.cancel()
    async with patient(0.95) as limit:  # a server waits for a second
        with pytest.raises(asyncio.CancelledError):
            await check
    assert not limit.expired()
    assert "wslearn check" not in running()


async def test_the_loop_of_the_caller_goes_on_meanwhile():
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await echo.check(answer(SPINS))
    ticking.cancel()
    assert ticks > 5


def test_the_caller_may_be_gone_before_it_ends():
    async def leaves():
        check = asyncio.create_task(echo.check(answer(SPINS)))
        await asyncio.sleep(0)
        assert not check.done()

    asyncio.run(leaves())


async def test_tasks_that_were_left_running_are_cancelled():
    ended = threading.Event()

    async def lingers():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def main():
        main.task = asyncio.create_task(lingers())
        await asyncio.sleep(0)

    assert await Worker(main, failed=pytest.fail).run() is None
    assert ended.is_set()
