"""What the checks of lesson 04 say to a server, and what they expect to hear; each likely mistake has its own text.

The clients have the names that the server gives them: `guest-1`, `guest-2`, … in the order of arrival.
"""

from wslearn.exercises import Client, Talk
from wslearn.server import Server

PRESENCE = {"type": "presence"}


async def _guests(talk: Talk, server: Server, count: int) -> list[Client]:
    """Connect clients, one after the other."""
    return [await talk.client(server, f"guest-{number}") for number in range(1, count + 1)]


async def _joins(client: Client, room: str) -> None:
    await client.says({"type": "join-room", "room": room})


async def _talks(client: Client, message: str) -> None:
    await client.says({"type": "room-message", "message": message})


def _words(client: Client, message: str, room: str) -> dict:
    """Return what all in a room hear when a client talks."""
    return {"type": "room-message", "room": room, "message": message, "sender": client.name}


def _said(came: object) -> object:
    """Return the words in what came, where there are any."""
    return came.get("message") if isinstance(came, dict) else None


def _members(talk: Talk, server: Server) -> dict:
    """Return the server's map, room -> clients, as the tasks ask for it."""
    members = getattr(server, "members", None)
    talk.expect(
        isinstance(members, dict) and all(isinstance(clients, set) for clients in members.values()),
        "The check looks at `self.members`: a dict, from each room's name to the set of clients in it.",
        expected="a dict of sets",
        came=members,
        who="self.members",
    )
    return members


# Leave the last room


async def leaves(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, eve = await _guests(talk, server, 3)
        await _joins(ann, "tea")
        await _talks(ann, "hello")
        await ann.hears(
            _words(ann, "hello", "tea"),
            lambda came: came is None and "Nothing came back: who talks in a room hears it too, as all members do.",
        )
        await _joins(bob, "tea")
        await _talks(bob, "I am here")
        for client in (bob, ann):
            await client.hears(
                _words(bob, "I am here", "tea"),
                lambda came: (
                    "guest-2 heard what was said before it joined a room: send to the members of the room only."
                    if _said(came) == "hello"
                    else "All members of a room must hear what is said in it."
                ),
            )

        await _joins(bob, "coffee")
        await _talks(bob, "good coffee")
        await bob.hears(_words(bob, "good coffee", "coffee"), "guest-2 joined `coffee`, and must hear itself there.")
        await _talks(ann, "good tea")
        await ann.hears(_words(ann, "good tea", "tea"), _about_the_one_who_stayed)
        await _talks(bob, "more coffee")
        await bob.hears(
            _words(bob, "more coffee", "coffee"),
            lambda came: (
                _said(came) == "good tea"
                and "guest-2 joined `coffee`, and still hears what is said in `tea`: first out of the last room."
            ),
        )
        await _joins(bob, "coffee")
        await _talks(bob, "still coffee")
        await bob.hears(
            _words(bob, "still coffee", "coffee"),
            lambda came: (
                came is None
                and "guest-2 joined `coffee` while it was there, and then it was in no room: first leave, then join."
            ),
        )
        await _forgets(talk, server, bob, eve)
        await _talks(ann, "anybody?")
        await ann.hears(_words(ann, "anybody?", "tea"), "guest-1 has stayed in `tea`, and must hear itself there.")


def _about_the_one_who_stayed(came: object) -> str | None:
    if came is None:
        return "guest-2 moved, and guest-1 is in `tea` no more: take out only the client that moves."
    if _said(came) == "good coffee":
        return "guest-1 is in `tea`, and heard what was said in `coffee`."
    return None


async def _forgets(talk: Talk, server: Server, polite: Client, crashed: Client) -> None:
    """Expect that each client that has gone is out of `members`, where one more has stayed."""

    def count() -> int:
        return sum(map(len, _members(talk, server).values()))

    async def is_forgotten(advice: str) -> None:
        await talk.eventually(
            lambda: count() == 1, advice, expected="1 client left in `self.members`", came=lambda: f"{count()} clients"
        )

    await polite.closes()
    await is_forgotten("guest-2 closed its connection, and is still in a room: when the loop ends, it must leave.")
    await _joins(crashed, "lobby")
    await _talks(crashed, "hello")
    await crashed.hears(_words(crashed, "hello", "lobby"), "guest-3 joined `lobby`, and must hear itself there.")
    await crashed.vanishes()
    await is_forgotten(
        "guest-3 vanished, and is still in its room. When a connection breaks, the loop ends with an error, and what "
        "stands behind it does not run. What stands in a `finally` does."
    )
    shy = await talk.client(server, "guest-4")
    await shy.closes()
    await is_forgotten("guest-4 connected and went, without joining a room: nothing else should change.")


# No empty rooms


async def deletes(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, eve = await _guests(talk, server, 3)

        def has(*rooms: str) -> bool:
            return set(_members(talk, server)) == set(rooms)

        def came() -> str:
            names = [str(room) for room in _members(talk, server)]
            return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") or "no rooms"

        def expect_rooms(advice: str, *rooms: str) -> None:
            expected = ", ".join(rooms)
            talk.expect(has(*rooms), advice, expected=expected, came=came(), who="self.members")

        async def is_in(client: Client, room: str, *others: Client) -> None:
            await _joins(client, room)
            await _talks(client, f"here I am, in {room}")
            for hearer in (client, *others):
                await hearer.hears(
                    _words(client, f"here I am, in {room}", room),
                    f"{client.name} joined `{room}` and talked: {hearer.name} is there, and must hear it.",
                )

        await is_in(ann, "tea")
        await is_in(bob, "tea", ann)
        await is_in(bob, "coffee")
        expect_rooms("guest-2 left `tea`, and guest-1 is still there: only an empty room is deleted.", "tea", "coffee")
        await is_in(bob, "tea", ann)
        expect_rooms("guest-2 was the only one in `coffee`, and has left: nobody is there, so delete the room.", "tea")
        for number in range(1, 11):
            await is_in(bob, f"room-{number}")
        expect_rooms("guest-2 walked through ten rooms: all but the last one are empty.", "tea", "room-10")

        await _talks(eve, "where am I?")
        await _joins(eve, "lobby")
        await _talks(eve, "in the lobby")
        await eve.hears(
            _words(eve, "in the lobby", "lobby"),
            "guest-3 talked in no room. Nobody need hear that, but then it joined `lobby`, and must hear itself there.",
            skip={"type": "error"},
        )
        expect_rooms(
            "guest-3 talked before it had joined, and that made a room. A `defaultdict` makes one when you only ask: "
            "look whether the client is in a room first.",
            "tea", "room-10", "lobby",
        )  # fmt: skip
        for client, leave, *left in (
            (eve, eve.vanishes, "tea", "room-10"),
            (bob, bob.closes, "tea"),
            (ann, ann.closes),
        ):
            await leave()
            await talk.eventually(
                lambda left=left: has(*left),
                f"{client.name} has gone, and its room is empty: leaving by the end of a connection is leaving too.",
                expected=f"{', '.join(left) or 'no rooms'} in `self.members`",
                came=came,
            )


# Presence


def _list(room: str, *names: str):
    """Return what says whether a message is the list of who is in a room, in any order."""

    def is_list(came: dict) -> bool:
        return (came["type"], came["room"], sorted(came["members"])) == ("presence", room, sorted(names))

    return is_list


async def tells_who_is_here(talk: Talk, server_class: type[Server]) -> None:
    async def told(client: Client, advice, room: str, *names: str) -> None:
        meaning = f'{{"type": "presence", "room": "{room}", "members": {list(names)}}}'.replace("'", '"')
        await client.hears(_list(room, *names), advice, meaning=meaning)

    async with talk.server(server_class) as server:
        ann, bob, eve = await _guests(talk, server, 3)
        await _joins(ann, "tea")
        await told(ann, "Who joins a room must be told who is in it, even when it is alone there.", "tea", "guest-1")
        await _joins(bob, "tea")
        await told(bob, _about_the_one_who_came, "tea", "guest-1", "guest-2")
        await told(
            ann, "guest-2 joined, and guest-1, who was there before, must be told too.", "tea", "guest-1", "guest-2"
        )

        await _joins(bob, "coffee")
        await told(bob, _about_the_one_who_moved, "coffee", "guest-2")
        await told(ann, _about_the_one_left_behind, "tea", "guest-1")

        await _talks(ann, "hi")
        await ann.hears(_words(ann, "hi", "tea"), _about_needless_presence)
        await _joins(eve, "tea")
        await told(eve, "guest-3 joined `tea`: it must be told all who are there.", "tea", "guest-1", "guest-3")
        await told(ann, "guest-3 joined `tea`, and guest-1 is there too.", "tea", "guest-1", "guest-3")
        await eve.vanishes()
        await told(
            ann, "guest-3 vanished, and guest-1 was not told. A vanished client has left its room.", "tea", "guest-1"
        )
        await bob.hears_nothing(
            "guest-2 is in `coffee`, and was told who is in `tea`: tell the members of the room only."
        )


def _about_the_one_who_came(came: object) -> str:
    if isinstance(came, dict) and came.get("members") == ["guest-1"]:
        return "guest-2 was in no room, and was told who is in `tea`: tell the members of the room, not all clients."
    return "guest-2 joined `tea`: it must be told all who are there."


def _about_the_one_who_moved(came: object) -> str | None:
    if isinstance(came, dict) and came.get("room") == "tea":
        return "guest-2 had left `tea`, and was told who is there: take it out of the room first, then tell."
    return None


def _about_the_one_left_behind(came: object) -> str | None:
    if came is None:
        return "guest-2 moved to `coffee`, and guest-1, who is left in `tea`, was not told."
    if isinstance(came, dict) and came.get("room") == "coffee":
        return "guest-1 is in `tea`, and was told who is in `coffee`: tell the members of that room, nobody else."
    return None


def _about_needless_presence(came: object) -> str | None:
    if not isinstance(came, dict) or came.get("type") != "presence":
        return None
    if came.get("room") == "coffee":
        return "guest-1 is in `tea`, and was told who is in `coffee`: tell the members of that room, nobody else."
    return "Presence is told when it changes, not with each message."


# A private message


async def whispers(talk: Talk, server_class: type[Server]) -> None:
    async def say_to(client: Client, to: str, message: str, **more: str) -> None:
        await client.says({"type": "private", "to": to, "message": message, **more})

    async with talk.server(server_class) as server:
        ann, bob, eve, dan = clients = await _guests(talk, server, 4)
        for client in clients:
            room = "coffee" if client is dan else "tea"
            await _joins(client, room)
            await client.hears(
                {"type": "presence", "room": room}, f"{client.name} joined `{room}`, and must be told who is there."
            )

        await say_to(ann, "guest-2", "psst")
        await bob.hears({"type": "private", "message": "psst", "sender": "guest-1"}, _about_whispering, skip=PRESENCE)
        await _talks(eve, "what?")
        for client in (eve, ann, bob):
            await client.hears(
                _words(eve, "what?", "tea"),
                lambda came, client=client: _said(came) == "psst" and _about_a_leak(client),
                skip=PRESENCE,
            )

        await say_to(ann, "guest-2", "trust me", sender="guest-3")
        await bob.hears(
            {"type": "private", "message": "trust me", "sender": "guest-1"},
            lambda came: (
                isinstance(came, dict)
                and came.get("sender") == "guest-3"
                and "guest-1 wrote `guest-3` as the sender, and your server believed it: take `ws.name`."
            ),
            skip=PRESENCE,
        )
        await say_to(ann, "guest-4", "are you there?")
        await dan.hears_nothing(
            "guest-4 is in `coffee`, and heard guest-1, who is in `tea`: look for the name in the sender's room only.",
            skip=PRESENCE,
        )
        await ann.hears({"type": "error"}, _about_nobody("guest-4 is in another room"), skip=PRESENCE)
        await say_to(ann, "guest-99", "hello?")
        await ann.hears({"type": "error"}, _about_nobody("there is no guest-99"), skip=PRESENCE)
        await ann.says({"type": "leave-room"})
        await say_to(ann, "guest-2", "from outside")
        await ann.hears({"type": "error"}, _about_nobody("guest-1 is in no room itself"), skip=PRESENCE)
        await _joins(ann, "tea")
        await ann.hears(
            {"type": "presence", "room": "tea"}, "guest-1 came back to `tea`, and must be told who is there."
        )


def _about_whispering(came: object) -> str | None:
    if came is None:
        return "guest-2 is in the same room, and heard nothing of the message to it."
    if isinstance(came, dict) and came.get("type") == "room-message":
        return 'guest-2 heard it as a message to the room. Its `type` must be `"private"`.'
    if isinstance(came, dict) and "sender" not in came:
        return "guest-2 heard it, and cannot see from whom: add `sender`."
    return None


def _about_a_leak(client: Client) -> str:
    if client.name == "guest-1":
        return "guest-1 heard its own private message: it is for guest-2 alone."
    if client.name == "guest-2":
        return "guest-2 heard the private message twice."
    return f"{client.name} heard a private message to guest-2: send to one client, not to the room."


def _about_nobody(why: str):
    def advice(came: object) -> str | None:
        return (
            f"The message could not be delivered, since {why}: tell the sender with an error." if came is None else None
        )

    return advice
