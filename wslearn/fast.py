"""What makes the servers fast: one message to many clients is encoded once and framed once. Lessons 03 and 07.

`fan_out` sends a message to many clients, `frame` makes the frame, `deliver` writes it. How: `wslearn.server.delivery`.
"""

from wslearn.server.delivery import deliver, fan_out, frame

__all__ = ["deliver", "fan_out", "frame"]
