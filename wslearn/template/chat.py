"""A chat over WebSockets: `python chat.py`, then open http://127.0.0.1:8000/ in two windows.

README.md lists the messages, and says what each part is for.
"""

import argparse
import asyncio
import itertools
import json
import logging
import signal
import socket
from contextlib import suppress
from http import HTTPStatus

import web
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

MAX_SIZE, MAX_TEXT = 4096, 500  # bytes of a message, characters of what somebody writes
MAX_UNSENT = 64 * 1024  # bytes that may wait for one client here; a client that reads too slowly is dropped
PAUSE = 0.05  # seconds between two messages of one client: the server reads 20 a second, and the rest waits
STOP = 2  # seconds for the closing handshakes when the server stops
log = logging.getLogger("chat")


class Chat:
    """Everybody who is connected. One object has the only list of them, and one method sends."""

    def __init__(self, max_clients):
        self.max_clients = max_clients  # without a limit, clients would take all memory and all open files
        self.clients, self.dropped = set(), 0
        self.numbers = itertools.count(1)

    def tell(self, targets, **message):
        """Send a message without waiting for anybody, and drop each client for which too much waits."""
        # json.dumps writes other letters than English ones as \u…: no text that a client can invent fails here.
        broadcast(targets, json.dumps(message))
        for ws in targets:
            if (unsent := ws.transport.get_write_buffer_size()) > MAX_UNSENT:
                self.dropped += 1
                log.warning("dropped a client that does not read: %d bytes waited for it", unsent)
                ws.transport.abort()  # close() would wait until the client has read all that

    async def handler(self, ws):
        """Serve one client, from the end of its handshake to the end of its connection, whatever that end is."""
        name = f"guest-{next(self.numbers)}"  # the server gives the names, so nobody can use another's
        # Without a limit, the operating system accepts megabytes for a client that reads nothing, before any wait here.
        ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_UNSENT)
        self.clients.add(ws)
        try:
            self.tell([ws], type="welcome", name=name)
            async for data in ws:
                try:
                    text = read(data)
                except ValueError as error:  # a mistake costs an answer, not the connection
                    self.tell([ws], type="error", message=str(error))
                else:
                    if text is None:
                        self.tell([ws], type="pong")
                    else:
                        self.tell(self.clients, type="message", name=name, text=text)
                await asyncio.sleep(PAUSE)
        except ConnectionClosed:
            pass  # the client vanished, or broke the protocol: `finally` does all that is left to do
        finally:
            self.clients.discard(ws)

    def http(self, connection, request):
        """Answer a request, or return None: then the library checks the handshake, and opens a WebSocket."""
        path = request.path.partition("?")[0]
        full = len(self.clients) >= self.max_clients
        status = HTTPStatus.SERVICE_UNAVAILABLE if full else HTTPStatus.OK
        if path == "/ws":
            return connection.respond(status, "The chat is full.\n") if full else None
        if path == "/health":
            # The truth: 200 only if the next client is let in. The event loop of the clients gives this answer, so if
            # it is blocked, no answer comes. A server that is stopping accepts no connection.
            unsent = sum(ws.transport.get_write_buffer_size() for ws in self.clients)
            return web.facts(
                connection, status, {"clients": len(self.clients), "unsent": unsent, "dropped": self.dropped}
            )
        return web.page(connection, path)


def read(data):
    """Return what a client says, or None for a ping. Raises ValueError with a text for the client."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        raise ValueError("This message isn't valid JSON.") from None
    match message:
        case {"type": "ping"}:
            return None
        case {"type": "say", "text": str(text)} if text.strip() and len(text) <= MAX_TEXT:
            return text
    raise ValueError(f'Send {{"type": "say", "text": "…"}} with 1 to {MAX_TEXT} characters, or {{"type": "ping"}}.')


async def main(host, port, origins, ping, max_clients):
    """Serve until the process is told to stop, then close every connection with 1001."""
    stop = asyncio.Event()
    with suppress(NotImplementedError):  # on Windows, where Ctrl-C cancels this function instead
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    chat = Chat(max_clients)
    server = await serve(
        chat.handler,
        host,
        port,
        process_request=chat.http,
        # A browser says which site a page belongs to, and other sites get 403. None: programs have no Origin.
        origins=[*origins, f"http://127.0.0.1:{port}", f"http://localhost:{port}", None],
        max_size=MAX_SIZE,  # a larger message closes its connection with 1009
        write_limit=MAX_UNSENT,  # up to here the library's pings wait for nothing
        ping_interval=ping,
        ping_timeout=ping,
        close_timeout=STOP,
        compression=None,  # the messages are short, and compression takes 30 KiB of memory for each client
    )
    log.info("ready: http://%s:%d/", host, port)
    try:
        await stop.wait()
    finally:
        server.close()  # nobody comes in any longer, and 1001 tells the pages to come back later
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), STOP)
        for ws in chat.clients:
            ws.transport.abort()  # a client that reads nothing would hold up the end


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A chat over WebSockets.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: only this computer)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--origin", action="append", default=[], help="a site whose pages may connect, repeatable")
    parser.add_argument("--ping", type=float, default=20, help="seconds between two pings, and for a pong")
    parser.add_argument("--max-clients", type=int, default=1000)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)  # or each file of the page would be a line
    with suppress(KeyboardInterrupt):
        asyncio.run(main(given.host, given.port, given.origin, given.ping, given.max_clients))
