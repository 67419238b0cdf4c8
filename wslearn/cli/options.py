"""The options of `wslearn serve` (limits, those that only some servers have, TLS) and of `wslearn latency`."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from wslearn import Limits

#: Stands for an option's value `none`; None is what click gives for an option that was left out.
OFF = object()


class Limit(click.ParamType):
    """A limit's value: what `kind` says, or `none` for no limit."""

    def __init__(self, kind: type | click.ParamType, metavar: str) -> None:
        self.kind, self.name = click.types.convert_type(kind), metavar

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return OFF if value == "none" else self.kind.convert(value, param, ctx)


#: For each limit: what its value is called, the type of it, what it limits.
LIMITS: dict[str, tuple[str, Any, str]] = {
    "max_size": ("BYTES", int, "Largest message."),
    "max_connections": ("COUNT", int, "Connections at one time."),
    "open_timeout": ("SECONDS", float, "Time for the opening handshake."),
    "rate": (
        "PER-SECOND",
        float,
        "Messages of one connection or user, with bursts of twice as many.  "
        "[default: 20 in broadcast, rooms, auth, chat]",
    ),
    "auth_timeout": ("SECONDS", float, "Time to authenticate, where the server asks for it."),
    "max_unsent": ("BYTES", int, "Bytes waiting for a client that reads too slowly."),
    "stall_timeout": ("SECONDS", float, "Time for which bytes may wait and none leave."),
    "compression": ("deflate", click.Choice(["deflate"]), "Compression of messages (RFC 7692)."),
    "origins": (
        "ORIGIN",
        str,
        "One more origin whose pages may connect; may be repeated. The word null is a page opened from disk, and a "
        "sandboxed frame of any page; none lets every website in.",
    ),
    "hosts": (
        "NAME",
        str,
        "One more name by which the server may be asked for, besides IP addresses and localhost; may be repeated. The "
        "word none allows every name.",
    ),
}


#: Those that may be given more than once, and how one of them is called.
REPEATED = {"origins": "--origin", "hosts": "--allow-host"}


def limit_options(command: Callable) -> Callable:
    """Add an option for each field of `Limits`."""
    defaults = {field.name: field.default for field in fields(Limits)}
    for name, (metavar, kind, text) in reversed(LIMITS.items()):
        flag = REPEATED.get(name, f"--{name.replace('_', '-')}")
        default = f"  [default: {defaults[name]}]" if defaults[name] else ""
        command = click.option(
            flag,
            name,
            type=Limit(kind, metavar),
            metavar=f"{metavar}|none",
            multiple=name in REPEATED,
            help=text + default,
        )(command)
    return command


def limits_given(options: dict[str, Any]) -> dict[str, object]:
    """Return the limits that were given on the command line, as `Limits` takes them."""
    given = {
        name: None if options[name] is OFF else options[name] for name in LIMITS if options[name] not in (None, ())
    }
    return given | {name: None for name in REPEATED if OFF in options[name]}


#: Options that only some servers have, as arguments of their classes.
OWN = {
    "plain": ("echo",),
    "interval": ("heartbeat", "chat"),
    "secret": ("auth", "chat"),
    "audience": ("auth", "chat"),
}

#: The secret that tokens are signed with; `wslearn token` takes it in the same way.
secret = click.option(
    "--secret",
    envvar="WSLEARN_SECRET",
    show_envvar=True,
    help="What tokens are signed with; better in the environment, where other users cannot read it.",
)


def own_options(command: Callable) -> Callable:
    """Add the options of `OWN`."""
    for option in (
        click.option("--audience", help="For auth and chat: the `aud` that a token must have."),
        secret,
        click.option(
            "--interval",
            type=Limit(float, "SECONDS"),
            metavar="SECONDS|none",
            help="For heartbeat and chat: between two pings.  [default: 30]",
        ),
        click.option("--plain", is_flag=True, default=None, help="For echo: every message comes back unchanged."),
    ):
        command = option(command)
    return command


def own_given(name: str, ctx: click.Context) -> dict[str, object]:
    """Return the arguments for the class of server `name`. Raises UsageError for an option that it does not have."""
    given = {}
    for option, servers in OWN.items():
        if (value := ctx.params[option]) is None:
            continue
        if name in servers:
            given[option] = None if value is OFF else value
        elif ctx.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{option} is for {' and '.join(servers)}, not for {name}.")
    return given


def tls_options(command: Callable) -> Callable:
    """Add the options that make it `wss` and `https`."""
    file = click.Path(dir_okay=False)
    for option in (
        click.option("--key", type=file, help="Key of the certificate, PEM."),
        click.option("--cert", type=file, help="Serve wss:// and https:// with this certificate chain, PEM."),
        click.option("--tls", is_flag=True, help="Serve wss:// and https:// with a certificate made on the spot."),
    ):
        command = option(command)
    return command


#: Milliseconds one way, unless the server is elsewhere: there is a network already.
DELAY = 25.0


def measurement_options(command: Callable) -> Callable:
    """Add the options that say what is measured. Their names are those of `wslearn.latency.Settings`."""
    time = click.FloatRange(min=0)
    for option in (
        # `--transport sse websocket` reaches it too: what follows the first name is an argument.
        click.argument("more", nargs=-1, metavar=""),
        click.option("--transport", "transports", multiple=True, metavar="NAME …", help="Only these; may be repeated."),
        click.option(
            "--interval",
            type=click.FloatRange(min=0, max=5000, min_open=True),
            default=100.0,
            show_default=True,
            metavar="MS",
            help="With --push: between two polls.",
        ),
        click.option(
            "--payload",
            type=click.IntRange(0, 65536),
            default=32,
            show_default=True,
            metavar="BYTES",
            help="Size of a message.",
        ),
        click.option(
            "--count",
            type=click.IntRange(min=1),
            default=20,
            show_default=True,
            metavar="N",
            help="Messages of each transport.",
        ),
        click.option(
            "--jitter",
            type=time,
            default=0.0,
            show_default=True,
            metavar="MS",
            help="Up to so much more, drawn for each chunk.",
        ),
        click.option(
            "--delay", type=time, metavar="MS", help=f"One way.  [default: {DELAY:g}; with --ws and --http 0]"
        ),
        click.option("--push", is_flag=True, help="From an event on the server to its arrival."),
    ):
        command = option(command)
    return command


def settings_given(options: dict[str, Any], elsewhere: bool):
    """Return what was given as Settings, in seconds. Raises ValueError for what cannot be measured."""
    from wslearn.latency import Settings

    names, more = options["transports"], options["more"]
    if more and not names:
        raise click.UsageError(f"unexpected argument {more[0]!r}: names of transports come after --transport.")
    delay = (0.0 if elsewhere else DELAY) if options["delay"] is None else options["delay"]
    return Settings(
        push=options["push"],
        transports=(*names, *more),
        delay=delay / 1000,
        jitter=options["jitter"] / 1000,
        interval=options["interval"] / 1000,
        payload=options["payload"],
        count=options["count"],
    )
