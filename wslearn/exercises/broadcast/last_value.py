"""A client that connects late receives the last value."""

from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.broadcast.passing_on import TRICKY, Crowd
from wslearn.exercises.engine import NotYet
from wslearn.server import Server

#: What a student is told about what Carl received when he connected.
_LATECOMER = {
    None: "Carl connected late and received nothing. Send him the last value when his handler begins, from a place "
    "that all handlers share. A variable inside `handler` belongs to one client.",
    "41": "Carl connected late and received the first value. Keep the newest one: set it again for each message.",
    otherwise: "Carl connected late, and must receive the last value exactly as it was sent.",
}


async def _latest(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as second, talk.server(server_class) as server:
        crowd = Crowd(talk, server)
        ann, bob = await _first_clients(talk, server)
        too_early = "{name} received a value before anybody had sent one. Send nothing until there is a value."
        await talk.none_hear([ann, bob], too_early)
        to_all = "A new value goes to all clients unchanged, including the one that sent it."
        await crowd.sends(ann, "41", [ann, bob], to_all)
        twice = "{name} received the new value twice. `broadcast(self.connections, …)` reaches the sender too."
        await talk.none_hear([ann, bob], twice)
        await crowd.sends(bob, "42", [ann, bob], to_all)
        await crowd.sends(ann, "5", [ann, bob], to_all)
        (carl,) = await talk.clients(server, "Carl")
        await crowd.receive([carl], "5", _LATECOMER, within=1)
        await carl.hears_nothing("Carl connected late and received more than one value. Keep and send only the last.")
        again = "Carl connected, and {name} received the old value again. Send it only to the new client."
        await talk.none_hear([ann, bob], again)
        as_the_others = "After the last value, a late client is like all the others: pass its messages on to all."
        await crowd.sends(carl, "43", [ann, bob, carl], as_the_others)
        for text, why in TRICKY:
            await crowd.sends(ann, text, [ann, bob, carl], why)
        await crowd.all_at_once([ann, bob, carl], lambda sender: [ann, bob, carl])
        await _more_latecomers(talk, crowd, [ann, bob, carl])
        (zoe,) = await talk.clients(second, "Zoe")
        talk.tells("Zoe", "is", "a client of a second server of the same class")
        shared = "A second server sent the value of the first. Keep it in `self`, not in the class or a global."
        await zoe.hears_nothing(shared)


async def _more_latecomers(talk: Talk, crowd: Crowd, clients: list[Client]) -> None:
    """Let one client after the other connect late, also after all others have left. The last value is empty."""
    await crowd.pause()
    for name, sender, value in (("Dora", clients[-1], "Grüße 👋 "), ("Zoe", clients[0], "")):
        await crowd.sends(sender, value, clients, "A new value goes to all clients, as it is.")
        clients += await talk.clients(crowd.server, name)
        empty = "" if value else " An empty string is a value too: compare with `is not None`."
        next_one = f"{{name}} connected late too, and must receive the last value as it was sent, at once.{empty}"
        await crowd.receive(clients[-1:], value, next_one, within=1)
        await talk.none_hear(clients, f"{name} connected late, and {{name}} received something more.")
    for client in clients:
        await client.closes()
    await talk.has_connections(crowd.server, 0)
    (bob,) = await talk.clients(crowd.server, "Bob")
    lost = "All clients had left when Bob connected again, and the value was lost. Keep it in the server."
    await crowd.receive([bob], "", lost, within=1)


async def _first_clients(talk: Talk, server: Server) -> list[Client]:
    try:
        return await talk.clients(server, "Ann", "Bob")
    except NotYet:
        if talk.error(server).startswith("TypeError: data must be"):
            none_yet = "When Ann connects, there is no value yet, and None cannot be sent. Check for a value first."
            talk.fail(none_yet, "the server", "sends", "something that is neither text nor bytes")
        raise


latest = Exercise(
    _latest,
    hints=(
        "Decide three things: what the server must remember, where it keeps that, and when it sends it to one client.",
        "Keep it in `self`: that is the server, which all handlers share. At first it is None.",
        "Before the loop: `if self.last is not None: await ws.send(self.last)`. In the loop: set it, then broadcast.",
    ),
    answer="""
        class Latest(Server):
            last = None

            async def handler(self, ws):
                if self.last is not None:
                    await ws.send(self.last)
                async for message in ws:
                    self.last = message
                    broadcast(self.connections, message)
    """,
    why="A handler begins when its client has connected, which is the moment for the last value. `self.last = message` "
    "gives this one server its own value; the `None` of the class stays as it is.",
)
