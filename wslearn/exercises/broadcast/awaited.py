"""What the exercises share: has a student's code called `send`, and forgotten to await it?"""

from collections.abc import Coroutine, Iterable
from typing import Any

from wslearn.exercises import Client

FORGOTTEN = (
    "Your code called `send` without `await`, so nothing was sent: the call alone only makes a coroutine. Write "
    "`await` in front of it."
)


class Sends:
    """Watches `send` at the server's ends of some connections."""

    def __init__(self, clients: Iterable[Client]) -> None:
        self.called = self.begun = 0
        for client in clients:
            self._watch(client.peer)

    @property
    def forgotten(self) -> bool:
        """Whether a call has not begun: nobody has awaited what it returned, or made a task of it."""
        return self.called > self.begun

    def _watch(self, ws: Any) -> None:
        original = ws.send

        async def begin(*arguments: Any, **options: Any) -> None:
            self.begun += 1
            await original(*arguments, **options)

        def send(*arguments: Any, **options: Any) -> Coroutine[Any, Any, None]:
            self.called += 1
            return begin(*arguments, **options)

        begin.__qualname__ = original.__qualname__  # Python names it in a warning
        ws.send = send
