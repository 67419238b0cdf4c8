"""Three servers of a few lines: one that shouts, one that numbers, one that says goodbye."""

from wslearn.exercises import Exercise, Talk, otherwise
from wslearn.server import Server


async def _shouts(talk: Talk, server_class: type[Server]) -> None:
    none = "The server sent nothing back. Is there an `await ws.send(…)` for each message?"
    only_one = "Only the first message was answered: when `handler` ends, the connection is closed. Use a loop."
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "Ann")
        for said, silence in (("hello", none), ("good morning", only_one)):
            await ann.asks(said, f"{said.upper()}!", {
                None: silence,
                said: 'The message came back unchanged. `"abc".upper()` is `"ABC"`.',
                said.upper(): "The letters are right. Now add the `!` at the end.",
                f"{said}!": "The `!` is right. Now make the letters capitals.",
                otherwise: f"`{said}` should become `{said.upper()}!`.",
            })  # fmt: skip


shout = Exercise(
    _shouts,
    hints=(
        "Begin with the handler of `Reverse`, in part 4.",
        'Change what it sends. `"abc".upper()` is `"ABC"`, and `+` joins two strings.',
        'Send `message.upper() + "!"`.',
    ),
    answer="""
class Shout(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper() + "!")
""",
    why="`async for` takes one message after another until the client closes, so every message is answered.",
)


async def _numbers(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "Ann")
        await ann.asks("a", "1: a", {
            "0: a": "The first number should be 1: count first, then send.",
            "a": "The message came back without a number.",
            otherwise: "The first message should come back as `1: a`: a number, a colon, a space, the message.",
        })  # fmt: skip
        await ann.asks("b", "2: b", "The number does not grow. Add 1 for each message, inside the loop.")
        bob = await talk.client(server, "Bob")
        shared = "Bob's numbers continue Ann's. `self` belongs to all clients, a variable inside `handler` to one."
        await bob.asks("c", "1: c", shared)
        await ann.asks("d", "3: d", "When Bob connected, Ann's count was lost. Each client needs its own count.")


numbers = Exercise(
    _numbers,
    hints=(
        "Find out where a count must be so that it belongs to one client: look at the end of part 4.",
        "Write `count = 0` as the first line inside `handler`, before the loop.",
        'In the loop, write `count += 1`, and then send `f"{count}: {message}"`.',
    ),
    answer="""
class Numbers(Server):
    async def handler(self, ws):
        count = 0  # a variable of this one client
        async for message in ws:
            count += 1
            await ws.send(f"{count}: {message}")
""",
    why="`handler` runs once for each client, so its variables belong to that client. `self` is the server.",
)


async def _says_goodbye(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "Ann"), await talk.client(server, "Bob")
        await ann.asks("hello", "hello", "Send any message other than `bye` back unchanged.")
        await ann.says("bye")
        unseen = '`bye` came back like any other message. Compare: `if message == "bye":`.'
        await ann.is_closed(1000, "see you", {
            lambda came: came is None and "bye" in ann.heard: unseen,
            None: "After `bye` the connection must be closed: `await ws.close(…)`.",
            (1000, ""): "The connection was closed without a reason. Pass `ws.close` the code, then the reason.",
            1000: lambda came: f"The reason should be `see you`, but it is `{came[1]}`.",
            1001: "The whole server stopped. Close the connection to this one client: `ws.close`.",
            otherwise: lambda came: f"The code should be 1000, but it is {came[0]}.",
        })  # fmt: skip
        echoed = "`bye` was sent back before the close. Look at the message first, and send it only if it isn't `bye`."
        talk.expect("bye" not in ann.heard, echoed, expected="no message after `hello`", came=ann.heard[1:])
        await bob.asks("still here", "still here", "When Ann sent `bye`, Bob lost his connection too. Close only `ws`.")


goodbye = Exercise(
    _says_goodbye,
    hints=(
        "Let the server close as a client does: look at *the client says goodbye*, in part 3.",
        'Inside the loop, look at the message before you send it: `if message == "bye":`.',
        'Then write `await ws.close(1000, "see you")`, and `return`, so that nothing more is sent.',
    ),
    answer="""
class Goodbye(Server):
    async def handler(self, ws):
        async for message in ws:
            if message == "bye":
                await ws.close(1000, "see you")
                return
            await ws.send(message)
""",
    why="A handler that just returns closes with 1000 too, but gives no reason. After `close` nothing can be sent.",
)
