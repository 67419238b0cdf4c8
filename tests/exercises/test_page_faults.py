"""What a student reads about an error of her page: the same advice in every browser, whatever words it has."""

import pytest

from wslearn.exercises.engine.browser.faults import ADVICE, raise_fault
from wslearn.exercises.engine.expectations import NotYet

#: A part of Chromium's text, as `ADVICE` knows it, and what Safari (WebKitGTK 2.50) and Firefox write in its place.
SAME = {
    "Unexpected end of input": [
        "SyntaxError: Unexpected end of script",
        "SyntaxError: missing } after function body",
        "SyntaxError: expected expression, got end of script",
    ],
    "is not valid JSON": [
        'SyntaxError: JSON Parse error: Unexpected identifier "Hello"',
        "SyntaxError: JSON.parse: unexpected character at line 1 column 1 of the JSON data",
    ],
    "of null": [
        "TypeError: null is not an object (evaluating 'find(\"list\").append')",
        'TypeError: can\'t access property "append", find(...) is null',
        "TypeError: find(...) is null",
    ],
    "of undefined": [
        "TypeError: undefined is not an object (evaluating 'ws.readyState')",
        'TypeError: can\'t access property "readyState", ws is undefined',
        "TypeError: ws is undefined",
    ],
    "before initialization": [
        "ReferenceError: Cannot access uninitialized variable.",
        "ReferenceError: can't access lexical declaration 'ws' before initialization",
    ],
    "find(...).append is not": [
        'TypeError: find("messages").append is not a function. (In \'find("messages").append(data)\', '
        "'find(\"messages\").append' is undefined)",
    ],
    "show is not defined": ["ReferenceError: Can't find variable: show", "ReferenceError: show is not defined"],
    "None is not defined": ["ReferenceError: Can't find variable: None"],
    "is not defined": ["ReferenceError: Can't find variable: sokcet"],
}


@pytest.mark.parametrize(("known", "text"), [(known, text) for known, texts in SAME.items() for text in texts])
def test_every_browser_has_the_same_advice(known, text):
    with pytest.raises(NotYet) as caught:
        raise_fault({"event": "error", "text": text, "line": 1}, "ws.sned()")
    where = " (line 1 of your page: `ws.sned()`). "
    assert str(caught.value) == f"Your page raised {text.rstrip('.')}{where}{ADVICE[known]}"


def test_what_is_no_function_has_no_advice():
    text = "TypeError: ws.shout is not a function. (In 'ws.shout()', 'ws.shout' is undefined)"
    with pytest.raises(NotYet, match=r"is undefined\)\.$"):
        raise_fault({"event": "error", "text": text, "line": 0}, "")
