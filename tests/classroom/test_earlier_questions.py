"""A class guesses first, and measures later: an earlier question can still be compared with what was measured."""

import pytest

from wslearn.classroom import Classroom
from wslearn.classroom.classroom import ASKED
from wslearn.exercises.engine.question import Question

TIME = Question("How long?", unit="ms", answer="About 50 ms", why="so")
WHO = Question("Who?", choices=("`Ann`", "Bob and Carl", "Nobody"), answer="Nobody", why="so")


@pytest.fixture
def room() -> Classroom:
    return Classroom()


def asked(room: Classroom, question, *votes: int):
    """Ask a question, and let people vote."""
    poll = room.ask(question)
    for number, choice in enumerate(votes):
        room.vote(room.join(f"{number:032x}", None), poll.id, choice)
    return poll


def test_an_earlier_question_comes_back_with_its_votes(room):
    who = asked(room, WHO, 0, 1, 1)
    time = asked(room, TIME, 2)
    assert room.compare(WHO, "Bob and Carl").startswith("2 of 3 guessed “Bob and Carl”")
    assert room.poll is who and not who.open and who.shown and time.open and not time.shown
    assert room.compare(TIME, 41).startswith("1 of 1 guessed") and room.poll is time
    assert room.poll_for(0).poll == time.id


def test_a_question_that_is_asked_again_is_compared_with_its_new_votes_only(room):
    asked(room, WHO, 0, 0)
    again = asked(room, WHO, 1)
    asked(room, TIME, 2)
    assert room.compare(WHO, "Bob and Carl").startswith("1 of 1 guessed") and room.poll is again


def test_a_cleared_question_cannot_be_compared_and_the_ones_before_it_still_can(room):
    who = asked(room, WHO, 0)
    asked(room, TIME, 2)
    room.clear_poll()
    with pytest.raises(ValueError, match="the class was not asked this question"):
        room.compare(TIME, 41)
    assert room.compare(WHO, "Nobody") and room.poll is who


def test_who_is_removed_has_no_vote_in_an_earlier_question_either(room):
    ann = room.join("a" * 32, "Ann")
    who = room.ask(WHO)
    room.vote(ann, who.id, 1)
    room.ask(TIME)
    room.remove("Ann")
    assert room.compare(WHO, "Nobody").startswith("Nobody guessed") and who.votes == {}


def test_the_oldest_of_many_questions_are_forgotten(room):
    polls = [room.ask(f"Question {number}?", ["yes", "no"]) for number in range(ASKED + 1)]
    assert room.compare("Question 1?", "yes") and room.poll is polls[1]
    with pytest.raises(ValueError, match="the class was not asked this question"):
        room.compare("Question 0?", "yes")
