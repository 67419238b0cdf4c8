"""What the Python peers say, built once a message: the same JSON as wslearn's."""

import json
from datetime import UTC, datetime


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def broadcast_text(said: dict) -> str:
    return json.dumps({"type": "broadcast", "message": said["message"], "timestamp": _now()})


def room_text(room: str, said: dict) -> str:
    return json.dumps({"type": "room-message", "room": room, "message": said["message"], "timestamp": _now()})
