"""The proof that an exercise judges rightly: its own answer, other right ones, wrong ones, and a stub."""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

from wslearn.exercises.engine.result import Result, Step, shown

#: What any answer's code may use.
IMPORTS = """
import asyncio
import json
import time
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from wslearn import Server
"""
SOLUTION, STUB = "the solution", "a stub"
#: State -> what a check does with such an answer, and what is wrong where it should not.
DOES = {
    "right": ("is right", "The check says that it is right."),
    "wrong": ("is refused", "The check refuses it."),
    "untouched": ("is not attempted", "The check takes it for a stub."),
    "unchecked": ("is not checked", "No browser shows it."),
}


@dataclass(frozen=True, repr=False)
class Proof(Result):
    """What was found about an exercise, as a table. Truthy if it judged all answers rightly.

    `results` has what its check found of each answer that could be checked, by the answer's name.
    """

    results: Mapping[str, Result] = field(default_factory=dict)


def made(code: str, imports: str = "") -> Any:
    """Run the code of an answer as a cell would, and return the last thing that it names.

    Raises ValueError if there is none, and whatever the code raises.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(IMPORTS + dedent(imports), names)
    before = set(names)
    exec(compile(dedent(code), "<an answer>", "exec"), names)
    new = [value for name, value in names.items() if name not in before]
    if not new:
        raise ValueError("it gives nothing a new name")
    return new[-1]


def stub(code: str) -> str | None:
    """Return the code of an answer with nothing in its functions but `raise NotImplementedError`.

    None where the answer is neither a function nor a class with methods.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    last = tree.body[-1:]
    bodies = last[0].body if last and isinstance(last[0], ast.ClassDef) else last
    functions = [one for one in bodies if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    functions = [one for one in functions if one.name != "__init__"]
    for function in functions:
        function.body = ast.parse("raise NotImplementedError").body
    return ast.unparse(tree) if functions else None


async def prove(
    judge: Callable[[object], Awaitable[Result]], solution: str, wrong: Mapping[str, Any],
    right: Mapping[str, Any] | Iterable[Any], imports: str, at_once: int,
) -> Proof:  # fmt: skip
    """Check all these answers, and return what was found. A string is the code of an answer."""
    rights = right if isinstance(right, Mapping) else {f"right answer {n}": one for n, one in enumerate(right, 1)}
    code = stub(solution)
    answers = [(SOLUTION, solution, "right"), *([(STUB, code, "untouched")] if code else [])]
    answers += [(name, one, "right") for name, one in rights.items()]
    answers += [(name, one, "wrong") for name, one in wrong.items()]
    turn = asyncio.Semaphore(at_once)

    async def check(answer: Any) -> Result | str:
        async with turn:
            try:
                answer = made(answer, imports) if isinstance(answer, str) else answer
            except Exception as error:  # noqa: BLE001 - it is the author's code, and she shall read what is wrong with it
                return f"Its code cannot be run: {type(error).__name__}: {error}"
            return await judge(answer)

    found = await asyncio.gather(*(check(answer) for _, answer, _ in answers))
    steps: list[Step] = []
    said: dict[str, str] = {}  # message -> the answer that got it first
    for (name, _, state), result in zip(answers, found, strict=True):
        fault = result if isinstance(result, str) else _fault(state, result)
        if not fault and state == "wrong" and isinstance(result, Result):
            first = said.setdefault(result.message, name)
            fault = f"It gets the same message as {shown(first)}." if first != name else ""
        did = "cannot be checked" if isinstance(result, str) else DOES[result.state][0]
        message = "" if isinstance(result, str) or result.state == "untouched" else " ".join(result.message.split())
        steps.append(Step(name, did, " ".join(filter(None, [fault, message])), wrong=bool(fault)))
    faults = [f"{step.who}: {step.what}" for step in steps if step.wrong]
    results = {name: result for (name, *_), result in zip(answers, found, strict=True) if isinstance(result, Result)}
    text = "\n".join(faults) or f"The check judged all {len(steps)} answers rightly."
    return Proof("wrong" if faults else "right", text, tuple(steps), results=results)


def _fault(state: str, result: Result) -> str:
    if "The check itself failed" in result.message:
        return "The check fails."
    return "" if result.state == state else DOES[result.state][1]
