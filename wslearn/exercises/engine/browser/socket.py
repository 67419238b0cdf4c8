"""The server's end of a WebSocket that a student's page has opened: the check plays it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import Message, in_words, matches, read
from wslearn.exercises.engine.result import shown

SERVER = "the server"


class Socket:
    """One WebSocket of a page. `heard` has all that the server has received on it, JSON decoded.

    `closed` is the pair of code and reason with which the page has closed it, or None. `at` is when the page opened it,
    in seconds of the page's clock; `most` is the most that has ever waited in it, in bytes; `lost` is how many messages
    the page has sent after its end. An expectation that does not
    hold raises NotYet, which ends the check, as everywhere in `wslearn.exercises`.
    """

    def __init__(self, notes: Calls, act: Callable[..., Awaitable[Any]], number: int, url: str, at: float) -> None:
        self.notes, self.number, self.url, self.at, self._act = notes, number, url, at, act
        self.heard: list[Any] = []
        self.judged = 0  # so many of them have been compared with what was expected
        self.closed: tuple[int, str] | None = None
        self.most = self.lost = 0
        #: Whether the server's end is open: accepted, and not closed by either side.
        self.open = False

    @property
    def name(self) -> str:
        """What the student's trace calls it."""
        return f"WebSocket {self.number + 1}"

    def take(self, data: Any) -> None:
        """Take note of a message from the page."""
        self.heard.append(read(data) if isinstance(data, str) else data)

    async def accepts(self) -> None:
        """Open it: the page gets its `open` event."""
        self.open = True
        await self._event("accepts", self.name, what="open")

    async def refuses(self) -> None:
        """Refuse the handshake, or be out of reach: the page gets `error`, then `close` with 1006."""
        await self._event("refuses", self.name, what="close", code=1006, failed=True)

    async def says(self, message: dict | list | str | bytes) -> None:
        """Send the page a dict or list as JSON, a str as text, bytes as binary."""
        if isinstance(message, bytes):
            return await self._event("sends", shown(message), what="message", bytes=list(message))
        data = json.dumps(message, ensure_ascii=False) if isinstance(message, dict | list) else message
        await self._event("sends", shown(message), what="message", data=data)

    async def closes(self, code: int = 1000, reason: str = "") -> None:
        """Close with a closing handshake: the page gets `close` with this code and reason."""
        self.open = False
        await self._event(
            "closes", f"{self.name} with {code} {reason}".rstrip(), what="close", code=code, reason=reason
        )

    async def vanishes(self) -> None:
        """Lose the open connection without a closing handshake: the page gets `close` with 1006.

        Chromium fires no `error` then, so neither does the check.
        """
        self.open = False
        await self._event("loses", f"{self.name} (the page sees 1006)", what="close", code=1006)

    async def hears(self, expected: Any, message: Message = "", *, meaning: str = "") -> Any:
        """Expect the next message from the page, and return it. All that the page sends at once has come already."""
        came = self.heard[self.judged] if self.judged < len(self.heard) else None
        if came is None or not matches(expected, came):
            found = "nothing" if came is None else shown(came)
            self.notes.fail(message, SERVER, "receives", found, expected=in_words(expected, meaning), came=came)
        self.judged += 1
        self.notes.tells(SERVER, "receives", shown(came))
        return came

    async def hears_nothing(self, message: Message = "") -> None:
        """Expect that the page has sent nothing more."""
        if self.judged < len(self.heard):
            came = self.heard[self.judged]
            self.notes.fail(message, SERVER, "receives", shown(came), expected="nothing", came=came)

    async def is_closed(self, code: int | tuple[int, ...] | None = None, message: Message = "") -> None:
        """Expect that the page has closed it. `message` gets the code and reason, or None; in a table a code fits too.

        `close()` without a code counts as 1005, which is what the server then sees.
        """
        codes = (code,) if isinstance(code, int) else code
        if self.closed is None or (codes and self.closed[0] not in codes):
            found = "open" if self.closed is None else f"closed with {self.closed[0]}"
            wanted = f"closed with {' or '.join(map(str, codes))}" if codes else "closed"
            came = self.closed
            self.notes.fail(message, self.name, "is", found, expected=wanted, came=came, also=(came or ())[:1])

    async def stays_open(self, message: Message = "") -> None:
        """Expect that the page has not closed it. `message` gets the code and reason with which it has."""
        if self.closed is not None:
            found = f"closed by the page with {self.closed[0]}"
            self.notes.fail(message, self.name, "is", found, expected="open", came=self.closed, also=self.closed[:1])

    async def _event(self, did: str, shows: str, **event: Any) -> None:
        self.notes.tells(SERVER, did, shows)
        await self._act("socket", socket=self.number, **event)
