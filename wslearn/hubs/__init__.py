"""Hubs: how the messages of a topic are kept, and how they reach every server. Lessons 09 and 10.

`NatsHub`, `Engine` and `Cluster` need the extra `cluster`. They are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from wslearn.common.later import loaded_later
from wslearn.hubs.hub import Hub, HubLost, NotInstalled, Topic
from wslearn.hubs.memory import MemoryHub

if TYPE_CHECKING:
    from wslearn.hubs.cluster import Cluster
    from wslearn.hubs.engine import Engine
    from wslearn.hubs.nats import NatsHub

__all__ = ["Cluster", "Engine", "Hub", "HubLost", "MemoryHub", "NatsHub", "NotInstalled", "Topic"]

_HOMES = {"Cluster": "wslearn.hubs.cluster", "Engine": "wslearn.hubs.engine", "NatsHub": "wslearn.hubs.nats"}
_load = loaded_later(__name__, _HOMES)


def __getattr__(name: str) -> object:
    try:
        return _load(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "nats":
            raise
        raise NotInstalled(f'{name} needs nats-py: run pip install "wslearn[cluster]"') from None
