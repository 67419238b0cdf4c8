"""Responses of the HTTP peers: events as JSON, refusals in plain words, and no unnecessary headers."""

import logging
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from wslearn.comparison.events import Published
from wslearn.messages import encode
from wslearn.server.handshake import respond
from wslearn.server.log import logger, one_line


class BadRequest(Exception):
    """A request that is refused with the HTTP status `status`; its text says what was expected."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def number(given: Mapping[str, str], name: str, most: int, default: int = 0) -> int:
    """Return the event's number in a query or header. Raises BadRequest if it isn't a number.

    A number above `most`, the last event, is from an earlier run of the server, which had more events.
    """
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise BadRequest(f"{name}: expected the number of an event, 0 or more, got {text[:40]!r}.")
    return min(int(text), most)


def json(message: object) -> web.Response:
    """Return a response with a message as JSON."""
    return web.Response(body=encode(message).encode(), content_type="application/json")


def listed(events: list[Published]) -> web.Response:
    """Return a response with a list of events, 204 if it is empty."""
    return json(events) if events else web.Response(status=204)


def last_response(status: int, text: str, content_type: str = "text/plain", **headers: str) -> web.Response:
    """Return the response that `wslearn.server.handshake.respond` makes, after which the connection is closed."""
    made = respond(status, text, content_type, **headers)
    response = web.Response(status=status, headers=list(made.headers.raw_items()), body=made.body)
    response.force_close()
    return response


async def leaner(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Remove the unnecessary headers that aiohttp adds; a Date is required (RFC 9110, section 6.6.1)."""
    del response.headers[hdrs.SERVER]
    if response.headers.get(hdrs.CONTENT_TYPE) == "application/octet-stream":
        del response.headers[hdrs.CONTENT_TYPE]


def _lenient(record: logging.LogRecord) -> bool:
    """Log a request that isn't valid HTTP as information, because it is the client's mistake."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.levelno, record.levelname = logging.INFO, "INFO"
    return logger.isEnabledFor(record.levelno)


#: The log of aiohttp's server.
library_logger = logging.getLogger("wslearn.aiohttp")
library_logger.setLevel(logging.ERROR)
library_logger.addFilter(_lenient)
library_logger.addFilter(one_line)
