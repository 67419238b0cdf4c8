"""Task 3 of lesson 04: whenever the members of a room change, they all receive the list of who is there."""

import json

from wslearn.exercises.engine import Client, Exercise, Talk, has, otherwise
from wslearn.exercises.rooms.guests import joins, sends
from wslearn.server import Server

OTHER = {has(room="coffee"): "{name} is in `tea`, but received the list of `coffee`. Send each list to its room only."}


async def _told(after: str, client: Client, room: str, *names: str, mistakes: dict | None = None) -> None:
    """Expect that a client receives the list of a room's members, in any order, after something has happened."""
    expected = {"type": "presence", "room": room, "members": lambda came: sorted(came) == sorted(names)}
    rule = f"{after}. Then {{name}} must receive the list of all clients in `{room}`."
    meaning = json.dumps(expected | {"members": names})
    await client.hears(expected, (mistakes or {}) | {otherwise: rule}, meaning=meaning)


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl = await talk.clients(server, "guest-1", "guest-2", "guest-3")
        await joins(ann, "tea")
        await _told("guest-1 joined `tea`, where it is alone", ann, "tea", "guest-1")
        await joins(bob, "tea")
        await _told("guest-2 joined `tea`", bob, "tea", "guest-1", "guest-2", mistakes={
            has(members=["guest-1"]): "{name} was in no room, but received the list of `tea`. Send the list to the "
            "members of the room, not to all clients."})  # fmt: skip
        await _told("guest-2 joined `tea`, where guest-1 was already", ann, "tea", "guest-1", "guest-2")
        await joins(bob, "coffee")
        await _told("guest-2 moved to `coffee`", bob, "coffee", "guest-2", mistakes={
            has(room="tea"): "{name} left `tea`, but received the new list of that room. Remove a client from the room "
            "first, then send the list."})  # fmt: skip
        await _told("guest-2 left `tea`, where guest-1 still is", ann, "tea", "guest-1", mistakes=OTHER)
        await sends(ann, "tea", "hi", mistakes=OTHER | {
            has(type="presence"): "{name} sent a message, and received a list that had not changed. Send the list when "
            "it changes, not with each message."})  # fmt: skip
        await joins(carl, "tea")
        for client in (carl, ann):
            await _told("guest-3 joined `tea`", client, "tea", "guest-1", "guest-3")
        await carl.vanishes()
        await _told("guest-3 vanished, and so it left `tea`", ann, "tea", "guest-1")
        await bob.hears_nothing("{name} is in `coffee`, but received a list of `tea`. Send each list to its room only.")


presence = Exercise(
    _check,
    hints=(
        "The members of a room change at two places: where a client joins, and in `leave`. Write a method "
        "`tell(self, room)` that sends the list to everyone in the room, and call it at both places.",
        "The names are `[ws.name for ws in self.members[room]]`. Send "
        '`{"type": "presence", "room": room, "members": names}` with `fan_out`.',
        "In `leave`, discard the client first. If the room is empty then, delete it, otherwise call "
        "`self.tell(room)`. In the handler, call `self.tell(room)` right after the line that adds the client.",
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
    why="Send the list wherever it changes, and always the whole list: a client that has just joined needs nothing "
    "else, and no client has to keep count. Every way out goes through `leave`, so the room also hears about a client "
    "that vanished.",
)
