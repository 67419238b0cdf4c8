"""Names that a projector can show, and people that keep them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Clock

from wslearn.classroom.people import ADJECTIVES, ANIMALS, NAME_LENGTH, People
from wslearn.classroom.text import BLANK, JOINERS, clean, key_of

SESSIONS = [f"{number:032x}" for number in range(20)]


@pytest.mark.parametrize(
    "wanted, got",
    [
        ("Ann", "Ann"),
        ("  Ann \n  B. ", "Ann B."),
        ("Zoe\u0308", "Zoë"),
        ("<b>Ann</b>", "<b>Ann</b>"),  # text stays text: the page shows it as such
        ("\u202eAnn\u202c", "Ann"),  # turned around
        ("\u2066Ann\u2069\u200f", "Ann"),
        ("A\u200bn\u200dn\ufeff", "Ann"),
        ("Ann\x00\x1b[31m", "Ann[31m"),
        ("A" * 100, "A" * 20),
        ("日本 太郎", "日本 太郎"),
        ("Z\u0335\u0336\u0337\u0338\u0339\u033a", "Z\u0335\u0336\u0337"),
    ],
)
def test_a_name_is_text_that_can_be_seen(wanted, got):
    assert People().free_name(wanted) == got


@pytest.mark.parametrize("empty", [None, "", "   ", "\u202e\u200b", "\u3164\u2800", "\x07"])
def test_whoever_chooses_no_name_gets_a_friendly_one(empty):
    adjective, animal = People().free_name(empty).split()
    assert adjective in ADJECTIVES and animal in ANIMALS


def test_friendly_names_are_short_and_many():
    assert max(map(len, ADJECTIVES)) + 1 + max(map(len, ANIMALS)) <= NAME_LENGTH
    assert len(set(ADJECTIVES)) * len(set(ANIMALS)) > 1000


@given(st.lists(st.text(max_size=30), max_size=8))
def test_names_are_unique_and_have_1_to_20_characters(wishes):
    people = People()
    names = [people.join(f"{number:032x}", wish).name for number, wish in enumerate(wishes)]
    assert len({key_of(name) for name in names}) == len(names)
    for name in names:
        assert 1 <= len(name) <= NAME_LENGTH
        assert name == name.strip()
        assert not any(unicodedata.category(one)[0] == "C" or one in BLANK for one in name)
        assert name == clean(name)


@pytest.mark.parametrize("taken", ["Ann", "ann", "A n n", "Ａｎｎ"])
def test_a_taken_name_gets_a_number(taken):
    people = People()
    people.join(SESSIONS[0], "Ann")
    assert people.join(SESSIONS[1], taken).name == f"{taken} 2"
    assert people.join(SESSIONS[2], taken).name == f"{taken} 3"


def test_a_number_fits_into_20_characters():
    people = People()
    people.join(SESSIONS[0], "A" * 20)
    assert people.join(SESSIONS[1], "A" * 20).name == "A" * 18 + " 2"


def test_the_same_session_is_the_same_person():
    people = People()
    ann = people.join(SESSIONS[0], "Ann")
    assert people.join(SESSIONS[0], "Mallory") is ann
    assert ann.name == "Ann" and len(people) == 1


def test_a_new_name_frees_the_old_one():
    people = People()
    ann = people.join(SESSIONS[0], "Ann")
    assert people.rename(ann, "Anna") == "Anna"
    assert people.join(SESSIONS[1], "Ann").name == "Ann"
    assert people.rename(ann, "ann") == "ann 2"
    assert people.rename(ann, "ANN 2") == "ANN 2"  # her own name is no obstacle


def test_a_removed_session_is_known_and_its_name_is_free():
    people = People()
    people.remove(people.join(SESSIONS[0], "Mallory"))
    assert people.is_removed(SESSIONS[0]) and not people.is_removed(SESSIONS[1])
    assert people.join(SESSIONS[1], "Mallory").name == "Mallory"


def test_who_is_away_longest_and_has_not_voted_is_forgotten_first():
    clock = Clock()
    people = People(most=3, clock=clock)
    ann, bob, zoe, _ = (people.join(session, None) for session in SESSIONS[:4])
    bob.away_since, zoe.away_since, ann.away_since = 1.0, 2.0, 3.0
    assert people.one_too_many(lambda one: one is bob) is zoe
    assert people.one_too_many(lambda one: False) is bob
    people.forget(bob)
    assert people.one_too_many(lambda one: False) is None


def test_nobody_who_is_here_is_forgotten():
    people = People(most=1)
    people.join(SESSIONS[0], None), people.join(SESSIONS[1], None)
    assert people.one_too_many(lambda one: False) is None


def test_joiners_stay_where_they_are_asked_for():
    family = "👩\u200d👧"
    assert clean(family, keep=JOINERS) == family
    assert clean(family) == "👩👧"
    assert clean(f"\u200d{family}\u202e\u200c", keep=JOINERS) == family
