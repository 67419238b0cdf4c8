import json
import re
import string
import sys
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.messages import (
    BadMessage,
    Broadcast,
    JoinRoom,
    LeaveRoom,
    Pong,
    RoomMessage,
    Say,
    SayInRoom,
    decode,
    encode,
    now,
)
from wslearn.redact import REDACTED, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2VjcmV0LXNpZ25hdHVyZQ"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"type":"authenticate","token":"{JWT}"}}',
        '{"type": "authenticate", "token" : "s3cr3t"}',
        '{"token":"s3cr3t',  # broken off
        r'{"message":"{\"token\":\"s3cr3t\"}"}',  # JSON inside JSON
        r'{"message":"{\\\"password\\\" : \\\"s3cr3t\\\"}"}',
        r"{\"Authorization\":\"Basic s3cr3t\"}",
        r'{"token":"back\\slash\u0041s3cr3t"}',
        "/ws?token=s3cr3t&x=1",
        "/?x=1&access_token=s3cr3t",
        "Authorization: Bearer s3cr3t",
        "authorization: Basic s3cr3t==",
        "Cookie: username-localhost-8888=s3cr3t; _xsrf=s3cr3t",
        "Set-Cookie: sid=s3cr3t",
        "{'Cookie': 's3cr3t'}",
        "bearer s3cr3t",
        f"I am {JWT}!",
        JWT[:30],
        "GET /user/ann/proxy/8765/wslearn-key-s3cr3t/ws HTTP/1.1",
        "/wslearn-key-s3cr3t",
        "/login?next=%2Fproxy%2F8765%2Fwslearn-key-s3cr3t%2F",
    ],
)
def test_a_secret_is_redacted_wherever_it_stands(text):
    shown = redact(text)
    assert "s3cr3t" not in shown and JWT[:25] not in shown
    assert REDACTED in shown


def test_what_is_no_secret_stays():
    text = '{"message":"the cook broke the token ring","room":"a"}'
    assert redact(text) == text
    assert redact("GET /?token=abc&room=a HTTP/1.1\r\nHost: x") == f"GET /?token={REDACTED}&room=a HTTP/1.1\r\nHost: x"


def test_what_stands_beside_a_secret_in_escaped_json_stays():
    text = r'{"message":"{\"token\":\"%s\",\"room\":\"a\"}"}'
    assert redact(text % "s3cr3t") == text % REDACTED


@pytest.mark.parametrize(
    "text", ["token=" + "\\" * 50_000 + '"', 'token\\":"' * 8_000, "token=" + "a\\" * 25_000 + '"']
)
def test_redacting_takes_time_that_grows_with_the_text_only(text):
    begin = process_time()
    redact(text)
    assert process_time() - begin < 2  # quadratic it would be a minute


surroundings = st.text(alphabet=st.characters(exclude_characters="Q"))


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_"), surroundings, surroundings)
def test_a_token_never_survives_whatever_surrounds_it(token, before, after):
    assert f"Q{token}" not in redact(f'{before} {{"token":"Q{token}"}} {after}')


def test_encode_gives_compact_json_text():
    assert encode({"status": "ok", "connections": 0}) == '{"status":"ok","connections":0}'


def test_types_are_written_as_documented():
    assert encode(Broadcast("hi", "T")) == '{"type":"broadcast","message":"hi","timestamp":"T"}'
    assert encode(Broadcast("hi", "T", "ann")) == '{"type":"broadcast","message":"hi","timestamp":"T","sender":"ann"}'
    assert encode(Pong()) == '{"type":"pong"}'
    room_message = '{"type":"room-message","room":"a","message":"hi","sender":"ann","timestamp":"T"}'
    assert encode(RoomMessage("a", "hi", "ann", "T")) == room_message


def test_now_is_utc_in_milliseconds():
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())


ROOMS = (JoinRoom, LeaveRoom, SayInRoom)


def test_each_type_is_decoded_and_members_that_it_does_not_name_are_ignored():
    assert decode('{"type":"join-room","room":"a.B-c_9"}', *ROOMS) == JoinRoom("a.B-c_9")
    assert decode('{"sender":"root","type":"leave-room"}', *ROOMS) == LeaveRoom()
    assert decode('{"message":"\\ud83d\\ude00\\u0000"}', Say) == Say("😀\0")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"type":"dance"}', "Invalid value 'dance' - at `$.type`"),
        ('{"room":"a"}', "missing required field `type`"),
        ('{"type":"join-room"}', "missing required field `room`"),
        ('{"type":"join-room","room":"a b"}', "Expected 1 to 64 of a-z A-Z 0-9 . _ - - at `$.room`"),
        ('{"type":"room-message","message":5}', "Expected `str`, got `int` - at `$.message`"),
        ("[]", "Expected `object`, got `array`"),
        ("hello", "JSON is malformed"),
        ("", "truncated"),
        ('{"type":"room-message","message":"\\ud800"}', "half a character"),
        ('{"x":' + "[" * 60_000, "nested too deeply" if sys.version_info < (3, 14) else "truncated"),  # 3.14 has room
        (b"{}", "got a binary message of 2 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_expected(data, said):
    with pytest.raises(BadMessage) as error:
        decode(data, *ROOMS)
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    assert '{"type":"join-room","room":"…"} or {"type":"leave-room"} or {"type":"room-message","message":"…"}' in text
    assert said in text


@pytest.mark.parametrize(
    ("data", "half"),
    [
        ('{"type":"room-message","message":"hi \\ud83d"}', "d83d"),  # msgspec: "truncated"
        ('{"type":"room-message","message":"hi \\ud83d, more text"}', "d83d"),  # msgspec: "malformed"
        ('{"type":"room-message","message":"hi \\uD83D\\n"}', "d83d"),
        ('{"type":"room-message","message":"\\ud83d\\u0041"}', "d83d"),
        ('{"type":"room-message","message":"\\ud83d\\ud83d\\ude00"}', "d83d"),
        ('{"type":"room-message","message":"\\ude00"}', "de00"),
        ('{"type":"room-message","message":"\\ud83d\\ude00 \\\\ud83c \\ude00 and on"}', "de00"),
        ('{"type":"room-message","message":"x","\\ud83d":1}', "d83d"),
        ('{"type":"room-message","message":"x","more":{"deep":["\\ud83d"]}}', "d83d"),
        ('{"type":"\\ud83d"}', "d83d"),
        ('{"type":"room-message","message":"hi \ud83d"}', "d83d"),  # not even as bytes can this be sent
    ],
)
def test_half_an_emoji_is_said_to_be_one(data, half):
    with pytest.raises(BadMessage) as error:
        decode(data, *ROOMS)
    assert f"half a character, `\\u{half}`: an emoji was cut in two" in str(error.value)
    assert "truncated" not in str(error.value) and "malformed" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"type":"room-message","message":"hi', "truncated"),
        ('{"type":"room-message","message":"hi \\ud8', "truncated"),
        ('{"type":"room-message","message":"hi \\ud83d', "truncated"),  # the other half may have followed
        ('{"type":"room-message","message":"hi \\ud83d\\', "truncated"),
        ('{"type":"room-message","message":"hi \\ud83d\\u', "truncated"),
        ('{"type":"room-message","message":"hi \\ud83d\\ude', "truncated"),
        ('{"type":"room-message","message":"hi \\ud83d\\ude00"', "truncated"),
        ('{"type":"room-message","message":"\\\\ud83d"', "truncated"),
        ('{"type":"room-message","message":5,"more":"\\ud83d"}', "Expected `str`, got `int`"),
        ('{"type":"surrogate truncated","more":"\\ud83d"}', "Invalid value 'surrogate truncated'"),
        ('{"type":"room-message","message":"\\uzzzz \\ud83d"}', "invalid character in unicode escape"),
    ],
)
def test_what_is_wrong_otherwise_is_not_called_half_an_emoji(data, said):
    with pytest.raises(BadMessage) as error:
        decode(data, *ROOMS)
    assert said in str(error.value) and "half a character" not in str(error.value)


@given(st.text(st.characters(exclude_categories=())))
def test_a_text_cut_anywhere_is_a_message_or_half_a_character(text):
    data = json.dumps({"message": text}, ensure_ascii=True)
    cut = re.search("[\ud800-\udfff]", json.loads(data)["message"])
    if cut is None:
        assert decode(data, Say) == Say(json.loads(data)["message"])
    else:
        with pytest.raises(BadMessage, match=f"half a character, `.u{ord(cut[0]):x}`"):
            decode(data, Say)


def test_an_error_shows_no_token():
    with pytest.raises(BadMessage) as error:
        decode('{"type":"eyJhbGciOiJIUzI1NiJ9.e30.x"}', *ROOMS)
    assert "eyJ" not in str(error.value)


@given(st.text() | st.binary())
def test_whatever_comes_is_a_message_or_a_clear_error(data):
    try:
        assert isinstance(decode(data, Say), Say)
    except BadMessage as error:
        assert '{"message":"…"}' in str(error)
