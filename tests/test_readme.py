"""The README says what is true: its tables, its commands and its links, compared with the code."""

import re
import shlex
import tomllib
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

import click
import pytest
from authors import run
from packaging.requirements import Requirement

from wslearn.cli.main import EXAMPLES, SERVERS, main

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with this heading."""
    lines = README[README.index(f"| {heading} |") :].splitlines()
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows][2:]


def commands() -> list[list[str]]:
    """Return every `wslearn …` that the README tells people to type, in code blocks and in running text."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    typed = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", README)
    parts = [part.strip() for line in typed for part in line.split("&&")]
    found = [re.fullmatch(r"(?:\S*uv run |python -m uv run )?(?:--\S+ \S+ )?wslearn (.*)", part) for part in parts]
    return [shlex.split(match[1]) for match in found if match]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_every_command_parses(arguments):
    name, *rest = arguments
    context = click.Context(main, info_name="wslearn")
    command = main.commands[name]
    if "--help" in rest:
        return
    parsed = command.make_context(name, rest, parent=context)
    if name == "serve":
        assert parsed.params["name"] in SERVERS | EXAMPLES or arguments == ["serve", "my_chat:ChatServer"]


def test_the_commands_are_found():
    assert ["lab"] in commands()
    assert ["serve", "echo"] in commands()
    assert {arguments[0] for arguments in commands()} == set(main.commands)


def test_every_server_is_named():
    section = README.partition("## A server in the terminal")[2].partition("```")[0]
    assert [name for name in SERVERS if not re.search(rf"\b{name}\b", section)] == []


def test_the_two_commands_that_set_everything_up():
    assert "\n```sh\npip install uv && uv run wslearn lab\n```\n" in README
    assert "\n```sh\npip install uv && uv run --extra test pytest\n```\n" in README


def test_the_table_of_lessons(repository):
    lessons = table("lesson")
    assert [lesson for lesson, _, _ in lessons] == [
        f"[{path.stem}](notebooks/{path.name})" for path in sorted((repository / "notebooks").glob("[0-9]*.ipynb"))
    ]
    assert "](notebooks/glossary.ipynb)" in README
    assert all(minutes.isdecimal() for _, minutes, _ in lessons)


def test_the_table_of_dependencies(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"always": project["dependencies"]}
    groups |= {f"extra `{extra}`": texts for extra, texts in project["optional-dependencies"].items()}
    expected = [
        (Requirement(text).name, group)
        for group, texts in groups.items()
        for text in texts
        if Requirement(text).name != project["name"]
    ]
    rows = table("package")
    assert sorted((name, group) for name, group, _ in rows) == sorted(expected)
    assert [name for name, _, why in rows if not why] == []


def test_every_path_and_link_exists(repository):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    paths = [path.strip("`") for path, _ in table("path")]
    paths += [path.strip("`") + inside for path, what in table("path") for inside in re.findall(r"`(\w+/)`", what)]
    assert links
    assert paths
    scripts = re.findall(r"python (tests/[\w/.]+)", README)
    assert [path for path in [*links, *paths, *scripts] if not (repository / path).exists()] == []


def test_the_exercise_for_authors_runs_and_says_what_is_printed(shared_kernel):
    section = README.partition("## For authors of exercises")[2].partition("\n## ")[0]
    code, said = (re.search(rf"```{kind}\n(.*?)\n```", section, re.DOTALL)[1] for kind in ("python", "text"))
    assert "Right!" in said and "Not yet." in said
    with shared_kernel() as running:
        assert running.ask(code) == said
        assert "Hint 1 of 1" in running.ask("quiet.hint()")
        assert "Why" in running.ask("quiet.solution()")


def test_the_tests_of_an_own_server_find_what_is_said(tmp_path):
    section = README.partition("## Test your own server")[2].partition("\n## ")[0]
    chat, test = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (said,) = re.findall(r"```text\n(.*?)\n```", section, re.DOTALL)
    done = run(tmp_path, chat=chat, test_chat=test)
    assert done.failed.keys() == {"test_one_client_is_lost"} and len(done.tests) == 2, done.output
    assert said in done.output, done.output
    with open(find_spec("wslearn.testing.plugin").origin, encoding="utf-8") as plugin:
        fixtures = re.findall(r"@pytest\.fixture\ndef (\w+)", plugin.read())
    assert [name for name, _ in table("fixture")] == [f"`{name}`" for name in fixtures]


def test_the_pictures_are_small_and_say_what_they_show(repository):
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    assert [path for _, path in pictures] == ["notebooks/images/latency_lab.png", "notebooks/images/chat.png"]
    assert all(len(text) > 40 for text, _ in pictures)
    assert all((repository / path).stat().st_size < 60_000 for _, path in pictures)


def test_ci_runs_the_readmes_own_command(repository):
    """It finds the command with grep; here the same pattern finds exactly one."""
    pattern = re.search(r"grep -x '([^']+)'", (repository / ".ci" / "run").read_text(encoding="utf-8"))[1]
    assert [line for line in README.splitlines() if re.fullmatch(pattern, line)] == [
        "pip install uv && uv run --extra test pytest"
    ]
