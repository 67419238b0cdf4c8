"""A LAN without internet: the instructor's computer and phones, each in its own network namespace of Linux."""

import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from lan import Lan, a_class, get, inside, ip, joined, lan, listens, place, websocket
from phones_of_tests import board_until, states
from support import hear, tell

NOTHING = b"\r\n\r\nNothing is here: scan the code on the board again.\n"


@pytest.fixture
def rooms():
    """A laptop with a Wi-Fi."""
    with lan() as made:
        yield made


def jupyter(laptop: str) -> socket.socket:
    """Listen on loopback of the laptop, as a Jupyter server does."""
    with inside(laptop):
        return socket.create_server(("127.0.0.1", 8888))


async def test_a_phone_reaches_the_class_and_nothing_else(rooms: Lan):
    phone = rooms.phone("ann", "wlan0", "10.77.0.11/24")
    async with a_class(rooms.laptop) as addresses, AsyncExitStack() as stack:
        stack.enter_context(jupyter(rooms.laptop))
        url, board_url = addresses["url"], addresses["board_url"]
        assert addresses["urls"] == [f"http://10.77.0.1:8000/{addresses['code']}"]
        ann = await stack.enter_async_context(joined(phone, url, "Ann", "a"))
        assert (await hear(ann, "welcome"))["name"] == "Ann"
        assert get(phone, f"{url}/").startswith(b"HTTP/1.1 200 ")
        port, path = place(board_url)[1], board_url.split("/", 3)[3]
        for closed in (port, 8888):
            assert listens(rooms.laptop, "127.0.0.1", closed)  # it is there
            assert not listens(phone, "10.77.0.1", closed)
            assert not listens(phone, "127.0.0.1", closed)
        for nothing in ("", "health", "hello", path, f"{path}ws", "static/board.js"):
            for host in (None, f"127.0.0.1:{port}", "localhost:8000"):
                assert get(phone, f"http://10.77.0.1:8000/{nothing}", host).endswith(NOTHING), (nothing, host)


async def test_loopback_of_the_laptop_is_not_behind_its_network_address_either(rooms: Lan):
    """Mallory routes 127.0.0.1 to the laptop: her packets arrive there, from outside, and its system drops them."""
    phone = rooms.phone("mallory", "wlan0", "10.77.0.66/24")
    async with a_class(rooms.laptop) as addresses:
        board = place(addresses["board_url"])
        allow_foreign_loopback(phone)
        ip("-n", phone, "address", "delete", "127.0.0.1/8", "dev", "lo")
        ip("-n", phone, "route", "add", "127.0.0.1/32", "via", "10.77.0.1", "dev", "wlan0")
        assert " dev wlan0 " in ip("-n", phone, "route", "get", "127.0.0.1")
        assert not listens(phone, *board) and listens(phone, "10.77.0.1", 8000)
        allow_foreign_loopback(rooms.laptop)  # nobody does that, but so it is known that her packets arrive
        assert listens(phone, *board)
        answer = get(phone, f"http://127.0.0.1:{board[1]}/")
        assert answer.startswith(b"HTTP/1.1 404 ") and answer.endswith(b"\r\n\r\nNothing is here.\n")


def allow_foreign_loopback(namespace: str) -> None:
    """Let a machine send packets to other machines' loopback, and take such ones."""
    with inside(namespace):
        Path("/proc/sys/net/ipv4/conf/all/route_localnet").write_text("1")


async def test_two_networks_at_once_and_each_phone_joins_by_its_own_address(rooms: Lan):
    rooms.network("eth0", "192.168.77.1/24")
    ann = rooms.phone("ann", "wlan0", "10.77.0.11/24")
    bob = rooms.phone("bob", "eth0", "192.168.77.11/24")
    async with a_class(rooms.laptop) as addresses, websocket(rooms.laptop, addresses["board_url"]) as board:
        code = addresses["code"]
        by_ann, by_bob = f"http://10.77.0.1:8000/{code}", f"http://192.168.77.1:8000/{code}"
        assert sorted(addresses["urls"]) == [by_ann, by_bob] and addresses["url"] in addresses["urls"]
        assert sorted((await hear(board, "board"))["urls"]) == [by_ann, by_bob]
        for number, url in enumerate(addresses["urls"]):
            assert b"<svg" in get(rooms.laptop, f"{addresses['board_url']}qr-{number}.svg"), url
        async with joined(ann, by_ann, "Ann", "a") as at_ann, joined(bob, by_bob, "Bob", "b") as at_bob:
            assert [(await hear(ws, "welcome"))["name"] for ws in (at_ann, at_bob)] == ["Ann", "Bob"]
            assert get(bob, f"{by_bob}/").startswith(b"HTTP/1.1 200 ")
            assert not listens(bob, "10.77.0.1", 8000), "there is no way from one network into the other"
            await tell(board, type="ask", question="Tea?", choices=["yes", "no"])
            for number, ws in enumerate((at_ann, at_bob)):
                await hear(ws, "poll")
                await tell(ws, type="vote", poll="p1", choice=number, id="1")
                await hear(ws, "ack")
            await board_until(board, lambda state: (state["poll"] or {}).get("voted") == 2)


async def test_airplane_mode_of_one_phone_is_noticed_by_nobody_else(rooms: Lan):
    """Ann's card goes down with her connection open: no FIN, no RST, nothing. She comes back with her vote."""
    ann = rooms.phone("ann", "wlan0", "10.77.0.11/24")
    bob = rooms.phone("bob", "wlan0", "10.77.0.12/24")
    async with a_class(rooms.laptop) as addresses, AsyncExitStack() as stack:
        url = addresses["url"]
        board = await stack.enter_async_context(websocket(rooms.laptop, addresses["board_url"]))
        at_bob = await stack.enter_async_context(joined(bob, url, "Bob", "b"))
        at_ann = await stack.enter_async_context(joined(ann, url, "Ann", "a"))
        await tell(board, type="ask", question="Tea?", choices=["yes", "no"])
        while (await hear(at_ann, "poll"))["poll"] != "p1":
            pass
        await tell(at_ann, type="vote", poll="p1", choice=1, id="1")
        await hear(at_ann, "ack")
        rooms.airplane_mode(ann, True)
        await board_until(board, lambda state: states(state).get("Ann") == "slow")
        for number in range(20):
            await tell(at_bob, type="vote", poll="p1", choice=number % 2, id=f"{number}")
            await hear(at_bob, "ack")
        await board_until(
            board, lambda state: (state["poll"] or {}).get("voted") == 2 and states(state)["Bob"] == "live"
        )
        rooms.airplane_mode(ann, False)
        again = await stack.enter_async_context(joined(ann, url, "Somebody", "a"))
        assert (await hear(again, "welcome"))["name"] == "Ann"
        assert (await hear(again, "poll"))["mine"] == 1
        await board_until(board, lambda state: states(state) == {"Bob": "live", "Ann": "live"})
