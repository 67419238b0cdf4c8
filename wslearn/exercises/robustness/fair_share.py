"""Task 4 of lesson 07: no user takes all connection slots, and a slot is free again however its connection ended."""

import asyncio
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, otherwise, shown
from wslearn.server import Server

#: How one connection too many is closed, as the task gives it; each user may have two.
CODE, REASON = 1008, "too many connections"
ABOUT_FIRST = {
    "Ann": "The first message is the user's name. Don't send it back: read it with `await ws.recv()` before the loop.",
    None: "Ann is the first client, so your server should serve her: after her name, send each message back.",
    otherwise: "Send each message back unchanged.",
}
OLDER = "Ann's third connection ended or changed an older one of hers. Close the new connection instead, which is `ws`."
THIRD = "Ann already had two connections, but you did not close her third. Compare `self.slots[user]` with `self.MOST`."
FOURTH = (
    "You closed Ann's third connection, but then served her fourth, because the third freed a slot that it never had. "
    "Refuse a connection before you count it, and outside the `try` whose `finally` frees the slot."
)
SIXTH = (
    "Ann closed one of two connections, and then got two new ones, so now she has three. "
    "One connection frees one slot: `self.slots[user] -= 1`."
)
MOST = "`MOST` is 1 now, so that each user may have one connection, but you served two. Compare with `self.MOST`."
SHARED = (
    "Another server of yours did not serve Ann, because she has connections to the first. Each server has its own "
    "slots: make them in `__init__`, as `self.slots`."
)
AT_ONCE = (
    "Three connections of Carl's sent his name at the same moment, and {came} of them were served. Put no `await` "
    "between the comparison and `self.slots[user] += 1`."
)
TO_WS = "{name} received a message that another client sent. Send each message back to `ws` only."
#: Names that aren't `Ann`, and later messages, which all come back as they are.
NAMES = ("Annabel", "ann", "An", " Ann", "Änn")
MESSAGES = ("Ann", "", "  two  spaces ", "Grüße", b"", b"\x00\xff", "last")
ABOUT_CODE = {
    1000: f'1000 means that everything is done. Before `return`, write `await ws.close({CODE}, "{REASON}")`.',
    lambda came: came[0] == 1006: (
        "You dropped the connection without a closing handshake, so its user can't know why. Use `ws.close`."
    ),
    lambda came: came[0] != CODE: lambda came: (
        f"The close code is {came[0]}. Use {CODE}, which means that the client broke a rule of your server."
    ),
    otherwise: f"Close with the reason `{REASON}`, so that the client knows what to do about it.",
}


async def _fair_share(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        first = await _enters(talk, server, "Ann", 1, ABOUT_FIRST)
        await first.hears_nothing("Ann got her message back twice. Send each message back once.")
        text = "Each user may have two connections, but you did not serve Ann's second one."
        second = await _enters(talk, server, "Ann", 2, text)
        text = "Bob has no connection yet, but you did not serve him. Count for each user: `self.slots[user]`."
        bob, older = await _enters(talk, server, "Bob", 1, text), (first, second)
        for message in MESSAGES:
            text = "Send each later message back unchanged, whatever is in it. An empty message is a message, too."
            await bob.asks(message, message, text)
        await talk.none_hear(older, TO_WS)
        await talk.client(server, "Zoe")
        text = (
            "Zoe is connected, but has sent no name yet. Meanwhile you did not serve Bob's second connection. Each "
            "handler waits for its own client only, so read the name without a lock."
        )
        await _enters(talk, server, "Bob", 2, text)
        await _is_refused(talk, server, "Ann", 3, lambda _: OLDER if any(one.ws.close_code for one in older) else THIRD)
        await _is_refused(talk, server, "Ann", 4, FOURTH)
        for one in older:
            await one.asks("still here", "still here", OLDER)
        for name in NAMES:
            text = f"`{name}` isn't `Ann`, and has no connection yet, but you did not serve it. Compare the whole name."
            await (await _enters(talk, server, name, 1, text)).closes()

        await second.closes()
        await talk.has_connections(server, 4)
        text = "Ann closed one connection, but you did not serve her next one. Free the slot when the loop ends."
        fifth = await _enters(talk, server, "Ann", 5, text)
        await _is_refused(talk, server, "Ann", 6, SIXTH)
        await fifth.vanishes()
        await talk.has_connections(server, 4)
        text = (
            "One of Ann's connections vanished without a closing handshake, but its slot stayed taken. Your loop ends "
            "with an exception then, so free the slot in a `finally`."
        )
        await _enters(talk, server, "Ann", 7, text)

        text = "You closed Ann's third connection, but not Bob's. Each user may have two."
        await _is_refused(talk, server, "Bob", 3, text)
        await _arrive_together(talk, server)
        await talk.none_hear((first, bob), TO_WS)

        async with talk.server(server_class) as other:
            await _enters(talk, other, "Ann", 1, SHARED)
        talk.tells("everybody", "vanishes")  # with the other server
        await talk.has_connections(server, 0)
        if getattr(server, "slots", None):
            talk.advises(
                "All clients have left, but their names are still in `self.slots`. An attacker can invent names until "
                "the memory is full, so delete a name when its number is 0: `del self.slots[user]`."
            )
        for number in (8, 9):
            text = "All of Ann's connections have ended, but you did not serve two new ones. Each end frees one slot."
            await _enters(talk, server, "Ann", number, text)
    await _has_other_most(talk, server_class)


async def _arrive_together(talk: Talk, server: Server) -> None:
    """Expect that two of three connections are served that name the same user at once."""
    clients = [await talk.client(server, f"Carl {number}") for number in (1, 2, 3)]
    await asyncio.gather(*(client.says("Carl") for client in clients))
    await talk.until(lambda: any(client.ws.close_code for client in clients))
    for client in clients:
        await client.hears_nothing("{name} received a message before it sent one. Don't send the name back.")
    served = sum(client.ws.close_code is None for client in clients)
    text = AT_ONCE.replace("{came}", "all" if served == 3 else str(served))
    talk.expect(served == 2, text, expected="2 of them served", came=served, who="Carl")


async def _has_other_most(talk: Talk, server_class: Any) -> None:
    """Expect that `MOST` counts, not the number that it has today."""
    before = server_class.__dict__.get("MOST")
    server_class.MOST = 1
    try:
        async with talk.server(server_class) as server:
            talk.tells("`MOST`", "is", "1 from now on")
            await _enters(talk, server, "Dora", 1, "`MOST` is 1 now, but you did not serve Dora's first connection.")
            await _is_refused(talk, server, "Dora", 2, MOST)
    finally:
        if before is None:
            del server_class.MOST
        else:
            server_class.MOST = before


async def _enters(talk: Talk, server: Server, user: str, number: int, message: Message) -> Client:
    """Connect a client of a user, and expect that it is served."""
    client = await talk.client(server, f"{user} {number}")
    await client.says(user)
    await client.asks(f"hello from {number}", f"hello from {number}", message)
    return client


async def _is_refused(talk: Talk, server: Server, user: str, number: int, let_in: Message) -> None:
    """Connect one more client of a user, and expect that it is closed; otherwise `let_in` says what is wrong."""
    client = await talk.client(server, f"{user} {number}")
    await client.says(user)
    await client.says(f"hello from {number}")
    await client.is_closed(CODE, REASON, {None: let_in} | ABOUT_CODE)
    if client.heard:
        text = f"{user}'s connection received a message before you closed it. Compare before you start the loop."
        talk.fail(text, client.name, "receives", shown(client.heard[0]), expected="nothing")


fair_share = Exercise(
    _fair_share,
    hints=(
        "Ask two questions before the loop: which user is this, and does this user have a free slot? After the loop, "
        "free the slot, however the loop ended.",
        "`user = await ws.recv()` reads the name. If `self.slots[user]` has reached `self.MOST`, close and return. "
        "Otherwise add 1, and subtract it again in a `finally`.",
        f'First `if self.slots[user] >= self.MOST:` with `await ws.close({CODE}, "{REASON}")` and `return`. Then '
        "`self.slots[user] += 1`. Then `try:` with the loop, and `finally:` with `self.slots[user] -= 1`.",
    ),
    answer="""
from collections import Counter


class FairShare(Server):
    MOST = 2

    def __init__(self, **options):
        super().__init__(**options)
        self.slots = Counter()

    async def handler(self, ws):
        user = await ws.recv()
        if self.slots[user] >= self.MOST:
            await ws.close(1008, "too many connections")
            return
        self.slots[user] += 1
        try:
            async for message in ws:
                await ws.send(message)
        finally:
            self.slots[user] -= 1
            if self.slots[user] == 0:
                del self.slots[user]
""",
    why="There is no `await` between the comparison and the `+= 1`, so two connections that arrive together can't both "
    "take the last slot. The `finally` frees the slot after a closing handshake, a crash, or an error in your code. "
    "`del` keeps invented names from filling the memory.",
)
