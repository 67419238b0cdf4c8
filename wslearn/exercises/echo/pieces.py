"""Frames that arrive in pieces: TCP delivers bytes, and knows nothing of messages."""

import inspect
import random
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from wslearn.exercises import Exercise, Talk
from wslearn.exercises.engine import NotYet, kind, shown


def _frame(message: str | bytes, opcode: int = 0) -> bytes:
    data = message.encode() if isinstance(message, str) else message
    length = bytes([len(data)]) if len(data) < 126 else bytes([126]) + len(data).to_bytes(2, "big")
    return bytes([0x80 | (opcode or (1 if isinstance(message, str) else 2))]) + length + data


_PIECES = "It may end anywhere, even between the bytes of a head. Keep what is left, and wait for more."
_BIG = "Read the length in bytes 2 and 3 as one number, big end first. It counts bytes, not letters."
_TEXTS: list[str | bytes] = ["Grüße 👋", "", "two\nlines", "  ", b"\x81\x02ok", b"", b"\0\xff", "last"]
#: The messages of one stream of bytes, and what to look for.
_STREAMS: tuple[tuple[list[str | bytes], str], ...] = (
    (["hello"], "Byte 1 says how long the payload is. It begins at byte 2."),
    (["hello", "world"], "One piece may hold several frames. Go on as long as the next one is complete."),
    ([b"hello", "hello"], "A message of opcode 2 is returned as `bytes`, one of opcode 1 as `str`."),
    (_TEXTS, "A payload may be empty, be any bytes, or look like a frame itself. A text is in UTF-8, as "
     "`decode()` reads it."),
    (["x" * 125, b"y" * 257, "z"], "A 126 in byte 1 says that the length is in bytes 2 and 3. Then the payload "
     "begins at byte 4."),
    ([b"n" * 300], _BIG), (["ü" * 150, b"n" * 256, "x" * 126, "y" * 127, b"\xff" * 65_535, "ok"], _BIG),
)  # fmt: skip
#: Between two messages: a ping with a payload, a pong, one whose payload looks like a text frame, and other opcodes.
_CONTROL = [_frame("are you there?", 9), _frame("", 10), _frame(b"\x81\x03hey", 9)]
_CONTROL += [_frame("later", 11), _frame(b"\x81\x01!", 15), _frame(b"\x03\xe8bye", 8)]


class _Control(bytes):
    """A frame in a stream that carries no message."""


class _Reader:
    """A student's object, and what it should return."""

    def __init__(self, talk: Talk, reader: Any) -> None:
        self.talk, self.feed = talk, talk.method(reader, "feed")

    async def gets(self, piece: bytes, due: list[str | bytes], why: str) -> None:
        """Feed a piece, and expect these messages."""
        try:
            came = await self.talk.call(self.feed, piece)
        except NotYet as wrong:
            self.talk.tells(_call(piece), "fails", str(wrong), wrong=True)
            raise
        self._judge(piece, due, came, why)

    async def gets_all(self, pieces: list[tuple[bytes, list[str | bytes]]], why: str) -> None:
        """Feed many pieces, and expect what is due with each; write nothing down of what is right."""
        fed: list[tuple[bytes, list[str | bytes], Any]] = []

        async def feed() -> None:  # one call for all of them: each call costs more than the student's code does
            for piece, due in pieces:
                fed.append((piece, due, None))
                came = self.feed(piece)
                came = await came if inspect.isawaitable(came) else came
                fed[-1] = piece, due, came
                if not _same(came, due):
                    break

        try:
            await self.talk.call(feed)
        except NotYet as wrong:
            self.talk.tells(_call(fed[-1][0]), "fails", str(wrong), wrong=True)
            raise
        piece, due, came = fed[-1]
        if not _same(came, due):
            self._judge(piece, due, came, why)

    def _judge(self, piece: bytes, due: list[str | bytes], came: Any, why: str) -> None:
        right = _same(came, due)
        why = why if right else _about(came, due, why)
        self.talk.expect(right, why, who=_call(piece), expected=shown(due), came=came)


def _call(piece: bytes) -> str:
    start = f"{len(piece)} bytes: {piece[:12].hex(' ')} …" if len(piece) > 24 else shown(piece)
    return f"feed({start})"


def _about(came: Any, due: list[str | bytes], why: str) -> str:
    if not isinstance(came, list):
        return f"`feed` should return a list, also of no messages. It returned {kind(came)}."
    if came == due:
        odd = next(one for one, wanted in zip(came, due, strict=True) if type(one) is not type(wanted))
        return f"A message is a `str` or `bytes`, but one of these is of type {type(odd).__name__}."
    if came == [_text(one) for one in due]:
        return "A message of opcode 2 is binary: return its payload as `bytes`, undecoded."
    if len(came) > len(due):
        return f"That is more than is complete: each message is returned once, and only when all of it is there. {why}"
    return why


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")


def _same(came: Any, due: list[str | bytes]) -> bool:
    return isinstance(came, list) and came == due and [type(one) for one in came] == [type(one) for one in due]


async def _reads_frames(talk: Talk, frames: Any) -> None:
    if not callable(frames) and hasattr(frames, "feed"):
        raise NotYet("This is an object: pass the class itself, `Frames`, without `()`. The check makes its own.")
    for messages, why in _STREAMS:  # first all in one piece
        reader = _Reader(talk, await talk.call(frames))
        await reader.gets(b"".join(map(_frame, messages)), messages, why)
        await reader.gets(b"", [], "A piece may be empty. Nothing is complete that was not before.")
        await reader.gets(_frame("and on"), ["and on"], "After complete frames nothing is left over: the next piece "
                          "begins a new frame.")  # fmt: skip
    reader = _Reader(talk, await talk.call(frames))
    for control in _CONTROL:
        await reader.gets(control, [], "A frame with an opcode of 8 or more carries no message: skip all of it.")
        await reader.gets(control + _frame("on"), ["on"], "Skip a control frame, but not what comes after it.")
    for messages, _ in _STREAMS[:-1]:  # then byte by byte
        await _cut(talk, frames, messages, range(1_000))
    between: list[str | bytes] = [
        _Control(_CONTROL[0]),
        "one",
        _Control(_CONTROL[2]),
        _Control(_CONTROL[-1]),
        b"two",
        _Control(_CONTROL[1]),
    ]
    await _cut(talk, frames, between, range(1_000), "A control frame may come in pieces too. Skip it when all of it is "
               "there. ")  # fmt: skip
    await _cut(talk, frames, _STREAMS[-1][0], (1, 2, 3, 4, 5, 300, 303, 304, 305, 306, 307, 308, 570, 60_000))
    chance = random.Random(6455)
    for _ in range(5):
        await _cut(talk, frames, _TEXTS, chance.sample(range(70), 6))
    await _keep_apart(talk, frames)


async def _cut(
    talk: Talk, frames: Any, messages: Sequence[str | bytes], places: Iterable[int], why: str = ""
) -> None:  # fmt: skip
    """Feed a stream cut at some places, and expect each message with the piece that completes it."""
    parts = [one if isinstance(one, _Control) else _frame(one) for one in messages]
    data, ends = b"".join(parts), [*accumulate(map(len, parts))]
    cuts = sorted({place for place in places if 0 < place < len(data)} | {0, len(data)})
    reader = _Reader(talk, await talk.call(frames))
    pieces: list[tuple[bytes, list[str | bytes]]] = []
    for start, stop in pairwise(cuts):
        whole = (message for message, end in zip(messages, ends, strict=True) if start < end <= stop)
        pieces.append((data[start:stop], [message for message in whole if not isinstance(message, _Control)]))
    await reader.gets_all(pieces, f"A piece came that isn't a whole frame. {why}{_PIECES}")
    talk.tells("the same bytes", "come", f"in {len(cuts) - 1} pieces")


async def _keep_apart(talk: Talk, frames: Any) -> None:
    """Feed two readers in turns, and look once more at a list that was returned before."""
    ann, bob = [_Reader(talk, await talk.call(frames)) for _ in range(2)]
    apart = "Two `Frames()` read two connections. What is left of one must not reach the other: keep it in `self`."
    await ann.gets(_frame(b"for Ann")[:4], [], apart)  # of bytes: what is mixed up need not be UTF-8
    await bob.gets(_frame("for Bob"), ["for Bob"], apart)
    await ann.gets(b"", [], "An empty piece completes nothing, and ends nothing.")
    first = await talk.call(ann.feed, _frame(b"for Ann")[4:])
    talk.expect(first == [b"for Ann"], "After an empty piece, go on where the last one ended.",
                who="feed(the rest of Ann's frame)", expected="[b'for Ann']", came=first)  # fmt: skip
    await ann.gets(_frame("more"), ["more"], apart)
    talk.expect(first == [b"for Ann"], "A list that was returned before has changed. Make a new list in each `feed`.",
                who="the list returned before", expected="[b'for Ann']", came=first)  # fmt: skip


pieces = Exercise(
    _reads_frames,
    hints=(
        "Keep all bytes that aren't used up yet in `self`, and add each piece to them. Then take off whole frames.",
        "Before you use byte 1, ask whether there are two bytes. Before you take a frame off, ask whether all of it is "
        "there.",
        "Repeat in one `while` loop: compute where the payload starts and where it ends, `break` if there are fewer "
        "bytes, else cut the frame off, and look at its opcode.",
    ),
    answer="""
class Frames:
    def __init__(self):
        self.left = b""  # bytes of a frame that isn't complete

    def feed(self, piece):
        self.left += piece
        messages = []
        while len(self.left) >= 2:
            opcode, length, start = self.left[0] % 16, self.left[1], 2
            if length == 126:
                length, start = int.from_bytes(self.left[2:4], "big"), 4
            end = start + length
            if len(self.left) < end:
                break
            payload, self.left = self.left[start:end], self.left[end:]
            if opcode == 1:
                messages.append(payload.decode())
            elif opcode == 2:
                messages.append(payload)
        return messages
""",
    why="A frame is complete only when its last byte is there, and TCP doesn't tell when that is: only the length in "
    "the head does. So every WebSocket library keeps the rest, as you do here. It is also why a text is decoded only "
    "when it is whole: a piece may end in the middle of a letter.",
)
