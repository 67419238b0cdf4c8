"""A WebSocket server with a page on the same port. Lesson 02.

- `server`: its life; `connection`: one client; `handshake`: what is answered before there is a WebSocket.
- `inbox` and `delivery`: the quick ways in and out; `head`, `hosts`: what a request may be; `log`, `last_words`.
"""

from wslearn.server.connection import Connection
from wslearn.server.server import Server

__all__ = ["Connection", "Server"]
