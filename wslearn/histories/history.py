"""A history: the events of a run in their order, from whichever client and server. Lesson 09."""

import asyncio
from collections.abc import Callable, Iterator

from wslearn.histories.events import (
    Acknowledged,
    Ended,
    Event,
    Happened,
    Heard,
    Joined,
    Refused,
    Sent,
    Told,
    Wrote,
)

#: Pauses in which the time without an event is counted.
PAUSES = 20


class History:
    """What happened, in order. `judge` finds what is wrong with it, `print` tells it.

    Each method adds an event. A text identifies its message, so write each text only once.
    """

    def __init__(self, events: tuple[Event, ...] | list[Event] = ()) -> None:
        self.events: list[Event] = []
        #: Texts that were stored or received by anybody, and that a client has sent.
        self.stored: set[str] = set()
        self.sent_texts: set[str] = set()
        self._news = asyncio.Event()
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Add any event."""
        self.events.append(event)
        if isinstance(event, Heard | Acknowledged):
            self.stored.add(event.text)
        elif isinstance(event, Sent):
            self.sent_texts.add(event.text)
        self._news.set()

    def wrote(self, who: str, text: str) -> None:
        """Somebody wrote a text, which their client has to send."""
        self.add(Wrote(who, text))

    def sent(self, who: str, text: str) -> None:
        """A client sent a text; the second time counts as `again`."""
        self.add(Sent(who, text, text in self.sent_texts))

    def acknowledged(self, who: str, text: str, offset: int | None = None, epoch: str = "") -> None:
        """The server acknowledged a text."""
        self.add(Acknowledged(who, text, offset, epoch))

    def refused(self, who: str, code: str, text: str = "") -> None:
        """The server refused a message."""
        self.add(Refused(who, code, text))

    def heard(self, who: str, text: str, offset: int | None = None, epoch: str = "") -> None:
        """A client gave a text to its user."""
        self.add(Heard(who, text, offset, epoch))

    def joined(self, who: str, epoch: str = "", offset: int | None = None, **more: object) -> None:
        """The server put a client into the room. `more`: see `Joined`."""
        self.add(Joined(who, epoch, offset, **more))  # type: ignore[arg-type]

    def told(self, who: str) -> None:
        """A client told its user that something may be lost."""
        self.add(Told(who))

    def ended(self, who: str, error: str = "") -> None:
        """A client's function ended before the story did."""
        self.add(Ended(who, error))

    def happened(self, sentence: str, who: str = "") -> None:
        """Something else happened, such as a fault."""
        self.add(Happened(who, sentence))

    async def until(
        self, condition: Callable[[], object], seconds: float, moving: Callable[[], object] = lambda: True
    ) -> bool:
        """Wait until `condition()` is true, and return whether it is.

        Give up after `seconds` without an event, or a fifth of them if not `moving()`: nothing is on its way then. In
        any case give up after five times as long. The time is counted in short pauses of a running event loop, so that
        a machine that stands still for a moment takes one of them.
        """
        loop, quiet, passed = asyncio.get_running_loop(), 0, 0.0
        while not condition():
            if quiet >= (PAUSES if moving() else PAUSES // 5) or passed > 5 * seconds:
                return False
            began = loop.time()
            self._news.clear()
            try:
                async with asyncio.timeout(seconds / PAUSES):
                    await self._news.wait()
                quiet = 0
            except TimeoutError:
                quiet += 1
            passed += min(loop.time() - began, seconds / PAUSES)
        return True

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __str__(self) -> str:
        return "\n".join(map(str, self.events))

    def __repr__(self) -> str:
        return f"History({self.events})"
