"""A small game with its own clock on the server: `wslearn serve game`."""

import asyncio
import random
from pathlib import Path

from msgspec import Struct

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.servers.rooms import Rooms

#: Seconds of a tick; for how many ticks a lamp is lit, and how many a message may be late.
TICK, LIT, LATE = 0.1, 15, 4
LAMPS = 6


class Press(Struct, tag="press"):
    """From a player: it pressed this lamp when it saw the state of this tick."""

    lamp: int
    tick: int


class State(Struct, tag="state"):
    """To all players, at each tick: which lamp is lit, and who has how many points."""

    tick: int
    lamp: int
    points: dict[str, int]


class GameServer(Server):
    """Whoever presses the lit lamp first has a point. Only the server's clock, lamp and points count."""

    limits = Limits(rate=20)
    page = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")

    def __init__(self, host="127.0.0.1", port=0, *, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.rooms, self.points = Rooms(), {}
        self.tick = self.lit = self.lamp = 0  # `lit` is the tick at which the lamp was lit

    def background(self):
        """Let the clock go."""
        return [self.clock()]

    async def clock(self):
        """Begin a tick, whatever the players do; light another lamp when one is caught, or was lit for long enough."""
        while True:
            if self.tick >= self.lit + LIT:
                self.light(self.tick)
            fan_out(self.connections, State(self.tick, self.lamp, self.points))
            await asyncio.sleep(TICK)
            self.tick += 1

    def light(self, tick):
        """Light another lamp, from this tick on."""
        self.lit, self.lamp = tick, random.choice([n for n in range(LAMPS) if n != self.lamp])

    async def handler(self, ws):
        """Let a player in, and judge what it sends."""
        self.rooms.join(ws, "game")
        self.points[ws.name] = 0
        try:
            async for press in ws.receive(Press):
                if why := self.refuses(press):
                    await ws.complain("refused", why)
                else:
                    self.points[ws.name] += 1
                    self.light(self.tick + 1)  # this tick's state has been sent already
        finally:
            self.rooms.leave(ws)
            del self.points[ws.name]

    def refuses(self, press):
        """Return why a press does not count, or an empty text."""
        if press.tick > self.tick:
            return "cheating: this tick has not begun"
        if press.tick < self.tick - LATE:
            return f"too late: you saw tick {press.tick}, and it is tick {self.tick}"
        if press.tick < self.lit:
            return "somebody was faster"
        return "" if press.lamp == self.lamp else "this lamp was not lit"
