"""Task 4 of lesson 07: no user takes all connection slots, and a slot is free again however its connection ended."""

from collections.abc import Callable

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.engine.expectations import OrElse
from wslearn.server import Server

#: How one connection too many is closed, as the task gives it; each user may have two.
CODE, REASON = 1008, "too many connections"


async def _fair_share(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        first = await _enters(talk, server, "Ann", 1, _first)
        second = await _enters(talk, server, "Ann", 2, _SECOND)
        await _enters(talk, server, "Bob", 1, _BOB)
        await _is_refused(talk, server, 3, lambda: _OLDER if first.ws.close_code or second.ws.close_code else _THIRD)
        for older in (first, second):
            await older.is_still_there(_OLDER)
        await _is_refused(talk, server, 4, lambda: _REFUSED_FREES)

        await second.closes()
        await _is_gone(talk, server)
        fifth = await _enters(talk, server, "Ann", 5, _CLOSED)
        await _is_refused(talk, server, 6, lambda: _ALL_FREED)
        await fifth.vanishes()
        await _is_gone(talk, server)
        await _enters(talk, server, "Ann", 7, _VANISHED)

        for client in talk.clients:
            await client.vanishes()
        await talk.eventually(lambda: not server.connections, _STAYS, expected="no connection left")
        if getattr(server, "slots", None):
            talk.advises(
                "All clients have left, but their names are still in `self.slots`. An attacker can invent names until "
                "the memory is full, so delete a name when its number is 0: `del self.slots[user]`."
            )


async def _enters(talk: Talk, server: Server, user: str, number: int, or_else: OrElse) -> Client:
    """Connect a client of a user, and expect that it is served."""
    client = await talk.client(server, f"{user} {number}")
    await client.says(user)
    await client.says(f"hello from {number}")
    await client.hears(f"hello from {number}", or_else)
    return client


async def _is_refused(talk: Talk, server: Server, number: int, let_in: Callable[[], str]) -> None:
    """Connect one more client of Ann, and expect that it is closed; `let_in` says what is wrong otherwise."""
    client = await talk.client(server, f"Ann {number}")
    await client.says("Ann")
    await client.says(f"hello from {number}")
    await client.is_closed(CODE, None, lambda came: _other_code(came[0]) if came else let_in())
    if client.heard:
        talk.expect(False, _TOO_LATE, expected="no message before it is closed", came=client.heard[0])
    reason = f"Close with the reason `{REASON}`, so that the client knows what to do about it."
    talk.expect(client.ws.close_reason == REASON, reason, expected=repr(REASON), came=client.ws.close_reason)


async def _is_gone(talk: Talk, server: Server) -> None:
    """Wait until the server has noticed that one of three clients has left."""
    await talk.eventually(
        lambda: len(server.connections) == 2, _STAYS, expected="2 connections left",
        came=lambda: f"{len(server.connections)} connections",
    )  # fmt: skip


def _first(came: object) -> str:
    if came == "Ann":
        return "The first message is the user's name, and isn't sent back: read it with `await ws.recv()`, then loop."
    if came is None:
        return "Ann is the first client, and should be served: after her name, send each of her messages back."
    return "Send each message back unchanged."


def _other_code(code: int) -> str:
    match code:
        case 1000:
            return f'1000 means that all went well. Before `return`, write `await ws.close({CODE}, "{REASON}")`.'
        case 1006:
            return "Ann's third connection was dropped without a goodbye, so she can't know why. Use `ws.close`."
    return f"{code} is another code. Use {CODE}, which means that the client broke a rule of your server."


_SECOND = "Each user may have two connections, and Ann's second one was not served."
_BOB = "Ann has two connections, and Bob was not served. Count for each user: `self.slots[user]`."
_OLDER = "Ann's third connection ended an older one of hers. Close the new connection instead, `ws`."
_THIRD = "Ann already had two connections, and her third was not closed. Compare `self.slots[user]` with `self.MOST`."
_TOO_LATE = "Ann's third connection got a message back before it was closed. Compare before you start the loop."
_REFUSED_FREES = (
    "Ann's third connection was closed, and then her fourth was served: the third gave back a slot that it never had. "
    "Refuse before you count, and outside the `try` whose `finally` frees the slot."
)
_CLOSED = "Ann closed one of her two connections, and her next one was not served. Free the slot when the loop ends."
_ALL_FREED = (
    "Ann closed one of two connections, and then got two new ones: now she has three. "
    "One connection frees one slot: `self.slots[user] -= 1`."
)
_VANISHED = (
    "One of Ann's connections vanished without a goodbye, and its slot stayed taken. The loop ends with an error then, "
    "so free the slot in a `finally`."
)
_STAYS = "A client left, and your server still has its connection. A handler must end when its client has left."

fair_share = Exercise(
    _fair_share,
    hints=(
        "Before the loop there are two questions: who is this, and does this user have a free slot? After the loop "
        "there is one thing to do, however the loop ended.",
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
    "take the last slot. The `finally` frees the slot after a goodbye, a crash and an error of your own. `del` keeps "
    "invented names from filling the memory.",
)
