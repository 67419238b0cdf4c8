"""`wslearn class`: the class joins by phone. Addresses, a QR code and hints in the terminal, until Ctrl-C."""

import json
import logging
import os
import shutil
import sys
from typing import Any

import click

from wslearn.cli import options
from wslearn.cli.errors import explained

#: What to do if phones can't reach this computer.
HINTS = """\
If a phone can't open the address:
- It must be in the same network as this computer. Guest networks often keep their devices apart; a hotspot of this
  computer (in its network settings), or of a phone, doesn't.
- The firewall must let programs in on port {port}. Windows and macOS ask once: say yes, for private networks. On Linux:
  sudo ufw allow {port}/tcp, or sudo firewall-cmd --add-port={port}/tcp
- Many phones leave a Wi-Fi without internet. When the phone asks, stay connected, or switch off mobile data."""


@click.command(
    "class",
    epilog=options.examples("wslearn class", "wslearn class --rehearse 30", "wslearn class --host 192.0.2.7 --port 0"),
)
@click.option("--host", default="0.0.0.0", show_default=True, metavar="ADDRESS", help="Listen on this address only.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 finds a free one.")
@click.option("--code", metavar="WORD", help="4 to 12 letters and digits in the phones' address.  [default: random]")
@click.option("--rehearse", default=0, type=click.IntRange(0, 240), metavar="N", help="Let N simulated phones join.")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as a JSON object.")
@click.option("--verbose", is_flag=True, help="Log who comes and goes, without names and addresses.")
def classroom(host: str, port: int, code: str | None, rehearse: int, as_json: bool, verbose: bool) -> None:
    """Let the class join by phone, and show a board on the projector.

    Phones in the same network open the address, or scan the QR code, and need no app. The board and its controls can
    be reached from this computer only. Nothing is stored. Ctrl-C ends it.
    """
    from wslearn.classroom import ClassServers
    from wslearn.cli import serve

    logging.basicConfig(format="%(levelname)-7s %(message)s")
    logging.getLogger("wslearn").setLevel(logging.INFO if verbose else logging.ERROR)

    class Rehearsed(ClassServers):
        async def start(self) -> Any:
            await super().start()
            if rehearse:
                await self.rehearse(rehearse)
            return self

    def announce(servers: Any) -> str:
        return as_json_text(servers) if as_json else as_text(servers, colour=coloured())

    with explained(OSError, ValueError):
        serve.run(Rehearsed(host, port, code=code), announce, "asyncio")


def coloured() -> bool:
    """Tell whether the output is for a terminal that knows colours, and whose user wants them."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def drawable(encoding: str | None) -> bool:
    """Tell whether a terminal or a file with this encoding can hold a QR code."""
    try:
        "█▀▄".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def as_json_text(servers: Any) -> str:
    """Return the addresses for programs."""
    ready = {"url": servers.url, "urls": servers.urls, "code": servers.code, "board_url": servers.board_url}
    return json.dumps(ready)


def as_text(servers: Any, *, colour: bool) -> str:
    """Return what the terminal shows: the board's address, each address for phones, a QR code, and hints."""
    from wslearn.classroom import qr
    from wslearn.classroom.addresses import reachable

    cards = {address.ip: address.card for address in reachable(servers.bound)}
    lines = ["The board, for the projector. Its address is secret, because whoever has it can use the controls:"]
    lines += [f"  {servers.board_url}", ""]
    if not cards:
        lines += ["No other machine can reach this address: this computer is in no network, or --host is its own."]
        lines += ["Join a Wi-Fi, or switch on this computer's hotspot, and start again.", f"  {servers.url}"]
    else:
        many = " This computer is in several networks: take the address in the phones' network." * (len(cards) > 1)
        lines += [f"The address for phones:{many}"]
        named = zip(servers.urls, cards.values(), strict=True)
        lines += [f"  {url}" + (f"  ({card})" if card else "") for url, card in named]
        wide = len(qr.terminal(servers.url, colour=False).partition("\n")[0])
        if drawable(sys.stdout.encoding) and wide <= shutil.get_terminal_size().columns:
            lines += ["", qr.terminal(servers.url, colour=colour), f"This code is {servers.url}"]
        lines += ["", HINTS.format(port=servers.phones.port)]
    return "\n".join([*lines, "", "Ctrl-C ends the class."])
