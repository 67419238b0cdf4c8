import asyncio
import json
import os
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import IPython.display
import ipywidgets
import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import errors, kernel, text

from wslearn import EchoServer, __version__, notebook
from wslearn.common import preflight
from wslearn.notebook import run, setup, show

KEY = "wslearn-key-Zm9yIHRlc3Rz"
PAGE = SimpleNamespace(port=54321, url="ws://127.0.0.1:54321/", page_url="http://127.0.0.1:54321/", proxy_path=KEY)
HAS = ".".join(__version__.split(".")[:2])


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A kernel that no hub and no Jupyter server has started, on a machine without an HTTP proxy."""
    for name in list(os.environ):
        if name.startswith("JUPYTER") or name == "JPY_PARENT_PID" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("urllib.request.getproxies", dict)


# setup


def test_all_is_ready(capsys):
    setup(HAS)
    said = capsys.readouterr().out
    websockets = metadata.version("websockets")
    assert said == f"Ready: wslearn {__version__}, websockets {websockets}, Python {sys.version.split()[0]}.\n"


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        ("99.0", "get the newer one (git pull, or pip install --upgrade wslearn), then restart the kernel."),
        ("0.0", "in a terminal run 'wslearn lab --reset' with this notebook's number (your copy is kept)."),
    ],
)
def test_a_notebook_for_another_version(capsys, version, advice):
    setup(version)
    said = capsys.readouterr().out
    assert said == f"This notebook was written for wslearn {version}, and {__version__} is installed: {advice}\n"


def test_10_is_newer_than_9(capsys, monkeypatch):
    monkeypatch.setattr(notebook, "__version__", "0.10.0rc1")
    setup("0.9")
    assert "--reset" in capsys.readouterr().out
    setup("0.10")
    assert capsys.readouterr().out.startswith("Ready: wslearn 0.10.0rc1,")


def test_what_is_in_the_way_takes_the_place_of_ready(capsys, monkeypatch):
    monkeypatch.setattr(preflight, "outdated", lambda: "It is too old.")
    setup("99.0")
    assert capsys.readouterr().out == "It is too old.\n"
    monkeypatch.setattr(preflight, "shadowing", lambda in_kernel: "It is hidden.")
    setup(HAS)
    assert capsys.readouterr().out == "It is hidden.\n"


#: Says whether a first message arrives, on a machine whose HTTP proxy is a port on which nobody listens.
BEHIND_A_PROXY = """
import asyncio, os
from websockets.asyncio.client import connect
from wslearn import EchoServer
from wslearn.notebook import setup

async def first_message():
    async with EchoServer() as server:
        try:
            async with connect(server.url) as ws:
                return await ws.recv()
        except OSError:
            return "the proxy was asked"

print(asyncio.run(first_message()))
setup("%s")
print(asyncio.run(first_message()))
print(os.environ["http_proxy"], os.environ["no_proxy"])
"""


@pytest.mark.parametrize("excepted", [{}, {"NO_PROXY": "example.org"}])
def test_a_proxy_of_the_system_is_not_asked_for_this_machine(excepted):
    proxy = "http://127.0.0.1:9"
    script = subprocess.run(
        [sys.executable, "-c", BEHIND_A_PROXY % HAS],
        env=os.environ | {"http_proxy": proxy} | excepted,
        capture_output=True,
        text=True,
        timeout=100,
    )
    first, ready, second, variables = script.stdout.splitlines()
    assert first == "the proxy was asked" and ready.startswith("Ready:")
    assert second == "Welcome! Connection established."
    assert variables == f"{proxy} {','.join([*excepted.values(), 'localhost', '127.0.0.1', '::1'])}"


def test_the_system_s_settings_stay_in_force_for_other_machines(monkeypatch):
    """As on Windows and macOS, where they are not in the environment, and a variable in it would hide them."""
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://proxy.example:3128"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
    monkeypatch.setenv("https_proxy", "to be put back after the test")
    monkeypatch.setenv("no_proxy", "to be put back after the test")
    del os.environ["https_proxy"], os.environ["no_proxy"]
    setup(HAS)
    assert os.environ["https_proxy"] == "http://proxy.example:3128"
    assert os.environ["no_proxy"] == "localhost,127.0.0.1,::1"


PLOT = "import matplotlib.pyplot as plt; _ = plt.subplots()"


def pictures(cell) -> list[bool]:
    return ["image/png" in output.get("data", {}) for output in cell.outputs]


@pytest.mark.parametrize("backend", ["Agg", "TkAgg", "nbAgg", "module://nowhere", "nonsense"])
def test_figures_show_whatever_backend_is_set_for_other_programs(tmp_path, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    with kernel(tmp_path) as running:
        running.ask(f"from wslearn.notebook import setup; setup('{HAS}')")
        assert pictures(running.run(new_code_cell(PLOT))) == [True]
        figure = "from matplotlib.figure import Figure\nfigure = Figure()\nfigure.subplots()\ndisplay(figure)"
        assert pictures(running.run(new_code_cell(figure))) == [True]


def test_figures_show_where_matplotlib_was_there_first(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with kernel(tmp_path) as running:
        assert pictures(running.run(new_code_cell(PLOT))) == []
        running.ask(f"from wslearn.notebook import setup; setup('{HAS}')")
        assert pictures(running.run(new_code_cell(PLOT))) == [True, True]  # the figure that did not show, and the new


# show


@pytest.fixture
def shown(monkeypatch):
    """Return what `show` displays: its HTML, its text, and what it printed."""
    displayed = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: displayed.append((data, raw)))

    def shown(capsys, server=PAGE, **options):
        show(server, **options)
        (data, raw) = displayed.pop()
        assert raw and len(data) == 2
        if widget := data.get("application/vnd.jupyter.widget-view+json"):
            assert PAGE.proxy_path not in str(data)  # what a saved notebook contains
            data["text/html"] = ipywidgets.Widget.get_manager_state()["state"][widget["model_id"]]["state"]["value"]
        return data["text/html"], data["text/plain"], capsys.readouterr().out

    return shown


def jupyter_server(tmp_path, monkeypatch, **info):
    """Leave the file that the Jupyter server which started this kernel leaves."""
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    (tmp_path / "jpserver-4711.json").write_text(json.dumps({"base_url": "/", "hostname": "localhost"} | info))


def test_the_page_is_shown_directly(capsys, shown):
    html, plain, printed = shown(capsys)
    assert '<iframe src="http://127.0.0.1:54321/"' in html and 'height="460"' in html and 'title="' in html
    assert '<a href="http://127.0.0.1:54321/" target="_blank"' in html
    assert (plain, printed) == ("The server's page: http://127.0.0.1:54321/", "")


async def test_a_real_server_s_page_is_shown(capsys, shown):
    async with EchoServer() as server:
        html, plain, _ = shown(capsys, server)
        assert f'src="{server.page_url}"' in html and server.page_url in plain
    with pytest.raises(RuntimeError, match="EchoServer is not running"):
        show(server)


def test_the_height_is_in_pixels(capsys, shown):
    assert 'height="200"' in shown(capsys, height=200)[0]
    with pytest.raises(ValueError, match="format code 'd'"):
        show(PAGE, height='1" onload="alert(1)')


def test_an_address_is_escaped(capsys, shown):
    server = SimpleNamespace(port=1, proxy_path=KEY, page_url='http://x/"><script>alert(1)</script>')
    html = shown(capsys, server)[0]
    assert "<script>" not in html and html.count("&quot;&gt;&lt;script&gt;") == 2


@pytest.mark.parametrize("prefix", ["/user/ann/", "/user/ann"])
def test_behind_a_hub_the_page_goes_through_its_proxy(capsys, shown, monkeypatch, prefix):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", prefix)
    html, plain, printed = shown(capsys)
    assert f'src="/user/ann/proxy/54321/{KEY}/"' in html and f'href="/user/ann/proxy/54321/{KEY}/"' in html
    assert (plain, printed) == ("The server's page: /user/ann/proxy/54321/wslearn-key-[redacted]/", "")
    assert 'src="http://127.0.0.1:54321/"' in shown(capsys, remote=False)[0]


@pytest.mark.parametrize(
    ("info", "address"),
    [
        ({}, "http://127.0.0.1:54321/"),
        ({"hostname": "127.0.0.1"}, "http://127.0.0.1:54321/"),
        ({"base_url": "/lab7/"}, f"/lab7/proxy/54321/{KEY}/"),
        ({"hostname": "0.0.0.0"}, f"/proxy/54321/{KEY}/"),
        ({"hostname": "gpu.example.org", "base_url": "/x/"}, f"/x/proxy/54321/{KEY}/"),
    ],
)
def test_the_jupyter_server_that_started_the_kernel_tells_where_the_browser_is(
    capsys, shown, tmp_path, monkeypatch, info, address
):
    jupyter_server(tmp_path, monkeypatch, **info)
    assert f'src="{address}"' in shown(capsys)[0]


def test_a_tunnel_must_be_told(capsys, shown, tmp_path, monkeypatch):
    assert f'src="/proxy/54321/{KEY}/"' in shown(capsys, remote=True)[0]
    jupyter_server(tmp_path, monkeypatch)
    assert f'src="/proxy/54321/{KEY}/"' in shown(capsys, remote=True)[0]


def test_without_the_proxy_one_line_says_what_to_install(capsys, shown, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    html, _, printed = shown(capsys, remote=True)
    assert printed == (
        "The kernel is on another machine, and the page needs jupyter-server-proxy beside JupyterLab: "
        'pip install "wslearn[remote]", then restart JupyterLab.\n'
    )
    assert f'href="/proxy/54321/{KEY}/"' in html
    assert shown(capsys, remote=False)[2] == ""


# run

SCRIPT = """
import asyncio
from wslearn.notebook import run

async def main():
    await asyncio.sleep(0)
    return 6 * 7

async def failing():
    await main()
    raise KeyError("as it was")
"""


def test_in_a_script_it_is_asyncio_run():
    script = SCRIPT + "\nimport sys\nprint(run(main()), 'nest_asyncio2' in sys.modules)\nrun(failing())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert done.stdout == "42 False\n"
    assert done.returncode == 1 and done.stderr.endswith("KeyError: 'as it was'\n")


def test_where_no_loop_runs_result_and_exception_pass():
    async def failing():
        raise KeyError("as it was")

    assert run(asyncio.sleep(0, 42)) == 42
    with pytest.raises(KeyError, match="as it was"):
        run(failing())


def test_in_a_cell_it_works_beside_the_running_loop(tmp_path):
    with kernel(tmp_path) as running:
        running.ask(SCRIPT)
        assert "asyncio.run() cannot be called" in text(running.run(new_code_cell("asyncio.run(main())")))
        assert running.ask("run(main())") == "42"
        failed = running.run(new_code_cell("run(failing())"))
        assert [(error.ename, error.evalue) for error in errors(failed)] == [("KeyError", "'as it was'")]
        assert running.ask("print([run(main()) for _ in range(3)], await main())") == "[42, 42, 42] 42"


def test_in_a_cell_a_whole_conversation_runs(tmp_path):
    with kernel(tmp_path) as running:
        running.ask(
            "from websockets.asyncio.client import connect\nfrom wslearn import EchoServer\n"
            "from wslearn.notebook import run\n"
            "async def main():\n"
            "    async with EchoServer() as server, connect(server.url) as ws:\n"
            "        return await ws.recv()"
        )
        assert running.ask("run(main())") == "'Welcome! Connection established.'"
        assert running.ask("from wslearn import cells; print(len(cells._running))") == "0"


#: Brings the loop to a turn in which more callbacks wait behind the cell's own step.
BUSY = """
turn = asyncio.get_running_loop().create_future()
ran = []

def wake():
    turn.set_result(None)
    for number in range(50):
        asyncio.get_running_loop().call_soon(ran.append, number)

asyncio.get_running_loop().call_soon(wake)
await turn
run(main())
"""


def test_in_a_busy_kernel_it_takes_nothing_from_the_running_turn(tmp_path):
    with kernel(tmp_path) as running:
        running.ask(SCRIPT)
        assert running.ask(BUSY) == "42"
        assert running.ask("await main(); print(ran)") == str(list(range(50)))
