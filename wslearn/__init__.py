"""Learn WebSockets in Python: real servers to run, read, change and reuse, and notebooks that run them."""

from wslearn.limits import Limits
from wslearn.process import ServerProcess
from wslearn.server import Server
from wslearn.servers.echo import EchoServer

__version__ = "0.1.0"

__all__ = ["EchoServer", "Limits", "Server", "ServerProcess", "__version__"]
