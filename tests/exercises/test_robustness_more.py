"""Exercises of lesson 07: subtly wrong answers, and right ones in other styles."""

from typing import ClassVar

import pytest
from exercise_cases import MoreAnswers, handler

from wslearn.exercises import robustness as ex

#: The checks measure times, and several run at once here.
pytestmark = pytest.mark.clock


def bucket(take: str, init: str = "self.tokens, self.at = burst, clock()", top: str = "") -> str:
    lines = "".join(f"\n        {line}" for line in take.strip().splitlines())
    return f"""
class Bucket:
    {top}
    def __init__(self, rate, burst, clock):
        self.rate, self.burst, self.clock = rate, burst, clock
        {init}

    def take(self):{lines}
"""


NOW = "now = self.clock()\n"
FILL = f"{NOW}self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)\nself.at = now\n"
TAKE = "if self.tokens < 1: return False\nself.tokens -= 1\nreturn True"
RIGHT = FILL + TAKE


class TestTokenBucket(MoreAnswers):
    exercise = ex.token_bucket
    imports = (
        "from collections import deque\nfrom dataclasses import dataclass\nfrom fractions import Fraction\n"
        "from types import SimpleNamespace\nimport math"
    )
    subtle: ClassVar = {
        "the rate of the check": ("Use `rate`", bucket(RIGHT.replace("self.rate", "2"))),
        "the burst of the check": (
            "should be full",
            bucket(RIGHT.replace("self.burst", "5"), "self.tokens, self.at = 5, clock()"),
        ),
        "full by a constant": ("A third bucket", bucket(RIGHT, "self.tokens, self.at = 5, clock()")),
        "a limit by a constant": ("should be full", bucket(RIGHT.replace("self.burst", "5"))),
        "tokens of the class": (
            "",
            bucket(RIGHT.replace("self.tokens", "Bucket.tokens"), "Bucket.tokens, self.at = burst, clock()"),
        ),
        "times of the class": (
            "",
            bucket(RIGHT.replace("self.at", "Bucket.at"), "self.tokens, Bucket.at = burst, clock()"),
        ),
        "all of the class": (
            "",
            bucket(RIGHT.replace("self.", "Bucket."), "Bucket.tokens, Bucket.at = burst, clock()").replace(
                "self.rate, self.burst, self.clock", "Bucket.rate, Bucket.burst, Bucket.clock"
            ),
        ),
        "more than one token": ("One token is enough", bucket(RIGHT.replace("< 1", "<= 1"))),
        "any part of a token": ("whole token", bucket(RIGHT.replace("< 1", "<= 0"))),
        "half a token": ("whole token", bucket(RIGHT.replace("< 1", "< 0.5"))),
        "rounds down the tokens": (
            "do not round",
            bucket(RIGHT.replace("(now - self.at) * self.rate)", "int((now - self.at) * self.rate))")),
        ),
        "rounds the tokens": (
            "whole token",
            bucket(RIGHT.replace("(now - self.at) * self.rate)", "math.ceil((now - self.at) * self.rate))")),
        ),
        "rounds the tokens to hundredths": (
            "round",
            bucket(RIGHT.replace("(now - self.at) * self.rate)", "round((now - self.at) * self.rate, 2))")),
        ),
        "whole seconds": (
            "",
            bucket(RIGHT.replace("self.clock()", "int(self.clock())"), "self.tokens, self.at = burst, int(clock())"),
        ),
        "another clock": (
            "no other clock",
            bucket(RIGHT.replace("self.clock()", "time.monotonic()"), "self.tokens, self.at = burst, time.monotonic()"),
        ),
        "two clocks": ("", bucket(RIGHT, "self.tokens, self.at = burst, time.monotonic()")),
        "a falsy time": (
            "",
            bucket(
                f"{NOW}if self.at:\n    self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)\n"
                f"self.at = now\n{TAKE}"
            ),
        ),
        "a falsy burst": (
            "`burst` 0",
            bucket(RIGHT.replace("self.burst", "(self.burst or 5)"), "self.tokens, self.at = burst or 5, clock()"),
        ),
        "the rest is lost with each token": (
            "that is left",
            bucket(RIGHT.replace("self.tokens -= 1", "self.tokens = int(self.tokens) - 1")),
        ),
        "full after a pause": (
            "the bucket was full again",
            bucket(f"{NOW}if now - self.at >= 1: self.tokens = self.burst\nself.at = now\n{TAKE}"),
        ),
        "no limit": ("`min(self.burst, …)`", bucket(RIGHT.replace("min(self.burst, ", "max(0, "))),
        "a limit one too high": ("`min(self.burst, …)`", bucket(RIGHT.replace("min(self.burst", "min(self.burst + 1"))),
        "a limit only at the start": (
            "",
            bucket(RIGHT.replace("min(self.burst, ", "(").replace("self.tokens <", "self.tokens <")),
        ),
        "the full bucket keeps a rest": (
            "kept the fraction",
            bucket(
                f"{NOW}new = int((now - self.at) * self.rate)\nself.tokens = min(self.burst, self.tokens + new)\n"
                f"self.at += new / self.rate\n{TAKE}"
            ),
        ),
        "two tokens each": ("must be full", bucket(RIGHT.replace("-= 1", "-= 2"))),
        "a refused call costs": ("refused cost a token", bucket(FILL + "self.tokens -= 1\nreturn self.tokens >= 0")),
        "a refused call costs its time": (
            "",
            bucket(FILL + "if self.tokens < 1:\n    self.tokens = 0\n    return False\nself.tokens -= 1\nreturn True"),
        ),
        "a sliding window": (
            "",
            bucket(
                f"""{NOW}while self.taken and self.taken[0] <= now - self.burst / self.rate: self.taken.popleft()
if len(self.taken) >= self.burst: return False
self.taken.append(now)
return True""",
                "self.taken = deque()",
            ),
        ),
        "starts empty, at time 0": ("should be full", bucket(RIGHT, "self.tokens, self.at = 0, 0")),
        "twice too slow": ("", bucket(RIGHT.replace("* self.rate", "* self.rate / 2"))),
        "a number": ("must always return", bucket(FILL + "if self.tokens < 1: return 0\nself.tokens -= 1\nreturn 1")),
        "None": ("must always return", bucket(FILL + "if self.tokens >= 1:\n    self.tokens -= 1\n    return True")),
        "async": ("needs a method", bucket(RIGHT).replace("def take", "async def take")),
    }
    right: ClassVar = {
        "a dataclass": """
@dataclass
class Bucket:
    rate: float
    burst: float
    clock: object

    def __post_init__(self): self.tokens, self.at = self.burst, self.clock()

    def take(self):
        now = self.clock()
        self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
        if found := self.tokens >= 1: self.tokens -= 1
        return found
""",
        "a closure": """
def bucket(rate, burst, clock):
    tokens, at = burst, clock()
    def take():
        nonlocal tokens, at
        now = clock()
        tokens, at = min(burst, tokens + (now - at) * rate), now
        right = tokens >= 1
        tokens -= right
        return right
    return SimpleNamespace(take=take)
""",
        "a generator": """
def tokens(rate, burst, clock):
    left, at = burst, clock()
    while True:
        now = clock()
        left, at = min(burst, left + (now - at) * rate), now
        if left >= 1:
            left -= 1
            yield True
        else: yield False

class Bucket:
    def __init__(self, rate, burst, clock): self.take = tokens(rate, burst, clock).__next__
""",
        "the time of the next token": bucket(
            """
now = self.clock()
self.full_at = max(self.full_at, now)
if self.full_at + 1 / self.rate > now + self.burst / self.rate + 1e-9: return False
self.full_at += 1 / self.rate
return True""",
            "self.full_at = clock()",
        ),
        "Fractions": bucket(
            RIGHT.replace("self.clock()", "Fraction(self.clock())"),
            "self.tokens, self.at = Fraction(burst), Fraction(clock())",
        ),
        "lazy": bucket(f"{NOW}if self.at is None: self.at = now\n{RIGHT}", "self.tokens, self.at = burst, None"),
        "slots and a property": """
class Bucket:
    __slots__ = ("rate", "burst", "clock", "at", "left")

    def __init__(self, rate, burst, clock):
        self.rate, self.burst, self.clock, self.at, self.left = rate, burst, clock, clock(), burst

    @property
    def tokens(self): return min(self.burst, self.left + (self.clock() - self.at) * self.rate)

    def take(self):
        self.left, self.at = self.tokens, self.clock()
        if self.left < 1: return False
        self.left -= 1
        return True
""",
    }


HELP = 'await ws.send(json.dumps({"type": "error", "message": "expected a message"}))'
ERRORS = "(ValueError, TypeError, KeyError, AttributeError, RecursionError)"
TEXT = 'text = json.loads(data)["message"]'
LOUD = 'await ws.send(json.dumps({"message": text.upper()}))'


def capitals(*lines: str) -> str:
    return handler("async for data in ws:", *(f"    {line}" for line in lines))


def tried(good: str = f"{TEXT}; {LOUD}", errors: str = ERRORS, *answer: str) -> str:
    return capitals("try:", f"    {good}", f"except {errors}:", *(f"    {line}" for line in answer or (HELP,)))


class TestUsefulError(MoreAnswers):
    exercise = ex.useful_error
    subtle: ClassVar = {
        "ASCII only": (
            "knows all letters",
            tried(
                f"{TEXT}; text = ''.join(c.upper() if c.isascii() else c for c in text); {LOUD.replace('.upper()', '')}"
            ),
        ),
        "swapcase": ("", tried(f"{TEXT}; text = text.swapcase(); {LOUD}".replace(".upper()", ""))),
        "title": ("Use `json.dumps`", tried(f"{TEXT}; {LOUD.replace('upper', 'title')}")),
        "strip": ("", tried(f"{TEXT}; {LOUD.replace('upper()', 'upper().strip(chr(33))')}")),
        "an empty string is refused": ("empty string", tried(f"{TEXT} or None; {LOUD}")),
        "an empty string is skipped": (
            "empty string",
            capitals("try: " + TEXT, f"except {ERRORS}: text = None", f"if text: {LOUD}", f"elif text != '': {HELP}"),
        ),
        "letters only": (
            "Every string is valid",
            tried(f"{TEXT}; text = text if text.replace(', ', '').isalpha() else None; {LOUD}").replace(
                "text.replace(', ', '').isalpha()", "not set('0123456789') & set(text)"
            ),
        ),
        "str of all": ("", tried(f"{TEXT}; text = str(text); {LOUD}")),
        "null is an empty string": ("`null`", tried(f"{TEXT}; text = '' if text is None else text; {LOUD}")),
        "a default": ("without `message`", tried(f"text = json.loads(data).get('message', ''); {LOUD}")),
        "false is an empty string": ("", tried(f"{TEXT} or ''; {LOUD}")),
        "a list is joined": (
            "is a list",
            tried(f"{TEXT}; text = ''.join(text) if isinstance(text, list) else text; {LOUD}"),
        ),
        "in a list": (
            "list of objects",
            tried(
                f"found = json.loads(data); text = (found[0] if isinstance(found, list) else found)['message']; {LOUD}",
                ERRORS.replace(")", ", IndexError)"),
            ),
        ),
        "an empty list": (
            "a JSON list of objects",
            tried(
                f"found = json.loads(data); text = (found[0] if isinstance(found, list) else found)['message']; {LOUD}"
            ),
        ),
        "the beginning": (
            "at its beginning",
            tried(f"text = json.JSONDecoder().raw_decode(data)[0]['message']; {LOUD}"),
        ),
        "any case": (
            "not `message`",
            tried(f"text = {{k.lower(): v for k, v in json.loads(data).items()}}['message']; {LOUD}"),
        ),
        "nothing for an empty text": (
            "an empty text",
            capitals("if not data: continue", f"try: {TEXT}; {LOUD}", f"except {ERRORS}: {HELP}"),
        ),
        "nothing for falsy JSON": (
            "an empty object",
            capitals(
                "try:",
                "    if not (found := json.loads(data)): continue",
                f"    text = found['message']; {LOUD}",
                f"except {ERRORS}: {HELP}",
            ),
        ),
        "more in the answer": (
            "and no more",
            tried(f"{TEXT}; {LOUD.replace('text.upper()', 'text.upper(), chr(110): 1')}"),
        ),
        "two errors": ("", tried(f"{TEXT}; {LOUD}", ERRORS, HELP, HELP)),
        "the answer and an error": ("", tried(f"{TEXT}; {LOUD}; raise ValueError")),
        "the exception's text": (
            "doesn't help",
            tried(f"{TEXT}; {LOUD}", f"{ERRORS} as error", HELP.replace('"expected a message"', "str(error)")),
        ),
        "an error in plain text": (
            "should be JSON",
            tried(f"{TEXT}; {LOUD}", ERRORS, "await ws.send('expected a message')"),
        ),
        "an error of another type": (
            "doesn't help",
            tried(f"{TEXT}; {LOUD}", ERRORS, HELP.replace("expected a message", "invalid")),
        ),
        "Error": ('needs `"type": "error"`', tried(f"{TEXT}; {LOUD}", ERRORS, HELP.replace('"error"', '"Error"'))),
        "three mistakes at most": (
            "",
            handler(
                "mistakes = 0",
                "async for data in ws:",
                f"    try: {TEXT}; {LOUD}",
                f"    except {ERRORS}:",
                "        mistakes += 1",
                "        if mistakes > 3: return await ws.close(1008)",
                f"        {HELP}",
            ),
        ),
        "the last message of all": (
            "",
            handler(
                "async for self.data in ws:",
                "    await asyncio.sleep(0.001)",
                f"    try: {TEXT.replace('data)', 'self.data)')}; {LOUD}",
                f"    except {ERRORS}: {HELP}",
                "    self.data = 'x'",
            ),
        ),
        "UTF-8 only": (
            "half of a character",
            capitals(
                f"try: {TEXT}.upper()",
                f"except {ERRORS}: {HELP}",
                'else: await ws.send(json.dumps({"message": text}, ensure_ascii=False))',
            ),
        ),
        "an answer to everybody": (
            "",
            capitals(
                f"try: {TEXT}.upper()",
                f"except {ERRORS}: {HELP}",
                "else:",
                '    for c in list(self.connections): await c.send(json.dumps({"message": text}))',
            ),
        ),
        "outlives its client": (
            "",
            handler(
                "while True:",
                "    try:",
                "        data = await ws.recv()",
                f"        {TEXT}; {LOUD}",
                "    except Exception:",
                f"        try: {HELP}",
                "        except Exception: await asyncio.sleep(0)",
            ),
        ),
    }
    right: ClassVar = {
        "match": capitals(
            "try: found = json.loads(data)",
            "except (ValueError, RecursionError): found = None",
            "match found:",
            "    case {'message': str(text)}: " + LOUD,
            f"    case _: {HELP}",
        ),
        "isinstance": handler(
            "while True:",
            "    data = await ws.recv()",
            "    try: found = json.loads(data)",
            "    except (ValueError, RecursionError): found = None",
            "    if isinstance(found, dict) and isinstance(text := found.get('message'), str):",
            f"        {LOUD}",
            f"    else: {HELP}",
        ),
        "ws.receive": "from wslearn.messages import Say\n"
        + handler("async for said in ws.receive(Say): await ws.say(Say(message=said.message.upper()))"),
        "msgspec": """
import msgspec

class Said(msgspec.Struct):
    message: str
"""
        + handler(
            "async for data in ws:",
            "    try: text = msgspec.json.decode(data, type=Said).message",
            f"    except (msgspec.MsgspecError, ValueError, RecursionError): {HELP}",
            f"    else: {LOUD}",
        ),
        "a function": f"""
def reply(data):
    try:
        text = json.loads(data)["message"]
        if type(text) is not str: raise TypeError
        return {{"message": text.upper()}}
    except {ERRORS}:
        return dict(type="error", message='send {{"message": "…"}}')

{handler("async for data in ws: await ws.send(json.dumps(reply(data)))")}""",
        "catches all of one line": capitals(
            "try: loud = str.upper(json.loads(data)['message'])",
            "except Exception: " + HELP,
            "else: await ws.send(json.dumps({'message': loud}))",
        ),
    }


def goodbye(*lines: str) -> str:
    return "\n".join(["async def goodbye(connections, seconds):", *(f"    {line}" for line in lines)])


ABORT = "for ws in connections: ws.transport.abort()"
TASKS = "tasks = [asyncio.create_task(ws.close(1001)) for ws in connections]"
GATHER = "asyncio.gather(*(ws.close(1001) for ws in connections))"


def limited(limit: str, what: str = GATHER) -> str:
    return goodbye(f"try: await asyncio.wait_for({what}, {limit})", "except TimeoutError: pass", ABORT)


class TestGoodbye(MoreAnswers):
    exercise = ex.goodbye
    imports = "from contextlib import suppress\nfrom time import monotonic as clock"
    subtle: ClassVar = {
        "a constant": ("more time than `seconds`", limited("1")),
        "a short constant": ("too early", limited("0.1")),
        "the first number of the check": ("", limited("1.8")),
        "twice too long": ("more time than `seconds`", limited("3 * seconds")),
        "half of the time": ("too early", limited("seconds / 2")),
        "a tenth of the time": ("too early", limited("seconds / 10")),
        "0 is lost": ("", limited("seconds or 5")),
        "at least a second": ("more time than `seconds`", limited("max(1, seconds)")),
        "waits twice": (
            "more time than `seconds`",
            goodbye(TASKS, *2 * ["if tasks: await asyncio.wait(tasks, timeout=seconds)"], ABORT),
        ),
        "drops at once": ("did not wait for", goodbye(TASKS, "await asyncio.sleep(0.001)", ABORT)),
        "returns at once": (
            "",
            goodbye(
                "async def end():",
                f"    await asyncio.wait([asyncio.ensure_future({GATHER})], timeout=seconds)",
                f"    {ABORT}",
                "global task",
                "task = asyncio.create_task(end())",
            ),
        ),
        "the whole time": ("Return as soon as", goodbye(TASKS, "await asyncio.sleep(seconds)", ABORT)),
        "a second for all": (
            "Return as soon as",
            goodbye(
                TASKS,
                "await asyncio.sleep(min(1, seconds))",
                "if tasks: await asyncio.wait(tasks, timeout=seconds)",
                ABORT,
            ),
        ),
        "the whole time for slow clients": (
            "Return as soon as",
            goodbye(
                TASKS,
                "await asyncio.sleep(0.05)",
                "if not all(task.done() for task in tasks): await asyncio.sleep(seconds)",
                ABORT,
            ),
        ),
        "empties the list": (
            "changed the list",
            goodbye(
                TASKS,
                "if tasks: await asyncio.wait(tasks, timeout=seconds)",
                "while connections: connections.pop().transport.abort()",
            ),
        ),
        "sorts the list": (
            "changed the list",
            limited("seconds").replace(ABORT, f"{ABORT}\n    connections.reverse()"),
        ),
        "closes without abort": ("still connected", limited("seconds").replace("abort()", "close()")),
        "no abort": ("still connected", limited("seconds").replace(ABORT, "pass")),
        "only the first two": ("", goodbye("for ws in connections[:2]: await ws.close(1001)")),
        "five at a time": (
            "",
            goodbye(
                "async def end(ws):",
                "    async with slots: await ws.close(1001)",
                "slots = asyncio.Semaphore(5)",
                "try: await asyncio.wait_for(asyncio.gather(*map(end, connections)), seconds)",
                "except TimeoutError: pass",
                ABORT,
            ),
        ),
        "each has its own time": (
            "those add up",
            goodbye(
                "for ws in connections:",
                "    try: await asyncio.wait_for(ws.close(1001), seconds)",
                "    except TimeoutError: ws.transport.abort()",
            ),
        ),
        "each a part of the time": (
            "hardly any time",
            goodbye(
                "for ws in connections:",
                "    try: await asyncio.wait_for(ws.close(1001), seconds / len(connections))",
                "    except TimeoutError: ws.transport.abort()",
            ),
        ),
        "1000": ("closed with 1000", limited("seconds").replace("1001", "1000")),
        "no code": ("closed with 1000", limited("seconds").replace("1001", "")),
        "1012": ("closed with 1012", limited("seconds").replace("1001", "1012")),
        "the timeout gets out": (
            "TimeoutError",
            goodbye(f"async with asyncio.timeout(seconds): await {GATHER}", ABORT),
        ),
        "an await is gone": ("", goodbye("for ws in connections: ws.close(1001)", "await asyncio.sleep(0)", ABORT)),
        "blocks": ("", goodbye(TASKS, "time.sleep(seconds)", ABORT)),
        "waits for nobody": ("", goodbye(TASKS, "await asyncio.wait(tasks, timeout=seconds)", ABORT)),
        "the first that is done": (
            "",
            goodbye(
                TASKS, "if tasks: await asyncio.wait(tasks, timeout=seconds, return_when='FIRST_COMPLETED')", ABORT
            ),
        ),
    }
    right: ClassVar = {
        "wait_for": limited("seconds"),
        "wait": goodbye(
            TASKS, "if tasks:", "    done, late = await asyncio.wait(tasks, timeout=seconds)", "    " + ABORT
        ),
        "a TaskGroup": goodbye(
            "with suppress(TimeoutError):",
            "    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:",
            "        for ws in connections: group.create_task(ws.close(1001))",
            ABORT,
        ),
        "a time for each": goodbye(
            "async def end(ws):",
            "    try: await asyncio.wait_for(ws.close(code=1001, reason='bye'), seconds)",
            "    except TimeoutError: ws.transport.abort()",
            "await asyncio.gather(*map(end, connections))",
        ),
        "call_later": goodbye(
            "loop = asyncio.get_running_loop()",
            "handles = [loop.call_later(seconds, ws.transport.abort) for ws in connections]",
            "await asyncio.gather(*(ws.close(1001) for ws in connections), return_exceptions=True)",
            "for handle in handles: handle.cancel()",
        ),
        "looks again and again": goodbye(
            TASKS,
            "end = clock() + seconds",
            "while clock() < end and not all(task.done() for task in tasks): await asyncio.sleep(0.01)",
            ABORT,
        ),
        "a def that returns a coroutine": limited("seconds")
        + "\ndef answer(connections, seconds): return goodbye(connections, seconds)",
        "the time that is left": goodbye(
            TASKS,
            "end = clock() + seconds",
            "for task in tasks:",
            "    with suppress(TimeoutError): await asyncio.wait_for(asyncio.shield(task), max(0, end - clock()))",
            ABORT,
        ),
    }


NAME = "user = await ws.recv()"
FULL = "if self.slots[user] >= self.MOST: return await ws.close(1008, 'too many connections')"
COUNT = "self.slots[user] += 1"
LOOP = ("async for message in ws:", "    await ws.send(message)")
FREE = ("self.slots[user] -= 1", "if not self.slots[user]: del self.slots[user]")


def share(*lines: str, top: str = "", slots: str = "self.slots = Counter()") -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return f"""
{top}
class FairShare(Server):
    MOST = 2

    def __init__(self, **options):
        super().__init__(**options)
        {slots}

    async def handler(self, ws):
{body}"""


def serve(loop: tuple[str, ...] = LOOP, free: tuple[str, ...] = FREE) -> tuple[str, ...]:
    return ("try:", *(f"    {line}" for line in loop), "finally:", *(f"    {line}" for line in free))


class TestFairShare(MoreAnswers):
    exercise = ex.fair_share
    imports = "from collections import Counter, defaultdict\nfrom contextlib import contextmanager, suppress"
    subtle: ClassVar = {
        "a constant": ("`MOST` is 1 now", share(NAME, FULL.replace("self.MOST", "2"), COUNT, *serve())),
        "three": ("did not close her third", share(NAME, FULL.replace(">=", ">"), COUNT, *serve())),
        "one": ("Ann's second one", share(NAME, FULL.replace("self.MOST", "self.MOST - 1"), COUNT, *serve())),
        "slots of the class": (
            "Another server",
            share(NAME, FULL, COUNT, *serve(), slots="pass").replace("MOST = 2", "MOST = 2\n    slots = Counter()"),
        ),
        "slots of the module": (
            "Another server",
            share(NAME, FULL, COUNT, *serve(), slots="self.slots = SLOTS", top="SLOTS = Counter()"),
        ),
        "lower": ("isn't `Ann`", share(NAME + "; user = user.lower()", FULL, COUNT, *serve())),
        "strip": ("isn't `Ann`", share(NAME + "; user = user.strip()", FULL, COUNT, *serve())),
        "three letters": ("isn't `Ann`", share(NAME + "; user = user[:3]", FULL, COUNT, *serve())),
        "ASCII": ("isn't `Ann`", share(NAME + "; user = user.replace('Ä', 'A')", FULL, COUNT, *serve())),
        "startswith": (
            "isn't `Ann`",
            share(
                NAME,
                "if sum(n for u, n in self.slots.items() if u.startswith(user) or user.startswith(u)) >= self.MOST: "
                "return await "
                "ws.close(1008, 'too many connections')",
                COUNT,
                *serve(),
            ),
        ),
        "Ann only": ("but not Bob's", share(NAME, FULL.replace("if ", "if user == 'Ann' and "), COUNT, *serve())),
        "all together": ("", share(NAME, FULL.replace("self.slots[user]", "self.slots.total()"), COUNT, *serve())),
        "an await between": ("Put no `await`", share(NAME, FULL, "await asyncio.sleep(0.01)", COUNT, *serve())),
        "a ping between": ("Put no `await`", share(NAME, FULL, "await (await ws.ping())", COUNT, *serve())),
        "counts before the name": (
            "",
            share("self.slots['x'] += 1", NAME, FULL, "self.slots['x'] -= 1", COUNT, *serve((LOOP[0], "    pass"))),
        ),
        "a lock": (
            "without a lock",
            share(
                "async with self.lock:",
                f"    {NAME}",
                FULL,
                COUNT,
                *serve(),
                slots="self.slots, self.lock = Counter(), asyncio.Lock()",
            ),
        ),
        "an empty message ends it": (
            "empty message",
            share(NAME, FULL, COUNT, *serve(("while message := await ws.recv(): await ws.send(message)",))),
        ),
        "an empty message is skipped": (
            "empty message",
            share(NAME, FULL, COUNT, *serve((LOOP[0], "    if message: await ws.send(message)"))),
        ),
        "strips messages": (
            "unchanged",
            share(NAME, FULL, COUNT, *serve((LOOP[0], "    await ws.send(message.strip())"))),
        ),
        "strings only": ("unchanged", share(NAME, FULL, COUNT, *serve((LOOP[0], "    await ws.send(str(message))")))),
        "names are no messages": (
            "unchanged",
            share(NAME, FULL, COUNT, *serve((LOOP[0], "    if message not in self.slots: await ws.send(message)"))),
        ),
        "twice": ("back twice", share(NAME, FULL, COUNT, *serve((*LOOP, LOOP[1])))),
        "to everybody": (
            "to `ws` only",
            share(NAME, FULL, COUNT, *serve((LOOP[0], "    for ws in list(self.connections): await ws.send(message)"))),
        ),
        "to all of one user": (
            "",
            share(
                NAME,
                FULL,
                COUNT,
                "ws.user = user",
                *serve(
                    (
                        LOOP[0],
                        "    for w in list(self.connections):",
                        "        if getattr(w, 'user', None) == user: await w.send(message)",
                    )
                ),
            ),
        ),
        "greets": ("unchanged", share(NAME, FULL, COUNT, "await ws.send('hello ' + user)", *serve())),
        "a refused one gets a message": (
            "received a message",
            share(NAME, FULL.replace("return", "return await ws.send('no') or"), COUNT, *serve()),
        ),
        "freed twice": ("now she has three", share(NAME, FULL, COUNT, *serve(free=("self.slots[user] -= 2",)))),
        "all freed": ("now she has three", share(NAME, FULL, COUNT, *serve(free=("del self.slots[user]",)))),
        "never freed": ("Free the slot", share(NAME, FULL, COUNT, *LOOP)),
        "only a handshake frees": ("`finally`", share(NAME, FULL, COUNT, *LOOP, FREE[0])),
        "only OK frees": (
            "`finally`",
            share(
                NAME,
                FULL,
                COUNT,
                "try:",
                "    while True: await ws.send(await ws.recv())",
                "except ConnectionClosedOK: self.slots[user] -= 1",
                top="from websockets.exceptions import ConnectionClosedOK",
            ),
        ),
        "the older ones end": (
            "older",
            share(
                NAME,
                "mine = self.slots[user]",
                "if len(mine) >= self.MOST: await mine.pop(0).close(1008, 'too many connections')",
                "mine.append(ws)",
                *LOOP,
                slots="self.slots = defaultdict(list)",
            ),
        ),
        "the reason in capitals": ("Close with the reason", share(NAME, FULL.replace("too", "Too"), COUNT, *serve())),
        "1013": ("close code is 1013", share(NAME, FULL.replace("1008", "1013"), COUNT, *serve())),
        "the rest is read": (
            "",
            share(
                NAME,
                "if self.slots[user] >= self.MOST:",
                "    async for message in ws: await ws.send(message)",
                "    return await ws.close(1008, 'too many connections')",
                COUNT,
                *serve(),
            ),
        ),
        "outlives its client": (
            "",
            share(
                NAME,
                FULL,
                COUNT,
                "while True:",
                "    try: await ws.send(await ws.recv())",
                "    except Exception: await asyncio.sleep(0)",
            ),
        ),
    }
    right: ClassVar = {
        "the class's MOST": share(NAME, FULL.replace("self.MOST", "FairShare.MOST"), COUNT, *serve()),
        "sets": share(
            NAME,
            "mine = self.users[user]",
            "if len(mine) >= self.MOST: return await ws.close(1008, reason='too many connections')",
            "mine.add(ws)",
            *serve(free=("mine.discard(ws)", "if not mine: self.users.pop(user, None)")),
            slots="self.users = defaultdict(set)",
        ),
        "names on connections": share(
            NAME,
            "if sum(getattr(other, 'user', None) == user for other in self.connections) >= self.MOST:",
            "    return await ws.close(code=1008, reason='too many connections')",
            "ws.user = user",
            *LOOP,
        ),
        "a context manager": share(NAME, FULL, "with self.slot(user):", *(f"    {line}" for line in LOOP))
        + """
    @contextmanager
    def slot(self, user):
        self.slots[user] += 1
        try: yield
        finally:
            self.slots[user] -= 1
            self.slots = +self.slots
""",
        "recv": share(
            NAME,
            FULL,
            COUNT,
            "try:",
            "    while True: await ws.send(await ws.recv())",
            "except ConnectionClosed: pass",
            "finally:",
            *(f"    {line}" for line in FREE),
        ),
        "a dict": share(
            NAME,
            "if self.slots.get(user, 0) == self.MOST:",
            "    await ws.close(1008, 'too many connections')",
            "    return",
            "self.slots[user] = self.slots.get(user, 0) + 1",
            *serve(free=("self.slots[user] -= 1", "if self.slots[user] < 1: self.slots.pop(user)")),
            slots="self.slots = {}",
        ),
        "a lock": share(
            NAME,
            "async with self.lock:",
            f"    {FULL}",
            "    await asyncio.sleep(0)",
            f"    {COUNT}",
            *serve(),
            slots="self.slots, self.lock = Counter(), asyncio.Lock()",
        ),
        "counts first": share(
            NAME,
            COUNT,
            "try:",
            "    if self.slots[user] > self.MOST: return await ws.close(1008, 'too many connections')",
            *(f"    {line}" for line in LOOP),
            "finally:",
            *(f"    {line}" for line in FREE),
        ),
    }
