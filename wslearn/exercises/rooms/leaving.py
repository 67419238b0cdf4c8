"""Task 1 of lesson 04: a client that joins another room, or whose connection ends, leaves its last room."""

from functools import partial

from wslearn.exercises.engine import Exercise, Talk, has
from wslearn.exercises.rooms.guests import (
    arrive,
    come_and_go,
    ends,
    enters,
    is_no_other_servers,
    joins,
    receive,
    rooms_are,
    sends,
)  # fmt: skip
from wslearn.server import Server


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        clients_are_in = partial(rooms_are, talk, server, of_clients=True)
        ann, bob, carl, dora = await arrive(talk, server, "Ann", "Bob", "Carl", "Dora")
        await enters(ann, "tea", "hello", mistakes={
            None: "{name} sent a message to a room, but didn't receive it. The sender is in that room "
            "too."})  # fmt: skip
        await enters(bob, "tea", "I am here", ann, mistakes={
            has(message="hello"): "{name} received a message that was sent before it joined a room. Send each message "
            "to the members of the room only."})  # fmt: skip
        await enters(carl, "Tea", " Grüße ☕ ", mistakes={
            has(room="tea"): "{name} joined `Tea`, which is another room than `tea`."})  # fmt: skip
        await enters(dora, "green-tea", "", mistakes={
            None: "{name} sent an empty string, and received nothing. It is a message too."})  # fmt: skip
        await bob.says({"type": "room-message", "message": "I am going"})
        await joins(bob, "coffee")
        await receive([bob, ann], bob, "tea", "I am going")
        await sends(ann, "tea", "good tea", mistakes={
            None: "Bob moved to `coffee`, and then {name} was no longer in `tea` either. Remove only the client "
            "that moves."})  # fmt: skip
        await sends(bob, "coffee", "good coffee", forged={"sender": "guest-1", "room": "tea"}, mistakes={
            has(message="good tea"): "{name} joined `coffee`, but still receives what is sent to `tea`. When a client "
            "joins a room, remove it from its last room."})  # fmt: skip
        await sends(ann, "tea", "more tea")
        await enters(bob, "lobby", "a third room")
        await clients_are_in("Bob joined `tea`, then `coffee`, then `lobby`. Now he must be in `lobby` only. "
                             "Remember the last room each time.", "tea", "Tea", "green-tea", "lobby")  # fmt: skip
        await enters(bob, "lobby", "still in the lobby", mistakes={
            None: "{name} joined `lobby` again, and after that was in no room. Leave the last room first, "
            "then join."})  # fmt: skip
        await enters(carl, "tea", "here I am", ann)
        rooms = ["tea", "tea", "green-tea", "lobby"]
        await come_and_go(talk, server, 5, ann, carl, rooms=rooms)
        (sam,) = await arrive(talk, server, "Sam", first=8)
        await ends(talk, server, sam, "closes")
        await clients_are_in("Sam came and left without joining a room. All rooms must stay as they were.", *rooms)
        await sends(ann, "tea", "anybody?", carl)
        for client, room in (bob, "lobby"), (dora, "green-tea"):
            await sends(client, room, "quiet here")
        await is_no_other_servers(talk, server_class)


leave_room = Exercise(
    _check,
    hints=(
        "Find the two moments that are missing in the code: what happens to the last room when a client joins another "
        "one, and what happens when the loop ends?",
        "Take a client out of a room with `self.members[room].discard(ws)`, at both moments. A new client is in no "
        "room yet, so begin with `room = None`.",
        'Discard before `room = request["room"]`. Put `try:` … `finally:` around the loop, and discard there too.',
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
                    self.members[room].discard(ws)  # leave first, then join, even if it is the same room
                    room = request["room"]
                    self.members[room].add(ws)
                else:
                    fan_out(self.members[room], request | {"room": room, "sender": ws.name})
        finally:
            self.members[room].discard(ws)
""",
    why="The handler's own variable `room` knows where its client is, so you never have to search. `finally` runs "
    "when the loop simply ends (the client closed) and when it ends with an error (the client vanished). Unlike "
    "`remove`, `discard` doesn't mind if the client isn't in the set.",
)
