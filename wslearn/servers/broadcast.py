"""Broadcast: every client receives each message, its sender too. Lesson 03."""

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import Broadcast, Say, now
from wslearn.server import Server


class BroadcastServer(Server):
    """Send each `{"message": …}` to every client, the sender too: `{"type":"broadcast","message":…,"timestamp":…}`."""

    limits = Limits(rate=20)
    features = ("json",)

    async def handler(self, ws):
        """Fan out each message to all clients before the next one, so that all receive them in the same order."""
        async for said in ws.receive(Say):
            fan_out(self.connections, Broadcast(said.message, now()))
