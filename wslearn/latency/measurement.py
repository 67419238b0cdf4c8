"""Measure each transport on a network that the lesson controls. Lesson 01."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from wslearn.latency.settings import MeasurementError, Sample, Settings
from wslearn.network import checked
from wslearn.process import ServerProcess

if TYPE_CHECKING:
    from wslearn.latency.run import Run


async def measure(
    settings: Settings,
    *,
    urls: tuple[str, str] | None = None,
    server: ServerProcess | None = None,
    progress: Callable[[int, int], None] | None = None,
    time_limit: float | None = 60.0,
) -> list[Sample]:
    """Measure each transport, and return a sample of each, in the order of `settings.names`.

    The server is a new `ServerProcess("comparison")`, or a running one given as `server`, or one on another machine
    with the addresses `urls`, `(ws, http)`, whose own network then adds delay. `progress(done, total)` gets the number
    of measured messages. After `time_limit` seconds (None: no limit) the samples contain fewer messages, and a note
    says so. If it is cancelled, it leaves no connection, network, task or process.

    Every transport has its own simulated network, which delays and counts its bytes. The first messages warm up and do
    not count. Round trips take turns, in a random order in each round. An event is published once for all transports,
    over a connection without delay, when all clients wait for it (a long poll must be back at the server). With
    polling, the moments are spread evenly between two polls. An event starts at the time when it was published by the
    server's clock, which is read as Cristian described in 1989: on one machine the error is about 0.1 ms.

    The garbage collector runs once before, and stays on. The clients and their networks share this process and its
    event loop, so other code on this event loop delays both.

    Raises MeasurementError with a clear message if a server cannot be reached, isn't a comparison server, or goes away,
    if the time limit came before the first message, and for a URL that is neither ws nor http.
    """
    from wslearn.latency.run import Run  # which loads aiohttp

    loop = asyncio.get_running_loop()
    notes = []
    if hasattr(asyncio, "_nest_patched") or hasattr(loop, "_nest_patched"):
        notes.append("the event loop is patched (nest_asyncio): times are longer than they should be")
    if loop.get_debug():
        notes.append("the event loop is in debug mode: times are longer than they should be")
    async with AsyncExitStack() as stack:
        if urls is None:
            if server is None:
                server = await stack.enter_async_context(ServerProcess("comparison"))
            urls = server.url, server.page_url
        run = Run(settings, *_checked(urls), progress)
        gc.collect()
        try:
            async with asyncio.timeout(time_limit) as limit:
                await run.run()
        except TimeoutError:
            if not limit.expired():
                raise
            if not any(run.spans.values()):
                raise MeasurementError(
                    f"{', '.join(settings.names)}: no message was through after {time_limit:g} seconds, the time "
                    f"limit: allow more of them, or less delay than {settings.delay:g} s"
                ) from None
    if settings.push and run.clock_error > 0.001:
        notes.append(f"the server's clock is known to within {run.clock_error * 1000:.1f} ms")
    return [_sample(settings, run, name, notes, time_limit) for name in settings.names if run.spans[name]]


def _checked(urls: tuple[str, str]) -> tuple[str, str]:
    """Return the two URLs. Raises MeasurementError if one of them is not valid."""
    for url, scheme in zip(urls, ("ws", "http"), strict=True):
        try:
            found = checked(url).scheme
        except ValueError as error:
            raise MeasurementError(f"{scheme}: {error}") from None
        if found not in (scheme, f"{scheme}s"):
            raise MeasurementError(f"expected a {scheme}:// or {scheme}s:// URL as the {scheme} address, got {url!r}")
    return urls


def _sample(settings: Settings, run: "Run", name: str, notes: list[str], time_limit: float | None) -> Sample:
    spans, probe = run.spans[name], run.probes[name]
    (up_before, down_before), (up, down) = run.sizes[name]
    if len(spans) < settings.count:
        ended = f"the time limit of {time_limit:g} s ended it after {len(spans)} of {settings.count} messages"
        notes = [*notes, ended]
    return Sample(
        transport=name,
        settings=settings,
        spans=tuple((begin - run.began, end - run.began) for begin, end in spans),
        bytes_up=(up - up_before) / len(spans),
        bytes_down=(down - down_before) / len(spans),
        setup=probe.setup,
        setup_bytes=probe.setup_bytes,
        notes=tuple(notes),
    )
