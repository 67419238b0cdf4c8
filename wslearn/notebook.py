"""What only a notebook needs: a first cell that checks the ground, a page to look at, a script's coroutine to run."""

import html
import importlib.util
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from wslearn import __version__, cells
from wslearn.common import preflight

T = TypeVar("T")

LOOPBACK = ("localhost", "127.0.0.1", "::1")

#: The matplotlib backend that shows a figure below the cell that draws it; the kernel's choice where none is set.
INLINE = "module://matplotlib_inline.backend_inline"


class HasPage(Protocol):
    """A running `Server` or `ServerProcess`."""

    port: int
    url: str
    page_url: str
    proxy_path: str


def setup(notebook: str) -> None:
    """Print one line: all is ready, or what to do so that it will be. The first cell of every notebook.

    `notebook` is the version of wslearn that the notebook was written for, such as `"0.1"`.
    """
    if problem := preflight.shadowing(in_kernel=cells.kernel() is not None):
        print(problem)
        return
    _talk_to_this_machine_directly()
    if cells.kernel():
        _show_figures_below_their_cells()
        cells.hear_interrupts()
    print(preflight.outdated() or _other_version(notebook) or _ready())


def _talk_to_this_machine_directly() -> None:
    """Except this machine from the system's HTTP proxy, for this kernel and the processes that it starts.

    Many schools and companies set one, and the `websockets` client would ask it even for 127.0.0.1.
    """
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    if not proxies or proxy_bypass("127.0.0.1"):
        return
    for scheme, address in proxies.items():  # a variable hides the settings of Windows and macOS: keep all of them
        os.environ.setdefault(f"{scheme}_proxy", address)
    os.environ["no_proxy"] = ",".join(filter(None, [os.environ.get("no_proxy"), *LOOPBACK]))


def _show_figures_below_their_cells() -> None:
    """Let matplotlib draw in the notebook where MPLBACKEND, set for other programs, asks for files or windows.

    With any other backend a figure that a cell shows is a line of text, and with one that is missing an error.
    """
    if os.environ.get("MPLBACKEND") in (INLINE, "inline"):
        return
    os.environ["MPLBACKEND"] = INLINE
    if "matplotlib" in sys.modules:  # it has read the variable already
        from IPython import get_ipython

        get_ipython().enable_matplotlib("inline")


def _ready() -> str:
    import platform
    from importlib import metadata

    installed = f"wslearn {__version__}, websockets {metadata.version('websockets')}"
    return f"Ready: {installed}, Python {platform.python_version()}."


def _other_version(notebook: str) -> str | None:
    from packaging.version import Version  # packaging comes with JupyterLab

    wanted, has = Version(notebook).release[:2], Version(__version__).release[:2]
    written = f"This notebook was written for wslearn {notebook}, and {__version__} is installed: "
    if wanted > has:
        return f"{written}get the newer one (git pull, or pip install --upgrade wslearn), then restart the kernel."
    if wanted < has:
        return f"{written}in a terminal run 'wslearn lab --reset' with this notebook's number (your copy is kept)."
    return None


def show(server: HasPage, *, height: int = 460, remote: bool | None = None) -> None:
    """Show the server's page below the cell, with a link to it.

    `height` is in pixels. Where the kernel runs on another machine than the browser (JupyterHub, Binder, a base
    address), the page goes through jupyter-server-proxy; `remote=True` asks for that, for a kernel reached through
    an SSH tunnel, which nothing here can see. The link then contains the key that lets a browser in behind a proxy; it
    is shown by a widget, so that a saved notebook does not contain it.
    """
    from IPython.display import display

    base = _proxy_base()
    if remote is None:
        remote = base is not None
    address, advice = server.page_url, ""
    if remote:
        address = f"{base or '/'}proxy/{server.port}/{server.proxy_path}/"
        if importlib.util.find_spec("jupyter_server_proxy") is None:
            advice = (
                "The kernel is on another machine, and the page needs jupyter-server-proxy beside JupyterLab: "
                'pip install "wslearn[remote]", then restart JupyterLab.'
            )
    link = html.escape(address)
    page = (
        f'<iframe src="{link}" title="The page of this server" width="100%" height="{height:d}" '
        'style="border:1px solid #8888;border-radius:8px"></iframe>'
        f'<p><a href="{link}" target="_blank" rel="noopener">Open the page in a tab of its own</a></p>'
    )
    if advice:
        print(advice)
    text = "The server's page: "
    if remote:
        from ipywidgets import HTML

        from wslearn.redact import redact

        display(HTML(page)._repr_mimebundle_() | {"text/plain": text + redact(address)}, raw=True)
    else:
        display({"text/html": page, "text/plain": text + address}, raw=True)


def _proxy_base() -> str | None:
    """Return the Jupyter server's base address where the browser seems to be elsewhere, else None.

    A hub names its prefix in the environment. Else the Jupyter server that started this kernel has left a file with
    its address: a base address, or an address that is not loopback, means that a browser elsewhere uses it.
    """
    if prefix := os.environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        return prefix if prefix.endswith("/") else f"{prefix}/"
    from jupyter_core.paths import jupyter_runtime_dir

    info = Path(jupyter_runtime_dir()) / f"jpserver-{os.environ.get('JPY_PARENT_PID', 'none')}.json"
    try:
        jupyter = json.loads(info.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file: another front end than Jupyter's own started the kernel
        return None
    if jupyter["base_url"] == "/" and jupyter["hostname"] in LOOPBACK:
        return None
    return jupyter["base_url"]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result, in a script and in a notebook's cell alike.

    Where no event loop runs this is `asyncio.run`. In a cell a loop runs already, and `asyncio.run` would raise: here
    nest-asyncio2 makes that loop re-entrant, from then on and for the whole kernel. For code written as a script;
    in a cell `await main()` is simpler, and measurements should not run on a patched loop.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    # asyncio counts a turn's callbacks before it calls them, and this call is one of them. Those behind it are called
    # in here, so as many that do nothing take their places: otherwise asyncio fails, and the kernel dies of it.
    patched: Any = loop
    waiting = len(patched._ready)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        for _ in range(waiting - len(patched._ready)):
            loop.call_soon(lambda: None)
