"""The plugin itself: it costs nothing until it is used, and is registered once, however it is named."""

import subprocess
import sys

import pytest
from authors import ASYNCIO, run

NOTHING = """
import sys

def test_nothing():
    print("LOADED", *sorted(sys.modules))
"""
#: What nobody needs who uses none of the fixtures.
HEAVY = {"aiohttp", "websockets", "msgspec", "jwt", "wslearn.server", "wslearn.process", "wslearn.exercises"}


@pytest.mark.parametrize("alone", [False, True], ids=["beside the plugins that are installed", "alone"])
def test_a_run_that_uses_no_fixture_loads_nothing_for_it(tmp_path, monkeypatch, alone):
    options = ["-s", "-p", "no:asyncio"]
    if alone:  # then also Python's own modules are nobody else's
        options += ["--disable-plugin-autoload", "-p", "wslearn.testing.plugin"]
    done = run(tmp_path, *options, settings="", test_nothing=NOTHING)
    assert done.tests == {"test_nothing": "passed"}, done.output
    loaded = set(next(line for line in done.output.splitlines() if "LOADED" in line).split())
    assert {name for name in loaded if name.startswith("wslearn")} == {
        "wslearn", "wslearn.testing", "wslearn.testing.plugin"
    }  # fmt: skip
    assert HEAVY & loaded == set()
    assert not alone or "asyncio" not in loaded


def test_importing_it_imports_only_pytest():
    code = """
import sys, time, pytest
before, begun = set(sys.modules), time.perf_counter()
import wslearn.testing.plugin
print(f"{(time.perf_counter() - begun) * 1000:.1f} ms")
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    time, modules = done.stdout.splitlines()
    print(time)
    assert modules.split() == ["wslearn", "wslearn.testing", "wslearn.testing.plugin"], done.stderr


USED = """
import asyncio

def test_used(talk):
    async def main():
        async def handler(ws):
            async for message in ws:
                await ws.send(message)

        async with talk.served(handler) as server:
            ann = await talk.client(server, "Ann")
            await ann.asks("hi", "hi")

    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("options", "conftest"),
    [
        ([], ""),
        (["-p", "wslearn.testing.plugin"], ""),
        ([], 'pytest_plugins = ["wslearn.testing.plugin"]'),
        (["--import-mode=importlib"], ""),
        (["--disable-plugin-autoload", "-p", "wslearn.testing.plugin"], ""),
    ],
    ids=["found", "named by -p", "named by conftest.py", "importlib", "without autoload"],
)
def test_it_is_registered_once(tmp_path, options, conftest):
    settings = "" if "--disable-plugin-autoload" in options else ASYNCIO
    done = run(tmp_path, *options, settings=settings, test_used=USED, conftest=conftest)
    assert (done.code, done.tests) == (0, {"test_used": "passed"}), done.output


def test_it_can_be_switched_off(tmp_path):
    done = run(tmp_path, "-p", "no:wslearn.testing.plugin", test_used=USED)
    assert "fixture 'talk' not found" in done.failed["test_used"]


def test_an_authors_own_fixture_of_the_same_name_comes_first(tmp_path):
    done = run(tmp_path, conftest="""
import pytest

@pytest.fixture
def talk():
    return "mine"
""", test_mine="""
def test_mine(talk):
    assert talk == "mine"

def test_failing(talk):
    assert talk == "yours"
""")  # fmt: skip
    assert list(done.failed) == ["test_failing"] and "INTERNALERROR" not in done.output, done.output


def test_pytest_lists_the_fixtures_with_what_they_do(tmp_path):
    listed = run(tmp_path, "--fixtures", test_nothing=NOTHING).output
    section = listed.partition("fixtures defined from wslearn.testing.plugin")[2].partition("---- fixtures")[0]
    for name in ("talk", "bad_network", "hostile_clients", "server_process"):
        assert f"\n{name} -- " in section, listed
    assert "no docstring" not in section


def test_the_conversation_is_shown_beside_a_failure_of_another_kind(tmp_path):
    test = USED.replace('await ann.asks("hi", "hi")', 'await ann.asks("hi", "hi")\n            assert ann.heard == []')
    done = run(tmp_path, test_used=test)
    assert done.failed.keys() == {"test_used"}
    shown = done.output.partition("- conversation -")[2].splitlines()
    assert [line.split() for line in shown[1:4]] == [
        ["Ann", "connects"], ["Ann", "sends", "'hi'"], ["Ann", "receives", "'hi'"],
    ], done.output  # fmt: skip
