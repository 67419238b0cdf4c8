"""Answers that are not the kind of thing that was asked for."""

import asyncio

import pytest

from wslearn import EchoServer, Server
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.kinds import check_arguments, check_server_class, kind


class Empty(Server):
    pass


class NoServer:
    async def handler(self, ws): ...


class NotAsync(Server):
    def handler(self, ws): ...


class Yields(Server):
    async def handler(self, ws):
        yield


class NoWs(Server):
    async def handler(self): ...


class TooMany(Server):
    async def handler(self, ws, path): ...


class NoMethod(Server):
    handler = 5


class Optional(Server):
    async def handler(self, ws, path=None): ...


class Inherits(EchoServer):
    pass


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (5, "Expected a class, such as `class MyServer(Server):`, got 5, of type int."),
        (None, "got None, of type NoneType."),
        ("Shout", "got 'Shout', of type str."),
        (print, "got the function `print`."),
        (EchoServer(), "This is an object: pass the class itself, `EchoServer`, without `()`."),
        (NoServer, "Begin it with `class NoServer(Server):`."),
        (NoServer(), "of type NoServer."),
        (Empty, "`Empty` has no handler."),
        (NotAsync, "must begin with `async def`, not `def`"),
        (Yields, "has a `yield`"),
        (NoWs, "It takes (self)."),
        (TooMany, "It takes (self, ws, path)."),
        (NoMethod, "it is 5, of type int."),
    ],
)
def test_no_server(answer, message):
    with pytest.raises(NotYet) as told:
        check_server_class(answer)
    assert message in str(told.value)


@pytest.mark.parametrize("answer", [EchoServer, Inherits, Optional])
def test_a_server(answer):
    check_server_class(answer)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (5, "Expected a function, got 5, of type int."),
        (lambda: 1, "was called as `<lambda>(1, 2)`: too many positional arguments."),
        (lambda a, b, c: 1, "missing a required argument: 'c'."),
    ],
)
def test_no_function_of_two(function, message):
    with pytest.raises(NotYet) as told:
        check_arguments(function, (1, 2), {})
    assert message in str(told.value)


def test_functions_that_take_it():
    for function in (lambda a, b: 1, lambda *a: 1, lambda a, b, c=3: 1, max, EchoServer):
        check_arguments(function, (1, 2), {})


def test_a_coroutine_is_named_and_nobody_is_warned():
    assert kind(asyncio.sleep(0)).startswith("a coroutine: what an `async def` function returns")
    assert kind(EchoServer) == "the class `EchoServer`"
