"""What was measured: pairs of values, and the spread of their ratios."""

from dataclasses import dataclass, field
from statistics import median

#: Above this share of the time the load client had none left.
BUSY = 0.9


@dataclass(frozen=True)
class Row:
    """One comparison: each value of wslearn's with that of its peer which was measured beside it.

    Every ratio says how many times as good wslearn is, so above 1 it is ahead, whether much or little is good. `more`:
    much is good, as of messages a second. `cpu`: the server's microseconds a delivery, or a start, of both. `client`:
    the share of the time in which the load client worked, of both.
    """

    work: str
    peer: str
    unit: str
    mine: list[float]
    theirs: list[float]
    more: bool = True
    cpu: list[tuple[float, float]] = field(default_factory=list)
    client: list[tuple[float, float]] = field(default_factory=list)
    me: str = "wslearn"

    @property
    def ratios(self) -> list[float]:
        """How many times as good wslearn was, pair by pair."""
        pairs = zip(self.mine, self.theirs, strict=True)
        return [mine / theirs if self.more else theirs / mine for mine, theirs in pairs]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float | None:
        """How many times the CPU time of wslearn the peer uses. It suffers least where others use the machine too."""
        mine, theirs = (sum(pair[who] for pair in self.cpu) for who in (0, 1))
        return theirs / mine if mine and theirs else None

    def client_was_the_limit(self, who: int) -> bool:
        """Return whether the load client may have been slower than wslearn (0) or its peer (1).

        It had no time left, or it used more CPU time a delivery than the server.
        """
        share, cpu = (median(pair[who] for pair in column) for column in (self.client, self.cpu))
        rate = median((self.mine, self.theirs)[who])
        return share > BUSY or share / rate * 1e6 > cpu

    def as_json(self) -> dict:
        names = ("work", "me", "peer", "unit", "more", "mine", "theirs", "cpu", "client")
        own = {name: getattr(self, name) for name in names}
        return own | {"ratio": self.ratio, "ratios": self.ratios, "cpu_ratio": self.cpu_ratio}
