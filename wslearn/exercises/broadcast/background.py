"""What an exercise needs whose answer has coroutines in the background: the errors that these raise."""

from collections.abc import Coroutine, Iterable
from typing import Any

from wslearn.exercises.engine import NotYet, raised
from wslearn.exercises.engine.kinds import check_server_class
from wslearn.server import Server


def watched(server_class: Any, errors: list[BaseException]) -> type[Server]:
    """Return a subclass of a student's server that keeps in `errors` what its background raises.

    Nobody awaits these coroutines, so such an error would be silent.
    """
    check_server_class(server_class)

    async def run(coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Exception as error:  # noqa: BLE001 - whatever a student's code raises
            errors.append(error)

    class Watched(server_class):
        def background(self) -> Iterable[Coroutine[Any, Any, None]]:
            try:
                return [run(coroutine) for coroutine in super().background()]
            except Exception as error:  # noqa: BLE001 - as above
                errors.append(error)
                return []

    Watched.__name__, Watched.__qualname__ = server_class.__name__, server_class.__qualname__
    return Watched


def tell(errors: list[BaseException]) -> None:
    """Raise NotYet with the first of these errors, or NotImplementedError if it is that; nothing if there is none."""
    for error in errors[:1]:
        if isinstance(error, NotImplementedError):
            raise error
        hint = ""
        if isinstance(error, TypeError) and "not iterable" in str(error):
            hint = " It must return a list of coroutines, such as `[self.tick()]`."
        raise NotYet(f"Your code in `background` raised {raised(error)}.{hint}") from error
