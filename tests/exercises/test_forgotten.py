"""What beginners forget is told as such: an `await`, an `async for`, and that `return` sends nothing."""

import warnings

import pytest
from exercise_cases import answer, forgets, handler

from wslearn.exercises import Exercise
from wslearn.exercises.engine import forgotten


async def echoes(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "Ann")
        await ann.asks("hi", "HI", "Reply.")


async def counts(talk, function):
    await talk.calls(function, ("hi",), 2)


def check(code, conversation=echoes):
    return Exercise(conversation, hints=("a",), answer="", why="").check(answer(code))


AWAIT = "Write `await` before the call"
SERVERS = {
    "You called `send` without `await` (line 4), so it did nothing. Write `await` before it.": handler(
        "async for message in ws:", "    ws.send(message.upper())"
    ),
    "You called `wait` without `await` (line 5), so it did nothing.": handler(
        "async def wait(): pass", "async for message in ws:", "    wait()"
    ),
    "`async for message in ws:`": handler("for message in ws:", "    await ws.send(message.upper())"),
    "write `for`, without `async`": handler("async for client in [ws]:", "    await client.send('HI')"),
    "has no attribute 'upper' (in `handler`, line 3). That is a coroutine: what a call of an": handler(
        "await ws.send(ws.recv().upper())"
    ),
    "not coroutine (in `handler`, line 3": handler("await ws.send(json.loads(ws.recv()))"),
    "Leave out this `await`": handler("await print(await ws.recv(), end='')"),
    "Your handler returned 'HI'. `return` sends nothing, and ends the handler": handler(
        "return (await ws.recv()).upper()"
    ),
    'Your handler returned {"say": "HI"}': handler("return {'say': (await ws.recv()).upper()}"),
    "Your handler returned 'no'": handler(
        "async for message in ws:",
        "    try: said = json.loads(message)",
        "    except ValueError: return 'no'",
        "    await ws.send(said)",
    ),
    "Your handler returned 2.": handler("async for message in ws:", "    return len(message)"),
    "Only a dictionary has `.get`": handler("async for m in ws:", "    await ws.send([m].get('say'))"),
}


@pytest.mark.parametrize("part", SERVERS)
async def test_it_is_told_before_the_checks_own_message(part):
    result = await check(SERVERS[part])
    assert result.state == "wrong" and part in result.message.split("Reply.")[0], result


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("async def two(): return 2\nasync def count(text): return two() + 0", AWAIT),
        ("async def two(): return 2\nasync def count(text): return len(two())", AWAIT),
        ("async def count(text): return await len(text)", "Leave out this `await`"),
        ("def count(text): return json.loads('5').get(text)", "Only a dictionary has `.get`"),
    ],
)
async def test_in_a_function_too(code, part):
    result = await check(code, counts)
    assert result.state == "wrong" and part in result.message, result


@pytest.mark.parametrize(
    "line",
    [
        *("raise TypeError('boom')", "len(5)", "None.upper()", "return None", "return [None]", "return True"),
        *("return await ws.send('x')", "json.get('say')"),
        "def said(m): return m\n        async for m in ws: await ws.send(said(m))",
    ],
)
async def test_other_mistakes_do_not_get_such_a_text(line):
    result = await check(handler(line))
    assert result.state == "wrong" and not any(
        text in result.message for text in ("await", "async for", "sends nothing", "Only a dictionary")
    ), result


async def test_alone_it_is_advice():
    result = await check(handler("asyncio.sleep(0)", "async for message in ws:", "    await ws.send(message.upper())"))
    assert result and "You called `sleep` without `await` (line 3)" in result.message


@forgets
async def test_a_loop_that_forgets_it_for_ever_gets_both_diagnoses():
    result = await check(handler("while True: asyncio.sleep(0.1)"))
    assert "blocked the event loop for 2 s" in result.message
    assert "You called `sleep` without `await` (line 3)" in result.message


async def test_outside_of_a_check_python_warns_as_ever():
    await check(handler("pass"))

    async def nothing():
        pass

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        nothing()
    assert ["never awaited" in str(one.message) for one in seen] == [True]
    if not forgotten._told:  # no check of an earlier test still runs: then it's Python's own warning
        assert seen[0].filename == __file__
