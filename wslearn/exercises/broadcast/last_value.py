"""A client that connects late receives the last value."""

from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.broadcast.passing_on import Crowd
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
    async with talk.server(server_class) as server:
        crowd = Crowd(talk, server)
        ann, bob = await _first_clients(talk, server)
        too_early = "{name} received a value before anybody had sent one. Send nothing until there is a value."
        await talk.none_hear([ann, bob], too_early)
        to_all = "A new value goes to all clients unchanged, including the one that sent it."
        await crowd.sends(ann, "41", [ann, bob], to_all)
        twice = "{name} received the new value twice. `broadcast(self.connections, …)` reaches the sender too."
        await talk.none_hear([ann, bob], twice)
        await crowd.sends(bob, "42", [ann, bob], to_all)
        (carl,) = await talk.clients(server, "Carl")
        await crowd.receive([carl], "42", _LATECOMER)
        await carl.hears_nothing("Carl connected late and received more than one value. Keep and send only the last.")
        await ann.hears_nothing("Carl connected, and Ann received the old value again. Send it only to the new client.")
        as_the_others = "After the last value, a late client is like all the others: pass its messages on to all."
        await crowd.sends(carl, "43", [ann, bob, carl], as_the_others)
        for client in (ann, bob, carl):
            await client.closes()
        await talk.has_connections(server, 0)
        (dora,) = await talk.clients(server, "Dora")
        lost = "All clients had left when Dora connected, and the value was lost. Keep it in the server."
        await crowd.receive([dora], "43", lost)
    async with talk.server(server_class) as server:
        talk.tells("a second server", "starts", "of the same class")
        (zoe,) = await talk.clients(server, "Zoe")
        shared = "A second server sent the value of the first. Keep it in `self`, not in the class or a global."
        await zoe.hears_nothing(shared)


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
