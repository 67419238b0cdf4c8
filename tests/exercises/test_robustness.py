"""Exercises of lesson 07."""

from exercise_cases import FunctionExercise, ServerExercise, handler

from wslearn.exercises import robustness as ex


def bucket(take: str, begin: str = "burst") -> str:
    """Return the code of a bucket with these lines in `take`."""
    lines = "".join(f"\n        {line}" for line in take.strip().splitlines())
    return f"""
class Bucket:
    def __init__(self, rate, burst, clock):
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens, self.filled_at = {begin}, clock()

    def take(self):{lines}
"""


NEW = "(now - self.filled_at) * self.rate"
LOOKED = "self.filled_at = now\n"
FILL = f"now = self.clock()\nself.tokens = min(self.burst, self.tokens + {NEW})\n{LOOKED}"
TAKE = """if self.tokens < 1:
    return False
self.tokens -= 1
return True"""
SPEND = """self.tokens -= 1
return self.tokens >= 0"""


class TestTokenBucket(FunctionExercise):
    exercise = ex.token_bucket
    wrong = {  # noqa: RUF012
        "must be full": bucket(FILL + TAKE, begin="0"),
        "must use one up": bucket(FILL + "return self.tokens >= 1"),
        "and no token came. In `take()` ask": bucket(TAKE),
        "A `take()` that was refused has cost a token": bucket(FILL + SPEND),
        "the bucket was full again": bucket(
            "if self.clock() - self.filled_at >= 1:\n"
            "    self.tokens, self.filled_at = self.burst, self.clock()\n" + TAKE
        ),
        "was counted again with each": bucket(FILL.replace(LOOKED, "") + TAKE),
        "counted more than once": bucket(
            FILL.replace(LOOKED, "") + TAKE.replace("-= 1\n", f"-= 1\n{LOOKED}")
        ),
        "Half a token is not a token": bucket(FILL + TAKE.replace("self.tokens < 1", "self.tokens <= 0")),
        "do not round": bucket(FILL.replace(NEW, f"int({NEW})") + TAKE),
        "`min(self.burst, …)`": bucket(FILL.replace("min(self.burst, ", "max(0, ") + TAKE),
        "must return `True` or `False`": bucket(FILL + "if self.tokens >= 1:\n    self.tokens -= 1"),
    }  # fmt: skip

    async def test_what_is_no_method_take_is_told(self):
        empty = "class Bucket:\n    def __init__(self, *numbers): pass"
        for code in (empty, bucket("pass").replace("def take", "async def take")):
            result = await self.check(code)
            assert "needs a method `def take(self):`" in result.message

    async def test_the_lesson_s_own_bucket_is_right(self):
        assert await self.check("from wslearn.limits import TokenBucket")


def capitals(*lines: str) -> str:
    """Return the code of a server with these lines for each message."""
    return handler("async for data in ws:", *(f"    {line}" for line in lines))


GOOD = 'await ws.send(json.dumps({"message": json.loads(data)["message"].upper()}))'
HELP = 'await ws.send(json.dumps({"type": "error", "message": "expected a message"}))'


def tried(errors: str, *answer: str, good: str = GOOD) -> str:
    return capitals("try:", f"    {good}", f"except {errors}:", *(f"    {line}" for line in answer))


ALL = "(ValueError, TypeError, KeyError, AttributeError, RecursionError)"


class TestUsefulError(ServerExercise):
    exercise = ex.useful_error
    wrong = {  # noqa: RUF012
        "A text that is no JSON ended the connection (1011)": capitals(GOOD),
        "A JSON list ended the connection (1011)": tried("ValueError", HELP),
        "An object without `message` ended the connection (1011)": tried("(ValueError, TypeError)", HELP),
        "A `message` that is a number ended": tried("(ValueError, TypeError, KeyError)", HELP),
        "`json.loads` raises RecursionError, which is no ValueError": tried(ALL.replace(", RecursionError", ""), HELP),
        "and then the connection was closed (1008)": tried(ALL, HELP, "await ws.close(1008)"),
        "got no answer. Silence helps nobody": tried(ALL, "continue"),
        "got an error that does not help": tried(ALL, HELP.replace("expected a message", "bad JSON")),
        'answered with JSON: `{"type": "error"': tried(ALL, "await ws.send('expected a message')"),
        'A `message` that is a number was answered without `"type": "error"`': tried(
            ALL, HELP, good=GOOD.replace('json.loads(data)["message"]', 'str(json.loads(data)["message"])')
        ),
        "A good message must be answered with JSON": capitals('await ws.send(json.loads(data)["message"].upper())'),
        "answer `ws`, and nobody else": tried(ALL, f"for ws in list(self.connections): {HELP}"),
    }  # fmt: skip

    async def test_the_package_s_own_way_is_right(self):
        assert await self.check(
            "from wslearn.messages import Say\n"
            + handler("async for said in ws.receive(Say):", "    await ws.say(Say(said.message.upper()))")
        )


def goodbye(*lines: str) -> str:
    return "\n".join(["async def goodbye(connections, seconds):", *(f"    {line}" for line in lines)])


ABORT = "for ws in connections: ws.transport.abort()"
WAIT = "if tasks: await asyncio.wait(tasks, timeout=seconds)"
ASK_ALL = "tasks = [asyncio.create_task(ws.close(1001)) for ws in connections]"


class TestGoodbye(FunctionExercise):
    exercise = ex.goodbye
    wrong = {  # noqa: RUF012
        "those behind it heard nothing": goodbye("for ws in connections: await ws.close(1001)", ABORT),
        "because the times add up": goodbye(
            "for ws in connections:",
            "    try: await asyncio.wait_for(ws.close(1001), seconds)",
            "    except TimeoutError: ws.transport.abort()",
        ),
        "hardly any time left to answer": goodbye(
            "for ws in connections:",
            "    try: await asyncio.wait_for(ws.close(1001), seconds / len(connections))",
            "    except TimeoutError: ws.transport.abort()",
        ),
        "went on waiting for clients that never answer": goodbye(
            "await asyncio.gather(*(ws.close(1001) for ws in connections))", ABORT
        ),
        "Closed with 1000": goodbye(
            "await asyncio.wait([asyncio.create_task(ws.close()) for ws in connections], timeout=seconds)", ABORT
        ),
        "Closed with 1011": goodbye(ASK_ALL.replace("1001", "1011"), "await asyncio.wait(tasks, timeout=seconds)"),
        "cut off without a goodbye": goodbye(ABORT),
        "was not told": goodbye("pass"),
        "return as soon as all connections are closed": goodbye(ASK_ALL, "await asyncio.sleep(seconds)", ABORT),
        "still connected: `ws.transport.abort()` ends them": goodbye(ASK_ALL, WAIT),
        "`goodbye` raised ValueError": goodbye(ASK_ALL, "await asyncio.wait(tasks, timeout=seconds)", ABORT),
    }  # fmt: skip

    async def test_waiting_with_wait_is_right_too(self):
        assert await self.check(goodbye(ASK_ALL, WAIT, ABORT))
