"""Hubs: how the messages of a topic are kept, and how they reach every server. Lessons 09 and 10."""

from wslearn.hubs.hub import Hub, HubLost, Topic
from wslearn.hubs.memory import MemoryHub

__all__ = ["Hub", "HubLost", "MemoryHub", "Topic"]
