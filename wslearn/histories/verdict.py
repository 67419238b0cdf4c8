"""What is wrong with a history: lost, doubled, reordered and the like, each as a sentence, and counts. Lesson 09."""

from collections import Counter
from dataclasses import dataclass, field

#: What each kind of finding means.
KINDS = {
    "lost": "stored by the server, and not received by somebody who had joined before",
    "unheard": "acknowledged by the server, and received by nobody",
    "unsent": "written, and never stored",
    "doubled": "received twice by the same user",
    "reordered": "received in another order than the offsets, or than others received it",
    "overtaken": "two messages of one sender, stored in another order than they were written",
    "phantom": "received, and written by nobody",
    "misled": "`recovered` is true without a proof, or an ack has the offset of another message",
    "untold": "`recovered` is false, and the client did not tell its user",
    "crashed": "a client's function raised an error",
}
#: Findings of each kind that are kept in full; the others are counted.
FULL = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen: its `kind` (a key of `KINDS`), to whom, which text, and a sentence."""

    kind: str
    who: str
    text: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass
class Verdict:
    """What `judge` found. `ok` is true if that is nothing; `counts` has numbers for a table.

    The counts: `wanted` deliveries, `missing`, `doubled` and `reordered` ones, `admitted` ones (missing, and the server
    said so), joins that were `unrecovered`, and each kind of finding.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def kinds(self) -> set[str]:
        """The kinds of what was found."""
        return {finding.kind for finding in self.findings}

    def find(self, kind: str, who: str, text: str, sentence: str) -> None:
        """Add a finding."""
        self.counts[kind] += 1
        if self.counts[kind] <= FULL:
            self.findings.append(Finding(kind, who, text, sentence))

    def __str__(self) -> str:
        if self.ok:
            return "Nothing is lost, doubled or out of order."
        lines = [str(finding) for finding in self.findings]
        more = sum(self.counts[kind] for kind in self.kinds) - len(self.findings)
        return "\n".join(lines + ([f"And {more} more."] if more else []))
