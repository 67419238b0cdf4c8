"""Who may talk to a server: the rules about Host and Origin, text in and an answer out. Lesson 05.

A server on 127.0.0.1 is not private: every page in a browser on this computer can send it requests.

- **Origin.** A browser names the page that opens a WebSocket, and sends the user's cookies with it whatever page that
  is (RFC 6455, section 10.2). So the Origin must be the server's own address, the one in Host.
- **Host.** The owner of `evil.example` can have that name lead to 127.0.0.1 a moment after its page has loaded. Then
  Origin and Host are equal, and both are wrong: this is DNS rebinding. It needs a name, so a request passes whose host
  is an IP address, `localhost` (which browsers never look up: RFC 6761, section 6.3), or a name that was allowed.

Programs that are no browsers send no Origin, and may leave Host out: they can do what their user can do anyway.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wslearn.common.authority import host_of
from wslearn.redact import truncate

#: A request target in absolute form (RFC 9112, section 3.2.2), with the two schemes that it has for a WebSocket.
_ABSOLUTE = re.compile(r"(?i)(?:https?|wss?)://([^/?#]*)")
#: What browsers send as the Origin of a page that was opened from disk.
FROM_DISK = ("null", "file://")
#: An Origin that may be repeated in advice: it goes into a terminal from there.
_PLAIN_ORIGIN = re.compile(r"(?ia)null|[a-z][a-z0-9+.-]*://[\w.:\[\]-]*")


class Refusal(NamedTuple):
    """Why a request is refused: an HTTP status, what the client is told, and what the log says."""

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
    """Tell whether a host, as `host_of` returns it, may be asked for; None allows every one."""
    if allowed is None or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in map(host_of, allowed)
    return True


def refuse_host(hosts: Sequence[str], allowed: Iterable[str] | None) -> Refusal | None:
    """Return why a request with these Host headers is refused, or None."""
    if len(hosts) > 1:
        return Refusal(
            400, "Expected one Host header, got more than one.\n", f"{len(hosts)} Host headers: expected one"
        )
    if not hosts:
        return None
    came = truncate(hosts[0])
    try:
        host = host_of(hosts[0])
    except ValueError:
        return Refusal(
            400,
            f"Expected a name or an IP address as the host, got '{came}'.\n",
            f"Host '{came}': expected a name or an IP address",
        )
    if is_known(host, allowed):
        return None
    return Refusal(
        403,
        f"Host '{came}' may not be asked for: this server answers to IP addresses, to localhost, and to names that "
        "it was given with --allow-host or Limits(hosts=...).\n",
        f"Host '{came}': expected an IP address, localhost or a name that is allowed. If this name is yours, "
        f'--allow-host {host}, or Limits(hosts=("{host}",)), lets it in',
    )


def refuse_origin(origins: Sequence[str], host: str, allowed: Sequence[str] | None, *, tls: bool) -> Refusal | None:
    """Return why a request is refused for the page that it comes from, or None.

    `origins` are the Origin headers, and `host` is what the request asks for; `tls` is only for the words.
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
    came, option, disk = truncate(origins[0]), "…", ""
    if origin in FROM_DISK:
        option, disk = "null", " (a page opened from disk, or a sandboxed frame)"
    elif _PLAIN_ORIGIN.fullmatch(came):
        option = came
    asked = truncate(host)
    return Refusal(
        403,
        f"Origin '{came}' may not connect: this server talks to its own page only, and to those that it was given with "
        "--origin or Limits(origins=...).\n",
        f"Origin '{came}'{disk} with Host '{asked}': expected Origin 'http{'s' if tls else ''}://{asked}'. "
        f'If this page is yours, --origin {option}, or Limits(origins=("{option}",)), lets it in',
    )


def _plain(origin: str) -> str:
    """Return an Origin as browsers write it: in lower case, without a port that its scheme has anyway."""
    scheme, mark, netloc = origin.lower().partition("://")
    return f"{scheme}{mark}{_without_default_port(netloc, scheme)}"


def _without_default_port(netloc: str, scheme: str) -> str:
    return netloc.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
