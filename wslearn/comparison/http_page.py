"""What the HTTP peers can be asked for, and the page that lists it. Lesson 01."""

#: Time for which a long poll is held before it is answered with 204, in seconds.
HOLD = 25.0

PATHS = {
    "/echo": "POST: the body comes back",
    "/publish": "POST: the body, text in UTF-8, becomes the payload of an event for all who wait",
    "/poll?after=N": "GET: the events after number N as a JSON list; 204 if there is none",
    "/long-poll?after=N": f"GET: the same, held until there is one; 204 after {HOLD:g} seconds",
    "/events": "GET: server-sent events; goes on after the number in Last-Event-ID",
    "/status": "GET: the server's clock in seconds, the last event's number, and how many clients wait for the next",
}

PAGE = (
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>comparison</title>\n'
    '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n'
    '<body data-name="comparison">\n<main>\n<h1>HTTP beside WebSocket</h1>\n<dl>\n'
    + "".join(f"<dt><code>{path}</code></dt><dd>{text}</dd>\n" for path, text in PATHS.items())
    + "</dl>\n<p>The WebSocket has a port of its own, one less unless the system picked it. There every message comes "
    "back;\nat <code>/ws?events</code> it sends each event instead.</p>\n</main>\n</body>\n</html>\n"
)
