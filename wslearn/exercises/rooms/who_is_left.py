"""The reading task of lesson 04: what a rooms server with plausible mistakes sends, keeps and closes."""

from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk, has, otherwise
from wslearn.exercises.rooms.guests import joins

CODE = """
from collections import defaultdict
from wslearn.fast import fan_out


class Lounge(Server):
    def __init__(self):
        super().__init__()
        self.members = defaultdict(set)

    async def handler(self, ws):
        room = "hall"
        self.members[room].add(ws)
        async for text in ws:
            request = json.loads(text)
            if request["type"] == "join-room":
                self.members[room].discard(ws)
                room = request["room"]
                self.members[room].add(ws)
            elif request["type"] == "who":
                names = sorted(client.name for client in self.members[request["room"]])
                fan_out([ws], {"type": "names", "names": names})
            else:
                fan_out(self.members[room], {"sender": ws.name} | request)
        self.members[room].discard(ws)
"""


async def _run(talk: Talk, names: dict[str, Any]) -> dict[str, Any]:
    async with talk.server(names["Lounge"]) as server:
        ann, bob, carl, zoe = await talk.clients(server, "Ann", "Bob", "Carl", "Zoe")

        async def who(room: str) -> list[str]:
            await ann.says({"type": "who", "room": room})
            return (await ann.hears({"type": "names"}))["names"]

        for client in ann, bob, zoe:
            await joins(client, "tea")
            await client.says({"type": "who", "room": "hall"})
            await client.hears({"type": "names"})
        await bob.says({"type": "room-message", "message": "hi", "sender": "guest-1"})
        sender = (await ann.hears({"message": "hi"}))["sender"]
        await carl.closes()
        await zoe.vanishes()
        await talk.has_connections(server, 2)
        tea = await who("tea")
        await who("garden")
        await bob.says({"type": "leave-room"})
        left = (await ann.hears(has(sender="guest-2")))["type"]
        await bob.says({"type": "join-room"})
        await bob.is_closed()
        talk.forgives(server)  # the handler's error is what the task is about
        then = await who("tea")
        return {
            "sender": sender, "tea": tea, "ann": left, "bob_code": bob.ws.close_code, "tea_then": then,
            "rooms": sorted(server.members),
        }  # fmt: skip


def _names(came: Any) -> bool:
    return isinstance(came, list) and all(str(name).startswith("guest-") for name in came)


_A_LIST = "Write a list of names such as `guest-1`, in the order of the alphabet."

who_is_left = ReadingExercise(
    CODE,
    _run,
    clues={
        "sender": {
            "guest-2": "Bob's message has a key `sender`, and so has the server's dictionary. Which one does `|` keep?",
            otherwise: "Write a name such as `guest-1`: the value of `sender` in the message that Ann receives.",
        },
        "tea": {
            lambda came: not _names(came): _A_LIST,
            lambda came: "guest-3" in came: "In which room was Carl?",
            lambda came: (
                "guest-4" not in came
            ): "How does the loop end for a client that vanishes? Which lines run then?",
            lambda came: "guest-2" not in came: "Bob has only sent a message so far.",
        },
        "ann": {
            None: "Which of the three branches takes a message of the type `leave-room`?",
            "names": "Which of the three branches takes a message of the type `leave-room`?",
            "presence": "The lesson's own server sends such a list. Does this one?",
        },
        "bob_code": {
            1000: 'Bob\'s message has no `room`. What does Python do at `request["room"]`?',
            1006: "The server's process goes on: it can still close a connection in an orderly way.",
            1007: "The text is valid JSON, and nothing in this code looks for what it lacks.",
            1008: "Nothing in this code looks for what a message lacks.",
        },
        "tea_then": {
            lambda came: not _names(came): _A_LIST,
            lambda came: (
                "guest-2" in came
            ): "In the branch `join-room`, which line raises the error, and which has run?",
            lambda came: "guest-4" not in came: "Has any line removed Zoe in the meantime?",
        },
        "rooms": {
            lambda came: (
                not isinstance(came, list)
            ): "Write a list of the names of rooms, in the order of the alphabet.",
            lambda came: (
                "garden" not in came
            ): "`self.members` is a `defaultdict`. What happens when the code looks up a key that isn't there?",
            lambda came: "hall" not in came: "Where is a room deleted?",
            lambda came: came != sorted(came): "Write them in the order of the alphabet.",
        },
    },
    hints=(
        "Write down `self.members` after each step, also the sets that are empty. Begin with all four in `hall`.",
        "For each way to leave, ask which lines run: Carl's loop ends normally, Zoe's with an error, and Bob never "
        "leaves the branch `join-room`.",
        "`leave-room` is no special word in this code. A `defaultdict` makes an entry for each key that is looked up. "
        "And in `a | b` the values of `b` count.",
    ),
    answer="""
seen = {
    "sender": "guest-1",
    "tea": ["guest-1", "guest-2", "guest-4"],
    "ann": "leave-room",
    "bob_code": 1011,
    "tea_then": ["guest-1", "guest-4"],
    "rooms": ["garden", "hall", "tea"],
}
""",
    why="Anybody can be Ann here, because the client's `sender` replaces the server's. Zoe stays in `tea`, because the "
    "last line isn't in a `finally`. `leave-room` is passed on like any message. Bob's handler raised KeyError one "
    "line after it had removed him, so he is gone from `tea` by luck. And a question about a room created it.",
)
