import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.messages import REDACTED, encode, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2VjcmV0LXNpZ25hdHVyZQ"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"type":"authenticate","token":"{JWT}"}}',
        '{"type": "authenticate", "token" : "s3cr3t"}',
        '{"token":"s3cr3t',  # broken off
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


surroundings = st.text(alphabet=st.characters(exclude_characters="Q"))


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_"), surroundings, surroundings)
def test_a_token_never_survives_whatever_surrounds_it(token, before, after):
    assert f"Q{token}" not in redact(f'{before} {{"token":"Q{token}"}} {after}')


def test_encode_gives_compact_json_text():
    assert encode({"status": "ok", "connections": 0}) == '{"status":"ok","connections":0}'
