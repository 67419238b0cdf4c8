"""The glossary: each word in a sentence, and the lesson that it names really has the word in that part."""

import re
from collections import Counter
from typing import NamedTuple

import pytest
from notebook_runs import GLOSSARY, NOTEBOOKS, ROOT, code_cells, read

#: What a check may say, and a lesson's part 5 with it.
CHECKS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "wslearn" / "exercises").rglob("*.py"))
#: They have two meanings, and a row for each.
TWO_MEANINGS = {"answer", "jitter", "task", "token", "transport"}


class Entry(NamedTuple):
    term: str
    meaning: str
    number: str
    lesson: str
    part: str


def tables() -> list[list[Entry]]:
    """Return the rows of each table."""
    row = re.compile(r"^\| (.+?) \| (.+) \| \[(\d\d)\]\((\w+)\.ipynb\), part (\d) \|$", re.MULTILINE)
    found = []
    for cell in read(GLOSSARY).cells[1:]:
        lines = cell.source.split("| term | what it means | lesson |\n|---|---|---|\n")[1].splitlines()
        rows = [row.match(line) for line in lines]
        assert all(rows), cell.id
        found.append([Entry(match[1].strip("*`").replace("\\|", "|"), *match.groups()[1:]) for match in rows])
    return found


ENTRIES = [entry for table in tables() for entry in table]


def part(entry: Entry) -> str:
    """Return what the part of the lesson that an entry names consists of: text and code."""
    lesson = "\n".join(cell.source for cell in read(NOTEBOOKS[entry.lesson]).cells)
    text = lesson.split(f"\n## {entry.part}. ")[1].split("\n## ")[0]
    return text + CHECKS if entry.part == "5" else text


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.term}, {entry.lesson}")
def test_the_lesson_mentions_the_term(entry):
    assert entry.lesson.startswith(f"{entry.number}_")
    words = [re.escape(word) for word in re.split(r", | \(|\)", entry.term) if word]
    assert [word for word in words if not re.search(rf"(?<!\w){word}", part(entry), re.IGNORECASE)] == []


def test_each_term_has_one_short_meaning_and_is_easy_to_find():
    assert {term for term, count in Counter(entry.term for entry in ENTRIES).items() if count != 1} == TWO_MEANINGS
    assert {count for _, count in Counter(entry.term for entry in ENTRIES).items()} == {1, 2}
    assert 40 <= len({entry.term for entry in ENTRIES}) <= 90
    assert [entry for entry in ENTRIES if not 3 <= len(entry.meaning.split()) <= 20] == []
    for table in tables():
        terms = [entry.term.lower() for entry in table]
        assert terms == sorted(terms)


def test_it_has_nothing_to_run():
    assert code_cells(read(GLOSSARY)) == []
