import asyncio
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from support import Clock

from wslearn import tokens
from wslearn.tokens import Expired, Refused, Tokens, until_expiry

SECRET = "a secret of 32 bytes at the least"


@pytest.fixture
def clocks(monkeypatch):
    """The wall clock and the monotonic one, as far as tokens look at them, set by the test."""
    wall, steady = Clock(), Clock()
    wall.now = 1_795_000_000.0
    monkeypatch.setattr(tokens, "time", SimpleNamespace(time=wall, monotonic=steady))
    monkeypatch.setattr(tokens, "LOOK", 0.005)
    return SimpleNamespace(wall=wall, steady=steady)


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


@pytest.mark.parametrize("expires", [1e12, float("inf"), float("-inf"), float("nan")])
def test_an_end_that_no_server_accepts_is_none(expires):
    with pytest.raises(ValueError, match="expected seconds, before the year 10000"):
        Tokens(SECRET).issue("ann", expires)


async def test_a_token_passes_until_its_end_and_fails_after_it_at_any_moment_of_a_second():
    """By the clock that was read beside each look: on a busy machine a look may come late, and then it must fail."""
    begun, looks = time.monotonic(), []

    async def look(token: str, exp: float, at: float) -> None:
        await asyncio.sleep(at - time.time())
        before = time.time()
        try:
            passed = bool(Tokens(SECRET).verify(token))
        except Refused as error:
            assert str(error) == "the token has expired"
            passed = False
        after = time.time()
        assert before < exp if passed else after >= exp, f"{exp % 1:.2f}: {passed} from {before - exp} to {after - exp}"
        looks.append((passed, before < exp))

    async def live(number: int) -> None:
        await asyncio.sleep(begun + number / 30 - time.monotonic())
        issued = time.time()
        token = Tokens(SECRET).issue("ann", 0.5)
        exp = jwt.decode(token, options={"verify_signature": False})["exp"]
        assert issued <= exp - 0.5 <= time.time()
        await asyncio.gather(look(token, exp, exp - 0.1), look(token, exp, exp + 0.12))

    await asyncio.gather(*map(live, range(30)))
    assert len(looks) == 60 and (True, True) in looks and (False, False) in looks


@pytest.mark.parametrize("hundredths", range(0, 100, 5))
def test_the_fraction_of_a_time_is_compared(clocks, hundredths):
    issued = clocks.wall.now = 1_795_000_000 + hundredths / 100
    token = Tokens(SECRET).issue("ann", 0.5)
    later = jwt.encode({"sub": "ann", "exp": issued + 60, "nbf": issued + 0.5}, SECRET)
    for seconds, good in ((0, True), (0.4, True), (0.499, True), (0.5, False), (0.62, False)):
        clocks.wall.now = issued + seconds
        if good:
            assert Tokens(SECRET).verify(token)["exp"] == issued + 0.5
            with pytest.raises(Refused, match="the token is not valid yet"):
                Tokens(SECRET).verify(later)
        else:
            with pytest.raises(Refused, match="the token has expired"):
                Tokens(SECRET).verify(token)
            assert Tokens(SECRET).verify(later)["nbf"] == issued + 0.5


@pytest.mark.parametrize("name", ["exp", "nbf"])
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), float("-inf"), 10**400, True, "9999999999", [9e9], {}],
    ids=lambda v: str(v)[:9],
)
def test_a_time_that_is_none_is_refused(name, value):
    claims = {"sub": "ann", "exp": time.time() + 60, name: value}
    token = jwt.PyJWS().encode(json.dumps(claims).encode(), SECRET)
    with pytest.raises(Refused, match=f"{name}: expected a number, in seconds since 1970"):
        Tokens(SECRET).verify(token)


def sleeps(clocks):
    """The machine sleeps for an hour: the wall clock goes on, the monotonic one need not."""
    clocks.wall.now += 3600


def is_set_forward(clocks):
    clocks.wall.now += 61


def is_set_back_and_the_time_passes(clocks):
    clocks.wall.now -= 3600
    clocks.wall.now += 60
    clocks.steady.now += 60


def both_pass(clocks):
    clocks.wall.now += 60
    clocks.steady.now += 60


@pytest.mark.parametrize("happens", [sleeps, is_set_forward, is_set_back_and_the_time_passes, both_pass])
async def test_a_block_ends_by_the_clock_that_comes_first(clocks, happens):
    entered = ended = False
    with pytest.raises(Expired):
        async with asyncio.timeout(30), until_expiry(clocks.wall.now + 60):
            entered = True
            clocks.wall.now += 59
            clocks.steady.now += 59
            await asyncio.sleep(20 * tokens.LOOK)  # one second is left
            clocks.wall.now -= 59
            clocks.steady.now -= 59
            happens(clocks)
            try:
                await asyncio.Event().wait()
            finally:
                ended = True
    assert entered and ended


async def test_a_block_whose_end_has_passed_ends_at_its_first_wait(clocks):
    with pytest.raises(Expired):
        async with asyncio.timeout(30), until_expiry(clocks.wall.now - 0.1):
            await asyncio.Event().wait()


async def test_a_block_that_ends_before_leaves_no_timer_and_keeps_its_own_error(clocks):
    troubles = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
    async with until_expiry(clocks.wall.now + 60):
        pass
    for error in (TimeoutError("own"), ValueError("own")):
        with pytest.raises(type(error), match="own"):
            async with until_expiry(clocks.wall.now + 60):
                raise error
    clocks.wall.now += 3600
    await asyncio.sleep(20 * tokens.LOOK)  # a timer that was left would look at what is over
    assert troubles == []


@pytest.mark.parametrize("token", [5, None, ["a", "b", "c"], {"a.b.c": 1}, b"a.b.c"])
def test_what_is_no_text_is_refused(token):
    with pytest.raises(Refused, match=f"expected a string, got {type(token).__name__}"):
        Tokens(SECRET).verify(token)
