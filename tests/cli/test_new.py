"""`wslearn new`: a project is made whole or not at all, over nothing that is there, and its own tests find faults."""

import asyncio
import builtins
import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from support import free_ports

from wslearn.cli import new
from wslearn.testing.raw import Raw

pytestmark = pytest.mark.timeout(300)  # a project's tests are a pytest of their own


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def template() -> dict[str, bytes]:
    return {name: content for name, content in files(new.TEMPLATE).items() if "__pycache__" not in name}


@pytest.fixture
def project(tmp_path) -> Path:
    new.make(tmp_path / "my ünï 'project'")
    return tmp_path / "my ünï 'project'"


def run_tests(folder: Path, *options: str) -> str:
    """Run a project's tests, as its README says, and return the output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200
    )
    return done.stdout + done.stderr


# Making it


ODD = [
    "plain",
    "with space",
    "ünï-😀",
    "it's",
    'a"b',
    "$HOME;ls",
    "-x",
    "a/b/c",
    "{port}",
    "new\nline",
    "[1]",
    "%s",
    ".",
]


@pytest.mark.parametrize("name", ODD, ids=ascii)
async def test_it_makes_a_project(wslearn, tmp_path, name):
    if os.name == "nt" and set(name) & set('"\n'):
        pytest.skip("Windows forbids this name")
    process = await wslearn("new", "--", name, cwd=tmp_path, env={"PYTHONUTF8": "1"})
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    assert files(tmp_path / name) == template()
    assert template().keys() == set(new.FILES)
    if os.name == "posix":  # what it says to type leads there
        typed = re.search(r"  (cd .*)\n  .*chat.py", stdout.decode(), re.DOTALL)[1]
        assert (tmp_path / shlex.split(typed)[1]).resolve() == (tmp_path / name).resolve()


@pytest.mark.parametrize("by_uv", [True, False])
def test_what_it_says_starts_the_project(tmp_path, monkeypatch, by_uv):
    """Also after `uv run wslearn new`, where `python` is another Python once the command has ended."""
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)
    monkeypatch.setenv("UV", "uv") if by_uv else monkeypatch.delenv("UV", raising=False)
    said = CliRunner().invoke(new.new, [str(tmp_path / "chat")]).output.splitlines()
    assert said[-1] == (f"  {new.typed(sys.executable)} chat.py" if by_uv else "  python chat.py")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this system's names are Unicode")
async def test_a_name_that_is_no_text(wslearn, tmp_path):
    name = os.fsdecode(b"\xff\xfe")
    process = await wslearn("new", name, cwd=tmp_path)
    _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    assert files(tmp_path / name) == template()


async def test_help(wslearn):
    process = await wslearn("new", "--help")
    stdout, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0 and b"no file is overwritten" in stdout and b"wslearn new my-chat" in stdout


# Overwriting nothing


@pytest.mark.parametrize("there", ["chat.py", ".hidden", "folder/"])
async def test_nothing_is_overwritten(complaint, tmp_path, there):
    folder = tmp_path / "mine"
    folder.mkdir()
    if there.endswith("/"):
        (folder / there).mkdir()
    else:
        (folder / there).write_text("my own")
    before = sorted(tmp_path.rglob("*")), files(tmp_path)
    code, line = await complaint("new", folder)
    assert code == 2
    assert f"{folder} isn't empty, and nothing in it is ever overwritten: name a folder that is new or empty." in line
    assert (sorted(tmp_path.rglob("*")), files(tmp_path)) == before


async def test_a_file_is_no_folder(complaint, tmp_path):
    (tmp_path / "mine").write_text("my own")
    code, line = await complaint("new", tmp_path / "mine")
    assert code == 2 and f"{tmp_path / 'mine'} is a file: name a folder that is new or empty." in line
    code, line = await complaint("new", tmp_path / "mine" / "more")
    assert code == 1 and f"cannot make {tmp_path / 'mine' / 'more'}: " in line
    assert files(tmp_path) == {"mine": b"my own"}


@pytest.mark.skipif(sys.platform == "win32", reason="a link needs rights there")
async def test_what_is_neither_a_file_nor_a_folder(complaint, tmp_path):
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for name in ("nowhere", "loop", "pipe"):
        code, line = await complaint("new", tmp_path / name)
        assert code == 2 and f"{tmp_path / name} isn't a folder: name a folder that is new or empty." in line
    assert sorted(tmp_path.iterdir()) == before


async def test_an_empty_name_is_not_the_current_folder(complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("", " "):
        code, line = await complaint("new", name)
        assert code == 2 and "name a folder that is new or empty" in line
    assert list(tmp_path.iterdir()) == []


async def test_without_a_name(complaint):
    code, line = await complaint("new")
    assert code == 2 and "Missing argument 'FOLDER'" in line


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("nth", [1, 5, len(new.FILES)])
def test_what_was_made_is_removed_after_an_error(tmp_path, monkeypatch, error, nth):
    written = []

    def failing(path, mode="r", *args):
        if mode == "xb":
            written.append(path)
            if len(written) == nth:
                raise error
        return real(path, mode, *args)

    real = builtins.open
    monkeypatch.setattr(builtins, "open", failing)
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "deep" / "er", tmp_path / "empty"):
        written.clear()
        with pytest.raises(type(error)):
            new.make(folder)
        assert len(written) == nth and list(tmp_path.rglob("*")) == [tmp_path / "empty"]


def test_what_somebody_else_has_just_written_stays(tmp_path, monkeypatch):
    real = new._make_folder

    def meanwhile(folder, made):
        real(folder, made)
        if folder.name == "page":
            (folder / "page.js").write_text("my own")

    monkeypatch.setattr(new, "_make_folder", meanwhile)
    with pytest.raises(FileExistsError):
        new.make(tmp_path / "mine")
    assert files(tmp_path) == {"mine/page/page.js": b"my own"}


# What was made


def test_its_tests_pass(project):
    output = run_tests(project, "-n", "2")
    tests = re.findall(r"^async def test_\w+", (project / "test_chat.py").read_text("utf-8"), re.MULTILINE)
    assert re.search(rf"\b{len(tests)} passed in", output), output


#: Lines of chat.py, what a careless author would write, and the test that finds it.
FAULTS = [
    ("            self.clients.discard(ws)\n", "            pass\n", "vanishes"),
    ("                ws.transport.abort()  # close() would", "                pass  #", "does_not_read"),
    ("                except ValueError as error:", "                except KeyError as error:", "wrong_message"),
    ("    except (ValueError, RecursionError):", "    except ValueError:", "wrong_message"),
    ("json.dumps(message)", "json.dumps(message, ensure_ascii=False)", "emoji"),
    ("                await asyncio.sleep(PAUSE)", "                await asyncio.sleep(0)", "flood"),
    ("        ping_interval=ping,", "        ping_interval=None,", "bad_network"),
    (', "--port", "{port}"', ', "--port", "{port}", "--origin", "https://evil.example.com"', "only_the_page"),
    ("        max_size=MAX_SIZE,", "        max_size=None,", "no_client_may_send"),
    ("        server.close()", "        return", "goodbye"),
    (" if full else HTTPStatus.OK", " if False else HTTPStatus.OK", "health"),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("line", "fault", "test"), FAULTS, ids=lambda text: text.strip()[:30])
def test_its_tests_find_faults(project, line, fault, test):
    path = project / ("test_chat.py" if "--port" in line else "chat.py")
    text = path.read_text("utf-8")
    assert text.count(line) == 1
    path.write_text(text.replace(line, fault), "utf-8")
    output = run_tests(project, "-k", test)
    assert re.search(r"\b1 failed", output), output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks a process to end")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_whatever_clients_do(project, hostile_clients, talk, number):
    """One reads nothing, with bytes waiting for her; another is in the middle of her handshake."""
    port = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, project / "chat.py", "--port", str(port), stderr=asyncio.subprocess.PIPE
    )
    try:
        assert b"INFO chat: ready: http://127.0.0.1:" in await asyncio.wait_for(process.stderr.readline(), 60)
        url = f"ws://127.0.0.1:{port}/ws"
        ann = await talk.client(url, "Ann")
        await hostile_clients(url).stalled_reader()
        unsent = 0
        while not unsent:
            await ann.says({"type": "say", "text": "😀" * 500})
            health = await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/health", timeout=30)
            with health:
                unsent = json.load(health)["unsent"]
        slow = await Raw.connected(url)
        talk.keeps(slow)
        await slow.sends(b"GET / HTTP/1.1\r\n")
        begun = monotonic()
        process.send_signal(number)
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
        print(f"It ended after {monotonic() - begun:.1f} s.")
        assert (process.returncode, stderr) == (0, b"")
        assert ann.ws.close_code == 1001
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_its_readme_names_every_file_test_and_message(project):
    readme = (project / "README.md").read_text("utf-8")
    assert [name for name in new.FILES if name != "README.md" and name.partition("/")[0] not in readme] == []
    tests = re.findall(r"^async def test_(\w+)", (project / "test_chat.py").read_text("utf-8"), re.MULTILINE)
    assert tests and [name for name in tests if name.replace("_", " ") not in readme] == []
    chat = (project / "chat.py").read_text("utf-8")
    kinds = set(re.findall(r'type="(\w+)"|"type": "(\w+)"', chat))
    assert {"".join(kind) for kind in kinds} == set(re.findall(r'\| `\{"type": "(\w+)"', readme))
    assert all(name in readme for name in ("proxy_read_timeout", "LimitNOFILE", "--max-clients", "--ping", "--origin"))


def test_its_server_needs_only_websockets(project):
    imported = set()
    for name in ("chat.py", "web.py"):
        imported |= set(re.findall(r"^(?:from|import) (\w+)", (project / name).read_text("utf-8"), re.MULTILINE))
    assert imported - sys.stdlib_module_names == {"websockets", "web"}
    assert "wslearn" not in (project / "requirements.txt").read_text("utf-8")


def test_its_lines_end_alike_everywhere(project):
    assert [name for name, content in files(project).items() if b"\r" in content or not content.endswith(b"\n")] == []
