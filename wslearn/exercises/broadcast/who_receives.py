"""The reading task of lesson 03: who receives what, and which close code each client gets."""

from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk

CODE = """
from websockets.asyncio.server import broadcast


class Board(Server):
    def __init__(self):
        super().__init__()
        self.clients = []
        self.last = "nothing yet"

    async def handler(self, ws):
        self.clients.append(ws)
        await ws.send(self.last)
        async for message in ws:
            if message == "quit":
                break
            for client in self.clients:
                await client.send(message)
            self.last = message
        broadcast(self.connections, f"{len(self.clients)} are here")
"""


async def _run(talk: Talk, names: dict[str, Any]) -> dict[str, Any]:
    async with talk.server(names["Board"]) as server:
        ann = await talk.client(server, "Ann")
        await ann.hears("nothing yet")
        bob = await talk.client(server, "Bob")
        await bob.hears("nothing yet")
        await ann.says("one")
        await talk.all_hear([ann, bob], "one")
        await bob.says("quit")
        await bob.is_closed()
        await talk.has_connections(server, 1)
        await ann.says("two")
        await ann.is_closed()
        talk.forgives(server)  # the handler's error is what the task is about
        carl = await talk.client(server, "Carl")
        await carl.says("three")
        await carl.is_closed()
        talk.forgives(server)
        return {
            "ann": ann.heard, "bob": bob.heard, "carl": carl.heard,
            "bob_code": bob.ws.close_code, "ann_code": ann.ws.close_code, "carl_code": carl.ws.close_code,
        }  # fmt: skip


def _lacks_the_end(came: Any) -> bool:
    return isinstance(came, list) and len(came) == 2 and "are here" not in str(came)


who_receives = ReadingExercise(
    CODE,
    _run,
    clues={
        "ann": {
            str: "Ann receives several messages. Write a list of strings, in the order in which they arrive.",
            lambda came: "two" not in came: "Go through the loop in Ann's handler for `two`. To whom does it send "
            "first, and does that client still exist?",
            lambda came: "one" not in came: "Which clients are in `self.clients` when Ann sends `one`? Is the sender "
            "one of them?",
            lambda came: not any(str(text).endswith("here") for text in came): "Bob's handler has one more line after "
            "the loop. Whom does it reach?",
            lambda came: "1 are here" in came: "Which line takes a client out of `self.clients`?",
        },
        "bob": {
            str: "Bob receives several messages. Write a list of strings, in the order in which they arrive.",
            _lacks_the_end: "`break` ends the loop, and not the handler. Is Bob's connection open while the last line "
            "runs?",
            lambda came: "1 are here" in came: "Which line takes a client out of `self.clients`?",
            lambda came: "quit" in came: "Does the line with `send` run for `quit`?",
        },
        "carl": {
            str: "Write a list of strings, even if it has only one.",
            lambda came: (
                came[:1] == ["nothing yet"]
            ): "Ann had sent something before Carl connected. What was in `self.last` then?",
            lambda came: came[:1] == ["two"]: "Which lines ran for Ann's `two`, and which of them did not?",
            lambda came: "three" in came: "Carl's own loop begins with the first client in the list. Who is it?",
        },
        "bob_code": {1011: "Has Bob's own handler raised an error, or has it returned?"},
        "ann_code": {
            1000: "Whose handler sends `two` to a client that has left, and what does that raise there?",
            1006: "The server's process goes on: it can still close a connection in an orderly way.",
        },
        "carl_code": {1000: "Who is in `self.clients`, besides Carl? What does `send` do at their connections?"},
    },
    hints=(
        "Play the server yourself. Write down `self.clients`, `self.connections` and `self.last` after each step.",
        "Nothing is ever taken out of `self.clients`. Part 6 shows what `send` does if its client has left.",
        "An error in a handler ends that handler at once: none of its later lines runs. The server closes that one "
        "connection with 1011, and every other one stays.",
    ),
    answer="""
        seen = {
            "ann": ["nothing yet", "one", "2 are here", "two"],
            "bob": ["nothing yet", "one", "2 are here"],
            "carl": ["one"],
            "bob_code": 1000,
            "ann_code": 1011,
            "carl_code": 1011,
        }
    """,
    why="`self.clients` only grows, so it counts Bob after he has left. Ann is the first in the list and receives "
    "`two`, then `send` to Bob raises ConnectionClosed in *her* handler. The server closes her connection with 1011, "
    "and `self.last` is still `one`. Carl's message doesn't even reach himself, because Ann comes first in the list.",
)
