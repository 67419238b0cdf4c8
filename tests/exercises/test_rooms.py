"""Exercises of lesson 04. Wrong answers are the solutions with one plausible mistake each."""

from exercise_cases import ServerExercise, answer

from wslearn.exercises import rooms as ex

IMPORTS = """
from collections import defaultdict
from msgspec import Struct
from wslearn.fast import fan_out
from wslearn.servers.rooms import Rooms, RoomsServer
"""

LEAVES_FIRST = "self.members[room].discard(ws)  # first leave, then join: also where both are one room"
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
        "still hears what is said in `tea`": mistake(exercise, (LEAVES_FIRST, "pass")),
        "when the loop ends, it must leave": mistake(exercise, (FORGETS, "\n        finally:\n            pass\n")),
        "What stands in a `finally` does": mistake(
            exercise, ("        try:\n", "        if True:\n"), (FORGETS, "\n        self.members[room].discard(ws)\n")
        ),
        "take out only the client that moves": mistake(exercise, ("discard(ws)  #", "clear()  #")),
        "first leave, then join": mistake(
            exercise,
            (LEAVES_FIRST, "last = room"),
            (".add(ws)\n", ".add(ws)\n                    self.members[last].discard(ws)\n"),
        ),
        "before it joined a room": mistake(exercise, (SAYS, SAYS.replace("members[room]", "connections"))),
        "heard what was said in `coffee`": mistake(exercise, (SAYS, SAYS.replace("self.members[room]", ALL_IN_ROOMS))),
        "who talks in a room hears it too": mistake(exercise, (SAYS, SAYS.replace("room]", "room] - {ws}"))),
        "KeyError: <": mistake(exercise, ("discard(ws)", "remove(ws)")),
        "a dict, from each room's name": mistake(exercise, ("self.members", "self.rooms")),
        "UnboundLocalError": mistake(exercise, ("        room = None\n", "")),
    }


class TestNoEmptyRooms(ServerExercise):
    exercise = ex.no_empty_rooms
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "nobody is there, so delete the room": mistake(exercise, (DELETES, "\n")),
        "only an empty room is deleted": mistake(exercise, (DELETES, "\n        del self.members[room]\n")),
        "leaving by the end of a connection": mistake(exercise, (LEAVES, ONLY_DISCARDS)),
        "A `defaultdict` makes one": mistake(
            exercise, ("self.members = {}", "self.members = defaultdict(set)"), ("elif room is not None:", "else:")
        ),
        "KeyError: None": mistake(exercise, ("        if room is None:\n            return\n", "")),
    }


class TestPresence(ServerExercise):
    exercise = ex.presence
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "who was there before, must be told too": mistake(
            exercise,
            (".add(ws)\n                    self.tell(room)", ".add(ws)\n                    self.tell(room, {ws})"),
            ("def tell(self, room):", "def tell(self, room, to=None):"),
            (TELLS_WHO, TELLS_WHO.replace("self", "to or self")),
        ),
        "even when it is alone there": mistake(exercise, (TELLS_WHO, TELLS_WHO.replace("fan", "names[1:] and fan"))),
        "who is left in `tea`, was not told": mistake(
            exercise, ("    self.tell(room)\n        else:", "    pass\n        else:")
        ),
        "take it out of the room first, then tell": mistake(exercise, (DISCARDS_AND_TELLS, TELLS_AND_DISCARDS)),
        "tell the members of the room, not all": mistake(
            exercise, (TELLS_WHO, TELLS_WHO.replace("members[room]", "connections"))
        ),
        "tell the members of that room, nobody else": mistake(
            exercise, (TELLS_WHO, TELLS_WHO.replace("self.members[room]", ALL_IN_ROOMS))
        ),
        "A vanished client has left its room": mistake(exercise, (LEAVES, ONLY_DISCARDS)),
        "not with each message": mistake(exercise, (TALKS, f"{TALKS}                    self.tell(room)\n")),
        "unsupported": mistake(exercise, ("sorted(ws.name for ws in", "list(ws for ws in")),
    }


class TestPrivate(ServerExercise):
    exercise = ex.private
    imports = IMPORTS
    finds_room = "room = self.rooms.room_of.get(ws)\n"
    stub = mistake(exercise, (finds_room, "raise NotImplementedError\n"))
    wrong = {  # noqa: RUF012
        "send to one client, not to the room": mistake(
            exercise, ("fan_out(found,", "fan_out(self.rooms.members[room],"), ("if found:", "if room:")
        ),
        "it is for guest-2 alone": mistake(exercise, ("fan_out(found,", "fan_out([ws, *found],")),
        "look for the name in the sender's room only": mistake(
            exercise, ("self.rooms.members.get(room, ())", "self.connections")
        ),
        "since guest-4 is in another room: tell": mistake(exercise, ("await ws.complain(", "print(end=''); str(")),
        "since guest-1 is in no room itself: tell": mistake(
            exercise, (finds_room, f"{finds_room}                    if room is None: continue\n")
        ),
        "KeyError": mistake(exercise, ("room_of.get(ws)", "room_of[ws]")),
        "cannot see from whom": mistake(exercise, (', "sender": ws.name', "")),
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
