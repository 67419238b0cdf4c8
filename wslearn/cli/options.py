"""The options of `wslearn serve` (limits, TLS, those that only some servers have) and of `wslearn latency`."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from wslearn import Limits

#: Represents an option's value `none`, because click uses None for an option that was left out.
OFF = object()
#: The types of the limits that are numbers, by their units.
UNITS: dict[str, Any] = {"BYTES": int, "COUNT": int, "SECONDS": float, "PER-SECOND": float}
#: The unit or the word for each limit, and its help text.
LIMITS = {
    "max_size": ("BYTES", "Largest message."),
    "max_connections": ("COUNT", "Connections at the same time."),
    "open_timeout": ("SECONDS", "Timeout of the opening handshake."),
    "rate": ("PER-SECOND", "Messages of one connection or user, with bursts of twice as many."),
    "auth_timeout": ("SECONDS", "Time to authenticate, if the server requires it."),
    "max_unsent": ("BYTES", "Bytes queued for a client that reads too slowly."),
    "stall_timeout": ("SECONDS", "Time for which queued bytes may stay without any of them going out."),
    "compression": ("deflate", "Compression of messages (RFC 7692)."),
    "origins": (
        "ORIGIN",
        "Another origin whose pages may connect; may be repeated. The word null is a page opened from disk, and a "
        "sandboxed frame of any page; none lets every website in.",
    ),
    "hosts": (
        "NAME",
        "Another name under which clients may reach the server, besides IP addresses and localhost; may be repeated. "
        "The word none allows every name.",
    ),
}
#: Limits that may be given more than once, and the option that adds one value.
REPEATED = {"origins": "--origin", "hosts": "--allow-host"}
#: Options that only some servers have, as arguments of their classes.
OWN = {"plain": ("echo",), "interval": ("heartbeat", "chat"), "secret": ("auth", "chat"), "audience": ("auth", "chat")}
#: Milliseconds one way, unless the server is on another machine, which adds a real delay.
DELAY = 25.0


def examples(*commands: str) -> str:
    """Return the last paragraph of a help text; click does not wrap its lines."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


class Limit(click.ParamType):
    """A limit's value: a number or a word as `metavar` says, or `none` for no limit."""

    def __init__(self, metavar: str) -> None:
        kind = click.Choice(["deflate"]) if metavar == "deflate" else UNITS.get(metavar, str)
        self.kind, self.name = click.types.convert_type(kind), metavar

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return the value as click's own types do, or OFF."""
        return OFF if value == "none" else self.kind.convert(value, param, ctx)

    def option(self, flag: str, name: str, text: str, repeated: bool = False) -> Callable:
        """Return an option of this type."""
        return click.option(flag, name, type=self, metavar=f"{self.name}|none", multiple=repeated, help=text)


def together(*options: Callable) -> Callable:
    """Return one decorator that adds all `options`, in the order of the help text."""

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _limit_option(name: str, default: object) -> Callable:
    metavar, text = LIMITS[name]
    if name == "rate":
        default = "20 in broadcast, rooms, auth, chat, feed"
    text += f"  [default: {default}]" if default else ""
    return Limit(metavar).option(REPEATED.get(name, f"--{name.replace('_', '-')}"), name, text, name in REPEATED)


#: An option for each field of `Limits`.
limit_options = together(*(_limit_option(field.name, field.default) for field in fields(Limits)))
#: The secret for signing tokens; `wslearn token` takes it in the same way.
secret = click.option(
    "--secret",
    envvar="WSLEARN_SECRET",
    show_envvar=True,
    help="Secret for signing tokens; better in the environment, where other users cannot read it.",
)
#: The options of `OWN`.
own_options = together(
    click.option("--plain", is_flag=True, default=None, help="For echo: send every message back unchanged."),
    Limit("SECONDS").option("--interval", "interval", "For heartbeat and chat: time between two pings.  [default: 30]"),
    secret,
    click.option("--audience", help="For auth and chat: the `aud` that a token must have."),
)
#: The options for `wss` and `https`.
tls_options = together(
    click.option("--tls", is_flag=True, help="Serve wss:// and https:// with a certificate made for this run."),
    click.option(
        "--cert", type=click.Path(dir_okay=False), help="Serve wss:// and https:// with this certificate chain, PEM."
    ),
    click.option("--key", type=click.Path(dir_okay=False), help="Key of the certificate, PEM."),
)


def _number(flag: str, kind: click.ParamType, default: float, metavar: str, text: str) -> Callable:
    return click.option(flag, type=kind, default=default, show_default=True, metavar=metavar, help=text)


#: Options with the names of `wslearn.latency.Settings`; times are in milliseconds here.
measurement_options = together(
    click.option("--push", is_flag=True, help="From an event on the server to its arrival."),
    click.option(
        "--delay",
        type=click.FloatRange(min=0),
        metavar="MS",
        help=f"One way.  [default: {DELAY:g}; with --ws and --http 0]",
    ),
    _number("--jitter", click.FloatRange(min=0), 0.0, "MS", "Random extra delay of each chunk, at most this much."),
    _number("--count", click.IntRange(min=1), 20, "N", "Messages of each transport."),
    _number("--payload", click.IntRange(0, 65536), 32, "BYTES", "Size of a message."),
    _number(
        "--interval", click.FloatRange(0, 5000, min_open=True), 100.0, "MS", "With --push: time between two polls."
    ),
    click.option("--transport", "transports", multiple=True, metavar="NAME …", help="Only these; may be repeated."),
    # For `--transport sse websocket`, where every name after the first one is an argument.
    click.argument("more", nargs=-1, metavar=""),
)


def limits_given(options: dict[str, Any]) -> dict[str, object]:
    """Return the limits that were given on the command line, as `Limits` takes them."""
    given = {name: value for name in LIMITS if (value := options[name]) not in (None, ())}
    return {
        name: None if value is OFF or (name in REPEATED and OFF in value) else value for name, value in given.items()
    }


def own_given(name: str, ctx: click.Context, takes: Callable[[str], bool] | None = None) -> dict[str, object]:
    """Return the arguments for the class of server `name`. Raises UsageError for an option that it does not have.

    `takes` says so of a reader's own server.
    """
    given = {}
    for option, servers in OWN.items():
        if (value := ctx.params[option]) is None:
            continue
        if takes(option) if takes else name in servers:
            given[option] = None if value is OFF else value
        elif ctx.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE:
            lacks = f"{name}, whose __init__ takes no {option!r}" if takes else name
            raise click.UsageError(f"--{option} is for {' and '.join(servers)}, not for {lacks}.")
    return given


def settings_given(given: dict[str, Any], elsewhere: bool):
    """Return Settings, with times in seconds. Raises ValueError for values that cannot be measured."""
    from wslearn.latency import Settings

    names, more = given.pop("transports"), given.pop("more")
    if more and not names:
        raise click.UsageError(f"unexpected argument {more[0]!r}: names of transports come after --transport.")
    if given["delay"] is None:
        given["delay"] = 0.0 if elsewhere else DELAY
    times = {name: given.pop(name) / 1000 for name in ("delay", "jitter", "interval")}
    return Settings(transports=(*names, *more), **times, **given)
