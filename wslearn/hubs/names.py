"""Names of clients that are unique on all servers, and the same for the same session. Lesson 10."""

import secrets
from hashlib import sha256

from nats.js import api
from nats.js.errors import APIError

from wslearn.hubs.known import Known
from wslearn.hubs.link import Link

#: The stream with a message for each session, whose place in it is the client's number; and the most sessions.
STREAM, SUBJECT, MOST = "WSLEARN_NAMES", "wslearn.name", 100_000
#: The engine's error for a session that has a number already.
EXISTS = 10071


class Names:
    """The names of sessions: `guest-N`, where N is the number that the engine has given the session."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known = Known()
        #: The highest number that was seen, on whichever server.
        self.highest = 0

    def configuration(self) -> api.StreamConfig:
        """Return the stream as it should be made; a new one goes on after the numbers that are in use."""
        return api.StreamConfig(
            name=STREAM,
            subjects=[f"{SUBJECT}.*"],
            max_msgs=MOST,
            max_msgs_per_subject=1,
            max_msg_size=1024,
            max_bytes=MOST * 256,
            storage=api.StorageType.FILE,
            allow_direct=True,
            first_seq=self.highest + 1 if self.highest else None,
        )

    async def of(self, session: str | None) -> str:
        """Return a session's name, for None a new one. Raises HubLost."""
        if known := self._known.name_of(session):
            return known
        # A session is secret, and whoever has the engine's token can read the subjects.
        key = sha256(session.encode()).hexdigest() if session is not None else secrets.token_hex(32)
        number = await self._link.patiently(lambda: self._number(f"{SUBJECT}.{key}"))
        self.seen(number)
        name = f"guest-{number}"
        self._known.keep(session, name)
        return name

    def seen(self, number: int) -> None:
        """Take note of a number that is in use."""
        self.highest = max(self.highest, number)

    async def _number(self, subject: str) -> int:
        only_once = {str(api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value): "0"}
        try:
            return (await self._link.js.publish(subject, headers=only_once, stream=STREAM)).seq
        except APIError as error:
            if error.err_code != EXISTS:
                raise
        return (await self._link.js.get_last_msg(STREAM, subject, direct=True)).seq or 0
