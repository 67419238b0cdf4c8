"""One table of close codes for Python, one for the page: the same codes, names, and ends."""

import re
from pathlib import Path

import pytest
from websockets.frames import CLOSE_CODE_EXPLANATIONS, CloseCode

import wslearn
from wslearn import client
from wslearn.common import close_codes

SCRIPT = (Path(wslearn.__file__).parent / "static" / "close-codes.js").read_text(encoding="utf-8")


def final_of_the_page() -> set[int]:
    [codes] = re.findall(r"^const FINAL = new Set\(\[([\d, ]+)\]\);$", SCRIPT, re.M)
    return {int(code) for code in codes.split(",")}


def names_of_the_page() -> dict[int, str]:
    [table] = re.findall(r"^const CODES = \{\n(.*?)^\};$", SCRIPT, re.M | re.S)
    names = {int(code): name for code, name in re.findall(r'^  (\d+): \["([^"]+)", ', table, re.M)}
    assert len(names) == len(re.findall(r"^\W*\d+\W*:", table, re.M))  # each line was understood
    return names


def test_the_page_ends_on_the_same_codes():
    assert final_of_the_page() == close_codes.TERMINAL == client.TERMINAL_CODES


def test_the_page_calls_them_by_the_same_names():
    capitals = {code: name[0].upper() + name[1:] for code, name in close_codes.NAMES.items()}
    assert names_of_the_page() == capitals


def test_every_terminal_code_has_a_name_and_come_back_later_is_none_of_them():
    assert set(close_codes.NAMES) >= close_codes.TERMINAL
    assert close_codes.TERMINAL.isdisjoint({1001, 1006, 1011, 1012, 1013, 1014, 3008, 4000})


def test_the_library_knows_no_code_that_is_missing_here():
    assert set(close_codes.NAMES) >= set(CLOSE_CODE_EXPLANATIONS)
    internal = {code for code, text in CLOSE_CODE_EXPLANATIONS.items() if "internal]" in text}
    assert internal == close_codes.NEVER_SENT


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (CloseCode.SERVICE_RESTART, "service restart"),
        (3999, "registered code"),
        (4000, "private code"),
        (4999, "private code"),
        (2999, "unassigned code"),
        (5000, "unassigned code"),
        (0, "unassigned code"),
    ],
)
def test_every_number_is_called_something(code, name):
    assert close_codes.name(code) == name
    if code not in close_codes.NAMES and code >= 3000 and code < 5000:
        assert f'["{name.capitalize()}", ' in SCRIPT
