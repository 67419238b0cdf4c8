"""The stage: a server, and a network and a client for each person; carries out a schedule. Lesson 09."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from wslearn.common import tasks
from wslearn.histories.history import History
from wslearn.histories.person import Person
from wslearn.histories.schedule import Step
from wslearn.histories.tap import Tap
from wslearn.hubs import MemoryHub

Client = Callable[[Person], Awaitable[None]]
#: How a client's function may end without being wrong: its connection was lost, and it does not come back.
LOST = (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, EOFError)
#: Bytes a second of a slow network.
SLOW = 20_000
#: How long `settle` waits at most, in seconds; where a client does not send again, it waits in vain.
SETTLES = 0.25
STOP_TIMEOUT = 2.0

logger = logging.getLogger("wslearn")


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out the warnings of networks whose server is away: here that is planned, and clients try again at once."""
    return not record.msg.startswith("network: no server answers")


class Stage:
    """Everything that runs during a story. `client` is a function, or a dict with one for each name.

    `server` is a class or function that is called with `port`, and with `hub` if it takes one. The steps of a schedule
    are methods; each takes the `Step`.
    """

    def __init__(
        self,
        server: Callable[..., Any],
        client: Client | Mapping[str, Client],
        *,
        hub: Callable[[], Any] = MemoryHub,
        room: str = "tea",
    ) -> None:
        self.history = History()
        self.people: dict[str, Person] = {}
        self.room = room
        self._make_server, self._make_hub = server, hub
        self._client = client
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._moments: set[asyncio.Task[None]] = set()
        self.hub: Any = None
        self.server: Any = None

    async def __aenter__(self) -> Self:
        logger.addFilter(_is_news)
        self.hub = self._make_hub()
        await self._start(0)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        ends = [*self._tasks.values(), *self._moments]
        for tap in self.taps:
            tap.forget_plans()
        await tasks.end(ends, STOP_TIMEOUT, "the checker of histories", [tap.stop() for tap in self.taps])
        await self.server.stop()
        await self.hub.close()
        logger.removeFilter(_is_news)

    async def _start(self, port: int) -> None:
        parameters = inspect.signature(self._make_server).parameters.values()
        takes_hub = any(one.name == "hub" or one.kind is one.VAR_KEYWORD for one in parameters)
        server = self._make_server(port=port, **({"hub": self.hub} if takes_hub else {}))
        self.server = await server.start()

    @property
    def taps(self) -> list[Tap]:
        """Everybody's network."""
        return [person.tap for person in self.people.values()]

    async def enter(self, name: str) -> None:
        """Start a person's client, and wait until it has joined."""
        tap = await Tap(self.server.url, name, self.history).start()
        person = self.people[name] = Person(name, self.room, tap, self.history)
        client = self._client[name] if isinstance(self._client, Mapping) else self._client
        self._tasks[name] = asyncio.create_task(self._run(client, person))

    async def _run(self, client: Client, person: Person) -> None:
        try:
            await client(person)
            self.history.ended(person.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the story
            while isinstance(error, ExceptionGroup):  # of the client's own TaskGroup
                error = (error.split(LOST)[1] or error).exceptions[0]
            self.history.ended(person.name, "" if isinstance(error, LOST) else f"{type(error).__name__}: {error}")

    def present(self) -> list[Person]:
        """Return the people whose client is still running."""
        return [person for name, person in self.people.items() if not self._tasks[name].done()]

    async def settled(self, seconds: float) -> bool:
        """Wait until all clients that can are in the room, and what was written is stored."""

        def condition() -> bool:
            can = [person for person in self.present() if not person.tap.silent]
            stored = self.history.stored
            return all(person.tap.joined and person.written <= stored for person in can)

        return await self.history.until(condition, seconds, self.moving)

    def moving(self) -> bool:
        """Tell whether a client is on its way into the room."""
        return not all(person.tap.joined for person in self.present())

    async def carry_out(self, step: Step) -> None:
        """Do what a step says, now or when its moment comes."""
        if step.during:
            if step.during in self.people:
                self.people[step.during].tap.plan("up", "connect", lambda: self._later(step))
            return
        for _ in range(step.turns):
            await asyncio.sleep(0)
        await self._do(step)

    def _later(self, step: Step) -> None:
        moment = asyncio.create_task(self.carry_out(Step(step.what, step.who, step.text, step.turns)))
        self._moments.add(moment)
        moment.add_done_callback(self._moments.discard)

    async def _do(self, step: Step) -> None:
        if step.who in self.people or not step.who or step.what == "come":
            await getattr(self, step.what)(step)

    # The steps

    async def write(self, step: Step) -> None:
        """Somebody writes a text."""
        self.people[step.who].write(step.text)

    async def cut(self, step: Step) -> None:
        """Somebody's connection is reset."""
        self.history.happened(str(step), step.who)
        self.people[step.who].tap.cut()

    async def lose_message(self, step: Step) -> None:
        """The connection is cut when a message is on its way to the server."""
        self._cut_at(step, "up", "room-message", "before the message arrives")

    async def lose_ack(self, step: Step) -> None:
        """The connection is cut when an ack is on its way."""
        self._cut_at(step, "down", "ack", "before the ack arrives")

    async def cut_joining(self, step: Step) -> None:
        """The connection is cut when the answer to a join is on its way."""
        self._cut_at(step, "down", "joined", "while the client is joining")

    async def cut_catching_up(self, step: Step) -> None:
        """The connection is cut after the answer to a join has arrived, and before what was missed does."""
        tap = self.people[step.who].tap

        def cut() -> None:
            self.history.happened(f"{step.who}'s connection is cut before what was missed arrives.", step.who)
            tap.cut_after_this()

        tap.plan("down", "joined", cut)

    def _cut_at(self, step: Step, direction: Any, type: str, when: str) -> None:
        tap = self.people[step.who].tap

        def cut() -> None:
            self.history.happened(f"{step.who}'s connection is cut {when}.", step.who)
            tap.cut()

        tap.plan(direction, type, cut)

    async def silence(self, step: Step) -> None:
        """Nothing gets through any longer."""
        self.history.happened(str(step), step.who)
        self.people[step.who].tap.silence()

    async def heal(self, step: Step) -> None:
        """Everything gets through again."""
        if self.people[step.who].tap.silent:
            self.history.happened(str(step), step.who)
            self.people[step.who].tap.heal()

    async def slow(self, step: Step) -> None:
        """Few bytes get through."""
        self.history.happened(str(step), step.who)
        self.people[step.who].tap.bandwidth = SLOW

    async def fast(self, step: Step) -> None:
        """All bytes get through at once."""
        if self.people[step.who].tap.bandwidth:
            self.history.happened(str(step), step.who)
            self.people[step.who].tap.bandwidth = None

    async def come(self, step: Step) -> None:
        """Somebody comes late."""
        self.history.happened(str(step), step.who)
        await self.enter(step.who)

    async def restart(self, step: Step) -> None:
        """The server dies without a word, and comes back at its address."""
        self.history.happened(str(step))
        for ws in list(getattr(self.server, "sockets", ())):
            ws.transport.abort()
        await self._again()

    async def new_hub(self, step: Step) -> None:
        """The server dies, and what it had stored dies with it."""
        old, self.hub = self.hub, self._make_hub()
        await self.restart(step)
        await old.close()

    async def shut_down(self, step: Step) -> None:
        """The server says goodbye (1001), and comes back at its address."""
        self.history.happened(str(step))
        await self._again()

    async def _again(self) -> None:
        port = self.server.port
        for tap in self.taps:
            tap.joined = False
            if tap.silent:  # no goodbye can reach this client, and the server would wait for its answer
                tap.cut()
        await self.server.stop()
        await self._start(port)

    async def settle(self, step: Step) -> None:
        """Wait until there is nothing more to wait for."""
        await self.settled(SETTLES)
