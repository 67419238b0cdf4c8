"""Exercises of lesson 02."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ServerExercise, handler

from wslearn.exercises import echo as ex


class TestShout(ServerExercise):
    exercise = ex.shout
    wrong: ClassVar = {
        "came back unchanged": handler("async for m in ws: await ws.send(m)"),
        "Now add the `!` at the end": handler("async for m in ws: await ws.send(m.upper())"),
        "Now make the letters capitals": handler("async for m in ws: await ws.send(m + '!')"),
        "Only the first message was answered": handler("m = await ws.recv()", "await ws.send(m.upper() + '!')"),
        "The server sent nothing back": handler("async for m in ws: print(end='')"),
        "no attribute 'uper'": handler("async for m in ws: await ws.send(m.uper() + '!')"),
        "should become `HELLO!`": handler("async for m in ws: await ws.send(m.title() + '!')"),
    }


class TestNumbers(ServerExercise):
    exercise = ex.numbers
    wrong: ClassVar = {
        "The number does not grow": handler("async for m in ws: await ws.send(f'1: {m}')"),
        "`self` belongs to all clients": handler(
            "self.n = getattr(self, 'n', 0)", "async for m in ws:", "  self.n += 1", "  await ws.send(f'{self.n}: {m}')"
        ),
        "Ann's count was lost": handler(
            "self.n = 0", "async for m in ws:", "    self.n += 1", "    await ws.send(f'{self.n}: {m}')"
        ),
        "first number should be 1": handler("n = 0", "async for m in ws:", "  await ws.send(f'{n}: {m}')", "  n += 1"),
        "without a number": handler("async for m in ws: await ws.send(m)"),
        "a number, a colon, a space": handler("async for m in ws: await ws.send(f'1. {m}')"),
    }


class TestGoodbye(ServerExercise):
    exercise = ex.goodbye
    wrong: ClassVar = {
        "came back like any other message": handler("async for m in ws: await ws.send(m)"),
        "without a reason": handler("async for m in ws:", "    if m == 'bye': return", "    await ws.send(m)"),
        "sent back before the close": handler(
            "async for m in ws:", "    await ws.send(m)", "    if m == 'bye': await ws.close(1000, 'see you')"
        ),
        "must be closed": handler("async for m in ws:", "    if m != 'bye': await ws.send(m)"),
        "The code should be 1000, but it is 1008": handler(
            "async for m in ws:", "    if m == 'bye': await ws.close(1008, 'see you')", "    else: await ws.send(m)"
        ),
        "The whole server stopped": handler(
            "async for m in ws:", "    if m == 'bye': return await self.stop()", "    await ws.send(m)"
        ),
        "The reason should be": handler(
            "async for m in ws:", "    if m == 'bye': return await ws.close(reason='bye')", "    await ws.send(m)"
        ),
    }


def careful(*lines: str) -> str:
    return handler("async for m in ws:", *(f"    {line}" for line in lines))


class TestCareful(ServerExercise):
    exercise = ex.careful
    wrong: ClassVar = {
        "text that isn't JSON. Expect it": careful("await ws.send(json.loads(m)['say'])"),
        'For `{"say": "hello"}` send back the value': careful("await ws.send(m)"),
        "JSON without `say` is possible too": careful(
            "try: await ws.send(json.loads(m)['say'])", 'except ValueError: await ws.send(\'{"error": "no"}\')'
        ),
        "JSON may be a list": careful(
            "try: await ws.send(json.loads(m)['say'])",
            'except (ValueError, KeyError): await ws.send(\'{"error": "no"}\')',
        ),
        "something other than a string": careful(
            "try: answer = json.loads(m)['say']",
            'except Exception: answer = \'{"error": "no"}\'',
            "await ws.send(str(answer))",
        ),
        "JSON that has a member `error`": careful(
            "try: await ws.send(json.loads(m)['say'])", "except Exception: await ws.send('error')"
        ),
        "Keep it open, however many mistakes": handler(
            "try:",
            "    async for m in ws: await ws.send(json.loads(m)['say'])",
            'except Exception: await ws.send(\'{"error": "no"}\')',
        ),
    }


class TestUnmask(FunctionExercise):
    exercise = ex.unmask
    wrong: ClassVar = {
        "still masked": "def unmask(frame): return frame[6:]",
        "begin with the key": "def unmask(frame): return frame[2:]",
        "too long": "def unmask(frame): return bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[2:]))",
        "after four bytes, begin": "def unmask(f): return bytes(b ^ f[2 + min(i, 4) % 4] for i, b in enumerate(f[6:]))"
        "[:9] or b''",
        "It should return bytes, but it returned 'Hello'": (
            "def unmask(frame): return bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:])).decode()"
        ),
        "a list of numbers": "def unmask(frame): return [b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:])]",
        "not always the same": (
            "def unmask(frame): return bytes(b ^ b'\\x37\\xfa\\x21\\x3d'[i % 4] for i, b in enumerate(frame[6:]))"
        ),
        "index out of range": ("def unmask(frame): return bytes(b ^ frame[2:6][i] for i, b in enumerate(frame[6:]))"),
        "is a `return` missing?": "def unmask(frame): bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:]))",
    }


class TestPatient(ServerExercise):
    exercise = ex.patient
    imports = "def slow_upper(text):\n    time.sleep(0.5)\n    return text.upper()"
    wrong: ClassVar = {
        "blocked the event loop. Run it in a thread": careful("await ws.send(m if m == 'quick' else slow_upper(m))"),
        "without `slow_upper`": careful("await ws.send(await asyncio.to_thread(slow_upper, m))"),
        "Ann was answered at once": careful("await ws.send(m if m == 'quick' else m.upper())"),
        "Ann should receive what `slow_upper` returns": careful("await ws.send(m)"),
        "Bob's `quick` was not answered": careful("if m != 'quick': await ws.send(slow_upper(m))"),
        "TypeError": careful("await ws.send(m if m == 'quick' else asyncio.to_thread(slow_upper, m))"),
    }
