"""A reader's own copy of the lessons: copied, never overwritten, and opened in a real JupyterLab."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import venv
from pathlib import Path

import nbformat
import psutil
import pytest
from notebook_runs import kernel

from wslearn.cli import lab, running

#: The notebooks of the course, as they are committed: the lessons and the glossary.
LESSONS = list(lab.lessons())
#: JupyterLab starts in two seconds, and on a starved machine in a minute.
PATIENCE = 120
pytestmark = pytest.mark.timeout(400)


def notebook(text: str) -> str:
    """Return a notebook's file with one executed cell."""
    cell = nbformat.v4.new_code_cell(text, id="one", execution_count=7, metadata={"tags": ["kept"]})
    cell.outputs = [nbformat.v4.new_output("stream", text="said before\n")]
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell], metadata={"title": "kept"}))


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of three lessons, in place of the real one."""
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("00_start_here", "03_broadcast", "10_more"):
        (folder / f"{name}.ipynb").write_text(notebook(f"print({name!r})"), encoding="utf-8")
    monkeypatch.setattr(lab, "NOTEBOOKS", folder)
    return folder


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Copying


@pytest.mark.parametrize("name", LESSONS)
def test_a_copy_has_no_outputs_and_keeps_all_else(name):
    lesson = lab.lessons()[name]
    original, copy = nbformat.read(lesson, 4), nbformat.reads(lab.fresh(lesson).decode(), 4)
    assert copy.metadata == original.metadata
    assert [(c.id, c.cell_type, c.source, c.metadata) for c in copy.cells] == [
        (c.id, c.cell_type, c.source, c.metadata) for c in original.cells
    ]
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert code or name == "glossary"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert "widgets" not in copy.metadata


def test_a_new_folder_gets_every_lesson(course, tmp_path):
    mine = tmp_path / "deep" / "mine"
    assert lab.prepare(mine) == ("00_start_here", [f"{mine}: copied: 00_start_here, 03_broadcast, 10_more"])
    assert list(files(mine)) == list(files(course))
    assert not [name for name, data in files(mine).items() if b"said before" in data]


def test_what_is_there_is_never_overwritten(course, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "03_broadcast.ipynb").write_text("my own notes, not even JSON")
    (mine / "other.txt").write_text("other")
    _, lines = lab.prepare(mine)
    assert lines == [f"{mine}: copied: 00_start_here, 10_more; kept as yours: 03_broadcast"]
    assert files(mine)["03_broadcast.ipynb"] == b"my own notes, not even JSON"
    before = files(mine)
    _, lines = lab.prepare(mine)
    assert lines == [f"{mine}: kept as yours: 00_start_here, 03_broadcast, 10_more"]
    assert files(mine) == before


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    (tmp_path / "x").write_text("mine")
    assert lab.create(tmp_path / "x", b"yours") is False
    assert (tmp_path / "x").read_text() == "mine"


def test_no_notebooks_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "NOTEBOOKS", None)
    with pytest.raises(FileNotFoundError, match="install it again"):
        lab.prepare(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


# Reset


@pytest.mark.parametrize("lesson", ["03", "3", "03_broadcast", "03_broadcast.ipynb"])
def test_a_lesson_is_found_by(course, lesson):
    assert lab.find(lesson) == "03_broadcast"


@pytest.mark.parametrize("lesson", ["99", "", "broadcast", "../03_broadcast", "1"])
def test_no_such_lesson(course, tmp_path, lesson):
    with pytest.raises(ValueError, match="there are: 00_start_here, 03_broadcast, 10_more"):
        lab.prepare(tmp_path / "mine", lesson)
    assert not (tmp_path / "mine").exists()


def test_reset_keeps_every_earlier_version(course, tmp_path):
    mine = tmp_path / "mine"
    lab.prepare(mine)
    for number, text in enumerate([b"first", b"second"], 1):
        (mine / "03_broadcast.ipynb").write_bytes(text)
        opened, lines = lab.prepare(mine, "03")
        assert opened == "03_broadcast"
        assert lines[1].endswith(f"your version of it is now 03_broadcast.before-reset-{number}.ipynb")
        assert files(mine)["03_broadcast.ipynb"] == lab.fresh(course / "03_broadcast.ipynb")
    assert files(mine)["03_broadcast.before-reset-1.ipynb"] == b"first"
    assert files(mine)["03_broadcast.before-reset-2.ipynb"] == b"second"


def test_reset_of_a_lesson_that_is_not_there_copies_it(course, tmp_path):
    opened, lines = lab.prepare(tmp_path / "mine", "03")
    assert opened == "03_broadcast"
    assert len(lines) == 1
    assert list(files(tmp_path / "mine")) == list(files(course))


# What the command refuses


async def test_the_folder_is_a_file(complaint, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, line = await complaint("lab", tmp_path / "file")
    assert code == 1
    assert "is a file" in line
    assert (tmp_path / "file").read_text() == "mine"


async def test_a_file_is_in_the_way_of_the_folder(complaint, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, line = await complaint("lab", tmp_path / "file" / "mine")
    assert code == 1
    assert str(tmp_path / "file" / "mine") in line


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
async def test_a_folder_that_may_not_be_written(complaint, tmp_path):
    tmp_path.chmod(0o500)
    code, line = await complaint("lab", tmp_path)
    tmp_path.chmod(0o700)
    assert code == 1
    assert str(tmp_path) in line


async def test_a_lesson_that_cannot_be_read_is_not_reset(complaint, tmp_path):
    (tmp_path / f"{LESSONS[0]}.ipynb").mkdir()
    code, line = await complaint("lab", tmp_path, "--reset", LESSONS[0])
    assert code == 1
    assert LESSONS[0] in line
    assert (tmp_path / f"{LESSONS[0]}.ipynb").is_dir()


async def test_reset_of_no_lesson_names_those_there_are(complaint, tmp_path):
    code, line = await complaint("lab", tmp_path / "mine", "--reset", "99")
    assert code == 1
    assert "'99'" in line
    assert all(name in line for name in LESSONS)
    assert not (tmp_path / "mine").exists()


async def test_a_python_without_docstrings_cannot_run_jupyterlab(complaint, tmp_path):
    code, line = await complaint("lab", tmp_path / "mine", env={"PYTHONOPTIMIZE": "2"})
    assert (code, "unset PYTHONOPTIMIZE" in line) == (1, True)
    assert not (tmp_path / "mine").exists()


# JupyterLab's arguments


def test_the_readers_arguments_come_last(tmp_path):
    arguments = lab.jupyterlab_arguments(tmp_path, "00_start_here", ["--no-browser", "--port=1"])
    assert arguments[-2:] == ["--no-browser", "--port=1"]


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed(monkeypatch, tmp_path, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in lab.jupyterlab_arguments(tmp_path, "00_start_here", [])) is allowed


def test_windows_knows_no_root(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "geteuid", raising=False)
    assert "--allow-root" not in lab.jupyterlab_arguments(tmp_path, "00_start_here", [])


@pytest.mark.parametrize(
    ("platform", "environment", "browser"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "some-helper"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_needs_a_screen(monkeypatch, tmp_path, platform, environment, browser):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert ("--no-browser" not in lab.jupyterlab_arguments(tmp_path, "00_start_here", [])) is browser


# JupyterLab itself


@pytest.fixture
def private(tmp_path) -> dict[str, str]:
    """An environment in which JupyterLab touches nothing of the user's."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return {name: str(tmp_path / "jupyter" / name.lower()) for name in names}


async def address(process) -> tuple[str, str]:
    """Return JupyterLab's address and its token, read from what it prints, when somebody answers there."""
    said = b""
    async with asyncio.timeout(PATIENCE):
        while line := await process.stderr.readline():
            said += line
            if found := re.search(rb"(http://127\.0\.0\.1:(\d+)/\S+)\?token=(\w+)", line):
                await listening(int(found[2]))
                return found[1].decode(), found[3].decode()
    raise AssertionError(f"JupyterLab ended without an address:\n{said.decode()}")


async def listening(port: int) -> None:
    """Wait for a port to be served: JupyterLab says its address a moment earlier."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return await writer.wait_closed()


async def fetch(url: str, token: str | None = None, data: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, data, {"Authorization": f"token {token}"} if token else {})

    def get() -> bytes:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.read()

    return await asyncio.to_thread(get)


async def wait_for_end(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return the processes that are still there after so many seconds."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=seconds)
    return alive


async def test_it_opens_the_first_lesson_in_jupyterlab(wslearn, private, tmp_path):
    mine = tmp_path / "my lessons, übung"
    process = await wslearn("lab", mine, "--", "--no-browser", env=private)
    async with asyncio.timeout(PATIENCE):
        assert (await process.stdout.readline()).decode().strip().endswith(f"copied: {', '.join(LESSONS)}")
    url, token = await address(process)
    assert url.endswith("/lab/tree/00_start_here.ipynb")
    assert b"<title>JupyterLab</title>" in await fetch(f"{url}?token={token}")
    base = url.partition("/lab/")[0]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        await fetch(f"{base}/api/contents")
    listed = json.loads(await fetch(f"{base}/api/contents", token))
    assert sorted(item["name"] for item in listed["content"]) == [f"{name}.ipynb" for name in LESSONS]
    # The question about news is off by JupyterLab's defaults for this process, not by a setting of the user's.
    settings = json.loads(await fetch(f"{base}/lab/api/settings/@jupyterlab/apputils-extension:notification", token))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert settings["raw"] == "{}"


def reset_lines(mine: Path, name: str, said: bytes) -> list[str]:
    """Return what a reset says after its report of the files, which must be right."""
    first, second, *rest = said.decode().splitlines()
    assert first == f"{mine}: kept as yours: {', '.join(LESSONS)}"
    assert second == f"{mine / name}.ipynb is fresh again; your version of it is now {name}.before-reset-1.ipynb"
    return rest


async def test_reset_beside_a_running_jupyterlab_starts_no_second_one(wslearn, private, tmp_path):
    mine, name = tmp_path / "mine", "03_broadcast"
    first = await wslearn("lab", mine, "--", "--no-browser", env=private)
    url, token = await address(first)
    (mine / f"{name}.ipynb").write_text(notebook("mine"), encoding="utf-8")
    # Another name of the same folder; and a proxy is no way to this machine.
    beside = tmp_path / "mine" / ".." / "mine"
    env = private | {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    second = await wslearn("lab", beside, "--reset", "3", env=env)
    said, complaints = await asyncio.wait_for(second.communicate(), PATIENCE)  # a second JupyterLab would not end
    assert (second.returncode, complaints) == (0, b"")
    rest = reset_lines(beside, name, said)
    assert rest == running.advice(name)
    assert "File, Reload Notebook from Disk" in rest[1]
    assert files(mine)[f"{name}.ipynb"] == lab.fresh(lab.lessons()[name])
    assert files(mine)[f"{name}.before-reset-1.ipynb"] == notebook("mine").encode()
    assert json.loads(await fetch(f"{url.partition('/lab/')[0]}/api/status", token))  # the first one still answers


async def test_reset_starts_jupyterlab_if_it_runs_in_another_folder_only(wslearn, private, tmp_path):
    await address(await wslearn("lab", tmp_path / "other", "--", "--no-browser", env=private))
    process = await wslearn("lab", tmp_path / "mine", "--reset", "3", "--", "--no-browser", env=private)
    url, _ = await address(process)
    assert url.endswith("/lab/tree/03_broadcast.ipynb")


@pytest.mark.parametrize("left", ["a process that is something else", "a broken file", "a folder that is none"])
def test_what_a_killed_jupyterlab_left_is_not_a_running_one(monkeypatch, tmp_path, left):
    runtime = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    info = {"url": f"http://127.0.0.1:{port}/", "token": "x", "root_dir": str(tmp_path), "pid": os.getpid()}
    if left == "a folder that is none":
        runtime.write_text("")
    else:
        runtime.mkdir()
        text = json.dumps(info) if "process" in left else '{"url": '
        (runtime / "jpserver-1.json").write_text(text, encoding="utf-8")
    assert not running.is_open(tmp_path)


async def test_an_environment_on_top_of_another_has_what_the_lower_one_brought(wslearn, private, tmp_path):
    """As `uv run --with jupyterlab-slideshow wslearn lab` makes it: its packages here, the project's below."""
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    builder.create(tmp_path / "top")
    top = builder.ensure_directories(tmp_path / "top")
    packages = sysconfig.get_path("purelib", "venv", {"base": top.env_dir})
    (Path(packages) / "below.pth").write_text(f"{sysconfig.get_path('purelib')}\n{lab.PACKAGE.parent}\n")
    arguments = ("lab", tmp_path / "mine", "--", "--no-browser")
    url, token = await address(await wslearn(*arguments, env=private, python=top.env_exe))
    assert b"@jupyter-widgets/jupyterlab-manager" in await fetch(f"{url}?token={token}")  # else no dashboard shows
    assert json.loads(await fetch(f"{url.partition('/lab/')[0]}/server-proxy/servers-info", token))


@pytest.mark.parametrize("variable", ["JUPYTER_PATH", "JUPYTER_DATA_DIR"])
async def test_a_python3_kernel_of_another_python_does_not_run_the_lessons(wslearn, private, tmp_path, variable):
    """One that another Python has left in the reader's home, or that JUPYTER_PATH leads to."""
    foreign = tmp_path / "foreign" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "Another", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    env = private | {variable: str(tmp_path / "foreign"), "JUPYTER_PREFER_ENV_PATH": "0"}
    process = await wslearn("lab", tmp_path / "mine", "--", "--no-browser", env=env)
    url, token = await address(process)
    base = url.partition("/lab/")[0]
    listed = json.loads(await fetch(f"{base}/api/kernelspecs", token))
    assert listed["default"] == "python3"
    assert listed["kernelspecs"]["python3"]["spec"]["display_name"] == "Python 3 (ipykernel)"
    await fetch(f"{base}/api/kernels", token, b'{"name": "python3"}')
    commands = [child.cmdline() for child in psutil.Process(process.pid).children()]
    assert [command[:2] for command in commands if "-f" in command] == [[sys.executable, "-P"]], commands


def test_in_the_lab_s_kernel_no_file_beside_the_lessons_hides_a_module(monkeypatch, tmp_path):
    """Not even one of those that Python itself loads before a kernel begins; and the reader's own are found."""
    names = ("collections", "types", "http", "asyncio", "websockets", "numpy", "IPython", "wslearn")
    for name in names:
        (tmp_path / f"{name}.py").write_text("raise ImportError('not the real one')")
    (tmp_path / "mine.py").write_text("answer = 42")
    monkeypatch.setenv("JUPYTER_PATH", str(lab.PACKAGE / "jupyter"))
    with kernel(tmp_path) as running:
        assert running.ask("from wslearn.notebook import setup; setup('0.1')").startswith("Ready: ")
        running.ask(f"import {', '.join(names)}, matplotlib.pyplot")
        running.ask("from wslearn import ServerProcess\nasync with ServerProcess('echo'): pass")
        assert running.ask("import mine, sys; print(mine.answer, sys.path[-1:])") == "42 ['']"


async def test_the_lab_works_where_the_home_cannot_be_written(wslearn, private, tmp_path):
    nowhere = {name: os.path.join(os.devnull, "x") for name in ("HOME", "USERPROFILE", "APPDATA", *private)}
    process = await wslearn("lab", tmp_path / "mine", "--", "--no-browser", env=nowhere | {"TMPDIR": str(tmp_path)})
    lines = [await asyncio.wait_for(process.stdout.readline(), PATIENCE) for _ in range(2)]
    assert lines[1].startswith(b"The folders for JupyterLab's settings cannot be written, so it will forget them")
    url, token = await address(process)
    base = url.partition("/lab/")[0]
    assert json.loads(await fetch(f"{base}/api/kernels", token, b'{"name": "python3"}'))["id"]
    await fetch(f"{base}/lab/api/settings/@jupyterlab/apputils-extension:themes", token)
    process.terminate()
    await asyncio.wait_for(process.communicate(), PATIENCE)
    if sys.platform != "win32":
        assert not list(tmp_path.glob("wslearn-*"))


def test_a_home_that_may_not_even_be_entered_cannot_be_written(monkeypatch, tmp_path):
    """As in a container for another user whose HOME is still /root."""
    home, stat = tmp_path / "root", os.stat

    def refusing(path, *args, **options):
        if not isinstance(path, int) and os.path.dirname(path) == str(home):
            raise PermissionError(13, "Permission denied", path)
        return stat(path, *args, **options)

    home.mkdir()
    access = os.access
    monkeypatch.setattr(os, "stat", refusing)
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(home) and access(path, mode))
    assert not lab._can_be_written(home / ".jupyter")


def test_a_folder_that_can_be_written_stays(monkeypatch, tmp_path):
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / "not there yet" / name))
    with lab.somewhere_to_write() as lines:
        assert lines == []
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("IPYTHONDIR", os.path.join(os.devnull, "x"))
    assert lab.cannot_be_written() == ["IPYTHONDIR"]


async def test_no_folder_at_all_can_be_written(monkeypatch, complaint, tmp_path):
    lab.fill(tmp_path / "mine")
    code = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/nowhere']"
    (tmp_path / "sitecustomize.py").write_text(code)
    env = {"JUPYTER_RUNTIME_DIR": os.path.join(os.devnull, "x"), "PYTHONPATH": str(tmp_path)}
    process_code, line = await complaint("lab", tmp_path / "mine", env=env)
    assert process_code == 1
    assert "No usable temporary directory found" in line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks one process to end")
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGINT in a terminal"])
async def test_signals_stop_jupyterlab_with_its_kernels(wslearn, private, tmp_path, how):
    options = {}
    if "terminal" in how:
        terminal, options["stdin"] = os.openpty()
    process = await wslearn("lab", tmp_path / "mine", "--", "--no-browser", env=private, **options)
    url, token = await address(process)
    kernel = json.loads(await fetch(f"{url.partition('/lab/')[0]}/api/kernels", token, b'{"name": "python3"}'))
    assert kernel["id"]
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(getattr(signal, how.split()[0]))
    await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0
    assert await wait_for_end(children, 30) == []
    if "terminal" in how:
        os.close(terminal)
        os.close(options["stdin"])


async def test_jupyterlabs_own_options_work(wslearn, private, tmp_path):
    process = await wslearn("lab", tmp_path / "mine", "--", "--version", env=private, stderr=subprocess.DEVNULL)
    stdout, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", stdout.decode().splitlines()[-1])
