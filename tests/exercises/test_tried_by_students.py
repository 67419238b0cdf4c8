"""Answers that students tried in lessons 01 and 02: mistakes that a check once took for right."""

from typing import ClassVar

from exercise_cases import MoreAnswers, answer, but

from wslearn.exercises import echo, http_vs_websocket

UPGRADE = 'headers.get("upgrade", "").lower() == "websocket"'
WORDS = '[word.strip().lower() for word in headers.get("NAME", "").split(",")]'


class TestOpens(MoreAnswers):
    exercise = http_vs_websocket.opens
    subtle: ClassVar = {
        "upgrade is no list": (
            "The whole of `upgrade`", but(exercise, (UPGRADE, f'"websocket" in {WORDS.replace("NAME", "upgrade")}'))),
        "four spellings": but(exercise, (
            UPGRADE, 'headers.get("upgrade") in ("websocket", "WebSocket", "WEBSOCKET", "Websocket")')),
        "three spellings": but(exercise, (
            '"upgrade" in words', '{"upgrade", "Upgrade", "UPGRADE"} & set(words)'), (".strip().lower()", ".strip()")),
        "accept stripped": but(exercise, ('"sec-websocket-accept")', '"sec-websocket-accept", "").strip()')),
    }  # fmt: skip
    right: ClassVar = {
        "casefold": but(exercise, (".lower()", ".casefold()")),
        "upper": but(exercise, (UPGRADE, 'headers.get("upgrade", "").upper() == "WEBSOCKET"')),
        "any": but(exercise, ('"upgrade" in words', 'any(word == "upgrade" for word in words)')),
    }


COUNTS = """
class Answer(Server):
    def __init__(self):
        super().__init__()
        self.counts = {}
    async def handler(self, ws):
        self.counts[ws] = 0
        try:
            async for message in ws:
                self.counts[ws] = self.counts.get(ws, 0) + 1
                await ws.send(f"{self.counts[ws]}: {message}")
        finally:
            END
"""


class TestNumbers(MoreAnswers):
    exercise = echo.numbers
    subtle: ClassVar = {
        "all counts cleared": ("Bob has left, and Ann's count", COUNTS.replace("END", "self.counts.clear()")),
        "no space": ("a colon, a space", but(exercise, (": {message}", ":{message}"))),
        "stripped": ("The number is right", but(exercise, ('f"{count}: {message}"', 'f"{count}: {message}".strip()'))),
        "one at a time": ("Bob received no reply", COUNTS.replace("END", "pass").replace(
            "        self.counts[ws] = 0\n        try:", "        while self.counts: await asyncio.sleep(0.01)\n"
            "        self.counts[ws] = 0\n        try:").replace("            pass", "            del self.counts[ws]")),  # noqa: E501
        "stops": ("no reply to message", but(exercise, ("count += 1", "count += 1\n            if count > 8: continue"))),  # noqa: E501
    }  # fmt: skip
    right: ClassVar = {
        "a dictionary": COUNTS.replace("END", "del self.counts[ws]"),
        "popped": COUNTS.replace("END", "self.counts.pop(ws, None)"),
        "an iterator": but(
            exercise, ("count = 0", "numbers = iter(range(1, 10**9))"), ("count += 1", "count = next(numbers)")
        ),
    }


READ = 'answer = json.loads(message)["say"]'
CAUGHT = "(ValueError, KeyError, TypeError, RecursionError)"
HALF = "answer.encode()  # raises a ValueError for half a character, which cannot be sent"
ERROR = """json.dumps({"error": 'expected JSON like {"say": "hello"}'})"""


def reads(*lines: str) -> str:
    return but(echo.careful, (READ, "\n                ".join([*lines, 'answer = found["say"]'])))


class TestCareful(MoreAnswers):
    exercise = echo.careful
    subtle: ClassVar = {
        "no other members": ("other members besides", reads(
            "found = json.loads(message)", "if isinstance(found, dict) and len(found) != 1: raise ValueError")),
        "this half only": ("half a character", but(exercise, (HALF, 'if "\\ud800" in answer: raise ValueError'))),
        "the first letter only": ("half a character", but(exercise, (HALF, "answer[:1].encode()"))),
        "[ only": ("nested thousands", but(exercise, (", RecursionError", "")).replace(
            "try:", "try:\n                if message[:3] in ('[[[', b'[[['): raise ValueError")),
        "brackets in strings": ("Brackets inside a string", reads(
            "found = json.loads(message)", "if str(message).count('[') > 20: raise ValueError")),
        "the first of a list": reads("found = json.loads(message)", "if isinstance(found, list): found = found[0]"),
        "decoded twice": ("not for an object", reads(
            "found = json.loads(message)", "if isinstance(found, str): found = json.loads(found)")),
        "cut": ("may be long", but(exercise, ("ws.send(answer)", "ws.send(answer[:1000])"))),
        "an empty error": ("The error is empty", but(exercise, (ERROR, 'json.dumps({"error": ""})'))),
        "no text": ("should be a string", but(exercise, (ERROR, 'json.dumps({"error": None})'))),
        "Error": ("in small letters", but(exercise, (ERROR, 'json.dumps({"Error": "no"})'))),
        "bytes": ("came as bytes", but(exercise, (ERROR, 'b"no"'))),
        "a TypeError of one's own": ("Object of type bytes is not JSON serializable", but(
            exercise, (ERROR, 'json.dumps({"error": message or "empty"})'))),
    }  # fmt: skip
    right: ClassVar = {
        "Exception": but(exercise, (CAUGHT, "Exception")),
        "a dict": reads("found = json.loads(message)", "assert isinstance(found, dict)").replace(CAUGHT, "Exception"),
        "repr": but(exercise, (CAUGHT + ":", CAUGHT + " as error:"), (ERROR, 'json.dumps({"error": repr(error)})')),
    }


SKIP = "            end = start + length\n"


class TestPieces(MoreAnswers):
    exercise = echo.pieces
    subtle: ClassVar = {
        "a control frame before all of it is there": but(exercise, (SKIP, f"{SKIP}            if opcode >= 8:\n"
            "                self.left = self.left[end:]\n                continue\n")),
        "a close frame is bytes": but(exercise, ("elif opcode == 2", "elif opcode in (2, 8)")),
        "9 and 10 only": but(exercise, ("elif opcode == 2", "elif opcode not in (9, 10)")),
        "8 to 10 only": but(exercise, ("elif opcode == 2", "elif opcode not in (8, 9, 10)")),
        "latin": ("UTF-8", but(exercise, ("decode()", "decode('latin-1')"))),
    }  # fmt: skip
    right: ClassVar = {
        "str": but(exercise, ("payload.decode()", "str(payload, 'utf8')")),
        "masked": but(exercise, ("% 16", "& 0x0F")),
        "async": but(exercise, ("def feed", "async def feed")),
    }

    async def test_an_object_in_place_of_the_class_is_named(self):
        result = await self.exercise.check(answer(self.exercise.answer, "")())
        assert "pass the class itself" in result.message
