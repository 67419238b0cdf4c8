"""Schedules: what people write, and the faults between, as data; made from a seed, told as sentences. Lesson 09."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

#: What a step can be, and how it is told. Each is a method of `Stage`, too.
STEPS = {
    "write": "{who} writes {text}.",
    "cut": "{who}'s connection is cut.",
    "lose_message": "{who}'s connection will be cut before the next message arrives at the server.",
    "lose_ack": "{who}'s connection will be cut before the next ack arrives.",
    "cut_joining": "{who}'s connection will be cut when the server answers the next join.",
    "cut_catching_up": "{who}'s connection will be cut after the answer to the next join, before what was missed.",
    "silence": "{who}'s network goes silent.",
    "heal": "{who}'s network is back.",
    "slow": "{who}'s network becomes slow.",
    "fast": "{who}'s network is fast again.",
    "come": "{who} comes.",
    "restart": "The server is killed and started again with its hub.",
    "new_hub": "The server is killed and started again with a new hub.",
    "shut_down": "The server is shut down and started again with its hub.",
    "settle": "Everything settles.",
}
#: The steps of a random schedule, and how often each is drawn.
USUAL = {
    "write": 40, "cut": 12, "lose_message": 6, "lose_ack": 8, "cut_joining": 3, "cut_catching_up": 4, "silence": 3,
    "heal": 5, "slow": 1, "fast": 2, "restart": 3, "new_hub": 1, "shut_down": 1, "settle": 6,
}  # fmt: skip
#: Steps that happen to nobody in particular.
EVERYBODY = frozenset({"restart", "new_hub", "shut_down", "settle"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `what` is a key of `STEPS`.

    It happens `turns` turns of the event loop after the step before; with `during`, so many turns after that person's
    client has begun to connect, whenever that is.
    """

    what: str
    who: str = ""
    text: str = ""
    turns: int = 0
    during: str = ""

    def __str__(self) -> str:
        sentence = STEPS[self.what].format(who=self.who, text=self.text)
        return f"While {self.during}'s client is joining: {sentence}" if self.during else sentence


@dataclass(frozen=True)
class Schedule:
    """Steps, and the people who are there from the beginning. `print` tells it."""

    steps: tuple[Step, ...]
    people: tuple[str, ...] = ("Ann", "Bob")
    seed: int | None = None

    @classmethod
    def random(
        cls,
        seed: int,
        people: Sequence[str] = ("Ann", "Bob"),
        length: int = 16,
        steps: dict[str, int] | Sequence[str] = USUAL,
    ) -> "Schedule":
        """Return the schedule of a seed. `steps`: which ones, with or without a weight for each; `write` is always in.

        Zoe comes at a random moment, if "come" is one of the steps.
        """
        random = Random(seed)
        weights = dict(steps) if isinstance(steps, dict) else {what: USUAL.get(what, 1) for what in steps}
        weights.setdefault("write", 40)
        late = weights.pop("come", 0)
        made: list[Step] = []
        for _ in range(length):
            what = random.choices(list(weights), list(weights.values()))[0]
            who = "" if what in EVERYBODY else random.choice(list(people))
            turns = random.choice((0, 0, 0, 1, 2, 3, 5, 8, 13, 21))
            others = [name for name in people if name != who]
            during = random.choice(others) if what == "write" and others and random.random() < 0.25 else ""
            made.append(Step(what, who, "", random.randrange(16) if during else turns, during))
        if late:
            made.insert(random.randrange(length + 1), Step("come", "Zoe"))
        return cls(tuple(numbered(made)), tuple(people), seed)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))


def numbered(steps: Iterable[Step]) -> list[Step]:
    """Give each text that is written a number of its own."""
    number, found = 0, []
    for step in steps:
        if step.what == "write":
            number += 1
            step = Step(step.what, step.who, str(number), step.turns, step.during)
        found.append(step)
    return found
