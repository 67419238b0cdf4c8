"""Answers that are not the kind of thing that was asked for."""

import asyncio

import pytest

from wslearn import EchoServer, Server
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.kinds import about_kind, check_arguments, check_server_class, kind


class Empty(Server):
    pass


class NoServer:
    async def handler(self, ws): ...


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


@pytest.mark.parametrize(
    ("expected", "came", "text"),
    [
        ("a", b"a", "It should return a string, but it returned 1 byte: 61, of type bytes. `.decode()` makes"),
        (b"a", "a", "It should return bytes, but it returned 'a', of type str. Leave out `.decode()`."),
        (b"a", [97], "`bytes(…)` makes bytes of a list of numbers."),
        (3, 3.0, "It should return a whole number, an `int`, but it returned 3.0, of type float."),
        (3.0, True, "It should return a number, but it returned True, of type bool."),
        (True, 1, "It should return True or False"),
    ],
)
def test_a_result_of_the_wrong_kind(expected, came, text):
    assert text in about_kind(expected, came)


@pytest.mark.parametrize(("expected", "came"), [("a", "b"), (3.0, 4), (None, 3), (len, 3), (ValueError, 3)])
def test_a_result_whose_kind_says_nothing(expected, came):
    assert about_kind(expected, came) == ""
