"""The names of the sessions that were used last. Lesson 09."""

from collections import OrderedDict

#: Sessions whose names are remembered.
SESSIONS = 10_000


class Known(OrderedDict[str, str]):
    """Session → name. Of more than `SESSIONS`, the one that was not used for longest is forgotten."""

    def name_of(self, session: str | None) -> str | None:
        """Return a session's name, or None."""
        if session is None or session not in self:
            return None
        self.move_to_end(session)
        return self[session]

    def keep(self, session: str | None, name: str) -> None:
        """Remember a session's name; without a session, nothing."""
        if session is not None:
            self[session] = name
            if len(self) > SESSIONS:
                self.popitem(last=False)
