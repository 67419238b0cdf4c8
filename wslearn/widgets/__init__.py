"""Dashboards: a lesson to play with, on a projector or alone. Each is one coroutine, awaited in one cell."""
