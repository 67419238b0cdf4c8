"""The hard exercise of lesson 04: a room that is full."""

from typing import ClassVar

from exercise_cases import ServerExercise, subtle_seldom

from wslearn.exercises import rooms as ex

IMPORTS = """
from collections import defaultdict, deque
from websockets.asyncio.server import broadcast
from wslearn.fast import fan_out
from wslearn.messages import JoinRoom, SayInRoom
"""


def mistake(*changes: tuple[str, str]) -> str:
    """Return the solution with some of its text replaced."""
    code = ex.full_room.answer
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


FREE = "if position < self.SEATS <= len(clients):"
MOVES_UP = "fan_out([clients[self.SEATS - 1]], "
LEAVES_FIRST = '                    self.leave(ws, room)\n                    room = request["room"]'
FINALLY = "        finally:\n            self.leave(ws, room)"
MAY_SPEAK = "elif room is not None and ws in self.members[room][: self.SEATS]:"
SPEAKS = 'fan_out(self.members[room][: self.SEATS], request | {"room": room, "sender": ws.name})'
TELLS = "fan_out([ws], "
FORGED = SPEAKS.replace("request | ", "").replace("ws.name}", "ws.name} | request")
CRASH = "        except ConnectionClosed: pass\n        else:\n            self.leave(ws, room)"
HAS_SEAT = "ws in self.members[room][: self.SEATS]"
AGAIN = '                    if room == request["room"]: '
DELETES = "        if not clients:\n            del self.members[room]\n"


@subtle_seldom
class TestFullRoom(ServerExercise):
    exercise = ex.full_room
    imports = IMPORTS
    wrong: ClassVar = {
        "and Carl (guest-3) had waited there longest": mistake((FREE, "if False:")),
        "is number 1 of those who wait": mistake(("if place > 0", "if place > 99")),
        "somebody else's seat": mistake((MOVES_UP, "fan_out(clients[self.SEATS - 1 :], ")),
        "has no seat in that room, and received something": mistake((SPEAKS, SPEAKS.replace("[: self.SEATS]", ""))),
        "waits and has no seat, so nobody": mistake((" and ws in self.members[room][: self.SEATS]", "")),
        "than the server's own": mistake((SPEAKS, FORGED)),
        "A client that waited closed the connection": mistake((FINALLY, f"{FINALLY} if room and {HAS_SEAT} else 0")),
        "A client that waited vanished": mistake(
            ("        try:\n", "        if 1:\n"), ("        finally:\n", "        if 1:\n")
        ),
        "a room is still in `self.members`": mistake((DELETES, "")),
        "joined `Coffee` again, where nobody waits": mistake((LEAVES_FIRST, f"{AGAIN}continue\n{LEAVES_FIRST}")),
        "must receive it, unchanged and once": mistake((SPEAKS, SPEAKS.replace("[: self.SEATS]", "[:1]"))),
    }  # fmt: skip
    subtle: ClassVar = {
        "two seats, always": mistake(("    SEATS = 2\n", ""), ("self.SEATS", "2")),
        "the queue is a stack": mistake((MOVES_UP, "clients.insert(self.SEATS - 1, clients.pop()); " + MOVES_UP)),
        "the newcomer goes first": mistake(("clients.append(ws)", "clients.insert(self.SEATS, ws)")),
        "places from 0": mistake(('"place": place', '"place": place - 1')),
        "the place counts everybody": mistake(('"place": place', '"place": len(clients)')),
        "a client that waits and leaves frees a seat": mistake((FREE, "if self.SEATS <= len(clients):")),
        "the wrong one gets the message": mistake((MOVES_UP, "fan_out([clients[-1]], ")),
        "everybody is told": mistake((MOVES_UP, "fan_out(clients, ")),
        "everybody is told of a newcomer": mistake((TELLS, "fan_out(clients, ")),
        "stays in the old room": mistake((LEAVES_FIRST, '                    room = request["room"]')),
        "one list for all rooms": mistake(
            ("clients = self.members.setdefault(room, [])", "clients = self.members.setdefault('tea', [])"),
            ("self.members[room]", "self.members['tea']"),
        ),
        "its rooms are the class's": mistake(
            ("        self.members = {}", "        pass"), ("    SEATS = 2\n", "    SEATS = 2\n    members = {}\n")
        ),
        "the client's sender counts": mistake((SPEAKS, FORGED.replace("| request", "| request | {'room': room}"))),
        "an empty text is lost": mistake((SPEAKS, "request['message'] and " + SPEAKS)),
        "stripped": mistake((SPEAKS, "request['message'] = request['message'].strip(); " + SPEAKS)),
        "twice": mistake((SPEAKS, f"[{SPEAKS} for _ in 'ab']")),
        "only to the last": mistake((SPEAKS, SPEAKS.replace("[: self.SEATS]", "[: self.SEATS][-1:]"))),
        "a crash keeps the seat": mistake((FINALLY, CRASH)),
        "deletes the room of all": mistake((DELETES, DELETES.replace("not clients", "len(clients) < 2"))),
        "a message without a room": mistake((MAY_SPEAK, MAY_SPEAK.replace("room is not None and ", ""))),
    }  # fmt: skip
    right: ClassVar = {
        "seats and a queue": """
class Answer(Server):
    SEATS = 2
    def __init__(self):
        super().__init__()
        self.members, self.queues = defaultdict(set), defaultdict(deque)

    async def out(self, ws):
        for room, seated in list(self.members.items()):
            if ws in seated:
                seated.remove(ws)
                if self.queues[room]:
                    up = self.queues[room].popleft()
                    seated.add(up)
                    await up.send(json.dumps({"type": "seat", "room": room}))
            elif ws in self.queues[room]:
                self.queues[room].remove(ws)
            if not seated:
                del self.members[room]

    async def handler(self, ws):
        here = None
        try:
            while True:
                match json.loads(await ws.recv()):
                    case {"type": "join-room", "room": room}:
                        await self.out(ws)
                        here = room
                        if len(self.members[room]) < self.SEATS:
                            self.members[room].add(ws)
                            await ws.send(json.dumps({"type": "seat", "room": room}))
                        else:
                            self.queues[room].append(ws)
                            place = len(self.queues[room])
                            await ws.send(json.dumps({"type": "wait", "room": room, "place": place}))
                    case {"message": text} if here and ws in self.members[here]:
                        said = {"type": "room-message", "message": text, "room": here, "sender": ws.name}
                        await asyncio.gather(*(one.send(json.dumps(said)) for one in self.members[here]))
        finally:
            await self.out(ws)
""",
        "dictionaries, and broadcast": """
class Answer(Server):
    SEATS = 2
    members = property(lambda self: self.__dict__.setdefault("rooms", {}))

    def seated(self, room):
        return list(self.members.get(room, {}))[: self.SEATS]

    def leave(self, ws):
        for room in [room for room, who in self.members.items() if ws in who]:
            before = set(self.seated(room))
            self.members[room].pop(ws)
            fan_out(set(self.seated(room)) - before, {"type": "seat", "room": room})
            if not self.members[room]:
                self.members.pop(room)

    async def handler(self, ws):
        room = None
        try:
            async for request in ws.receive(JoinRoom, SayInRoom):
                if isinstance(request, JoinRoom):
                    self.leave(ws)
                    room = request.room
                    self.members.setdefault(room, {})[ws] = None
                    if ws in self.seated(room):
                        await ws.say({"type": "seat", "room": room})
                    else:
                        place = list(self.members[room]).index(ws) - self.SEATS + 1
                        await ws.say({"type": "wait", "room": room, "place": place})
                elif ws in self.seated(room):
                    said = {"type": "room-message", "room": room, "message": request.message, "sender": ws.name}
                    broadcast(self.seated(room), json.dumps(said))
                else:
                    await ws.complain("no-seat", "You have no seat")
        finally:
            self.leave(ws)
""",
        "the class's own number, and errors for what is no JSON": mistake(
            ("class Seats", "class Answer"),
            ("self.SEATS", "Answer.SEATS"),
            (
                "                request = json.loads(text)\n",
                "                try: request = json.loads(text)\n                except ValueError: continue\n",
            ),
        ),
    }
