"""What is measured: messages, idle connections and notebooks, by all contenders in turns.

Each part returns, for each contender, one sample a round. Every second round takes the other order, so that a machine
that is getting slower troubles all alike.

A fan-out's time is from the sending of a message to the arrival of its last copy, with one message under way. The rate
of deliveries follows from it. With more messages under way, a server could hide the time of one in that of the next.
"""

import compileall
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import children
from contenders import Contender, Serving, environment

#: Time of the work before the first measurement, in seconds: Node compiles what runs often.
WARM_UP = 0.3
#: Connections before the first look at memory: what a server loads for the first one is not a connection's cost.
FIRST = 10
Samples = dict[str, list[dict[str, float]]]


@dataclass(frozen=True)
class Run:
    """How one run measures: rounds, the seconds of one measurement, and how it tells of its progress."""

    pairs: int
    seconds: float
    say: Callable[[str], None]


def in_turns(names: list[str], run: Run, sample: Callable[[str], dict[str, float]]) -> Samples:
    """Take a sample of each in each round."""
    found: Samples = {name: [] for name in names}
    for number in range(run.pairs):
        for name in names[:: -1 if number % 2 else 1]:
            found[name].append(sample(name))
    return found


@dataclass(frozen=True)
class Messages:
    """Messages through a server: `work` is echo, broadcast or rooms. A name with "at N" has so many clients instead.

    A sample has `rate` (deliveries a second), `time` (µs a delivery), `cpu` (the server's µs a delivery), and the
    shares of the time in which `server` and `load` used their cores.
    """

    work: str
    clients: int
    size: int
    names: tuple[str, ...]

    def measure(self, contenders: dict[str, Contender], run: Run) -> Samples:
        """Measure all contenders that are here. All servers run, and all connections are open, for the whole time."""
        with ExitStack() as stack:
            sessions = {}
            for name in self.names:
                program, _, at = name.partition(" at ")
                if program in contenders:
                    count = int(at or self.clients)
                    sessions[name] = stack.enter_context(session(contenders[program], self.work, count, self.size))
                    work_for(*sessions[name], min(WARM_UP, run.seconds))
            return in_turns(list(sessions), run, lambda name: work_for(*sessions[name], run.seconds))


@contextmanager
def session(contender: Contender, work: str, clients: int, size: int) -> Iterator[tuple[Serving, children.Child]]:
    """Run a server with so many clients for a block."""
    with contender.serve(work) as serving, children.load(work, serving.port, size) as load:
        try:
            load.ask(f"connect {clients}")
            yield serving, load
        finally:
            serving.child.process.kill()  # before its clients: it would report the end of each


def work_for(serving: Serving, load: children.Child, seconds: float) -> dict[str, float]:
    """Work for so long."""
    load.ask("settle 0")
    cpu = serving.cpu()
    done = load.ask(f"measure {seconds}")
    return costs(done["deliveries"], done, serving.cpu() - cpu)


def costs(count: int, done: dict, cpu: float) -> dict[str, float]:
    """Return what one of so many deliveries or connections costs: `done` is the load client's answer."""
    seconds = done["seconds"]
    rates = {"rate": count / seconds, "time": seconds / count * 1e6, "cpu": cpu / count * 1e6}
    return rates | {"server": cpu / seconds, "load": done["cpu"] / seconds}


@dataclass(frozen=True)
class Idle:
    """Connections that do nothing, each time to a new process.

    A sample has `memory` (KiB by which the process grows a connection), `rate` (connections a second), `cpu` (the
    server's µs a connection), `server` and `load`.
    """

    clients: int
    names: tuple[str, ...]

    def measure(self, contenders: dict[str, Contender], run: Run) -> Samples:
        """Measure all contenders that are here."""
        here = [name for name in self.names if name in contenders]
        return in_turns(here, run, lambda name: self.connect(contenders[name]))

    def connect(self, contender: Contender) -> dict[str, float]:
        """Start a server, and open the connections."""
        with session(contender, "echo", FIRST, 128) as (serving, _), children.load("idle", serving.port) as load:
            memory, cpu = serving.memory(), serving.cpu()
            done = load.ask(f"connect {self.clients}")
            grown, cpu = serving.memory() - memory, serving.cpu() - cpu
            serving.child.process.kill()
        return {"memory": grown / self.clients / 1024} | costs(self.clients, done, cpu)


@dataclass(frozen=True)
class Notebooks:
    """All notebooks that the checkouts share, in fresh kernels. A sample has `seconds`, of all of them together."""

    names: tuple[str, ...] = ("wslearn", "before")

    def measure(self, contenders: dict[str, Contender], run: Run) -> Samples:
        """Execute each notebook of one checkout and then of the other, or the other way round."""
        roots = {name: contenders[name].cwd for name in self.names if name in contenders}
        for root in roots.values():  # a fresh checkout has no bytecode, and a user waits for that only once
            compileall.compile_dir(root / "wslearn", quiet=2)
        shared = set.intersection(*({file.name for file in notebooks(root)} for root in roots.values()))
        found: Samples = {name: [{"seconds": 0.0} for _ in range(run.pairs)] for name in roots}
        for file in sorted(shared):
            one = in_turns(list(roots), run, lambda name, file=file: {"seconds": execute(roots[name], file)})
            for name, samples in one.items():
                for total, sample in zip(found[name], samples, strict=True):
                    total["seconds"] += sample["seconds"]
            took = {name: median(sample["seconds"] for sample in samples) for name, samples in one.items()}
            run.say(f"{file}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))
        return found


def notebooks(root: Path) -> list[Path]:
    """Return the lessons of a checkout; the glossary has no number."""
    return list((root / "notebooks").glob("[0-9]*.ipynb"))


def execute(root: Path, file: str) -> float:
    """Return the seconds that a notebook of this checkout takes, its kernel's start and end included."""
    script = Path(__file__).with_name("notebook_seconds.py")
    with children.Child([sys.executable, str(script), str(root / "notebooks" / file)], environment(root)) as child:
        return float(child.line(patience=300))
