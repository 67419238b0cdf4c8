"""A WebSocket server with a page on the same port. Lesson 02.

- `server`: start and stop; `clients`, `connection`: the conversations; `opening`, `handshake`: HTTP before a WebSocket.
- `inbox`, `delivery`: the fast ways in and out; `head`, `hosts`: checks of a request; `log`, `last_words`, `address`.
"""

from wslearn.server.connection import Connection
from wslearn.server.server import Server

__all__ = ["Connection", "Server"]
