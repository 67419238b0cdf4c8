"""The state of a class: polls, the wall, removal. No sockets."""

import json

import pytest
from support import Clock

from wslearn.classroom import Classroom
from wslearn.classroom.classroom import PollClosed
from wslearn.classroom.people import ABSENT
from wslearn.classroom.polls import DECADES, MOST_CHOICES
from wslearn.exercises.broadcast import questions
from wslearn.exercises.engine.question import Question
from wslearn.messages import encode

ANN, BOB, MALLORY = ("a" * 32, "b" * 32, "c" * 32)


@pytest.fixture
def room() -> Classroom:
    return Classroom()


def lesson_questions() -> list[Question]:
    import importlib
    import pkgutil

    import wslearn.exercises as exercises

    found = []
    for module in pkgutil.iter_modules(exercises.__path__):
        if module.ispkg and module.name != "engine":
            path = f"wslearn.exercises.{module.name}.questions"
            if importlib.util.find_spec(path):
                chosen = importlib.import_module(path)
                for cls in vars(chosen).values():
                    if isinstance(cls, Question):
                        found.append(cls)
                    elif isinstance(cls, type) and cls.__module__ == path:
                        found += [value for value in vars(cls).values() if isinstance(value, Question)]
    return found


def test_the_last_vote_of_a_session_counts(room):
    ann, bob = room.join(ANN, "Ann"), room.join(BOB, "Bob")
    poll = room.ask("Tea?", ["yes", "no", "later"])
    for person, choice in ((ann, 0), (bob, 0), (ann, 2)):
        room.vote(person, poll.id, choice)
    assert room.results() == {"yes": 1, "no": 0, "later": 1}
    assert (room.vote_of(ann), room.vote_of(bob)) == (2, 0)


def test_a_person_who_comes_back_has_the_same_name_and_vote(room):
    ann = room.join(ANN, "Ann")
    poll = room.ask("Tea?", ["yes", "no"])
    room.vote(ann, poll.id, 1)
    room.leave(ann)
    assert (ann.state, room.board([], "").count) == ("away", 0)
    again = room.join(ANN, "Anna")
    assert (again.name, again.state, room.vote_of(again)) == ("Ann", "live", 1)


def test_only_the_open_poll_takes_votes(room):
    ann = room.join(ANN, "Ann")
    with pytest.raises(PollClosed):
        room.vote(ann, "p1", 0)
    first = room.ask("Tea?", ["yes", "no"])
    second = room.ask("Coffee?", ["yes", "no"])
    assert first.id != second.id
    with pytest.raises(PollClosed):
        room.vote(ann, first.id, 0)
    with pytest.raises(ValueError, match="expected 0 to 1, got 2"):
        room.vote(ann, second.id, 2)
    room.close_poll()
    with pytest.raises(PollClosed):
        room.vote(ann, second.id, 0)
    assert room.results() == {"yes": 0, "no": 0}


def test_phones_see_counts_only_while_they_are_shown(room):
    ann = room.join(ANN, "Ann")
    poll = room.ask("Tea?", ["yes", "no"])
    room.vote(ann, poll.id, 1)
    assert room.poll_for(1).results is None
    room.show()
    assert room.poll_for(1).results == [0, 1]
    room.show(False)
    assert room.poll_for(1).results is None
    assert room.board([], "").poll.counts == [0, 1]
    room.clear_poll()
    assert encode(room.poll_for(None)) == '{"type":"no-poll"}'


@pytest.mark.parametrize(
    "question, choices, wrong",
    [
        ("Tea?", None, "needs choices"),
        ("Tea?", ["yes"], "expected 2 to"),
        ("Tea?", ["x"] * (MOST_CHOICES + 1), "expected 2 to"),
        ("", ["a", "b"], "question: expected 1 to 500 characters, got 0"),
        ("x" * 501, ["a", "b"], "got 501"),
        ("Tea?", ["a", "\u202e"], "choice: expected 1 to 200"),
        ("Tea?", ["a", 3], "choice: expected a text, got 3"),
        (3, ["a", "b"], "expected a text or a question of a lesson"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_the_last_poll_stays(room, question, choices, wrong):
    poll = room.ask("Coffee?", ["yes", "no"])
    with pytest.raises(ValueError, match=wrong):
        room.ask(question, choices)
    assert room.poll is poll


def test_every_predict_question_of_every_lesson_can_be_asked(room):
    found = lesson_questions()
    assert len(found) >= 30
    for question in found:
        poll = room.ask(question)
        assert len(poll.choices) == len(question.choices or DECADES)
        assert "`" not in poll.question


def test_a_question_for_a_number_does_not_give_its_answer_away(room):
    poll = room.ask(Question("How long?", answer="50 ms", why="so", unit="ms"))
    assert poll.choices == [f"{decade} ms" for decade in DECADES]
    assert questions  # a lesson that has some


def test_the_wall_keeps_the_newest_20(room):
    ann = room.join(ANN, "Ann")
    for number in range(25):
        room.write(ann, f"message {number}", None)
    entries = room.wall_for_phones().messages
    assert [entry.message for entry in entries] == [f"message {number}" for number in range(5, 25)]
    assert {entry.name for entry in entries} == {"Ann"}


def test_a_message_that_is_sent_again_is_written_once(room):
    ann = room.join(ANN, "Ann")
    for _ in range(3):
        room.write(ann, "hello", "7")
    room.write(room.join(BOB, "Bob"), "hello", "7")  # another person's id
    assert [(one.name, one.message) for one in room.wall.entries] == [("Ann", "hello"), ("Bob", "hello")]


def test_the_wall_shows_text_and_nothing_that_turns_it_around(room):
    ann = room.join(ANN, "Ann")
    room.write(ann, "<script>alert(1)</script>\u202e\n\x00 ok", None)
    with pytest.raises(ValueError, match="expected some text"):
        room.write(ann, " \u202e\u200b\u2066 ", "2")
    assert room.wall.entries[0].message == "<script>alert(1)</script> ok"
    assert len(room.wall.entries) == 1


def test_a_hidden_wall_shows_nothing_and_keeps_everything(room):
    room.write(room.join(ANN, "Ann"), "hello", None)
    room.hide_wall()
    assert room.wall_for_phones().messages == [] and room.board([], "").wall_hidden
    room.hide_wall()
    assert [one.message for one in room.wall.entries] == ["hello"]
    room.clear_wall()
    assert room.wall.entries == []


def test_who_is_removed_leaves_nothing(room):
    removed = []
    room.on_removed.append(removed.append)
    ann, mallory = room.join(ANN, "Ann"), room.join(MALLORY, "Mallory")
    poll = room.ask("Tea?", ["yes", "no"])
    room.vote(ann, poll.id, 0), room.vote(mallory, poll.id, 1)
    room.write(mallory, "rude", None), room.write(ann, "polite", None)
    room.remove("mallory")
    assert removed == [mallory] and room.people.is_removed(MALLORY)
    assert room.results() == {"yes": 1, "no": 0}
    assert [one.message for one in room.wall.entries] == ["polite"]
    assert "Mallory" not in encode(room.board([], ""))
    with pytest.raises(ValueError, match="nobody here is called 'Mallory'"):
        room.remove("Mallory")


def test_a_new_name_is_on_the_wall_too(room):
    ann = room.join(ANN, "Ann")
    room.write(ann, "hello", None)
    room.rename(ann, "Anna")
    assert [one.name for one in room.wall.entries] == ["Anna"]


def test_reactions_count_from_one_question_to_the_next(room):
    room.react("👍"), room.react("👍"), room.react("😮")
    assert room.board([], "").reactions == {"👍": 2, "😮": 1}
    room.ask("Tea?", ["yes", "no"])
    assert room.board([], "").reactions == {}


def test_a_flood_of_sessions_pushes_out_its_own_and_not_the_votes_of_others(room):
    ann = room.join(ANN, "Ann")
    poll = room.ask("Tea?", ["yes", "no"])
    room.vote(ann, poll.id, 0)
    room.leave(ann)  # her phone is locked
    for number in range(room.people.most * 2):
        room.leave(room.join(f"{number:032x}", "Mallory"))
    assert len(room.people) == room.people.most
    assert room.join(ANN, None) is ann and room.vote_of(ann) == 0


def test_who_is_away_for_long_without_a_vote_is_forgotten(room):
    clock = room.people.clock = Clock()
    ann, bob = room.join(ANN, "Ann"), room.join(BOB, "Bob")
    mallory = room.join(MALLORY, "Mallory")
    room.vote(ann, room.ask("Tea?", ["yes", "no"]).id, 0)
    room.write(bob, "hello", None)
    for person in (ann, bob):
        room.leave(person)
    clock.now += ABSENT - 1
    room.forget_absent()
    assert list(room.people) == [ann, bob, mallory]
    clock.now += 1
    room.forget_absent()
    assert list(room.people) == [ann, mallory]  # she has a vote, and Mallory is here
    assert [one.message for one in room.wall.entries] == ["hello"]
    assert room.join(BOB, "Bob").name == "Bob"  # his phone remembers it


def test_the_boards_state_has_no_session(room):
    room.vote(room.join(ANN, "Ann"), room.ask("Tea?", ["yes", "no"]).id, 0)
    assert ANN not in encode(room.board([], ""))
    assert json.loads(encode(room.board(["http://192.0.2.7:8000/abcde"], "abcde")))["people"] == [
        {"name": "Ann", "rtt": None, "state": "live", "volunteer": None}
    ]
