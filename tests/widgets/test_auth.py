"""The token lab: what it shows is what the server said."""

import asyncio
import re
import time

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import picture
from support import until

from wslearn.tokens import Refused, Tokens
from wslearn.widgets import auth
from wslearn.widgets.auth import TokenLab
from wslearn.widgets.auth_token import BAD_TOKENS, claims_of, token_html, unpack

#: What the server says of each bad token, before it closes with 1008.
WORDS = {
    "Change the name": "Signature verification failed",
    "alg none": "The specified alg value is not allowed",
    "Wrong secret": "Signature verification failed",
    "Expired": "the token has expired",
}


@pytest.fixture
async def lab():
    """A lab that is not shown, and after which nothing is left running."""
    before = asyncio.all_tasks()
    lab = TokenLab()
    yield lab
    await lab.task.stop()
    for button, _ in lab._actions.values():
        await button.stop()  # they need no run, and so do not end with it
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once


async def run(lab: TokenLab, seconds: int = 1) -> None:
    lab.life.value = seconds
    lab.run.click()
    async with asyncio.timeout(50):
        await lab.task.ended()


async def is_in(lab: TokenLab) -> None:
    await until(lambda: lab.own.came_in is not None and lab.own.left is None)


def everything_shown(lab: TokenLab) -> str:
    return "\n".join([lab.shown.value, lab.shown_bad.value, lab.status.value, lab.picture.text])


async def test_a_token_lets_in_until_it_ends(lab):
    await run(lab)
    assert lab.task.error is None
    assert (lab.own.code, lab.own.reason) == (1008, "Token expired")
    assert lab.own.inside > 0 and lab.life_of_token == 1
    assert lab.own.words.startswith("the token has expired")
    assert (
        f"ann (token expires after 1 s): ✔ connected for {lab.own.inside:.1f} s, then 1008 Token expired"
        in lab.picture.text
    )
    assert claims_of(lab.token)["sub"] == "ann"


async def test_the_time_runs_down_while_it_is_in(lab):
    lab.life.value = 60
    lab.run.click()
    await is_in(lab)

    def left() -> int:
        return int(re.search(r"✔ connected, (\d+) s left", lab.shown.value)[1])

    await until(lambda: "s left" in lab.shown.value)
    first = left()
    await until(lambda: left() < first)
    assert first <= 60
    assert "ann" in lab.shown.value and not lab.cancel.disabled
    lab.cancel.click()
    await until(lambda: not lab.task.running)
    assert "cancelled" in lab.shown.value and "s left" not in lab.shown.value


@pytest.mark.parametrize("kind", BAD_TOKENS)
async def test_a_bad_token_is_refused_in_the_servers_own_words(lab, kind):
    await run(lab)
    lab.bad[kind].click()
    await until(lambda: kind in lab.tried and "1 tried, 1 refused" in lab.picture.text)
    visit = lab.tried[kind]
    assert (visit.came_in, visit.words, visit.code, visit.reason) == (None, WORDS[kind], 1008, "Invalid token")
    assert f"Invalid token ({kind}):</b> ✘ refused: {WORDS[kind]} (1008 Invalid token)" in lab.shown_bad.value
    assert "changed" in lab.shown_bad.value and lab.bad_token != lab.token


async def test_bad_tokens_may_be_pressed_all_at_once_and_while_the_real_token_is_in(lab):
    lab.life.value = 60
    lab.run.click()
    await is_in(lab)
    for button in lab.bad.values():
        button.click()
    await until(lambda: "Invalid tokens: 4 tried, 4 refused." in lab.picture.text)
    assert {kind: visit.words for kind, visit in lab.tried.items()} == WORDS
    assert lab.own.left is None


async def test_run_again_while_it_runs_and_reset(lab):
    lab.life.value = 60
    lab.run.click()
    await is_in(lab)
    first, old = lab.token, lab.own
    lab.user.value = "bob"
    lab.run.click()
    await until(lambda: lab.token != first)
    await is_in(lab)
    assert old.left is not None and claims_of(lab.token)["sub"] == "bob"
    lab.bad["Expired"].click()
    await until(lambda: "1 tried, 1 refused" in lab.picture.text)

    secret, bobs = lab._secret, lab.token
    lab.reset.click()
    async with asyncio.timeout(50):
        await lab.task.ended()
    assert (lab.user.value, lab.life.value, lab.tried) == ("ann", 10, {})
    assert lab.shown_bad.value == "" and lab.own.code == 1008
    assert lab._secret != secret
    with pytest.raises(Refused):
        Tokens(lab._secret).verify(bobs)


@pytest.mark.parametrize("name", ["   ", "x" * 65, "a\x00b"])
async def test_a_name_that_is_none_is_refused_where_it_is_seen(lab, name):
    lab.user.value = name
    await run(lab)
    assert "expected a name of 1 to 64 printable characters" in lab.status.value
    lab.bad["alg none"].click()
    await until(lambda: "Press Run first" in lab.status.value)
    lab.user.value = "ann"
    await run(lab)
    assert lab.own.code == 1008


@pytest.mark.parametrize("name", ["<b>mallory</b>", "alg none", "Ägnes", "admin", "x" * 64])
async def test_any_name_is_shown_as_it_is(lab, name):
    lab.user.value = name
    await run(lab)
    assert lab.task.error is None and lab.own.code == 1008
    assert "<b>mallory" not in lab.shown.value + lab.status.value
    lab.bad["Change the name"].click()
    await until(lambda: "1 tried, 1 refused" in lab.picture.text)
    assert claims_of(lab.bad_token)["sub"] == ("root" if name == "admin" else "admin")


async def test_the_secret_is_nowhere_to_be_seen(lab):
    await run(lab)
    for kind, button in lab.bad.items():
        button.click()
        await until(lambda kind=kind: kind in lab.tried)
    assert lab._secret not in everything_shown(lab)


def test_what_is_another_than_in_the_good_token_has_a_word():
    issuer = Tokens("a secret that nobody but this test knows")
    token = issuer.issue("ann")
    changed = {}
    for kind, make in BAD_TOKENS.items():
        shown = token_html("Bad token", "?", make(token, issuer), token)
        changed[kind] = re.findall(r"<b>(\w+)</b> &middot; changed", shown)
    assert changed == {
        "Change the name": ["claims"],
        "alg none": ["header", "claims", "signature"],
        "Wrong secret": ["claims", "signature"],
        "Expired": ["claims", "signature"],
    }
    own = token_html("Own", "?", token)
    assert "changed" not in own
    for part in token.split("."):
        assert part in own
    assert time.strftime("%H:%M:%S", time.localtime(claims_of(token)["exp"])) in own
    assert len(unpack(token.split(".")[2])) == 32


def test_an_expired_token_was_good_once_and_for_as_long_as_the_real_one():
    issuer = Tokens("a secret that nobody but this test knows")
    old = claims_of(BAD_TOKENS["Expired"](issuer.issue("ann", 10), issuer))
    assert old["sub"] == "ann" and old["exp"] - old["iat"] == pytest.approx(10) and old["exp"] < time.time() - 59


CELL = new_code_cell("from wslearn.widgets.auth import token_lab\n\nlab = await token_lab()")


def test_a_cell_leaves_a_picture_and_run_again_one_lab(shared_kernel):
    with shared_kernel() as running:
        for _ in range(2):
            assert "ann (token expires after 1 s): ✔ connected for" in picture(running, CELL)
        running.ask("lab.run.click()")
        running.ask("old = lab")
        running.run(CELL)
        assert running.ask("print(old.task.running, old is lab)") == "False False"
        assert running.ask("from wslearn import cells; print(len(cells._running))") == "0"


def test_the_first_run_is_short():
    assert auth.FIRST_LIFE < 3
