"""The command line: `wslearn lab`, `wslearn serve`, `wslearn latency` and `wslearn token`.

A command imports its modules when it runs, so that each command starts fast.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from wslearn import __version__
from wslearn.cli import options
from wslearn.cli.progress import progress

#: The servers that `wslearn serve` can start, as `module:class`.
SERVERS = {
    name: f"wslearn.servers.{name}:{name.title()}Server"
    for name in ("echo", "broadcast", "rooms", "auth", "heartbeat", "chat", "feed", "comparison")
}
#: The examples of lesson 09, which it can start too. Each has its own page.
EXAMPLES = {name: f"wslearn.examples.{name}:{name.title()}Server" for name in ("text", "game")}


def run() -> None:
    """Run the command line. An error is one line on stderr, with an exit code other than 0."""
    try:
        sys.exit(main.main(sys.argv[1:] or ["--help"], prog_name="wslearn", standalone_mode=False))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" See: {context.command_path} --help" if context else ""
        click.echo(f"Error: {' '.join(error.format_message().split())}{hint}", err=True)
        sys.exit(error.exit_code)
    except click.Abort:  # Ctrl-C before anything had started
        sys.exit(130)


@contextmanager
def explained(*kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of these kinds into one line of text, which click shows."""
    try:
        yield
    except kinds as error:
        text = str(getattr(error, "strerror", None) or error)
        if isinstance(error, OSError) and error.filename is not None:
            text = f"cannot use {error.filename}: {text}"
        elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            which = text.partition(" is in use")[0]  # of the comparison's two ports
            advice = "stop the program that uses it, or choose another with --port (--port 0 finds a free one)"
            text = f"{which} is in use: {advice}"
        raise click.ClickException(text) from error


@click.group(epilog=options.examples("wslearn lab", "wslearn serve echo"))
@click.version_option(__version__, prog_name="wslearn")
def main() -> None:
    """Learn WebSockets in Python, with notebooks that run real servers."""


class LabCommand(click.Command):
    """A command that keeps the arguments after `--` for JupyterLab, in `ctx.meta["further"]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before `--`."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta["further"] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Mention JupyterLab's arguments in the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- JUPYTERLAB ARGUMENTS]"]


@main.command(
    cls=LabCommand,
    epilog=options.examples("wslearn lab", "wslearn lab my-copy --reset 02", "wslearn lab -- --no-browser --port 9999"),
)
@click.argument("folder", default="wslearn-notebooks", type=click.Path(path_type=Path))
@click.option(
    "--reset",
    metavar="LESSON",
    help="Get a fresh copy of a lesson, such as 02; your version is kept in another file. If JupyterLab runs in FOLDER "
    "already, no second one is started.",
)
@click.pass_context
def lab(ctx: click.Context, folder: Path, reset: str | None) -> None:
    """Open your own copy of the lessons, in FOLDER, in JupyterLab.

    FOLDER is wslearn-notebooks by default. Missing lessons are copied into it, and no file in it is ever overwritten.
    Ctrl-C stops JupyterLab. Arguments after -- are passed on to JupyterLab.
    """
    from wslearn.cli import lab, running

    with ExitStack() as stack:
        with explained(OSError, ValueError):
            opened, lines = lab.prepare(folder, reset)
            if reset and running.is_open(folder):
                click.echo("\n".join([*lines, *running.advice(opened)]))
                return
            lines += stack.enter_context(lab.somewhere_to_write())
        for line in [*lines, f"JupyterLab opens {opened}. Ctrl-C in this terminal stops it."]:
            click.echo(line)
        lab.run(folder, opened, ctx.meta["further"])


@main.command(
    help=f"""Run the server of a lesson in this terminal. NAME is one of: {", ".join(SERVERS)}; or it is
    package.module:Class, a server of your own. Two examples of lesson 09 run in the same way: {" and ".join(EXAMPLES)}.

    Prints the addresses of the WebSocket and of the page when both are ready. Ctrl-C stops it. The limits protect the
    server; the value none switches a limit off.
    """,
    epilog=options.examples(
        "wslearn serve echo",
        "wslearn serve chat --port 0 --tls",
        "wslearn serve broadcast --rate 5 --max-size none",
        "wslearn serve my_chat:ChatServer",
    ),
)
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 means all of them.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 finds a free one.")
@click.option(
    "--loop",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "asyncio", "uvloop"]),
    help="Event loop; auto takes uvloop if it is installed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as a JSON object.")
@click.option("--verbose", is_flag=True, help="Also log every message.")
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
@options.own_options
@options.tls_options
@options.limit_options
@click.option("--exit-with-parent", is_flag=True, hidden=True)
@click.pass_context
def serve(ctx, name, host, port, loop, as_json, verbose, quiet, tls, cert, key, exit_with_parent, **others):
    """Run the server of a lesson in this terminal. Click calls this, with a value for every option."""
    import json
    import logging

    from wslearn.cli import own as readers
    from wslearn.cli import serve

    served = SERVERS | EXAMPLES
    if name not in served and ":" not in name:
        there = f"there are: {', '.join(served)}. A server of your own is package.module:Class"
        raise click.UsageError(f"there is no server {name!r}; {there}.")
    if bool(cert) != bool(key) or (tls and cert):
        raise click.UsageError("give --cert and --key together, for a certificate that you have, or only --tls.")
    module, _, class_name = served.get(name, name).partition(":")
    cls: Any = getattr(import_module(module), class_name) if name in served else readers.server_class(name)
    own = options.own_given(name, ctx, None if name in served else partial(readers.takes, cls))

    logging.basicConfig(format="%(levelname)-7s %(message)s")
    logging.getLogger("wslearn").setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)

    def announce(server) -> str:
        if "secret" not in own and (tokens := getattr(server, "tokens", None)):
            uv = "uv run " if "UV" in os.environ else ""  # as this command itself was started
            click.echo(f"A token for this run: {uv}wslearn token ann --secret {tokens.secret}", err=True)
        ready = {"name": name, "url": server.url, "page_url": server.page_url}
        return json.dumps(ready | {"proxy_path": server.proxy_path}) if as_json else " ".join(ready.values())

    with explained(OSError, ValueError), serve.tls_context(host, tls, cert, key) as context:
        limits = replace(cls.limits, **options.limits_given(others))
        make = cls if name in SERVERS else partial(readers.made, cls)
        serve.run(make(host=host, port=port, limits=limits, tls=context, **own), announce, loop, exit_with_parent)


@main.command(
    epilog=options.examples(
        "wslearn latency",
        "wslearn latency --push --delay 100 --interval 500",
        "wslearn latency --transport http-keepalive --transport websocket --delay 5 --json",
        "wslearn latency --ws ws://192.0.2.7:8765/ --http http://192.0.2.7:8766/",
    ),
)
@options.measurement_options
@click.option("--http", metavar="URL", help="With --ws: measure a 'wslearn serve comparison' on another machine.")
@click.option("--ws", metavar="URL", help="The server printed both addresses when it started.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list with an object for each transport.")
def latency(http: str | None, ws: str | None, as_json: bool, **given: object) -> None:
    """Measure what HTTP and WebSocket cost, in time and in bytes, over a network with a delay that you set.

    From a request to its response: http-new, http-keepalive, websocket. With --push, from an event on the server to
    its arrival: polling, long-polling, sse, websocket. Theory is the share of the network alone. Ctrl-C cancels.
    """
    from wslearn.latency import report

    if bool(http) != bool(ws):
        raise click.UsageError("give --http and --ws together: the two addresses of one 'wslearn serve comparison'.")
    try:
        with explained(OSError, ValueError, RuntimeError):
            samples = report.run(options.settings_given(given, elsewhere=bool(ws)), (ws, http) if ws and http else None)
    except KeyboardInterrupt:
        click.echo("Cancelled: everything has been stopped.", err=True)
        sys.exit(130)
    click.echo(report.as_json(samples) if as_json else report.as_table(samples))


@main.command(epilog=options.examples("wslearn token ann --secret a-secret-that-the-server-has-too --expires 600"))
@click.argument("user")
@options.secret
@click.option("--expires", default=3600.0, show_default=True, metavar="SECONDS", help="Time until the token expires.")
@click.option("--audience", help="The token's `aud`, if the server requires one.")
def token(user: str, secret: str | None, expires: float, audience: str | None) -> None:
    """Print a token that lets USER in at `wslearn serve auth` or `wslearn serve chat`.

    The token must be signed with the server's secret, and no secret is built in. A server that you start without one
    makes a secret for this run, and prints the command that makes a token for it.
    """
    from wslearn.tokens import Tokens

    if not secret:
        raise click.UsageError("no secret: give --secret or set WSLEARN_SECRET, the same as the server's.")
    if not 0 < expires < float("inf"):
        raise click.UsageError(f"--expires: expected seconds above 0, got {expires:g}.")
    with explained(ValueError):
        click.echo(Tokens(secret, audience).issue(user, expires))


main.add_command(progress)
