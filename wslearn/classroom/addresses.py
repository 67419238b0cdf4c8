"""Addresses at which other machines reach this one, found without asking anybody: the network cards know them."""

import ipaddress
import re
import socket
from typing import NamedTuple

import psutil

#: Cards that belong to programs and not to a room: containers, virtual machines, tunnels.
VIRTUAL = re.compile(
    r"(?i)docker|veth|br-|virbr|vmnet|vboxnet|virtualbox|vmware|hyper-v|vethernet|wsl|utun|tun|tap|wg|tailscale|zt|"
    r"cni|flannel|podman|lxc|awdl|llw|bridge"
)


class Address(NamedTuple):
    """An IPv4 address of this machine, and the name of its network card."""

    ip: str
    card: str


def lan_addresses() -> list[Address]:
    """Return the addresses that other machines can reach, the likeliest first.

    First come private addresses, as a Wi-Fi has them, and last the cards of programs. There is none without a network.
    """
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = {
        Address(entry.address, card)
        for card, entries in psutil.net_if_addrs().items()
        if card in up
        for entry in entries
        if entry.family == socket.AF_INET and not ipaddress.ip_address(entry.address).is_loopback
    }
    return sorted(found, key=_order)


def _order(address: Address) -> tuple[bool, bool, bool, str, int]:
    ip = ipaddress.IPv4Address(address.ip)
    virtual = VIRTUAL.match(address.card) is not None
    return ip.is_link_local, virtual, not ip.is_private, address.card, int(ip)


def reachable(host: str) -> list[Address]:
    """Return the addresses at which a server that listens on the IP address `host` is reached from other machines."""
    if ipaddress.ip_address(host).is_unspecified:
        return lan_addresses()
    return [] if ipaddress.ip_address(host).is_loopback else [Address(host, "")]
