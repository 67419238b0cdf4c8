"""The text that several people edit: whatever they do at the same moment, all end with the same text."""

import asyncio
import json
import random
import secrets

import pytest
from websockets.asyncio.client import connect

from wslearn.examples.text import Edit, TextServer


class Page:
    """A page, with no more than what it must know."""

    def __init__(self, server):
        self.server, self.text, self.offset, self.epoch, self.count = server, None, None, "", 0
        self.session = secrets.token_hex(16)

    async def __aenter__(self):
        await self.connect()
        return self

    async def __aexit__(self, *exc_info):
        await self.ws.close()

    async def connect(self):
        """Join as a new page, or as one that comes back."""
        self.ws = await connect(self.server.url)
        place = {} if self.offset is None else {"epoch": self.epoch, "offset": self.offset}
        await self.ws.send(json.dumps({"type": "join-room", "room": "any", "session": self.session, **place}))
        await self.hears("joined")

    async def edit(self, at, cut, put, *, base=None, id=None):
        """Send an edit of the text as this page has it."""
        self.count += 1
        base = self.offset if base is None else base
        edit = {"type": "edit", "by": f"{self.session} {self.count}", "base": base, "at": at, "cut": cut, "put": put}
        message = {"type": "room-message", "message": json.dumps(edit), "id": id or str(self.count)}
        await self.ws.send(json.dumps(message))

    async def hears(self, kind):
        """Read up to a message of this type, do what the edits say, and return the message."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.ws.recv())
                if message["type"] == "text":
                    self.text, self.offset = message["text"], message["offset"]
                elif message["type"] == "joined":
                    self.epoch = message["epoch"]
                elif message["type"] == "room-message":
                    edit = json.loads(message["message"])
                    self.text = self.text[: edit["at"]] + edit["put"] + self.text[edit["at"] + edit["cut"] :]
                    self.offset = message["offset"]
                if message["type"] == kind:
                    return message


@pytest.fixture
async def server():
    async with TextServer() as server:
        yield server


async def test_two_edits_at_one_moment_end_in_one_text(server):
    async with Page(server) as ann, Page(server) as bob:
        await ann.edit(0, 0, "Hello world")
        for page in (ann, bob):
            await page.hears("room-message")
        base = ann.offset
        await ann.edit(0, 5, "Good day", base=base)
        await bob.edit(11, 0, "!", base=base)  # he does not know of hers
        for page in (ann, bob):
            while page.offset < base + 2:
                await page.hears("room-message")
        assert ann.text == bob.text == server.now.text == "Good day world!"
        async with Page(server) as zoe:
            assert zoe.text == ann.text


async def test_who_comes_back_has_missed_nothing_and_a_retry_is_done_once(server):
    async with Page(server) as ann, Page(server) as bob:
        await ann.edit(0, 0, "one")
        await ann.hears("ack")
        await bob.hears("room-message")
        await bob.ws.close()
        await ann.edit(3, 0, " two", id="7")
        await ann.edit(3, 0, " two", id="7")
        assert (await ann.hears("ack"))["offset"] == (await ann.hears("ack"))["offset"]
        await bob.connect()
        await bob.hears("room-message")
        assert ann.text == bob.text == "one two" == server.now.text


@pytest.mark.parametrize("seed", range(20))
async def test_many_edits_of_pages_that_lag_end_in_one_text(server, seed):
    choose = random.Random(seed)
    async with Page(server) as ann, Page(server) as bob:
        pages = (ann, bob)
        for _ in range(30):
            page = choose.choice(pages)
            at = choose.randrange(len(page.text) + 1)
            await page.edit(at, choose.randrange(4), choose.choice(("", "x", "yz", "ü😀")))
            if choose.random() < 0.5:  # otherwise it edits on without having read what has come
                await page.hears("ack")
        for page in pages:
            await page.edit(0, 0, "!", id="last")
        for page in pages:
            while (await page.hears("ack"))["id"] != "last":
                pass
        for page in pages:
            while page.offset < server.now.offset:
                await page.hears("room-message")
        assert ann.text == bob.text == server.now.text


def test_an_edit_moves_with_the_text_around_it():
    text = "0123456789"
    for other in (Edit("b", 0, 3, 2, "abc"), Edit("b", 0, 0, 4, ""), Edit("b", 0, 6, 4, "z"), Edit("b", 0, 2, 0, "q")):
        done = text[: other.at] + other.put + text[other.at + other.cut :]
        for at in range(10):
            for cut in range(10 - at):
                moved = Edit("a", 0, at, cut, "").after(other)
                left = set(done[: moved.at] + done[moved.at + moved.cut :])
                kept = set(text[:at] + text[at + cut :]) & set(done)
                assert moved.at >= 0 and moved.cut >= 0
                assert kept <= left, (other, at, cut, moved)


@pytest.mark.parametrize(
    "message",
    ["hello", '{"type":"edit"}', '{"type":"edit","by":"a","base":0,"at":-1,"cut":0,"put":"x"}',
     json.dumps({"type": "edit", "by": "a", "base": 0, "at": 0, "cut": 0, "put": "x" * 10_001})],
)  # fmt: skip
async def test_what_is_no_edit_changes_nothing(server, message):
    async with Page(server) as ann:
        await ann.ws.send(json.dumps({"type": "room-message", "message": message, "id": "1"}))
        error = await ann.hears("error")
        assert error["code"] == "bad-message" and error["id"] == "1"
        await ann.edit(0, 0, "still here")
        await ann.hears("ack")
    assert server.now.text == "still here"
