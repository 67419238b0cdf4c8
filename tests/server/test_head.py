import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.server.head import MOST, Head, HeadReader

KEY = "wslearn-key-abc"
SMALL = b"GET /ws?a HTTP/1.1\r\nHost: localhost\r\n\r\n"


def read(data: bytes) -> Head | bytes | None:
    return HeadReader(KEY).feed(data)


@given(st.sets(st.integers(1, len(SMALL) - 1)), st.binary(max_size=20))
def test_a_head_is_the_same_in_however_many_pieces_it_comes(cuts, rest):
    reader, data = HeadReader(KEY), SMALL + rest
    *pieces, last = pairwise([0, *sorted(cuts), len(data)])
    for start, end in pieces:
        assert reader.feed(data[start:end]) is None
    head = reader.feed(data[slice(*last)])
    assert bytes(head) == SMALL and head.rest == rest and head.target == b"/ws?a" and head.is_small


@pytest.mark.parametrize(
    ("target", "seen", "keyed"),
    [
        (b"/", b"/", False),
        (b"/wslearn-key-abc/", b"/", True),
        (b"/wslearn-key-abc/ws?a=/b", b"/ws?a=/b", True),
        (b"/wslearn-key-abc//x", b"//x", True),
        (b"/wslearn-key-abc", b"/wslearn-key-abc", False),
        (b"/wslearn-key-abcd/", b"/wslearn-key-abcd/", False),
        (b"//wslearn-key-abc/", b"//wslearn-key-abc/", False),
        (b"/x/wslearn-key-abc/", b"/x/wslearn-key-abc/", False),
        (b"http://a/wslearn-key-abc/ws", b"/ws", True),
        (b"*", b"*", False),
    ],
)
def test_the_key_is_taken_out_of_the_path(target, seen, keyed):
    head = read(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (head.target, head.keyed) == (seen, keyed)


@pytest.mark.parametrize("host", [b"", b"Host: localhost\r\n", b"X: y\r\nhost: evil.example\r\n", b"HOST :x\r\n"])
def test_the_host_in_the_target_takes_the_place_of_the_header(host):
    head = read(b"GET http://127.0.0.1:8765/ws HTTP/1.1\r\n" + host + b"A: b\r\n\r\n")
    assert head.target == b"/ws"
    assert [given for given in head.headers()[0] if given[0].lower() == "host"] == [("Host", "127.0.0.1:8765")]
    assert ("A", "b") in head.headers()[0]


def test_more_than_one_host_stays_more_than_one():
    head = read(b"GET http://localhost/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert [value for name, value in head.headers()[0] if name == "Host"] == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01", b"\n", b"hello\r\n", b"GET / HTTP/2.0\r\n", b"GET / HTTP/1.1\n", b"GET  / HTTP/1.1\r\n"],
)
def test_what_is_no_http_is_given_back_at_once(data):
    assert read(data) == data


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_one_empty_line_before_a_request_is_no_part_of_it(size):
    """RFC 9112, section 2.2: some clients send one behind a body."""
    data = b"\r\nGET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    reader = HeadReader(KEY)
    for _ in range(2):
        heads = [reader.feed(data[start : start + size]) for start in range(0, len(data), size)]
        assert heads.pop() == (b"GET", b"/", b"HTTP/1.1", b"Host: evil.example\r\n", b"", False, False)
        assert set(heads) <= {None}


def test_2000_headers_are_taken_and_one_more_is_not():
    """Kept apart, each takes hundreds of bytes: 64 KiB of empty ones would be 4 MiB a connection."""
    assert not read(b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 2000 + b"\r\n").too_large
    assert read(b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 2001 + b"\r\n").too_large


def test_64_kib_are_taken_and_a_byte_more_is_not():
    line, end = b"GET /ws HTTP/1.1\r\n", b"\r\n\r\n"
    cookie = b"Cookie: a=" + b"x" * (MOST - len(line) - len(b"Cookie: a=") - len(end))
    head = read(line + cookie + end)
    assert not head.too_large and not head.is_small and head.headers() == ([("Cookie", cookie[8:].decode())], b"")
    head = read(line + cookie + b"x" + end)
    assert head.too_large and head.target == b"/ws" and head.fields == b""
    assert read(b"x" * MOST) is None and read(b"x" * (MOST + 1)).too_large


def test_what_a_parser_must_see_is_left_to_it():
    fields = b"Content-Length: 5\r\ntransfer-encoding: x\r\nno colon\r\n: y\r\n Folded: x\r\nX: \x00\r\nY:  z \r\n"
    given, lines = Head(b"GET", b"/", b"HTTP/1.1", fields).headers()
    assert given == [("Y", "z")]
    assert lines == b"Content-Length: 5\r\ntransfer-encoding: x\r\n" + b":\r\n" * 4


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        (b"", 0),
        (b"Content-Length: 5\r\n", 5),
        (b"X: y\r\ncontent-length:0 \r\n", 0),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", None),
        (b"Content-Length: -5\r\n", None),
        (b"Transfer-Encoding: chunked\r\n", None),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", None),
    ],
)
def test_how_long_a_body_is_or_that_only_a_parser_can_tell(fields, length):
    assert Head(b"POST", b"/", b"HTTP/1.1", fields).body_length == length


@pytest.mark.parametrize("piece", [b"x", b"X: y\r\n", b" "])
def test_slow_pieces_cost_no_more_than_a_head(piece):
    reader = HeadReader(KEY)
    reader.feed(b"GET /" + b"x" * 8000 + b" HTTP/1.1\r\nX: ")
    begun = time.process_time()
    while reader.feed(piece) is None:
        pass
    assert time.process_time() - begun < 2  # a 60 KiB head, byte by byte: 60,000 pieces


@pytest.mark.parametrize("line", [b"x" + b" " * 60_000 + b"y", b":" * 60_000, b"\t" * 60_000])
def test_a_hostile_header_is_read_in_time_that_grows_with_it_only(line):
    begun = time.process_time()
    Head(b"GET", b"/", b"HTTP/1.1", b"X: " + line + b"\r\n" + b"Host :" + line + b"\r\n").headers()
    assert time.process_time() - begun < 0.5
