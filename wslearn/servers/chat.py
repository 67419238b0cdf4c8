"""Chat: authentication, rooms and heartbeat together, each as its own lesson built it. Lesson 07."""

import secrets

from wslearn.limits import Limits
from wslearn.messages import Ping, Pong
from wslearn.server import Server
from wslearn.servers.auth import authenticated
from wslearn.servers.heartbeat import Heartbeat
from wslearn.servers.rooms import Rooms
from wslearn.tokens import Tokens


class ChatServer(Server):
    """Rooms for clients with a valid token (not in the URL), with a heartbeat that finds dead connections.

    The default `secret` is random; `server.tokens.issue("ann")` returns a token.
    """

    limits = Limits(rate=20)
    features = ("token", "rooms", "ping")
    keepalive = None

    def __init__(self, host="127.0.0.1", port=0, *, secret=None, audience=None, interval=30, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.tokens = Tokens(secret or secrets.token_urlsafe(32), audience)
        self.rooms = Rooms()
        self.heartbeat = Heartbeat(interval)

    def background(self):
        """Return the heartbeat, which runs as long as the server."""
        return (self.heartbeat.run(self),)

    async def handler(self, ws):
        """Carry out a client's requests, as long as its token is valid."""
        async with authenticated(ws, self.tokens, query=False) as welcome:
            if not welcome:
                return
            try:
                async for request in ws.receive(*Rooms.requests, Ping):
                    if isinstance(request, Ping):
                        await ws.say(Pong())
                    else:
                        await self.rooms.answer(ws, request)
            finally:
                self.rooms.leave(ws)
