"""Numbered messages for task 5 of lesson 07: sent, expected, and what a student reads where they aren't right."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter as clock
from typing import Any

from wslearn.common.buffers import SMALL
from wslearn.exercises.engine import Client, Message, NotYet, Talk, otherwise
from wslearn.server import Server

FORMAT = (
    'The client should receive `{"n": 1, "text": "hi"}` as JSON: the number of the message, and its text unchanged.'
)
NOTHING = "{name} received nothing. After its first message, a client receives everything that anybody sends."
COUNT = "The numbers go up by 1 with each message of any client: count in `self`, and not in the handler."
NOT_JSON = (
    "What {name} received isn't valid JSON. `json.dumps` writes quotes, backslashes and line ends as JSON wants them."
)
A_STRING = "`n` must be a number, but it is a string."
AS_IT_IS = "Pass the text on as it is, whatever is in it."
ENDED = (
    "{name} should receive more, but its connection has ended. Wait for a client that reads slowly, and close it only "
    "if its next message is no longer kept."
)
ABSENT = "{name} came back, but did not receive the messages that were sent while it was away."
SKIPPED = "{name} came back, and one of the messages that it has missed is missing. Send all of them, in order."
ONCE = "{name} received a message that it had already. Send only what is newer than `after`, and each message once."


@contextmanager
def in_one_line(talk: Talk, who: str, did: str, what: str) -> Iterator[None]:
    """Have one line for all steps of a block, and the last two where it ends the check."""
    begun = len(talk.steps)
    try:
        yield
    except NotYet:
        del talk.steps[begun:-2]
        raise
    del talk.steps[begun:]
    talk.tells(who, did, what)


async def enters(talk: Talk, server: Server, name: str, after: int) -> Client:
    """Connect a client that says which messages it has."""
    client = await talk.client(server, name)
    await client.says({"after": after})
    return client


async def slow_client(talk: Talk, server: Server, after: int) -> Client:
    """Connect Sam, who asks for what he has missed and reads nothing until the server has to wait for him."""
    [sam] = await talk.clients(server, "Sam", receive_buffer=SMALL)
    sam.stops_reading()
    await sam.says({"after": after})
    transport = sam.peer.transport
    await talk.until(lambda: transport.get_write_buffer_size() > 0)
    return sam


async def all_hear(clients: list[Client], sender: Client, said: str, n: int) -> float:
    """Have one client say something, expect it with its number at all of them, and return how many seconds it took."""
    began = clock()
    await sender.says(said)
    for client in clients:
        await client.hears(numbered(n, said), about(n, said), meaning=as_json(n, said))
    return clock() - began


def about(n: int, said: str) -> dict[Any, str]:
    """Return what to tell about a new message that is wrong."""
    return {
        None: NOTHING,
        str: NOT_JSON,
        lambda came: came["n"] == str(n): A_STRING,
        lambda came: came.get("text") == said and came.get("n") != n: COUNT,
        lambda came: came.get("n") == n and came.get("text", said) != said: AS_IT_IS,
        otherwise: FORMAT,
    }


def missed(n: int) -> dict[Any, str]:
    """Return what to tell about a wrong message that comes in place of number `n`, which a client has missed."""
    return {
        None: ABSENT,
        lambda came: came["n"] < n: ONCE,
        lambda came: came["n"] > n: SKIPPED,
        otherwise: FORMAT,
    }


def numbered(n: int, text: str) -> Any:
    """Return the message that is expected."""
    return {"n": n, "text": text}


def as_json(n: int, text: str) -> str:
    """Return the same, for a student to read."""
    return f'{{"n": {n}, "text": "{text}"}}'


async def hears_numbers(talk: Talk, client: Client, first: int, last: int, about_last: Message) -> None:
    """Expect all messages from the first number to the last at a client, in order."""
    with in_one_line(talk, client.name, "receives", f"the messages {first} to {last}"):
        for n in range(first, last + 1):
            message: Message = {
                lambda came: came is None and client.ws.close_code is not None: ENDED,
                otherwise: missed(n) if n < last else about_last,
            }
            await client.hears(lambda came, n=n: came["n"] == n, message, meaning=as_json(n, "…"))
