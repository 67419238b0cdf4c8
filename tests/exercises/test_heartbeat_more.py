"""Exercises of lesson 06: subtly wrong answers, and right ones in other styles."""

from textwrap import indent
from typing import ClassVar

import pytest
from exercise_cases import MoreAnswers, handler

from wslearn.exercises import heartbeat as ex

#: The checks measure times, and several run at once here.
pytestmark = pytest.mark.clock


def function(head: str, body: str) -> str:
    return f"{head}:\n{indent(body.strip(), '    ')}"


def trip(body: str) -> str:
    return function("async def round_trip(ws)", f"began = clock()\n{body.strip()}")


SEND = """await ws.send('{"type":"ping"}')\n"""
READ = """while json.loads(await ws.recv())["type"] != "pong": pass\n"""
TOOK = "return clock() - began\n"


class TestRoundTrip(MoreAnswers):
    exercise = ex.round_trip
    imports = """
from decimal import Decimal
from fractions import Fraction
from time import perf_counter as clock
import re
"""
    subtle: ClassVar = {
        "sends two pings": ("one ping", trip(SEND + SEND + READ + TOOK)),
        "takes the mean of two": ("one ping", trip(f"{SEND}{READ}{SEND}{READ}return (clock() - began) / 2")),
        "rounds to 10 ms": ("round", trip(f"{SEND}{READ}return round(clock() - began, 2)")),
        "rounds to 0.1 s": ("round", trip(f"{SEND}{READ}return round(clock() - began, 1)")),
        "whole seconds": ("Don't round", trip(f"{SEND}{READ}return int(clock() - began)")),
        "twice the time": ("The whole call took only", trip(f"{SEND}{READ}return 2 * (clock() - began)")),
        "the processor's time": (
            "process_time",
            trip(f"{SEND}{READ}return time.process_time() - cpu").replace(
                "began = clock()", "cpu = time.process_time()"
            ),
        ),
        "skips one message": ("You took a score", trip(f"{SEND}await ws.recv()\nawait ws.recv()\n{TOOK}")),
        "reads three messages": ("", trip(f"{SEND}for _ in range(3): await ws.recv()\n{TOOK}")),
        "reads ten messages at most": (
            "",
            trip(f"""{SEND}for _ in range(10):
    if json.loads(await ws.recv())["type"] == "pong": {TOOK}"""),
        ),
        "skips scores only": (
            "another message",
            trip(f"""{SEND}while json.loads(await ws.recv())["type"] == "score": pass\n{TOOK}"""),
        ),
        "in": (
            "another message",
            trip(f"""{SEND}while "pong" not in json.loads(await ws.recv())["type"]: pass\n{TOOK}"""),
        ),
        "lower": (
            "another message",
            trip(f"""{SEND}while json.loads(await ws.recv())["type"].lower() != "pong": pass\n{TOOK}"""),
        ),
        "endswith": (
            "another message",
            trip(f"""{SEND}while not json.loads(await ws.recv())["type"].endswith("pong"): pass\n{TOOK}"""),
        ),
        "startswith": (
            "another message",
            trip(f"""{SEND}while not json.loads(await ws.recv())["type"].startswith("pong"): pass\n{TOOK}"""),
        ),
        "the string without spaces": (
            "another message",
            trip(f"""{SEND}while '"type":"pong"' not in (await ws.recv()).replace(" ", ""): pass\n{TOOK}"""),
        ),
        "a regular expression": (
            "another message",
            trip(f"""{SEND}while not re.search(r'"type":\\s*"pong"', await ws.recv()): pass\n{TOOK}"""),
        ),
        "one message more": ("The server sent its pong", trip(f"{SEND}{READ}await ws.recv()\n{TOOK}")),
        "waits for silence": (
            "more than the round trip",
            trip(f"""{SEND}{READ}try:
    while True: await asyncio.wait_for(ws.recv(), 0.15)
except TimeoutError: pass
{TOOK}"""),
        ),
        "begins before it reads what waits": (
            "more than the round trip",
            trip(f"""
try:
    while True: await asyncio.wait_for(ws.recv(), 0.15)
except TimeoutError: pass
{SEND}{READ}{TOOK}"""),
        ),
        "a sleep before it sends": ("more than the round trip", trip(f"await asyncio.sleep(0.1)\n{SEND}{READ}{TOOK}")),
        "state on the function": (
            "",
            function(
                "async def round_trip(ws)",
                f"""
round_trip.began = getattr(round_trip, "began", None) or clock()
{SEND}{READ}return clock() - round_trip.began""",
            ),
        ),
        "the first result for ever": (
            "no message",
            function(
                "async def round_trip(ws)",
                f"""
if not hasattr(round_trip, "took"):
    began = clock()
    {SEND}    {READ}    round_trip.took = clock() - began
return round_trip.took""",
            ),
        ),
        "a constant": ("", trip(f"{SEND}{READ}return 0.08")),
        "a binary ping": ("not the JSON text", trip(SEND.replace("'{", "b'{") + READ + TOOK)),
        "a ping with more in it": ("not the JSON text", trip(SEND.replace('"}', '","id":1}') + READ + TOOK)),
        "an await is gone": ("received no message", trip(SEND.replace("await ", "") + READ + TOOK)),
        "closes afterwards": (
            "You closed the connection",
            trip(f"{SEND}{READ}took = clock() - began\nawait ws.close()\nreturn took"),
        ),
        "a string": ("should return seconds", trip(f"{SEND}{READ}return f'{{clock() - began:.3f}}'")),
        "a timedelta": (
            "should return seconds",
            trip(f"{SEND}{READ}import datetime\nreturn datetime.timedelta(seconds=clock() - began)"),
        ),
        "a bool": ("should return seconds", trip(f"{SEND}{READ}return clock() > began")),
        "a pair": ("should return seconds", trip(f"{SEND}{READ}return began, clock()")),
    }
    right: ClassVar = {
        "async for": trip(f"""{SEND}async for message in ws:
    if json.loads(message).get("type") == "pong": {TOOK}"""),
        "match": trip(f"""{SEND}while True:
    match json.loads(await ws.recv()):
        case {{"type": "pong"}}: {TOOK}"""),
        "recursion": f"""
async def pong(ws):
    if json.loads(await ws.recv()) != {{"type": "pong"}}: await pong(ws)
{trip(SEND + "await pong(ws)" + chr(10) + TOOK)}""",
        "a TaskGroup": trip(f"""
async def read():
    {READ}
async with asyncio.TaskGroup() as group:
    group.create_task(read())
    group.create_task(ws.send(json.dumps({{"type": "ping"}})))
{TOOK}"""),
        "gather": trip(f"""
async def read():
    {READ}    return clock()
arrived, _ = await asyncio.gather(read(), ws.send(json.dumps(dict(type="ping"), indent=1)))
return arrived - began"""),
        "the loop's clock and a Fraction": trip(
            f"loop = asyncio.get_running_loop()\nthen = loop.time()\n{SEND}{READ}return Fraction(loop.time() - then)"
        ),
        "Decimal": trip(f"{SEND}{READ}return Decimal(clock() - began)"),
        "nanoseconds": trip(
            f"began = time.perf_counter_ns()\n{SEND}{READ}return (time.perf_counter_ns() - began) / 1e9"
        ),
        "a def that returns a coroutine": f"""{trip(SEND + READ + TOOK)}
def answer(ws): return round_trip(ws)""",
        "a lambda": f"""{trip(SEND + READ + TOOK)}
answer = lambda ws: round_trip(ws)""",
        "short waits": trip(f"""{SEND}while True:
    try:
        if json.loads(await asyncio.wait_for(ws.recv(), 0.01))["type"] == "pong": {TOOK}
    except TimeoutError: pass"""),
        "reads first what waits": function(
            "async def round_trip(ws)",
            f"""
try:
    while True: await asyncio.wait_for(ws.recv(), 0.05)
except TimeoutError: pass
began = clock()
{SEND}{READ}{TOOK}""",
        ),
    }


def watch(body: str) -> str:
    return function(
        "async def watch(ws, interval)", f"try:\n{indent(body.strip(), '    ')}\nexcept ConnectionClosed: pass"
    )


PING, DROP = "pong = await ws.ping()", "if not pong.done(): return ws.transport.abort()"


def rhythm(sleep: str, ping: str = PING, drop: str = DROP) -> str:
    return watch(f"while True:\n    {ping}\n    {sleep}\n    {drop}")


def waiting(limit: str, sleep: str) -> str:
    return watch(f"""
while True:
    try: await asyncio.wait_for(await ws.ping(), {limit})
    except TimeoutError: return ws.transport.abort()
    await asyncio.sleep({sleep})""")


class TestFindDead(MoreAnswers):
    exercise = ex.find_dead
    imports = "from time import perf_counter as clock"
    subtle: ClassVar = {
        "a constant": ("followed too soon", rhythm("await asyncio.sleep(0.1)")),
        "the interval that the check shows": ("next ping", rhythm("await asyncio.sleep(0.18)")),
        "a whole interval after each pong": (
            "wait only for the rest",
            watch("""
while True:
    try: await asyncio.wait_for(await ws.ping(), interval)
    except TimeoutError: return ws.transport.abort()
    await asyncio.sleep(interval)"""),
        ),
        "a whole interval before each ping": (
            "wait only for the rest",
            watch("""
while True:
    await asyncio.sleep(interval)
    try: await asyncio.wait_for(await ws.ping(), interval)
    except TimeoutError: return ws.transport.abort()"""),
        ),
        "the connection's end is expected at ping only": (
            "catch `ConnectionClosed`, and return",
            function(
                "async def watch(ws, interval)",
                """
while True:
    try: pong = await ws.ping()
    except ConnectionClosed: return
    rest = asyncio.ensure_future(asyncio.sleep(interval))
    try: await asyncio.wait_for(pong, interval)
    except TimeoutError: return ws.transport.abort()
    await rest""",
            ),
        ),
        "a few pings only": (
            "received no more",
            watch(f"""
for _ in range(3):
    {PING}
    await asyncio.sleep(interval)
    {DROP}
await ws.wait_closed()"""),
        ),
        "a second": ("came too late", rhythm("await asyncio.sleep(1)")),
        "twice too slow": ("came too late", rhythm("await asyncio.sleep(2 * interval)")),
        "twice too slow in two steps": (
            "came too late",
            rhythm("await asyncio.sleep(interval)").replace(DROP, f"{DROP}\n            await asyncio.sleep(interval)"),
        ),
        "ten times too often": ("too soon", rhythm("await asyncio.sleep(interval / 10)")),
        "half of the interval": ("too soon", rhythm("await asyncio.sleep(interval / 2)")),
        "two pings each time": (
            "too soon",
            rhythm("await asyncio.sleep(interval)", "await ws.ping(); pong = await ws.ping()"),
        ),
        "the pong has twice as long": ("too late", waiting("2 * interval", "interval")),
        "the pong has half as long": ("too soon", waiting("interval / 2", "interval")),
        "the pong has a constant time": ("too", waiting("0.18", "interval")),
        "a second chance": (
            "no second chance",
            watch("""
missed = 0
while missed < 2:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    missed = 0 if pong.done() else missed + 1
ws.transport.abort()"""),
        ),
        "blocks the loop": ("blocks the event loop", rhythm("time.sleep(interval)")),
        "blocks the loop, nearly always": (
            "blocks the event loop",
            rhythm("time.sleep(interval); await asyncio.sleep(0.01)"),
        ),
        "an await is gone": ("", rhythm("asyncio.sleep(interval)")),
        "looks at once": ("answered, but you dropped", rhythm("", drop=f"{DROP}\n    await asyncio.sleep(interval)")),
        "drops all clients": (
            "you dropped",
            rhythm(
                "await asyncio.sleep(interval)",
                drop="""if not pong.done():
        for other in list(ws.owner.sockets): other.transport.abort()
        return""",
            ),
        ),
        "one pong for all": (
            "",
            "pongs = []\n"
            + watch("""
while True:
    pongs.append(await ws.ping())
    await asyncio.sleep(interval)
    if not all(pong.done() for pong in pongs): return ws.transport.abort()"""),
        ),
        "only the first call": (
            "no ping",
            "began = []\n"
            + watch(f"""
if began: return await ws.wait_closed()
began.append(ws)
while True:
    {PING}
    await asyncio.sleep(interval)
    {DROP}"""),
        ),
        "raises when the client has left": (
            "no error here",
            function(
                "async def watch(ws, interval)",
                f"while True:\n    {PING}\n    await asyncio.sleep(interval)\n    {DROP}",
            ),
        ),
        "only a closing handshake ends it": (
            "no error here",
            rhythm("await asyncio.sleep(interval)")
            .replace("ConnectionClosed", "ConnectionClosedOK")
            .replace("async def", "from websockets.exceptions import ConnectionClosedOK\nasync def", 1),
        ),
        "closes": (
            "Use `ws.transport.abort()`",
            rhythm("await asyncio.sleep(interval)", drop="if not pong.done(): return await ws.close()"),
        ),
        "closes with a limit": (
            "Use `ws.transport.abort()`",
            rhythm(
                "await asyncio.sleep(interval)",
                drop="""if not pong.done():
        try: await asyncio.wait_for(ws.close(), 0.01)
        except TimeoutError: pass
        return ws.transport.abort()""",
            ),
        ),
        "a message": (
            "received no ping",
            watch("""
while True:
    await ws.send('{"type":"ping"}')
    await asyncio.sleep(interval)"""),
        ),
        "the pong of the ping before": (
            "",
            watch("""
old = await ws.ping()
while True:
    pong = await ws.ping()
    await asyncio.sleep(interval)
    if not old.done(): return ws.transport.abort()
    old = pong"""),
        ),
        "catches everything and goes on": (
            "goes on",
            function(
                "async def watch(ws, interval)",
                f"""
while True:
    try:
        {PING}
        await asyncio.sleep(interval)
        if not pong.done(): ws.transport.abort()
    except Exception: await asyncio.sleep(interval)""",
            ),
        ),
        "goes on after the client has left": (
            "goes on",
            function(
                "async def watch(ws, interval)",
                f"""
while True:
    try:
        {PING}
        await asyncio.sleep(interval)
        {DROP}
    except Exception: await asyncio.sleep(interval)""",
            ),
        ),
        "five pings only": (
            "although",
            watch(f"""
for _ in range(5):
    {PING}
    await asyncio.sleep(interval)
    {DROP}"""),
        ),
    }
    right: ClassVar = {
        "a timeout, and the rest": watch("""
while True:
    began = clock()
    try:
        async with asyncio.timeout(interval):
            await (await ws.ping())
    except TimeoutError:
        ws.transport.abort()
        break
    await asyncio.sleep(began + interval - clock())"""),
        "gather": watch("""
async def answered():
    try: await asyncio.wait_for(await ws.ping(), interval)
    except TimeoutError: return False
    return True
while True:
    good, _ = await asyncio.gather(answered(), asyncio.sleep(interval))
    if not good: return ws.transport.abort()"""),
        "asyncio.wait": watch("""
while True:
    began = clock()
    done, _ = await asyncio.wait([await ws.ping()], timeout=interval)
    if not done: return ws.transport.abort()
    await asyncio.sleep(began + interval - clock())"""),
        "a TaskGroup and an event": watch("""
async def look(pong):
    await asyncio.sleep(interval)
    if not pong.done(): ws.transport.abort()
async def beat():
    while True:
        group.create_task(look(await ws.ping()))
        await asyncio.sleep(interval)
try:
    async with asyncio.TaskGroup() as group: await beat()
except* ConnectionClosed: pass"""),
        "call_later": watch("""
loop = asyncio.get_running_loop()
while not ws.transport.is_closing():
    pong = await ws.ping()
    loop.call_later(interval, lambda pong=pong: pong.done() or ws.transport.abort())
    await asyncio.sleep(interval)"""),
        "a walrus": watch("""
while (pong := await ws.ping()) and not await asyncio.sleep(interval) and pong.done(): pass
ws.transport.abort()"""),
        "recursion": "from contextlib import suppress\n"
        + function(
            "async def watch(ws, interval)",
            """
with suppress(ConnectionClosed):
    pong = await ws.ping()
    await asyncio.sleep(interval)
    if not pong.done(): return ws.transport.abort()
    return await watch(ws, interval)""",
        ),
        "a def that returns a coroutine": rhythm("await asyncio.sleep(interval)")
        + """
def answer(ws, interval): return watch(ws, interval)""",
    }


TIMED = "try: m = await asyncio.wait_for(ws.recv(), self.patience)"
SILENT = "except TimeoutError: return await ws.close(4000, 'silent')"
READ_PING = ("try: is_ping = json.loads(m) == {'type': 'ping'}", "except ValueError: is_ping = False")
PONG = """if is_ping: await ws.send('{"type":"pong"}')"""


def patient(*body: str, top: str = "") -> str:
    return handler(*body).replace("(Server):", f"(Server):\n    keepalive = None\n    patience = 90\n{top}")


def loop(*body: str, timed: str = TIMED, silent: str = SILENT, before: tuple[str, ...] = ()) -> str:
    return patient(*before, "while True:", *(f"    {line}" for line in (timed, silent, *body)))


def pinging(test: str) -> str:
    return loop(f"try: is_ping = {test}", "except ValueError: is_ping = False", PONG)


class TestPatience(MoreAnswers):
    exercise = ex.patience
    imports = "from time import perf_counter as clock"
    subtle: ClassVar = {
        "a constant, as the task says": (
            "`self.patience`",  # too late, and on a slow machine, where the check's times grow, too soon
            loop(*READ_PING, PONG, timed=TIMED.replace("self.patience", "0.5")),
        ),
        "90 s": ("still connected", loop(*READ_PING, PONG, timed=TIMED.replace("self.patience", "90"))),
        "the class's number": ("still connected", loop(*READ_PING, PONG, timed=TIMED.replace("self.", "Answer."))),
        "twice too slow": (
            "too late",
            loop(*READ_PING, PONG, timed=TIMED.replace("self.patience", "2 * self.patience")),
        ),
        "too strict": (
            "closed his connection",
            loop(*READ_PING, PONG, timed=TIMED.replace("patience", "patience / 10")),
        ),
        "a little too strict": ("too soon", loop(*READ_PING, PONG, timed=TIMED.replace("patience", "patience * 0.8"))),
        "a whole second": (
            "`self.patience`",  # too late, and on a slow machine, where the check's times grow, too soon
            loop(*READ_PING, PONG, timed=TIMED.replace("self.patience", "max(1, int(self.patience))")),
        ),
        "only pings count": (
            "closed his connection",
            patient(
                "last = clock()",
                "while True:",
                "    try: m = await asyncio.wait_for(ws.recv(), last + self.patience - clock())",
                f"    {SILENT}",
                *(f"    {line}" for line in READ_PING),
                "    if is_ping: last = clock()",
                f"    {PONG}",
            ),
        ),
        "empty messages do not count": (
            "closed his connection",
            patient(
                "last = clock()",
                "while True:",
                "    try: m = await asyncio.wait_for(ws.recv(), last + self.patience - clock())",
                f"    {SILENT}",
                "    if not m or m == 'hello': continue",
                "    last = clock()",
                *(f"    {line}" for line in READ_PING),
                f"    {PONG}",
            ),
        ),
        "one time for all clients": (
            "too late",
            patient(
                "self.last = clock()",
                "async def look():",
                "    while clock() < self.last + self.patience: await asyncio.sleep(0.01)",
                "    await ws.close(4000, 'silent')",
                "task = asyncio.create_task(look())",
                "async for m in ws:",
                "    self.last = clock()",
                *(f"    {line}" for line in READ_PING),
                f"    {PONG}",
                "task.cancel()",
            ),
        ),
        "looks each second": (
            "too late",
            patient(
                "last = clock()",
                "async def look():",
                "    while clock() < last + self.patience: await asyncio.sleep(1)",
                "    await ws.close(4000, 'silent')",
                "task = asyncio.create_task(look())",
                "async for m in ws:",
                "    last = clock()",
                *(f"    {line}" for line in READ_PING),
                f"    {PONG}",
                "task.cancel()",
            ),
        ),
        "a pong for everybody": (
            "",
            loop(*READ_PING, "if is_ping:", '    for c in list(self.connections): await c.send(\'{"type":"pong"}\')'),
        ),
        "two pongs": ("more than one answer", loop(*READ_PING, PONG, PONG)),
        "a binary pong": ("binary message", loop(*READ_PING, PONG.replace("'{", "b'{"))),
        "a pong with more in it": ("did not receive the pong", loop(*READ_PING, PONG.replace('"}', '","n":1}'))),
        "a word is enough": ("isn't a ping", pinging("'ping' in m if isinstance(m, str) else False")),
        "lower": ("isn't a ping", pinging("isinstance(m, str) and json.loads(m.lower()) == {'type': 'ping'}")),
        "the word in a list": ("isn't a ping", pinging("'\"type\":\"ping\"' in str(m).replace(' ', '')")),
        "dies of a list": ("raised", pinging("json.loads(m).get('type') == 'ping'")),
        "dies of an empty message": (
            "raised",
            loop("is_ping = m[0] == '{' and json.loads(m) == {'type':'ping'}", PONG),
        ),
        "an error for others": ("isn't a ping", loop(*READ_PING, PONG, "else: await ws.send('error')")),
        "other messages end it": ("Ignore such", loop(*READ_PING, "if not is_ping: return await ws.close(1008)", PONG)),
        "only the first three pings": (
            "",
            loop(*READ_PING, "n += is_ping", "is_ping = is_ping and n <= 3", PONG, before=("n = 0",)),
        ),
        "the first client only": ("", loop(*READ_PING, "is_ping = is_ping and ws.name.endswith('1')", PONG)),
        "handler outlives its client": (
            "still running",
            patient(
                "while True:",
                "    try:",
                "        m = await asyncio.wait_for(ws.recv(), self.patience)",
                "        if json.loads(m) == {'type': 'ping'}: await ws.send('{\"type\":\"pong\"}')",
                "    except TimeoutError: return await ws.close(4000, 'silent')",
                "    except Exception: await asyncio.sleep(0)",
            ),
        ),
        "the reason in capitals": (
            "the reason is 'Silent'",
            loop(*READ_PING, PONG, silent=SILENT.replace("'silent'", "'Silent'")),
        ),
        "drops": ("1006", loop(*READ_PING, PONG, silent="except TimeoutError: return ws.transport.abort()")),
        "an await is gone": ("", loop(*READ_PING, PONG, silent="except TimeoutError: return ws.close(4000, 'silent')")),
    }
    right: ClassVar = {
        "a timeout around recv": loop(
            *READ_PING,
            PONG,
            timed="\n            ".join(
                ("try:", "    async with asyncio.timeout(self.patience):", "        m = await ws.recv()")
            ),
        ),
        "a watchdog task": patient(
            "last = clock()",
            "async def look():",
            "    while (left := last + self.patience - clock()) > 0: await asyncio.sleep(left)",
            "    await ws.close(4000, 'silent')",
            "task = asyncio.create_task(look())",
            "try:",
            "    async for m in ws:",
            "        last = clock()",
            *(f"        {line}" for line in READ_PING),
            f"        {PONG}",
            "finally: task.cancel()",
        ),
        "call_later": patient(
            "loop = asyncio.get_running_loop()",
            "def end(): tasks.append(asyncio.create_task(ws.close(4000, 'silent')))",
            "tasks, handle = [], loop.call_later(self.patience, lambda: end())",
            "async for m in ws:",
            "    handle.cancel()",
            "    handle = loop.call_later(self.patience, end)",
            *(f"    {line}" for line in READ_PING),
            f"    {PONG}",
            "handle.cancel()",
        ),
        "asyncio.wait": patient(
            "reading = asyncio.create_task(ws.recv())",
            "while (await asyncio.wait([reading], timeout=self.patience))[0]:",
            "    m = reading.result()",
            *(f"    {line}" for line in READ_PING),
            f"    {PONG}",
            "    reading = asyncio.create_task(ws.recv())",
            "reading.cancel()",
            "await ws.close(code=4000, reason='silent')",
        ),
        "match and suppress": "from contextlib import suppress\n"
        + loop(
            "with suppress(ValueError):",
            "    match json.loads(m):",
            "        case {'type': 'ping', **rest} if not rest: await ws.send(json.dumps({'type': 'pong'}))",
        ),
        "recursion": "import itertools\n"
        + patient(
            "for _ in itertools.count():",
            "    try: m = await asyncio.wait_for(anext(aiter(ws)), self.patience)",
            "    except StopAsyncIteration: return",
            f"    {SILENT}",
            *(f"    {line}" for line in READ_PING),
            f"    {PONG}",
        ),
        "a TaskGroup": patient(
            "news = asyncio.Event()",
            "async def look():",
            "    while True:",
            "        try: await asyncio.wait_for(news.wait(), self.patience)",
            "        except TimeoutError: return await ws.close(4000, 'silent')",
            "        news.clear()",
            "async with asyncio.TaskGroup() as group:",
            "    task = group.create_task(look())",
            "    async for m in ws:",
            "        news.set()",
            *(f"        {line}" for line in READ_PING),
            f"        {PONG}",
            "    task.cancel()",
        ).replace("async with asyncio.TaskGroup", "try:\n          async with asyncio.TaskGroup")
        + """
        except* ConnectionClosed: pass""",
    }


def waits(body: str, top: str = "") -> str:
    return f"{top}\n{function('def backoff(base, cap, rng)', body)}"


def doubling(
    wait: str = "rng.uniform(0, limit)", grow: str = "min(cap, 2 * limit)", begin: str = "min(cap, base)"
) -> str:
    return waits(f"limit = {begin}\nwhile True:\n    yield {wait}\n    limit = {grow}")


class TestBackoff(MoreAnswers):
    exercise = ex.backoff
    imports = "import itertools, math, random\nfrom decimal import Decimal\nfrom fractions import Fraction"
    subtle: ClassVar = {
        "the cap of the check": ("", doubling(grow="min(20, 2 * limit)")),
        "the base of the check": ("", doubling(begin="min(cap, 0.5)")),
        "whole seconds": ("Every client waits", doubling("round(rng.uniform(0, limit))")),
        "tenths": ("different waits", doubling("round(rng.uniform(0, limit), 1)")),
        "hundredths": ("different waits", doubling("round(rng.uniform(0, limit), 2)")),
        "caps the wait": (
            "limit the range",
            waits("""
for n in itertools.count():
    yield min(cap, rng.uniform(0, base * 2 ** min(n, 60)))"""),
        ),
        "one draw for each client": (
            "Draw anew",
            doubling("x * limit").replace("    limit = min(cap, b", "    x = rng.random()\n    limit = min(cap, b"),
        ),
        "the waits on the way down": (
            "Draw anew",
            doubling("(x if n else 1 - x) * limit").replace(
                "    limit = min(cap, b", "    x = rng.random()\n    n = 1\n    limit = min(cap, b"
            ),
        ),
        "a state of all clients": (
            "",
            waits(
                """
state.setdefault("limit", min(cap, base))
while True:
    yield rng.uniform(0, state["limit"])
    state["limit"] = min(cap, 2 * state["limit"])""",
                "state = {}",
            ),
        ),
        "a state that a new client resets": (
            "",
            waits(
                """
state["limit"] = min(cap, base)
while True:
    yield rng.uniform(0, state["limit"])
    state["limit"] = min(cap, 2 * state["limit"])""",
                "state = {}",
            ),
        ),
        "begins again after 50 waits": (
            "many waits",
            waits("""
for n in itertools.count():
    yield rng.uniform(0, min(cap, base * 2 ** (n % 50)))"""),
        ),
        "ends after 1,000": (
            "Your generator ended",
            waits("""
for n in range(1000):
    yield rng.uniform(0, min(cap, base * 2 ** min(n, 60)))"""),
        ),
        "grows by 1.9": ("too slowly", doubling(grow="min(cap, 1.9 * limit)")),
        "grows by 2.1": ("too fast", doubling(grow="min(cap, 2.1 * limit)")),
        "adds base": ("too slowly", doubling(grow="min(cap, limit + base)")),
        "squares": ("too fast", doubling(grow="min(cap, 4 * limit)")),
        "from a tenth": ("from 0", doubling("rng.uniform(0.1 * limit, limit)")),
        "triangular": ("evenly", doubling("rng.triangular(0, limit)")),
        "the sum of two": ("evenly", doubling("(rng.random() + rng.random()) / 2 * limit")),
        "0.9 of the limit": ("", doubling("rng.uniform(0, 0.9 * limit)")),
        "a little above": ("", doubling("rng.uniform(0, 1.1 * limit)")),
        "a cap of 0 is lost": (
            "must be 0",
            doubling("rng.uniform(0, limit)", "min(cap or math.inf, 2 * limit)", "min(cap or math.inf, base)"),
        ),
        "a base of 0 is lost": ("must be 0", doubling(begin="min(cap, base or 1)")),
        "its own Random": (
            "same seed",
            doubling("own.uniform(0, limit)").replace("    limit = m", "    own = random.Random()\n    limit = m", 1),
        ),
        "the same Random for all": (
            "Every client waits",
            doubling("own.uniform(0, limit)").replace("    limit = m", "    own = random.Random(1)\n    limit = m", 1),
        ),
        "the first wait is base": (
            "Every client waits",
            waits("""
yield min(cap, base)
limit = min(cap, 2 * base)
while True:
    yield rng.uniform(0, limit)
    limit = min(cap, 2 * limit)"""),
        ),
        "decorrelated": (
            "",
            waits("""
wait = min(cap, base)
while True:
    wait = min(cap, rng.uniform(base, 3 * wait))
    yield wait"""),
        ),
        "each limit twice": (
            "too slowly",
            doubling().replace("    yield rng", "    yield rng.uniform(0, limit)\n        yield rng"),
        ),
        "a list": ("Use `yield`", waits("return [rng.uniform(0, min(cap, base * 2 ** n)) for n in range(99)]")),
        "a bool": ("Yield a number", doubling("bool(rng.uniform(0, limit))")),
        "not a number": ("", doubling("float('nan')")),
        "milliseconds": ("the cap is", doubling("1000 * rng.uniform(0, limit)")),
    }
    right: ClassVar = {
        "count": waits("for n in itertools.count(): yield rng.uniform(0, min(cap, base * 2 ** min(n, 60)))"),
        "a generator expression": waits(
            "return (rng.uniform(0, min(cap, base * 2 ** min(n, 60))) for n in itertools.count())"
        ),
        "map": waits("return map(lambda n: rng.random() * min(cap, base * (1 << min(n, 99))), itertools.count())"),
        "accumulate": waits("""
limits = itertools.accumulate(itertools.repeat(2), lambda limit, two: min(cap, two * limit), initial=min(cap, base))
for limit in limits: yield (1 - rng.random()) * limit"""),
        "an iterator": """
class Waits:
    def __init__(self, base, cap, rng): self.limit, self.cap, self.rng = min(base, cap), cap, rng
    def __iter__(self): return self
    def __next__(self):
        limit, self.limit = self.limit, min(self.cap, 2 * self.limit)
        return self.rng.uniform(0, limit)""",
        "a closure": waits("""
limit = min(cap, base)
def draw():
    nonlocal limit
    wait, limit = rng.uniform(0, limit), min(cap, 2 * limit)
    return wait
return iter(draw, None)"""),
        "Fractions": doubling("Fraction(rng.random()) * Fraction(limit)"),
        "Decimals": doubling("Decimal(rng.uniform(0, limit))"),
        "yield from": waits("""
while base < cap:
    yield rng.uniform(0, base)
    if not base: continue
    base *= 2
yield from iter(lambda: rng.uniform(0, cap), None)"""),
        "drawn by numbers": doubling("rng.randrange(2 ** 53) / 2 ** 53 * limit"),
        "a lambda": doubling() + "\nanswer = lambda base, cap, rng: backoff(base, cap, rng)",
    }
