import gc
import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.redact import SECRETS, SHOWN, beginning, describe, may_hold_secret, redact
from wslearn.server.log import LENGTH, Event, Log

TOKEN = "s3cr3t-t0k3n-0f-ann"
#: Characters that a search in any case takes for s, k and i.
LIKE_S_K_I = str.maketrans("ski", "\u017f\u212a\u0130")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


def kept(log):
    """Return everything that a log holds on to, as one string, found as the garbage collector finds it."""
    seen, left, found = set(), [log._kept], []
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        found.append(one.decode("latin-1") if isinstance(one, bytes) else one if isinstance(one, str) else "")
        left += gc.get_referents(one)
    return "\n".join(found) + pickle.dumps(log._kept).decode("latin-1")


@pytest.mark.parametrize(
    "message",
    [
        f'{{"type":"hello","token":"{TOKEN}"}}',
        f'{{"type":"say","text":"{{\\"TOKEN\\": \\"{TOKEN}\\"}}"}}',
        f'{{"Password" : "{TOKEN}", "text": "Grüße"}}',
        f"Authorization: Bearer {TOKEN}",
        f"bearer {TOKEN}",
        f"Cookie: session={TOKEN}",
        f"to\u212aen={TOKEN}",  # in any case, K is the sign for kelvin too
        f"pa\u017f\u017fword={TOKEN}",
        f"wslearn-key-{TOKEN}",
        "x" * (SHOWN - 20) + f" token={TOKEN}",  # cut in the middle
        b"\x00" * 20 + f"token={TOKEN}".encode(),
    ],
)
def test_what_is_kept_holds_no_secret_before_and_after_it_is_read(message):
    log = Log("echo")
    log.record_message("guest-1", message)
    assert TOKEN[:6] not in kept(log)
    assert TOKEN[:6] not in "\n".join(map(str, log.events))
    assert TOKEN[:6] not in kept(log)


def test_a_jwt_is_not_kept_either():
    log = Log("auth")
    log.record_message("guest-1", f'{{"type":"say","text":"my pass is {JWT}"}}')
    assert "eyJ" not in kept(log) and "[redacted]" in log.events[0].text


def test_the_test_finds_what_a_log_keeps():
    log = Log("echo")
    log.record_message("guest-1", f"hello {TOKEN}")  # no rule says that this is a secret
    assert TOKEN in kept(log)


#: Each secret has one of these before it or in it.
WORDS = ("token", "secret", "password", "cookie", "authorization", "session", "bearer", "wslearn-key-", "eyj")


@given(st.text() | st.builds(lambda a, word, b: a + word + b, st.text(), st.sampled_from(WORDS), st.text()))
def test_the_quick_look_never_misses_what_the_search_would_find(text):
    for variant in (text, text.upper(), text.translate(LIKE_S_K_I), text.translate({ord("i"): "\u0131"})):
        assert may_hold_secret(variant) or not SECRETS.search(variant)
    assert redact(text) == text or may_hold_secret(text)


@given(st.text(max_size=3 * SHOWN) | st.binary(max_size=3 * SHOWN))
def test_an_event_reads_as_if_it_had_been_written_at_once(message):
    log = Log("echo")
    log.record_message("guest-1", message)
    [event] = log.events
    described = describe(beginning(message), len(message))
    assert isinstance(event, Event) and event[:5] == ("message", "guest-1", described, None, "")
    assert log.events == [event]


def test_messages_and_other_events_keep_their_order_and_the_oldest_go():
    log = Log("echo")
    log.record("connect", "guest-1", "127.0.0.1")
    for number in range(LENGTH):
        log.record_message("guest-1", str(number))
    log.record("close", "guest-1", code=1000)
    events = log.events
    assert len(events) == LENGTH and [event.text for event in events[:2]] == ["'1'", "'2'"]
    assert events[-1].kind == "close" and [e.time for e in events] == sorted(e.time for e in events)


@pytest.mark.parametrize("message", ["x" * 65_536, b"x" * 65_536, bytearray(65_536)])
def test_a_large_message_is_not_kept_whole(message):
    log = Log("echo")
    for _ in range(LENGTH):
        log.record_message("guest-1", message)
    assert len(pickle.dumps(log._kept)) < LENGTH * 4 * SHOWN  # not 64 MiB
    assert not any(isinstance(part, bytearray) or len(part) > SHOWN for _, part, _, _ in log._kept)


def test_with_debugging_on_a_message_is_a_line_at_once(caplog):
    log = Log("echo")
    caplog.set_level(logging.DEBUG, logger="wslearn")
    log.record_message("guest-1", f"a\nb token={TOKEN}")
    [line] = caplog.messages
    assert line.startswith("echo ") and line.endswith(r" message guest-1 'a\nb token=[redacted]'")
    caplog.clear()
    caplog.set_level(logging.INFO, logger="wslearn")
    log.record_message("guest-1", "quiet")
    assert caplog.messages == [] and log.events[-1].text == "'quiet'"
