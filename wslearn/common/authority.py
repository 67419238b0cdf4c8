"""Hosts in requests and options: `host:port` (RFC 9110, section 7.2)."""

import ipaddress
import re
from contextlib import suppress
from functools import lru_cache

#: The host is an IPv6 address in brackets, perhaps with a zone, or a name or an IPv4 address.
_AUTHORITY = re.compile(
    r"""(?xia)
    (?: \[ (?P<ipv6> [0-9a-f:.]+ ) (?: % [\w.~-]+ )? \] | (?P<name> [\w-]+ (?: \. [\w-]+ )* ) \.? )
    (?: : (?P<port> [0-9]{0,5} ) )?
    """
)
#: The longest name of a host is 253 characters (RFC 1035, section 2.3.4); brackets, zone and port come on top.
LONGEST = 300


@lru_cache(256)  # a server is asked for few hosts, and for each of them often
def host_of(authority: str) -> str:
    """Return the host in `host:port`: a name in lower case without its last dot, or an IP address.

    Raises ValueError if it is neither.
    """
    found = _AUTHORITY.fullmatch(authority) if len(authority) <= LONGEST else None
    if found is not None and int(found["port"] or 0) <= 65535:
        with suppress(ipaddress.AddressValueError):
            return str(ipaddress.IPv6Address(found["ipv6"])) if found["ipv6"] else found["name"].lower()
    raise ValueError(f"expected the name or address of a host, got {authority[:LONGEST]!r}")
