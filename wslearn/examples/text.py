"""A text that several people edit, and all end with the same: `wslearn serve text`."""

from collections import deque
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from wslearn.messages import BadMessage, FeedMessage, decode, encode
from wslearn.servers.feed import FeedServer


class Edit(Struct, tag="edit"):
    """At place `at`, cut so many characters and put others there. Its page had seen the edits up to offset `base`."""

    by: str
    base: int
    at: int
    cut: int
    put: str

    def after(self, other):
        """Return what this edit means once `other` is done: its place moves, and what is gone isn't cut again."""
        at, cut, end, gone = self.at, self.cut, self.at + self.cut, other.at + other.cut
        if gone <= at:  # the other one was before this one,
            at += len(other.put) - other.cut
        elif at <= other.at and gone <= end:  # or inside it,
            cut += (len(other.put) - other.cut) * (other.at < end)
        elif other.at <= at:  # or over its beginning,
            at, cut = other.at + len(other.put), max(0, end - gone)
        elif other.at < end:  # or over its end
            cut = other.at - at
        return Edit(self.by, self.base, at, cut, self.put)


class Text(Struct, tag="text"):
    """The whole text, for a page that is new, and the offset of the last edit in it."""

    text: str
    offset: int


class TextServer(FeedServer):
    """A feed of edits: the server moves each to where it belongs now, and all pages do the same in the same order."""

    page = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")

    @asynccontextmanager
    async def beside(self, host):
        """Do the same as the pages, for those that come later."""
        self.now, self.edits = Text("", 0), deque[tuple[int, Edit]](maxlen=500)
        async with super().beside(host):
            topic = await self.hub.subscribe("text", self.apply)
            yield
            topic.unsubscribe()

    def apply(self, offset, data):
        """Do what a stored edit says."""
        edit, old = decode(decode(data.decode(), FeedMessage).message, Edit), self.now.text
        self.now = Text(old[: edit.at] + edit.put + old[edit.at + edit.cut :], offset)
        self.edits.append((offset, edit))

    async def join(self, ws, session, request):
        """Send a new page the whole text; one that comes back gets only what it has missed."""
        request.room = "text"
        if request.offset is None:
            await ws.say(self.now)
            request.epoch, request.offset = self.hub.epoch, self.now.offset
        await super().join(ws, session, request)

    async def publish(self, ws, session, request):
        """Move an edit over those that its page had not seen, and store it."""
        try:
            edit = decode(request.message, Edit)
            if min(edit.at, edit.cut) < 0 or len(self.now.text + edit.put) > 10_000:
                raise BadMessage("an edit must be in the text, which has at most 10,000 characters")
        except BadMessage as bad:
            return await ws.complain("bad-message", str(bad), request.id)
        for offset, other in self.edits:
            if offset > edit.base:
                edit = edit.after(other)
        request.message = encode(edit)
        await super().publish(ws, session, request)
