"""Echo: whatever a client says comes back. Lesson 02."""

from wslearn.server import Server


class EchoServer(Server):
    """Welcome each client, then answer each text with `Echo: <text>`; bytes come back as they are.

    `EchoServer(plain=True)` leaves out the welcome and returns every message unchanged, text and binary alike.
    """

    def __init__(self, *args, plain: bool = False, **options):
        super().__init__(*args, **options)
        self.plain = plain

    async def handler(self, ws):
        if not self.plain:
            await ws.send("Welcome! Connection established.")
        async for message in ws:
            if isinstance(message, str) and not self.plain:
                message = f"Echo: {message}"
            await ws.send(message)
