"""A client of `feed` that does everything right, as short as can be, with a method for each thing that can be wrong."""

import asyncio
import json
import secrets
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

LOST = (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, EOFError)


class Careful:
    """Keeps session, epoch and offset; one message in flight; resends it; drops what its user has had."""

    def __init__(self, person):
        self.person = person
        self.session = secrets.token_hex(16)
        self.epoch, self.offset = "", None
        self.number = 0
        #: The message in flight: its id and text.
        self.pending = None
        self.acked = asyncio.Event()
        self.ws = None
        self.joined = asyncio.Event()

    @classmethod
    async def run(cls, person):
        """Be this person's client."""
        await cls(person).live()

    async def live(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.write())
            while True:
                await self.connect_once()
                await asyncio.sleep(0)

    async def connect_once(self):
        with suppress(*LOST):
            async with connect(self.person.url, proxy=None, compression=None, close_timeout=0.2) as ws:
                self.ws = ws
                await self.send(self.hello())
                async for data in ws:
                    await self.receive(json.loads(data))
        self.joined.clear()

    async def send(self, fields):
        await self.ws.send(json.dumps(fields))

    def hello(self):
        resume = {} if self.offset is None else {"epoch": self.epoch, "offset": self.offset}
        return {"type": "join-room", "room": self.person.room, "session": self.session, **resume}

    async def receive(self, fields):
        match fields["type"]:
            case "joined":
                await self.take_joined(fields)
            case "room-message":
                self.take_message(fields)
            case "ack" if self.pending and fields["id"] == self.pending[0]:
                self.acked.set()
            case "error" if self.pending and fields.get("id") == self.pending[0]:
                await asyncio.sleep(0.01)
                await self.resend()

    async def take_joined(self, fields):
        if not fields["recovered"]:
            self.person.hear(fields)
        if fields["epoch"] != self.epoch:
            self.epoch, self.offset = fields["epoch"], None
        if self.offset is None:
            self.offset = fields["offset"] if fields["recovered"] else 0
        self.joined.set()
        await self.resend()

    def take_message(self, fields):
        if not self.had(fields):
            self.offset = fields["offset"]
            self.person.hear(fields)

    def had(self, fields):
        return self.offset is not None and fields["offset"] <= self.offset

    async def resend(self):
        if self.pending:
            await self.send(self.message(*self.pending))

    def message(self, id, text):
        return {"type": "room-message", "message": text, "id": id}

    def next_id(self):
        self.number += 1
        return str(self.number)

    async def write(self):
        while True:
            text = await self.person.next()
            self.pending = self.next_id(), text
            self.acked.clear()
            if self.joined.is_set():
                with suppress(*LOST):  # it is sent again after the next join
                    await self.resend()
            await self.acked.wait()
            self.pending = None
