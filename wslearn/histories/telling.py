"""Tells a history in sentences, as short as its reader needs it. Lesson 09."""

from collections.abc import Iterable

from wslearn.histories.events import Acknowledged, Ended, Event, Heard, Joined, Sent, Told, Wrote
from wslearn.histories.history import History
from wslearn.histories.running import LAST, LAST_SENDER
from wslearn.histories.verdict import Verdict


def tell(history: History, verdict: Verdict) -> str:
    """Return what happened in sentences, and at the end what is wrong with it."""
    events = [event for event in history if event.who != LAST_SENDER or isinstance(event, Wrote)]
    if not any(finding.text == LAST for finding in verdict.findings):
        events = [event for event in events if getattr(event, "text", "") != LAST]
    here = 0
    while here < len(events) and isinstance(events[here], Joined):
        here += 1
    names = [event.who for event in events[:here]]
    sentences = [f"{_listed(names)} {'is' if len(names) == 1 else 'are'} in the room."] if names else []
    sentences += _sentences(events[here:])
    return "\n".join([*sentences, "So:", *(f"- {finding}" for finding in verdict.findings)])


def _sentences(events: list[Event]) -> list[str]:
    sent = {event.text for event in events if isinstance(event, Sent)}
    heard: dict[str, list[str]] = {}
    told: list[str] = []
    group: list[Heard] = []
    for event in [*events, None]:
        if isinstance(event, Heard) and (not group or group[0].text == event.text):
            group.append(event)
            continue
        told += _receptions(group, heard)
        group = []
        match event:
            case Heard():
                group = [event]
            case Wrote() if event.text in sent:
                pass
            case Sent():
                told.append(f"{event.who} sends {event.text}{' again' if event.again else ''}.")
            case Acknowledged():
                told.append(f"The server acknowledges {event.text}.")
            case Ended() if not event.error:
                told.append(f"{event.who} does not come back.")
            case Told() | Event():
                told.append(str(event))
    return told


def _receptions(group: list[Heard], heard: dict[str, list[str]]) -> list[str]:
    """Return sentences such as: Ann and Bob receive 3."""
    if not group:
        return []
    text = group[0].text
    first: list[str] = []
    again: list[str] = []
    for event in group:
        (again if event.who in heard.setdefault(text, []) else first).append(event.who)
        heard[text].append(event.who)
    return [
        f"{_listed(names)} receive{'s' if len(names) == 1 else ''} {text}{more}."
        for names, more in ((first, ""), (again, " again"))
        if names
    ]


def _listed(names: Iterable[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last
