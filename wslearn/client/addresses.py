"""The addresses of servers that have the same rooms: which one to try next, and when. Lesson 09."""

from collections.abc import Callable, Iterable
from time import monotonic

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri


class Addresses:
    """URLs, tried in turn. One that has asked for a pause is left alone for it, if there is another one."""

    def __init__(self, urls: str | Iterable[str], clock: Callable[[], float] = monotonic) -> None:
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        if not self.urls:
            raise ValueError("expected a URL, or several in a list: got none")
        for url in self.urls:
            check(url)
        self._clock = clock
        #: The time before which each URL should not be tried, in the order in which they are tried.
        self._not_before = dict.fromkeys(self.urls, 0.0)

    @property
    def next(self) -> str:
        """The URL that may be tried first; of several, the one whose last attempt is the longest ago."""
        now = self._clock()
        return min(self._not_before, key=lambda url: max(self._not_before[url], now))

    @property
    def pause(self) -> float:
        """Seconds until `next` may be tried."""
        return max(0.0, self._not_before[self.next] - self._clock())

    def failed(self, url: str, pause: float = 0.0) -> None:
        """Take note that a URL's connection has ended, and how many seconds its server has asked to be left alone."""
        if self._not_before.pop(url, None) is not None:  # otherwise it has refused, and never gets another turn
            self._not_before[url] = self._clock() + pause

    def refused(self, url: str) -> bool:
        """Never try a URL again, and tell whether it was the last one."""
        self._not_before.pop(url, None)
        return not self._not_before


def check(url: str) -> None:
    """Raise ValueError for anything but a WebSocket's URL."""
    expected = f"expected a URL like ws://127.0.0.1:8765/ or wss://…, got {str(url)[:100]!r}"
    if not isinstance(url, str):
        raise ValueError(expected)
    try:
        parse_uri(url)
    except (InvalidURI, ValueError) as error:
        raise ValueError(f"{expected}: {error}") from None
