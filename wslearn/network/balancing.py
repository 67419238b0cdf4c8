"""A load balancer: which of several servers a new connection goes to, and what sticky sessions are. Lesson 10."""

from urllib.parse import SplitResult


class Balancing:
    """Sends connections to `targets` in turn; with `sticky`, all those of one client to one of them.

    As many proxies do, it takes an IP address for a client.
    """

    def __init__(self, targets: list[SplitResult], sticky: bool) -> None:
        if len({one.scheme for one in targets}) != 1:
            raise ValueError("target: expected a URL, or several with the same scheme, such as ws")
        self.targets, self.sticky = targets, sticky
        self._turn = 0
        #: The place of each client's target.
        self._places: dict[str, int] = {}

    @property
    def target(self) -> SplitResult:
        """The first target."""
        return self.targets[0]

    def order(self, client: str) -> list[int]:
        """Return the places of the targets, in the order in which a connection of this client should try them."""
        places = range(len(self.targets))
        first = self._places.get(client) if self.sticky else None
        if first is None:
            first, self._turn = self._turn, (self._turn + 1) % len(places)
        return [*places[first:], *places[:first]]

    def connected(self, client: str, place: int) -> None:
        """Remember a client's target: its next connection goes there too, if `sticky`."""
        self._places[client] = place
