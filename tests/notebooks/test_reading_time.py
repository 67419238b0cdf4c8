"""A lesson takes about as long as it says: its text is read at 200 words a minute, and a line of code in 4 seconds.

What is folded, what is for the instructor, helpers that a student may skip and what is for home takes no time in class.
"""

import re

import pytest
from nbformat import NotebookNode
from notebook_runs import NOTEBOOKS, read

WORDS = 200  # a minute
LINES = 15  # a minute
GUESS = 1.0  # minutes, to think
#: A lesson may take so many minutes more than it says: people don't read alike.
MORE = 5
HOME = re.compile(r"^### .+\n\n\*At home\b", re.MULTILINE)
LESSONS = [name for name in NOTEBOOKS if name != "00_start_here"]


def minutes(cell: NotebookNode) -> float:
    """Return how long a student in class takes to read a cell."""
    source = cell.source
    if cell.cell_type == "code":
        return (1 if source.startswith("# A helper") else lines(source)) / LINES
    if source.startswith("> **Instructor:**"):
        return 0
    shown = re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL)
    code = re.findall(r"^```.*?\n(.*?)^```", shown, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```|\]\([^)]*\)", "", shown, flags=re.MULTILINE | re.DOTALL)
    words = len(re.findall(r"\S*\w\S*", prose)) + GUESS * WORDS * len(re.findall(r"^\*\*Guess \d", prose, re.MULTILINE))
    return words / WORDS + sum(map(lines, code)) / LINES


def lines(code: str) -> int:
    return sum(1 for line in code.splitlines() if line.strip())


def parts(cells: list[NotebookNode]) -> dict[str, tuple[float, float]]:
    """Return the minutes of each part: read, and stated (0: none are). Nothing that is for home counts."""
    found: dict[str, tuple[float, float]] = {}
    part, home = "before", False
    for cell in cells:
        prose = cell.source if cell.cell_type == "markdown" else ""
        if heading := re.search(r"^## (.+)\n\n(?:\*(\d+) minutes)?", prose, re.MULTILINE):
            part, home = heading[1], False
            found[part] = (0.0, float(heading[2] or 0))
        elif re.search(r"^### ", prose, re.MULTILINE):
            home = bool(HOME.search(prose))
        read_, stated = found.get(part, (0.0, 0.0))
        found[part] = (read_ + (0 if home else minutes(cell)), stated)
    return found


def test_what_is_for_nobody_in_class_takes_no_time():
    def cell(kind: str, source: str) -> NotebookNode:
        return NotebookNode(cell_type=kind, source=source)

    words = "word " * 100
    folded = f"<details>\n<summary>More</summary>\n{words}\n</details>"
    assert minutes(cell("markdown", f"{words}\n\n{folded}")) == 0.5
    assert minutes(cell("markdown", f"> **Instructor:** {words}")) == 0
    assert minutes(cell("markdown", "**Guess 1.** How long?\n\n```\na\n\nb\n```")) == 1 + 4 / 200 + 2 / 15
    assert minutes(cell("code", "# A helper: you can skip this cell.\na = 1\nb = 2")) == 1 / 15
    lesson = [
        cell("markdown", f"## 2. Run\n\n*7 minutes. You {words}*"),
        cell("markdown", f"### More\n\n*At home, or if there is time: about five minutes.*\n\n{words}"),
        cell("code", "a = 1\n" * 15),
        cell("markdown", "### Back\n\nin class"),
        cell("code", "a = 1\n" * 15),
    ]
    assert parts(lesson)["2. Run"] == (pytest.approx(1 + 108 / 200), 7)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_takes_about_as_long_as_it_says(name):
    found = parts(read(NOTEBOOKS[name]).cells)
    make = found.pop("5. Make")[1]  # a task takes longer than reading it
    stated = sum(stated for _, stated in found.values()) + make
    took = sum(read_ for read_, _ in found.values()) + make
    assert took < stated + MORE, {part: f"{read_:.1f} of {stated:.0f}" for part, (read_, stated) in found.items()}


def test_no_part_of_lesson_11_takes_longer_than_it_says():
    """It was once a third too long. What is stated of Make is for solving a task, too."""
    found = parts(read(NOTEBOOKS["11_own_project"]).cells)
    del found["5. Make"]
    assert {part: f"{read_:.1f}" for part, (read_, stated) in found.items() if stated and round(read_) > stated} == {}
