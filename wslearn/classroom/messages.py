"""The JSON messages between phones, the server and the board. `wslearn.messages` decodes and encodes them."""

from typing import Annotated, Literal

import msgspec

from wslearn.messages import MessageId, Offset, Session

#: The reactions that a phone can send.
REACTIONS = ("👍", "👎", "❤️", "😂", "😮", "🎉", "🤔", "✋")

Name = Annotated[str, msgspec.Meta(max_length=100)]
Reaction = Literal["👍", "👎", "❤️", "😂", "😮", "🎉", "🤔", "✋"]
PollId = Annotated[str, msgspec.Meta(max_length=20)]
Choice = Annotated[int, msgspec.Meta(ge=0, le=99)]
Text = Annotated[str, msgspec.Meta(max_length=280)]


class JoinClass(msgspec.Struct, tag="join-class"):
    """From a phone: the person with this session is here. The same session keeps its name and its vote."""

    session: Session
    name: Name | None = None


class Vote(msgspec.Struct, tag="vote"):
    """From a phone: its choice, an index, in the poll with this id. The last vote counts."""

    poll: PollId
    choice: Choice
    id: MessageId | None = None


class React(msgspec.Struct, tag="react"):
    """From a phone: one of `REACTIONS`."""

    reaction: Reaction


class WriteOnWall(msgspec.Struct, tag="wall-message"):
    """From a phone: a message for everybody."""

    message: Text
    id: MessageId | None = None


class VolunteerAs(msgspec.Struct, tag="volunteer"):
    """From a phone: treat it as a slow client, or as one in a tunnel; None ends that."""

    role: Literal["slow-client", "tunnel"] | None = msgspec.field(name="as")


class Rename(msgspec.Struct, tag="rename"):
    """From a phone: another name. The answer is a `Welcome` with the name that it has now."""

    name: Name


class Welcome(msgspec.Struct, tag="welcome"):
    """To a phone: its name, the reactions that it may send, and an epoch that changes when everything begins anew."""

    name: str
    epoch: str
    reactions: tuple[str, ...] = REACTIONS


class Measured(msgspec.Struct):
    """What the class measured after a poll: its words, and the choices that it confirms, as indexes."""

    text: str
    choices: list[int]


class PollState(msgspec.Struct, tag="poll", omit_defaults=True):
    """To a phone: the poll, its own vote `mine`, and once they are shown the counts and what was measured."""

    poll: str
    question: str
    choices: list[str]
    open: bool
    mine: int | None
    results: list[int] | None
    measured: Measured | None = None


class NoPoll(msgspec.Struct, tag="no-poll"):
    """To a phone: nothing is asked."""


class WallEntry(msgspec.Struct):
    """A message on the wall, and the name of the person who wrote it."""

    name: str
    message: str


class WallState(msgspec.Struct, tag="wall"):
    """To a phone: the newest messages on the wall, newest last."""

    messages: list[WallEntry]


class Done(msgspec.Struct, tag="ack"):
    """To a phone: its message with this `id` was carried out."""

    id: str


class VolunteerState(msgspec.Struct, tag="volunteer"):
    """To a phone: what it is treated as now, and for how many seconds more; None is until it says otherwise."""

    role: Literal["slow-client", "tunnel"] | None = msgspec.field(name="as")
    seconds: float | None = None


class ExperimentState(msgspec.Struct, tag="experiment"):
    """To a phone: the class tries something out together, and the phone is in `room`, if that matters."""

    title: str
    room: str | None = None


class NoExperiment(msgspec.Struct, tag="no-experiment"):
    """To a phone: the experiment is over."""


class Deliver(msgspec.Struct, tag="delivery"):
    """To a phone: a message of the experiment. The answer is a `Got` with its number."""

    number: int
    message: str


class Got(msgspec.Struct, tag="got"):
    """From a phone: this connection has received all of its deliveries up to `number`."""

    number: Offset


class SayHi(msgspec.Struct, tag="say-hi"):
    """From a phone: its person greets the others in the experiment."""


class Removed(msgspec.Struct, tag="removed"):
    """To a phone: the instructor has removed its person. Code 1008 follows, and the session doesn't get in again."""


class PersonState(msgspec.Struct):
    """To the board: one person. `rtt` is in seconds."""

    name: str
    rtt: float | None
    state: str
    volunteer: str | None


class BoardPoll(msgspec.Struct, omit_defaults=True):
    """To the board: the poll with its counts, which phones don't see before they are shown."""

    poll: str
    question: str
    choices: list[str]
    counts: list[int]
    voted: int
    open: bool
    shown: bool
    measured: Measured | None = None


class Board(msgspec.Struct, tag="board"):
    """To the board: everything. `count` is how many people are here, without those who are away."""

    url: str
    urls: list[str]
    code: str
    people: list[PersonState]
    count: int
    poll: BoardPoll | None
    wall: list[WallEntry]
    wall_hidden: bool
    reactions: dict[str, int]


class Frames(msgspec.Struct, tag="frames"):
    """To the board: the frames of the last vote, a line each."""

    rows: list[str]


class Ask(msgspec.Struct, tag="ask"):
    """From the board: ask everybody this question, in place of the last one."""

    question: str
    choices: list[str]


class Show(msgspec.Struct, tag="show"):
    """From the board: show the results on all phones."""


class Hide(msgspec.Struct, tag="hide"):
    """From the board: hide the results again."""


class ClosePoll(msgspec.Struct, tag="close-poll"):
    """From the board: take no more votes."""


class Mark(msgspec.Struct, tag="mark"):
    """From the board: in this poll, the class has seen that this choice is right. Its index counts from 0."""

    poll: str
    choice: int


class ClearPoll(msgspec.Struct, tag="clear-poll"):
    """From the board: forget the poll."""


class Remove(msgspec.Struct, tag="remove"):
    """From the board: remove the person with this name."""

    name: Name


class ClearWall(msgspec.Struct, tag="clear-wall"):
    """From the board: forget all messages on the wall."""


class HideWall(msgspec.Struct, tag="hide-wall"):
    """From the board: hide the wall, or show it again if it is hidden."""
