"""Task 2 of lesson 04: a room is deleted when its last client has left it."""

from functools import partial

from wslearn.exercises.engine import Exercise, Talk, has
from wslearn.exercises.rooms.guests import (
    ENDS,
    arrive,
    come_and_go,
    ends,
    enters,
    is_no_other_servers,
    joins,
    receive,
    rooms_are,
    sends,
)
from wslearn.server import Server

ERROR = {"type": "error"}
NO_ROOM = "`tea` received a message from Carl, who is in no room. The `room` in its message doesn't matter: the " \
    "sender must have joined it."  # fmt: skip


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        now = partial(rooms_are, talk, server, within=0)
        ann, bob, carl = await arrive(talk, server, "Ann", "Bob", "Carl")
        await enters(ann, "tea", "I am here")
        await enters(bob, "tea", "", ann)
        await bob.says({"type": "room-message", "message": "I am going"})
        await joins(bob, "coffee")
        await receive([bob, ann], bob, "tea", "I am going")
        await sends(bob, "coffee", " Grüße ☕ ")
        await now("Bob left `tea`, but Ann is still there. Delete a room only if it is empty.", "tea", "coffee")
        await enters(bob, "tea", "I am here", ann)
        await now("Bob was the only client in `coffee`, and left it. Delete a room that has become empty.", "tea")
        for number in range(1, 11):
            await enters(bob, f"Room-{number}", "I am here")
        await now("Bob joined ten rooms, one after the other. Delete the nine that are empty.", "tea", "Room-10")
        await sends(bob, "Room-10", "Is it nice here?", forged={"sender": "guest-1", "room": "tea"}, mistakes={
            None: "{name} is in `Room-10`, and sent a message that claims to be for another `room`. It is for the "
            "room that the sender has joined."})  # fmt: skip
        await enters(bob, "Room-10", "I am still here", mistakes={
            None: "{name} joined `Room-10`, where this client was already, and after that was in no room. Leave the "
            "last room first, then join."})  # fmt: skip
        await now("Bob joined `Room-10`, where he was already. The room must stay.", "tea", "Room-10")
        for room in {}, {"room": "tea"}, {"room": "Room-11"}:
            await carl.says({"type": "room-message", "message": "where am I?"} | room)
        await enters(carl, "tea-room", "I am here", skip=ERROR, mistakes={
            None: "{name} sent a message before it joined a room, which nobody has to receive. Then it joined "
            "`tea-room`, and must receive what it sends there."})  # fmt: skip
        await now("Carl sent a message before it joined a room, and that created a room. A `defaultdict` creates "
                  "every key that you look up, so check first whether the client is in a room.",
                  "tea", "Room-10", "tea-room")  # fmt: skip
        await enters(bob, "tea", "I am back", ann, mistakes={has(message="where am I?"): NO_ROOM})
        await come_and_go(talk, server, 4, ann, bob, rooms=["tea", "tea", "tea-room"])
        await sends(carl, "tea-room", "quiet here")
        await now("Clients have come to `tea` and left it, but Ann is still there.", "tea", "tea-room")
        await is_no_other_servers(talk, server_class)
    async with talk.server(server_class) as server:
        for number, (how, (what, _)) in enumerate(ENDS.items(), start=1):
            (zoe,) = await arrive(talk, server, "Zoe", first=number)
            await enters(zoe, "tea", "I am alone")
            await ends(talk, server, zoe, how)
            empty = f"{zoe.name} {what}, and the room stayed, although it is empty. The end of a connection is one " \
                "more way to leave a room."  # fmt: skip
            await rooms_are(talk, server, empty)


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
