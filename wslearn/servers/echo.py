"""Echo: the server sends every message back. Lesson 02."""

from wslearn.server import Server


class EchoServer(Server):
    """Welcome each client, then reply to each string with `Echo: <string>`, and to bytes with the same bytes.

    `EchoServer(plain=True)` leaves out the welcome and sends every message back unchanged, text and binary alike.
    `EchoServer(page=PAGE)` serves your page. `csp=False` sends it without its Content-Security-Policy (lesson 08).
    """

    def __init__(self, host="127.0.0.1", port=0, *, plain=False, page=None, csp=None, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.plain = plain
        if page is not None:
            self.page = page
        if csp is not None:
            self.csp = csp

    async def handler(self, ws):
        """Reply to each message."""
        if not self.plain:
            await ws.send("Welcome! Connection established.")
        async for message in ws:
            if isinstance(message, str) and not self.plain:
                message = f"Echo: {message}"
            await ws.send(message)
