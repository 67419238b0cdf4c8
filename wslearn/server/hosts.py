"""Which pages and names may reach a server: the rules about Host and Origin. Lesson 05.

A server on 127.0.0.1 is not private: every page in a browser on this computer can send it requests.

- **Origin.** A browser names the page that opens a WebSocket, and sends the user's cookies along, whichever page that
  is (RFC 6455, section 10.2). So the Origin must be the server's own address, the one in Host.
- **Host.** The owner of `evil.example` can make that name point to 127.0.0.1 a moment after its page has loaded. Then
  Origin and Host are equal, and both are wrong. This is DNS rebinding. It needs a name, so the host must be an IP
  address, `localhost` (which browsers never look up: RFC 6761, section 6.3), or an allowed name.

Programs other than browsers send no Origin, and may leave out Host: they can do anything that their user can do.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from wslearn.common.authority import host_of
from wslearn.redact import truncate

#: A request target in absolute form (RFC 9112, section 3.2.2), also with the two schemes of a WebSocket.
_ABSOLUTE = re.compile(r"(?i)(?:https?|wss?)://([^/?#]*)")
#: Origins that browsers send for a page that was opened from disk.
FROM_DISK = ("null", "file://")
#: An Origin that is safe to repeat in advice, which users copy into a terminal.
_PLAIN_ORIGIN = re.compile(r"(?ia)null|[a-z][a-z0-9+.-]*://[\w.:\[\]-]*")


class Refusal(NamedTuple):
    """A refused request: the HTTP status, the text for the client, and the reason for the log."""

    status: int
    text: str
    why: str


def split_target(target: str) -> tuple[str | None, str]:
    """Return authority and path of a request target; the authority is None unless the target is in absolute form."""
    if (found := _ABSOLUTE.match(target)) is None:
        return None, target
    path = target[found.end() :]
    return found[1], path if path.startswith("/") else f"/{path}"


def is_known(host: str, allowed: Iterable[str] | None) -> bool:
    """Tell whether a request for this host, as `host_of` returns it, is allowed; None allows every host."""
    if allowed is None or host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) or host in map(host_of, allowed)


@lru_cache(256)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def refuse_host(hosts: Sequence[str], allowed: Iterable[str] | None) -> Refusal | None:
    """Return the refusal of a request with these Host headers, or None."""
    if len(hosts) > 1:
        text = "Expected one Host header, got more than one.\n"
        return Refusal(400, text, f"{len(hosts)} Host headers: expected one")
    if not hosts:
        return None
    try:
        host = host_of(hosts[0])
    except ValueError:
        received = truncate(hosts[0])
        text = f"Expected a name or an IP address as the host, got '{received}'.\n"
        return Refusal(400, text, f"Host '{received}': expected a name or an IP address")
    if is_known(host, allowed):
        return None
    received = truncate(hosts[0])
    return Refusal(
        403,
        f"Host '{received}' is not allowed: this server accepts IP addresses, localhost, and names given with "
        "--allow-host or Limits(hosts=...).\n",
        f"Host '{received}': expected an IP address, localhost or an allowed name. If this name is yours, "
        f'--allow-host {host}, or Limits(hosts=("{host}",)), lets it in',
    )


def refuse_origin(origins: Sequence[str], host: str, allowed: Sequence[str] | None, *, tls: bool) -> Refusal | None:
    """Return the refusal of a request from this page, or None.

    `origins` are the Origin headers, `host` is the Host header; `tls` only changes the text.
    """
    if allowed is None or not origins:
        return None
    if len(origins) > 1:
        text = "Origin: expected one, got more than one, so this page may not connect.\n"
        return Refusal(403, text, f"{len(origins)} Origin headers: expected one")
    origin = _plain(origins[0])
    scheme, _, netloc = origin.partition("://")
    if netloc and netloc == _without_default_port(host.lower(), scheme):
        return None
    wanted = {_plain(one if one in FROM_DISK else one.removesuffix("/")) for one in allowed}  # a slash is easily copied
    if origin in wanted or (origin in FROM_DISK and not wanted.isdisjoint(FROM_DISK)):
        return None
    received, asked = truncate(origins[0]), truncate(host)
    option, disk = received if _PLAIN_ORIGIN.fullmatch(received) else "…", ""
    if origin in FROM_DISK:
        option, disk = "null", " (a page opened from disk, or a sandboxed frame)"
    return Refusal(
        403,
        f"Origin '{received}' may not connect: this server accepts only its own page, and pages given with --origin or "
        "Limits(origins=...).\n",
        f"Origin '{received}'{disk} with Host '{asked}': expected Origin 'http{'s' if tls else ''}://{asked}'. "
        f'If this page is yours, --origin {option}, or Limits(origins=("{option}",)), lets it in',
    )


def _plain(origin: str) -> str:
    """Return an Origin as browsers write it: in lower case, without its scheme's default port."""
    scheme, mark, netloc = origin.lower().partition("://")
    return f"{scheme}{mark}{_without_default_port(netloc, scheme)}"


def _without_default_port(netloc: str, scheme: str) -> str:
    return netloc.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
