"""What the server answers over HTTP: the files of the page, and JSON. Nothing here knows the chat."""

import json
from http import HTTPStatus
from pathlib import Path

PAGE = Path(__file__).parent / "page"
#: The only files that anybody gets, by their paths: no path of a request is ever looked up on the disk.
FILES = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
HEADERS = {
    # A browser runs only this site's scripts, whatever somebody writes in the chat, and no site can frame the page.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",  # a browser believes our content types, and guesses none
    "Referrer-Policy": "no-referrer",  # no other site is told this page's address
    "Cache-Control": "no-cache",  # after an update, nobody has old scripts
}


def page(connection, path):
    """Return the response with a file of the page, or 404."""
    if path not in FILES:
        return connection.respond(HTTPStatus.NOT_FOUND, "There is no such page.\n")
    name, kind = FILES[path]
    return answer(connection, HTTPStatus.OK, (PAGE / name).read_text(encoding="utf-8"), kind)


def facts(connection, status, values):
    """Return a response with values as JSON."""
    return answer(connection, status, json.dumps(values) + "\n", "application/json")


def answer(connection, status, text, kind):
    """Return a response with a content type and the headers above."""
    response = connection.respond(status, text)
    del response.headers["Content-Type"]  # respond() says text/plain, and one header more would not replace it
    response.headers.update({"Content-Type": f"{kind}; charset=utf-8", **HEADERS})
    return response
