"""Exercises of lesson 04. Wrong answers are the solutions with one plausible mistake each."""

from exercise_cases import ServerExercise, answer

from wslearn.exercises import rooms as ex

IMPORTS = """
from collections import defaultdict
from msgspec import Struct
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
        "It is in that room too": mistake(exercise, (SAYS, SAYS.replace("room]", "room] - {ws}"))),
        "KeyError: <": mistake(exercise, ("discard(ws)", "remove(ws)")),
        "must be a dictionary": mistake(exercise, ("self.members", "self.rooms")),
        "UnboundLocalError": mistake(exercise, ("        room = None\n", "")),
    }


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


class TestPresence(ServerExercise):
    exercise = ex.presence
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "where guest-1 was already": mistake(
            exercise,
            (".add(ws)\n                    self.tell(room)", ".add(ws)\n                    self.tell(room, {ws})"),
            ("def tell(self, room):", "def tell(self, room, to=None):"),
            (TELLS_WHO, TELLS_WHO.replace("self", "to or self")),
        ),
        "where it is alone": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("fan", "names[1:] and fan"))),
        "where guest-1 still is": mistake(exercise, ("    self.tell(room)\n        else:", "    pass\n        else:")),
        "Remove a client from the room": mistake(exercise, (DISCARDS_AND_TELLS, TELLS_AND_DISCARDS)),
        "not to all clients": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("members[room]", "connections"))),
        "received the list of `coffee`": mistake(
            exercise, (TELLS_WHO, TELLS_WHO.replace("self.members[room]", ALL_IN_ROOMS))
        ),
        "closed its connection, and so it left `tea`": mistake(exercise, (LEAVES, ONLY_DISCARDS)),
        "not with each message": mistake(exercise, (TALKS, f"{TALKS}                    self.tell(room)\n")),
        "unsupported": mistake(exercise, ("sorted(ws.name for ws in", "list(ws for ws in")),
    }


class TestPrivate(ServerExercise):
    exercise = ex.private
    imports = IMPORTS
    finds_room = "room = self.rooms.room_of.get(ws)\n"
    stub = mistake(exercise, (finds_room, "raise NotImplementedError\n"))
    wrong = {  # noqa: RUF012
        "guest-3 received a private message": mistake(
            exercise, ("fan_out(found,", "fan_out(self.rooms.members[room],"), ("if found:", "if room:")
        ),
        "guest-1 received a private message": mistake(exercise, ("fan_out(found,", "fan_out([ws, *found],")),
        "because guest-4 is in another room. But guest-4 received it": mistake(
            exercise, ("self.rooms.members.get(room, ())", "self.connections")
        ),
        "because guest-4 is in another room. Send": mistake(exercise, ("await ws.complain(", "print(end=''); str(")),
        "because guest-1 has left its room. Send": mistake(
            exercise, (finds_room, f"{finds_room}                    if room is None: continue\n")
        ),
        "KeyError": mistake(exercise, ("room_of.get(ws)", "room_of[ws]")),
        "cannot see who sent it": mistake(exercise, (', "sender": ws.name', "")),
        "Its `type` must be": mistake(exercise, ('"type": "private"', '"type": "room-message"')),
        "and your server believed it": mistake(
            exercise,
            ("    message: str\n", "    message: str\n    sender: str = ''\n"),
            ('"sender": ws.name', '"sender": request.sender or ws.name'),
        ),
    }


async def test_the_server_of_task_2_is_right_for_task_1_too():
    result = await ex.leave_room.check(answer(ex.no_empty_rooms.answer, IMPORTS))
    assert result, result
