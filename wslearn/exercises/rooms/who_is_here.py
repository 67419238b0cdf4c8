"""Task 3 of lesson 04: whenever the members of a room change, they all receive the list of who is there."""

import json

from wslearn.exercises.engine import Client, Exercise, Talk, has, otherwise
from wslearn.exercises.rooms.guests import ENDS, arrive, ends, is_no_other_servers, joins, receive, rooms_are, sends
from wslearn.server import Server

ERROR, LIST = has(type="error"), has(type="presence")
OTHER = {has(room="coffee"): "{name} is in `tea`, but received the list of `coffee`. Send each list to its room only."}
CHANGED = {LIST: "{name} received a list that had not changed. Send the list once whenever it changes, and not with "
           "each message."}  # fmt: skip


def _list(room: str, names: list[str]) -> dict:
    """Return the list of a room's members, which may be in any order."""
    members = lambda came: isinstance(came, list) and sorted(came) == sorted(names)  # noqa: E731
    return {"type": "presence", "room": room, "members": members}


async def _told(after: str, clients: list[Client], room: str, *names: str, mistakes: dict | None = None) -> None:
    """Expect that clients receive the list of a room after something has happened: of these names, or of theirs."""
    members = list(names) or [client.called for client in clients]
    rule = f"{after}. Then {{name}} must receive the list of all clients in `{room}`."
    meaning = json.dumps(_list(room, members) | {"members": members})
    for client in clients:
        before = client.heard[: client.judged][-1:]
        twice = {lambda came, before=before: LIST(came) and [came] == before: "{name} received the same list twice. "
                 "Send the list once for each change."}  # fmt: skip
        table = (mistakes or {}) | twice | {otherwise: rule}
        await client.hears(_list(room, members), table, meaning=meaning, skip=ERROR)


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl, dora = await arrive(talk, server, "Ann", "Bob", "Carl", "Dora")
        await dora.says({"type": "room-message", "message": "where am I?"})
        await joins(ann, "tea")
        await _told("Ann joined `tea`, where she is alone", [ann], "tea")
        await joins(bob, "tea")
        await _told("Bob joined `tea`", [bob], "tea", "guest-1", "guest-2", mistakes={
            has(members=["guest-1"]): "{name} was in no room, but received the list of `tea`. Send the list to the "
            "members of the room, not to all clients."})  # fmt: skip
        await _told("Bob joined `tea`, where Ann was already", [ann], "tea", "guest-1", "guest-2")
        await joins(bob, "coffee")
        await _told("Bob moved to `coffee`", [bob], "coffee", mistakes={
            has(room="tea"): "{name} left `tea`, but received the new list of that room. Remove a client from the room "
            "first, then send the list."})  # fmt: skip
        await _told("Bob left `tea`, where Ann still is", [ann], "tea", mistakes=OTHER)
        await sends(ann, "tea", " Grüße ☕ ", mistakes=OTHER | CHANGED)
        await joins(carl, "tea")
        await _told("Carl joined `tea`", [carl, ann], "tea")
        await joins(bob, "tea")
        await _told("Bob moved to `tea`, where two clients were already", [bob, carl, ann], "tea")
        await sends(carl, "tea", "", ann, bob, mistakes=CHANGED, forged={"sender": "guest-1", "room": "coffee"})
        await bob.says({"type": "room-message", "message": "I am going"})
        await joins(bob, "coffee")
        await receive([bob, ann, carl], bob, "tea", "I am going")
        await _told("Bob moved to `coffee`", [bob], "coffee")
        await _told("Bob left `tea`, where two clients still are", [ann, carl], "tea")
        await joins(bob, "tea")
        await _told("Bob moved to `tea`, where two clients were already", [bob, carl, ann], "tea")
        await _joins_again(talk, bob, ann, carl)
        for number, (how, (what, _)) in enumerate(ENDS.items(), start=5):
            (zoe,) = await arrive(talk, server, "Zoe", first=number)
            await joins(zoe, "tea")
            await _told(f"{zoe.name} joined `tea`", [zoe, ann, bob, carl], "tea")
            await ends(talk, server, zoe, how)
            await _told(f"{zoe.name} {what}, and so left `tea`", [ann, bob, carl], "tea")
            await sends(bob, "tea", f"{zoe.name} has left", ann, carl, mistakes=CHANGED)
        (sam,) = await arrive(talk, server, "Sam", first=8)
        await ends(talk, server, sam, "closes")
        await joins(dora, "Green-tea")
        await _told("Dora joined `Green-tea`", [dora], "Green-tea", mistakes={
            has(type="presence", room="tea"): "{name} was in no room, but received the list of `tea`. Send each list "
            "to its room only.",
            has(type="room-message"): "{name} was in no room, but received a message to `tea`."})  # fmt: skip
        await sends(ann, "tea", "anybody?", bob, carl, mistakes=OTHER | CHANGED)
        await sends(dora, "Green-tea", "quiet here", mistakes=CHANGED)
        await rooms_are(talk, server, "Dora is in `Green-tea`, and all others are in `tea`. As in task 2, "
                        "`self.members` must have no room that nobody is in.", "tea", "Green-tea")  # fmt: skip
        await is_no_other_servers(talk, server_class)


async def _joins_again(talk: Talk, bob: Client, *others: Client) -> None:
    """Let Bob join the room where he is: he may leave and join, with lists for it, or nothing may happen."""
    clients = [bob, *others]
    complete = has(**_list("tea", [client.called for client in clients]))
    before = [len(client.heard) for client in clients]
    await joins(bob, "tea")
    await sends(bob, "tea", "still here", *others, skip=LIST, mistakes={
        None: "Bob joined `tea` again, then sent a message. {name} is in `tea`, and must receive it. Leave the "
        "last room first, then join."})  # fmt: skip
    for client, begin in zip(clients, before, strict=True):
        if told := [message for message in client.heard[begin:] if LIST(message)]:
            talk.expect(
                complete(told[-1]), "Bob joined `tea` again, and then the last list of {name} was not complete.",
                who=client.name, expected="a list of three clients", came=told[-1])  # fmt: skip


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
