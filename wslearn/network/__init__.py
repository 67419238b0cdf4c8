"""A network that a lesson can control: it delays, limits, silences, cuts and records bytes. Lesson 01."""

from wslearn.common.chunk import Chunk
from wslearn.network.conditions import is_number, seconds
from wslearn.network.network import PORTS, SimulatedNetwork, checked

__all__ = ["PORTS", "Chunk", "SimulatedNetwork", "checked", "is_number", "seconds"]
