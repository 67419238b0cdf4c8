"""Hubs: how the messages of a topic are kept, and how they reach every server. Lessons 09 and 10.

`NatsHub`, `Engine` and `Cluster` need the extra `cluster`. They are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from wslearn.common.extras import how_to_get
from wslearn.hubs.hub import Hub, HubLost, NotInstalled, Topic
from wslearn.hubs.memory import MemoryHub

if TYPE_CHECKING:
    from wslearn.hubs.cluster import Cluster
    from wslearn.hubs.engine import Engine
    from wslearn.hubs.nats import NatsHub

__all__ = ["Cluster", "Engine", "Hub", "HubLost", "MemoryHub", "NatsHub", "NotInstalled", "Topic"]

#: The module of each name that is loaded later.
_HOMES = {"Cluster": "wslearn.hubs.cluster", "Engine": "wslearn.hubs.engine", "NatsHub": "wslearn.hubs.nats"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "nats":
            raise
        raise NotInstalled(f"{name} needs nats-py: {how_to_get('cluster')}") from None
    return value
