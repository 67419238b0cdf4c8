"""The state of a class: its people, the poll, the wall and the reactions. No sockets: servers tell it, and ask it."""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from wslearn.classroom.measured import line, measured
from wslearn.classroom.messages import Board, BoardPoll, Measured, NoPoll, PersonState, PollState, WallState
from wslearn.classroom.people import ABSENT, People, Person
from wslearn.classroom.polls import Poll, source_of
from wslearn.classroom.wall import Wall

#: What has changed: who is here or what is known of them, the poll, a vote, the wall, or the reactions.
Change = Literal["people", "poll", "vote", "wall", "reactions"]


#: Questions that can still be compared with what was measured, the newest ones: more than a lesson has.
ASKED = 12


class PollClosed(ValueError):
    """A vote in a poll that takes none: it is closed, or another one is asked."""


class Classroom:
    """A class. Call `on_change` functions with a `Change`, and `on_removed` functions with a removed `Person`."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.people = People()
        self.wall = Wall()
        self.poll: Poll | None = None
        self.reactions: Counter[str] = Counter()
        #: The frames of the last vote, a line each, for the board.
        self.vote_frames: list[str] = []
        self.on_change: list[Callable[[Change], None]] = []
        self.on_removed: list[Callable[[Person], None]] = []
        self._polls = 0
        #: The polls that were asked, the newest last: people guess first, and measure one guess after the other.
        self._asked: list[Poll] = []

    def changed(self, what: Change) -> None:
        """Tell everybody who wants to know that this has changed."""
        for tell in self.on_change:
            tell(what)

    # What phones do

    def join(self, session: str, name: str | None) -> Person:
        """Return the person with this session, present now, with the same name and vote as before if it was here."""
        person = self.people.join(session, name)
        person.away_since, person.state = None, "live"
        if (other := self.people.one_too_many(lambda one: self.vote_of(one) is not None)) is not None:
            self._forget(other)
            self.people.forget(other)
        self.changed("people")
        return person

    def leave(self, person: Person) -> None:
        """Note that a person has no connection any longer. The name and the vote stay."""
        if self.people.get(person.session) is person:
            person.away_since, person.state, person.round_trip = self.people.clock(), "away", None
            person.volunteer = None
            self.changed("people")

    def rename(self, person: Person, name: str) -> str:
        """Give a person another name, as near to `name` as possible, and return it."""
        name = self.people.rename(person, name)
        self.changed("people")
        self.changed("wall")
        return name

    def vote(self, person: Person, poll: str, choice: int) -> None:
        """Note a vote. Raises PollClosed, and ValueError if there is no such choice."""
        if self.poll is None or self.poll.id != poll or not self.poll.open:
            raise PollClosed("this poll takes no more votes")
        self.poll.vote(person.session, choice)
        self.changed("vote")

    def vote_of(self, person: Person) -> int | None:
        """Return a person's vote in the poll, or None."""
        return self.poll.votes.get(person.session) if self.poll else None

    def react(self, reaction: str) -> None:
        """Count a reaction; all counts begin again with the next question."""
        self.reactions[reaction] += 1
        self.changed("reactions")

    def write(self, person: Person, message: str, id: str | None) -> None:
        """Write a message on the wall, once for each `id`. Raises ValueError if it has no text."""
        if id is None or id not in person.ids:
            self.wall.write(person, message)
            if id is not None:
                person.ids.append(id)
            self.changed("wall")

    # What the instructor does

    def ask(self, question: Any, choices: list[str] | tuple[str, ...] | None = None) -> Poll:
        """Ask a question, in place of the last one. Raises ValueError if it can't be asked."""
        poll = Poll(f"p{self._polls + 1}", question, choices)
        self._polls += 1
        self.poll = poll
        self._asked = [*(one for one in self._asked if one.source != poll.source), poll][-ASKED:]
        self.reactions.clear()
        self.changed("poll")
        self.changed("reactions")
        return poll

    def results(self) -> dict[str, int]:
        """Return how many have voted for each choice; two equal choices are counted together."""
        counts: Counter[str] = Counter()
        if self.poll:
            for choice, count in zip(self.poll.choices, self.poll.counts, strict=True):
                counts[choice] += count
        return dict(counts)

    def show(self, shown: bool = True) -> None:
        """Show the results on all phones, or hide them again."""
        if self.poll:
            self.poll.shown = shown
            self.changed("poll")

    def compare(self, question: Any, *found: float | str) -> str:
        """Show everybody what was measured beside the results, end the poll, and return both in one line.

        An earlier question is on the board again, with its votes. Raises ValueError if this question wasn't asked, or
        can't have this answer.
        """
        if not self._asked:
            raise ValueError("the board has asked nothing: first ask the question, with `await board.ask(question)`")
        source = source_of(question)
        poll = next((one for one in self._asked if one.source == source), self.poll or self._asked[-1])
        return self._found(poll, measured(poll, question, found))

    def mark(self, poll: str, choice: int) -> None:
        """Show everybody that the class saw this choice of the poll. Raises ValueError if the board has none such."""
        if self.poll is None or self.poll.id != poll or not 0 <= choice < len(self.poll.choices):
            raise ValueError("the board has no such poll, or the poll no such choice")
        self._found(self.poll, Measured(f"saw: {self.poll.choices[choice]}", [choice]))

    def _found(self, poll: Poll, found: Measured) -> str:
        poll.measured = found
        poll.open, poll.shown = False, True  # later guesses would be no guesses
        self.poll = poll
        self.changed("poll")
        return line(poll, found)

    def close_poll(self) -> None:
        """Take no more votes."""
        if self.poll:
            self.poll.open = False
            self.changed("poll")

    def clear_poll(self) -> None:
        """Forget the poll."""
        self._asked = [one for one in self._asked if one is not self.poll]
        self.poll = None
        self.changed("poll")

    def clear_wall(self) -> None:
        """Forget all messages on the wall."""
        self.wall.clear()
        self.changed("wall")

    def hide_wall(self) -> None:
        """Hide the wall, or show it again."""
        self.wall.hidden = not self.wall.hidden
        self.changed("wall")

    def remove(self, name: str) -> None:
        """Remove the person with this name, with vote and messages. Raises ValueError if nobody has it."""
        if (person := self.people.named(name)) is None:
            raise ValueError(f"nobody here is called {name!r}")
        self._forget(person)
        self.people.remove(person)
        for tell in self.on_removed:
            tell(person)
        self.changed("people")

    def forget_absent(self) -> None:
        """Forget who has been away for two minutes without a vote in the poll: a phone keeps its name itself."""
        late = self.people.clock() - ABSENT
        for person in self.people:
            if person.away_since is not None and person.away_since <= late and self.vote_of(person) is None:
                self.people.forget(person)  # what is on the wall stays
                self.changed("people")

    def _forget(self, person: Person) -> None:
        self.wall.forget(person)
        self.changed("wall")
        for poll in self._asked:
            if poll.votes.pop(person.session, None) is not None and poll is self.poll:
                self.changed("vote")

    # What is shown

    def poll_for(self, mine: int | None) -> PollState | NoPoll:
        """Return what a phone may know of the poll if its own vote is `mine`."""
        if (poll := self.poll) is None:
            return NoPoll()
        return PollState(poll.id, poll.question, poll.choices, poll.open, mine, poll.results, poll.finding)

    def wall_for_phones(self) -> WallState:
        """Return what a phone may know of the wall."""
        return WallState(self.wall.entries)

    def board(self, urls: list[str], code: str) -> Board:
        """Return what the board shows."""
        poll = None
        if (one := self.poll) is not None:
            counts, voted = one.counts, len(one.votes)
            poll = BoardPoll(one.id, one.question, one.choices, counts, voted, one.open, one.shown, one.finding)
        people = [PersonState(one.name, one.round_trip, one.state, one.volunteer) for one in self.people]
        here = sum(one.state != "away" for one in people)
        wall, hidden, reactions = self.wall.entries, self.wall.hidden, dict(self.reactions)
        return Board(urls[0] if urls else "", urls, code, people, here, poll, wall, hidden, reactions)
