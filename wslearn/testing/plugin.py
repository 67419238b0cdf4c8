"""The pytest plugin, which pytest finds by its entry point: `talk`, `bad_network`, `hostile_clients`, `server_process`.

The fixtures are functions and objects that any event loop may use: that of pytest-asyncio, of anyio's plugin, of
`asyncio.run`. Until a test asks for one of them, this file imports nothing but pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wslearn.process import ServerProcess
    from wslearn.testing.conversation import Conversation
    from wslearn.testing.hostile import HostileClients
    from wslearn.testing.network import BadNetwork
    from wslearn.testing.process import CommandProcess


class Maker(partial[Any]):
    """A function that makes something, with a short text: pytest shows it with each failure."""

    def __repr__(self) -> str:
        return f"<makes {self.func.__name__}>"


@pytest.fixture
def talk() -> Iterator[Conversation]:
    """A conversation: `talk.served(app)`, `talk.client(where, "Ann")`; clients send and receive."""
    from wslearn.testing.conversation import Conversation

    conversation = Conversation()
    yield conversation
    conversation.drop()


@pytest.fixture
def bad_network(talk: Conversation) -> Callable[..., BadNetwork]:
    """Make a network in front of a server: `async with bad_network(server, delay=0.05) as net`."""
    from wslearn.testing.network import BadNetwork

    return Maker(BadNetwork, talk)


@pytest.fixture
def hostile_clients(talk: Conversation) -> Callable[..., HostileClients]:
    """Make the attackers of a server: `await hostile_clients(server).flood()`."""
    from wslearn.testing.hostile import HostileClients

    return Maker(HostileClients, talk)


@pytest.fixture
def server_process() -> Iterator[Callable[..., ServerProcess | CommandProcess]]:
    """Make a server in its own process: `async with server_process("package.module:Class") as server`.

    Instead of a name it may be a command, with `{port}` in it: `server_process([sys.executable, "-m", "uvicorn", …])`.
    """
    from wslearn.process import ServerProcess
    from wslearn.testing.process import CommandProcess

    made: list[ServerProcess | CommandProcess] = []

    def server_process(name: str | Sequence[str], *options: str, port: int = 0) -> ServerProcess | CommandProcess:
        if not isinstance(name, str | list | tuple):
            raise TypeError(f"expected 'package.module:Class', or a command as a list of strings; got {name!r}")
        own = ServerProcess(name, *options, port=port) if isinstance(name, str) else CommandProcess(name, port=port)
        made.append(own)
        return own

    yield server_process
    for process in made:
        process.kill()


@pytest.hookimpl(hookwrapper=True)  # the older kind, because this file is loaded by whatever pytest is there
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Show the conversation of a test that failed for another reason than one of its words."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    conversation: Any = getattr(item, "funcargs", {}).get("talk")
    if report.failed and call.excinfo and conversation is not None:
        from wslearn.exercises.engine.result import trace
        from wslearn.testing.client import Failed
        from wslearn.testing.conversation import Conversation

        if isinstance(conversation, Conversation) and conversation.steps and not call.excinfo.errisinstance(Failed):
            report.sections.append(("conversation", "\n".join(trace(conversation.steps))))
