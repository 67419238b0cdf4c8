"""Exercises of lesson 04: a rooms server built in three steps, and private messages in the lesson's own."""

from wslearn.exercises import Exercise
from wslearn.exercises.rooms.rooms_talks import deletes, leaves, tells_who_is_here, whispers

leave_room = Exercise(
    leaves,
    hints=(
        "Two moments are missing in the code: what happens to the last room when a client joins another one, and what "
        "happens when the loop ends.",
        "`self.members[room].discard(ws)` takes a client out of a room. It is needed in both places. Which room is it, "
        "when the client is new? Set `room = None` at the beginning.",
        'Before `room = request["room"]`, discard. Around the loop put `try:` … `finally:`, and discard there too.',
    ),
    answer="""
class LastRoom(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.members = defaultdict(set)  # room -> the clients in it

    async def handler(self, ws):
        room = None
        try:
            async for text in ws:
                request = json.loads(text)
                if request["type"] == "join-room":
                    self.members[room].discard(ws)  # first leave, then join: also where both are one room
                    room = request["room"]
                    self.members[room].add(ws)
                else:
                    fan_out(self.members[room], request | {"room": room, "sender": ws.name})
        finally:
            self.members[room].discard(ws)
""",
    why="A handler's own variable `room` is enough to know where its client is, so leaving is never a search. "
    "`finally` runs when the loop ends by itself (the client closed) and when it ends with an error (the client "
    "vanished). `discard`, other than `remove`, does not mind a client that was not there.",
)

no_empty_rooms = Exercise(
    deletes,
    hints=(
        "A client leaves in two places of your code. Both must delete a room that has become empty, so write a method "
        "`leave(self, ws, room)`, and call it in both.",
        "In `leave`: discard the client, then `if not self.members[room]: del self.members[room]`. A client that is in "
        "no room has `room = None`: then there is nothing to do.",
        "A `defaultdict` makes a room whenever you ask for one. Take `self.members = {}`, and join with "
        "`self.members.setdefault(room, set()).add(ws)`. Send only where `room` is not None.",
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
    why="Clients invent the names of rooms. If a room stays when it is empty, one client can fill the memory with "
    "names. The cleaning up stands in one method, beside nothing else, and every way out goes through it.",
)

presence = Exercise(
    tells_who_is_here,
    hints=(
        "Who is in a room changes in two places: where a client joins, and in `leave`. Write a method "
        "`tell(self, room)` that sends the list to all in the room, and call it in both.",
        "The names are `[ws.name for ws in self.members[room]]`. Send "
        '`{"type": "presence", "room": room, "members": names}` with `fan_out`.',
        "In `leave`, discard first. If the room is empty then, delete it; else `self.tell(room)`. In the handler call "
        "`self.tell(room)` right behind the line that adds the client.",
    ),
    answer="""
class WhoIsHere(Server):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.members = {}  # room -> the clients in it, at least one

    def tell(self, room):
        names = sorted(ws.name for ws in self.members[room])
        fan_out(self.members[room], {"type": "presence", "room": room, "members": names})

    def leave(self, ws, room):
        if room is None:
            return
        self.members[room].discard(ws)
        if self.members[room]:
            self.tell(room)
        else:
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
                    self.tell(room)
                elif room is not None:
                    fan_out(self.members[room], request | {"room": room, "sender": ws.name})
        finally:
            self.leave(ws, room)
""",
    why="The list is told where it changes, and the whole list: a client that has just come needs nothing else, and no "
    "client has to keep count. Since every way out goes through `leave`, a vanished client is told like any other.",
)

private = Exercise(
    whispers,
    hints=(
        "Two things must be found: the room of the sender, and in it the client with the name `request.to`.",
        "`self.rooms.room_of.get(ws)` is the sender's room, or None. `self.rooms.members.get(room, ())` are the "
        "clients in it. Compare each one's `name`.",
        "Make a list of the clients with that name. If there are any, `fan_out` to that list a dict with `type`, "
        '`message` and `"sender": ws.name`. If there are none: `await ws.complain("not-here", "…")`.',
    ),
    answer="""
class Private(Struct, tag="private"):
    to: str
    message: str


class PrivateRooms(RoomsServer):
    async def handler(self, ws):
        try:
            async for request in ws.receive(*Rooms.requests, Private):
                if isinstance(request, Private):
                    room = self.rooms.room_of.get(ws)
                    found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]
                    if found:
                        fan_out(found, {"type": "private", "message": request.message, "sender": ws.name})
                    else:
                        await ws.complain("not-here", f"{request.to} is not in your room")
                else:
                    await self.rooms.answer(ws, request)
        finally:
            self.rooms.leave(ws)
""",
    why="The sender is the name of the connection, never a name in the message. Who is not in the room cannot be "
    "reached, and the sender is told so: silence would look like a message that was read and not answered.",
)
