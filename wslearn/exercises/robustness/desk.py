"""Task 6 of lesson 07, the reading one: which close code each client gets, and what is counted at the end."""

from collections.abc import Mapping
from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk

CODE = """
from wslearn import Limits


class Desk(Server):
    limits = Limits(max_size=100)

    def __init__(self, **options):
        super().__init__(**options)
        self.left = 0  # how many clients have left

    async def handler(self, ws):
        mistakes = 0
        try:
            async for data in ws:
                try:
                    text = json.loads(data)["message"]
                    if text == "bye":
                        return
                    await ws.send(text.upper())
                except (ValueError, KeyError):
                    mistakes += 1
                    if mistakes == 2:
                        await ws.close(1008, "Too many mistakes")
                    await ws.send("error")
        except ConnectionClosed:
            return
        self.left += 1
"""


async def _run(talk: Talk, names: dict[str, Any]) -> Mapping[str, Any]:
    async with talk.server(names["Desk"]) as server:
        ann, bob, carl, dora, zoe = await talk.clients(server, "Ann", "Bob", "Carl", "Dora", "Zoe")
        await ann.says({"message": "bye"})
        await bob.says([{"message": "hi"}])
        await carl.says("hello")
        await carl.hears("error")
        await carl.says("hello")
        await dora.says({"message": "ü" * 60})
        for client in (ann, bob, carl, dora):
            await client.is_closed()
        await zoe.asks({"message": "hi"}, "HI")
        await zoe.closes()
        await talk.until(lambda: not server.handlers)
        talk.forgives(server)  # Bob's
        return {
            "Ann": ann.ws.close_code,
            "Bob": bob.ws.close_code,
            "Carl": carl.ws.close_code,
            "Carl received": carl.heard,
            "Dora": dora.ws.close_code,
            "left": server.left,
        }


desk = ReadingExercise(
    CODE,
    _run,
    clues={
        "Ann": {
            1001: "A server sends 1001 when it shuts down. Here only Ann's handler ends.",
            1005: "When a handler returns, the server closes. With which code? Lesson 02 has a table of them.",
            1006: "1006 means that nobody said goodbye. Does the server still close when a handler returns?",
        },
        "Bob": {
            1008: "1008 comes from `ws.close(1008, …)`. Does Bob's message get there? Ask which exception a list "
            'raises for `["message"]`.',
            1000: 'Does Bob\'s handler end normally? Ask which exception a list raises for `["message"]`.',
        },
        "Carl": {1011: "Something is raised in Carl's handler, but it is caught. Which close came first?"},
        "Carl received": {
            str: 'Write a list of the messages that Carl received, such as `["A", "B"]`.',
            list: "Follow Carl's second mistake line by line. What can still be sent on a connection at each of them?",
        },
        "Dora": {
            1000: "Dora's message arrives at a limit first. How large is it, and in which unit does the limit count?",
            int: "Dora's message never reaches the handler. How many bytes has it in UTF-8?",
        },
        "left": "For each client, find the line where its handler ends. Which of them get past the last `return`?",
    },
    hints=(
        "For each client, follow its messages line by line, until something is raised or returned. Then look for the "
        "`except` that catches it.",
        "Only the exceptions in the parentheses are caught: a list raises TypeError. `max_size` counts bytes, and `ü` "
        "has two. After `ws.close()`, `ws.send()` raises ConnectionClosed.",
        "`async for` ends without an error only if the client closes with 1000 or 1001. A `return` skips everything "
        "after it, unless that is in a `finally`.",
    ),
    answer='seen = {"Ann": 1000, "Bob": 1011, "Carl": 1008, "Carl received": ["error"], "Dora": 1009, "left": 1}',
    why="Ann's handler returns, so the server closes with 1000. Bob's list raises TypeError, which nothing catches, so "
    "he gets 1011. Carl's second error can't be sent, because his connection is closed by then. Dora's message has 75 "
    "characters, but 135 bytes, because `ü` has two. The last line runs only for Zoe: a `return` or "
    "an exception skips it for all others. What must happen for each client belongs in a `finally`.",
)
