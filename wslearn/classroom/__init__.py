"""The class joins by phone: one computer serves phones on its network, and a board for the projector.

- `people`, `polls`, `wall`: who is here, what they are asked, and what they write; `classroom` holds the three.
- `phones` listens on the network; `board` listens on this computer only; `gate` keeps strangers out of both.
- `addresses`, `qr`: how phones find the way; `rehearsal`: simulated phones; `servers`: all of it, started and stopped.
"""

from wslearn.classroom.classroom import Classroom
from wslearn.classroom.servers import ClassServers

__all__ = ["ClassServers", "Classroom"]
