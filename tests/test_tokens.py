import jwt
import pytest

from wslearn.tokens import Refused, Tokens

SECRET = "a secret of 32 bytes at the least"


def test_an_audience_is_checked_where_one_is_configured():
    token = Tokens(SECRET, "chat").issue("ann")
    assert Tokens(SECRET, "chat").verify(token)["aud"] == "chat"
    assert Tokens(SECRET).verify(token)["sub"] == "ann"
    with pytest.raises(Refused, match="Audience"):
        Tokens(SECRET, "mail").verify(token)
    with pytest.raises(Refused, match="aud"):
        Tokens(SECRET, "chat").verify(Tokens(SECRET).issue("ann"))


@pytest.mark.parametrize("user", ["", "x" * 65, "a\nb", "\x1b[2J"])
def test_a_user_must_have_a_name_that_can_be_shown(user):
    with pytest.raises(ValueError, match="expected a name of 1 to 64 printable characters"):
        Tokens(SECRET).issue(user)


@pytest.mark.parametrize("expires", [3600, 1, -60])
def test_a_token_is_good_for_exactly_as_long_as_asked_for(expires):
    claims = jwt.decode(Tokens(SECRET).issue("ann", expires), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == expires


@pytest.mark.parametrize("token", [5, None, ["a", "b", "c"], {"a.b.c": 1}, b"a.b.c"])
def test_what_is_no_text_is_refused(token):
    with pytest.raises(Refused, match=f"expected a text, got {type(token).__name__}"):
        Tokens(SECRET).verify(token)
