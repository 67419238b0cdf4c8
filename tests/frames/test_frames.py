"""wslearn.frames: what it reads equals what the websockets library says, whatever the bytes and their chunks are."""

import re
import tracemalloc
import zlib
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from wslearn.frames import Chunk, Frame, Head, HttpMessage, Rest, read, table, text
from wslearn.frames import inflate as frames_inflate
from wslearn.redact import redact

URL = "ws://127.0.0.1:8765/ws"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def switching(extensions: str = "") -> bytes:
    extra = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
    return f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n{extra}\r\n".encode()


def recording(up: bytes = b"", down: bytes = b"") -> list[Chunk]:
    return [Chunk(0.0, 1, "up", up), Chunk(0.0, 1, "down", down)]


def conversation(frames: bytes, direction: str, extensions: str = "") -> list:
    """Read `frames` as what follows a handshake in one direction; return the frames of it."""
    up, down = UPGRADE, switching(extensions)
    chunks = recording(up + frames, down) if direction == "up" else recording(up, down + frames)
    return [item for item in read(chunks) if item.direction == direction][1:]


class Peers:
    """The websockets library's own client and server, joined by lists of bytes instead of sockets."""

    def __init__(self, deflate: dict | None = None, secret_path: str = "") -> None:
        extensions = ([], [])
        if deflate is not None:
            sides = {f"{side}_{key}": value for side in ("client", "server") for key, value in deflate[side].items()}
            extensions = ([ClientPerMessageDeflateFactory(**sides)], [ServerPerMessageDeflateFactory(**sides)])
        self.client = ClientProtocol(parse_uri(URL + secret_path), extensions=extensions[0], max_size=None)
        self.server = ServerProtocol(extensions=extensions[1], max_size=None)
        self.sides = {"up": self.client, "down": self.server}
        self.received: dict[str, list[LibraryFrame]] = {"up": [], "down": []}
        self.chunks: list[Chunk] = []
        self.client.send_request(self.client.connect())
        self.move()

    def move(self) -> None:
        """Carry all that waits to the other side, and answer the handshake."""
        moved = True
        while moved:
            moved = False
            for direction, sender, receiver in (("up", self.client, self.server), ("down", self.server, self.client)):
                for data in filter(None, sender.data_to_send()):
                    moved = True
                    self.chunks.append(Chunk(len(self.chunks) / 1000, 1, direction, data))
                    receiver.receive_data(data)
                for event in receiver.events_received():
                    if isinstance(event, Request):
                        receiver.send_response(receiver.accept(event))
                        moved = True
                    elif isinstance(event, LibraryFrame):
                        self.received[direction].append(event)

    def send(self, direction: str, pieces: list[bytes], binary: bool) -> None:
        side = self.sides[direction]
        (side.send_binary if binary else side.send_text)(pieces[0], fin=len(pieces) == 1)
        for number, piece in enumerate(pieces[1:], start=2):
            side.send_ping(b"between")
            side.send_continuation(piece, fin=number == len(pieces))
        self.move()


def cut_again(chunks: list[Chunk], size: int) -> list[Chunk]:
    """Return the same bytes in chunks of `size`, wherever the first ones ended while the direction stayed the same."""
    size = max(size, sum(len(chunk.data) for chunk in chunks) // 2000)  # so that it takes no minutes
    runs: list[Chunk] = []
    for chunk in chunks:
        if runs and runs[-1].direction == chunk.direction:
            runs[-1] = Chunk(0.0, 1, chunk.direction, runs[-1].data + chunk.data)
        else:
            runs.append(Chunk(0.0, 1, chunk.direction, chunk.data))
    return [Chunk(0.0, 1, run.direction, run.data[i : i + size]) for run in runs for i in range(0, len(run.data), size)]


def without_time(items: list) -> list[dict]:
    return [{**vars(item), "time": 0} for item in items]


def joined(frames: list[LibraryFrame]) -> list[tuple[Opcode, bytes]]:
    """Return messages and control frames as the library received them, in the order in which they ended."""
    done, opcode, pieces = [], None, []
    for frame in frames:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            opcode = opcode if frame.opcode is Opcode.CONT else frame.opcode
            pieces.append(bytes(frame.data))
            if frame.fin:
                done.append((opcode, b"".join(pieces)))
                pieces = []
        else:
            done.append((frame.opcode, bytes(frame.data)))
    return done


def joined_here(frames: list[Frame]) -> list[tuple[int, bytes]]:
    done, opcode = [], None
    for frame in frames:
        if frame.opcode >= 8:
            done.append((frame.opcode, frame.payload))
            continue
        opcode = frame.opcode or opcode
        if frame.fin:
            done.append((opcode, frame.content))
    return done


LENGTHS = st.sampled_from([0, 1, 5, 125, 126, 127, 300, 65535, 65536])
BYTES = st.one_of(
    st.binary(max_size=200), LENGTHS.flatmap(lambda n: st.binary(min_size=1, max_size=3).map(lambda b: (b * n)[:n]))
)
TEXTS = st.text(max_size=60).map(str.encode)
MESSAGES = st.tuples(
    st.sampled_from(["up", "down"]),
    st.one_of(st.tuples(st.just(True), st.lists(BYTES, min_size=1, max_size=4)),
              st.tuples(st.just(False), st.lists(TEXTS, min_size=1, max_size=4))),
)  # fmt: skip
SIDE = st.fixed_dictionaries({"no_context_takeover": st.booleans(), "max_window_bits": st.integers(9, 15)})
DEFLATE = st.one_of(st.none(), st.fixed_dictionaries({"client": SIDE, "server": SIDE}))
counted = []


@settings(max_examples=125)
@given(DEFLATE, st.lists(MESSAGES, min_size=8, max_size=10), st.integers(1, 5000))
def test_frames_equal_what_the_websockets_library_received(deflate, messages, size):
    peers = Peers(deflate)
    for direction, (binary, pieces) in messages:
        peers.send(direction, pieces, binary)
    peers.client.send_close(1000, "bye")
    peers.move()
    items = read(peers.chunks)
    for direction in ("up", "down"):
        frames = [item for item in items if isinstance(item, Frame) and item.direction == direction]
        assert joined_here(frames) == joined(peers.received[direction])
        assert [(f.opcode, f.fin, f.missing, f.notes) for f in frames] == [
            (f.opcode, f.fin, "", ()) for f in peers.received[direction]
        ]
        assert all(frame.masked is (direction == "up") for frame in frames)
        assert any(f.compressed for f in frames if f.message) is (
            deflate is not None and any(f.message for f in frames)
        )
    assert items[-1].close_code == 1000 and items[-1].close_reason == "bye"
    assert without_time(read(cut_again(peers.chunks, size))) == without_time(items)
    counted.append(len(messages))


def test_those_were_a_thousand_messages():
    assert sum(counted) >= 1000, "the test above must have run, with 125 examples of 8 messages or more"


@given(
    st.booleans(), st.sampled_from(list(Opcode)), st.booleans(), st.integers(0, 7),
    st.one_of(st.binary(max_size=130), st.sampled_from([bytes(65535), bytes(65536)])),
)  # fmt: skip
def test_every_field_of_a_frame(fin, opcode, mask, rsv, data):
    if opcode >= 8:
        fin, data = True, data[:125]
    raw = LibraryFrame(opcode, data, fin).serialize(mask=mask)
    raw = bytes([raw[0] | rsv << 4]) + raw[1:]  # the library refuses to write them
    [item] = conversation(raw, "up")
    assert (item.raw, item.fin, item.opcode, item.payload) == (raw, fin, opcode, data)
    assert (item.rsv1, item.rsv2, item.rsv3, item.masked) == (bool(rsv & 4), bool(rsv & 2), bool(rsv & 1), mask)
    assert item.length == len(data) and len(item.key) == 4 * mask
    covered(item)


def covered(item) -> None:
    """The parts cover the item's bytes without gap or overlap."""
    assert item.raw and "".join(part.name for part in item.parts)
    assert [0, *(part.stop for part in item.parts)] == [*(part.start for part in item.parts), len(item.raw)]
    for part in item.parts:
        assert part.start < part.stop and part.meaning
        assert "section" in part.section or isinstance(item, Rest)


def test_a_frame_says_what_its_bits_are():
    [item] = conversation(bytes.fromhex("8185 37fa213d 7f9f4d5158"), "up")  # the example of RFC 6455 section 5.7
    assert [part.name for part in item.parts] == ["FIN, RSV1-3, opcode", "MASK, length", "masking key", "payload"]
    assert item.payload == item.content == b"Hello" and item.message == 1
    assert "1 000 0001" in str(item) and "37 fa 21 3d" in str(item) and "Hello" in str(item)


@pytest.mark.parametrize(
    "frame, rule",
    [
        ("8100", "a client must mask"), ("8380 00000000", "reserved"), ("81fe 0001 00000000 41", "fewer bytes"),
        ("0980 00000000", "control frame"), ("8881 00000000 00", "2 bytes of a code"), ("c180 00000000", "RSV"),
        ("8080 00000000", "continuation of no message"), ("0180 00000000", "last frame is missing"),
        ("81ff 8000000000000000 00000000", "63 bits"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named(frame, rule):
    assert rule in str(conversation(bytes.fromhex(frame), "up")[0])


REQUEST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


def test_the_old_name_of_a_message_still_works():
    assert Head is HttpMessage


def test_heads_on_one_kept_alive_connection():
    answers = [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",  # to HEAD: no body
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    ]
    requests = [REQUEST, b"HEAD /b HTTP/1.1\r\n\r\n", b"GET /c HTTP/1.1\r\n\r\n", b"GET /d HTTP/1.1\r\nX: 1\r\n\r\n"]
    items = read(recording(b"".join(requests), b"".join(answers)))
    assert [item.raw for item in items] == requests + answers
    assert [item.body for item in items] == [b"hello", b"", b"", b"", b"", b"Wikipedia", b"", b"", b"until the end"]
    assert [item.status for item in items[4:]] == [100, 200, 200, 304, 200]
    assert items[0].headers == (("Host", "a"), ("Content-Length", "5")) and items[0].start_line == "POST /a HTTP/1.1"
    assert items[0].raw[items[0].head_length :] == b"hello"
    for item in items:
        covered(item)


def test_order_is_that_of_the_first_byte_over_connections():
    chunks = [
        Chunk(0.1, 1, "up", REQUEST[:10]), Chunk(0.2, 2, "up", b"GET /2 HTTP/1.1\r\n\r\n"),
        Chunk(0.3, 1, "up", REQUEST[10:] + b"GET /3 HTTP/1.1\r\n"),
        Chunk(0.4, 2, "down", b"HTTP/1.1 204 No Content\r\n\r\n"),
        Chunk(0.5, 1, "up", b"\r\n"),
    ]  # fmt: skip
    items = read(chunks)
    assert [(item.time, item.connection, item.direction) for item in items] == [
        (0.1, 1, "up"), (0.2, 2, "up"), (0.3, 1, "up"), (0.4, 2, "down"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "up, down, reason",
    [
        (b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3", b"", "TLS record: encrypted"),
        (b"hello there\r\n", b"", "neither HTTP/1.1 nor WebSocket frames"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", "neither"),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\nxyz", b"HTTP/1.1 200 OK\r\n\r\n", "tunnel"),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\nxyz", b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n", "not WebSocket"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nxyz", b"", "Content-Length"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"", "without a size"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", b"", "longer than its size"),
    ],
)
def test_what_is_neither_http_nor_frames_says_so(up, down, reason):
    rest = [item for item in read(recording(up, down)) if isinstance(item, Rest)]
    assert len(rest) == 1 and reason in rest[0].reason
    covered(rest[0])


def small_recording() -> list[Chunk]:
    peers = Peers({"client": {}, "server": {}})
    peers.send("up", [b"Hello"], binary=False)
    peers.send("down", [b"x" * 200, bytes(range(200))], binary=True)
    peers.client.send_close(1000, "bye")
    peers.move()
    return peers.chunks


def test_broken_off_at_every_byte():
    chunks = small_recording()
    complete = read(chunks)
    for direction in ("up", "down"):
        stream = b"".join(chunk.data for chunk in chunks if chunk.direction == direction)
        other = [chunk for chunk in chunks if chunk.direction != direction]
        whole = [item for item in complete if item.direction == direction]
        ends = [sum(len(item.raw) for item in whole[: n + 1]) for n in range(len(whole))]
        for cut in range(1, len(stream)):
            if direction == "down" and cut < ends[0]:
                other = [chunk for chunk in chunks if chunk.direction == "up"][:1]  # the rest is no WebSocket yet
            items = [
                item for item in read([*other, Chunk(9.0, 1, direction, stream[:cut])]) if item.direction == direction
            ]
            assert b"".join(item.raw for item in items) == stream[:cut]
            assert [bool(item.missing) for item in items] == [False] * (len(items) - 1) + [cut not in ends], cut
            assert len(items) == sum(end < cut for end in ends) + 1
            assert cut in ends or "incomplete" in str(items[-1])
            covered(items[-1])


HEADS = [REQUEST, UPGRADE, switching(), switching("permessage-deflate"), b"HTTP/1.1 200 OK\r\n",
         b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Content-Length: 3\r\n", b"\r\n",
         b"\x16\3\1", b"5\r\n", b"0\r\n", b"\xc1\x85", b"\x88\x80", b"\x81\xff"]  # fmt: skip
ANYTHING = st.lists(st.one_of(st.sampled_from(HEADS), st.binary(max_size=30))).map(b"".join)
CHUNKS = st.lists(
    st.builds(Chunk, st.just(0.0), st.integers(1, 2), st.sampled_from(["up", "down"]), ANYTHING), max_size=6
)


@settings(max_examples=300)
@given(CHUNKS)
@example(recording(UPGRADE, switching("permessage-deflate") + b"\xc1\x01\x07"))
@example(recording(b"GET / HTTP/1.1\r\n\x80: \xff\r\n\t\r\n:\r\n\r\n", b"HTTP/1.1 200\r\n"))
def test_arbitrary_bytes(chunks):
    items = read(chunks)
    for connection, direction in ((c, d) for c in (1, 2) for d in ("up", "down")):
        here = [item for item in items if (item.connection, item.direction) == (connection, direction)]
        assert b"".join(item.raw for item in here) == b"".join(
            chunk.data for chunk in chunks if (chunk.connection, chunk.direction) == (connection, direction)
        )
    for item in items:
        covered(item)
        assert str(item) and repr(item)
    assert text(items) and table(items).html and table(items, secrets=True).html


def deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (engine.compress(data) + engine.flush(zlib.Z_SYNC_FLUSH))[:-4]


def compressed_frame(payload: bytes) -> bytes:
    raw = LibraryFrame(Opcode.TEXT, payload).serialize(mask=False)
    return bytes([raw[0] | 0x40]) + raw[1:]


def test_a_decompression_bomb_is_cut():
    bomb = compressed_frame(deflated(bytes(200 << 20)))
    tracemalloc.start()
    first, second = conversation(bomb + compressed_frame(deflated(b"a")), "down", "permessage-deflate")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert len(first.content) == frames_inflate.MAX_MESSAGE and "1,048,576 bytes" in first.notes[0]
    assert second.content == b"" and "earlier message" in second.notes[0]
    *_, last = conversation(bomb + compressed_frame(deflated(b"a")), "down",
                            "permessage-deflate; server_no_context_takeover")  # fmt: skip
    assert last.content == b"a"


def test_many_bombs_share_one_bound(monkeypatch):
    monkeypatch.setattr(frames_inflate, "MAX_RECORDING", 100)
    frames = compressed_frame(deflated(b"x" * 60)) * 3
    contents = [f.content for f in conversation(frames, "down", "permessage-deflate; server_no_context_takeover")]
    assert [len(content) for content in contents] == [60, 40, 0]


def test_a_block_that_says_it_is_the_last():
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = engine.compress(b"Hello Hello ") + engine.flush(zlib.Z_FINISH) + b"\0"  # RFC 7692 section 7.2.3.4
    follower = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"Hello Hello ")
    again = (follower.compress(b"Hello Hello Hello") + follower.flush(zlib.Z_SYNC_FLUSH))[:-4]
    frames = conversation(compressed_frame(payload) + compressed_frame(again), "down", "permessage-deflate")
    assert [frame.content for frame in frames] == [b"Hello Hello ", b"Hello Hello Hello"]


def test_compressed_only_if_agreed():
    [frame] = conversation(compressed_frame(deflated(b"Hello")), "down")
    assert not frame.compressed and frame.content is None and "no agreed extension" in str(frame)
    [frame] = conversation(compressed_frame(deflated(b"Hello")), "down", 'x; y="1", Permessage-Deflate; a')
    assert frame.compressed and frame.content == b"Hello"


# Secrets.

TOKENS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=12, max_size=40).map(lambda t: f"Q{t}")
WAYS = ["query", "cookie", "set-cookie", "folded", "bearer", "body", "chunked", "trailer", "gzip", "message", "close",
        "ping", "rest", "masked rest", "not agreed", "jwt", "escaped"]  # fmt: skip


def carrying(secret: str, way: str, cut: int, deflate: bool, direction: str) -> list[Chunk]:
    """Return a recording with `secret` in it, in this `way`; `cut` says where it is taken apart, if it is."""
    json = f'{{"é☪":1,"token":"{secret}","x":2}}'.encode()
    cut = cut % (len(json) - 1) + 1
    gzip = zlib.compress(json)
    response = b"HTTP/1.1 200 OK\r\n"
    heads = {
        "query": f"GET /ws?a=1&token={secret}&b=2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "cookie": f"GET / HTTP/1.1\r\nCookie: a=b; session={secret}\r\nHost: a\r\n\r\n",
        "folded": f"GET / HTTP/1.1\r\nAuthorization: Basic\r\n {secret}\r\n\t{secret}\r\nHost: a\r\n\r\n",
        "bearer": f"GET / HTTP/1.1\r\nX-Custom: Bearer {secret}\r\nHost: a\r\n\r\n",
    }
    if way in heads:
        return recording(heads[way].encode())
    answers = {
        "set-cookie": response + f"Set-Cookie: s={secret}; HttpOnly\r\nContent-Length: 0\r\n\r\n".encode(),
        "body": response + b"Content-Length: %d\r\n\r\n" % len(json) + json,
        "gzip": response + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(gzip) + gzip,
        "chunked": response
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (cut, json[:cut], len(json) - cut, json[cut:]),
        "trailer": response
        + f"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSet-Cookie: {secret}\r\n {secret}\r\n\r\n".encode(),
        "rest": b"??? " + json + b"\r\n",
        "masked rest": b"\0\0" + LibraryFrame(Opcode.TEXT, json).serialize(mask=True),
    }
    if way in answers:
        return recording(b"GET / HTTP/1.1\r\n\r\n", answers[way])
    if way == "not agreed":
        return recording(UPGRADE, switching() + compressed_frame(deflated(json)))
    peers = Peers({"client": {}, "server": {}} if deflate else None)
    peers.send(direction, [b"before"], binary=False)
    if way == "message":
        peers.send(direction, [json[:cut], json[cut:]], binary=True)
        peers.send(direction, [json], binary=True)
    elif way == "jwt":
        peers.send(direction, [f"my pass: eyJ{secret}.eyJ{secret}.{secret}".encode()], binary=False)
    elif way == "escaped":
        peers.send(direction, [rb'{"message":"%b"}' % json.replace(b'"', b'\\"')], binary=False)
    elif way == "close":
        peers.sides[direction].send_close(1008, f"token={secret}")
    elif way == "ping":
        peers.sides[direction].send_ping(f"token={secret}".encode())
    peers.move()
    return peers.chunks


def bytes_shown(html: str) -> list[bytes]:
    """Return the bytes of each hex block, raw and unmasked, as a reader would type them off; `**` ends a run."""
    runs = []
    for block in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL):
        for half in block.split("unmasked:"):
            octets = " ".join(re.findall(r"data-tip[^>]*>(?:<b[^>]*> </b>| )([0-9a-f* ]+)</span>", half))
            assert octets
            runs += [bytes.fromhex(run) for run in octets.split("**") if run.strip()]
    return runs


def leaks(secret: str, shown: bytes) -> bool:
    """Whether five letters in a row of the secret can be read."""
    return any(secret[i : i + 5].encode() in shown for i in range(len(secret) - 4))


@settings(max_examples=200)
@given(TOKENS, st.sampled_from(WAYS), st.integers(0, 60), st.booleans(), st.sampled_from(["up", "down"]))
def test_a_secret_is_never_shown(secret, way, cut, deflate, direction):
    chunks = carrying(secret, way, cut, deflate, direction)
    items = read(chunks)
    view = table(items)
    words = "\n".join([text(items), view.text, unescape(view.html), repr(view), repr(items), repr(chunks),
                       *map(str, items), *(str(part) for item in items for part in item.parts)])  # fmt: skip
    assert not leaks(secret, words.encode())
    assert all(redact(line) == line for line in text(items).splitlines())
    assert not any(leaks(secret, run) for run in bytes_shown(view.html))
    for item in items:  # what a reader could unmask: each byte of a secret is hidden under the mask too
        if isinstance(item, Frame) and item.masked:
            start = item.payload_start
            mask = item.hidden[start:] or bytes(len(item.payload))
            unmasked = bytes(0 if hide else byte for byte, hide in zip(item.payload, mask, strict=True))
            assert not leaks(secret, unmasked)
    if way not in ("gzip", "not agreed", "masked rest"):
        assert leaks(secret, "\n".join([table(items, secrets=True).text, text(items, secrets=True)]).encode())


def test_a_secret_in_a_compressed_message_hides_its_payload():
    chunks = carrying("QWERTYUIOPASD", "message", 12, True, "up")
    frames = [item for item in read(chunks) if isinstance(item, Frame) and item.message in (2, 3)]
    assert len(frames) == 3
    for frame in frames:
        assert frame.hidden[frame.payload_start :] == b"\1" * len(frame.payload)


def test_a_secret_beyond_the_bound_of_decompression_is_hidden_too():
    payload = deflated(b"a" * frames_inflate.MAX_MESSAGE + b'"token":"QWERTYUIOP"')
    [frame] = conversation(compressed_frame(payload), "down", "permessage-deflate")
    assert frame.hidden[frame.payload_start :] == b"\1" * len(payload)


@pytest.mark.parametrize("way", ["gzip", "not agreed", "masked rest"])
def test_what_cannot_be_read_is_hidden_since_it_may_hold_a_secret(way):
    chunks = carrying("QWERTYUIOPASD", way, 12, False, "down")
    item = read(chunks)[-1]
    start = {HttpMessage: lambda: item.head_length, Frame: lambda: item.payload_start, Rest: lambda: 0}[type(item)]()
    assert len(item.raw) - start > 20
    assert item.hidden[start:] == b"\1" * (len(item.raw) - start)
    assert not any(item.raw[start:][i : i + 4] in run for run in bytes_shown(table([item]).html) for i in range(20))
