"""Task 4 of lesson 09: a message that is sent twice is stored once, and the memory for that is bounded."""

import gc
from collections.abc import Callable
from random import Random
from types import FunctionType, ModuleType
from typing import Any

from wslearn.exercises.engine import Exercise, Talk, shown
from wslearn.histories import History, judge

#: Seconds for which the check asks an answer to remember, and how many keys it lets it remember and forget.
SECONDS, MANY = 120, 2000
AGAIN = (
    "This message was stored already: it has the same session, room and id. Return the first offset, and don't call "
    "`store` again."
)
ALIKE = "{what} This is another message, so call `store`, and return what it returns."
HOW_OFTEN = ("nothing", "`store` once", "`store` more than once")
FIRST = "Nobody has sent this message before. Call `store()`, and return the offset that it returns."
LATER = (
    "This message was stored more than `seconds` ago, so it is forgotten. Call `store` again. A repeat that came "
    "meanwhile doesn't count: what counts is when the message was stored."
)
EARLY = "This message was stored less than `seconds` ago, and you have forgotten it."
FAILED = (
    "`store` raised OSError, so nothing was stored. The sender tries again, and you said that the message is stored "
    "already. Remember a message only after `store` has returned."
)
HIDDEN = "`store` raised OSError. Let it pass, so that the caller knows that nothing is stored."
ZERO = "The first message of all has offset 0, and that is an offset like any other. Don't use it as a condition."
GROWS = (
    "{many} messages are older than `seconds`, and your object still remembers them. Whenever a message comes, forget "
    "the ones that are too old, even if they never come again."
)
SEPARATED = (
    "`once({key}, store)` is taken for a repeat of another message, which has another session and another room. They "
    "are any strings, so no separator is safe: use the tuple `(session, room, id)` instead of one string."
)
#: What an answer may put between the three.
SEPARATORS = (*" /:;,.|-_+#@&=~*%$\n\t\0\x1f", "::", "--", "__", "||", "##", "//", ", ", " - ", " : ", " / ", "->")
OTHERS = "A second object knows what only the first one was told. Keep the memory in `self`, not in the class."


class _Store:
    """What the answer calls: it counts, and fails when it is told to."""

    def __init__(self) -> None:
        self.offset, self.calls, self.fails = -1, 0, False

    def __repr__(self) -> str:
        return "store"

    def __call__(self) -> int:
        self.calls += 1
        if self.fails:
            raise OSError("the disk is full")
        self.offset += 1
        return self.offset


class _Desk:
    """One object of the student's, and what it is asked."""

    def __init__(self, talk: Talk, made: Any, store: _Store) -> None:
        self.talk, self.once, self.store = talk, talk.method(made, "once"), store

    async def asks(self, key: tuple[str, str, str], new: bool, message: str) -> None:
        """Expect that a message is stored now, or that it was already."""
        before, calls = self.store.offset, self.store.calls
        came = await self.talk.call(self.once, *key, self.store)
        stored = self.store.calls - calls
        what = f"once({', '.join(map(shown, key))}, store)"
        if stored != new:
            self.talk.fail(message, what, "calls", HOW_OFTEN[min(stored, 2)], expected=HOW_OFTEN[new])
        expected = before + 1 if new else self.offsets[key]
        if type(came) is not int or came != expected:
            text = ZERO if expected == 0 and not new else "Return the offset that `store` returned for this message."
            self.talk.fail(text, what, "returns", shown(came), expected=shown(expected))
        self.talk.tells(what, "returns", f"{came}{'' if new else ', without calling store'}")
        if new:
            self.offsets[key] = came

    offsets: dict[tuple[str, str, str], int]


def _size(thing: object) -> int:
    """Return how many objects can be reached from this one: no modules, functions, classes, nor the check's own."""
    seen: set[int] = set()
    found = [thing]
    while found:
        one = found.pop()
        if id(one) in seen or isinstance(one, ModuleType | FunctionType | type | _Store):
            continue
        seen.add(id(one))
        found.extend(gc.get_referents(one))
    return len(seen)


async def _once(talk: Talk, once_class: Any) -> None:
    now = [1000.0]

    def clock() -> float:
        return now[0]

    async def made() -> tuple[Any, _Desk]:
        one = await talk.call(once_class, SECONDS, clock)
        desk = _Desk(talk, one, _Store())
        desk.offsets = {}
        return one, desk

    def passes(seconds: float) -> None:
        now[0] += seconds
        talk.tells("the clock", "moves on", f"by {seconds:g} s")

    one, desk = await made()
    await desk.asks(("ann", "tea", "1"), True, FIRST)
    await desk.asks(("ann", "tea", "2"), True, ALIKE.format(what="The id is another one."))
    await desk.asks(("ann", "tea", "2"), False, AGAIN)
    await desk.asks(("ann", "tea", "1"), False, f"{AGAIN} {ZERO}")  # that it has another offset is all that is new
    for key, what in (
        (("ann", "chess", "1"), "The room is another one, and each room has its own messages."),
        (("bob", "tea", "1"), "The session is another one: two clients may use the same id."),
        (("ann1", "tea", "1"), "The session is `ann1`."),
        (("ann", "1tea", "1"), "The room is `1tea`. Use a tuple of the three instead of one string."),
        (("ann", "te", "a1"), "The room is `te`, and the id `a1`. Use a tuple instead of one string."),
    ):
        await desk.asks(key, True, ALIKE.format(what=what))
    await _separates(talk, desk)
    _, other = await made()
    await other.asks(("ann", "tea", "1"), True, OTHERS)
    passes(SECONDS * 0.75)
    await desk.asks(("ann", "tea", "1"), False, EARLY)
    passes(SECONDS * 0.5)
    await desk.asks(("ann", "tea", "1"), True, LATER)
    await _fails(talk, desk)
    await _forgets(talk, one, desk, passes)
    await _has_a_good_history(talk, once_class, clock)


async def _separates(talk: Talk, desk: _Desk) -> None:
    """Expect that three strings stay three, whatever is in them."""
    store = desk.store
    for between in SEPARATORS:
        for key in (("ann", f"tea{between}chess", "1"), (f"ann{between}tea", "chess", "1")):
            calls = store.calls
            await talk.call(desk.once, *key, store)
            if store.calls == calls:
                text = SEPARATED.format(key=", ".join(map(shown, key)))
                talk.fail(text, "`once`", "calls", HOW_OFTEN[0], expected=HOW_OFTEN[1])
    talk.tells("sessions and rooms", "are", "told apart, also with `/`, `:` and others in them")


async def _fails(talk: Talk, desk: _Desk) -> None:
    """Expect that what could not be stored may be sent again."""
    desk.store.fails = True
    talk.tells("`store`", "raises", "OSError from now on")
    await talk.calls(desk.once, ("ann", "tea", "9", desk.store), OSError, HIDDEN)
    desk.store.fails = False
    talk.tells("`store`", "works", "again")
    await desk.asks(("ann", "tea", "9"), True, FAILED)
    await desk.asks(("ann", "tea", "9"), False, AGAIN)


async def _forgets(talk: Talk, one: Any, desk: _Desk, passes: Callable[[float], None]) -> None:
    """Expect that old messages take no memory, although they never come again."""
    passes(2 * SECONDS)
    await desk.asks(("zoe", "tea", "0"), True, FIRST)
    before = _size(one)
    for n in range(MANY):
        await talk.call(desk.once, "zoe", "tea", f"many-{n}", desk.store)
    talk.tells("Zoe", "sends", f"{MANY} messages")
    passes(2 * SECONDS)
    await desk.asks(("zoe", "tea", "1"), True, FIRST)
    more = _size(one) - before
    if more > MANY / 2:
        talk.fail(
            GROWS.format(many=MANY),
            "your object",
            "has",
            f"{more} objects more than before",
            expected="no more than before",
        )


async def _has_a_good_history(talk: Talk, once_class: Any, clock: Callable[[], float]) -> None:
    """Let two clients send again whatever lost its ack, and the checker of histories judge what was stored."""
    random, history, stored = Random(9), History(), []
    known = talk.method(await talk.call(once_class, SECONDS, clock), "once")
    waiting = [(who, str(number)) for number in range(1, 9) for who in ("ann", "bob")]
    history.joined("Zoe", "e1", 0)
    for who, number in waiting:
        text = f"{who}-{number}"
        history.wrote(who, text)
        for _ in range(random.choice((1, 2, 3))):

            def store(text: str = text) -> int:
                stored.append(text)
                history.heard("Zoe", text, len(stored), "e1")
                return len(stored)

            history.sent(who, text)
            offset = await talk.call(known, who, "tea", number, store)
        history.acknowledged(who, text, offset, "e1")
    verdict = judge(history)
    if not verdict.ok:
        text = f"Ann and Bob send again what lost its ack. The checker of histories says: {verdict.findings[0]}"
        talk.fail(text, "the checker", "finds", verdict.findings[0].kind, expected="nothing wrong")
    talk.tells("the checker", "finds", "nothing lost, doubled or out of order, although acks were lost")


once = Exercise(
    _once,
    hints=(
        "Keep a dictionary in `self`, from the three to the offset and the time.",
        "Use the tuple `(session, room, id)` as the key. Put it into the dictionary after `store()` has returned.",
        "A dictionary keeps its order, so the oldest message is the first one. At the beginning of `once`, delete the "
        "first one as long as it is too old: `next(iter(self.known.items()))`.",
    ),
    answer="""
class Once:
    def __init__(self, seconds, clock):
        self.seconds, self.clock = seconds, clock
        self.known = {}  # (session, room, id) -> offset, and when it was stored

    def once(self, session, room, id, store):
        now = self.clock()
        while self.known:
            key, (_, stored) = next(iter(self.known.items()))
            if now - stored < self.seconds:
                break
            del self.known[key]
        key = session, room, id
        if key not in self.known:
            self.known[key] = store(), now
        return self.known[key][0]
""",
    why="The sender can't know whether its first message or the ack was lost, so it sends the message again, and the "
    "server has to know. It can't remember all messages for ever. Two minutes are enough for a client that tries again "
    "until it has its ack. The key has the session, because two clients may use the same id.",
)
