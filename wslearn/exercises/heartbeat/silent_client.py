"""Task 3 of lesson 06: answer a page's pings, and close the connection of a page that has fallen silent."""

import asyncio
from time import perf_counter as clock

from wslearn.exercises.engine import Exercise, Talk, has, otherwise
from wslearn.exercises.heartbeat.judge import PING, PONG
from wslearn.server import Server

#: The `patience` of this check, in seconds; the part of it between two messages of a client that is not silent; and how
#: many messages that client sends. Servers for pages need more than 60 s: the timers of a hidden tab run once a minute.
PATIENCE, PART, PINGS = 0.5, 0.5, 5
#: Runs of a client that is not silent, in case this machine is too slow to let it send in time.
ATTEMPTS = 3

ABOUT_PONG = {
    None: 'Ann sent a ping, but got no answer. Is there an `await ws.send(\'{"type":"pong"}\')`?',
    has(type="ping"): "Ann sent a ping, and your server sent it back unchanged. Send a pong.",
    "pong": 'Ann received the word pong. Send the JSON text `{"type":"pong"}`.',
    otherwise: 'Ann sent a ping, but did not receive the pong `{"type":"pong"}`.',
}
ABOUT_SPACE = {
    None: "Ann got an answer to a ping, but none to the same ping with a space in it, which is the same JSON. "
    'Compare the decoded JSON, not the string: `json.loads(message) == {"type": "ping"}`.'
}
ABOUT_OTHERS = "Ann sent a message that isn't a ping, but got an answer. Look at the message's `type` first."
ABOUT_CLOSING = "Ann sent a message that isn't a ping, and your server closed her connection. Ignore such messages."
ABOUT_SILENCE = {
    None: "Carl fell silent, but is still connected. Give each `ws.recv()` a timeout with `asyncio.wait_for`.",
    1011: "The timeout ended your handler, because nothing caught the TimeoutError. Catch it, and close with 4000.",
    1000: '{name} was closed with 1000, because your handler ended. First `await ws.close(4000, "silent")`.',
    4000: lambda came: f"The close code is right, but the reason is {came[1]!r}. It should be `silent`.",
    otherwise: lambda came: f"The close code is {came[0]}. It should be 4000.",
}
ABOUT_DORA = {None: "Dora never sent anything, and is still connected. The first `ws.recv()` needs a timeout, too."}


async def _is_patient(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        server.patience = 2.0  # nobody is silent for so long by accident
        ann = await talk.client(server, "Ann")
        await ann.asks('{"type":"ping"}', PONG, ABOUT_PONG)
        await ann.asks('{"type": "ping"}', PONG, ABOUT_PONG | ABOUT_SPACE)
        for odd in ({"type": "hello"}, {"type": "hello", "from": "ping"}, "hello", "[1, 2]", "5", "null", b"\x00"):
            await ann.says(odd)
            await ann.hears_nothing(ABOUT_OTHERS)
            await ann.is_still_there(ABOUT_CLOSING)
        await ann.asks(PING, PONG, "After messages that aren't pings, a ping got no answer. Does your loop go on?")
        await ann.closes()

        server.patience = PATIENCE
        talk.tells("`patience`", "is", f"{PATIENCE:g} s from now on")
        await _keeps_sending(talk, server)
        for name, first, message in (("Carl", [PING], ABOUT_SILENCE), ("Dora", [], ABOUT_SILENCE | ABOUT_DORA)):
            client, began = await talk.client(server, name), clock()
            for ping in first:
                await client.asks(ping, PONG)
                began = clock()
            talk.tells(name, "falls", "silent")
            await client.is_closed(4000, "silent", message)
            if (waited := clock() - began) < 0.8 * PATIENCE:
                text = f"You closed {name}'s connection too soon. A client has `self.patience` seconds."
                talk.fail(text, name, "is", f"closed after {waited:.2f} s", expected=f"closed after {PATIENCE:g} s")


async def _keeps_sending(talk: Talk, server: Server) -> None:
    for _ in range(ATTEMPTS):
        bob, longest = await talk.client(server, "Bob"), 0.0
        for _ in range(PINGS):
            began = clock()
            await bob.says(PING)
            await asyncio.sleep(PART * PATIENCE)
            longest = max(longest, clock() - began)
        if bob.ws.close_code is None or longest < 0.8 * PATIENCE:
            break
    await bob.is_still_there(
        "Bob sent pings all the time, and your server closed his connection. The time limit must start again with each "
        "message: put it on one `recv()`, not on the whole loop."
    )
    await bob.closes()


patience = Exercise(
    _is_patient,
    hints=(
        "Read with `await ws.recv()` in a loop, so that you can limit each wait.",
        "Write `await asyncio.wait_for(ws.recv(), self.patience)`. If nothing arrives in time, it raises TimeoutError.",
        "Expect messages that aren't valid JSON (catch ValueError), or aren't objects (compare the whole message).",
    ),
    answer="""
class Patient(Server):
    keepalive = None
    patience = 90

    async def handler(self, ws):
        while True:
            try:
                message = await asyncio.wait_for(ws.recv(), self.patience)
            except TimeoutError:
                await ws.close(4000, "silent")
                return
            try:
                is_ping = json.loads(message) == {"type": "ping"}
            except ValueError:
                is_ping = False
            if is_ping:
                await ws.send('{"type":"pong"}')
""",
    why="The timeout applies to each wait, so every message is a sign of life, whatever it says. When the client "
    "closes, `recv` raises ConnectionClosed, and that ends the handler. The patience is above 60 seconds, because "
    "browsers let the timers of a hidden tab run only once a minute.",
)
