"""Learn WebSockets in Python: real servers to run, read, change and reuse, and notebooks that run them.

Names are loaded when they are first used (PEP 562), so that a first cell can report missing packages, and commands
start fast.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - pip and uv check it too, a checkout does not
    sys.exit(
        f"wslearn needs Python 3.11 or newer, and this is {sys.version.split()[0]}: "
        "start it with a newer one, or with 'uv run', which finds one."
    )

TYPE_CHECKING = False  # typing's constant, which type checkers know by its name, without importing typing
if TYPE_CHECKING:
    from wslearn.limits import Limits
    from wslearn.process import ServerProcess
    from wslearn.server import Server
    from wslearn.servers.echo import EchoServer

if "ipykernel" in sys.modules:  # a notebook: a new run of a cell stops everything from its last run
    from wslearn import cells  # noqa: F401 - it registers itself

__version__ = "0.1.0"

__all__ = ["EchoServer", "Limits", "Server", "ServerProcess", "__version__"]

#: The module of each name.
_HOMES = {
    "EchoServer": "wslearn.servers.echo",
    "Limits": "wslearn.limits",
    "Server": "wslearn.server",
    "ServerProcess": "wslearn.process",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__} - {"sys", "TYPE_CHECKING"})
