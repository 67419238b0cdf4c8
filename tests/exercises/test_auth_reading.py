"""The exercise of lesson 05 about reading."""

from typing import ClassVar

from exercise_cases import ReadingExercise

from wslearn.exercises import auth as ex


class TestClub(ReadingExercise):
    exercise = ex.club
    wrong: ClassVar = {
        "Which `except` catches it": ex.club.answer.replace('"forged": 1008', '"forged": 1011'),
        "Which error does": ex.club.answer.replace('"list": 1011', '"list": 1008'),
        "catches a TimeoutError here": ex.club.answer.replace('"silent": 1000', '"silent": 1008'),
        "after the handler's last line": ex.club.answer.replace('"silent": 1000', '"silent": None'),
        "inside `asyncio.timeout`": ex.club.answer.replace('"member": 1000', '"member": None'),
        "Where is `user` kept": ex.club.answer.replace('"Bob": "Bob: hello"', '"Bob": "Ann: hello"'),
        "Who is in `self.connections`": ex.club.answer.replace('["Bob: hello"]', "[]"),
        "Write a list": ex.club.answer.replace('["Bob: hello"]', '"Bob: hello"'),
        "to the one that has just sent its token": ex.club.answer.replace('["B', '["Welcome, Ann!", "B'),
    }
    right: ClassVar = {"a tuple": ex.club.answer.replace('["Bob: hello"]', '("Bob: hello",)')}

    async def test_no_clue_tells_an_answer(self):
        for code in self.wrong.values():
            message = (await self.check(code)).message
            assert "1011" not in message and "Bob: hello" not in message and "1008 is" not in message
