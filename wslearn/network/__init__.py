"""A network that a lesson can control: it delays, limits, silences, cuts and records what passes. Lesson 01."""

from wslearn.network.network import PORTS, SimulatedNetwork, checked, is_number, seconds

__all__ = ["PORTS", "SimulatedNetwork", "checked", "is_number", "seconds"]
