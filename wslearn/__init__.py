"""Learn WebSockets in Python: real servers to run, read, change and reuse, and notebooks that run them."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - pip and uv check it too, a checkout does not
    sys.exit(
        f"wslearn needs Python 3.11 or newer, and this is {sys.version.split()[0]}: "
        "start it with a newer one, or with 'uv run', which finds one."
    )

from wslearn.limits import Limits
from wslearn.process import ServerProcess
from wslearn.server import Server
from wslearn.servers.echo import EchoServer

__version__ = "0.1.0"

__all__ = ["EchoServer", "Limits", "Server", "ServerProcess", "__version__"]
