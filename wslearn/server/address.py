"""Where a server listens: one address for a host's name, its form in a URL, and why it cannot be had."""

import asyncio
import errno
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager


async def resolve(host: str) -> str:
    """Return one IP address for a name like `localhost`: with port 0, two would get two different ports.

    Raises OSError where there is no such host.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise OSError(f"cannot listen on {host!r}: no such host ({error})") from None
    return str(min(found, key=lambda info: info[0])[4][0])  # IPv4 first: it is what 127.0.0.1 stands for


def netloc(bound: str, port: int) -> str:
    """Return `host:port` of a URL that works on this machine for a socket that is bound to the IP address `bound`."""
    address = ipaddress.ip_address(bound.partition("%")[0])
    if address.is_unspecified:  # listening everywhere; nobody can connect to "everywhere"
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


@contextmanager
def explained(host: str, port: int) -> Iterator[None]:
    """Have an OSError of a block that listens say which port cannot be had, and what to do."""
    try:
        yield
    except OSError as error:
        where = f"port {port} on {host}"
        if error.errno == errno.EADDRINUSE:
            message = f"{where} is in use: stop the program that uses it, or take another port (0 finds a free one)"
        elif error.errno == errno.EACCES:
            message = f"{where} needs more rights: take a port from 1024 to 65535, or 0 for a free one"
        else:
            message = f"cannot listen on {where}: {error.strerror or error}"
        raise OSError(error.errno, message) from None
