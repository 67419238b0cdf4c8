"""Lesson 02: subtly wrong answers that each check must see, and right ones in other styles."""

from typing import ClassVar

from exercise_cases import MoreAnswers, handler

from wslearn.exercises import echo as ex


def each(*lines: str, first: str = "pass") -> str:
    """Return a server that does this for each message `m`."""
    return handler(first, "async for m in ws:", *(f"    {line}" for line in lines))


def by_hand(line: str, stop: str = "while True:") -> str:
    """Return a server that calls `recv`, and then does this."""
    return handler(stop, "    m = await ws.recv()", f"    {line}")


def shouts(expression: str) -> str:
    return each(f"await ws.send({expression})")


SHOUT = "await ws.send(m.upper() + '!')"
#: What is told to somebody who loses a kind of message, or closes too early.
EMPTY, LETTERS, SPACES, SAME = "may be empty", "letters beyond a to z", "Don't use `strip`", "may come again"
CLOSED, MANY, OTHERS = "When `handler` ends", "replies in 2 s", "not meant for this client, or was sent twice"


class TestShout(MoreAnswers):
    exercise = ex.shout
    imports = "from websockets.asyncio.server import broadcast"
    subtle: ClassVar = {
        "an empty message ends it": (EMPTY, handler("while m := await ws.recv():", f"    {SHOUT}")),
        "an empty message is lost": (EMPTY, each(f"if m: {SHOUT}")),
        "three messages": (CLOSED, by_hand(SHOUT, "for _ in range(3):")),
        "twelve messages": (CLOSED, by_hand(SHOUT, "for _ in range(12):")),
        "only ASCII": (LETTERS, shouts("''.join(chr(ord(c) - 32) if 'a' <= c <= 'z' else c for c in m) + '!'")),
        "letters swapped": (LETTERS, shouts("m.swapcase() + '!'")),
        "stripped": (SPACES, shouts("m.strip().upper() + '!'")),
        "one line": ("several lines", shouts("(m.splitlines() or [''])[0].upper() + '!'")),
        "cut off": ("may be long", shouts("m[:100].upper() + '!'")),
        "the same again": (SAME, each(f"if m != last: {SHOUT}", "last = m", first="last = None")),
        "one `!` at most": ("Add a `!` to each message", shouts("m.upper().rstrip('!') + '!'")),
        "to everybody": (OTHERS, each("broadcast(self.connections, m.upper() + '!')")),
        "shared": (
            "the reply to",
            each("self.m = m", "await asyncio.sleep(0)", "await ws.send(self.m.upper() + '!')"),
        ),
        "slow": (MANY, each("await asyncio.sleep(0.3)", SHOUT)),
        "gives up": (
            "TimeoutError",
            handler("while True:", "    m = await asyncio.wait_for(ws.recv(), 0.2)", f"    {SHOUT}"),
        ),
        "in another order": (
            "in the same order",
            each(
                "async def later(m=m):",
                "    await asyncio.sleep(len(m) % 2 / 20)",
                f"    {SHOUT}",
                "asyncio.create_task(later())",
            ),
        ),
    }
    right: ClassVar = {
        "recv": by_hand(SHOUT),
        "gather": each("await asyncio.gather(ws.send(f'{m.upper()}!'))"),
        "TaskGroup": handler(
            "async with asyncio.TaskGroup() as group:",
            "    async for m in ws: group.create_task(ws.send(m.upper() + '!'))",
        ),
        "recursion": handler("async for m in ws:", f"    {SHOUT}", "    return await self.handler(ws)"),
        "a def": f"async def talk(ws):\n    async for m in ws: {SHOUT}\n"
        + handler("return talk(ws)", head="def handler(self, ws):"),
        "broadcast to one": each("broadcast({ws}, ''.join([*map(str.upper, m), '!']))"),
    }


def counts(line: str, first: str = "n = 0", then: str = "await ws.send(f'{n}: {m}')") -> str:
    return each(line, then, first=first)


class TestNumbers(MoreAnswers):
    exercise = ex.numbers
    imports = "from itertools import count"
    subtle: ClassVar = {
        "three": (CLOSED, by_hand("await ws.send(f'{n}: {m}')", "for n in (1, 2, 3):")),
        "from the start after three": ("The number is wrong", counts("n = n % 3 + 1")),
        "one digit": ("The number is wrong", counts("n = (n + 1) % 10")),
        "only other texts": ("The number is wrong", counts("s.add(m)", "s = set()", "await ws.send(f'{len(s)}: {m}')")),
        "not the empty ones": ("The number is wrong", counts("n += m != ''")),
        "stripped": (SPACES, counts("n += 1", then="await ws.send(f'{n}: {m.strip()}')")),
        "lower": (LETTERS, counts("n += 1", then="await ws.send(f'{n}: {m.lower()}')")),
        "shared": (
            "The number is wrong",
            each("n += 1", "self.n = n", "await asyncio.sleep(0)", "await ws.send(f'{self.n}: {m}')", first="n = 0"),
        ),
        "of the class": (
            "a second server",
            "kept = {}\n"
            + counts("kept[ws.name] = kept.get(ws.name, 0) + 1", then="await ws.send(f'{kept[ws.name]}: {m}')"),
        ),
        "by number of clients": ("The number is wrong", counts("n += 1", "n = 0 if len(self.connections) < 3 else 3")),
        "one that left": ("Bob has left", counts("n += 1", "n = 0 if ws.name[-1] in '123' else 1")),
    }
    right: ClassVar = {
        "count": each("await ws.send(f'{next(c)}: {m}')", first="c = count(1)"),
        "a list": each("said.append(m)", "await ws.send('%d: %s' % (len(said), m))", first="said = []"),
        "a def": "async def talk(ws):\n    n = count(1)\n    async for m in ws: await ws.send(f'{next(n)}: {m}')\n"
        + handler("return talk(ws)", head="def handler(self, ws):"),
        "a dict in self": each(
            "c[ws] = c.get(ws, 0) + 1", "await ws.send(f'{c[ws]}: {m}')", first="c = self.__dict__.setdefault('c', {})"
        ),
    }


BYE = "await ws.close(1000, 'see you')"


def dismisses(condition: str, other: str = "await ws.send(m)") -> str:
    return each(f"if {condition}: return {BYE}", other)


class TestGoodbye(MoreAnswers):
    exercise = ex.goodbye
    imports = "from websockets.asyncio.server import broadcast"
    subtle: ClassVar = {
        "startswith": ("'bye ' is not `bye`", dismisses("m.startswith('bye')")),
        "lower": ("'Bye' is not `bye`", dismisses("m.lower() == 'bye'")),
        "strip": ("'bye ' is not `bye`", dismisses("m.strip() == 'bye'")),
        "a part of it": ("may be empty", dismisses("m in 'bye'")),
        "endswith": ("' bye' is not `bye`", dismisses("m.endswith('bye')")),
        "sent too": (
            "was sent as a message",
            each("if m == 'bye':", "    await ws.send('see you')", f"    return {BYE}", "await ws.send(m)"),
        ),
        "an empty one is lost": (EMPTY, dismisses("m == 'bye'", "if m: await ws.send(m)")),
        "bytes": ("may be bytes", dismisses("m == 'bye'", "await ws.send(str(m))")),
        "not at first": (
            "came back like any other",
            handler(
                "await ws.send(await ws.recv())",
                "async for m in ws:",
                f"    if m == 'bye': return {BYE}",
                "    await ws.send(m)",
            ),
        ),
        "one message": (CLOSED, handler("await ws.send(await ws.recv())", "await ws.recv()", BYE)),
        "late": (
            "must be closed",
            each("if m == 'bye':", "    await asyncio.sleep(1.2)", f"    return {BYE}", "await ws.send(m)"),
        ),
        "once": (
            "without a reason",
            each(
                "if m == 'bye':",
                "    if hasattr(self, 'done'): return",
                "    self.done = True",
                f"    return {BYE}",
                "await ws.send(m)",
            ),
        ),
        "to everybody": ("nothing else", dismisses("m == 'bye'", "broadcast(self.connections, m)")),
    }
    right: ClassVar = {
        "break": each("if m == 'bye': break", "await ws.send(m)") + f"\n        {BYE}",
        "while": handler("while (m := await ws.recv()) != 'bye': await ws.send(m)", BYE),
        "match": each("match m:", f"    case 'bye': {BYE}", "    case _: await ws.send(m)"),
        "no return": each("if m == 'bye': await ws.close(reason='see you')", "else: await ws.send(m)"),
    }


ERROR = "answer = json.dumps({'error': 'no'})"


def careful(*lines: str, caught: str = "Exception", then: str = "await ws.send(answer)") -> str:
    return each("try:", *(f"    {line}" for line in lines), f"except {caught}: {ERROR}", then)


CHECKED = (
    "r = json.loads(m)",
    "if not (isinstance(r, dict) and isinstance(r['say'], str)): raise TypeError",
    "r['say'].encode()",
)


class TestCareful(MoreAnswers):
    exercise = ex.careful
    imports = (
        "import ast, re, msgspec\nfrom websockets.asyncio.server import broadcast\nclass Say(msgspec.Struct): say: str"
    )
    subtle: ClassVar = {
        "lower": (LETTERS, careful(*CHECKED, "answer = r['say'].lower()")),
        "strip": (SPACES, careful(*CHECKED, "answer = r['say'].strip()")),
        "no empty `say`": ("an empty string", careful(*CHECKED, "answer = r['say'] or json.dumps({'error': 'no'})")),
        "half a character": ("half a character", careful("answer = '' + json.loads(m)['say']")),
        "deep": ("RecursionError", careful(*CHECKED, "answer = r['say']", caught="(ValueError, KeyError, TypeError)")),
        "bytes": (
            "not UTF-8",
            careful(
                *CHECKED,
                "answer = r['say']",
                caught="(json.JSONDecodeError, UnicodeEncodeError, RecursionError, KeyError, TypeError)",
            ),
        ),
        "eval": ("looks like JSON", careful("answer = '' + eval(m)['say']")),
        "literal_eval": ("looks like JSON", careful("answer = '' + ast.literal_eval(m)['say']")),
        "the beginning": (
            "looks like JSON",
            careful("r, _ = json.JSONDecoder().raw_decode(m)", "answer = '' + r['say']"),
        ),
        "what has `say` in it": (
            "Is what you have read a `dict`?",
            careful(
                "r = json.loads(m)",
                "answer = r['say'] if 'say' in r else 1 / 0",
                caught="(ValueError, ZeroDivisionError)",
            ),
        ),
        "a list is sent": ("isinstance(said, str)", careful("await ws.send(json.loads(m)['say'])", "continue")),
        "null": (
            "JSON that has a member `error`",
            careful("r = json.loads(m)['say']", "answer = {None: 'nothing'}.get(r, r) + ''"),
        ),
        "quotes by hand": (
            "JSON that has a member `error`",
            each(
                "try: answer = '' + json.loads(m)['say']",
                'except Exception: answer = f\'{{"error": "bad: {m}"}}\'',
                "await ws.send(answer)",
            ),
        ),
        "ten mistakes": (
            "Keep it open",
            each(
                f"try: {CHECKED[0]}; answer = '' + r['say']",
                f"except Exception: n += 1; {ERROR}",
                "if n > 10: return",
                "await ws.send(answer)",
                first="n = 0",
            ),
        ),
        "to everybody": (
            "made mistakes, and",
            careful(*CHECKED, "answer = r['say']", then="broadcast(self.connections, answer)"),
        ),
        "shared": (
            "the reply to",
            careful(
                *CHECKED,
                "answer = r['say']",
                then="self.answer = answer; await asyncio.sleep(0); await ws.send(self.answer)",
            ),
        ),
    }
    right: ClassVar = {
        "match": careful(
            "match json.loads(m):", "    case {'say': str(answer)}: answer.encode()", "    case _: raise ValueError"
        ),
        "sent inside": each(
            "try: await ws.send('' + json.loads(m)['say'])", f"except Exception: {ERROR}; await ws.send(answer)"
        ),
        "msgspec": careful("answer = msgspec.json.decode(m, type=Say).say", "answer.encode()"),
        "assert": careful(
            "r = json.loads(m)",
            "assert type(r) is dict and type(r['say']) is str",
            "answer = r['say'].encode().decode()",
        ),
    }


def unmasks(expression: str) -> str:
    return f"def unmask(f):\n    out = bytes(b ^ f[2 + i % 4] for i, b in enumerate(f[6:]))\n    return {expression}"


class TestUnmask(MoreAnswers):
    exercise = ex.unmask
    imports = "import operator\nfrom itertools import cycle"
    subtle: ClassVar = {
        "zeros at the end": ("may be any bytes", unmasks("out.rstrip(b'\\0')")),
        "zeros at the start": ("may be any bytes", unmasks("out.lstrip(b'\\0')")),
        "spaces": ("may be any bytes", unmasks("out.strip()")),
        "line ends": ("may be any bytes", unmasks("out.replace(b'\\r\\n', b'\\n')")),
        "only letters": ("may be any bytes", unmasks("out.decode(errors='ignore').encode()")),
        "zero in the key": (
            "not always the same",
            "def unmask(f): return bytes(b ^ (f[2 + i % 4] or 1) for i, b in enumerate(f[6:]))",
        ),
        "bytearray": ("It should return bytes", unmasks("bytearray(out)")),
    }
    right: ClassVar = {
        "cycle": "def unmask(f): return bytes(map(operator.xor, f[6:], cycle(f[2:6])))",
        "a lambda": "unmask = lambda f: bytes(f[i] ^ f[2 + (i - 6) % 4] for i in range(6, 6 + f[1] - 128))",
        "recursion": (
            "def unmask(f, i=6):\n    if i == len(f): return b''\n"
            "    return bytes([f[i] ^ f[2 + (i + 2) % 4]]) + unmask(f, i + 1)"
        ),
    }


def patient(*lines: str, quick: str = "m == 'quick'", first: str = "pass") -> str:
    return each(f"if {quick}: await ws.send(m)", "else:", *(f"    {line}" for line in lines), first=first)


THREAD = "await ws.send(await asyncio.to_thread(slow_upper, m))"
WAITED, ONE_BY_ONE = "Run it in a thread", "one client waited for another"


class TestPatient(MoreAnswers):
    exercise = ex.patient
    at_once = 3
    imports = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\nfrom websockets.asyncio.server import broadcast\n"
        "def slow_upper(text):\n    time.sleep(0.5)\n    return text.upper()"
    )
    subtle: ClassVar = {
        "blocks later": (WAITED, patient("await asyncio.sleep(0)", "await ws.send(slow_upper(m))")),
        "blocks in a while": (WAITED, patient("await asyncio.sleep(0.1)", "await ws.send(slow_upper(m))")),
        "blocks in a task": (
            WAITED,
            each(
                "async def slow(m): await ws.send(slow_upper(m))",
                "if m == 'quick': await ws.send(m)",
                "else: await asyncio.gather(slow(m))",
            ),
        ),
        "blocks in a callback": (
            WAITED,
            patient(
                "f = asyncio.Future()",
                "asyncio.get_running_loop().call_soon(lambda: f.set_result(slow_upper(m)))",
                "await ws.send(await f)",
            ),
        ),
        "waits for a thread": (
            WAITED,
            patient("await ws.send(pool.submit(slow_upper, m).result())", first="pool = Pool(4)"),
        ),
        "one thread": (
            ONE_BY_ONE,
            "pool = Pool(1)\n"
            + patient("await ws.send(await asyncio.get_running_loop().run_in_executor(pool, slow_upper, m))"),
        ),
        "a lock": (ONE_BY_ONE, "lock = asyncio.Lock()\n" + patient(f"async with lock: {THREAD}")),
        "twice the work": (ONE_BY_ONE, patient("await asyncio.to_thread(slow_upper, m)", THREAD)),
        "no slow_upper": ("was answered at once", patient("await ws.send(await asyncio.to_thread(str.upper, m))")),
        "another slow_upper": (
            "Leave it as it is",
            "async def slow_upper(m):\n    await asyncio.sleep(0.5)\n    return m.upper()\n"
            + patient("await ws.send(await slow_upper(m))"),
        ),
        "quick is slow": (
            "without `slow_upper`",
            each("s = await asyncio.to_thread(slow_upper, m)", "await ws.send(m if m == 'quick' else s)"),
        ),
        "startswith": ("compare with `==`", patient(THREAD, quick="m.startswith('quick')")),
        "lower": ("compare with `==`", patient(THREAD, quick="m.lower() == 'quick'")),
        "a part of it": ("was answered at once", patient(THREAD, quick="m in 'quick'")),
        "one message": (
            "needs a loop",
            handler(
                "m = await ws.recv()", "await ws.send(m if m == 'quick' else await asyncio.to_thread(slow_upper, m))"
            ),
        ),
        "empty": ("An empty text is a text too", patient(f"if m: {THREAD}")),
        "shared": (
            "This is another client's reply",
            patient(
                "self.m = m", "await asyncio.sleep(0)", "await ws.send(await asyncio.to_thread(slow_upper, self.m))"
            ),
        ),
        "to everybody": (
            "`ws` alone",
            patient("broadcast(self.connections, await asyncio.to_thread(slow_upper, m))"),
        ),
        "quick to everybody": (
            "It was Bob who sent `quick`",
            each("if m == 'quick': broadcast(self.connections, m)", f"else: {THREAD}"),
        ),
    }
    right: ClassVar = {
        "an executor": patient("await ws.send(await asyncio.get_running_loop().run_in_executor(None, slow_upper, m))"),
        "tasks": handler(
            "async with asyncio.TaskGroup() as group:",
            "    async for m in ws:",
            "        async def slow(m=m): " + THREAD,
            "        group.create_task(ws.send(m) if m == 'quick' else slow())",
        ),
        "looks again and again": patient(
            "f = pool.submit(slow_upper, m)",
            "while not f.done(): await asyncio.sleep(0.01)",
            "await ws.send(f.result())",
            first="pool = Pool(4)",
        ),
        "recv": by_hand("await ws.send(m if m == 'quick' else await asyncio.to_thread(lambda: slow_upper(m)))"),
    }
