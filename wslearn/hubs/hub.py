"""What a feed asks of a hub: keep a topic's messages, and pass them on to every server. Lessons 09 and 10."""

from collections.abc import Callable, Collection
from typing import Protocol

#: Called with the offset and the bytes of each message of a topic. It must not wait: the next message is due.
Heard = Callable[[int, bytes], None]


class NotInstalled(RuntimeError, ImportError):
    """What the extra `cluster` brings is not there; the text says how to get it."""


class HubLost(Exception):
    """A message could not be stored in time, or nobody knows whether it was: publish it again, with the same key."""


class Topic(Protocol):
    """A subscription."""

    @property
    def floor(self) -> int:
        """The offset after which nothing of the topic is missing from what was heard. It moves."""

    def unsubscribe(self) -> None:
        """End the subscription. Calling it twice is fine."""


class Hub(Protocol):
    """Keeps the messages of topics, and passes them on, in one order for all servers.

    Offsets grow from message to message; in one topic they have gaps. Several servers may share one hub, so each adds
    its own function to the five lists.
    """

    #: Changes when offsets begin anew, and what was kept is gone.
    epoch: str
    #: Whether the hub's engine is out of reach. `publish` raises HubLost at once while it is.
    lost: bool
    #: Called when `lost` becomes true, and when it becomes false again.
    on_lost: list[Callable[[], None]]
    on_back: list[Callable[[], None]]
    #: Called after `epoch` has changed, before anything of the new epoch is heard.
    on_epoch: list[Callable[[], None]]
    #: Called with a topic when messages may be missing between what was heard last and what is heard next: its floor
    #: has moved past the last one.
    on_gap: list[Callable[[str], None]]
    #: Called with a topic when its members have changed, on whichever server.
    on_presence: list[Callable[[str], None]]

    async def publish(self, topic: str, data: bytes, key: str | None) -> int:
        """Store a message, and return its offset. Within two minutes, a message with the same `key` is stored once.

        Bounded in time. Raises HubLost if it is not known to be stored, ValueError if it can't be, however often.
        """

    async def subscribe(self, topic: str, heard: Heard) -> Topic:
        """Call `heard` for each message that is kept, in order, then for each that comes; return after the former.

        Nothing of a subscription that is cancelled here stays. Raises HubLost.
        """

    async def name(self, session: str | None) -> str:
        """Return a client's name: the same for the same session, which is secret; for None always a new one.

        No two sessions of all servers have the same name. Raises HubLost.
        """

    def changed(self, topic: str, members: Collection[str], server: str) -> None:
        """Take note of who is in a topic on one server, which has its own id.

        If that is a change, `on_presence` of this hub is called before this returns: the first message of a new member
        must not come before its name.
        """

    def presence(self, topic: str) -> list[str]:
        """Return the names of a topic's members on all servers, sorted."""

    async def close(self) -> None:
        """Free what the hub holds. Calling it twice is fine."""
