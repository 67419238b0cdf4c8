"""The `bad_network` fixture: a simulated network in front of a server, whose troubles stand in the conversation too."""

from typing import Any

from wslearn.network import SimulatedNetwork
from wslearn.testing.conversation import Conversation
from wslearn.testing.where import HasUrl, at


class BadNetwork(SimulatedNetwork):
    """A network between clients and a server: `async with bad_network(server, delay=0.05) as net`.

    Clients connect to `net`, or to `net.url`. It is wslearn's SimulatedNetwork, which describes all options: `delay`,
    `jitter`, `bandwidth`, `idle_timeout`, `idle_reset_by`. `cut()`, `silence()` (a black hole), `heal()` and
    `half_open()` happen at once, to all connections through it.
    """

    def __init__(self, talk: Conversation, where: str | HasUrl, **options: Any) -> None:
        super().__init__(at(where).url, **options)
        self._talk = talk

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        if self.links and self._listener is not None:  # `stop()` cuts too
            self._talk.tells("the network", "cuts", "every connection")
        super().cut()

    def silence(self) -> None:
        """Become a black hole: nothing arrives any longer, neither bytes nor the end of a connection."""
        self._talk.tells("the network", "falls", "silent")
        super().silence()

    def heal(self) -> None:
        """Let bytes pass again, also those that were held during the silence."""
        self._talk.tells("the network", "heals")
        super().heal()

    def half_open(self, gone: Any = "client") -> None:
        """Reset every connection at one side only; the other side isn't told."""
        other = "server" if gone == "client" else "client"
        self._talk.tells("the network", "loses", f"every {gone}, and no {other} is told")
        super().half_open(gone)
