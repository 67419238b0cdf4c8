"""What the checks of lesson 04 share: clients that join rooms and send to them, and the server's `self.members`.

The clients have the names that the server gives them: `guest-1`, `guest-2`, … in the order of arrival.
"""

from typing import Any

from wslearn.exercises.engine import STEP, Client, Talk, otherwise
from wslearn.exercises.engine.result import shown
from wslearn.server import Server


async def joins(client: Client, room: str) -> None:
    """Let a client join a room."""
    await client.says({"type": "join-room", "room": room})


async def sends(
    client: Client, room: str, text: str, *others: Client, mistakes: dict | None = None, skip: Any = None
) -> None:
    """Let a client send a text to the room where it is, and expect that it and these others there receive it."""
    await client.says({"type": "room-message", "message": text})
    rule = f"{client.name} sent a message to `{room}`. {{name}} is in that room, so it must receive the message."
    expected = {"type": "room-message", "room": room, "message": text, "sender": client.name}
    for receiver in (client, *others):
        await receiver.hears(expected, (mistakes or {}) | {otherwise: rule}, skip=skip)


async def enters(client: Client, room: str, text: str, *others: Client, **options: Any) -> None:
    """Let a client join a room, and then send a text to it, with the options of `sends`."""
    await joins(client, room)
    await sends(client, room, text, *others, **options)


async def rooms_are(
    talk: Talk, server: Server, message: str, *rooms: str, of_clients: bool = False, within: float = STEP
) -> None:
    """Expect these rooms in `self.members`, or with `of_clients` a room for each client that is in one."""

    def found() -> list[str]:
        members = getattr(server, "members", None)
        if not isinstance(members, dict) or not all(isinstance(clients, set) for clients in members.values()):
            wanted = "`self.members`, which the check looks at, must be a dictionary from rooms to sets of clients."
            talk.fail(wanted, "self.members", "is", shown(members), expected="a dictionary of sets")
        return [str(room) for room, clients in members.items() for _ in (clients if of_clients else [room])]

    await talk.until(
        lambda: sorted(found()) == sorted(rooms), message, who="list of rooms", expected=str(list(rooms)),
        came=found, within=within,
    )  # fmt: skip
