"""Addresses of a server and its clients as text, and errors that say why an address is not available."""

import asyncio
import errno
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

#: Connections that may wait to be accepted. When all clients come back at one moment, each that finds the system's
#: queue full tries again a second or more later; asyncio's own choice is 100.
BACKLOG = 1024


async def resolve(host: str) -> str:
    """Return one IP address for a name like `localhost`: with port 0, two would get two different ports.

    Raises OSError if there is no such host.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise OSError(f"cannot listen on {host!r}: no such host ({error})") from None
    return str(min(found, key=lambda info: info[0])[4][0])  # IPv4 first, because 127.0.0.1 is the default


def netloc(bound: str, port: int) -> str:
    """Return the `host:port` of a URL that works on this machine, for a socket bound to the IP address `bound`."""
    address = ipaddress.ip_address(bound.partition("%")[0])
    if address.is_unspecified:  # listening everywhere; nobody can connect to "everywhere"
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def peer(transport: asyncio.BaseTransport | None) -> str:
    """Return the `host:port` of the client at the other end."""
    address = (transport and transport.get_extra_info("peername")) or ("a client that has disconnected",)
    return ":".join(map(str, address[:2]))  # the rest of an IPv6 address is of no use here


@contextmanager
def explained(host: str, port: int) -> Iterator[None]:
    """Make an OSError of the block, which listens, say which port is not available and what to do."""
    try:
        yield
    except OSError as error:
        where = f"port {port} on {host}"
        if error.errno == errno.EADDRINUSE:
            message = f"{where} is in use: stop the program that uses it, or choose another port (0 finds a free one)"
        elif error.errno == errno.EACCES:
            message = f"{where} needs more rights: choose a port from 1024 to 65535, or 0 for a free one"
        elif error.errno == errno.EADDRNOTAVAIL:
            message = f"cannot listen on {where}: this computer doesn't have that address, see ipconfig or ip addr"
        else:
            message = f"cannot listen on {where}: {error.strerror or error}"
        raise OSError(error.errno, message) from None
    except OverflowError:
        text = f"there is no port {port}: choose one from 1024 to 65535, or 0 for a free one"
        raise OSError(errno.EINVAL, text) from None
