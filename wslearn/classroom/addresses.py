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
#: The networks of rooms and houses (RFC 1918, RFC 4193).
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


class Address(NamedTuple):
    """An IP address of this machine, and the name of its network card."""

    ip: str
    card: str


def lan_addresses(version: int = 4) -> list[Address]:
    """Return the addresses that other machines can reach, the likeliest first; those of IPv4 or of IPv6.

    First come private addresses, as a Wi-Fi has them, and last the cards of programs. There is none without a network.
    """
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = {
        Address(entry.address, card)
        for card, entries in psutil.net_if_addrs().items()
        if card in up
        for entry in entries
        if entry.family == family and _reaches(entry.address)
    }
    return sorted(found, key=_order)


def _reaches(text: str) -> bool:
    ip = ipaddress.ip_address(text.partition("%")[0])
    # A URL has no place for the card's name that a link-local address of IPv6 needs (RFC 6874 was withdrawn).
    return not ip.is_loopback and not (ip.version == 6 and ip.is_link_local)


def _order(address: Address) -> tuple[bool, bool, bool, str, int]:
    ip = ipaddress.ip_address(address.ip)
    virtual = VIRTUAL.match(address.card) is not None
    private = any(ip in network for network in PRIVATE)
    return ip.is_link_local, virtual, not private, address.card, int(ip)


def reachable(host: str) -> list[Address]:
    """Return the addresses at which a server that listens on the IP address `host` is reached from other machines."""
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        return lan_addresses(ip.version)
    return [] if ip.is_loopback else [Address(host, "")]


def in_url(ip: str) -> str:
    """Return an IP address as the host of a URL."""
    return f"[{ip}]" if ":" in ip else ip
