"""A device that holds more than half of a class's places gives some of them to the devices of others."""

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phones_of_tests import at, join
from support import hear, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn.classroom import ClassServers
from wslearn.classroom.phones import PhonesServer
from wslearn.classroom.places import address_of, in_excess

PLACES = 6


class Client:
    """Has the address of a client, or of one that has gone."""

    def __init__(self, address: str | None) -> None:
        peer = (address, 50_000) if address else None
        self.transport = SimpleNamespace(get_extra_info=lambda name: peer)


def clients(addresses) -> list[Client]:
    """Return a client for each address."""
    return [Client(address) for address in addresses]


def test_the_newest_of_an_address_with_more_than_half_gives_its_place():
    here = clients("mambmmc")
    assert in_excess(here, "d", set(), 3) is here[5]


def test_first_one_that_has_not_joined():
    here = clients("mmmm")
    assert in_excess(here, "a", {here[1], here[3]}, 3) is here[2]


@pytest.mark.parametrize("taken", ["am", "mmab", ""])
def test_half_of_the_places_is_no_excess(taken):
    assert in_excess(clients(taken), "d", set(), 3) is None


def test_an_address_that_has_some_gets_no_more():
    here = clients("mmmmmmmmaaa")
    assert in_excess(here, "a", set(), 3) is None
    assert in_excess(here, "a", set(), 4) is here[7]
    assert in_excess(here, "m", set(), 3) is None


@given(st.lists(st.sampled_from(["m", "a", "b", "", None])), st.sampled_from(["m", "a", "new", ""]))
def test_whoever_gives_a_place_has_more_than_half(addresses, newcomer):
    here = clients(addresses)
    one = in_excess(here, newcomer, set(), 3)
    assert one is None or 2 * [address_of(each) for each in here].count(address_of(one)) > len(here)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has only one loopback address")
async def test_mallory_takes_all_places_and_the_class_still_comes_in(monkeypatch):
    monkeypatch.setattr(PhonesServer, "limits", replace(PhonesServer.limits, max_connections=PLACES))
    async with ClassServers("127.0.0.1") as servers, AsyncExitStack() as stack:
        here = servers.phones.connections
        mallorys = [await stack.enter_async_context(connect(at(servers))) for _ in range(PLACES)]
        for number, ws in enumerate(mallorys):
            await join(ws, f"Mallory {number}")
        with pytest.raises(InvalidStatus, match="503"):
            await connect(at(servers))

        pupils = []
        for number in range(PLACES // 2):
            source = (f"127.0.0.{number + 2}", 0)
            ws = await stack.enter_async_context(connect(at(servers), local_addr=source))
            assert (await join(ws, f"Pupil {number}"))[0]["name"] == f"Pupil {number}"
            pupils.append(ws)
        await until(lambda: len(here) == PLACES)
        async with asyncio.timeout(10):  # the newest of hers are gone, and she cannot come back
            for ws in mallorys[-len(pupils) :]:
                await ws.wait_closed()
        with pytest.raises(InvalidStatus, match="503"):
            await connect(at(servers))
        with pytest.raises(InvalidStatus, match="503"):  # nobody holds more than half now
            await connect(at(servers), local_addr=("127.0.0.9", 0))

        for ws in [*pupils, *mallorys[: -len(pupils)]]:  # nobody else has noticed
            await tell(ws, type="ping")
            assert (await hear(ws, "pong")) == {"type": "pong"}
