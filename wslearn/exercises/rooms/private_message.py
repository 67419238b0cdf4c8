"""Task 4 of lesson 04: a message to one client in the sender's room."""

from functools import partial

from wslearn.exercises.engine import Client, Exercise, Talk, has, otherwise
from wslearn.exercises.rooms.guests import arrive, ends, joins, sends
from wslearn.server import Server

LIST = {"type": "presence"}
_ANOTHERS = "{name} received an error that was meant for another client. Send it to the sender only."
PRIVATE = has(type="private")
LEAKED = {PRIVATE: "{name} received a private message that was not for it. Send it once, and only to the client whose "
          "name is `request.to`: not to the room, not to the sender, and not to the next client."}  # fmt: skip
#: A message that is longer than any that a page would send.
LONG = "A long story. " * 100
#: Whom Ann, guest-1, cannot reach, and why. With her in `tea` are guest-2, guest-3 and guest-10.
NOT_HERE = [
    ("guest-4", "Dora (guest-4) is in another room"),
    ("guest-5", "Zoe (guest-5) is in no room"),
    ("guest-99", "there is no guest-99"),
    ("guest-", "no name is equal to `guest-`, though some begin with it"),
    ("2", "no name is equal to `2`, though one ends with it"),
    ("guest-22", "no name is equal to `guest-22`, though one is contained in it"),
    ("Guest-2", "no name is equal to `Guest-2`, with a capital letter"),
    (" guest-2", "no name is equal to ` guest-2`, with a space"),
    ("", "nobody's name is an empty string"),
]


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server, talk.server(server_class) as other:
        fails = partial(_fails, talk)
        everybody = await arrive(talk, server, "Ann", "Bob", "Carl", "Dora", "Zoe", "Sam")
        everybody += await talk.clients(server, *(f"guest-{number}" for number in range(7, 11)))
        ann, bob, carl, dora, zoe, sam, *_, last = everybody
        for client in ann, bob, carl, last, dora:
            room = "coffee" if client is dora else "tea"
            await joins(client, room)
            joined = "{name} joined a room, so it must receive the list of members."
            await client.hears(LIST | {"room": room}, joined)
        for text in "psst", " Grüße ☕ ", "":
            await _reaches(ann, bob, text)
        await sends(carl, "tea", "what?", ann, bob, last, skip=LIST, mistakes=LEAKED | {
            has(type="error"): "{name} received an error, although every private message until now was delivered."
        })  # fmt: skip
        await _reaches(ann, bob, "trust me", claimed="guest-3")
        await _reaches(ann, bob, LONG)
        await _reaches(ann, ann, "note to myself")
        await _at_the_same_time((ann, bob), (carl, last))
        await _another_server(talk, other, ann, bob)
        for to, why in NOT_HERE:
            await fails(ann, to, why)
        await fails(zoe, "guest-6", "Zoe and Sam (guest-5 and guest-6) are in no room")
        await fails(zoe, "guest-2", "Zoe (guest-5) is in no room")
        await ann.says({"type": "leave-room"})
        await fails(ann, "guest-2", "Ann has left her room")
        await fails(bob, "guest-1", "Ann (guest-1) has left Bob's room")
        await joins(ann, "coffee")
        await fails(ann, "guest-2", "Ann has moved to `coffee`, and Bob (guest-2) is in `tea`")
        await _reaches(ann, dora, "nice here")
        await _reaches(bob, last, "I am still here")
        await ends(talk, server, carl, "vanishes")
        await fails(bob, "guest-3", "the connection of Carl (guest-3) has ended. Let the client leave in a `finally`")
        far = {PRIVATE: "{name} received a private message from another room, or of a client that is in no room. Look "
               "for the name in the sender's room only."}  # fmt: skip
        for client in zoe, sam:
            await joins(client, "lobby")
            await client.hears(LIST | {"room": "lobby"}, far)
        await sends(ann, "coffee", "that is all", dora, skip=LIST, mistakes=far)
        await sends(bob, "tea", "that is all", last, skip=LIST, mistakes=far)


async def _at_the_same_time(*pairs: tuple[Client, Client]) -> None:
    """Expect that two messages that are under way at the same time keep their senders."""
    for sender, receiver in pairs:
        await _writes(sender, receiver, "now")
    mixed = "Two clients sent a private message at the same time, and {name} received one with another client's name " \
        "or text. Keep what belongs to one message in local variables, not in `self`."  # fmt: skip
    for sender, receiver in pairs:
        await _arrives(sender, receiver, "now", mistakes={
            lambda came, right=sender.called: came["sender"] != right: mixed
        })  # fmt: skip


async def _another_server(talk: Talk, other: Server, *ours: Client) -> None:
    """Expect that two clients reach each other while another server has clients of the same names."""
    theirs = await arrive(talk, other, "the other server's Ann", "the other server's Bob")
    for client in theirs:
        await joins(client, "tea")
        await client.hears(LIST | {"room": "tea"}, "{name} joined a room, and must receive the list of members.")
    own = (
        "A second server of your class is running, and has clients of the same names. Each server has its own: keep "
        "all that changes in `self`, not in the class."
    )
    for sender, receiver in (ours, theirs):
        await _reaches(sender, receiver, "psst", mistakes={otherwise: own})
    await talk.none_hear([*ours, *theirs], own, skip=LIST)


async def _writes(sender: Client, receiver: Client, text: str, forged: dict | None = None) -> None:
    await sender.says({"type": "private", "to": receiver.called, "message": text} | (forged or {}))


async def _reaches(
    sender: Client, receiver: Client, text: str, claimed: str = "", mistakes: dict | None = None
) -> None:
    """Let a client send one in its room a private message, and expect that it arrives.

    `claimed` is a sender that the message names, wrongly.
    """
    await _writes(sender, receiver, text, {"sender": claimed} if claimed else None)
    await _arrives(sender, receiver, text, claimed, mistakes)


async def _arrives(
    sender: Client, receiver: Client, text: str, claimed: str = "", mistakes: dict | None = None
) -> None:
    which = "an empty private message" if not text else "a private message"
    whom = "itself" if sender is receiver else "{name}"
    error = f"{sender.name} sent {whom} {which}, and received an error. But {{name}} is in the sender's room, so the " \
        "message must be delivered."  # fmt: skip

    def nothing(_: object) -> str:
        refused = any(has(type="error")(heard) for heard in sender.heard)
        lost = f"{sender.name} sent {{name}} {which}. They are in the same room, but {{name}} received nothing."
        return error if refused else lost

    await receiver.hears({"type": "private", "message": text, "sender": sender.called}, (mistakes or {}) | {
        None: nothing,
        has(type="error"): error if sender is receiver else _ANOTHERS,
        has(type="room-message"): "{name} received it as a message to the room. Its `type` must be `private`.",
        has(type="private", message=text, sender=claimed): f"{sender.name} wrote another name as the "
        "sender, and your server believed it. Use `ws.name`.",
        has(type="private", message=text): "{name} received the private message, but cannot see who sent it. Add "
        "`sender`, which is `ws.name`.",
        PRIVATE: "{name} received another text than the one that was sent. Send each message once, and its text as "
        "it is.",
    }, skip=LIST)  # fmt: skip


async def _fails(talk: Talk, sender: Client, to: str, why: str) -> None:
    """Let a client send a private message to a name that is not in its room, and expect that it gets an error."""
    text = f"Are you there, {to}?"
    lost = f"The private message to {to!r} cannot be delivered, because {why}."

    def reached(came: object) -> str:
        if sender.ws.close_code == 1000:
            ended = f"The server closed {sender.name}'s connection with 1000."
            return f"{ended} After an error, a handler must go on with its loop."
        found = [client.name for client in talk.everybody if any(has(message=text)(heard) for heard in client.heard)]
        if not found:
            return f"{lost} Send the sender an error."
        return f"{lost} But {found[0]} received it. Look for a name equal to `request.to`, in the sender's room only."

    await sender.says({"type": "private", "to": to, "message": text})
    await sender.hears({"type": "error", "code": "not-here"}, {
        has(type="error"): "{name} received an error, as it should, but its `code` must be `not-here`, which is the "
        "first argument of `ws.complain`.",
        otherwise: reached}, skip=LIST)  # fmt: skip


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
