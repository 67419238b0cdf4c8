"""Task 1 of lesson 04: a client that joins another room, or whose connection ends, leaves its last room."""

from wslearn.exercises.engine import Exercise, Talk, has
from wslearn.exercises.rooms.guests import enters, guests, rooms_of, sends
from wslearn.server import Server


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl = await guests(talk, server, 3)
        await enters(ann, "tea", "hello", mistakes={
            None: "guest-1 sent a message to its room and received nothing. The sender is a member too, so it must "
            "receive the message like all members.",
        })  # fmt: skip
        await enters(bob, "tea", "I am here", ann, mistakes={
            has(message="hello"): "guest-2 received a message that was sent before it joined a room. Send a message "
            "to the members of the room only.",
        })  # fmt: skip
        await enters(bob, "coffee", "good coffee")
        await sends(ann, "tea", "good tea", mistakes={
            None: "guest-2 moved to `coffee`, and then guest-1 was no longer in `tea`. Take out only the client that "
            "moves.",
            has(message="good coffee"): "guest-1 is in `tea`, but received a message that was sent to `coffee`. Send "
            "it to the members of that one room.",
        })  # fmt: skip
        await sends(bob, "coffee", "more coffee", mistakes={
            has(message="good tea"): "guest-2 joined `coffee`, but still receives what is sent to `tea`. When a client "
            "joins a room, take it out of its last room.",
        })  # fmt: skip
        await enters(bob, "coffee", "still coffee", mistakes={
            None: "guest-2 joined `coffee` while it was already there, and then it was in no room. Leave the last room "
            "first, then join.",
        })  # fmt: skip

        async def only_ann_is_left(message: str) -> None:
            def count() -> int:
                return sum(map(len, rooms_of(talk, server).values()))

            await talk.until(
                lambda: count() == 1, message, who="self.members", expected="1 client", came=lambda: f"{count()} clients"
            )

        await bob.closes()
        await only_ann_is_left(
            "guest-2 closed its connection, but is still in a room. When the loop ends, its client must leave its room."
        )
        await enters(carl, "lobby", "hello")
        await carl.vanishes()
        await only_ann_is_left(
            "guest-3 vanished, but is still in its room. When a connection breaks, the loop ends with an error, and "
            "the lines after the loop don't run. Lines in a `finally` do."
        )
        await (await talk.client(server, "guest-4")).closes()
        await only_ann_is_left("guest-4 connected and left without joining a room. That must not change `self.members`.")
        await sends(ann, "tea", "anybody?")


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
