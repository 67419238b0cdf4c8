"""Broadcast: what one client sends, every client receives, the sender too. Lesson 03."""

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import Broadcast, Say, now
from wslearn.server import Server


class BroadcastServer(Server):
    """Send each `{"message": …}` to every client, the sender too: `{"type":"broadcast","message":…,"timestamp":…}`.

    `fan_out` sends one message after the other, each to every client, so all clients receive them in the same order.
    """

    limits = Limits(rate=20)
    features = ("json",)

    async def handler(self, ws):
        async for said in ws.receive(Say):
            fan_out(self.connections, Broadcast(said.message, now()))
