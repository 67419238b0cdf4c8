"""Addresses for phones, found without a network's help; QR codes that phones can read."""

import re
import socket
from types import SimpleNamespace

import psutil
import pytest
import segno

from wslearn.classroom import addresses, qr
from wslearn.classroom.addresses import Address

CARDS = {
    "lo": ["127.0.0.1"],
    "docker0": ["172.17.0.1"],
    "wlan0": ["192.168.1.7"],
    "eth0": ["10.0.0.5", "203.0.113.9"],
    "down0": ["192.168.9.9"],
    "eth1": ["169.254.3.4"],
    "tailscale0": ["100.64.0.3"],
}


@pytest.fixture
def cards(monkeypatch):
    def entry(ip: str) -> SimpleNamespace:
        return SimpleNamespace(family=socket.AF_INET6 if ":" in ip else socket.AF_INET, address=ip)

    def use(cards: dict[str, list[str]]) -> None:
        found = {name: [entry(ip) for ip in ips] for name, ips in cards.items()}
        monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
        monkeypatch.setattr(psutil, "net_if_stats", lambda: {n: SimpleNamespace(isup=n != "down0") for n in cards})

    return use


def test_all_networks_are_found_the_likeliest_first(cards):
    cards(CARDS)
    assert addresses.lan_addresses() == [
        Address("10.0.0.5", "eth0"),
        Address("192.168.1.7", "wlan0"),
        Address("203.0.113.9", "eth0"),
        Address("172.17.0.1", "docker0"),
        Address("100.64.0.3", "tailscale0"),
        Address("169.254.3.4", "eth1"),
    ]


def test_without_a_network_there_is_none(cards):
    cards({"lo": ["127.0.0.1", "::1"]})
    assert addresses.lan_addresses() == addresses.lan_addresses(6) == []


def test_addresses_of_ipv6(cards):
    cards({"eth0": ["fe80::1%eth0", "fd00::7", "10.0.0.5"]})
    assert addresses.reachable("::") == [Address("fd00::7", "eth0")]
    assert [addresses.in_url(ip) for ip in ("fd00::7", "10.0.0.5")] == ["[fd00::7]", "10.0.0.5"]


def test_a_single_address_is_itself_and_this_computers_own_is_no_way_in(cards):
    cards(CARDS)
    assert addresses.reachable("192.168.1.7") == [Address("192.168.1.7", "")]
    assert addresses.reachable("127.0.0.1") == addresses.reachable("::1") == []
    assert len(addresses.reachable("0.0.0.0")) == 6


def test_this_machines_addresses_are_found():
    for ip, card in addresses.lan_addresses():
        with socket.socket() as sock:
            sock.bind((ip, 0))
        assert card in psutil.net_if_addrs()


@pytest.mark.parametrize("text", ["http://192.168.1.7:8000/abcde", "http://[fd00::7]:65535/abcdefghjkmn", "A"])
def test_no_code_is_a_micro_code_which_phones_cannot_read(text):
    assert not segno.make_qr(text, error="l").is_micro
    side = int(re.search(r'viewBox="0 0 (\d+) (\d+)"', qr.svg(text))[1])
    assert (side - 2 * 4 - 17) % 4 == 0 and side >= 21 + 2 * 4  # a QR code has 21, 25, 29, … squares


@pytest.mark.parametrize("colour", [True, False])
def test_the_terminals_code_has_the_squares_of_the_code(colour):
    text = "http://192.168.1.7:8000/abcde"
    squares = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    lines = re.sub(r"\x1b\[[\d;]*m", "", qr.terminal(text, colour=colour)).splitlines()
    rows = [[squares[sign][half] for sign in line] for line in lines for half in (0, 1)]
    wanted = [[int(bool(one)) for one in row] for row in segno.make_qr(text, error="l").matrix_iter(border=2)]
    assert rows[: len(wanted)] == wanted
    assert all(one == 0 for row in rows[len(wanted) :] for one in row)
    assert ("\x1b" in qr.terminal(text, colour=colour)) == colour


def test_the_picture_is_black_on_white_and_complete():
    picture = qr.svg("http://192.168.1.7:8000/abcde")
    assert picture.startswith("<svg ") and picture.rstrip().endswith("</svg>")
    assert 'fill="#fff"' in picture and "http://192" not in picture
