"""Functions for notebooks: check the installation, show a server's page, run a script's coroutine."""

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
#: The matplotlib backend that shows a figure below the cell that draws it; the kernel's default.
INLINE = "module://matplotlib_inline.backend_inline"


class HasPage(Protocol):
    """A running `Server` or `ServerProcess`."""

    port: int
    proxy_path: str

    @property
    def page_url(self) -> str:
        """The URL of the page."""


def setup(notebook: str) -> None:
    """Print one line: everything is ready, or instructions to get there. The first cell of every notebook calls it.

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
    """Exclude this machine from the system's HTTP proxy, for this kernel and the processes that it starts.

    Many schools and companies have one, and the `websockets` client would use it even for 127.0.0.1.
    """
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    if not proxies or proxy_bypass("127.0.0.1"):
        return
    for scheme, address in proxies.items():  # one variable would hide all settings of Windows and macOS
        os.environ.setdefault(f"{scheme}_proxy", address)
    os.environ["no_proxy"] = ",".join(filter(None, [os.environ.get("no_proxy"), *LOOPBACK]))


def _show_figures_below_their_cells() -> None:
    """Let matplotlib draw in the notebook even if MPLBACKEND, set for other programs, asks for files or windows.

    With any other backend, a cell shows a figure as a line of text, or an error if that backend is missing.
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

    `height` is in pixels. If the kernel runs on another machine than the browser (JupyterHub, Binder, a base address),
    the page goes through jupyter-server-proxy. `remote=True` asks for that if this function cannot detect it, as with a
    kernel behind an SSH tunnel. The link then contains the server's secret path, as that of a class's board always
    does. A widget shows it, so that a saved notebook does not contain it.
    """
    from IPython.display import display

    address, remote = address_of(server, remote)
    if remote and importlib.util.find_spec("jupyter_server_proxy") is None:
        print(
            "The kernel is on another machine, and the page needs jupyter-server-proxy beside JupyterLab: "
            'pip install "wslearn[remote]", then restart JupyterLab.'
        )
    link = html.escape(address)
    page = (
        f'<iframe src="{link}" title="The page of this server" width="100%" height="{height:d}" '
        'style="border:1px solid #8888;border-radius:8px"></iframe>'
        f'<p><a href="{link}" target="_blank" rel="noopener">Open the page in its own tab</a></p>'
    )
    shown: dict[str, Any] = {"text/html": page}
    from wslearn.redact import redact

    if (harmless := redact(address)) != address:
        from ipywidgets import HTML

        shown, address = HTML(page)._repr_mimebundle_(), harmless
    display(shown | {"text/plain": f"The server's page: {address}"}, raw=True)


def address_of(server: HasPage, remote: bool | None = None) -> tuple[str, bool]:
    """Return the address of the server's page for the reader's browser, and whether it goes through a proxy."""
    base = _proxy_base()
    remote = base is not None if remote is None else remote
    return (f"{base or '/'}proxy/{server.port}/{server.proxy_path}/" if remote else server.page_url), remote


def _proxy_base() -> str | None:
    """Return the Jupyter server's base address if the browser seems to be on another machine, otherwise None.

    A hub names its prefix in the environment. Otherwise the Jupyter server that started this kernel has left a file
    with its address: a base address, or one that is not loopback, is for a browser on another machine.
    """
    if prefix := os.environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        return prefix if prefix.endswith("/") else f"{prefix}/"
    from jupyter_core.paths import jupyter_runtime_dir

    info = Path(jupyter_runtime_dir()) / f"jpserver-{os.environ.get('JPY_PARENT_PID', 'none')}.json"
    try:
        jupyter = json.loads(info.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file, because another program than Jupyter's own started the kernel
        return None
    if jupyter["base_url"] == "/" and jupyter["hostname"] in LOOPBACK:
        return None
    return jupyter["base_url"]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result, in a script and in a notebook's cell alike.

    Without a running event loop this is `asyncio.run`. In a cell a loop is running already, and `asyncio.run` would
    raise an error. There nest-asyncio2 makes that loop re-entrant, from then on and for the whole kernel. This is for
    code written as a script: in a cell `await main()` is simpler, and measurements should not run on a patched loop.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    # asyncio counts a turn's callbacks before it calls them, and this call is one of them. The nested loop calls the
    # others, so the same number of empty ones takes their places: otherwise asyncio fails, and the kernel dies.
    patched: Any = loop
    waiting = len(patched._ready)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        for _ in range(waiting - len(patched._ready)):
            loop.call_soon(lambda: None)
