"""Chat: authentication, rooms and heartbeat together, each the very part that its own lesson built. Lesson 07."""

import secrets

from wslearn.limits import Limits
from wslearn.messages import Ping, Pong
from wslearn.server import Server
from wslearn.servers.auth import authenticated
from wslearn.servers.heartbeat import Heartbeat
from wslearn.servers.rooms import Rooms
from wslearn.tokens import Tokens


class ChatServer(Server):
    """Rooms for those who showed a valid token, not in the address; whoever is silently gone is found.

    Without a `secret` a random one is made: `server.tokens.issue("ann")` gives a token.
    """

    limits = Limits(rate=20)
    features = "token rooms ping"
    keepalive = None

    def __init__(
        self, *args, secret: str | None = None, audience: str | None = None, interval: float | None = 30, **options
    ):
        super().__init__(*args, **options)
        self.tokens = Tokens(secret or secrets.token_urlsafe(32), audience)
        self.rooms = Rooms()
        self.heartbeat = Heartbeat(interval)

    def background(self):
        return (self.heartbeat.run(self),)

    async def handler(self, ws):
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
