"""What a conversation judges besides its clients: calls of a student's functions, facts and states; and its notes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from websockets.exceptions import ConnectionClosed

from wslearn.common import patience, polling
from wslearn.exercises.engine.expectations import STEP, Message, NotYet, advice, in_words, matches
from wslearn.exercises.engine.forgotten import cause
from wslearn.exercises.engine.kinds import check_arguments, kind
from wslearn.exercises.engine.place import raised
from wslearn.exercises.engine.result import Step, shown
from wslearn.exercises.engine.thread import GRACE

#: Of the verbs that do not only lose an s.
INFINITIVES = {"is": "be", "has": "have", "finishes": "finish"}


class Calls:
    """The half of a `Talk` that needs no server. Times are in seconds; `or_else` is what `message` was called before.

    `problem` is None until the conversation is over, then a text, empty for a right answer.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.problem: str | None = None
        self.untouched = False
        self.advice: list[str] = []
        self.forgotten: list[str] = []
        self._errors: list[str] = []
        self._ends: list[str] = []

    def tells(self, who: str, did: str, what: str = "", wrong: bool = False) -> None:
        """Write down a step for the student to read, such as `("the network", "falls", "silent")`."""
        self.steps.append(Step(who, did, what, wrong))

    def advises(self, text: str) -> None:
        """Say what could be better in a right answer. With a wrong answer the student does not see it."""
        self.advice.append(text)

    def fail(
        self, message: Message, who: str = "", did: str = "is", what: str = "", *,
        expected: str = "", came: Any = None, also: tuple = (),
    ) -> NoReturn:  # fmt: skip
        """End the check. Write down that `who` should have done `expected`, and `did` `what`; raise NotYet.

        A `message` that is a function or a table gets `came`; where it has nothing to say, the student reads the step.
        `{name}` in it is `who`.
        """
        should = f"should {INFINITIVES.get(did, did.removesuffix('s'))} {expected}, but " if expected else ""
        if expected:
            self.tells(who, " ".join(should.split()[:2]), expected)
        self.tells(who, did, what, wrong=True)
        raise NotYet(advice(message, came, f"{who} {should}{did} {what}.".lstrip(), *also).replace("{name}", who))

    def failed(self, error: BaseException) -> None:
        """Write down an error that nobody caught."""
        if isinstance(error, NotImplementedError):
            self.untouched = True
        else:
            texts = self._ends if isinstance(error, ConnectionClosed) else self._errors
            texts.append(f"Your code raised {raised(error)}.{cause(raised(error))}")

    def forgot(self, text: str) -> None:
        """Write down what the student has forgotten, in words, such as an `await`."""
        if text and text not in self.forgotten[:9]:
            self.forgotten.append(text)

    def blames(self, text: str) -> None:
        """Write down an error of a student's code, in words; it comes before whatever the conversation finds."""
        self._errors.append(text)

    def problems(self) -> list[str]:
        """Return what the student's code raised and what the conversation found, a text each, the causes first.

        What was forgotten is told with something else that is wrong; alone it is no more than advice.

        That a connection has ended comes last: the check itself ends them all when it has found something.
        """
        found = [*self._errors, self.problem or "", *self._ends]
        return [*self._errors, *self.forgotten, *found] if any(found) else []

    async def call(self, function: Callable, *arguments: Any, within: float = STEP, **options: Any) -> Any:
        """Call a student's function, async or not, and return what it returns; what it raises ends the check.

        An error is the `__cause__` of the NotYet that this raises.
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
            raise NotYet(f"{name} raised {raised(error)}.{cause(raised(error))}") from error

    async def calls(
        self, function: Callable, arguments: tuple, expected: Any, message: Message = "", *, meaning: str = "",
        or_else: Message = "",
    ) -> Any:  # fmt: skip
        """Call a function, expect what it returns, and return that. An exception class: expect that it raises it."""
        what = f"{getattr(function, '__name__', 'it')}({', '.join(map(shown, arguments))})"
        raises = isinstance(expected, type) and issubclass(expected, Exception)
        should, wanted = ("raise", expected.__name__) if raises else ("return", in_words(expected, meaning))
        try:
            came = await self.call(function, *arguments)
        except NotYet as wrong:
            if raises and isinstance(wrong.__cause__, expected):
                self.tells(what, "raises", type(wrong.__cause__).__name__)
                return wrong.__cause__
            self.tells(what, f"should {should}", wanted)
            self.tells(what, "fails", str(wrong), wrong=True)
            raise
        if raises:
            self.tells(what, "should raise", wanted)
            text = f"{what} should raise {wanted}, but returns {shown(came)}."
            self.fail(message or or_else or text, what, "returns", shown(came), came=came)
        if came is None and expected is not None:
            message = "It returned None: is a `return` missing?"
        self._judge(matches(expected, came), what, "returns", came, message or or_else, wanted)
        return came

    def method(self, thing: object, name: str) -> Callable:
        """Return a method of something that a student's class or function made, or say that it has none."""
        if not callable(found := getattr(thing, name, None)):
            raise NotYet(f"Expected an object with a method `{name}`, got {kind(thing)}.")
        return found

    def expect(
        self, fact: bool, message: Message = "", *, expected: str, came: Any, who: str = "", or_else: Message = ""
    ) -> None:
        """Expect a fact that nothing else here looks at."""
        self._judge(fact, who, "is", came, message or or_else, expected)

    async def until(
        self, condition: Callable[[], object], message: Message | None = None, *, who: str = "", expected: str = "",
        came: Callable[[], Any] | None = None, within: float = STEP, or_else: Message | None = None,
    ) -> bool:  # fmt: skip
        """Wait for a state that no event announces, and return whether it came about.

        With a `message`, the check ends if it does not; `came()` then says what there is instead.
        """
        message = or_else if message is None else message
        right, found = await polling.until(condition, within), came() if came else None
        if not right and message is not None:
            what = shown(found) if came else f"not so after {within:g} s"
            self.fail(message, who, "is", what, expected=expected, came=found)
        if right and came:
            self.tells(who, "is", shown(found))
        return right

    eventually = until  # its name when older exercises were written

    def _judge(self, right: bool, who: str, did: str, came: Any, message: Message, expected: str) -> None:
        """Write down what came; where it is not what was expected, that too, and end the conversation."""
        if not right:
            self.fail(message, who, did, shown(came), expected=expected, came=came)
        self.tells(who, did, shown(came))

    async def _bounded(self, awaitable: Awaitable, seconds: float, what: str) -> Any:
        """Await what a student's code may never end, or not when it is cancelled, for so many seconds."""
        task = asyncio.ensure_future(awaitable)
        try:
            await patience.wait({task}, seconds)
        finally:
            if late := not task.done():
                task.cancel()
                await patience.wait({task}, GRACE / 2)
        if late:
            raise NotYet(f"{what} did not end within {seconds:g} s.")
        if task.cancelled():  # by the student's code itself: the end of a check comes as an exception above
            raise NotYet(f"{what} ended with CancelledError, because something that it awaits was cancelled.")
        return task.result()
