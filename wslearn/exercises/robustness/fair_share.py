"""Task 4 of lesson 07: no user takes all connection slots, and a slot is free again however its connection ended."""

from wslearn.exercises.engine import Client, Exercise, Message, Talk, otherwise
from wslearn.server import Server

#: How one connection too many is closed, as the task gives it; each user may have two.
CODE, REASON = 1008, "too many connections"
ABOUT_FIRST = {
    "Ann": "The first message is the user's name. Don't send it back: read it with `await ws.recv()` before the loop.",
    None: "Ann is the first client, so your server should serve her: after her name, send each message back.",
    otherwise: "Send each message back unchanged.",
}
OLDER = "Ann's third connection ended an older one of hers. Close the new connection instead, which is `ws`."
THIRD = "Ann already had two connections, but you did not close her third. Compare `self.slots[user]` with `self.MOST`."
FOURTH = (
    "You closed Ann's third connection, but then served her fourth, because the third freed a slot that it never had. "
    "Refuse a connection before you count it, and outside the `try` whose `finally` frees the slot."
)
SIXTH = (
    "Ann closed one of two connections, and then got two new ones, so now she has three. "
    "One connection frees one slot: `self.slots[user] -= 1`."
)
ABOUT_CODE = {
    1000: f'1000 means that everything is done. Before `return`, write `await ws.close({CODE}, "{REASON}")`.',
    lambda came: came[0] == 1006: (
        "You dropped Ann's third connection without a closing handshake, so she can't know why. Use `ws.close`."
    ),
    lambda came: came[0] != CODE: lambda came: (
        f"The close code is {came[0]}. Use {CODE}, which means that the client broke a rule of your server."
    ),
    otherwise: f"Close with the reason `{REASON}`, so that the client knows what to do about it.",
}


async def _fair_share(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        first = await _enters(talk, server, "Ann", 1, ABOUT_FIRST)
        text = "Each user may have two connections, but you did not serve Ann's second one."
        second = await _enters(talk, server, "Ann", 2, text)
        text = "Bob has no connection yet, but you did not serve him. Count for each user: `self.slots[user]`."
        await _enters(talk, server, "Bob", 1, text)
        await _is_refused(talk, server, 3, lambda _: OLDER if first.ws.close_code or second.ws.close_code else THIRD)
        for older in (first, second):
            await older.is_still_there(OLDER)
        await _is_refused(talk, server, 4, FOURTH)

        await second.closes()
        await talk.has_connections(server, 2)
        text = "Ann closed one connection, but you did not serve her next one. Free the slot when the loop ends."
        fifth = await _enters(talk, server, "Ann", 5, text)
        await _is_refused(talk, server, 6, SIXTH)
        await fifth.vanishes()
        await talk.has_connections(server, 2)
        text = (
            "One of Ann's connections vanished without a closing handshake, but its slot stayed taken. Your loop ends "
            "with an exception then, so free the slot in a `finally`."
        )
        await _enters(talk, server, "Ann", 7, text)

        for client in talk.everybody:
            await client.vanishes()
        await talk.has_connections(server, 0)
        if getattr(server, "slots", None):
            talk.advises(
                "All clients have left, but their names are still in `self.slots`. An attacker can invent names until "
                "the memory is full, so delete a name when its number is 0: `del self.slots[user]`."
            )


async def _enters(talk: Talk, server: Server, user: str, number: int, message: Message) -> Client:
    """Connect a client of a user, and expect that it is served."""
    client = await talk.client(server, f"{user} {number}")
    await client.says(user)
    await client.asks(f"hello from {number}", f"hello from {number}", message)
    return client


async def _is_refused(talk: Talk, server: Server, number: int, let_in: Message) -> None:
    """Connect one more client of Ann, and expect that it is closed; otherwise `let_in` says what is wrong."""
    client = await talk.client(server, f"Ann {number}")
    await client.says("Ann")
    await client.says(f"hello from {number}")
    await client.is_closed(CODE, REASON, {None: let_in} | ABOUT_CODE)
    text = "Ann's third connection received a message before you closed it. Compare before you start the loop."
    talk.expect(not client.heard, text, expected="no message", came=client.heard, who=client.name)


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
