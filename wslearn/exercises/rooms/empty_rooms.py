"""Task 2 of lesson 04: a room is deleted when its last client has left it."""

from functools import partial

from wslearn.exercises.engine import Exercise, Talk
from wslearn.exercises.rooms.guests import enters, rooms_are
from wslearn.server import Server


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        soon, now = partial(rooms_are, talk, server), partial(rooms_are, talk, server, within=0)
        ann, bob, carl = await talk.clients(server, "guest-1", "guest-2", "guest-3")
        await enters(ann, "tea", "I am here")
        await enters(bob, "tea", "I am here", ann)
        await enters(bob, "coffee", "I am here")
        await now("guest-2 left `tea`, but guest-1 is still there. Delete a room only if it is empty.", "tea", "coffee")
        await enters(bob, "tea", "I am here", ann)
        await now("guest-2 was the only client in `coffee`, and left it. Delete a room that has become empty.", "tea")
        for number in range(1, 11):
            await enters(bob, f"room-{number}", "I am here")
        await now("guest-2 joined ten rooms, one after the other. Delete the nine that are empty.", "tea", "room-10")
        await carl.says({"type": "room-message", "message": "where am I?"})
        await enters(carl, "lobby", "I am here", skip={"type": "error"}, mistakes={
            None: "{name} sent a message before it joined a room, which nobody has to receive. Then it joined "
            "`lobby`, so it must receive what it sends there."})  # fmt: skip
        await now("guest-3 sent a message before it joined a room, and that created a room. A `defaultdict` creates "
                  "every key that you look up, so check first whether the client is in a room.",
                  "tea", "room-10", "lobby")  # fmt: skip
        for client, end, *rooms in (carl, carl.vanishes, "tea", "room-10"), (bob, bob.closes, "tea"), (ann, ann.closes):
            await end()
            await soon(f"The connection of {client.name} ended, but its room stayed, although it is empty. The end of "
                       "a connection is one more way to leave a room.", *rooms)  # fmt: skip


no_empty_rooms = Exercise(
    _check,
    hints=(
        "A client leaves a room at two places in your code, and both must delete a room that has become empty. Write "
        "a method `leave(self, ws, room)`, and call it at both places.",
        "In `leave`, discard the client, then `if not self.members[room]: del self.members[room]`. If `room` is None, "
        "the client is in no room, so return at once.",
        "A `defaultdict` creates a room whenever you look it up. Use `self.members = {}`, and join with "
        "`self.members.setdefault(room, set()).add(ws)`. Send only if `room` is not None.",
    ),
    answer="""
class NoEmptyRooms(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.members = {}  # room -> the clients in it, at least one

    def leave(self, ws, room):
        if room is None:
            return
        self.members[room].discard(ws)
        if not self.members[room]:
            del self.members[room]

    async def handler(self, ws):
        room = None
        try:
            async for text in ws:
                request = json.loads(text)
                if request["type"] == "join-room":
                    self.leave(ws, room)
                    room = request["room"]
                    self.members.setdefault(room, set()).add(ws)
                elif room is not None:
                    fan_out(self.members[room], request | {"room": room, "sender": ws.name})
        finally:
            self.leave(ws, room)
""",
    why="Clients invent the names of rooms. If empty rooms stayed, a single client could fill the memory with names. "
    "All cleaning up is in one method, and every way out of a room goes through it.",
)
