"""What the HTTP peers answer: events as JSON, refusals in plain words, and no header that nobody needs."""

import logging
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from websockets.http11 import Response

from wslearn.comparison.events import Published
from wslearn.messages import encode
from wslearn.server.handshake import respond
from wslearn.server.log import logger, one_line


class BadRequest(Exception):
    """A request that cannot be answered; its text says what was expected, `status` is the HTTP status."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def number(given: Mapping[str, str], name: str, default: int = 0) -> int:
    """Return the event's number that a query or header gives. Raises BadRequest where it is none."""
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise BadRequest(f"{name}: expected the number of an event, 0 or more, got {text[:40]!r}.")
    return int(text)


def json(message: object) -> web.Response:
    return web.Response(body=encode(message).encode(), content_type="application/json")


def listed(events: list[Published]) -> web.Response:
    return json(events) if events else web.Response(status=204)


def refused(status: int, text: str, **headers: str) -> web.Response:
    """Return an answer in plain words, after which the connection is closed."""
    return converted(respond(status, text, **headers))


def converted(response: Response) -> web.Response:
    """Return a response of `wslearn.handshake` as one of aiohttp's."""
    answer = web.Response(status=response.status_code, headers=list(response.headers.raw_items()), body=response.body)
    answer.force_close()
    return answer


async def leaner(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take out what aiohttp adds and nobody needs; a Date is asked for (RFC 9110, section 6.6.1)."""
    del response.headers[hdrs.SERVER]
    if response.headers.get(hdrs.CONTENT_TYPE) == "application/octet-stream":
        del response.headers[hdrs.CONTENT_TYPE]


def _lenient(record: logging.LogRecord) -> bool:
    """Let a request that is no HTTP be no error: it is the client's."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.levelno, record.levelname = logging.INFO, "INFO"
    return logger.isEnabledFor(record.levelno)


#: What aiohttp's server reports.
library_logger = logging.getLogger("wslearn.aiohttp")
library_logger.setLevel(logging.ERROR)
library_logger.addFilter(_lenient)
library_logger.addFilter(one_line)
