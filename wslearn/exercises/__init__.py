"""Exercises that check themselves: `check`, `hint` and `solution`, a module for each lesson.

An author of exercises needs to read only this. An exercise is a conversation with what a student made:

    from wslearn.exercises import Exercise

    async def conversation(talk, server_class):
        async with talk.server(server_class) as server:
            ann, bob = await talk.client(server, "ann"), await talk.client(server, "bob")
            await ann.says({"message": "hi"})
            await bob.hears({"type": "broadcast", "message": "hi"}, "Everybody must hear it, not only the sender.")
            await ann.hears_nothing("The sender heard its own message: skip `ws` in your loop.")

    others = Exercise(conversation, hints=("vague", "nearer", "near"), answer="class Others(Server): …", why="…")

Its first expectation that does not hold ends it, and the text behind that expectation is what the student reads. Such
a text, `or_else`, may also be a function: it gets what came (None: nothing, or the end) and returns the text. So each
likely mistake has its own. Texts may have `code` in back-ticks.

What an expectation compares with: a dict means JSON with at least these members; a float is compared with a tolerance;
a function is called and says whether what came is right (then say in `meaning` what was expected, in words); an
exception class (only in `calls`) must be raised; anything else must be equal and of the same type. A message that is a
JSON object or list comes decoded, all others as they are.

`talk`, what a conversation is made with (each step has 2 s, unless it is told `within=…`; the whole has 15 s):

- `async with talk.server(cls, **options) as server`: start the student's server (or the author's own). Its state is
  there to look at. What its handler raises is never right, and stands before your text, with its line.
- `await talk.client(server, "ann", **options)`: connect; options are those of `connect`, and `url=…` for another
  address, `receive_buffer=4096` for a client that can be stalled soon. `await talk.refused(server, 403, or_else, …)`
  expects that the handshake is answered with this HTTP status.
- `await talk.calls(function, (1, 2), expected, or_else)`: call a function, async or not; returns what it returned.
  `await talk.call(function, 1, 2)` only calls, and expects no error. Where a class is the answer, not a server's:
  `bucket = await talk.call(cls, 10)`, then `await talk.calls(talk.method(bucket, "take"), (), True, …)`.
- `talk.expect(fact, or_else, expected="…", came=…)`: anything else.
- `await talk.eventually(condition, or_else, expected="…")`: a state that comes with time: `lambda: not server.rooms`.
- `talk.tells(who, did, what)`: a line for the student to read, such as `talk.tells("the network", "falls", "silent")`.
- `talk.advises(text)`: what might be better in an answer that is right.

Clients: `says(message)`, `hears(expected, or_else, skip=…)` the next message (those equal to `skip` do not count),
`hears_nothing(or_else)`, `is_closed(code, reason, or_else)`, `is_still_there(or_else)`, `closes(code, reason)`,
`vanishes()` without a goodbye, `stops_reading()` and `reads_again()`. `heard` has all messages so far, `ws` is the
connection itself. A marker is the best proof of silence: let somebody say something else, and expect to hear that next.

The check runs in a thread of its own. Code that blocks, never ends, raises or is the wrong kind of thing gets a
diagnosis, and a stub, which raises NotImplementedError, is `Not attempted yet.`; the author does nothing for it.
Tests: tests/exercise_cases.py says how to prove all this of an exercise in a few lines.

In a cell that grades, show why: `assert (result := await ex.others.check(Others)), result`.
"""

from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.result import Result
from wslearn.exercises.engine.talk import Talk

__all__ = ["Client", "Exercise", "Result", "Talk"]
