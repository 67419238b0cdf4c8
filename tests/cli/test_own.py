"""`wslearn serve package.module:Class`: a reader's own server, and what is said where it is none."""

import asyncio
import json
import signal
import sys

import pytest
from support import closed_with, free_ports
from websockets.asyncio.client import connect

from wslearn import ServerProcess

FILES = {
    "mine.py": """
from wslearn import EchoServer, Limits, Server

class Mine(EchoServer):
    limits = Limits(max_size=100)

class Bare(Server):
    def __init__(self):
        super().__init__()
        self.said = []

    async def handler(self, ws):
        async for message in ws:
            self.said.append(message)
            await ws.send(str(len(self.said)))

class Needs(Bare):
    def __init__(self, database, *, table, **options):
        super().__init__(**options)

class Forgets(Bare):
    def __init__(self):
        self.said = []

class Fails(EchoServer):
    def __init__(self, **options):
        super().__init__(**options)
        self.said = {}["nothing"]

class Foreign:
    pass

def function(ws):
    pass

class Empty(Server):
    pass

class Odd(Server):
    async def handler(self):
        pass

class Yields(Server):
    async def handler(self, ws):
        yield "hi"

class Leaves(Bare):
    def __init__(self, **options):
        raise SystemExit(3)

class Awaits(Bare):
    async def __init__(self, **options):
        pass

class Static(Server):
    @staticmethod
    async def handler(ws):
        async for message in ws:
            await ws.send("1")

made = Bare()
""",
    "shop/__init__.py": "",
    "shop/orders.py": "import mine\n\nclass Orders(mine.Bare):\n    pass\n",
    # None of these may come before the real ones.
    "http.py": "raise ImportError('not the real one')",
    "websockets.py": "raise ImportError('not the real one')",
    "click.py": "raise ImportError('not the real one')",
    "needs_more.py": "\nimport nothing_like_this\n",
    "half.py": "x = 1\nclass Half(\n",
    "breaks.py": "import json\n\njson.loads('{')\n",
    "raises.py": "class Odd(BaseException):\n    pass\n\nraise Odd('no')\n",
    "asgi.py": "class FastAPI:\n    __module__ = 'starlette.applications'\n\napp = FastAPI()\n",
    "lazy.py": "def __getattr__(name):\n    raise RuntimeError(f'no {name}')\n",
    "bytes.py": "\0",
    "folder/notes.txt": "",
    "waits.py": "import signal\n\nprint('waiting')\nsignal.pause()\n",
    "leaves.py": "import sys\nsys.exit('I have had enough')\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def serve(wslearn, folder):
    """Start `wslearn serve … --json` in the folder, and return what it says when it is ready."""

    async def serve(*arguments: str) -> dict:
        process = await wslearn("serve", *arguments, "--json")
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        return json.loads(line or (await process.stderr.read()))

    return serve


@pytest.mark.parametrize("name", ["mine:Bare", "shop.orders:Orders", "mine:Static"])
async def test_it_is_served_beside_files_with_the_names_of_modules(serve, name):
    server = await serve(name, "--port", "0")
    assert server["name"] == name
    async with connect(server["url"]) as ws:
        await ws.send("hi")
        assert await ws.recv() == "1"


async def test_all_options_apply(serve):
    port = free_ports(1)
    server = await serve("mine:Mine", "--port", str(port), "--plain", "--max-connections", "1")
    assert server["url"] == f"ws://127.0.0.1:{port}/"
    async with connect(server["url"]) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"
        await ws.send("x" * 101)  # the class's own limit, because no option says otherwise
        assert (await closed_with(ws))[0] == 1009


async def test_a_limit_reaches_a_class_that_takes_no_arguments(serve):
    server = await serve("mine:Bare", "--port", "0", "--max-size", "5")
    async with connect(server["url"]) as ws:
        await ws.send("x" * 6)
        assert (await closed_with(ws))[0] == 1009


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere:Class"], ["there is no module nowhere: it must be in ", ", or installed"]),
        (["shop.nowhere:Class"], ["there is no module shop.nowhere"]),
        (["mine:Mnie"], ["the module mine (", "mine.py) has no Mnie; its servers are: Mine, Bare, "]),
        (["http:Mine"], ["the module http (", ") has no Mine; it has no class that builds on Server"]),
        (["mine:function"], ["mine:function is a function. It must be a class that builds on Server"]),
        (["mine:Empty"], ["mine:Empty has no handler: it needs a method `async def handler(self, ws):`"]),
        (["mine:Odd"], ["the handler of mine:Odd must be `async def handler(self, ws):`"]),
        (["mine:Yields"], ["the handler of mine:Yields must be", "without `yield`"]),
        (["mine:Leaves"], ["Leaves() failed: SystemExit: 3 (", "mine.py, line "]),
        (["mine:Awaits"], ["Awaits.__init__ must be a plain method"]),
        (["raises:Class"], ["the module raises could not be imported: Odd: no (", "raises.py, line 4)"]),
        (["asgi:app"], ["asgi:app is of type FastAPI. It must be", "This app runs with: uvicorn asgi:app"]),
        (["lazy:Class"], ["lazy:Class could not be read: RuntimeError: no Class (", "lazy.py, line 2)"]),
        (["bytes:Class"], ["the module bytes could not be imported: SyntaxError"]),
        (["folder:Class"], ["the module folder (", "folder) has no Class; it has no class that builds on Server"]),
        ([".mine:Bare"], ["'.mine:Bare' isn't a class: write package.module:Class"]),
        (["mine:Bare:more"], ["'mine:Bare:more' isn't a class"]),
        (["mine:Foreign"], ["mine:Foreign must be a class that builds on Server"]),
        (["mine:made"], ["mine:made is an object, not a class: write mine:Bare."]),
        (["mine:Needs"], ["Needs.__init__ needs database and table", "add a default"]),
        (["mine:Forgets"], ["Forgets.__init__ must begin with super().__init__()"]),
        (["mine:Fails"], ["Fails() failed: KeyError: 'nothing' (", "mine.py, line 28)"]),
        (
            ["needs_more:Class"],
            ["the module needs_more could not be imported: ModuleNotFoundError", "needs_more.py, line 2)"],
        ),
        (["half:Half"], ["the module half could not be imported: SyntaxError", "half.py, line 2)"]),
        (["breaks:Class"], ["the module breaks could not be imported: JSONDecodeError", "breaks.py, line 3)"]),
        (
            ["leaves:Class"],
            ["the module leaves could not be imported: SystemExit: I have had enough (", "leaves.py, line 2)"],
        ),
        (["mine.py:Mine"], ["write the module's name without .py: mine:Mine"]),
        (["shop/orders:Orders"], ["isn't a class: write package.module:Class"]),
        (["mine:"], ["isn't a class: write package.module:Class"]),
        (["mine:Bare", "--plain"], ["--plain is for echo, not for mine:Bare, whose __init__ takes no 'plain'"]),
        (["mine"], ["no server 'mine'", "A server of your own is package.module:Class"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and len(value) < 3 else "",
)
async def test_what_is_none_is_told_in_one_line(complaint, folder, arguments, words):
    code, line = await complaint("serve", *arguments)
    assert code == 2
    assert not [word for word in words if word not in line], line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal.pause")
async def test_an_import_that_does_not_end_is_told(wslearn, folder):
    process = await wslearn("serve", "waits:Class")
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"waiting\n"
    line = await asyncio.wait_for(process.stderr.readline(), 60)
    assert line.decode().strip() == "The module waits is still being imported …"
    process.send_signal(signal.SIGINT)
    _, rest = await asyncio.wait_for(process.communicate(), 60)
    assert b"Traceback" not in rest


async def test_in_a_process_of_its_own(folder):
    async with ServerProcess("mine:Mine", "--plain") as server, connect(server.url) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"
    with pytest.raises(RuntimeError, match=r"serve mine:Mnie did not start: .* has no Mnie"):
        await ServerProcess("mine:Mnie").start()
