"""What a phone that has joined can ask for, and the answers."""

from typing import Any, Protocol

from wslearn.classroom import vote_frames
from wslearn.classroom.classroom import Classroom, PollClosed
from wslearn.classroom.experiment import Experiment
from wslearn.classroom.hindered import Phone
from wslearn.classroom.messages import Done, Got, React, Rename, SayHi, VolunteerAs, Vote, Welcome, WriteOnWall
from wslearn.messages import encode


class Place(Protocol):
    """The class that a phone is in."""

    room: Classroom
    experiment: Experiment | None


async def carry_out(place: Place, ws: Any, phone: Phone, request: Any, received: str) -> None:
    """Carry out a request of this phone, `received` as text, and answer it.

    Raises ConnectionClosed if the connection has ended.
    """
    room, person = place.room, phone.person
    match request:
        case Vote(poll, choice, id):
            try:
                room.vote(person, poll, choice)
            except ValueError as error:
                code = "poll-closed" if isinstance(error, PollClosed) else "bad-message"
                return await ws.complain(code, str(error), id)
            note_frames(room, received, id, choice)
            await acknowledge(ws, id)
            for one in phone.connections:  # its other windows, too
                await one.say(room.poll_for(choice))
        case React(reaction):
            if not person.reacting.take():
                return await ws.complain("rate-limited", "not so many reactions at once: this one was dropped")
            room.react(reaction)
        case WriteOnWall(message, id):
            if id is not None and id in person.ids:
                return await acknowledge(ws, id)
            if not person.writing.take():
                return await ws.complain("rate-limited", "not so many messages at once: wait a few seconds", id)
            try:
                room.write(person, message, id)
            except ValueError as error:
                return await ws.complain("bad-message", str(error), id)
            await acknowledge(ws, id)
        case Rename(name):
            if not person.renaming.take():
                return await ws.complain("rate-limited", "not so many names at once: wait a few seconds")
            await ws.say(Welcome(room.rename(person, name), room.epoch))
        case VolunteerAs(role):
            phone.hinder(role)
            room.changed("people")
        case Got(number) if place.experiment:
            place.experiment.got(ws, person, number)
        case SayHi() if place.experiment and person.reacting.take():
            place.experiment.said(person)


def note_frames(room: Classroom, received: str, id: str | None, choice: int) -> None:
    """Keep the frames of a vote for the board: the phone's, and the server's answers."""
    hide = vote_frames.is_hidden(room.poll)
    if vote_frames.is_plain(received) and not (hide and vote_frames.size_tells(room.poll)):
        answers = ([Done(id)] if id else []) + [room.poll_for(choice)]
        rows = [vote_frames.reply_row("phone", encode(answer), hide) for answer in answers]
        room.vote_frames = [vote_frames.vote_row(received, hide), *rows]


async def acknowledge(ws: Any, id: str | None) -> None:
    """Say that the message with this id was carried out, if it has one."""
    if id is not None:
        await ws.say(Done(id))
