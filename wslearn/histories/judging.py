"""The judge of histories. Lesson 09."""

from collections import Counter
from itertools import pairwise

from wslearn.histories.events import Acknowledged, Ended, Heard, Wrote
from wslearn.histories.history import History
from wslearn.histories.listener import Listener, Place, follow
from wslearn.histories.verdict import Verdict


def judge(history: History) -> Verdict:
    """Return what is wrong with a history. What a server has admitted (`recovered: false`, `floor`) is allowed."""
    verdict = Verdict()
    listeners = follow(history.events, verdict)
    places, seen_at, proofs = _stored(history, verdict)
    written = {event.text: event.who for event in history if isinstance(event, Wrote)}
    unheard = _unheard(history, listeners, verdict)
    wanted = excused = 0
    missing: Counter[str] = Counter()
    for who, listener in listeners.items():
        due, lost, admitted = listener.missing(places, seen_at)
        wanted, excused = wanted + due, excused + admitted
        missing.update(lost)
        for text in lost:
            if text not in unheard:
                verdict.find("lost", who, text, f"{who} never received {text}, which {proofs[text]}.")
    for text, sender in unheard.items():
        if missing[text]:
            said = f"The server acknowledged {text} to {sender}, and nobody received it."
            verdict.find("unheard", sender, text, said)
    _check_texts(written, places, seen_at, listeners, verdict)
    _check_orders(written, places, listeners, verdict)
    for event in history:
        if isinstance(event, Ended) and event.error:
            verdict.find("crashed", event.who, "", f"{event.who}'s client failed: {event.error}")
    verdict.counts.update(wanted=wanted, admitted=excused, missing=missing.total())
    return verdict


def _stored(history: History, verdict: Verdict) -> tuple[dict[str, list[Place]], dict[str, int], dict[str, str]]:
    """Return for each stored text its places, the number of the first event that shows it, and who knows of it."""
    places: dict[str, list[Place]] = {}
    seen_at: dict[str, int] = {}
    proofs: dict[str, str] = {}
    acked: dict[str, list[Place]] = {}
    for number, event in enumerate(history.events):
        if isinstance(event, Heard | Acknowledged):
            if event.text not in seen_at:
                seen_at[event.text] = number
                heard = isinstance(event, Heard)
                proofs[event.text] = f"{event.who} received" if heard else f"the server acknowledged to {event.who}"
            if event.offset is not None:
                kind = places if isinstance(event, Heard) else acked
                known = kind.setdefault(event.text, [])
                if (event.epoch, event.offset) not in known:
                    known.append((event.epoch, event.offset))
    for text, promised in acked.items():
        known = places.setdefault(text, [])
        for epoch, offset in promised:
            found = [other for here, other in known if here == epoch]
            if not found:
                known.append((epoch, offset))
            elif offset not in found:
                said = f"The server acknowledged {text} at offset {offset}, and it is at offset {found[0]}."
                verdict.find("misled", "", text, said)
    return places, seen_at, proofs


def _unheard(history: History, listeners: dict[str, Listener], verdict: Verdict) -> dict[str, str]:
    """Return the texts that were acknowledged and that nobody has received, and to whom they were acknowledged."""
    return {
        event.text: event.who
        for event in history
        if isinstance(event, Acknowledged) and not any(event.text in one.times for one in listeners.values())
    }


def _check_texts(
    written: dict[str, str],
    places: dict[str, list[Place]],
    seen_at: dict[str, int],
    listeners: dict[str, Listener],
    verdict: Verdict,
) -> None:
    for text, sender in written.items():
        if text not in seen_at:
            verdict.find("unsent", sender, text, f"{sender} wrote {text}, and the server never stored it.")
    for text in seen_at:
        if text not in written and (ears := [who for who, one in listeners.items() if text in one.times]):
            verdict.find("phantom", ears[0], text, f"{ears[0]} received {text}, which nobody has written.")


def _check_orders(
    written: dict[str, str], places: dict[str, list[Place]], listeners: dict[str, Listener], verdict: Verdict
) -> None:
    number = {text: index for index, text in enumerate(written)}
    by_epoch: dict[str, list[tuple[int, str]]] = {}
    first: set[tuple[str, str]] = set()
    for text, known in places.items():
        for epoch, offset in sorted(known):
            if text in number and (epoch, text) not in first:
                first.add((epoch, text))
                by_epoch.setdefault(epoch, []).append((offset, text))
    orders = [[text for _, text in sorted(one)] for one in by_epoch.values()]
    without = {who: [text for text in one.order if not places.get(text)] for who, one in listeners.items()}
    orders += [[text for text in one if text in number] for one in without.values()]
    overtaken = set()
    for order in orders:
        last: dict[str, str] = {}
        for text in order:
            sender = written[text]
            if sender in last and number[text] < number[last[sender]]:
                overtaken.add((sender, text, last[sender]))
            else:
                last[sender] = text
    for sender, text, later in sorted(overtaken):
        verdict.find("overtaken", sender, text, f"{sender} wrote {text} before {later}, and it was stored after it.")
    _compare(without, verdict)


def _compare(orders: dict[str, list[str]], verdict: Verdict) -> None:
    """Compare the orders in which users have received texts, of a server without offsets."""
    heard = [(who, order) for who, order in orders.items() if order]
    for index, (who, order) in enumerate(heard):
        for other, its in heard[:index]:
            position = {text: place for place, text in enumerate(its)}
            common = [text for text in order if text in position]
            for one, text in pairwise(common):
                if position[text] < position[one]:
                    said = f"{who} received {one} before {text}, and {other} received them the other way round."
                    verdict.find("reordered", who, text, said)
