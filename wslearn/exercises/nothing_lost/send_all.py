"""Task 3 of lesson 09: a sender that has one message in flight, and sends it again until it is acknowledged."""

from typing import Any

from wslearn.exercises.engine import Exercise, Talk, has, otherwise, shown
from wslearn.exercises.nothing_lost.counterpart import Line, Student, playing
from wslearn.exercises.nothing_lost.follow import PRESENCE, joined, told
from wslearn.exercises.nothing_lost.stories import reads_well, survives, writer_stories
from wslearn.histories import Person

SESSION = "0123456789abcdef0123456789abcdef"
TEXTS = ["one", "two", "three", "one"]
JOIN = {
    has(type="join-room", room="tea"): "Send your `session` when you join, each time. The server knows you by it.",
    otherwise: 'Join the room first, each time: `{"type": "join-room", "room": "tea", "session": session}`.',
}
AGAIN = (
    "{name}'s connection was lost before the ack came. Connect again, and send the message again: nobody knows "
    "whether it arrived."
)
RESENT = (
    "The connection was lost before `{text}` was acknowledged, and {name} did not send it again. It may be lost. Send "
    "it first when you are back, before anything else."
)
OVERTAKES = (
    "{name} sent the next message before this one was acknowledged. If this one has to be sent again, it comes after "
    "that: a retry overtakes. Wait for the `ack` with its id."
)
NEW_ID = (
    "`{text}` was sent again with another id. The server can't know that it is the same message, and stores it twice. "
    "Choose an id once for each message."
)
SAME_ID = "Two messages have the same id, so the server takes the second one for a repeat, and does not store it."
NO_ID = "A message needs an `id`, a string: without one there is no ack."
NEXT = 'After the ack, send the next text: `{{"type": "room-message", "message": "{text}", "id": …}}`.'
NOT_ACK = (
    "{name} went on after a message that is no ack for this one. Only an `ack` with the message's own id says that "
    "it is stored."
)
OTHER_ERROR = (
    "An `error` with another id came, and {name} sent `two` again. It isn't about this message: wait for an `ack` or "
    "an `error` with its own id."
)
NOT_STORED = "The server could not store `{text}` and said so, with its id. {name} should send it again."
WRONG = "Return the offsets from the acks, a list in the order of the texts."
DONE = "All texts are acknowledged, so return the list of their offsets."
STORY = "Zoe's client sends to a real server, and messages or their acks are lost on the way."
#: How many texts a story has, and what counts about Zoe's own messages; what she receives is not her task.
MANY, OWN = 6, ("unsent", "unheard", "overtaken", "crashed")
ERROR = {"type": "error", "code": "not-stored", "message": "the store is full: send it again"}


async def _joins(zoe: Student, message: str = "") -> Line:
    line = await (zoe.connects(message) if message else zoe.connects())
    await line.hears({"type": "join-room", "room": "tea", "session": SESSION}, JOIN)
    await line.says(joined("e1", 3), PRESENCE)
    return line


async def _sends(line: Line, text: str, ids: list[str], again: str = "") -> None:
    """Expect a text, with a new id, or with its last one."""
    table: dict[Any, str] = {None: (again or NEXT).format(text=text, name="{name}")}
    is_it = has(type="room-message", message=text)
    table |= {
        has(type="room-message", message=lambda came: came != text): (again or NEXT).format(text=text, name="{name}"),
        lambda came: isinstance(came, dict) and not isinstance(came.get("id"), str): NO_ID,
        otherwise: (again or NEXT).format(text=text, name="{name}"),
    }
    came = await line.hears(
        lambda came: is_it(came) and isinstance(came.get("id"), str), table, meaning=f"`{text}` with an id"
    )
    if again and came["id"] != ids[-1]:
        line.student.talk.fail(NEW_ID.format(text=text), "the id", "is", shown(came["id"]), expected=shown(ids[-1]))
    if not again and came["id"] in ids:
        line.student.talk.fail(SAME_ID, "the id", "is", shown(came["id"]), expected="a new one")
    if not again:
        ids.append(came["id"])


def _ack(ids: list[str], offset: int) -> dict[str, Any]:
    return {"type": "ack", "id": ids[-1], "offset": offset}


async def _send_all(talk: Talk, function: Any) -> None:
    ids: list[str] = []
    async with playing(talk, "Zoe", function, SESSION, list(TEXTS)) as zoe:
        line = await _joins(zoe)
        await _sends(line, "one", ids)
        await line.hears_nothing(OVERTAKES)
        await line.says(told(4, "one"))
        await line.hears_nothing(NOT_ACK)
        await line.says(_ack(ids, 4))
        await _sends(line, "two", ids)
        await line.drops()  # it was stored, and its ack is lost
        line = await _joins(zoe, AGAIN)
        await _sends(line, "two", ids, RESENT)
        await line.says({"type": "ack", "id": ids[0], "offset": 4})
        await line.hears_nothing(NOT_ACK)
        await line.says(ERROR | {"id": ids[0]})
        await line.hears_nothing(OTHER_ERROR)
        await line.says(_ack(ids, 5))
        await _sends(line, "three", ids)
        await line.says(ERROR | {"id": ids[-1]})
        await _sends(line, "three", ids, NOT_STORED)
        await line.drops()
        line = await _joins(zoe, AGAIN)
        await _sends(line, "three", ids, RESENT)
        await line.drops()  # twice in a row
        line = await _joins(zoe, AGAIN)
        await _sends(line, "three", ids, RESENT)
        await line.says(_ack(ids, 9))
        await _sends(line, "one", ids)
        await line.says(_ack(ids, 12))
        came = await zoe.returns(DONE)
        expected = [4, 5, 9, 12]
        if came != expected:
            talk.fail(WRONG, "`send_all`", "returns", shown(came), expected=shown(expected))
        talk.tells("`send_all`", "returns", shown(came))
    await _survives(talk, function)


async def _survives(talk: Talk, function: Any) -> None:
    """Let the checker of histories try the student's client on a real server."""

    async def client(person: Person) -> None:
        texts = [await person.next() for _ in range(MANY)]
        await function(person.url, SESSION, texts)

    clients = {"Ann": reads_well, "Zoe": client}
    await survives(
        talk, clients, writer_stories(MANY), STORY, lambda finding: finding.who == "Ann" or finding.kind in OWN
    )


send_all = Exercise(
    _send_all,
    hints=(
        "Keep a number outside the loop that connects: how many texts are acknowledged. It also says which one is in "
        "flight.",
        "`len(offsets)` is that number, and `str(len(offsets))` is an id that stays the same for a text, however often "
        "it is sent.",
        "In the loop that connects, join, and then: `while len(offsets) < len(texts)`, send the text, read until an "
        "`ack` or an `error` with its id comes, and append the ack's offset. Catch `ConnectionClosed` around all of "
        "it.",
    ),
    answer="""
async def send_all(url, session, texts):
    offsets = []
    while len(offsets) < len(texts):
        try:
            async with connect(url) as ws:
                await ws.send(json.dumps({"type": "join-room", "room": "tea", "session": session}))
                while len(offsets) < len(texts):
                    id = str(len(offsets))
                    text = texts[len(offsets)]
                    await ws.send(json.dumps({"type": "room-message", "message": text, "id": id}))
                    reply = {}
                    while reply.get("id") != id:
                        reply = json.loads(await ws.recv())
                    if reply["type"] == "ack":
                        offsets.append(reply["offset"])
        except ConnectionClosed:
            pass
    return offsets
""",
    why="A message is sent until its ack is there: at least once. Its id stays the same, so that the server stores it "
    "once. Together that is once, as far as anybody sees. And only one message is in flight, because a retry would "
    "come after the messages that were sent meanwhile.",
)
