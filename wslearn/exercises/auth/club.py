"""Task 6 of lesson 05, the reading one: a server that asks for a token, and what its clients get."""

from typing import Any

from wslearn.exercises.engine import Client, ReadingExercise, Talk
from wslearn.limits import Limits
from wslearn.tokens import Tokens

#: `auth_timeout` of the server whose clients wait for its end, in seconds. For all others it is far away.
SOON, LATER = 0.3, 60.0

CODE = """
from websockets.asyncio.server import broadcast

from wslearn.servers.auth import AuthServer
from wslearn.tokens import InvalidToken


class Club(AuthServer):
    async def handler(self, ws):
        try:
            async with asyncio.timeout(self.limits.auth_timeout):
                first = json.loads(await ws.recv())
                self.user = self.tokens.verify(first["token"])["sub"]
                await ws.send(f"Welcome, {self.user}!")
                async for text in ws:
                    broadcast(self.connections, f"{self.user}: {text}")
        except InvalidToken:
            await ws.close(1008, "Invalid token")
        except TimeoutError:
            print("no token in time")
"""


async def _run(talk: Talk, names: dict[str, Any]) -> dict[str, Any]:
    club = names["Club"]
    names["print"] = lambda *texts: None  # a check's output would stand in the student's notebook
    async with talk.server(club, limits=Limits(auth_timeout=LATER)) as server:
        zoe = await talk.client(server, "Zoe")
        ann, bob = [await _enters(talk, server, name) for name in ("Ann", "Bob")]
        await ann.says("hello")
        answer = await bob.hears(lambda came: True)
        await zoe.hears(lambda came: True)
        await zoe.hears_nothing()
        closed = {}
        for label, token in (("forged", Tokens("another secret").issue("Mallory")), ("list", None)):
            client = await talk.client(server, label)
            await client.says({"type": "authenticate", "token": token} if token else [1, 2])
            closed[label] = await _code(client)
        talk.forgives(server)  # its error is what is asked for
    async with talk.server(club, limits=Limits(auth_timeout=SOON)) as server:
        dora = await talk.client(server, "Dora")
        bob = await talk.client(server, "Bob")
        await bob.says({"type": "authenticate", "token": server.tokens.issue("Bob")})
        return closed | {"silent": await _code(dora), "member": await _code(bob), "Bob": answer, "Zoe": zoe.heard}


async def _enters(talk: Talk, server: Any, name: str) -> Client:
    client = await talk.client(server, name)
    await client.says({"type": "authenticate", "token": server.tokens.issue(name)})
    await client.hears(f"Welcome, {name}!")
    return client


async def _code(client: Client) -> int:
    await client.is_closed()
    return int(client.ws.close_code or 0)


club = ReadingExercise(
    CODE,
    _run,
    clues={
        "forged": "`verify` raises InvalidToken. Which `except` catches it, and what comes after that?",
        "list": {
            1008: "Only InvalidToken leads to 1008. Which error does `[1, 2][\"token\"]` raise?",
            1000: "A handler that returns closes with 1000. Does it return here, or does it raise?",
            type(None): "The connection ends: `first[\"token\"]` raises an error. Who catches it?",
        },
        "silent": {
            1008: "Which `except` catches a TimeoutError here, and does that one close anything?",
            1011: "Something catches the TimeoutError. What does the handler do after that?",
            type(None): "`print` doesn't end a connection, but what happens after the handler's last line?",
        },
        "member": {
            type(None): "Which lines are inside `asyncio.timeout`? Is Bob's connection still there when it ends?",
            1008: "His token is valid, so nothing raises InvalidToken. What ends his connection, and how?",
        },
        "Bob": {
            "Ann: hello": "Where is `user` kept? Bob came after Ann, and `self` is the server.",
            "hello": "Read the f-string: there is something before Ann's text.",
        },
        "Zoe": {
            lambda came: came == []: "Who is in `self.connections`? Zoe has connected, too.",
            str: "Write a list, even if it has only one text.",
            lambda came: isinstance(came, list) and any("Welcome" in str(text) for text in came):
                "`ws.send` sends to one client only, to the one that has just sent its token.",
            list: "Zoe receives what `broadcast` sends, exactly as Bob does.",
        },
    },
    hints=(
        "Follow one client at a time. Which line is its handler waiting in, and what happens there?",
        "Ask of each error: which `except` catches it, and what does the handler do after that? A handler that "
        "returns closes with 1000, and one that raises closes with 1011.",
        "`self` is the server, which all clients share. `self.connections` contains all clients that have connected.",
    ),
    answer="""
        found = {
            "forged": 1008,
            "list": 1011,
            "silent": 1000,
            "member": 1000,
            "Bob": "Bob: hello",
            "Zoe": ["Bob: hello"],
        }
    """,
    why="Only a forged token is treated as it should be. A list raises a TypeError that nothing catches. After a "
    "timeout the handler returns, so a client that sent nothing is told that all went well. The timeout is around the "
    "whole conversation, so it ends Bob's too, although he had authenticated. `self.user` is one variable for all "
    "clients, so Ann's words carry Bob's name. And `self.connections` contains Zoe, whom nobody has let in.",
)  # fmt: skip
