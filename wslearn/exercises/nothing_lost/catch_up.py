"""Task 1 of lesson 09: what a client has missed, and whether the server can prove that this is all."""

from typing import Any

from wslearn.exercises.engine import FunctionExercise

ROOM = {"epoch": "e1", "floor": 3, "kept": [4, 6, 9]}
#: The same epoch, and another string: what a client sends is never the very object that the server has.
SAME = "".join(("e", "1"))
#: Nothing was sent yet; and everything that was sent has been forgotten.
NEW = {"epoch": "e1", "floor": 0, "kept": []}
EMPTY = {"epoch": "e1", "floor": 9, "kept": []}


def _after(room: dict[str, Any], offset: int | None) -> list[int]:
    return [each for each in room["kept"] if each > (offset or 0)]


def _last(room: dict[str, Any]) -> int:
    return int([room["floor"], *room["kept"]][-1])


def _proved(room: dict[str, Any], epoch: str, offset: int | None) -> bool:
    return offset is None or (room["epoch"] == epoch and room["floor"] <= offset <= _last(room))


def _right(room: dict[str, Any], epoch: str, offset: int | None) -> list[int]:
    return [] if offset is None else _after(room, offset if room["epoch"] == epoch else 0)


catch_up = FunctionExercise(
    cases=[
        ((ROOM, SAME, 6), (True, [9])),
        ((ROOM, "e1", 4), (True, [6, 9])),
        ((ROOM, "e1", 9), (True, [])),
        ((ROOM, "e1", 3), (True, [4, 6, 9])),
        ((ROOM, "e1", 5), (True, [6, 9])),
        ((ROOM, "e1", 2), (False, [4, 6, 9])),
        ((ROOM, "e1", 0), (False, [4, 6, 9])),
        ((ROOM, "e0", 6), (False, [4, 6, 9])),
        ((ROOM, "e0", 12), (False, [4, 6, 9])),
        ((ROOM, "e1", 12), (False, [])),
        ((ROOM, "", None), (True, [])),
        ((NEW, "e1", 0), (True, [])),
        ((NEW, "e0", 0), (False, [])),
        ((EMPTY, "e1", 9), (True, [])),
        ((EMPTY, "e1", 8), (False, [])),
        ((EMPTY, "e1", 10), (False, [])),
        ((ROOM, "e10", 6), (False, [4, 6, 9])),
    ],
    mistakes={
        lambda room, epoch, offset: (
            _proved(room, epoch, offset),
            [] if offset is None else [each for each in room["kept"] if each >= offset],
        ): "The client already has the message with its own offset. It has missed only the ones after that.",
        lambda room, epoch, offset: (
            _proved(room, epoch, offset),
            [] if offset is None else _after(room, offset),
        ): "Offsets of another epoch are other messages, so the client's offset says nothing about them. Send all that "
        "is kept.",
        lambda room, epoch, offset: (
            _proved(room, epoch, offset),
            _right(room, epoch, offset) if _proved(room, epoch, offset) else [],
        ): "Even if something is lost for good, send the client what is still kept. It needs that too.",
        lambda room, epoch, offset: (
            _proved(room, epoch, offset) and not (offset is not None and offset == room["floor"]),
            _right(room, epoch, offset),
        ): "Everything *after* `floor` is kept. A client whose offset is exactly `floor` has missed nothing else, so "
        "that can be proved.",
        lambda room, epoch, offset: (
            offset is None or (room["epoch"] == epoch and room["floor"] <= offset),
            _right(room, epoch, offset),
        ): "This client has an offset that your room hasn't reached. Somebody sent that message, and you don't have "
        "it: you can't prove that you have everything.",
        lambda room, epoch, offset: (
            offset is None or (room["epoch"] == epoch and offset <= _last(room)),
            _right(room, epoch, offset),
        ): "A message between the client's offset and `floor` may be gone. Then `recovered` must be `False`.",
        lambda room, epoch, offset: (
            offset is None or room["floor"] <= offset <= _last(room),
            _right(room, epoch, offset),
        ): "The epoch is another one, so offsets began again. Nobody can prove what the client has missed.",
        lambda room, epoch, offset: (
            _proved(room, epoch, offset),
            _after(room, offset if room["epoch"] == epoch else 0),
        ): "`None` means that the client has never been here. It has missed nothing, so send it no history.",
        lambda room, epoch, offset: (
            offset is not None and _proved(room, epoch, offset),
            _right(room, epoch, offset),
        ): "`None` means that the client has never been here. It has missed nothing, so `recovered` is `True`.",
        lambda room, epoch, offset: (
            (False, room["kept"])
            if room["epoch"] != epoch
            else (_proved(room, epoch, offset), _right(room, epoch, offset))
        ): "`None` means that the client has never been here, so it has no epoch either. Look for `None` before you "
        "compare the epochs.",
        lambda room, epoch, offset: (
            not offset or _proved(room, epoch, offset),
            _right(room, epoch, offset) if offset else [],
        ): "An offset of 0 is an offset: this client has been here, and had received nothing yet. Compare with "
        "`is None`.",
        lambda room, epoch, offset: (
            _right(room, epoch, offset),
            _proved(room, epoch, offset),
        ): "Return `recovered` first, and then the list.",
        list: "Return a pair such as `(True, [6, 9])`, with parentheses outside.",
        bool: "Return a pair such as `(True, [6, 9])`: what can be proved, and then the list of offsets.",
    },
    message="Is it a new client? If not, compare the epochs. In the same epoch, everything after `floor` is kept: is "
    "the client's offset between `floor` and the last offset of the room?",
    hints=(
        "There are three kinds of clients: a new one, one with another epoch, and one with the room's own epoch.",
        "For the third kind, two things can be wrong: its offset is below `floor`, so that messages may be gone, or "
        "above the last offset of the room. The last offset is `kept[-1]`, or `floor` if nothing is kept.",
        "Return `True, []` if `offset is None`, and `False, room['kept']` if the epochs differ. Otherwise "
        "`recovered` is `room['floor'] <= offset <= last`, and the list has each kept offset that is above `offset`.",
    ),
    answer="""
def catch_up(room, epoch, offset):
    kept, floor = room["kept"], room["floor"]
    if offset is None:
        return True, []
    if epoch != room["epoch"]:
        return False, kept
    last = kept[-1] if kept else floor
    return floor <= offset <= last, [each for each in kept if each > offset]
""",
    why="`recovered` is a promise: you have missed nothing but this. A server may make it only if it can prove it. "
    "Offsets have gaps, so a missing number proves nothing, and `floor` has to say how far back the history goes. "
    "If the answer is no, the client still gets what there is, and can tell its user.",
)
