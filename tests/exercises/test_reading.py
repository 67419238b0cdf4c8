"""An exercise about reading: what is compared, and what a student reads."""

from collections import UserList, deque

import pytest

from wslearn.exercises import ReadingExercise

CODE = """
class Twice(Server):
    async def handler(self, ws):
        text = await ws.recv()
        await ws.send(text * 2)
        await ws.send(str(len(text)))
"""


async def run(talk, names):
    async with talk.server(names["Twice"]) as server:
        ann = await talk.client(server, "Ann")
        await ann.says("ab")
        await ann.hears("abab")
        await ann.hears("2")
        await ann.is_closed(1000)
        return {"received": tuple(ann.heard), "code": ann.ws.close_code}


twice = ReadingExercise(
    CODE,
    run,
    clues={
        "received": {"abab": "Ann receives two messages: write a list."},
        "code": {1005: "", 1011: "No error here."},
    },
    hints=("vague", "near"),
    answer='seen = {"received": ["abab", "2"], "code": 1000}',
    why="the handler returns",
)


async def test_it_proves_itself():
    proof = await twice.prove(
        wrong={
            "one": 'seen = {"received": "abab", "code": 1000}',
            "an error": 'seen = {"received": ["abab", "2"], "code": 1011}',
            "unread": 'seen = {"received": ["abab", "2"], "code": 1005}',
            "a number as a string": 'seen = {"received": ["abab", "2"], "code": "1000"}',
        },
        right=['seen = {"code": 1000, "received": ("abab", "2")}'],
    )
    assert proof, proof
    assert proof.results["one"].message == "Ann receives two messages: write a list."
    assert "`code`, 1005 isn't what happens" in proof.results["unread"].message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (5, "Expected the dictionary with your answers, got 5"),
        ({"received": 1}, "has no 'code'"),
        ({"received": 1, "code": 1, "more": 1}, "has 'more', which nobody asked for"),
        ({"received": ["abab", "2"], "code": ...}, "Write your answer for `code`"),
    ],
)
async def test_what_is_no_answer_is_said(answer, message):
    result = await twice.check(answer)
    assert result.state == "wrong" and message in result.message, result


async def test_dots_alone_are_no_attempt():
    result = await twice.check({"received": ..., "code": ...})
    assert result.state == "untouched" and "in place of each `...`" in result.message


async def test_what_really_happened_is_not_told():
    result = await twice.check({"received": ["abab", "2"], "code": 1001})
    assert [(step.who, step.did, step.what) for step in result.steps] == [
        ("received", "is", "['abab', '2']"),
        ("code", "isn't", "1001"),
    ]


@pytest.mark.parametrize(
    ("label", "given", "message"),
    [
        ("code", "1000", "'1000' is a string. Write it without the quotes: `1000`."),
        ("code", "None", "Write it without the quotes: `None`."),
        ("code", "all is well", "Write a number, without quotes."),
        ("received", "abab2", "Write a list of strings, even if it has only one item."),
        ("received", ["abab", 2], "isn't what happens"),
        ("code", True, "isn't what happens"),
    ],
)
async def test_another_kind_of_value_is_said(label, given, message):
    result = await twice.check({"received": ["abab", "2"], "code": 1000} | {label: given})
    assert result.state == "wrong" and message in result.message, result


@pytest.mark.parametrize("received", [deque(["abab", "2"]), UserList(["abab", "2"])])
async def test_any_sequence_and_equal_numbers_are_right(received):
    result = await twice.check({"received": received, "code": 1000.0})
    assert result, result
