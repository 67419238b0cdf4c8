"""Recorded bytes -> HTTP messages and WebSocket frames, for people to look at: as objects, as text, as a hex table.

No input or output happens here. A recording is an iterable of chunks in the order of time, as `wslearn.network` makes
it:

    items = read(network.recording)
    print(text(items))      # one line for each item
    print(items[0])         # one item with its parts
    table(items)            # in a notebook: the bytes in colours; pointing at a part explains it

Lesson: 01_http_vs_websocket.
"""

from wslearn.common.chunk import Chunk
from wslearn.frames.html import Table, table
from wslearn.frames.http import HttpMessage
from wslearn.frames.items import Item, Part, Rest
from wslearn.frames.reader import read, text
from wslearn.frames.websocket import Frame

#: The old name of `HttpMessage`, for older notebooks.
Head = HttpMessage

__all__ = ["Chunk", "Frame", "Head", "HttpMessage", "Item", "Part", "Rest", "Table", "read", "table", "text"]
