"""Test your own server: pytest fixtures for conversations, bad networks, hostile clients and server processes.

pytest finds the fixtures by itself where wslearn is installed: `talk`, `bad_network`, `hostile_clients` and
`server_process`. README, "Test your own server", shows them. The names here are for annotations.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wslearn.testing.client import Client, Failed
    from wslearn.testing.conversation import Conversation
    from wslearn.testing.hostile import HostileClients, Outcome
    from wslearn.testing.network import BadNetwork
    from wslearn.testing.proxy import ReverseProxy

__all__ = ["BadNetwork", "Client", "Conversation", "Failed", "HostileClients", "Outcome", "ReverseProxy"]

#: The module of each name: pytest imports this file in every run, also where nobody uses a fixture.
_HOMES = {
    "BadNetwork": "wslearn.testing.network",
    "Client": "wslearn.testing.client",
    "Conversation": "wslearn.testing.conversation",
    "Failed": "wslearn.testing.client",
    "HostileClients": "wslearn.testing.hostile",
    "Outcome": "wslearn.testing.hostile",
    "ReverseProxy": "wslearn.testing.proxy",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
