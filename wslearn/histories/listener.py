"""One user's part of a history: what had to be received, what was, and what the server has admitted. Lesson 09."""

from collections.abc import Mapping
from math import inf

from wslearn.histories.events import Heard, Joined, Told
from wslearn.histories.verdict import Verdict

#: A place in the order of messages: the epoch, and the offset.
Place = tuple[str, int]


class Listener:
    """Follows one user through a history."""

    def __init__(self, who: str, verdict: Verdict) -> None:
        self.who, self.verdict = who, verdict
        #: How often each text was received, and the texts in the order of their first reception.
        self.times: dict[str, int] = {}
        self.order: list[str] = []
        #: The parts of the order that this user must receive: an epoch, and the offset after which it begins.
        self.spans: list[tuple[str, float]] = []
        #: The parts that may be lost: an epoch, after one offset, up to another one.
        self.admitted: list[tuple[str, float, float]] = []
        self._pending: list[tuple[str, float, float]] = []
        #: Number of the event by which this user had joined, of a server without offsets.
        self.joined_at: int | None = None
        self._last: Place | None = None
        #: For each text, the epochs that it was received in.
        self._epochs: dict[str, set[str]] = {}
        #: How many gaps this user has been told of, and how many by the time of each text's last reception.
        self._gaps = 0
        self._gaps_at: dict[str, int] = {}

    @property
    def epoch(self) -> str | None:
        """The epoch in which this user is, None before the first join."""
        return self.spans[-1][0] if self.spans else None

    def heard(self, event: Heard) -> None:
        """Count a reception."""
        text, times = event.text, self.times.get(event.text, 0)
        self.times[text] = times + 1
        epochs = self._epochs.setdefault(text, set())
        if not times:
            self.order.append(text)
            if event.offset is not None:
                self._in_order(event)
        elif event.epoch in epochs or self._gaps == self._gaps_at[text]:
            self.verdict.find("doubled", self.who, text, f"{self.who} received {text} twice.")
        # Otherwise it was stored in two epochs, and the user knows that the second one remembers nothing of the first.
        epochs.add(event.epoch)
        self._gaps_at[text] = self._gaps

    def _in_order(self, event: Heard) -> None:
        assert event.offset is not None
        if self._last and self._last[0] == event.epoch and event.offset < self._last[1]:
            late = f"{self.who} received {event.text} (offset {event.offset}) after offset {self._last[1]}."
            self.verdict.find("reordered", self.who, event.text, late)
        else:
            self._last = event.epoch, event.offset

    def joined(self, event: Joined, number: int) -> None:
        """Take note of what the server has promised, and of what it has admitted."""
        if event.offset is None:
            self.joined_at = number if self.joined_at is None else self.joined_at
            return
        self._check_promise(event)
        self.verdict.counts["unrecovered"] += not event.recovered
        if self.epoch is None:
            asked = event.since is not None and event.of == event.epoch and event.recovered
            self.spans.append((event.epoch, event.since if asked and event.since is not None else event.offset))
        elif self.epoch == event.epoch:
            since = event.since if event.of == event.epoch and event.since is not None else -1
            if event.recovered:  # the client asked once more, and this time the server could prove it
                self._pending = [one for one in self._pending if one[:2] != (event.epoch, since)]
            else:
                self._pending.append((event.epoch, since, event.floor))
        else:
            heard = self._last[1] if self._last and self._last[0] == self.epoch else -1
            if not event.recovered:
                self._pending += [(self.epoch, heard, inf), (event.epoch, -1, event.floor)]
            self.spans.append((event.epoch, -1))

    def _check_promise(self, event: Joined) -> None:
        if event.recovered and event.since is not None:
            if event.of != event.epoch:
                why = f"asked for epoch {event.of[:6] or 'none'}, and this is {event.epoch[:6]}"
            elif event.since < event.floor:
                why = f"asked for what came after offset {event.since}, and the floor is {event.floor}"
            else:
                return
            text = f"{self.who} {why}: `recovered` must be false."
            self.verdict.find("misled", self.who, "", text)

    def told(self) -> None:
        """Accept what the server has admitted: the user knows of it."""
        self._gaps += 1
        self.admitted += self._pending
        self._pending = []

    def end(self) -> None:
        """Find what the user was never told. What was admitted to a client, and not passed on, stays missing."""
        if self._pending:
            sentence = f"The server could not recover everything for {self.who}, and {self.who} was never told."
            self.verdict.find("untold", self.who, "", sentence)

    def missing(self, places: Mapping[str, list[Place]], seen_at: Mapping[str, int]) -> tuple[int, list[str], int]:
        """Return how many texts were wanted, which are missing without excuse, and how many with one."""
        wanted, excused, missing = 0, 0, []
        for text, seen in seen_at.items():
            due = [place for place in places.get(text, ()) if self._wants(place)]
            if not due and (self.joined_at is None or places.get(text) or seen < self.joined_at):
                continue
            wanted += 1
            if text not in self.times:
                if due and all(self._is_admitted(place) for place in due):
                    excused += 1
                else:
                    missing.append(text)
        return wanted, missing, excused

    def _wants(self, place: Place) -> bool:
        return any(epoch == place[0] and place[1] > start for epoch, start in self.spans)

    def _is_admitted(self, place: Place) -> bool:
        return any(epoch == place[0] and after < place[1] <= to for epoch, after, to in self.admitted)


def follow(events: list, verdict: Verdict) -> dict[str, Listener]:
    """Return everybody who has joined or received something in a history."""
    listeners: dict[str, Listener] = {}
    for number, event in enumerate(events):
        if isinstance(event, Heard | Joined | Told):
            listener = listeners.get(event.who)
            if listener is None:
                listener = listeners[event.who] = Listener(event.who, verdict)
            match event:
                case Heard():
                    listener.heard(event)
                case Joined():
                    listener.joined(event, number)
                case Told():
                    listener.told()
    for listener in listeners.values():
        listener.end()
    return listeners
