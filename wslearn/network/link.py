"""One connection through the simulated network: two ends, a pipe each way, and how it breaks."""

import asyncio
import logging
from time import perf_counter as clock
from typing import Literal

from wslearn.common.chunk import Direction
from wslearn.network.conditions import PORTS
from wslearn.network.pipe import End, Network, Pipe

logger = logging.getLogger("wslearn")

#: A side of the network: the one that connected, or the one that it connected to.
Side = Literal["client", "server"]
#: Timeout of a connection to the target, in seconds.
CONNECT_TIMEOUT = 10.0
#: So often a connection is looked at before it counts as idle.
LOOKS = 4


class Link:
    """A client's connection through the network: two ends, and a pipe each way between them."""

    def __init__(self, net: Network, number: int) -> None:
        self.net = net
        self.client, self.server = End(self), End(self)
        self.up = Pipe(net, number, "up", self.client, self.server)
        self.down = Pipe(net, number, "down", self.server, self.client)
        self.over = asyncio.Event()
        self._connecting: asyncio.Task | None = None
        #: Whether one side has gone, and the other is never told.
        self.is_half_open = False
        self._heard, self._looks = clock(), 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Send the SYN. Bytes follow a round trip later, because SYN-ACK and ACK have to pass before them."""
        self.up.enter(self._connect)
        round_trip = sum(pipe.way() for pipe in (self.up, self.down))
        self.up.not_before = clock() + round_trip
        self.down.not_before = self.up.not_before + self.net.delays["up"]
        self.watch_idle()

    def _connect(self) -> None:
        self.up.waits = True
        self._connecting = asyncio.create_task(self._connect_to_target())
        self.net.connecting.add(self._connecting)
        self._connecting.add_done_callback(self.net.connecting.discard)

    async def _connect_to_target(self) -> None:
        client = (self.client.transport.get_extra_info("peername") or [""])[0]
        *others, last = self.net.order(client)
        for place in (*others, last):
            target = self.net.targets[place]
            host, port = target.hostname or "", target.port or PORTS[target.scheme]
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await asyncio.get_running_loop().create_connection(lambda: self.server, host, port)
                return self.net.connected(client, place)
            except OSError as error:
                why = str(error) or type(error).__name__
                then = "its client is reset" if place == last else "the next server is asked"
                logger.warning("network: no server answers at %s:%s, so %s (%s)", host, port, then, why)
        self.down.not_before = 0.0
        self.server.connection_lost(None)

    def opened(self, end: End) -> None:
        """Continue, now that an end has its transport."""
        if end is self.client:
            self.net.opened(self)
        else:
            self.up.waits = False
            self.up.advance()

    def lost(self, end: End) -> None:
        """Reset the other side after an end was lost, or finish if that was the second one."""
        pipe = end.sends
        if pipe.target.gone:
            self.up.discard()
            self.down.discard()
            self._stop_timer()
            self.net.links.discard(self)
            self.over.set()
        elif not (self.is_half_open or (self.up.finished and self.down.finished)):
            pipe.reset()

    def finished(self) -> None:
        """Close both ends when both directions have had their FIN."""
        if self.up.finished and self.down.finished:
            self.client.transport.close()
            self.server.transport.close()

    def cut(self) -> None:
        """Reset both sides now; bytes under way are lost."""
        self._lose_everything()
        self.client.reset()
        self.server.reset()

    def half_open(self, gone: Side) -> None:
        """Reset one side now, and never tell the other: for that one the connection stays, and nothing gets through."""
        if not self.server.connected:  # then there is no other side yet
            return self.cut()
        self._lose_everything()
        self.is_half_open = self.up.waits = self.down.waits = True
        (self.client if gone == "client" else self.server).reset()

    def expire(self) -> None:
        """Close both sides now, as a proxy does with an idle connection; bytes under way are lost."""
        self._lose_everything()
        self.up.finished = self.down.finished = True  # so that the end of one side is no reset for the other
        self.client.close()
        self.server.close()

    def _lose_everything(self) -> None:
        self.up.discard()
        self.down.discard()
        if self._connecting:
            self._connecting.cancel()

    # The idle timeout

    def carried(self, direction: Direction) -> None:
        """Note that bytes have entered."""
        if self.net.idle_reset_by in ("either", "client" if direction == "up" else "server"):
            self._heard, self._looks = clock(), 0

    def watch_idle(self) -> None:
        """End the connection if it has been idle for too long, else look again when it may have been.

        Looks are counted too: after a pause of the whole event loop, both sides have their turn before it is a timeout.
        """
        self._stop_timer()
        if self.net.idle_timeout is None or self.net.silent or self.is_half_open:  # in a silence nobody is told
            return
        left = self._heard + self.net.idle_timeout - clock()
        if left <= 0 and self._looks >= LOOKS - 1:  # this is the last one
            return self.expire()
        self._looks += 1
        pause = self.net.idle_timeout / LOOKS
        self._timer = asyncio.get_running_loop().call_later(min(left, pause) if left > 0 else pause, self.watch_idle)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
