"""Calls of a student's functions, facts and states: what a conversation judges besides its clients."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from wslearn.common import polling
from wslearn.exercises.engine.expectations import STEP, Message, NotYet, accepts_or_else, in_words, matches
from wslearn.exercises.engine.kinds import check_arguments, kind
from wslearn.exercises.engine.notes import Notes
from wslearn.exercises.engine.place import raised
from wslearn.exercises.engine.result import shown
from wslearn.exercises.engine.thread import GRACE


class Calls(Notes):
    """The half of a `Talk` that needs no server."""

    async def call(self, function: Callable, *arguments: Any, within: float = STEP, **options: Any) -> Any:
        """Call a student's function, async or not, and return what it returns; what it raises ends the check.

        It has `within` seconds. An error is the `__cause__` of the NotYet that this raises.
        """
        name = f"`{getattr(function, '__name__', type(function).__name__)}`"
        check_arguments(function, arguments, options)

        async def called() -> Any:
            value = function(*arguments, **options)
            return await value if inspect.isawaitable(value) else value

        try:
            return await self._bounded(called(), within, name)
        except (NotYet, NotImplementedError):
            raise
        except Exception as error:
            raise NotYet(f"{name} raised {raised(error)}.") from error

    @accepts_or_else
    async def calls(
        self, function: Callable, arguments: tuple, expected: Any, message: Message = "", *, meaning: str = ""
    ) -> Any:
        """Call a function, expect what it returns, and return that. An exception class: expect that it raises it."""
        what = f"{getattr(function, '__name__', 'it')}({', '.join(map(shown, arguments))})"
        raises = isinstance(expected, type) and issubclass(expected, Exception)
        wanted = f"an exception: {expected.__name__}" if raises else in_words(expected, meaning)
        try:
            came = await self.call(function, *arguments)
        except NotYet as wrong:
            if raises and isinstance(wrong.__cause__, expected):
                self.tells(what, "raises", type(wrong.__cause__).__name__)
                return wrong.__cause__
            self.tells(what, "should return", wanted)
            self.tells(what, "fails", str(wrong), wrong=True)
            raise
        if came is None and expected is not None and not raises:
            message = "It returned None: is a `return` missing?"
        self._judge(not raises and matches(expected, came), what, "returns", came, message, wanted)
        return came

    def method(self, thing: object, name: str) -> Callable:
        """Return a method of something that a student's class or function made, or say that it has none."""
        if not callable(found := getattr(thing, name, None)):
            raise NotYet(f"Expected an object with a method `{name}`, got {kind(thing)}.")
        return found

    @accepts_or_else
    def expect(self, fact: bool, message: Message, *, expected: str, came: Any, who: str = "") -> None:
        """Expect a fact that nothing else here looks at."""
        self._judge(fact, who, "is", came, message, expected)

    @accepts_or_else
    async def until(
        self,
        condition: Callable[[], object],
        message: Message | None = None,
        *,
        who: str = "",
        expected: str = "",
        came: Callable[[], Any] | None = None,
        within: float = STEP,
    ) -> bool:
        """Wait for a state that no event announces, for `within` seconds, and return whether it came about.

        With a `message`, the check ends if it does not; `came()` then says what there is instead.
        """
        if await polling.until(condition, within):
            if came:
                self.tells(who, "is", shown(came()))
            return True
        if message is not None:
            found = came() if came else None
            self.fail(message, who, "is", shown(found) if came else f"not so after {within:g} s", expected=expected,
                      came=found)  # fmt: skip
        return False

    #: What `until` was called when older exercises were written.
    eventually = until

    def _judge(self, right: bool, who: str, did: str, came: Any, message: Message, expected: str) -> None:
        """Write down what came; where it is not what was expected, that too, and end the conversation."""
        if not right:
            self.fail(message, who, did, shown(came), expected=expected, came=came)
        self.tells(who, did, shown(came))

    async def _bounded(self, awaitable: Awaitable, seconds: float, what: str) -> Any:
        """Await what a student's code may never end, or not when it is cancelled, for so many seconds."""
        task = asyncio.ensure_future(awaitable)
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if late := not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE / 2)
        if late:
            raise NotYet(f"{what} did not end within {seconds:g} s.")
        return task.result()
