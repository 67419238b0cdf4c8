"""Places in a full class: a device that holds more than half of them gives one to a device that has none.

In one room each phone has an address of its own. Behind a router they share one, and then nobody can tell a class from
one device that has opened 250 connections: among themselves, phones with one address are taken in order of arrival.
"""

from collections import defaultdict
from collections.abc import Iterable, Set
from typing import Any


def in_excess(connections: Iterable[Any], address: str, settled: Set[Any], few: int) -> Any | None:
    """Return which of the connections, oldest first, should give its place to a new one from this IP address, or None.

    It is the newest of an address that has more than half of all; first, one that is not among the `settled`, which
    have joined. For an address that has `few` connections or more, nobody gives a place.
    """
    by_address: dict[str, list[Any]] = defaultdict(list)
    for ws in connections:
        by_address[address_of(ws)].append(ws)
    most = max(by_address.values(), key=len, default=[])
    if len(by_address[address]) >= few or 2 * len(most) <= sum(map(len, by_address.values())):
        return None
    return next((ws for ws in reversed(most) if ws not in settled), most[-1])


def address_of(ws: Any) -> str:
    """Return the IP address of the client, or an empty string if it has gone."""
    peer = ws.transport.get_extra_info("peername")
    return peer[0] if peer else ""
