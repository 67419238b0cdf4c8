"""Task 4 of lesson 04: a message to one client in the sender's room."""

from wslearn.exercises.engine import Exercise, Talk, has
from wslearn.exercises.rooms.guests import joins, sends
from wslearn.server import Server

LIST = {"type": "presence"}


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl, dora = everybody = await talk.clients(server, "guest-1", "guest-2", "guest-3", "guest-4")

        async def whispers(to: str, text: str, **more: str) -> None:
            await ann.says({"type": "private", "to": to, "message": text, **more})

        for client in everybody:
            room = "coffee" if client is dora else "tea"
            await joins(client, room)
            await client.hears(LIST | {"room": room}, "{name} joined a room, so it must receive the list of members.")
        await whispers("guest-2", "psst")
        await bob.hears({"type": "private", "message": "psst", "sender": "guest-1"}, {
            None: "guest-1 sent {name} a private message. They are in the same room, but {name} received nothing.",
            has(type="room-message"): "{name} received it as a message to the room. Its `type` must be `private`.",
            has(message="psst"): "{name} received the private message, but cannot see who sent it. Add `sender`.",
        }, skip=LIST)  # fmt: skip
        await sends(carl, "tea", "what?", ann, bob, skip=LIST, mistakes={
            has(message="psst"): "{name} received a private message that guest-1 sent to guest-2. Send it once, and "
            "only to that client: not to the room, and not to the sender."})  # fmt: skip
        await whispers("guest-2", "trust me", sender="guest-3")
        await bob.hears({"type": "private", "message": "trust me", "sender": "guest-1"}, {
            has(sender="guest-3"): "guest-1 wrote `guest-3` as the sender, and your server believed it. Use `ws.name`."
        }, skip=LIST)  # fmt: skip
        for to, why in (
            ("guest-4", "guest-4 is in another room"),
            ("guest-99", "there is no guest-99"),
            ("guest-2", "guest-1 has left its room"),
        ):
            if to == "guest-2":
                await ann.says({"type": "leave-room"})
            await whispers(to, "are you there?")
            far = "guest-1 is in `tea`, but reached {name} in `coffee`. Look for the name in the sender's room only."
            await dora.hears_nothing(far, skip=LIST)
            lost = f"The private message to {to} cannot be delivered, because {why}. Send the sender an error."
            await ann.hears({"type": "error"}, {None: lost}, skip=LIST)
        await joins(ann, "tea")
        await ann.hears(LIST | {"room": "tea"}, "{name} joined `tea` again, so it must receive the list of members.")


private = Exercise(
    _check,
    hints=(
        "Find two things: the sender's room, and in it the client whose name is `request.to`.",
        "The sender's room is `self.rooms.room_of.get(ws)`, or None. The clients in it are "
        "`self.rooms.members.get(room, ())`. Compare the `name` of each.",
        "Make a list of the clients with that name. If there are any, `fan_out` to that list a dictionary with `type`, "
        '`message` and `"sender": ws.name`. Otherwise `await ws.complain("not-here", "…")`.',
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
    why="The sender is the name of the connection, never a name in the message. If no client of that name is in the "
    "room, the server tells the sender, because silence would look like a message that was read and not answered.",
)
