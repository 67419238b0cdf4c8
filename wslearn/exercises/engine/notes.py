"""What a check writes down: the steps for a student to read, the errors, and the message at the end."""

from typing import Any, NoReturn

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine.expectations import Message, NotYet, advice
from wslearn.exercises.engine.place import raised
from wslearn.exercises.engine.result import Step

#: Of verbs that do not only lose an s.
INFINITIVES = {"is": "be", "has": "have", "finishes": "finish"}


class Notes:
    """One check's notes. `problem` is None until the conversation is over, then a text, empty for a right answer."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.problem: str | None = None
        self.untouched = False
        self.advice: list[str] = []
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
        should = f"should {INFINITIVES.get(did, did.removesuffix('s'))}"
        if expected:
            self.tells(who, should, expected)
        self.tells(who, did, what, wrong=True)
        step = f"{who} {should} {expected}, but {did} {what}." if expected else f"{who} {did} {what}."
        raise NotYet(advice(message, came, step.lstrip(), *also).replace("{name}", who))

    def failed(self, error: BaseException) -> None:
        """Write down an error that nobody caught."""
        if isinstance(error, NotImplementedError):
            self.untouched = True
        else:
            texts = self._ends if isinstance(error, ConnectionClosed) else self._errors
            texts.append(f"Your code raised {raised(error)}.")

    def problems(self) -> list[str]:
        """Return what the student's code raised and what the conversation found, a text each, the causes first.

        That a connection has ended comes last: the check itself ends them all when it has found something.
        """
        return [*self._errors, self.problem or "", *self._ends]
