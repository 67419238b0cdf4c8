"""Who is in a topic, on all servers. Lesson 10."""

from collections.abc import Collection


class Members:
    """The names of each topic's members on each server."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, frozenset[str]]] = {}

    def set(self, topic: str, names: Collection[str], server: str) -> bool:
        """Take note of a topic's members on one server, and tell whether that was a change."""
        servers = self._of.setdefault(topic, {})
        before, after = servers.get(server, frozenset()), frozenset(names)
        if after:
            servers[server] = after
        else:
            servers.pop(server, None)
        if not servers:
            del self._of[topic]
        return before != after

    def names(self, topic: str) -> list[str]:
        """Return the names of a topic's members, sorted."""
        return sorted(frozenset().union(*self._of.get(topic, {}).values()))

    def topics(self, server: str) -> list[str]:
        """Return the topics in which a server has members."""
        return [topic for topic, servers in self._of.items() if server in servers]
