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
        "must use up one token": bucket(FILL + "return self.tokens >= 1"),
        "but no token arrived. In `take()`, call": bucket(TAKE),
        "A `take()` that was refused cost a token": bucket(FILL + SPEND),
        "the bucket was full again": bucket(
            "if self.clock() - self.filled_at >= 1:\n"
            "    self.tokens, self.filled_at = self.burst, self.clock()\n" + TAKE
        ),
        "was counted again by each": bucket(FILL.replace(LOOKED, "") + TAKE),
        "counted more than once": bucket(
            FILL.replace(LOOKED, "") + TAKE.replace("-= 1\n", f"-= 1\n{LOOKED}")
        ),
        "Ask whether there is a whole token": bucket(FILL + TAKE.replace("self.tokens < 1", "self.tokens <= 0")),
        "do not round": bucket(FILL.replace(NEW, f"int({NEW})") + TAKE),
        "`min(self.burst, …)`": bucket(FILL.replace("min(self.burst, ", "max(0, ") + TAKE),
        "must always return `True` or `False`": bucket(FILL + "if self.tokens >= 1:\n    self.tokens -= 1"),
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
        "sent text that isn't valid JSON, and was disconnected": capitals(GOOD),
        "sent a JSON list, and was disconnected": tried("ValueError", HELP),
        "sent an object without `message`, and was disconnected": tried("(ValueError, TypeError)", HELP),
        "whose `message` is a number, and was disconnected": tried("(ValueError, TypeError, KeyError)", HELP),
        "RecursionError, which isn't a ValueError), and was dis": tried(ALL.replace(", RecursionError", ""), HELP),
        "got an error, and was disconnected": tried(ALL, HELP, "await ws.close(1008)"),
        "got no answer. Tell her what you expected": tried(ALL, "continue"),
        "error doesn't help": tried(ALL, HELP.replace("expected a message", "bad JSON")),
        'The answer should be JSON, `{"type": "error"': tried(ALL, "await ws.send('expected a message')"),
        'whose `message` is a number. The answer needs `"type": "error"`': tried(
            ALL, HELP, good=GOOD.replace('json.loads(data)["message"]', 'str(json.loads(data)["message"])')
        ),
        "The answer to a valid message should be JSON": capitals('await ws.send(json.loads(data)["message"].upper())'),
        "Answer only `ws`": tried(ALL, f"for ws in list(self.connections): {HELP}"),
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
    at_once = 4
    wrong = {  # noqa: RUF012
        "held up the shutdown": goodbye("for ws in connections: await ws.close(1001)", ABORT),
        "and those add up": goodbye(
            "for ws in connections:",
            "    try: await asyncio.wait_for(ws.close(1001), seconds)",
            "    except TimeoutError: ws.transport.abort()",
        ),
        "hardly any time to answer": goodbye(
            "for ws in connections:",
            "    try: await asyncio.wait_for(ws.close(1001), seconds / len(connections))",
            "    except TimeoutError: ws.transport.abort()",
        ),
        "but then waited for those that never answer": goodbye(
            "await asyncio.gather(*(ws.close(1001) for ws in connections))", ABORT
        ),
        "was closed with 1000": goodbye(
            "await asyncio.wait([asyncio.create_task(ws.close()) for ws in connections], timeout=seconds)", ABORT
        ),
        "was closed with 1011": goodbye(ASK_ALL.replace("1001", "1011"), "await asyncio.wait(tasks, timeout=seconds)"),
        "You dropped Ann without a closing handshake": goodbye(ABORT),
        "did not close the connection": goodbye("pass"),
        "Return as soon as all are closed": goodbye(ASK_ALL, "await asyncio.sleep(seconds)", ABORT),
        "still connected. Drop them with `ws.transport.abort()`": goodbye(ASK_ALL, WAIT),
        "`goodbye` raised ValueError": goodbye(ASK_ALL, "await asyncio.wait(tasks, timeout=seconds)", ABORT),
    }  # fmt: skip

    async def test_waiting_with_wait_is_right_too(self):
        assert await self.check(goodbye(ASK_ALL, WAIT, ABORT))
