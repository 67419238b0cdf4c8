"""Task 2 of lesson 10: names that are unique on all servers, and the same for the same session."""

import asyncio
import re
from typing import Any

from wslearn.exercises.engine import Exercise, Talk, shown

KIND = "Return a name such as `guest-1`: `guest-`, and a number from 1."
SAME = (
    "The same session came again, to another server, and got another name. Store the session's name too, and look for "
    "it first."
)
TAKEN = (
    "Two sessions have the same name. Each server has its own copy of your function, so nothing counts in it: only the "
    "store knows which names are taken."
)
RACE = (
    "Two sessions came to two servers at the same moment, and both got the same name. Between `get` and `add`, another "
    "server can take the name. Use what `add` returns: `False` means that somebody was faster."
)
RACE_SAME = (
    "The same session came to two servers at the same moment, and they gave it two names. When you store the session's "
    "name, look at what `add` returns: if it is `False`, another server was faster, and its name counts."
)
FIRST = (
    "This is the first session in its store, and its name isn't `guest-1`. Begin with `guest-1`. Only the store knows "
    "which names are taken: each server has its own copy of a global variable."
)
WASTED = (
    "One session came again and again, and the next new one is called {name}. So each visit uses up a number. Look "
    "first whether the session has a name: `await store.get(session)`."
)
LARGE = "{count} sessions have come, and one of them is called {name}. If a number is taken, try the next one."

#: How often one session comes again: enough to make the next number large, if each visit uses one up.
VISITS = 20


class Store:
    """What all servers share: it takes each key once."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return "store"

    async def add(self, key: Any, value: Any) -> bool:
        """Store a value, unless the key has one; tell whether it was stored."""
        await asyncio.sleep(0)
        if key in self.values:
            return False
        self.values[key] = value
        await asyncio.sleep(0)
        return True

    async def get(self, key: Any) -> Any:
        """Return the value of a key, or None."""
        await asyncio.sleep(0)
        value = self.values.get(key)
        await asyncio.sleep(0)
        return value


class _Names:
    """What the sessions of one store were called."""

    def __init__(self, talk: Talk, function: Any) -> None:
        self.talk, self.function, self.store = talk, function, Store()
        self.known: dict[str, str] = {}

    async def asks(self, *sessions: str, taken: str = TAKEN, same: str = SAME, large: str = LARGE) -> None:
        """Let servers ask for the names of these sessions at the same moment, and judge them."""
        talk = self.talk
        names = await asyncio.gather(*(talk.call(self.function, self.store, session) for session in sessions))
        for session, name in zip(sessions, names, strict=True):
            what = f"unique_name(store, {shown(session)})"
            if not isinstance(name, str) or not re.fullmatch(r"guest-[1-9]\d*", name):
                talk.fail(KIND, what, "returns", shown(name), expected="a name such as guest-1")
            if not self.known and name != "guest-1":
                talk.fail(FIRST, what, "returns", name, expected="guest-1")
            before = self.known.setdefault(session, name)
            if before != name:
                talk.fail(same, what, "returns", name, expected=before)
            others = [other for other, its in self.known.items() if its == name and other != session]
            if others:
                talk.fail(taken, what, "returns", name, expected=f"another name than that of {others[0]}")
            if int(name[6:]) > 2 * len(self.known) + 6:
                text = large.replace("{count}", str(len(self.known))).replace("{name}", name)
                talk.fail(text, what, "returns", name, expected="a smaller number")
            talk.tells(what, "returns", name)


async def _unique_name(talk: Talk, function: Any) -> None:
    one = _Names(talk, function)
    await one.asks("a1")
    await one.asks("b2")
    await one.asks("a1")
    await one.asks("c3")
    other = _Names(talk, function)
    talk.tells("another cluster", "has", "its own store")
    await other.asks("b2")
    await other.asks("a1")
    talk.tells("five sessions", "come", "at the same moment, to five servers")
    await one.asks("d4", "e5", "f6", "a7", "b8", taken=RACE, same=RACE)
    talk.tells("one session", "comes", "to three servers at the same moment")
    await one.asks("c9", "c9", "c9", taken=RACE_SAME, same=RACE_SAME)
    await one.asks("c9", "d4", "a1")
    talk.tells("session a1", "comes", f"{VISITS} times more")
    for _ in range(VISITS):
        await talk.call(function, one.store, "a1")
    await one.asks("d0", large=WASTED)


unique_name = Exercise(
    _unique_name,
    hints=(
        "Store two things: which name a session has, and that a name is taken. First look whether the session has a "
        "name already.",
        "Try `guest-1`, `guest-2` and so on, until `await store.add(name, session)` returns `True`. Then the name is "
        "yours, and nobody else gets it.",
        "At the end, store the session's name: `await store.add(session, name)`. If that returns `False`, another "
        "server has named this session meanwhile: return `await store.get(session)`.",
    ),
    answer="""
async def unique_name(store, session):
    if name := await store.get(session):
        return name
    number = 1
    while not await store.add(f"guest-{number}", session):
        number += 1
    if await store.add(session, f"guest-{number}"):
        return f"guest-{number}"
    return await store.get(session)  # another server was faster
""",
    why="Looking first and storing afterwards is two steps, and another server can come between them. One step that "
    "either succeeds or fails, such as `add`, decides who was first. NATS, databases and Redis all have such a step. "
    "A number may be wasted when two servers name the same session at once, which does no harm.",
)
