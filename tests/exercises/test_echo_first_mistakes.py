"""Lesson 02: what a beginner writes in a handler is told in its own words."""

from importlib import util

import pytest
from exercise_cases import handler

from wslearn.exercises import echo as ex

FIRST = {
    "a plain for": (("for m in ws: await ws.send(m)",), "Write `async for message in ws:`"),
    "get of a list": (
        (
            "async for m in ws:",
            "    try: said = json.loads(m)",
            "    except (ValueError, RecursionError): said = {}",
            "    said = said.get('say')",
            """    await ws.send(said if isinstance(said, str) else '{"error": "no"}')""",
        ),
        "Only a dictionary has `.get`",
    ),
    "return": (
        ("async for m in ws:", "    return json.loads(m)['say']"),
        "`return` ends the handler and sends nothing",
    ),
    "return of an error": (
        (
            "async for m in ws:",
            "    try: said = json.loads(m)['say']",
            """    except ValueError: return '{"error": "no"}'""",
            "    await ws.send(said)",
        ),
        "Write `await ws.send(…)` to send a reply",
    ),
    "a last return": (
        ("async for m in ws: await ws.send(m)", "return 0"),
        'For `{"say": "hello"}` send back the value of `"say"`: `hello`. Your handler has a `return` with a value',
    ),
    "a return that awaits": (
        ("async for m in ws:", "    return await ws.send('x')"),
        'For `{"say": "hello"}` send back the value',
    ),
    "a return in a function inside": (
        ("def said(m):", "    return m", "async for m in ws: await ws.send(said(m))"),
        'For `{"say": "hello"}` send back the value',
    ),
}


@pytest.mark.parametrize("style", FIRST)
async def test_a_first_mistake_is_told(tmp_path, style):
    """From a file, because Python shows the source of a cell and of a file, but not that of `exec`."""
    lines, part = FIRST[style]
    file = tmp_path / "cell.py"
    file.write_text(f"import json\nfrom wslearn import Server\n{handler(*lines)}\n", encoding="utf-8")
    spec = util.spec_from_file_location("cell", file)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = await ex.careful.check(module.Answer)
    assert result.state == "wrong" and part in result.message, result
    assert ("`return` ends" in result.message) is (style.startswith("return") or style == "a last return")
