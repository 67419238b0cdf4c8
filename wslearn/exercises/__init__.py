"""Exercises that check themselves: `check`, `hint` and `solution`, in a folder for each lesson.

An author of exercises needs to read only this. There are six kinds: `FunctionExercise`, `Exercise`, `ReadingExercise`,
`Question`, and in a browser `PageExercise` and `PageReading`. Where the answer is a function, list cases:

    from wslearn.exercises import FunctionExercise

    double = FunctionExercise(
        cases=[((2,), 4), ((0.5,), 1.0)],  # the arguments, and what must be returned
        mistakes={lambda x: x: "This is `x` itself. Add it once more.", lambda x: x * x: "This is the square of `x`."},
        message="Return two times `x`.",  # for every other result
        hints=("vague", "nearer", "near"), answer="def double(x): return 2 * x", why="…")

A mistake is a function that returns, for the same arguments, what a wrong answer returns; or it is a type or a value. A
result of the wrong kind (bytes for a string, a float for an int, None) has its message already, and so has a function
that changes its arguments. A case may have its own message as a third member. Each text may be a function of what came
and the arguments.

Otherwise an exercise is mostly a conversation with what a student made:

    from wslearn.exercises import Exercise, otherwise

    async def conversation(talk, server_class):
        async with talk.server(server_class) as server:
            ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
            await ann.says("hi")
            await talk.all_hear([bob, carl], "hi", {
                None: "{name} received nothing. Send to each client in `self.connections`.",
                "HI": "Pass the message on as it is.",
                otherwise: "{name} should receive exactly what Ann sent."})
            await ann.hears_nothing("Ann received her own message: skip `ws` in your loop.")

    others = Exercise(conversation, hints=(…), answer="class Others(Server): …", why="…")

The first expectation that does not hold ends the check, and its message is what the student reads: what the check did,
what it expected, what happened, what to try. A message is a text, a function that gets what came (None: nothing, or the
end) and returns a text, or a table from what came to a text or function. A key of a table is a value, a type (`bytes`),
`has(type="presence")` for a dict with such members, any function that says whether it fits, or `otherwise`; the first
key that fits counts. Texts may have `code` in back-ticks, and `{name}` for the client's name.

What an expectation compares with: a dict means JSON with at least these members; a float is compared with a tolerance;
a function is called and says whether what came is right (then say in `meaning` what was expected, in words); an
exception class (only in `calls`) must be raised; anything else must be equal and of the same type. A message that is a
JSON object or list comes decoded, all others as they are.

`talk`, what a conversation is made with (each step has 2 s, unless `within=…` says otherwise; the whole has 15 s; time
in which the machine stands still does not count):

- `async with talk.server(cls, **options) as server`: start the student's server (or the author's own). You may look at
  its state. An error in its handler is never right; the student reads it before your message, with its line. That is
  true of its `background`, its `start` and its tasks as well.
- `async with talk.served(app) as served`: what students write with other libraries: `async def handler(ws)`, ASGI apps
  (Starlette; needs uvicorn), an aiohttp app, or a function without parameters that makes the app. What the app raises,
  its start and its tasks too, is read first, with its line. Clients connect to `served`, or to `url=served.url + "ws"`.
- `await talk.client(server, "Ann", **options)`: connect; options are those of `connect`, `url=…` for another address,
  and `receive_buffer=4096` for a client that is soon stalled. `await talk.clients(server, "Ann", "Bob", **options)`
  connects several and expects that the server keeps them. `await talk.has_connections(server, 2)` waits until the
  server has noticed who has left. `await talk.refused(server, 403, message, …)` expects this HTTP status.
- `await talk.all_hear(clients, expected, message)` and `none_hear(clients, message)`.
- `await talk.calls(function, (1, 2), expected, message)`: call a function, async or not; returns what it returned.
  `await talk.call(function, 1, 2)` only calls, and expects no error. Where a class is the answer, not a server's:
  `bucket = await talk.call(cls, 10)`, then `await talk.calls(talk.method(bucket, "take"), (), True, …)`.
- `talk.expect(fact, message, expected="…", came=…)`: anything else that can be looked at.
- `await talk.until(condition, message, expected="…")`: a state that comes with time: `lambda: not server.rooms`.
  Without a message it ends nothing, and returns whether the state came about.
- `talk.fail(message, "the room", "has", "two members", expected="one member")`: end the check here.
- `talk.tells(who, did, what)`: a line for the student to read, such as `talk.tells("the network", "falls", "silent")`.
- `talk.advises(text)`: what could be better in an answer that is right.

Clients: `says(message)`, `hears(expected, message, skip=…)` the next message (those that match `skip` do not count),
`asks(said, expected, message)` for both at once, `hears_nothing(message)`, `is_closed(code, reason, message)` (the
message gets the pair; a code alone fits too as a key), `is_still_there(message)`, `closes(code, reason)`, `vanishes()`
without a closing handshake, `stops_reading()` and `reads_again()`. `heard` has all messages so far, `ws` is the
connection itself, `peer` the server's end of it. A marker is the best proof of silence: let somebody else send
something, and expect that as the next message.

A conversation that looks at a clock gets `@timed` (from `wslearn.exercises.engine.steady`) above its `async def`: if
the machine stood still meanwhile, what it found is forgotten, and it is held again.

The check runs in its own thread. Code that blocks, never ends, raises or is the wrong kind of thing gets a diagnosis,
and a stub, which raises NotImplementedError, is `Not attempted yet.`; the author does nothing for it.

Where a student reads code and says what it does, show the code, run it, and compare:

    what_closes = ReadingExercise(
        "class Answer(Server): …",  # the notebook shows the same; the check compares with what it really does
        run, clues={"first": {1000: "Does the handler return here?"}, "second": ""},
        hints=(…), answer='codes = {"first": 1011, "second": 1000}', why="…")

`async def run(talk, names)` gets the names that the code makes, and returns what happened for each label.

Where the answer is a page, a string of HTML with a script, it runs in the student's own browser, below the cell:

    async def conversation(talk, page):
        async with talk.page(page) as tab:
            await tab.presses("#connect")
            ws = await tab.connects({0: "No WebSocket. Call `new WebSocket(\"ws\")`.", int: "Open one, not several."})
            await ws.says("<b>hi</b>")
            await tab.sees("#messages", ["<b>hi</b>"], "Put the message into `textContent`.")

    text = PageExercise(conversation, hints=(…), answer='PAGE = …', why="…")

The check plays the user, the server and the clock, so nothing waits. `types`, `presses`, `sees`, `look`; `leaves` and
`returns` (`pagehide`, `pageshow`), `happens(event)`, `passes(seconds)`; `network(bytes_per_second)` for
`bufferedAmount`, `chance(0.5)` for `Math.random`; `connects`, `opens` and `opens_nothing` expect new WebSockets. Of a
WebSocket: `accepts`, `refuses`, `says`, `hears`, `hears_nothing`, `closes(code, reason)`, `vanishes`, `is_closed`,
`stays_open`. A list in `sees` means the texts of the element's children. A stub has a line with
`throw new Error("not attempted yet")`. The page reaches nothing else: neither the notebook nor another server. What is
wrong on any page has its diagnosis already. `PageReading` is a `ReadingExercise` whose code is a page.

Prove an exercise, in a notebook or a test: its own `answer` and each of `right` pass, and each of `wrong` is refused
with its own message. An answer is an object, or a string with its code, which runs after the code `imports`:
`assert (proof := await ex.others.prove(wrong={"sends to everybody": "…"}, right=["…"])), proof`. It shows a table.

In a cell that grades, show why: `assert (result := await ex.others.check(Others)), result`.
"""

from wslearn.exercises.engine import (
    Client,
    Exercise,
    FunctionExercise,
    ReadingExercise,
    Result,
    Talk,
    has,
    otherwise,
)
from wslearn.exercises.engine.browser import PageExercise, PageReading
from wslearn.exercises.engine.question import Question

__all__ = [
    "Client",
    "Exercise",
    "FunctionExercise",
    "PageExercise",
    "PageReading",
    "Question",
    "ReadingExercise",
    "Result",
    "Talk",
    "has",
    "otherwise",
]
