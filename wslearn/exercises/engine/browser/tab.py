"""A student's page as a check sees it: what the user does and sees, and the WebSockets that it opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wslearn.exercises.engine.browser.faults import raise_fault
from wslearn.exercises.engine.browser.socket import Socket
from wslearn.exercises.engine.browser.stage import Visit
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import Message, NotYet, in_words, matches
from wslearn.exercises.engine.result import shown

USER, PAGE = "the user", "the page"


@dataclass(frozen=True)
class Look:
    """An element as the user sees it: its text, the texts of its children, and the names of all elements in it."""

    text: str
    items: list[str]
    tags: list[str]
    html: str
    disabled: bool


class Tab:
    """A student's page in a browser. Each action ends when all that follows from it has happened.

    The page's clock stands still between actions; `passes` moves it, so a wait of a minute takes a moment, and what
    happens never depends on the computer's speed. Each action lets 0.02 s pass.
    """

    def __init__(self, notes: Calls, visit: Visit) -> None:
        self.notes, self.visit = notes, visit
        #: All WebSockets that the page has opened, in order.
        self.sockets: list[Socket] = []
        #: The names of events that the page listens for although it shouldn't: `unload`, `beforeunload`.
        self.listens: set[str] = set()
        self._answered = 0  # so many of them have been accepted or refused
        self._taken = 0

    # The user

    async def types(self, selector: str, text: str) -> bool:
        """Write into a field. Returns whether it can be written into."""
        self.notes.tells(USER, "types", f"{shown(text)} into {selector}")
        return await self._use("type", selector, text=text)

    async def presses(self, selector: str) -> bool:
        """Press a button. Returns whether it can be pressed: whether it isn't disabled."""
        self.notes.tells(USER, "presses", selector)
        return await self._use("press", selector)

    async def _use(self, act: str, selector: str, **given: Any) -> bool:
        found = await self._act(act, selector=selector, **given)
        self._exists(selector, found)
        if disabled := bool(found.get("disabled")):
            self.notes.tells(USER, "finds", f"{selector} disabled")
        return not disabled

    async def look(self, selector: str) -> Look:
        """Return an element as the user sees it. NotYet if the page has none."""
        found = await self._act("look", selector=selector, ms=0)
        self._exists(selector, found)
        return Look(" ".join(found["text"].split()), *(found[name] for name in ("items", "tags", "html", "disabled")))

    async def sees(self, selector: str, expected: Any, message: Message = "", *, meaning: str = "") -> Look:
        """Expect the text of an element, or for a list the texts of its children; return the element.

        Spaces at the ends of a text do not count.
        """
        look = await self.look(selector)
        came: Any = [item.strip() for item in look.items] if isinstance(expected, list) else look.text
        if not matches(expected, came):
            wanted = f"{in_words(expected, meaning)} in {selector}"
            self.notes.fail(message, USER, "sees", shown(came), expected=wanted, came=came)
        more = isinstance(came, list) and len(came) > 1  # the whole list, each time anew, would be long to read
        self.notes.tells(USER, "sees", f"{shown(came[-1])} as number {len(came)} in {selector}" if more else
                         f"{shown(came)} in {selector}")  # fmt: skip
        return look

    async def leaves(self, *, persisted: bool = True) -> None:
        """Leave the page: it gets `pagehide`. `persisted`: the browser keeps it for Back, frozen."""
        self.notes.tells(USER, "leaves", "the page (`pagehide`)")
        await self._act("fire", name="pagehide", persisted=persisted, ms=0)

    async def returns(self, *, persisted: bool = True) -> None:
        """Come back to the page with Back: it gets `pageshow`."""
        self.notes.tells(USER, "comes", "back to the page (`pageshow`)")
        await self._act("fire", name="pageshow", persisted=persisted)

    async def happens(self, event: str) -> None:
        """Let an event without more data happen, such as `offline`, `online` or `visibilitychange`."""
        self.notes.tells("the browser", "fires", event)
        await self._act("fire", name=event, persisted=False)

    # Its surroundings

    @property
    def now(self) -> float:
        """The page's clock, in seconds since the page began."""
        return self.visit.now

    async def passes(self, seconds: float) -> None:
        """Let so many seconds pass on the page's clock: its timers run, in order."""
        self.notes.tells("the clock", "moves", f"{seconds:g} s")
        await self._act("pass", ms=1000 * seconds)

    async def network(self, bytes_per_second: float | None) -> None:
        """From now on let the network take so many bytes a second of each WebSocket; None: any number at once."""
        speed = "any speed" if bytes_per_second is None else f"{bytes_per_second:,.0f} bytes a second"
        self.notes.tells("the network", "has", speed)
        await self._act("network", bytes=None if bytes_per_second is None else bytes_per_second / 1000, ms=0)

    async def chance(self, *values: float) -> None:
        """From now on have `Math.random()` return these values, again and again."""
        self.notes.tells("`Math.random()`", "returns", ", ".join(map(str, values)))
        await self._act("chance", values=values, ms=0)

    async def values(self, *names: str) -> dict[str, str | None]:
        """Return what global variables of the page hold, as text; None for one that does not exist."""
        found = await self._act("evaluate", names=names, ms=0)
        return {name: found[name] for name in names}

    # Its WebSockets

    def unanswered(self) -> Sequence[Socket]:
        """Return the WebSockets that the page has opened, and that the check has neither accepted nor refused."""
        return self.sockets[self._answered :]

    def waiting(self, socket: Socket) -> int:
        """Return the `bufferedAmount` of a WebSocket, in bytes, as it was when the page last answered."""
        return self.visit.sockets[socket.number][1]

    async def opens(self, message: Message = "") -> Socket:
        """Expect exactly one new WebSocket, and return it; `accepts` or `refuses` answers it.

        `message` gets the number of new ones.
        """
        new = self.unanswered()
        if len(new) != 1:
            found = f"{len(new)} WebSockets" if new else "no WebSocket"
            self.notes.fail(message, PAGE, "opens", found, expected="one WebSocket", came=len(new))
        self._answered = len(self.sockets)
        return new[0]

    async def connects(self, message: Message = "") -> Socket:
        """Expect exactly one new WebSocket, accept it, and return it."""
        socket = await self.opens(message)
        await socket.accepts()
        return socket

    async def opens_nothing(self, message: Message = "") -> None:
        """Expect no new WebSocket. `message` gets the number of new ones."""
        if new := self.unanswered():
            self.notes.fail(message, PAGE, "opens", f"{len(new)} more", expected="no other WebSocket", came=len(new))

    # What the probe says

    async def settles(self) -> None:
        """Wait until the page has nothing left to do."""
        await self._act("pass", ms=0)

    async def _act(self, act: str, **given: Any) -> dict[str, Any]:
        try:
            return await self.visit.act(act, **given)
        finally:
            self.take_events()

    def take_events(self) -> None:
        """Write down what the page has done since. Raises NotYet if that is wrong whatever its task is."""
        new, self._taken = self.visit.events[self._taken :], len(self.visit.events)
        for event in new:
            raise_fault(event, self.visit.page)
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "opens":
            socket = Socket(self.notes, self._act, len(self.sockets), event["url"], event["at"] / 1000)
            self.sockets.append(socket)
            return self.notes.tells(PAGE, "opens", socket.name)
        if event["event"] == "listens":
            self.listens.add(event["name"])
            return None
        socket = self.sockets[event["socket"]]
        if event["event"] == "sends":
            data = event["data"]
            socket.take(data.ljust(event.get("length", 0)) if isinstance(data, str) else data)
        elif event["event"] == "closing":
            socket.closed, socket.open = (event["code"], event["reason"]), False
            self.notes.tells(PAGE, "closes", f"{socket.name} with {event['code']} {event['reason']}".rstrip())
        elif event["event"] == "queues":
            socket.most = max(socket.most, event["waiting"])
        elif event["event"] == "loses":
            socket.lost += 1
            if socket.lost == 1:  # there may be a thousand
                self.notes.tells(PAGE, "sends", f"{shown(event['data'])} on {socket.name}, which has ended")

    def _exists(self, selector: str, found: dict[str, Any]) -> None:
        if "missing" in found:
            ids = ", ".join(f"`{one}`" for one in found["missing"]) or "none"
            raise NotYet(f"Your page has no element `{selector}`. Elements with an id that it has: {ids}.")
