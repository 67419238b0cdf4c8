"""What a student's server raises outside its handlers is told with its line, and never as a fault of the check."""

from textwrap import dedent

import pytest
from exercise_cases import answer

from wslearn.exercises import Exercise


async def replies(talk, server_class):
    async with talk.server(server_class) as second, talk.server(server_class) as server:
        ann, bob = await talk.client(server, "Ann"), await talk.client(second, "Bob")
        await ann.asks("hi", "hi", "Reply.")
        await bob.asks("hi", "hi", "Reply.")


async def check(methods):
    code = """
class Answer(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message)

METHODS
    async def tick(self):
        while True:
            await asyncio.sleep(0.01)
"""
    methods = "".join(f"    {line}\n" for line in dedent(methods).strip().splitlines())
    result = await Exercise(replies, hints=("a",), answer="", why="").check(answer(code.replace("METHODS", methods)))
    assert "check itself failed" not in result.message, result
    return result


WRONG = {
    "It raised AttributeError: 'Answer' object has no attribute 'tock' (in `background`, line 8)": """
        def background(self):
            return [self.tock()]
    """,
    "It raised ValueError: boom (in `background`, line 9)": """
        def background(self):
            yield self.tick()
            raise ValueError("boom")
    """,
    "such as `[self.tick()]`, but it returned a coroutine": "def background(self): return self.tick()",
    "but it returned a coroutine: what an `async def`": "async def background(self): return [self.tick()]",
    "but it returned None": "def background(self): self.tick",
    "but in its list is the function `tick`": "def background(self): return [self.tick(), self.tick]",
    "asyncio.sleep(0).foo": """
        async def start(self):
            await asyncio.sleep(0)
            raise RuntimeError("asyncio.sleep(0).foo")
    """,
    "must begin with `async def`": "def start(self): return 5",
    "`self.connections` is the server's own": """
        def __init__(self):
            super().__init__()
            self.connections = []
    """,
    "must be a method, `async def handler(self, ws):`; it is the function": """
        import functools
        handler = functools.partialmethod(handler)
    """,
    "Your handler raised KeyError: 'here'": """
        class Handler:
            async def __call__(self, ws): {}["here"]
        handler = Handler()
    """,
    "must call `await super().start()`": "async def start(self): return self",
    "Your code raised KeyError: 'x' (in `stop`": """
        async def stop(self):
            await super().stop()
            {}["x"]
    """,
    "Your code raised KeyError: 'y' (in `fail`": """
        def background(self): return [self.fail()]
        async def fail(self): {}["y"]
    """,
    "Your code raised KeyError: 'z' (in `fail`": """
        async def start(self):
            self.task = asyncio.create_task(self.fail())
            return await super().start()
        async def fail(self): {}["z"]
    """,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("part", WRONG)
async def test_it_is_told(part):
    result = await check(WRONG[part])
    assert result.state == "wrong" and part in result.message, result
    assert "without `await`" not in result.message, result


RIGHT = {
    "a list": "def background(self): return [self.tick()]",
    "a generator": "def background(self): yield self.tick()",
    "a tuple of others": "def background(self): return (asyncio.sleep(0), self.tick())",
    "an error that the server has asked for": """
        async def start(self):
            self.task = asyncio.create_task(self.fail())
            try: await self.task
            except KeyError: pass
            return await super().start()
        async def fail(self): {}["x"]
    """,
    "a kept task that ends with its connection": """
        tasks = ()
        async def handler(self, ws):
            self.tasks += (asyncio.create_task(self.read(ws)),)
            await ws.wait_closed()
        async def read(self, ws):
            while True:
                await ws.send(await ws.recv())
    """,
}


@pytest.mark.parametrize("style", RIGHT)
async def test_what_is_right_is_right(style):
    assert (result := await check(RIGHT[style])), result


async def test_a_stub_in_the_background_is_not_attempted():
    for stub in (
        "def background(self): raise NotImplementedError",
        "def background(self): return [self.later()]\nasync def later(self): raise NotImplementedError",
        "async def start(self): raise NotImplementedError",
    ):
        assert (result := await check(stub)).state == "untouched", result
