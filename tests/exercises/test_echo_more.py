"""Exercises of lesson 02: frames that come in pieces, and a server to read."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, answer, changed

from wslearn.exercises import echo as ex

SOLUTION = ex.pieces.answer


def but(old: str, new: str) -> str:
    """Return the solution with something else in one place."""
    return changed(SOLUTION, (old, new))


def frames(*lines: str, first: str = "self.left = b''") -> str:
    """Return a class whose `feed` has these lines, with `piece` added to `self.left` and `out` for the messages."""
    code = ["class Frames:", "    def __init__(self):", f"        {first}", "    def feed(self, piece):"]
    return "\n".join(code + [f"        {line}" for line in ("self.left += piece", "out = []", *lines, "return out")])


ONE = frames(
    "if len(self.left) >= 2 and len(self.left) >= 2 + self.left[1]:",
    "    out.append(self.left[2:2 + self.left[1]].decode())",
    "    self.left = self.left[2 + self.left[1]:]",
)


#: Bytes that all readers share, changed in place.
ON_THE_CLASS = "left = bytearray()\n" + "\n".join(
    (
        "class Frames:",
        "    def feed(self, piece):",
        "        left.extend(piece)",
        "        reader, messages = Solution(), []",
        "        messages = reader.feed(bytes(left))",
        "        left[:] = reader.left",
        "        return messages",
    )
)  # fmt: skip
ON_THE_CLASS = SOLUTION.replace("class Frames", "class Solution") + "\n" + ON_THE_CLASS


class TestPieces(FunctionExercise):
    exercise = ex.pieces
    stub = "class Frames:\n    def __init__(self): pass\n    def feed(self, piece): raise NotImplementedError"
    wrong: ClassVar = {
        "One piece may hold several frames": ONE,
        "A message of opcode 2 is binary": but("messages.append(payload)\n", "messages.append(payload.decode())\n"),
        "begins at byte 2": but("self.left[1], 2", "self.left[1], 3"),
        "big end first": but('"big"', '"little"'),
        "126 in byte 1 says": but("if length == 126:", "if length == 1260:"),
        "carries no message": but("elif opcode == 2:", "else:"),
        "Skip a control frame, but not what comes after it": but(
            "            if opcode == 1:",
            "            if opcode > 7:\n                self.left = b''\n            if opcode == 1:",
        ),
        "Keep what is left": but("                break\n", "                self.left = b''\n                break\n"),
        "read two connections": ON_THE_CLASS,
        "should return a list": but("return messages", "return tuple(messages)"),
        "has changed": but("messages = []", "messages = self.__dict__.setdefault('all', [])\n        messages.clear()"),
        "of type bytearray": but("messages.append(payload)\n", "messages.append(bytearray(payload))\n"),
    }  # fmt: skip
    subtle: ClassVar = {
        "no method": "class Frames: pass",
        "only one more byte": but(">= 2:", ">= 3:"),
        "one byte is a head": but(">= 2:", ">= 1:"),
        "too late by one byte": but("if len(self.left) < end", "if len(self.left) <= end"),
        "too early by one byte": but("if len(self.left) < end", "if len(self.left) < end - 1"),
        "no empty message": but("if opcode == 1:", "if not payload: continue\n            if opcode == 1:"),
        "lost at a letter's middle": but("payload.decode()", "payload.decode('ascii', 'ignore')"),
        "latin": but("payload.decode()", "payload.decode('latin-1')"),
        "stripped": but("payload.decode()", "payload.decode().strip()"),
        "the length's low byte": but('int.from_bytes(self.left[2:4], "big")', "(self.left[3:4] or [0])[0]"),
        "signed": but('"big")', '"big", signed=True)'),
        "a ping's payload is read as frames": but(
            "            payload,",
            "            if opcode > 7:\n                self.left = self.left[2:]\n                continue\n"
            "            payload,",
        ),
        "only pings are skipped": but("elif opcode == 2:", "elif opcode != 9:"),
        "returned twice": but(
            "                break\n            payload, self.left = self.left[start:end], self.left[end:]",
            "                break\n            payload = self.left[start:end]\n"
            "            self.left = self.left[end:] if len(self.left) > end else self.left\n"
            "            if end == 0: break",
        ),
        "the rest is lost": but("self.left[end:]\n", "b''\n"),
        "what came is lost": but("                break\n", "                return []\n"),
        "state on the class": "class Frames:\n    left = b''\n"
        + SOLUTION.split("\n", 3)[3].replace("self.left", "Frames.left"),
        "a few messages at most": but(
            "while len(self.left) >= 2:", "for _ in range(5):\n            if len(self.left) < 2: break"
        ),
        "an empty piece is the end": but("self.left += piece", "self.left = (self.left + piece) if piece else b''"),
        "no more than 32 KB": but('"big"), 4', '"big") % 32768, 4'),
        "None while nothing is there": but("return messages", "return messages or None"),
        "a whole piece is a frame": "class Frames:\n    def feed(self, piece):\n"
        "        return [piece[2:].decode()] if piece else []",
    }  # fmt: skip
    right: ClassVar = {
        "a generator with send": '''
def _reading():
    data, out = bytearray(), []
    def more():
        nonlocal data
    while True:
        need = lambda n: len(data) < n
        while need(2):
            data += yield out
            out = []
        size, start = data[1], 2
        if size == 126:
            while need(4):
                data += yield out
                out = []
            size, start = data[2] << 8 | data[3], 4
        while need(start + size):
            data += yield out
            out = []
        body = bytes(data[start:start + size])
        kind = data[0] & 15
        del data[:start + size]
        if kind == 1: out.append(body.decode("utf-8"))
        elif kind == 2: out.append(body)

class Frames:
    def __init__(self):
        self.reading = _reading()
        next(self.reading)
    def feed(self, piece):
        return self.reading.send(piece)
''',
        "recursion": '''
class Frames:
    left = b""
    def feed(self, piece):
        self.left = self.left + piece
        data = self.left
        if len(data) < 2: return []
        start = 4 if data[1] == 126 else 2
        if len(data) < start: return []
        end = start + (data[1] if start == 2 else 256 * data[2] + data[3])
        if len(data) < end: return []
        self.left = data[end:]
        message = {0x81: bytes.decode, 0x82: bytes}.get(data[0])
        return ([message(data[start:end])] if message else []) + self.feed(b"")
''',
        "one byte after the other": '''
class Frames:
    def __init__(self): self.frame = bytearray()
    def feed(self, piece):
        found = []
        for byte in piece:
            self.frame.append(byte)
            f = self.frame
            head = 2 if len(f) < 2 or f[1] < 126 else 4
            if len(f) < head: continue
            size = f[1] if head == 2 else int.from_bytes(f[2:4])
            if len(f) == head + size:
                if f[0] == 0x81: found.append(str(bytes(f[head:]), "utf-8"))
                if f[0] == 0x82: found.append(bytes(f[head:]))
                self.frame = bytearray()
        return found
''',
        "a function that makes an object": "import types\ndef Frames():\n    class F:\n"
        + "\n".join(f"        {line}" for line in SOLUTION.splitlines()[1:])
        + "\n    return F()",
        "async": SOLUTION.replace("def feed", "async def feed"),
        "a list in one expression": '''
import struct
class Frames(bytearray):
    def _take(self):
        head = ">BBH" if self[1:2] == b"~" else ">BB"
        if len(self) < struct.calcsize(head): return None
        first, *_, size = struct.unpack_from(head, self)
        start = struct.calcsize(head)
        if len(self) - start < size: return None
        body = bytes(self[start:start + size])
        del self[:start + size]
        return first & 15, body
    def feed(self, piece):
        self.extend(piece)
        return [body.decode() if code == 1 else body for code, body in iter(self._take, None) if code < 8]
''',
    }  # fmt: skip


def reading(exercise, **changes) -> str:
    return f"answer = {answer(exercise.answer) | changes!r}"


class TestCodes(ReadingExercise):
    exercise = ex.codes
    wrong: ClassVar = {
        "What does `100 / 0` do?": reading(ex.codes, Ann=None),
        "Is the exception of `100 / 0`": reading(ex.codes, Ann=1000),
        "what happens after it was caught": reading(ex.codes, Bob=1011),
        "inside the loop, or around it": reading(ex.codes, Bob=None),
        "Something goes wrong after the close": reading(ex.codes, Carl=1011),
        "what the handler passes to `close`": reading(ex.codes, Carl=1000),
        "What does `int` make of these bytes": reading(ex.codes, Dora=1000),
        "as far as the handler? Part 3": reading(ex.codes, Mallory=1011),
        "The `ValueError` would come from `int`": reading(ex.codes, Mallory=1000),
        "Zoe sent none": reading(ex.codes, Zoe=1000),
        "does notice": reading(ex.codes, Zoe=None),
        "For `Zoe`, 1001 isn't": reading(ex.codes, Zoe=1001),
    }
    subtle: ClassVar = {
        "a string": reading(ex.codes, Ann="1011"),
        "False for None": reading(ex.codes, Dora=False),
        "a list": reading(ex.codes, Bob=[1000]),
    }
    right: ClassVar = {
        "in another order": f"answer = dict(reversed({answer(ex.codes.answer)!r}.items()))",
        "the library's names": "from websockets.frames import CloseCode as C\nanswer = dict(Ann=1011, Bob=1000, "
        "Carl=1001, Dora=None, Mallory=int(C.MESSAGE_TOO_BIG), Zoe=int(C.ABNORMAL_CLOSURE))",
        "a mapping": f"import types\nanswer = types.MappingProxyType({answer(ex.codes.answer)!r})",
    }
