"""What goes wrong on any page: the event that the probe sends, and what the student reads."""

import re
from collections.abc import Mapping
from typing import Any

from wslearn.exercises.engine.expectations import NotYet

#: What a stub throws: `throw new Error("not attempted yet")`.
UNTOUCHED = "not attempted yet"
#: A part of an error -> what to try.
ADVICE = {
    "Still in CONNECTING state": "A WebSocket can send only after its `open` event.",
    "Unexpected end of input": "Is a closing `}` or `)` missing?",
    "is not valid JSON": "Catch the error of `JSON.parse`, or take the message as the text that it is.",
    "of null": "`getElementById` and `querySelector` return null if no element fits at that moment. Compare the id "
    "with the page's HTML.",
    "of undefined": "Something in front of the dot has no value yet. Look at it first, as in `if (ws && …)`.",
    "before initialization": "A name that is declared in a function with `let` or `const` begins anew at each call. "
    "Declare it outside of the function if it must last.",
    **dict.fromkeys(  # of the browser's own `find`, which returns true or false
        ("find(...).append is not", "find(...).appendChild is not", "find(...).insertAdjacentHTML is not"),
        "Without `HELPERS`, `find` is a function of the browser that searches the page. Write "
        "`document.getElementById`.",
    ),
    **dict.fromkeys(
        ("find is not defined", "show is not defined", "tell is not defined"),
        "Only a page that begins with `HELPERS` has `find`, `tell` and `show`.",
    ),
    "None is not defined": "JavaScript's `None` is `null`.",
    "True is not defined": "JavaScript's `True` is `true`.",
    "False is not defined": "JavaScript's `False` is `false`.",
    "is not defined": "Is the name misspelled, or a text that needs quotes?",
}
#: What Safari and Firefox write, and what Chromium writes for it: `ADVICE` knows only that.
OTHERS = {
    r" \(In '.+": "",
    r"Can't find variable: (\w+)": r"\1 is not defined",
    r"find\([^()]*\)\.": "find(...).",
    r"Unexpected end of script|missing [})]|got end of script": "Unexpected end of input",
    r"JSON Parse error|JSON\.parse: ": "is not valid JSON",
    r"Cannot access uninitialized variable": "before initialization",
    r"null is not an object|can't access property .+ is null|\) is null$": "of null",
    r"undefined is not an object|can't access property .+ is undefined|\w is undefined$": "of undefined",
}
FAULTS = {
    "dialog": "Your page called `{name}({text})`. A dialog stops the page and its reader. Write into the page instead.",
    "navigates": "Your page left for another address, or reloaded. It must stay: nothing may set `location`, and a "
    "form needs `event.preventDefault()`.",
    "submits": "Your page submitted its form, so a browser would load the page again. Call `event.preventDefault()` in "
    "the `submit` event, or use `<button type=button>`.",
    "floods": "Your page did 6,000 things with its WebSockets, so it was stopped. Some loop sends without end.",
    "crowds": "Your page opened more than 40 WebSockets, so it was stopped. Where does it call `new WebSocket`, and "
    "how often does that run?",
}
BLOCKED = (
    "Your page asked for `{address}` (`{directive}`). The page of a check can reach nothing but its WebSocket: "
    "everything that it needs must be in `PAGE`."
)
EVAL = 'Your page runs a string as code, with `eval` or `setTimeout("…")`. Pass a function instead.'


def line(page: str, number: int) -> str:
    """Return a line of the student's page as she knows it, or nothing if there is none."""
    lines = page.split("\n")
    text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return f" (line {number} of your page: `{text[:80].replace('`', chr(39))}`)" if text else ""


def raise_fault(event: Mapping[str, Any], page: str) -> None:
    """Raise NotYet if this event is wrong on any page, NotImplementedError if the page is a stub; else do nothing."""
    kind = event["event"]
    if kind == "error":
        text = re.sub(r"^Uncaught (\(in promise\) )?", "", event["text"])
        if UNTOUCHED in text:
            raise NotImplementedError
        known = text
        for written, chromium in OTHERS.items():
            known = re.sub(written, chromium, known)
        advice = next((advice for part, advice in ADVICE.items() if part in known), "")
        raise NotYet(f"Your page raised {text.rstrip('.')}{line(page, event['line'])}. {advice}".rstrip())
    if kind == "blocked":
        raise NotYet((EVAL if event["address"] == "eval" else BLOCKED).format_map(event))
    if kind in FAULTS:
        raise NotYet(FAULTS[kind].format_map(event))
