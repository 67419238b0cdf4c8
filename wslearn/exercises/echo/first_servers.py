"""Three servers of a few lines: one that shouts, one that numbers, one that says goodbye."""

from typing import Any

from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.echo.own_replies import TRICKY, Replies
from wslearn.exercises.engine import shown
from wslearn.server import Server


async def _shouts(talk: Talk, server_class: type[Server]) -> None:
    none = "The server sent nothing back. Is there an `await ws.send(…)` for each message?"
    only_one = "Only the first message was answered: when `handler` ends, the connection is closed. Use a loop."
    async with talk.server(server_class) as server:
        ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
        replies = Replies(talk, lambda text, number: f"{text.upper()}!")
        for said, silence in (("hello", none), ("good morning", only_one)):
            await replies.to_one(ann, said, {
                None: silence,
                said: 'The message came back unchanged. `"abc".upper()` is `"ABC"`.',
                said.upper(): "The letters are right. Now add the `!` at the end.",
                f"{said}!": "The `!` is right. Now make the letters capitals.",
                otherwise: f"`{said}` should become `{said.upper()}!`.",
            })  # fmt: skip
        one_more = "Add a `!` to each message, also when it ends with one: `Hi!` becomes `HI!!`."
        await replies.to_all(ann, bob, carl, tricky=(*TRICKY, ("Hi!", one_more)))


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
        (ann,) = await talk.clients(server, "Ann")
        replies = Replies(talk, _numbered, near=_other_number)
        await replies.to_one(ann, "a", {
            "0: a": "The first number should be 1: count first, then send.",
            "a": "The message came back without a number.",
            otherwise: "The first message should come back as `1: a`: a number, a colon, a space, the message.",
        })  # fmt: skip
        await replies.to_one(ann, "b", "The number does not grow. Add 1 for each message, inside the loop.")
        bob, carl = await talk.clients(server, "Bob", "Carl")
        shared = "Bob's numbers continue Ann's. `self` belongs to all clients, a variable inside `handler` to one."
        silent = "Ann is still connected, and Bob received no reply. Does one client wait until another has left?"
        await replies.to_one(bob, "c", {None: silent, otherwise: shared})
        await replies.to_one(ann, "d", {
            lambda came: came.endswith(": d"): "When Bob connected, Ann's count was lost. Each client needs its own "
            "count.",
            otherwise: "Ann should receive the reply to her own message and no other. Send it to `ws` alone.",
        })  # fmt: skip
        await replies.to_all(ann, bob, carl)
        await bob.closes()
        await talk.has_connections(server, 2)
        (dora,) = await talk.clients(server, "Dora")
        left = "Bob has left and Dora is new, so her first number should be 1. Start a count when a handler begins."
        await replies.to_one(dora, "e", left)
        stays = "Bob has left, and Ann's count was lost or changed. Each client has its own count: leave the others'."
        await replies.to_one(ann, "and on", stays)
    async with talk.server(server_class) as server:
        talk.tells("a second server", "starts", "of the same class")
        (zoe,) = await talk.clients(server, "Zoe")
        of_class = "Zoe is the first client of a second server, and her numbers continue those of another client. Keep "
        await Replies(talk, _numbered).to_one(zoe, "f", f"{of_class}the count inside `handler`, not in the class.")


def _numbered(text: str, number: int) -> str:
    return f"{number}: {text}"


def _other_number(reply: str, came: Any) -> str:
    if not isinstance(came, str):
        return ""
    number, _, text = reply.partition(": ")
    if came.startswith(f"{number}: "):
        return ""  # what is wrong with the message itself is told best by what was special about it
    if came.partition(":")[0] == number:
        return f"The number is right. The rest is not: after `{number}` a colon, a space and the whole message."
    wrong = came.partition(": ")[2] == text
    return "The number is wrong. Add 1 for each message of this client, whatever the message is." if wrong else ""


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


#: What is not `bye`, and a message of bytes.
_ALMOST = [
    (text, f'{text!r} is not `bye`, so send it back unchanged. Compare the whole message: `message == "bye"`.')
    for text in ("Bye", "bye ", " bye", "goodbye", "bye bye", "bye!", "by", "e")
]
_BYTES = b"bytes \x00\xff"


async def _says_goodbye(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
        replies = Replies(talk, lambda text, number: text)
        await replies.to_one(ann, "hello", "Send any message other than `bye` back unchanged.")
        await _is_dismissed(ann)
        await replies.to_one(bob, "still here", {
            None: "When Ann sent `bye`, Bob lost his connection too. Close only `ws`.",
            otherwise: "Bob should receive his own message unchanged, and nothing else. Send it to `ws` alone.",
        })  # fmt: skip
        await replies.to_all(bob, carl, tricky=(*TRICKY, *_ALMOST))
        binary = "A message may be bytes too, as in part 3. Send it back unchanged."
        await bob.asks(_BYTES, _BYTES, binary)
        for client in (carl, *await talk.clients(server, "Dora")):
            await _is_dismissed(client)
        await replies.to_one(bob, "and now", "The others sent `bye`, and Bob lost his connection. Close only `ws`.")


async def _is_dismissed(client: Client) -> None:
    """Let a client say `bye`, and expect a close with its reason and nothing else."""
    before = len(client.heard)
    await client.says("bye")
    await client.is_closed(1000, "see you", {
        lambda came: came is None and "bye" in client.heard: "`bye` came back like any other message. Compare: "
        '`if message == "bye":`. It may also be the first message, or come from another client.',
        None: "After `bye` the connection must be closed: `await ws.close(…)`. It may be the first message, and more "
        "than one client may send it.",
        (1000, ""): "The connection was closed without a reason. Pass `ws.close` the code, then the reason.",
        1000: lambda came: f"The reason should be `see you`, but it is `{came[1]}`.",
        1001: "The whole server stopped. Close the connection to this one client: `ws.close`.",
        otherwise: lambda came: f"The code should be 1000, but it is {came[0]}.",
    }, within=1)  # fmt: skip
    if came := client.heard[before:]:
        why = {
            lambda came: "see you" in came: "`see you` was sent as a message. It is the reason: pass it to `ws.close`.",
            otherwise: "`bye` was sent back before the close. Look at the message first, and send it only if it isn't "
            "`bye`.",
        }
        client.notes.fail(why, client.name, "receives", shown(came), expected="nothing after `bye`", came=came)


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
