"""Progress: what is noted stays, whatever happens to the file, and nothing is noted outside a notebook."""

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wslearn import progress
from wslearn.exercises import Exercise, echo

ALL = [name for lesson in progress.LESSONS for name in progress.exercises(lesson)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_exercises_are_those_of_the_notebooks_in_their_order(repository):
    for lesson, (module, names) in progress.LESSONS.items():
        (file,) = (repository / "notebooks").glob(f"{lesson}_*.ipynb")
        source = "".join("".join(cell["source"]) for cell in json.loads(file.read_text("utf-8"))["cells"])
        assert f"from wslearn.exercises import {module} as ex" in source
        places = [source.index(f"await ex.{name}.check(") for name in names]
        assert places == sorted(places)
        assert source.count(".check(") == len(names)
    assert len(ALL) == len(set(ALL)) >= 29


def test_what_is_done_is_kept_with_its_first_time(here):
    assert progress.read() == {}
    first = progress.write("echo.shout")
    assert progress.write("echo.shout") == first == progress.read()
    assert progress.write("auth.verify").keys() == {"echo.shout", "auth.verify"}
    assert progress.count(progress.read(), "02") == (1, 8)
    assert sorted(path.name for path in (here / ".wslearn").iterdir()) == ["progress.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"done": 7}', b"\xff\xfe", b"[" * 90_000, b" " * 200_000])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(here, damage):
    progress.FILE.parent.mkdir()
    progress.FILE.write_bytes(damage)
    with pytest.raises(ValueError, match="not a file that wslearn has written"):
        progress.read()
    assert progress.write("echo.shout").keys() == {"echo.shout"}
    assert (here / ".wslearn" / "progress-damaged.json").read_bytes() == damage
    assert progress.read().keys() == {"echo.shout"}


@given(done=st.dictionaries(st.sampled_from(ALL) | st.text(max_size=20), st.text(max_size=60) | st.integers()))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_the_course_has_is_believed(tmp_path, done):
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"version": 1, "done": done}), encoding="utf-8")
    found = progress.read(file)
    assert found.keys() <= set(ALL)
    assert all(done[name] == when and len(when) <= 40 for name, when in found.items())


def test_several_kernels_that_write_at_once_lose_nothing(here):
    code = "import sys; from wslearn import progress\nfor name in sys.argv[1:]: progress.write(name)"
    writers = [subprocess.Popen([sys.executable, "-c", code, *ALL[number::4]], cwd=here) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert progress.read().keys() == set(ALL)


def test_a_lock_that_was_left_behind_does_no_harm(here):
    progress.FILE.parent.mkdir()
    progress.FILE.with_suffix(".lock").touch()
    assert progress.write("echo.shout").keys() == {"echo.shout"}  # after a moment, without it


async def test_outside_a_notebook_nothing_is_noted(here):
    assert await progress.noted(echo.shout, right=True) == ""
    assert list(here.iterdir()) == []


async def test_in_a_kernel_the_line_counts_and_only_the_courses_own_exercises(here, monkeypatch):
    monkeypatch.setattr(progress, "kernel", lambda: "a kernel")
    assert await progress.noted(echo.shout, right=False) == "Lesson 02: 0 of 8 tasks done."
    assert list(here.iterdir()) == []
    assert await progress.noted(echo.shout, right=True) == "Lesson 02: 1 of 8 tasks done."
    other = Exercise(echo.shout.conversation, hints=("a hint",), answer="", why="")
    assert await progress.noted(other, right=True) == ""
    (here / ".wslearn" / "progress.json").unlink()
    (here / ".wslearn").rmdir()
    (here / ".wslearn").write_text("a file is in the way")
    assert await progress.noted(echo.shout, right=True) == ""
