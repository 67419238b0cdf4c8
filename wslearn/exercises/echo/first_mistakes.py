"""What a beginner writes in a handler: mistakes that are Python's own, not those of one task."""

import ast
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from textwrap import dedent
from typing import Any

from wslearn.exercises import Talk
from wslearn.exercises.engine import NotYet
from wslearn.server import Server

#: Part of an error, as a server's log has it -> what to do about it.
_ERRORS = {
    "'Connection' object is not iterable": "A plain `for` cannot wait for messages. Write `async for message in ws:`.",
    "object has no attribute 'get'": "Only a dictionary has `.get`, and JSON may also be a list, a string or a number. "
    "Before you use `.get`, ask whether what you have read is a `dict`: `isinstance(data, dict)`.",
}  # fmt: skip
_RETURN = (
    "Your handler has a `return` with a value. `return` ends the handler and sends nothing. Write `await ws.send(…)` "
    "to send a reply."
)


@asynccontextmanager
async def server_of(talk: Talk, server_class: type[Server]) -> AsyncIterator[Any]:
    """Start a student's server, as `talk.server` does. Where an expectation does not hold, look for a first mistake."""
    async with talk.server(server_class) as server:
        try:
            yield server
        except NotYet as wrong:
            error = talk.error(server)
            if text := next((text for part, text in _ERRORS.items() if part in error), ""):
                raise NotYet(text) from None
            if not error and (returns := _returns(server_class.handler)):
                sends = any(isinstance(node, ast.Attribute) and node.attr == "send" for node in returns)
                raise NotYet(f"{wrong} {_RETURN}" if sends else _RETURN) from None
            raise


def _returns(handler: Any) -> list[ast.AST]:
    """Return what is in a handler's source, if it has a `return` with a value that is not awaited; else nothing."""
    try:
        function = ast.parse(dedent(inspect.getsource(inspect.unwrap(handler)))).body[0]
    except (OSError, TypeError, SyntaxError):
        return []
    inside = list(_own(function)) if isinstance(function, ast.AsyncFunctionDef) else []
    values = [node.value for node in inside if isinstance(node, ast.Return) and ast.unparse(node) != "return None"]
    return inside if any(not isinstance(value, ast.Await | None) for value in values) else []


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is inside a function, but not inside another one there."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own(child)
