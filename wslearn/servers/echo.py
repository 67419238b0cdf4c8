"""Echo: whatever a client sends comes back. Lesson 02."""

from wslearn.server import Server


class EchoServer(Server):
    """Welcome each client, then reply to each string with `Echo: <string>`; bytes come back as they are.

    `EchoServer(plain=True)` leaves out the welcome and returns every message unchanged, text and binary alike.
    """

    def __init__(self, host="127.0.0.1", port=0, *, plain=False, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.plain = plain

    async def handler(self, ws):
        if not self.plain:
            await ws.send("Welcome! Connection established.")
        async for message in ws:
            if isinstance(message, str) and not self.plain:
                message = f"Echo: {message}"
            await ws.send(message)
