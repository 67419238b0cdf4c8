"""Exercises of lesson 04. Wrong answers are the solutions with one plausible mistake each."""

from typing import ClassVar

from exercise_cases import ServerExercise, answer

from wslearn.exercises import rooms as ex

IMPORTS = """
from collections import defaultdict
from msgspec import Struct
from websockets.asyncio.server import broadcast
from wslearn.messages import Error, JoinRoom, SayInRoom, encode
from wslearn.fast import fan_out
from wslearn.servers.rooms import Rooms, RoomsServer
"""

LEAVES_FIRST = "self.members[room].discard(ws)  # leave first, then join, even if it is the same room"
FORGETS = """
        finally:
            self.members[room].discard(ws)
"""
DELETES = """
        if not self.members[room]:
            del self.members[room]
"""
LEAVES = """
        finally:
            self.leave(ws, room)
"""
ONLY_DISCARDS = """
        finally:
            if room:
                self.members[room].discard(ws)
"""
SAYS = "fan_out(self.members[room], request"
ALL_IN_ROOMS = "set().union(*self.members.values())"
TELLS_WHO = 'fan_out(self.members[room], {"type": "presence"'
DISCARDS_AND_TELLS = """
        self.members[room].discard(ws)
        if self.members[room]:
            self.tell(room)
        else:
"""
TELLS_AND_DISCARDS = """
        self.tell(room)
        self.members[room].discard(ws)
        if not self.members[room]:
"""
TALKS = "                elif room is not None:\n"


def mistake(exercise, *changes: tuple[str, str]) -> str:
    """Return the exercise's solution, some of its text replaced."""
    code = f"{exercise.answer}\n"
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


HEAR = 'fan_out(self.members[room], request | {"room": room, "sender": ws.name})'
LATER = """async def later(request=request):
                        await asyncio.sleep(0.02)
                        fan_out(self.members.get(room, ()), request | {"room": room, "sender": ws.name})
                    asyncio.create_task(later())"""
TEXT = "request['message']"


def faults(exercise) -> dict[str, str]:
    """Return what may be wrong in each of the tasks 1 to 3: the solution with one fault each."""
    changes = {
        "its rooms are the class's": [("        self.members = ", "        pass\n    members = ")],
        "any sender is believed": [
            (HEAR, HEAR.replace("request |", "{'sender': ws.name} | request |").replace(', "sender": ws.name', ""))
        ],
        "any room is believed": [
            (HEAR, HEAR.replace("request | {", "{'room': room} | request | {").replace('"room": room, ', ""))
        ],
        "a message goes out twice": [(HEAR, f"[{HEAR} for _ in range(2)]")],
        "a message goes out later": [(HEAR, LATER)],
        "a text is stripped": [(HEAR, f"request['message'] = {TEXT}.strip(); {HEAR}")],
        "only ASCII is sent": [(HEAR, f"request['message'] = {TEXT}.encode('ascii', 'ignore').decode(); {HEAR}")],
        "an empty text is lost": [(HEAR, f"{TEXT} and {HEAR}")],
        "a message goes to everybody": [(HEAR, HEAR.replace("self.members[room]", "self.connections"))],
        "a message goes to two clients": [(HEAR, HEAR.replace("self.members[room]", "list(self.members[room])[:2]"))],
        "a message goes to all rooms with such a name": [
            (
                HEAR,
                HEAR.replace(
                    "self.members[room]", "{c for name, who in self.members.items() if room in str(name) for c in who}"
                ),
            )
        ],
        "a room's name is in small letters": [('request["room"]', 'request["room"].lower()')],
        "a client that vanished stays": [
            ("        try:\n", "        if True:\n"),
            ("        finally:\n", "        if True:\n"),
        ],
        "a client that sent no JSON stays": [
            ("        finally:\n", "        except ConnectionClosed: pass\n        if True:\n")
        ],
        "only the last one is in a room": [(".add(ws)", ".intersection_update(()) or self.members[room].add(ws)")],
        "the last one to go takes all along": [
            ("        finally:\n", "        finally:\n            self.members.get(room, set()).clear()\n")
        ],
        "a room of two is full": [(".add(ws)", ".update([ws][:2 - len(self.members[room])])")],
    }
    return {name: mistake(exercise, *change) for name, change in changes.items()}


#: Right answers for the tasks 1 to 3. Each calls `changed` with a room whose members have changed.
INIT = """
    def __init__(self):
        super().__init__()
        self.members = {}
"""
STYLES = {
    "lists, match, recv and loops": """
    async def handler(self, ws):
        mine = None
        try:
            while True:
                match json.loads(await ws.recv()):
                    case {"type": "join-room", "room": str(wanted)}:
                        await self.forget(ws)
                        mine = wanted
                        self.members.setdefault(mine, []).append(ws)
                        await self.changed(mine)
                    case {"type": "room-message", "message": text} if mine in self.members:
                        said = {"type": "room-message", "room": mine, "message": text, "sender": ws.name}
                        for other in list(self.members[mine]):
                            try:
                                await other.send(json.dumps(said))
                            except ConnectionClosed:
                                pass
        finally:
            await self.forget(ws)

    async def forget(self, ws):
        for name in list(self.members):
            if ws in self.members[name]:
                self.members[name].remove(ws)
                await self.changed(name)
            if not self.members[name]:
                del self.members[name]
""",
    "frozensets, and a second dictionary": """
    async def move(self, ws, to):
        last = self.where.pop(ws, None)
        if last is not None:
            self.members[last] = self.members[last] - {ws}
            await self.changed(last)
        if to is not None:
            self.where[ws] = to
            self.members[to] = self.members.get(to, frozenset()) | {ws}
            await self.changed(to)
        self.members = {name: who for name, who in self.members.items() if who}

    async def handler(self, ws):
        try:
            async for text in ws:
                try:
                    request = json.loads(text)
                except ValueError:
                    continue
                if request["type"] == "join-room":
                    if self.where.get(ws) != request["room"]:
                        await self.move(ws, request["room"])
                elif ws in self.where:
                    here = self.where[ws]
                    fan_out(self.members[here], {**request, "room": here, "sender": ws.name})
        finally:
            await self.move(ws, None)

    where = property(lambda self: self.__dict__.setdefault("_where", {}))
""",
    "dictionaries, broadcast, and errors for what is no JSON": """
    async def handler(self, ws):
        async def leave():
            room = rooms.pop() if rooms else None
            if room is not None:
                del self.members[room][ws]
                await self.changed(room)
                if len(self.members[room]) == 0:
                    self.members.pop(room)
        rooms = []
        try:
            async for text in ws:
                try:
                    request = json.loads(text)
                    kind = request["type"]
                except (ValueError, KeyError, TypeError):
                    await ws.complain("bad-message", "?")
                    continue
                if kind == "join-room":
                    await leave()
                    rooms.append(request["room"])
                    self.members.setdefault(rooms[0], {})[ws] = True
                    await self.changed(rooms[0])
                elif rooms:
                    broadcast(set(self.members[rooms[0]]), json.dumps(request | {"room": rooms[0], "sender": ws.name}))
                else:
                    await ws.complain("not-in-a-room", "join a room first")
        except ConnectionClosed:
            pass
        finally:
            await leave()
""",
    "receive, and a TaskGroup": """
    async def handler(self, ws):
        room = None
        async def out():
            nonlocal room
            if room:
                self.members[room] -= {ws}
                if self.members[room]: await self.changed(room)
                else: del self.members[room]
            room = None
        try:
            async for request in ws.receive(JoinRoom, SayInRoom):
                if isinstance(request, JoinRoom):
                    await out()
                    room = request.room
                    self.members[room] = self.members.get(room, set()) | {ws}
                    await self.changed(room)
                elif room:
                    said = encode({"type": "room-message", "room": room, "message": request.message, "sender": ws.name})
                    async with asyncio.TaskGroup() as group:
                        for other in self.members[room]: group.create_task(other.send(said))
        finally:
            await out()
""",
    "an object for each client": """
    async def handler(self, ws):
        room = [None]
        actions = {"join-room": self.join, "room-message": self.say}
        try:
            async for text in ws:
                request = json.loads(text)
                await actions[request["type"]](ws, room, **request)
        finally:
            await self.join(ws, room)

    async def join(self, ws, box, room=None, **_):
        last, box[0] = box[0], room
        if last is not None and last != room:
            self.members[last].discard(ws)
            await (self.changed(last) if self.members[last] else asyncio.sleep(0))
            self.members = {name: self.members[name] for name in self.members if self.members[name]}
        if room is not None and last != room:
            self.members.setdefault(room, set()).add(ws)
            await self.changed(room)

    async def say(self, ws, box, message, **_):
        said = dict(type="room-message", message=message, room=box[0], sender=ws.name)
        everyone = self.members.get(box[0], ())
        await asyncio.gather(*(one.send(json.dumps(said)) for one in everyone), return_exceptions=True)
""",
}
QUIET = "\n    async def changed(self, room): pass\n"
TELLS = """
    async def changed(self, room):
        who = list(self.members[room])
        fan_out(who, {"type": "presence", "room": room, "members": [ws.name for ws in who]})
"""


def styles(changed: str) -> dict[str, str]:
    """Return the right answers with this method `changed`."""
    return {style: f"class Answer(Server):{INIT}{code}{changed}" for style, code in STYLES.items()}


class TestLeaveRoom(ServerExercise):
    exercise = ex.leave_room
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "still receives what is sent to `tea`": mistake(exercise, (LEAVES_FIRST, "pass")),
        "When the loop ends, the client": mistake(exercise, (FORGETS, "\n        finally:\n            pass\n")),
        "Lines in a `finally` do": mistake(
            exercise, ("        try:\n", "        if True:\n"), (FORGETS, "\n        self.members[room].discard(ws)\n")
        ),
        "Remove only the client that moves": mistake(exercise, ("discard(ws)  #", "clear()  #")),
        "Leave the last room first": mistake(
            exercise,
            (LEAVES_FIRST, "last = room"),
            (".add(ws)\n", ".add(ws)\n                    self.members[last].discard(ws)\n"),
        ),
        "was sent before it joined a room": mistake(exercise, (SAYS, SAYS.replace("members[room]", "connections"))),
        "received what was sent to": mistake(exercise, (SAYS, SAYS.replace("self.members[room]", ALL_IN_ROOMS))),
        "The sender is in that room too": mistake(exercise, (SAYS, SAYS.replace("room]", "room] - {ws}"))),
        "KeyError: <": mistake(exercise, ("discard(ws)", "remove(ws)")),
        "must be a dictionary": mistake(exercise, ("self.members", "self.rooms")),
        "UnboundLocalError": mistake(exercise, ("        room = None\n", "")),
    }
    subtle = faults(exercise) | {
        "one room for all clients": mistake(
            exercise,
            ("members[room]", "members[self.room]"),
            ("room = request", "self.room = room = request"),
            ("room = None\n", "self.room = room = None\n"),
        ),
        "leaves only tea": mistake(exercise, (LEAVES_FIRST, "self.members['tea'].discard(ws)")),
        "leaves only the first room": mistake(
            exercise, (LEAVES_FIRST, "first = locals().get('first', room); self.members[first].discard(ws)")
        ),
        "leaves only when it sends something": mistake(
            exercise,
            (LEAVES_FIRST, "last = room"),
            (HEAR, f"last != room and self.members[last].discard(ws); {HEAR}"),
            (FORGETS, FORGETS.replace("self", "for room in self.members: self")),
        ),
        "deletes the room of all": mistake(exercise, (FORGETS, FORGETS.replace("[room].discard(ws)", ".pop(room, 0)"))),
        "stays after 1006": mistake(exercise, (FORGETS, FORGETS.replace("self", "if ws.close_code == 1000: self"))),
    }
    right = styles(QUIET)


class TestNoEmptyRooms(ServerExercise):
    exercise = ex.no_empty_rooms
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "Delete a room that has become empty": mistake(exercise, (DELETES, "\n")),
        "Delete a room only if it is empty": mistake(exercise, (DELETES, "\n        del self.members[room]\n")),
        "one more way to leave a room": mistake(exercise, (LEAVES, ONLY_DISCARDS)),
        "A `defaultdict` creates every key": mistake(
            exercise, ("self.members = {}", "self.members = defaultdict(set)"), ("elif room is not None:", "else:")
        ),
        "KeyError: None": mistake(exercise, ("        if room is None:\n            return\n", "")),
    }
    subtle = faults(exercise) | {
        "anybody may send to any room": mistake(
            exercise, ("elif room is not None:", "elif (room := request.get('room', room)) in self.members:")
        ),
        "joining again loses the room": mistake(
            exercise,
            ("self.leave(ws, room)\n                    room = ", "last, room = room, "),
            (".add(ws)\n", ".add(ws)\n                    self.leave(ws, last)\n"),
            ("        if room is None:", "        if room not in self.members:"),
        ),
        "deletes a room of one": mistake(exercise, ("if not self.members[room]:", "if len(self.members[room]) < 2:")),
        "deletes at the end only": mistake(
            exercise,
            (
                "                    self.leave(ws, room)\n",
                "                    self.members.get(room, set()).discard(ws)\n",
            ),
            ("if room is None:", "if room not in self.members:"),
        ),
        "deletes the room of all who go": mistake(
            exercise, (LEAVES, LEAVES.replace("self.leave(ws, room)", "self.members.pop(room, 0)"))
        ),
        "sends to everybody from no room": mistake(
            exercise, (TALKS, "                elif room is None: fan_out(self.connections, request)\n" + TALKS)
        ),
    }
    right = styles(QUIET)


class TestPresence(ServerExercise):
    exercise = ex.presence
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "where Ann was already": mistake(
            exercise,
            (".add(ws)\n                    self.tell(room)", ".add(ws)\n                    self.tell(room, {ws})"),
            ("def tell(self, room):", "def tell(self, room, to=None):"),
            (TELLS_WHO, TELLS_WHO.replace("self", "to or self")),
        ),
        "where she is alone": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("fan", "names[1:] and fan"))),
        "where Ann still is": mistake(exercise, ("    self.tell(room)\n        else:", "    pass\n        else:")),
        "Remove a client from the room": mistake(exercise, (DISCARDS_AND_TELLS, TELLS_AND_DISCARDS)),
        "not to all clients": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("members[room]", "connections"))),
        "received the list of `coffee`": mistake(
            exercise, (TELLS_WHO, TELLS_WHO.replace("self.members[room]", ALL_IN_ROOMS))
        ),
        "closed the connection, and so left `tea`": mistake(exercise, (LEAVES, ONLY_DISCARDS)),
        "not with each message": mistake(exercise, (TALKS, f"{TALKS}                    self.tell(room)\n")),
        "unsupported": mistake(exercise, ("sorted(ws.name for ws in", "list(ws for ws in")),
    }
    subtle = faults(exercise) | {
        "a dictionary of names": mistake(
            exercise, ("sorted(ws.name for ws in self.members[room])", "{ws.name: 1 for ws in self.members[room]}")
        ),
        "two names": mistake(exercise, ("in self.members[room])\n", "in self.members[room])[:2]\n")),
        "the list goes out twice": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("fan", "for _ in '12': fan"))),
        "those in no room get it too": mistake(
            exercise,
            (
                TELLS_WHO,
                TELLS_WHO.replace(
                    "self.members[room]",
                    "self.connections - set().union(*(w for r, w in self.members.items() if r != room))",
                ),
            ),
        ),
        "empty rooms stay": mistake(exercise, ("        else:\n            del self.members[room]\n", "")),
        "a client that goes is told nobody": mistake(
            exercise, (LEAVES, LEAVES.replace("self.leave(ws, room)", "self.members.get(room, set()).discard(ws)"))
        ),
        "pops the room of all who go": mistake(exercise, (LEAVES, LEAVES + "            self.members.pop(room, 0)\n")),
        "joining again loses the room": mistake(
            exercise,
            ("self.leave(ws, room)\n                    room = ", "last, room = room, "),
            (".add(ws)\n", ".add(ws)\n                    self.leave(ws, last)\n"),
            ("        if room is None:", "        if room not in self.members:"),
            ("                    self.tell(room)", "                    if room in self.members: self.tell(room)"),
        ),
        "the newcomer gets no list": mistake(
            exercise,
            (".add(ws)\n                    self.tell(room)", ".add(ws)\n                    self.tell(room, {ws})"),
            ("(self, room):", "(self, room, but=()):"),
            (TELLS_WHO, TELLS_WHO.replace("[room]", "[room] - set(but)")),
        ),
    }
    right = styles(TELLS)


#: An answer to task 4, with a place for what is done with a private message.
PRIVATE = mistake(ex.private, ("{", "{{"), ("}", "}}"))
BEGIN, END = (
    "                if isinstance(request, Private):\n",
    "                else:\n                    await self",
)
PRIVATE = (
    PRIVATE[: PRIVATE.index(BEGIN) + len(BEGIN)] + "                    if True:{}\n" + PRIVATE[PRIVATE.index(END) :]
)


class TestPrivate(ServerExercise):
    exercise = ex.private
    imports = IMPORTS
    finds_room = "room = self.rooms.room_of.get(ws)\n"
    stub = mistake(exercise, (finds_room, "raise NotImplementedError\n"))
    wrong = {  # noqa: RUF012
        "Carl (guest-3) received a private message": mistake(
            exercise, ("fan_out(found,", "fan_out(self.rooms.members[room],"), ("if found:", "if room:")
        ),
        "Ann (guest-1) received a private message": mistake(exercise, ("fan_out(found,", "fan_out([ws, *found],")),
        "because Dora (guest-4) is in another room. But Dora (guest-4) received it": mistake(
            exercise, ("self.rooms.members.get(room, ())", "self.connections")
        ),
        "because Dora (guest-4) is in another room. Send": mistake(
            exercise, ("await ws.complain(", "print(end=''); str(")
        ),
        "Zoe and Sam (guest-5 and guest-6) are in no room. Send": mistake(
            exercise, (finds_room, f"{finds_room}                    if room is None: continue\n")
        ),
        "KeyError": mistake(exercise, ("room_of.get(ws)", "room_of[ws]")),
        "sent Bob (guest-2) an empty private message, and received an error": mistake(
            exercise, ("if found:", "if found and request.message:")
        ),
        "sent itself a private message, and received an error": mistake(
            exercise, ("if found:", "if found and found[0] is not ws:")
        ),
        "After an error, a handler must go on": mistake(
            exercise, ('is not in your room")', 'is not in your room")\n                        return')
        ),
        "in local variables, not in `self`": mistake(
            exercise,
            (finds_room, f"self.who = ws.name; await asyncio.sleep(0.05); {finds_room}"),
            ('"sender": ws.name', '"sender": self.who'),
        ),
        "A second server of your class is running": mistake(
            exercise,
            ("class PrivateRooms(RoomsServer):\n", "class PrivateRooms(RoomsServer):\n    names = {}\n"),
            ("        try:\n            async", "        self.names[ws.name] = ws\n        try:\n            async"),
            (
                "found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]",
                "found = [one for one in [self.names.get(request.to)] if one in self.rooms.members.get(room, ())]",
            ),
        ),
        "cannot see who sent it": mistake(exercise, (', "sender": ws.name', "")),
        "Its `type` must be": mistake(exercise, ('"type": "private"', '"type": "room-message"')),
        "and your server believed it": mistake(
            exercise,
            ("    message: str\n", "    message: str\n    sender: str = ''\n"),
            ('"sender": ws.name', '"sender": request.sender or ws.name'),
        ),
    }
    search = "for member in self.rooms.members.get(room, ()) if member.name == request.to]"
    equal = "member.name == request.to"
    subtle: ClassVar = {
        name: mistake(ex.private, *changes)
        for name, changes in {
            "begins with": [(equal, "member.name.startswith(request.to)")],
            "begins a name": [(equal, "request.to.startswith(member.name)")],
            "is in the name": [(equal, "request.to in member.name")],
            "the name is in it": [(equal, "member.name in request.to")],
            "ends with": [(equal, "member.name.endswith(request.to)")],
            "the last digit": [(equal, "member.name[-1:] == request.to[-1:]")],
            "small letters": [(equal, "member.name == request.to.lower()")],
            "stripped": [(equal, "member.name == request.to.strip()")],
            "all who are in no room": [
                (
                    search,
                    "for member in self.connections if self.rooms.room_of.get(member) == room and " + equal + "]",
                )
            ],
            "a name in any room": [(search, "for member in self.rooms.room_of if member.name == request.to]")],
            "a room once joined": [(finds_room, "room = ws.__dict__.setdefault('r', self.rooms.room_of.get(ws))\n")],
            "nobody leaves": [("        finally:\n            self.rooms.leave(ws)\n", "        finally: pass\n")],
            "another code": [('"not-here"', '"not_here"')],
            "an error besides": [
                (
                    "                    else:\n                        await ws",
                    "                    if 1:\n                        await ws",
                )
            ],
            "the error goes to everybody": [
                (
                    'await ws.complain("not-here", f"',
                    'fan_out(self.connections, {"type": "error", "code": "not-here", "message": f"',
                ),
                ('room")', 'room"})'),
            ],
            "the sender gets it too": [("fan_out(found", "fan_out([ws, *found]")],
            "the next client gets it": [("fan_out(found", "fan_out(list(self.rooms.members[room])[:2]")],
            "everybody who joined gets it": [("fan_out(found", "fan_out(self.rooms.room_of")],
            "everybody gets it": [("fan_out(found", "fan_out(self.connections")],
            "twice": [
                (
                    "fan_out(found",
                    "fan_out(found, {'type': 'private', 'message': request.message, 'sender': ws.name}); fan_out(found",
                )
            ],
            "no more than 100 letters": [("request.message", "request.message[:100]")],
            "stripped text": [("request.message", "request.message.strip()")],
            "no empty text": [("if found:", "if found and request.message:")],
            "ASCII only": [("request.message", "ascii(request.message)[1:-1]")],
            "the sender is the receiver": [('"sender": ws.name', '"sender": request.to')],
            "only three": [("if found:", "ws.n = getattr(ws, 'n', 0) + 1\n                    if found and ws.n < 4:")],
            "an answer to each message": [
                (
                    "await self.rooms.answer(ws, request)",
                    "await self.rooms.answer(ws, request); await ws.complain('ok', '')",
                )
            ],
            "no rooms any more": [("await self.rooms.answer(ws, request)", "pass")],
        }.items()
    }
    right: ClassVar = {
        "next": mistake(ex.private, ("found = [member", "found = next(([member]"), ("request.to]", "request.to), [])")),
        "a loop with else": PRIVATE.format("""
                        for other in tuple(self.rooms.members.get(self.rooms.room_of.get(ws), ())):
                            if other.name == request.to:
                                fan_out([other], {"type": "private", "message": request.message, "sender": ws.name})
                                break
                        else:
                            await ws.complain("not-here", "no such client")"""),
        "a Struct, say, and one return": PRIVATE.format("""
                        await self.whisper(ws, request)""")
        + """
    async def whisper(self, ws, request):
        class Whisper(Struct, tag="private"):
            message: str
            sender: str
        if here := self.rooms.room_of.get(ws):
            for other in self.rooms.members[here]:
                if other.name == request.to:
                    return await other.say(Whisper(request.message, ws.name))
        return await ws.complain("not-here", "")
""",
        "a dictionary of names": PRIVATE.format("""
                        here = self.rooms.room_of.get(ws)
                        names = {one.name: one for one, room in self.rooms.room_of.items() if here and room == here}
                        try:
                            other = names[request.to]
                        except KeyError:
                            await ws.say(Error("not-here", f"{request.to}?"))
                            continue
                        await other.send(json.dumps(dict(type="private", message=request.message, sender=ws.name)))"""),
        "filter and a lambda": PRIVATE.format("""
                        room = self.rooms.room_of.get(ws, None)
                        here = self.rooms.members[room] if room in self.rooms.members else set()
                        found = set(filter(lambda one: one.name == request.to, here))
                        broadcast(found, json.dumps({"type": "private", "message": request.message, "sender": ws.name}))
                        if not len(found) > 0:
                            await ws.send('{"type": "error", "code": "not-here", "message": "?"}')"""),
    }


async def test_the_server_of_task_2_is_right_for_task_1_too():
    result = await ex.leave_room.check(answer(ex.no_empty_rooms.answer, IMPORTS))
    assert result, result
