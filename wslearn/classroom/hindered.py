"""The phones of one person, and the two ways in which a volunteer's phone is hindered.

A page can't stop reading its WebSocket: the browser reads. So the server plays the bad network, for this phone only.

- A slow client gets at most one state in `REST` seconds: always the newest, so it misses those between (lesson 03).
  What it sends is taken one message after the other, with a pause before each.
- In a tunnel nothing passes for `TUNNEL` seconds, in either direction, pings included. Then everything does.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wslearn.classroom.messages import VolunteerState
from wslearn.classroom.people import Person, Volunteer
from wslearn.fast import fan_out

#: Seconds between two states for a slow client, and before each of its messages is taken.
REST, PAUSE = 2.0, 1.0
#: Seconds in a tunnel.
TUNNEL = 10.0
#: Unsent bytes above which a phone gets nothing new: it gets the newest state when it has read the others.
ENOUGH = 16 * 1024


class Phone:
    """The connections of one person, and what this person has not been sent yet."""

    def __init__(self, person: Person, send_states: Callable[["Phone"], None]) -> None:
        self.person, self.send_states = person, send_states
        self.connections: list[Any] = []
        #: The kinds of states of which it has not got the newest.
        self.late: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self._outside, self._unhindered = asyncio.Event(), asyncio.Event()
        self._outside.set()
        self._unhindered.set()

    @property
    def hindered(self) -> bool:
        """Whether it gets its states later than others."""
        return self.person.volunteer is not None

    @property
    def ready(self) -> bool:
        """Whether it can be sent something now: it is not hindered, and it has read most of what came before."""
        return not self.hindered and not any(ws.transport.get_write_buffer_size() > ENOUGH for ws in self.connections)

    @property
    def in_tunnel(self) -> bool:
        """Whether nothing passes."""
        return self.person.volunteer == "tunnel"

    @property
    def seconds_in_tunnel(self) -> float | None:
        """How long nothing has passed, or None."""
        return asyncio.get_running_loop().time() - self._since if self.in_tunnel else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will be in the tunnel, or None."""
        return None if (been := self.seconds_in_tunnel) is None else round(max(0.0, TUNNEL - been), 1)

    async def passage(self) -> None:
        """Wait as long as a message of this phone is under way."""
        if self.person.volunteer == "slow-client":
            await asyncio.sleep(PAUSE)
        await self.outside()

    async def outside(self) -> None:
        """Wait until it is in no tunnel."""
        await self._outside.wait()

    async def until_free(self) -> None:
        """Wait as long as an awaited send to this phone would: a slow client takes one message in `REST` seconds."""
        with suppress(TimeoutError):  # not with `wait_for`, which loses a cancellation in Python 3.11
            async with asyncio.timeout(None if self.in_tunnel else REST):
                await self._unhindered.wait()

    def hinder(self, role: Volunteer | None) -> None:
        """Hinder this phone from now on, or no longer, and tell it so."""
        self.stop_hindering()
        self.person.volunteer = role
        self._tell()
        if role is not None:
            self._unhindered.clear()
        loop = asyncio.get_running_loop()
        if role == "tunnel":
            self._outside.clear()
            self._since = loop.time()
            self._timer = loop.call_later(TUNNEL, self.hinder, None)
        elif role == "slow-client":
            self._timer = loop.call_later(REST, self._send_newest)
        else:
            self.send_states(self)

    def stop_hindering(self) -> None:
        """Let everything pass again, but send nothing now."""
        self.person.volunteer = None
        self._outside.set()
        self._unhindered.set()
        if self._timer:
            self._timer.cancel()

    def _send_newest(self) -> None:
        self.send_states(self)
        self._timer = asyncio.get_running_loop().call_later(REST, self._send_newest)

    def _tell(self) -> None:
        fan_out(self.connections, VolunteerState(self.person.volunteer, TUNNEL if self.in_tunnel else None))
