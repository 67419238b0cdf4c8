"""What a phone that has joined can ask for, and the answers."""

from typing import Any, Protocol

from wslearn.classroom.classroom import Classroom, PollClosed
from wslearn.classroom.hindered import Phone
from wslearn.classroom.messages import Done, React, Rename, VolunteerAs, Vote, Welcome, WriteOnWall


class Place(Protocol):
    """The class that a phone is in."""

    room: Classroom


async def carry_out(place: Place, ws: Any, phone: Phone, request: Any) -> None:
    """Carry out a request of this phone, and answer it. Raises ConnectionClosed if the connection has ended."""
    room, person = place.room, phone.person
    match request:
        case Vote(poll, choice, id):
            try:
                room.vote(person, poll, choice)
            except ValueError as error:
                code = "poll-closed" if isinstance(error, PollClosed) else "bad-message"
                return await ws.complain(code, str(error), id)
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
            await ws.say(Welcome(room.rename(person, name), room.epoch))
        case VolunteerAs(role):
            phone.hinder(role)
            room.changed("people")


async def acknowledge(ws: Any, id: str | None) -> None:
    """Say that the message with this id was carried out, if it has one."""
    if id is not None:
        await ws.say(Done(id))
