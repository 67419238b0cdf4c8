"""The paths of the HTTP peers, and the page that lists them. Lesson 01."""

#: Time for which a long poll is held before the response 204, in seconds.
HOLD = 25.0

PATHS = {
    "/echo": "POST: the server sends the body back",
    "/publish": "POST: the body, text in UTF-8, becomes the payload of an event for all waiting clients",
    "/poll?after=N": "GET: the events after number N as a JSON list; 204 if there is none",
    "/long-poll?after=N": f"GET: the same, held until there is one; 204 after {HOLD:g} seconds",
    "/events": "GET: server-sent events; continues after the number in Last-Event-ID",
    "/status": "GET: the server's clock in seconds, the last event's number, and how many clients wait for the next",
}

PAGE = (
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>comparison</title>\n'
    '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n'
    '<body data-name="comparison">\n<main>\n<h1>HTTP beside WebSocket</h1>\n<dl>\n'
    + "".join(f"<dt><code>{path}</code></dt><dd>{text}</dd>\n" for path, text in PATHS.items())
    + "</dl>\n<p>The WebSocket has its own port, one less unless the system chose it. It sends every message "
    "back;\nat <code>/ws?events</code> it sends each event instead.</p>\n</main>\n</body>\n</html>\n"
)
