"""What the checks of lesson 04 share: clients that join rooms and send to them.

The clients have the names that the server gives them: `guest-1`, `guest-2`, … in the order of arrival.
"""

from typing import Any

from wslearn.exercises.engine import Client, Talk, otherwise
from wslearn.server import Server

#: What likely mistakes look like, and what to tell a student about each: a table as the engine's `message=` takes it.
Mistakes = dict[Any, str]


async def guests(talk: Talk, server: Server, count: int) -> list[Client]:
    """Connect clients, one after the other."""
    return [await talk.client(server, f"guest-{number}") for number in range(1, count + 1)]


async def joins(client: Client, room: str) -> None:
    """Let a client join a room."""
    await client.says({"type": "join-room", "room": room})


async def sends(
    client: Client, room: str, text: str, *others: Client, mistakes: Mistakes | None = None, skip: Any = None
) -> None:
    """Let a client send a text to the room where it is, and expect that it and these others receive it."""
    await client.says({"type": "room-message", "message": text})
    for receiver in (client, *others):
        rule = f"{client.name} sent a message to `{room}`. {receiver.name} is in that room, so it must receive it."
        await receiver.hears(
            {"type": "room-message", "room": room, "message": text, "sender": client.name},
            {**(mistakes or {}), otherwise: rule},
            skip=skip,
        )


async def enters(client: Client, room: str, text: str, *others: Client, **options: Any) -> None:
    """Let a client join a room and send a text to it, with the options of `sends`."""
    await joins(client, room)
    await sends(client, room, text, *others, **options)


def rooms_of(talk: Talk, server: Server) -> dict:
    """Return the server's dictionary of rooms and their clients. The check ends if it is of another kind."""
    members = getattr(server, "members", None)
    talk.expect(
        isinstance(members, dict) and all(isinstance(clients, set) for clients in members.values()),
        "The check looks at `self.members`. It must be a dictionary, from each room's name to the set of its clients.",
        expected="a dictionary of sets",
        came=members,
        who="self.members",
    )
    return members
