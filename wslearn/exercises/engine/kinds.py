"""Is an answer the kind of thing that was asked for? If not, say what is needed, before anything is tried."""

import inspect

from wslearn.exercises.engine.expectations import NotYet, same_kind
from wslearn.exercises.engine.result import shown
from wslearn.server import Server


def check_server_class(answer: object) -> None:
    """Raise NotYet where `answer` is not a server's class with a handler that can be awaited."""
    name = getattr(answer, "__name__", type(answer).__name__)
    if isinstance(answer, Server):
        raise NotYet(f"This is an object: pass the class itself, `{name}`, without `()`. The check makes its own.")
    if not inspect.isclass(answer):
        raise NotYet(f"Expected a class, such as `class MyServer(Server):`, got {kind(answer)}.")
    if not issubclass(answer, Server):
        raise NotYet(f"`{name}` must build on Server. Begin it with `class {name}(Server):`.")
    if answer.handler is Server.handler:
        raise NotYet(f"`{name}` has no handler. It needs a method `async def handler(self, ws):`.")
    handler = inspect.getattr_static(answer, "handler")
    if not inspect.isfunction(handler):
        if not callable(handler):
            raise NotYet(f"`handler` must be a method, `async def handler(self, ws):`; it is {kind(handler)}.")
        return
    if inspect.isasyncgenfunction(handler):
        raise NotYet("Your `handler` has a `yield`. To answer a client, write `await ws.send(…)`.")
    try:
        inspect.signature(handler).bind(None, None)
    except TypeError:
        raise NotYet(
            f"Your handler must take `self` and `ws`: `async def handler(self, ws):`. "
            f"It takes {inspect.signature(handler)}."
        ) from None


def check_arguments(function: object, arguments: tuple, options: dict) -> None:
    """Raise NotYet where `function` cannot be called with these."""
    if not callable(function):
        raise NotYet(f"Expected a function, got {kind(function)}. Pass its name, without `()` after it.")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some functions that are written in C do not say
        return
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        called = ", ".join([*map(shown, arguments), *(f"{name}=…" for name in options)])
        name = getattr(function, "__name__", type(function).__name__)
        raise NotYet(f"`{name}{signature}` was called as `{name}({called})`: {error}.") from None


def kind(value: object) -> str:
    """Return what a value is, in words."""
    if inspect.iscoroutine(value):
        value.close()  # else Python warns that nobody awaited it
        return "a coroutine: what an `async def` function returns when it is called"
    if inspect.isclass(value):
        return f"the class `{value.__name__}`"
    if inspect.isroutine(value):
        return f"the function `{getattr(value, '__name__', type(value).__name__)}`"
    return f"{shown(value)}, of type {type(value).__name__}"


#: What a function should return, in words, and what makes it from something else.
NOUNS: dict[type, str] = {
    bool: "True or False", int: "a whole number, an `int`", float: "a number", str: "a string", bytes: "bytes",
    list: "a list", tuple: "a tuple", dict: "a dictionary",
}  # fmt: skip
TURNS: dict[tuple[type, type], str] = {
    (str, bytes): "`.decode()` makes a string of bytes.", (bytes, str): "Leave out `.decode()`.",
    (bytes, list): "`bytes(…)` makes bytes of a list of numbers.",
}  # fmt: skip


def about_kind(expected: object, came: object) -> str:
    """Return what to tell a student whose function returned something of the wrong kind, or an empty text."""
    wanted, got = type(expected), type(came)
    if wanted not in NOUNS or same_kind(expected, came):
        return ""
    return f"It should return {NOUNS[wanted]}, but it returned {kind(came)}. {TURNS.get((wanted, got), '')}".rstrip()
