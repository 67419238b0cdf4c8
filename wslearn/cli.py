"""The command line: `wslearn lab` and `wslearn serve`.

What a command needs is imported when it runs, so that each of them starts fast.
"""

import sys
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import click

from wslearn import Limits, __version__

#: What `wslearn serve` can start, as `module:class`. A new server is one more line.
SERVERS = {
    "echo": "wslearn.servers.echo:EchoServer",
}

#: Stands for an option's value `none`; None is what click gives for an option that was left out.
OFF = object()


def run() -> None:
    """Run the command line. Whatever is wrong with it is said in one line on stderr, with an exit code not 0."""
    try:
        sys.exit(main.main(sys.argv[1:] or ["--help"], prog_name="wslearn", standalone_mode=False))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" See: {context.command_path} --help" if context else ""
        click.echo(f"Error: {' '.join(error.format_message().split())}{hint}", err=True)
        sys.exit(error.exit_code)
    except click.Abort:  # Ctrl-C before there was anything to stop
        sys.exit(130)


def explained(error: OSError | ValueError) -> click.ClickException:
    """Return an error as click shows it."""
    if isinstance(error, OSError) and error.filename is not None:
        return click.ClickException(f"cannot use {error.filename}: {error.strerror}")
    return click.ClickException(getattr(error, "strerror", None) or str(error))


def examples(*commands: str) -> str:
    """Return the last paragraph of a help text, in lines that click leaves as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


@click.group(epilog=examples("wslearn lab", "wslearn serve echo"))
@click.version_option(__version__, prog_name="wslearn")
def main() -> None:
    """Learn WebSockets in Python, with notebooks that run real servers."""


# lab


class LabCommand(click.Command):
    """A command that leaves what comes after `--` to JupyterLab, in `ctx.meta["further"]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.meta["further"] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- JUPYTERLAB ARGUMENTS]"]


@main.command(
    cls=LabCommand,
    epilog=examples("wslearn lab", "wslearn lab my-copy --reset 02", "wslearn lab -- --no-browser --port 9999"),
)
@click.argument("folder", default="wslearn-notebooks", type=click.Path(path_type=Path))
@click.option("--reset", metavar="LESSON", help="Begin a lesson afresh, 02 say; your version of it is kept aside.")
@click.pass_context
def lab(ctx: click.Context, folder: Path, reset: str | None) -> None:
    """Open the lessons in JupyterLab: your own copy of them, in FOLDER.

    FOLDER is wslearn-notebooks if you name none. Lessons that it lacks are copied into it, and nothing in it is
    ever overwritten. Ctrl-C stops JupyterLab. What comes after -- is passed on to JupyterLab.
    """
    from wslearn import lab

    try:
        opened, lines = lab.prepare(folder, reset)
    except (OSError, ValueError) as error:
        raise explained(error) from error
    for line in [*lines, f"JupyterLab opens {opened}. Ctrl-C in this terminal stops it."]:
        click.echo(line)
    lab.run(folder, opened, ctx.meta["further"])


# serve


class Limit(click.ParamType):
    """A limit's value: what `kind` says, or `none` for no limit."""

    def __init__(self, kind: type | click.ParamType, metavar: str) -> None:
        self.kind, self.name = click.types.convert_type(kind), metavar

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return OFF if value == "none" else self.kind.convert(value, param, ctx)


#: For each limit: what its value is called, the type of it, what it limits.
LIMITS = {
    "max_size": ("BYTES", int, "Largest message."),
    "max_connections": ("COUNT", int, "Connections at one time."),
    "open_timeout": ("SECONDS", float, "Time for the opening handshake."),
    "rate": ("PER-SECOND", float, "Messages of one connection; bursts of twice as many pass."),
    "auth_timeout": ("SECONDS", float, "Time to authenticate, where the server asks for it."),
    "max_unsent": ("BYTES", int, "Bytes waiting for a client that reads too slowly."),
    "stall_timeout": ("SECONDS", float, "Time for which bytes may wait and none leave."),
    "compression": ("deflate", click.Choice(["deflate"]), "Compression of messages (RFC 7692)."),
    "origins": ("ORIGIN", str, "One more origin whose pages may connect; may be repeated."),
}


def limit_options(command: click.Command) -> click.Command:
    """Add an option for each field of `Limits`."""
    defaults = {field.name: field.default for field in fields(Limits)}
    for name, (metavar, kind, text) in reversed(LIMITS.items()):
        flag = "--origin" if name == "origins" else f"--{name.replace('_', '-')}"
        default = f"  [default: {defaults[name]}]" if defaults[name] else ""
        command = click.option(
            flag,
            name,
            type=Limit(kind, metavar),
            metavar=f"{metavar}|none",
            multiple=name == "origins",
            help=text + default,
        )(command)
    return command


def limits_given(options: dict[str, object]) -> dict[str, object]:
    """Return the limits that were given on the command line, as `Limits` takes them."""
    given = {name: None if value is OFF else value for name, value in options.items() if value not in (None, ())}
    if OFF in options["origins"]:
        given["origins"] = None
    return given


@main.command(
    help=f"""Run the server of a lesson in this terminal. NAME is one of: {", ".join(SERVERS)}.

    Prints the addresses of the WebSocket and of the page when both work. Ctrl-C stops it. The limits protect the
    server; none switches one off.
    """,
    epilog=examples("wslearn serve echo", "wslearn serve echo --port 0 --json", "wslearn serve echo --max-size none"),
)
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 finds a free one.")
@click.option(
    "--loop",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "asyncio", "uvloop"]),
    help="Event loop; auto takes uvloop where it is installed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as a JSON object.")
@click.option("--plain", is_flag=True, help="For echo: no welcome, and every message comes back unchanged.")
@click.option("--verbose", is_flag=True, help="Log every message too.")
@limit_options
@click.option("--exit-with-parent", is_flag=True, hidden=True)
def serve(
    name: str,
    host: str,
    port: int,
    loop: str,
    as_json: bool,
    plain: bool,
    verbose: bool,
    exit_with_parent: bool,
    **limits: object,
) -> None:
    """Run the server of a lesson in this terminal."""
    import json
    import logging

    from wslearn import serve

    if name not in SERVERS:
        raise click.UsageError(f"there is no server {name!r}; there are: {', '.join(SERVERS)}.")
    if plain and name != "echo":
        raise click.UsageError(f"--plain is for echo, not for {name}.")
    module, _, class_name = SERVERS[name].partition(":")
    cls = getattr(import_module(module), class_name)

    logging.basicConfig(format="%(levelname)-7s %(message)s")
    logging.getLogger("wslearn").setLevel(logging.DEBUG if verbose else logging.INFO)
    # The library would say most of it once more, and at DEBUG log whole frames, tokens in them too.
    logging.getLogger("wslearn.websockets").setLevel(logging.WARNING)

    def announce(server) -> str:
        ready = {"name": name, "url": server.url, "page_url": server.page_url}
        return json.dumps(ready) if as_json else " ".join(ready.values())

    try:
        options = {"plain": True} if plain else {}
        server = cls(host, port, limits=replace(cls.limits, **limits_given(limits)), **options)
        serve.run(server, announce, loop, exit_with_parent)
    except (OSError, ValueError) as error:
        raise explained(error) from error
