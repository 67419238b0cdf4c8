"""A whole class: the phones' server on the network, the board's on this computer, and the state between them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from wslearn.classroom.addresses import in_url, reachable
from wslearn.classroom.board import BoardServer
from wslearn.classroom.classroom import Classroom
from wslearn.classroom.experiment import Experiment, show
from wslearn.classroom.people import Person
from wslearn.classroom.phones import PhonesServer
from wslearn.classroom.rehearsal import Rehearsal
from wslearn.common import lifecycle
from wslearn.common.markdown import Markdown
from wslearn.limits import Limits
from wslearn.server import address


class Asked:
    """What `ask` returns. The class has been asked already, so nothing is lost if somebody forgets to await it."""

    def __init__(self, question: str) -> None:
        self.question = question

    def __await__(self) -> Iterator[None]:
        return iter(())

    def __repr__(self) -> str:
        return f"The class is asked: {self.question}"


class ClassServers:
    """The class joins by phone: `async with ClassServers() as board` listens on the network for a block.

    `host` is the address to listen on, by default all of them; `code` is a word in the phones' address, by default a
    random one. Nothing is kept after `stop`. Raises ValueError for an invalid code.
    """

    limits: Limits = PhonesServer.limits

    def __init__(self, host: str = "0.0.0.0", port: int = 0, *, code: str | None = None, board_port: int = 0) -> None:
        self.room = Classroom()
        self.phones = PhonesServer(self.room, host, port, code=code)
        self.code = self.phones.code
        self.board = BoardServer(self.room, lambda: self.urls, self.code, port=board_port)
        #: The IP address that it listens on for phones, while it runs.
        self.bound = ""
        #: The port for phones, while it runs.
        self.port = port
        self._running = AsyncExitStack()
        self._rehearsals: list[Rehearsal] = []

    async def start(self) -> Self:
        """Listen, and return self. In a notebook, first stop an earlier run of the cell.

        Raises OSError if a port is in use or the address is not available.
        """
        await lifecycle.stop_previous(self.phones.wanted_port)
        async with AsyncExitStack() as opened:
            self.bound = await address.resolve(self.phones.host)
            await opened.enter_async_context(self.phones)
            await opened.enter_async_context(self.board)
            self._running = opened.pop_all()
        self.port = self.phones.port
        lifecycle.started(self)
        return self

    async def stop(self) -> None:
        """End all phones' connections, and free both ports. Calling it twice is fine."""
        lifecycle.stopped(self)
        rehearsals, self._rehearsals = self._rehearsals, []
        for rehearsal in rehearsals:
            await rehearsal.stop()
        await self._running.aclose()
        self.bound = ""

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    @property
    def urls(self) -> list[str]:
        """The addresses for phones, the likeliest first: one for each network that this computer is in.

        Without a network it is that of this computer itself. Raises RuntimeError if the class is not running.
        """
        local = f"http://{self.phones.netloc}/{self.code}"
        hosts = [in_url(address.ip) for address in reachable(self.bound)]
        return [f"http://{host}:{self.phones.port}/{self.code}" for host in hosts] or [local]

    @property
    def url(self) -> str:
        """The likeliest address for phones."""
        return self.urls[0]

    @property
    def board_url(self) -> str:
        """The address of the board's page, on this computer only. Whoever knows it can use the controls."""
        return self.board.page_url

    @property
    def people(self) -> list[Person]:
        """Everybody who has joined, also those who are away."""
        return list(self.room.people)

    def ask(self, question: Any, choices: list[str] | tuple[str, ...] | None = None) -> Asked:
        """Ask everybody a question with choices, or a question of a lesson, such as `ex.questions.guess_3`."""
        return Asked(self.room.ask(question, choices).question)

    def compare(self, question: Any, *found: float | str) -> Markdown:
        """Show what the class measured beside what it guessed, and return both in one line of Markdown.

        `question` is one that was asked in this class; an earlier one is on the board again, with its votes. `found`
        is what its `measured` takes: numbers, or a text or letter of a choice. Nobody can vote any longer, and the
        results are shown. Raises ValueError for anything else.
        """
        return Markdown(self.room.compare(question, *found))

    def results(self) -> dict[str, int]:
        """Return how many have voted for each choice."""
        return self.room.results()

    def show(self) -> None:
        """Show the results on all phones."""
        self.room.show()

    def hide(self) -> None:
        """Hide the results on all phones."""
        self.room.show(False)

    def close(self) -> None:
        """Take no more votes in this poll."""
        self.room.close_poll()

    def remove(self, name: str) -> None:
        """Remove the person with this name. Raises ValueError if nobody has it."""
        self.room.remove(name)

    @asynccontextmanager
    async def experiment(self, title: str, *, max_unsent: int = 0) -> AsyncIterator[Experiment]:
        """Try something out with the class's phones, which show `title` meanwhile: `async with … as phones`.

        Raises RuntimeError if another experiment is on, or if the class has ended.
        """
        if not self.bound:
            raise RuntimeError("this class has ended: run the cell of this dashboard again")
        if running := self.phones.experiment:
            raise RuntimeError(
                f"the class is in an experiment, which has to end first: {running.title} (or press Cancel there)"
            )
        everybody = self.phones.phones
        self.phones.experiment = Experiment(title, everybody, max_unsent=max_unsent)
        show(everybody.values())
        try:
            yield self.phones.experiment
        finally:
            self.phones.experiment = None
            show(everybody.values())

    async def rehearse(self, count: int) -> None:
        """Let `count` simulated phones join, which stay until the class ends."""
        rehearsal = Rehearsal(f"http://{self.phones.netloc}/{self.code}", count)
        self._rehearsals.append(rehearsal)
        rehearsal.start()
