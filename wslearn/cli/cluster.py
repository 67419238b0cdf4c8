"""`wslearn cluster`: several servers that share their rooms, and the engine between them, until Ctrl-C."""

import asyncio
import json
import logging
from contextlib import suppress

import click

from wslearn.cli import options

#: Time for the end of all servers and the engine after the parent process has ended, in seconds.
LAST_WORDS = 20.0


@click.command(epilog=options.examples("wslearn cluster feed", "wslearn cluster feed --servers 5 --json"))
@click.argument("name", default="feed")
@click.option("--servers", default=3, show_default=True, type=click.IntRange(1, 26), help="Number of servers.")
@click.option("--json", "as_json", is_flag=True, help="Print all addresses as one JSON object.")
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
@click.option("--exit-with-parent", is_flag=True, hidden=True)
def cluster(name: str, servers: int, as_json: bool, quiet: bool, exit_with_parent: bool) -> None:
    """Run several servers that share their rooms through NATS, on free ports of this computer.

    NAME is feed. What dies is started again at its old address. Prints the addresses when all servers are ready. Ctrl-C
    stops everything, and SIGTERM to one of the servers drains it: its clients go elsewhere, then it is started again.
    """
    logging.basicConfig(format="%(levelname)-7s %(message)s")
    logging.getLogger("wslearn").setLevel(logging.WARNING if quiet else logging.INFO)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_run(name, servers, as_json, exit_with_parent))
    except (RuntimeError, ValueError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error


async def _run(name: str, servers: int, as_json: bool, exit_with_parent: bool) -> None:
    from wslearn.cli.serve import on_input, on_signal
    from wslearn.hubs.cluster import Cluster

    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for signal in ("SIGINT", "SIGTERM", "SIGBREAK"):
        on_signal(loop, signal, stopped.set)
    starting = asyncio.create_task(Cluster(name, servers).start())
    ending = asyncio.create_task(stopped.wait())
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()  # which ends whatever has started
        await asyncio.wait([starting])
        return
    running = starting.result()
    try:
        if exit_with_parent:
            on_input(loop, lambda: None, stopped.set, LAST_WORDS)
        click.echo(_as_json(running) if as_json else "\n".join(_lines(running)))
        await stopped.wait()
    finally:
        ending.cancel()
        await running.stop()


def _lines(running) -> list[str]:
    return [f"{member.letter} {member.url} {member.page_url}" for member in running.servers]


def _as_json(running) -> str:
    servers = [
        {"name": member.letter, "url": member.url, "page_url": member.page_url, "pid": member.pid}
        for member in running.servers
    ]
    return json.dumps({"engine": running.engine.url, "engine_pid": running.engine.pid, "servers": servers})
