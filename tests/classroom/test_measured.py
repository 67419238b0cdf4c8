"""What the class measured beside what it guessed: every Predict question of every lesson, and who may see it when."""

import importlib
import pkgutil
from itertools import pairwise

import pytest
from phones_of_tests import board, board_until, phone
from support import hear, tell

from wslearn import exercises
from wslearn.classroom import Classroom, ClassServers
from wslearn.classroom.measured import BOUNDS
from wslearn.classroom.polls import DECADES
from wslearn.exercises.engine.question import Question
from wslearn.messages import encode

#: The answer of each question that asks for numbers, and the decades that it confirms.
NUMBERS = {
    ("http_vs_websocket", "guess_1"): ((100,), [2, 3]),
    ("http_vs_websocket", "guess_2"): ((50,), [2]),
    ("http_vs_websocket", "guess_3"): ((50,), [2]),
    ("http_vs_websocket", "guess_4"): ((196, 11), [3]),
    ("http_vs_websocket", "guess_5"): ((100,), [2, 3]),
    ("broadcast", "guess_3"): ((100,), [2, 3]),
    ("rooms", "guess_5"): ((4, 5), [1]),
    ("heartbeat", "guess_3"): ((30,), [2]),
    ("robustness", "guess_2"): ((4,), [1]),
    ("robustness", "guess_3"): ((1,), [0, 1]),
    ("browser", "guess_4"): ((1_000_000,), [5]),
    ("nothing_lost", "guess_1"): ((0,), [0]),
    ("several_servers", "guess_1"): ((10,), [1, 2]),
    ("own_project", "guess_3"): ((60,), [2]),
}


def predict_questions() -> dict[tuple[str, str], Question]:
    """Return every lesson's questions."""
    folders = [one.name for one in pkgutil.iter_modules(exercises.__path__) if one.ispkg and one.name != "engine"]
    found = {}
    for folder in folders:
        questions = importlib.import_module(f"wslearn.exercises.{folder}.questions").questions
        names = [name for name in vars(type(questions)) if name.startswith("guess_")]
        found |= {(folder, name): getattr(questions, name) for name in names}
    return found


QUESTIONS = predict_questions()
TIME = Question("How long?", unit="ms", answer="About 50 ms", why="so")
WHO = Question("Who?", choices=("`Ann`", "Bob and Carl", "Nobody"), answer="Nobody", why="so")


@pytest.fixture
def room() -> Classroom:
    return Classroom()


def asked(room: Classroom, question, *votes: int, choices=None):
    """Ask a question, and let people vote."""
    poll = room.ask(question, choices)
    for number, choice in enumerate(votes):
        room.vote(room.join(f"{number:032x}", None), poll.id, choice)
    return poll


def test_there_are_so_many():
    assert len({folder for folder, _ in QUESTIONS}) == 11 and len(QUESTIONS) == 42
    assert {key for key, question in QUESTIONS.items() if question.unit} == NUMBERS.keys()


@pytest.mark.parametrize("lesson, name", QUESTIONS)
def test_every_predict_question_of_every_lesson_can_be_asked_and_compared(room, lesson, name):
    question = QUESTIONS[lesson, name]
    found, right = NUMBERS.get((lesson, name)) or ((question.answer,), [question.choices.index(question.answer)])
    for voters in ((), range(len(question.choices or DECADES))):  # nobody, and one for each choice
        poll = asked(room, question, *voters)
        line = room.compare(question, *found)
        shown = room.poll_for(None).measured
        assert shown.choices == right and shown == room.board([], "").poll.measured
        texts = " or ".join(f"“{poll.choices[index]}”" for index in right)
        guessed = f"{len(right)} of {len(voters)} guessed {texts}" if voters else "Nobody guessed"
        assert line == f"{guessed}, and you {shown.text}."
        assert shown.text == question.reading(*found)[0].replace("`", "")


@pytest.mark.parametrize("key", [key for key, question in QUESTIONS.items() if question.choices])
def test_letters_mean_the_choices(room, key):
    question = QUESTIONS[key]
    for index, letter in enumerate("abcdefgh"[: len(question.choices)]):
        poll = asked(room, question)
        assert f"and you saw: {poll.choices[index]}." in room.compare(question, letter)
        assert room.poll_for(None).measured.choices == [index]


@pytest.mark.parametrize(
    "number, text, decades",
    [
        (0, "0 ms", [0]), (0.02, "0.02 ms", [0]), (0.9999, "1 ms", [0, 1]), (41.2, "41 ms", [2]),
        ("41 ms", "41 ms", [2]), (9.99, "10 ms", [1, 2]), (10.4, "10 ms", [1, 2]), (10.6, "11 ms", [2]),
        (1000, "1,000 ms", [3, 4]), (9999.4, "9,999 ms", [4]), (10_000, "10,000 ms", [4]),
        (10_001, "10,001 ms", [5]), (1e300, "1e+300 ms", [5]),
    ],
)  # fmt: skip
def test_a_number_is_in_the_decades_of_what_is_shown(room, number, text, decades):
    asked(room, TIME)
    room.compare(TIME, number)
    assert room.poll_for(None).measured.text == f"measured {text}"
    assert room.poll_for(None).measured.choices == decades


def test_the_decades_meet():
    ends = [tuple(end.replace(",", "") for end in decade.split(" to ")) for decade in DECADES[:-1]]
    assert all(left[1] == right[0] for left, right in pairwise(ends)) and DECADES[-1] == f"more than {BOUNDS[-1]:,}"


def test_a_text_that_is_no_choice_is_shown_and_confirms_none(room):
    asked(room, WHO, 1, 1, 0)
    line = room.compare(WHO, "all of\nthem \u202e`here`")
    assert line == "The most frequent guess was “Bob and Carl” (2 of 3), and you saw: all of them here."
    assert room.poll_for(None).measured.choices == []
    asked(room, WHO, 0, 2)
    assert room.compare(WHO, "x").startswith("The most frequent guesses were “Ann” and “Nobody” (1 of 2 each), and")


def test_other_choices_than_a_questions_own(room):
    asked(room, TIME, 0, choices=["less than 50 ms", "more"])
    assert room.compare(TIME, 41.2) == "The most frequent guess was “less than 50 ms” (1 of 1), and you measured 41 ms."
    asked(room, WHO, 1, choices=["Ann", "nobody", "Dora"])
    assert room.compare(WHO, "c") == "1 of 1 guessed “nobody”, and you saw: nobody."


def test_a_text_with_choices_can_be_compared_too(room):
    poll = asked(room, "Which letter?", 1, 2, 2, choices=["b", "a", "**c**"])
    assert room.compare("Which letter?", "A") == "1 of 3 guessed “a”, and you saw: a."  # its text, not its letter
    assert room.compare("Which letter?", "c") == "2 of 3 guessed “c”, and you saw: c."
    assert poll.measured.choices == [2]
    asked(room, "How many?", 0, choices=["4", "5"])
    assert room.compare("How many?", 4) == "1 of 1 guessed “4”, and you saw: 4."


@pytest.mark.parametrize(
    "question, found, wrong",
    [
        (TIME, ("fast",), r"expected 1 number\(s\) in ms, got \('fast',\)"),
        (TIME, (), "expected 1 number"),
        (TIME, (1, 2), "expected 1 number"),
        (TIME, (-1,), "expected 1 number"),
        (TIME, (float("nan"),), "expected 1 number"),
        (WHO, (), "expected one text"),
        (WHO, ("a", "b"), "expected one text"),
        (WHO, ("x" * 201,), "what was measured: expected 1 to 205 characters, got 206"),
        ("Tea?", ("yes", "no"), "expected one text, got"),
        ("Tea?", ("",), "what was measured: expected 1 to"),
    ],
)
def test_what_cannot_be_the_answer_is_refused_and_nothing_is_shown(room, question, found, wrong):
    poll = asked(room, question, choices=["yes", "no"] if question == "Tea?" else None)
    with pytest.raises(ValueError, match=wrong):
        room.compare(question, *found)
    assert (poll.open, poll.shown, poll.measured) == (True, False, None)


def test_only_a_question_that_was_asked_can_be_compared(room):
    first = "the board has asked nothing: first ask the question, with `await board.ask"
    with pytest.raises(ValueError, match=first):
        room.compare(TIME, 41)
    poll = asked(room, WHO, 0)
    with pytest.raises(ValueError, match=r"the class was not asked this question: first ask the question"):
        room.compare(TIME, 41)
    changed = Question("Who?", choices=("`Ann`", "Bob"), answer="Bob", why="so")
    with pytest.raises(ValueError, match=r"this question has changed since: first ask"):
        room.compare(changed, "Bob")
    assert poll.measured is None and not poll.shown
    with pytest.raises(ValueError, match="the class was not asked this question"):
        room.compare(3, 4)
    again = Question("Who?", choices=WHO.choices, answer="Bob and Carl", why="another why")  # as after a reload
    assert room.compare(again, "Bob and Carl").startswith("0 of 1 guessed “Bob and Carl”")
    room.clear_poll()
    with pytest.raises(ValueError, match=first):
        room.compare(WHO, "Nobody")


def test_nothing_is_shown_before_or_while_results_are_hidden_and_asking_again_forgets_it(room):
    poll = asked(room, TIME, 2)
    assert "measured" not in encode(room.board([], "")) + encode(room.poll_for(2))
    room.compare(TIME, 41)
    assert room.poll_for(2).results == [0, 0, 1, 0, 0, 0] and not poll.open
    room.show(False)
    assert room.poll_for(2).measured is None and room.board([], "").poll.measured is None
    room.show()
    assert room.poll_for(2).measured.text == "measured 41 ms"
    room.compare(TIME, 5)  # measured again
    assert room.poll_for(2).measured.choices == [1]
    room.ask(TIME)
    room.show()
    assert room.poll_for(None).measured is None and room.board([], "").poll.measured is None


async def test_phones_and_board_are_told_and_who_comes_late_too():
    question = QUESTIONS["http_vs_websocket", "guess_4"]
    expected = {"text": "measured 196 and 11 bytes", "choices": [3]}
    async with ClassServers("127.0.0.1") as servers, board(servers) as shown, phone(servers, "Ann") as ann:
        await servers.ask(question)
        assert "measured" not in await hear(ann, "poll")
        await tell(ann, type="vote", poll="p1", choice=3, id="1")
        state = await board_until(shown, lambda state: state["poll"] and state["poll"]["voted"] == 1)
        assert "measured" not in state["poll"]
        line = servers.compare(question, 196, 11)
        assert line._repr_markdown_() == str(line) == line.markdown
        assert line.markdown == "1 of 1 guessed “100 to 1,000 bytes”, and you measured 196 and 11 bytes."
        state = await board_until(shown, lambda state: "measured" in state["poll"])
        assert state["poll"]["measured"] == expected and state["poll"]["shown"] and not state["poll"]["open"]
        while "measured" not in (state := await hear(ann, "poll")):
            pass
        assert (state["measured"], state["results"], state["mine"]) == (expected, [0, 0, 0, 1, 0, 0], 3)
        await tell(ann, type="vote", poll="p1", choice=0, id="2")
        assert (await hear(ann, "error"))["code"] == "poll-closed"  # a guess after the measurement is none
        async with phone(servers, "Zoe") as zoe:
            assert zoe.poll["measured"] == expected and zoe.poll["mine"] is None
            await servers.ask(question)
            assert "measured" not in await hear(zoe, "poll")
