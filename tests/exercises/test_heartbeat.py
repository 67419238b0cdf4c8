"""Exercises of lesson 06."""

from textwrap import indent

import pytest
from exercise_cases import FunctionExercise, ServerExercise, answer, handler

from wslearn.exercises import heartbeat as ex


def function(head: str, body: str) -> str:
    return f"{head}:\n{indent(body.strip(), '    ')}"


def trip(body: str) -> str:
    return function("async def round_trip(ws)", body)


def watch(body: str) -> str:
    return function("async def watch(ws, interval)", body)


def waits(body: str) -> str:
    return function("def backoff(base, cap, rng)", body)


class TestRoundTrip(FunctionExercise):
    exercise = ex.round_trip
    at_once = 4
    wrong = {  # noqa: RUF012
        "You took a score for the pong": trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
await ws.recv()
return time.perf_counter() - began
"""),
        "You sent a ping frame": trip("""
began = time.perf_counter()
await (await ws.ping())
return time.perf_counter() - began
"""),
        "milliseconds": trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
return 1000 * (time.perf_counter() - began)
"""),
        "only half of the round trip": trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
return (time.perf_counter() - began) / 2
"""),
        "returned None, of type NoneType. Is a `return` missing?": trip("""
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
"""),
        "The server received no message": trip("""
while json.loads(await ws.recv())["type"] != "pong": pass
"""),
        "not the JSON text": trip("""
await ws.send("ping")
while json.loads(await ws.recv())["type"] != "pong": pass
"""),
        "The server sent its pong": trip("""
await ws.send('{"type":"ping"}')
while True: await ws.recv()
"""),
        "The time is negative": trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
return began - time.perf_counter()
"""),
        "The whole call took only": trip("""
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
return 1.5
"""),
        'Compare the decoded JSON, not the string: `json.loads(message)["type"]`': trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
while await ws.recv() != '{"type":"pong"}': pass
return time.perf_counter() - began
"""),
        "This time you took another message for the pong": trip("""
began = time.perf_counter()
await ws.send('{"type":"ping"}')
while "pong" not in await ws.recv(): pass
return time.perf_counter() - began
"""),
        "KeyError: 'kind'": trip("""
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["kind"] != "pong": pass
"""),
    }

    async def test_what_compares_with_nothing_is_wrong(self):
        result = await self.check(
            trip("""
await ws.send('{"type":"ping"}')
while json.loads(await ws.recv())["type"] != "pong": pass
return float("nan")
""")
        )
        assert result.state == "wrong", result


@pytest.mark.clock
class TestFindDead(FunctionExercise):
    exercise = ex.find_dead
    at_once = 4
    wrong = {  # noqa: RUF012
        "Ask `pong.done()`": watch("""
while True:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    if not pong:
        return ws.transport.abort()
"""),
        "`watch` ended, but Ann is still connected": watch("""
while True:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    if not pong.done():
        return
"""),
        "The pong was late: catch this exception": watch("""
while True:
    await asyncio.wait_for(await ws.ping(), interval)
    await asyncio.sleep(interval)
"""),
        "without a timeout": watch("""
while True:
    await (await ws.ping())
    await asyncio.sleep(interval)
"""),
        "`close()` waits for Ann's answer": watch("""
while True:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    if not pong.done():
        return await ws.close()
"""),
        "more than one chance": watch("""
missed = 0
while missed < 3:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    missed = 0 if pong.done() else missed + 1
ws.transport.abort()
"""),
        "dropped Ann too late": watch("""
while True:
    try:
        await asyncio.wait_for(await ws.ping(), 4 * interval)
    except TimeoutError:
        return ws.transport.abort()
    await asyncio.sleep(interval)
"""),
        "The next ping followed too soon": watch("""
while True:
    try:
        await asyncio.wait_for(await ws.ping(), interval)
    except TimeoutError:
        return ws.transport.abort()
"""),
        "Ann answered, but you dropped the connection": watch("""
pong = await ws.ping()
await asyncio.sleep(interval)
ws.transport.abort()
"""),
        "Write a loop": watch("""
pong = await ws.ping()
await asyncio.sleep(interval)
if not pong.done():
    ws.transport.abort()
"""),
        "received no second one": watch("""
pong = await ws.ping()
await asyncio.sleep(interval)
while pong.done():
    await asyncio.sleep(interval)
ws.transport.abort()
"""),
        "Ann received no ping": watch("""
while True:
    await asyncio.sleep(interval)
"""),
        "Put a `return`": watch("""
while True:
    try:
        pong = await ws.ping()
    except ConnectionClosed:
        pong = asyncio.get_running_loop().create_future()
    await asyncio.sleep(interval)
    if not pong.done():
        ws.transport.abort()
"""),
        "would leave a task behind": watch("""
dropped = False
while not dropped:
    try:
        pong = await ws.ping()
    except Exception:
        pass
    await asyncio.sleep(interval)
    if not pong.done():
        ws.transport.abort()
        dropped = True
"""),
        "dropped Ann too soon": watch("""
while True:
    try:
        await asyncio.wait_for(await ws.ping(), interval / 10)
    except TimeoutError:
        return ws.transport.abort()
    await asyncio.sleep(interval)
"""),
    }

    async def test_the_cause_comes_first_and_nothing_goes_to_the_log(self, caplog):
        """Tasks whose connection the check itself ends, and pongs to nobody, are no one's first concern."""
        result = await self.check(
            watch("""
async def beat():
    await asyncio.wait_for(await ws.ping(), 60)
while True:
    task = asyncio.create_task(beat())
    await asyncio.sleep(interval)
""")
        )
        assert result.message.startswith("You pinged Ann on and on, and never noticed"), result
        assert caplog.messages == []


#: Whether the message `m` is a ping.
IS_PING = "read(m) == {'type': 'ping'}"


def patient(*body: str) -> str:
    return handler(*body).replace("(Server):", "(Server):\n    keepalive = None\n    patience = 0.4\n")


class TestPatience(ServerExercise):
    exercise = ex.patience
    at_once = 4
    imports = "from wslearn.exercises.engine.expectations import read"
    wrong = {  # noqa: RUF012
        "fell silent, but is still connected. Give each": patient(
            "async for m in ws:", f"""    if {IS_PING}: await ws.send('{{"type":"pong"}}')"""
        ),
        "The time limit must start again": patient(
            "try:",
            "    async with asyncio.timeout(self.patience):",
            "        async for m in ws:",
            f"""            if {IS_PING}: await ws.send('{{"type":"pong"}}')""",
            "except TimeoutError:",
            "    await ws.close(4000, 'silent')",
        ),
        "Ann sent a message that isn't a ping, but got an answer": patient(
            "while True:",
            "    try: m = await asyncio.wait_for(ws.recv(), self.patience)",
            "    except TimeoutError: return await ws.close(4000, 'silent')",
            """    await ws.send('{"type":"pong"}')""",
        ),
        "JSONDecodeError": patient(
            "async for m in ws:", """    if json.loads(m)["type"] == "ping": await ws.send('{"type":"pong"}')"""
        ),
        "none to the same ping with a space in it": patient(
            "async for m in ws:", """    if m == '{"type":"ping"}': await ws.send('{"type":"pong"}')"""
        ),
        "nothing caught the TimeoutError": patient(
            "while True:",
            "    m = await asyncio.wait_for(ws.recv(), self.patience)",
            f"""    if {IS_PING}: await ws.send('{{"type":"pong"}}')""",
        ),
        "closed with 1000, because your handler ended": patient(
            "while True:",
            "    try: m = await asyncio.wait_for(ws.recv(), self.patience)",
            "    except TimeoutError: return",
            f"""    if {IS_PING}: await ws.send('{{"type":"pong"}}')""",
        ),
        "the reason is 'gone'": patient(
            "while True:",
            "    try: m = await asyncio.wait_for(ws.recv(), self.patience)",
            "    except TimeoutError: return await ws.close(4000, 'gone')",
            f"""    if {IS_PING}: await ws.send('{{"type":"pong"}}')""",
        ),
        "Dora never sent anything": patient(
            "m = await ws.recv()",
            "while True:",
            f"""    if {IS_PING}: await ws.send('{{"type":"pong"}}')""",
            "    try: m = await asyncio.wait_for(ws.recv(), self.patience)",
            "    except TimeoutError: return await ws.close(4000, 'silent')",
        ),
        "the word pong": patient("async for m in ws: await ws.send('pong')"),
        "sent it back unchanged": patient("async for m in ws: await ws.send(m)"),
        "got no answer. Is there": patient("async for m in ws: pass"),
    }

    def test_the_solution_has_patience_with_a_page_in_a_hidden_tab(self):
        """Its timers run once in 60 s, so that is how often it can ping."""
        assert answer(ex.patience.answer, self.imports).patience > 60


class TestBackoff(FunctionExercise):
    exercise = ex.backoff
    at_once = 4
    imports = "import random"
    wrong = {  # noqa: RUF012
        "all return at one moment": waits("""
limit = min(cap, base)
while True:
    yield limit
    limit = min(cap, 2 * limit)
"""),
        "the cap is 20 s": waits("""
limit = min(cap, base)
while True:
    yield rng.uniform(0, limit)
    limit = 2 * limit
"""),
        "not with the module `random`": waits("""
limit = min(cap, base)
while True:
    yield random.uniform(0, limit)
    limit = min(cap, 2 * limit)
"""),
        "Draw the first wait from 0 to `base`": waits("""
limit = min(cap, base)
while True:
    limit = min(cap, 2 * limit)
    yield rng.uniform(0, limit)
"""),
        "Does it double": waits("""
while True:
    yield rng.uniform(0, base)
"""),
        "Draw from the whole range": waits("""
limit = min(cap, base)
while True:
    yield limit / 2 + rng.uniform(0, limit / 2)
    limit = min(cap, 2 * limit)
"""),
        "`2 ** n` grows without end": waits("""
n = 0
while True:
    yield rng.uniform(0, min(cap, base * 2 ** n))
    n += 1
"""),
        "Your generator ended": waits("""
limit = min(cap, base)
for _ in range(20):
    yield rng.uniform(0, limit)
    limit = min(cap, 2 * limit)
"""),
        "aren't spread evenly": waits("""
limit = min(cap, base)
while True:
    yield rng.uniform(0, limit ** 0.5) ** 2
    limit = min(cap, 2 * limit)
"""),
        "Use `yield` for each wait": waits("return [rng.uniform(0, base * 2 ** n) for n in range(9)]"),
        "not `async def`": f"async {waits('yield rng.uniform(0, base)')}",
        "Yield a number": waits("while True: yield str(rng.uniform(0, base))"),
        "never below 0": waits("while True: yield rng.uniform(-base, base)"),
        "grows too fast": waits("""
limit = min(cap, base)
while True:
    yield rng.uniform(0, limit)
    limit = min(cap, 3 * limit)
"""),
        "draw every wait from 0 to `cap`": waits("""
limit = base
while True:
    yield rng.uniform(0, limit)
    limit = min(cap, 2 * limit)
"""),
    }

    async def test_the_whole_range_is_used_when_the_base_is_above_the_cap(self):
        result = await self.check(
            waits("""
limit = base if base < cap else cap / 3
while True:
    yield rng.uniform(0, limit)
    limit = min(cap, 2 * limit)
""")
        )
        assert not result and "If `base` is above `cap`" in result.message, result

    async def test_an_object_with_only_next_is_right_too(self):
        result = await self.check("""
class Waits:
    def __init__(self, base, cap, rng):
        self.limit, self.cap, self.rng = min(base, cap), cap, rng
    def __next__(self):
        limit, self.limit = self.limit, min(self.cap, 2 * self.limit)
        return self.rng.uniform(0, limit)
""")
        assert result, result

    async def test_other_ways_are_right_too(self):
        doubled = waits("""
for n in itertools.count():
    yield rng.uniform(0, min(cap, base * 2 ** min(n, 60)))
""")
        assert (result := await self.check(f"import itertools\n{doubled}")), result
