"""The class in a notebook: the board below the cell, simulated phones, and a cell that is run again."""

import asyncio

import pytest
from support import listening, until

from wslearn.classroom import ClassServers, rehearsal
from wslearn.common import lifecycle
from wslearn.exercises import broadcast, heartbeat
from wslearn.widgets.classroom import classroom


@pytest.fixture
async def board(monkeypatch):
    monkeypatch.setattr(rehearsal, "REMARK", 1e6)  # no simulated phone is in a tunnel, where its vote would wait
    board = await classroom("127.0.0.1", rehearse=3)
    yield board
    await board.stop()


async def test_a_question_of_a_lesson_is_asked_in_one_line(board):
    await until(lambda: len(board.people) == 3)
    await board.ask(heartbeat.questions.guess_3)
    await until(lambda: sum(board.results().values()) == 3)
    assert len(board.results()) > 2
    await board.ask("Tea or coffee?", ["tea", "coffee"])
    assert board.results() == {"tea": 0, "coffee": 0}


@pytest.mark.parametrize("lesson", [heartbeat, broadcast])
async def test_every_question_of_these_lessons_can_be_asked(board, lesson):
    questions = [name for name in dir(lesson.questions) if name.startswith("guess_")]
    assert len(questions) >= 3
    for name in questions:
        await board.ask(getattr(lesson.questions, name))
        assert len(board.results()) >= 2


async def test_the_boards_secret_address_is_not_saved_with_the_notebook(capsys):
    board = await classroom("127.0.0.1")
    try:
        printed = capsys.readouterr().out
        assert board.board.proxy_path not in printed and "wslearn-key-[redacted]" in printed
        assert board.url in printed
    finally:
        await board.stop()


@pytest.mark.parametrize(
    "options", [{"rehearse": -1}, {"rehearse": 1000}, {"rehearse": "many"}, {"port": 99999}], ids=str
)
async def test_what_cannot_be_is_refused_in_one_sentence_and_starts_nothing(options):
    before = asyncio.all_tasks()
    with pytest.raises(
        (ValueError, OSError), match=r"expected 0 to 240 phones, got|there is no port 99999: choose one"
    ):
        await classroom(**options)
    assert asyncio.all_tasks() == before


async def test_it_ends_as_a_whole_and_twice(board):
    await board.stop()
    await board.stop()
    for port in (board.phones.port, board.board.port):
        assert not listening(port)
    assert not board._rehearsals


async def test_a_cell_that_is_run_again_stops_the_class_of_its_last_run(monkeypatch):
    class Watcher:
        """Does what `wslearn.cells` does in a kernel: a new run stops what runs."""

        def __init__(self):
            self.running = []

        async def stop_previous(self, port):
            for thing in [thing for thing in self.running if isinstance(thing, ClassServers)]:
                await thing.stop()

        def started(self, thing):
            self.running.append(thing)

        def stopped(self, thing):
            self.running.remove(thing)

    watcher = Watcher()
    monkeypatch.setattr(lifecycle, "watchers", [watcher])
    first = await classroom("127.0.0.1", rehearse=2)
    await until(lambda: len(first.people) == 2)
    second = await classroom("127.0.0.1")
    assert first not in watcher.running and second in watcher.running and second.port == second.phones.port
    await second.stop()
    assert watcher.running == []
