"""What the checks of lesson 04 share: clients that join rooms, send to them and go, and the server's `self.members`.

The server names its clients in the order of arrival, and its messages have these names. So that a student recognises
everybody, each line that she reads has both: `Ann (guest-1)`.
"""

from collections.abc import Collection
from typing import Any

from wslearn.common import polling
from wslearn.exercises.engine import STEP, Client, Message, Talk, has, otherwise, shown
from wslearn.server import Server

#: How a client's connection may end, what the student reads that it did, and what to try if it is still in a room.
ENDS = {
    "closes": ("closed the connection", "When the loop ends, the client must leave its room."),
    "vanishes": (
        "vanished without closing the connection",
        "The loop then ends with an error, so the lines after it don't run. Lines in a `finally` do.",
    ),
    "breaks": (
        "sent `not JSON`, and then the connection ended",
        "Perhaps `json.loads` raised an error that no `except` caught. Lines in a `finally` run whatever the error is.",
    ),
}


async def arrive(talk: Talk, server: Server, *names: str, first: int = 1) -> list[Client]:
    """Connect clients with these names, which the server calls `guest-<first>` and on, and expect that it keeps all."""
    return await talk.clients(server, *(f"{name} (guest-{n})" for n, name in enumerate(names, first)))


async def joins(client: Client, room: str) -> None:
    """Let a client join a room."""
    await client.says({"type": "join-room", "room": room})


async def sends(
    client: Client, room: str, text: str, *others: Client, mistakes: dict | None = None, skip: Any = None,
    forged: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Let a client send a text to the room where it is, and expect that it and these others there receive it.

    `forged` are more members of its message, which it has no right to choose.
    """
    await client.says({"type": "room-message", "message": text} | (forged or {}))
    await receive([client, *others], client, room, text, mistakes=mistakes, skip=skip)


async def receive(
    receivers: list[Client], sender: Client, room: str, text: str, *, mistakes: dict | None = None, skip: Any = None
) -> None:
    """Expect that these clients receive what the sender has sent to a room."""
    table = (mistakes or {}) | {
        has(message=text, room=room): "{name} received the message with another `sender`. A client may claim any name, "
        "so the value from `ws.name` must count.",
        has(message=text): f"{{name}} received the message with another `room`. It is `{room}`: the room where the "
        "sender was when it sent the message, exactly as the sender named it when it joined.",
        has(room=room, sender=sender.called): "{name} received another text than the one that was just sent. Pass each "
        "message on once, and its text as it is.",
        lambda came: came["room"] != room: lambda came: f"{{name}} is in `{room}`, but received what was sent to "
        f"`{came.get('room')}`. Send each message to the members of that one room.",
        otherwise: f"{sender.name} sent a message to `{room}`. {{name}} was in that room, and must receive it.",
    }  # fmt: skip
    for receiver in receivers:
        expected = {"type": "room-message", "room": room, "message": text, "sender": sender.called}
        await receiver.hears(expected, table, skip=skip)


async def enters(client: Client, room: str, text: str, *others: Client, **options: Any) -> None:
    """Let a client join a room, and then send a text to it, with the options of `sends`."""
    await joins(client, room)
    await sends(client, room, text, *others, **options)


async def ends(talk: Talk, server: Server, client: Client, how: str) -> None:
    """Let a client's connection end in one of the `ENDS`, and wait until the server has noticed.

    A handler may end with an error because of what is no JSON, or may answer and go on: nobody has said which.
    """
    left = len(server.connections) - 1
    await talk.has_connections(server, left + 1)  # an error until now is the student's
    if how == "breaks":
        await client.says("not JSON")
        await polling.until(lambda: client.ws.close_code is not None, 0.2)
    await (client.vanishes() if how == "vanishes" else client.closes())
    if how == "breaks":
        await polling.until(lambda: len(server.connections) == left, STEP)
        talk.forgives(server)
    await talk.has_connections(server, left)


async def come_and_go(talk: Talk, server: Server, first: int, *stay: Client, rooms: list[str]) -> None:
    """Let Zoe come once for each of the `ENDS`, as `guest-<first>` and on, join `tea` and go.

    Those who stay in `tea` must hear each other afterwards, and `rooms` are those of all clients that are in one.
    """
    for number, (how, (what, advice)) in enumerate(ENDS.items(), start=first):
        (zoe,) = await arrive(talk, server, "Zoe", first=number)
        await enters(zoe, "tea", "I'll be gone soon", *stay)
        await ends(talk, server, zoe, how)
        removed = f"{zoe.name} {what}, and then other clients were no longer in their rooms. Remove only the client " \
            "whose connection has ended."  # fmt: skip
        still = f"{zoe.name} {what}, but is still in a room. {advice}"
        table = {lambda came: len(came) < len(rooms): removed, otherwise: still}
        await rooms_are(talk, server, table, *rooms, of_clients=True)
        await sends(stay[-1], "tea", f"{zoe.name} has left", *stay[:-1], mistakes={None: removed})


async def rooms_are(
    talk: Talk, server: Server, message: Message, *rooms: str, of_clients: bool = False, within: float = STEP
) -> None:
    """Expect these rooms in `self.members`, or with `of_clients` a room for each client that is in one."""

    def found() -> list[str]:
        try:
            members = getattr(server, "members", None)
        except Exception as error:  # noqa: BLE001 - it may be a property of the student's
            members = error
        if not isinstance(members, dict) or not all(isinstance(clients, Collection) for clients in members.values()):
            wanted = "`self.members`, which the check looks at, must be a dictionary from rooms to sets of clients."
            talk.fail(wanted, "self.members", "is", shown(members), expected="a dictionary of sets")
        return sorted(str(room) for room, clients in members.items() for _ in (clients if of_clients else [room]))

    await talk.until(
        lambda: found() == sorted(rooms), message, who="list of rooms", expected=str(sorted(rooms)), came=found,
        within=within,
    )  # fmt: skip


async def is_no_other_servers(talk: Talk, server_class: type[Server]) -> None:
    """Expect that one more server of this class, made while the first one has clients in rooms, has none."""
    await rooms_are(
        talk, await talk.call(server_class), "A second server of your class has the rooms of the first one. Create "
        "`self.members` in `__init__`, not in the class, where all servers share it.", of_clients=True, within=0,
    )  # fmt: skip
