"""What is measured: messages, idle connections and notebooks, by all contenders in turns.

Each part returns, for each contender, one sample a round. Every second round takes the other order, so that a machine
that is getting slower troubles all alike.

A fan-out's time is from the sending of a message to the arrival of its last copy, with one message under way. The rate
of deliveries follows from it. With more messages under way, a server could hide the time of one in that of the next.
"""

import compileall
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from unittest import mock

import contenders
from contenders import Child, Contender
from notebook_runs import code_cells, fault, kernel, read

#: Time of the work before the first measurement, in seconds: Node compiles what runs often.
WARM_UP = 0.3
#: Connections before the first look at memory: what a server loads for the first one is not a connection's cost.
FIRST = 10
#: While all clients join one room, they do not read who else has joined.
ROOM_FOR_JOINS = ("--max-unsent", "none", "--stall-timeout", "none")
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
    """Messages through a server: `work` is what the load client does, and what is served.

    A name with "at N" has so many clients instead. With "as SERVER, WORK", that server runs, and the load does that.

    A sample has `rate` (deliveries a second), `time` (µs a delivery), `cpu` (the server's µs a delivery), and the
    shares of the time in which `server` and `load` used their cores.
    """

    work: str
    clients: int
    size: int
    names: tuple[str, ...]

    def measure(self, found: dict[str, Contender], run: Run) -> Samples:
        """Measure all contenders that are here. All servers run, and all connections are open, for the whole time."""
        with ExitStack() as stack:
            sessions = {}
            for name in self.names:
                program, _, at = name.partition(" at ")
                program, _, served = program.partition(" as ")
                if program in found:
                    works = served.partition(", ")[::2] if served else (self.work, self.work)
                    opened = session(found[program], *works, int(at or self.clients), self.size)
                    sessions[name] = stack.enter_context(opened)
                    work_for(*sessions[name], min(WARM_UP, run.seconds))
            return in_turns(list(sessions), run, lambda name: work_for(*sessions[name], run.seconds))


@contextmanager
def session(contender: Contender, serves: str, work: str, clients: int, size: int) -> Iterator[tuple[Child, Child]]:
    """Run a server with so many clients for a block, and yield its process and that of the load."""
    options = () if serves == work else ROOM_FOR_JOINS
    with contender.serve(serves, *options) as (server, port), contenders.load(work, port, size) as load:
        load.ask(f"connect {clients}")
        yield server, load
        server.kill()  # before its clients: it would report the end of each


def work_for(server: Child, load: Child, seconds: float) -> dict[str, float]:
    """Work for so long."""
    load.ask("settle 0")
    cpu = server.cpu()
    done = load.ask(f"measure {seconds}")
    return costs(done["deliveries"], done, server.cpu() - cpu)


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

    def measure(self, found: dict[str, Contender], run: Run) -> Samples:
        """Measure all contenders that are here."""
        return in_turns([name for name in self.names if name in found], run, lambda name: self.connect(found[name]))

    def connect(self, contender: Contender) -> dict[str, float]:
        """Start a server, and open the connections."""
        with contender.serve("echo") as (server, port), contenders.load("idle", port) as load:
            load.ask(f"connect {FIRST}")
            memory, cpu = server.memory_info().rss, server.cpu()
            done = load.ask(f"connect {FIRST + self.clients}")
            grown, cpu = server.memory_info().rss - memory, server.cpu() - cpu
            server.kill()
        return {"memory": grown / self.clients / 1024} | costs(self.clients, done, cpu)


@dataclass(frozen=True)
class Notebooks:
    """All notebooks that the checkouts share, in fresh kernels. A sample has `seconds`, of all of them together."""

    names: tuple[str, ...] = ("wslearn", "before")

    def measure(self, found: dict[str, Contender], run: Run) -> Samples:
        """Execute all notebooks of one checkout and then of the other, or the other way round."""
        roots = {name: Path(found[name].env["PYTHONPATH"]) for name in self.names if name in found}
        for root in roots.values():  # a fresh checkout has no bytecode, and a user waits for that only once
            compileall.compile_dir(root / "wslearn", quiet=2)
        # The lessons; the glossary has no number.
        names = [{file.name for file in (root / "notebooks").glob("[0-9]*.ipynb")} for root in roots.values()]
        shared = sorted(set.intersection(*names))
        return in_turns(list(roots), run, lambda name: execute(roots[name], shared, run))


def execute(root: Path, names: list[str], run: Run) -> dict[str, float]:
    """Run these notebooks of a checkout as the tests do. Raises RuntimeError if a cell fails."""
    total = 0.0
    for name in names:
        began = perf_counter()
        with (
            mock.patch.dict(os.environ, contenders.environment(root)),
            TemporaryDirectory() as folder,
            kernel(Path(folder)) as running,
        ):
            for cell in code_cells(read(root / "notebooks" / name)):
                if problem := fault(running.run(cell)):
                    raise RuntimeError(problem)
        total += (took := perf_counter() - began)
        run.say(f"{root.name}/{name}: {took:.1f} s")
    return {"seconds": total}
