"""Fast fan-out: `fan_out` sends a message to many clients, `frame` makes the frame, `deliver` writes it.

`wslearn.server.delivery` explains how. Lessons 03 and 07.
"""

from wslearn.server.delivery import deliver, fan_out, frame

__all__ = ["deliver", "fan_out", "frame"]
