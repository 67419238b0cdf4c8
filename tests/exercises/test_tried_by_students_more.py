"""Answers that students tried in lessons 03 and 04: mistakes that a check once took for right."""

from typing import ClassVar

from exercise_cases import MoreAnswers, but, subtle_seldom

from wslearn.exercises import broadcast, rooms

IMPORTS = """
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from wslearn import Limits
from wslearn.fast import fan_out
"""


def to_all(*lines: str) -> str:
    return "async def send_to_all(clients, message):\n" + "".join(f"    {line}\n" for line in lines)


CATCHES = "        except ConnectionClosed: pass"
BUFFER = "client.transport.get_write_buffer_size()"
GATHER = "await asyncio.gather(*(client.send(message) for client in clients), return_exceptions=True)"
LOOP = ("for client in tuple(clients):", "    try: await client.send(message)", "    except ConnectionClosed: pass")


@subtle_seldom
class TestVanish(MoreAnswers):
    exercise = broadcast.vanish
    imports = IMPORTS
    at_once = 2
    subtle: ClassVar = {
        "skips who is slow already": ("don't skip it", to_all(
            f"broadcast([client for client in clients if {BUFFER} == 0], message)")),
        "skips who is very slow": ("don't skip it", to_all(
            f"broadcast([client for client in clients if {BUFFER} < 65536], message)")),
        "drops who is slow already": to_all(
            "for client in list(clients):", f"    if {BUFFER}: client.transport.abort()", "broadcast(clients, message)"),  # noqa: E501
        "empties the set meanwhile": ("The set isn't yours", to_all(
            "mine = list(clients)", "clients.clear()", "for client in mine:", "    try: await client.send(message)",
            CATCHES[4:], "    clients.add(client)")),
        "pairs": ("only client in the set", to_all(
            "mine = list(clients)", "broadcast(mine[: len(mine) // 2 * 2], message)")),
    }  # fmt: skip
    right: ClassVar = {
        "broadcast": to_all("broadcast(frozenset(clients), message)"),
        "gather": to_all(GATHER),
        "a loop": to_all(*LOOP),
    }
    advised: ClassVar = {"gather", "a loop"}


READY = "ws.transport.get_write_buffer_size() == 0"
ALL = "self.behind = set(self.connections)"


@subtle_seldom
class TestNewest(MoreAnswers):
    exercise = broadcast.newest
    imports = IMPORTS
    at_once = 2
    subtle: ClassVar = {
        "less than 1000": ("yet it has sent more", but(exercise, (READY, READY.replace("== 0", "< 1000")))),
        "less than 64 KB": ("yet it has sent more", but(exercise, (READY, READY.replace("== 0", "< 65_536")))),
        "forgotten when all have left": ("connected after Zoe", but(exercise, (
            "if self.newest is not None", "if len(self.connections) < 2: self.newest = None\n        "
            "if self.newest is not None"))),
        "only now and then": ("each value took a moment", but(
            exercise, (f"{ALL}\n            self.send_to_ready()", ALL), ("sleep(0.05)", "sleep(0.5)"))),
    }  # fmt: skip
    right: ClassVar = {
        "not ready": but(exercise, (READY, "not ws.transport.get_write_buffer_size()")),
        "often": but(exercise, ("sleep(0.05)", "sleep(0.01)")),
        "now and then": but(
            exercise,
            ("sleep(0.05)", "sleep(0.5)"),
            ("self.behind.add(ws)", "self.behind.add(ws)\n            self.send_to_ready()"),
        ),
    }


JOIN = "                    self.leave(ws, room)\n                    room = request"


@subtle_seldom
class TestFullRoom(MoreAnswers):
    exercise = rooms.full_room
    imports = IMPORTS
    subtle: ClassVar = {
        "keeps its place": ("joined it again", but(exercise, (JOIN, (
            "                    here = self.members.get(request['room'], [])\n"
            "                    if ws in here[self.SEATS:]:\n"
            "                        place = here.index(ws) - self.SEATS + 1\n"
            "                        fan_out([ws], {'type': 'wait', 'room': room, 'place': place})\n"
            "                        continue\n") + JOIN))),
        "is ignored": ("joined it again", but(exercise, (JOIN, (
            "                    if ws in self.members.get(request['room'], [])[self.SEATS:]: continue\n") + JOIN))),
        "the first seat only": but(exercise, ("if position < self.SEATS <=", "if position == 0 and self.SEATS <=")),
        "one line for all rooms": ("nobody else waits in that room", but(exercise, (
            "place = len(clients) - self.SEATS", "place = len(clients) - self.SEATS\n                    if place > 0: "
            "place = sum(max(len(one) - self.SEATS, 0) for one in self.members.values())"))),
        "lower": but(exercise, ('room = request["room"]', 'room = request["room"].lower()')),
    }  # fmt: skip
    right: ClassVar = {
        "pop": but(exercise, ("del self.members[room]", "self.members.pop(room)")),
        "the class's number": but(exercise, ("self.SEATS", "Seats.SEATS")),
        "get": but(exercise, ('request["type"]', 'request.get("type")')),
    }
