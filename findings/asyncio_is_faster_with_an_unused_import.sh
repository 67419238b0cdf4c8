#!/usr/bin/env bash
# Guess: reading 32 bytes from a socket costs asyncio the same in every process. How much a read may bring at most
#   (256 KiB) does not matter for one that brings 32 bytes, and neither does a library that is imported and not used.
# What happens: in a fresh process with nothing but asyncio, each small read causes two page faults, and an echo takes
#   two to three times the CPU time. asyncio asks for 256 KiB before it reads; glibc maps that from the system, and
#   gives nearly all of it back at once. It goes on for as long as the process lives, or until it has once freed
#   something larger: from then on glibc keeps such sizes in its own heap (its dynamic mmap threshold), and every later
#   echo is fast. `import websockets.asyncio.server` is enough, used or not; so is one large message. So a benchmark in
#   which asyncio's bare streams lose to aiohttp or websockets measures the imports, and uvloop's lead over asyncio,
#   too, is partly this. Freeing 1 MiB at the start, or `transport.max_size` of 64 KiB, makes the fresh process fast.
# Versions: Python 3.11.7 (the same with 3.12.1 and 3.13.0), websockets 17.4, glibc 2.36. With another C library (musl,
#   macOS, Windows) the script says so and checks nothing.
# To whom it matters: authors of small servers on asyncio that import little, and whoever compares servers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import resource
import sys
import time

MESSAGES = 3000
how = sys.argv[1]
if how == "import":
    import websockets.asyncio.server  # noqa: F401
if how == "freed":
    buffer = bytearray(1024 * 1024)
    del buffer


async def echo(reader, writer):
    if how == "less":
        writer.transport.max_size = 64 * 1024
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    if how == "less":
        writer.transport.max_size = 64 * 1024
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
    for _ in range(MESSAGES):
        writer.write(b"x" * 32)
        await reader.readexactly(32)
    took = time.process_time() - began
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before.ru_minflt
    writer.close()
    server.close()
    print(faults / MESSAGES / 2, took / MESSAGES * 1e6)


asyncio.run(main())
PY
cat > "$work/compare.py" <<'PY'
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

print("websockets", version("websockets"), "Python", sys.version.split()[0], *platform.libc_ver())
if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
    sys.exit(0)
check = Path(__file__).with_name("check.py")
seen = {}
for how, words in (
    ("fresh", "nothing but asyncio"), ("import", "websockets imported, unused"), ("freed", "1 MiB freed before"),
    ("less", "reads of at most 64 KiB"),
):  # fmt: skip
    runs = [subprocess.run([sys.executable, check, how], capture_output=True, text=True, check=True, timeout=60)
            for _ in range(3)]  # fmt: skip
    faults, took = (min(numbers) for numbers in zip(*(map(float, run.stdout.split()) for run in runs)))
    seen[how] = faults
    print(f"{words:28} {faults:5.2f} page faults a read, {took:6.1f} µs of CPU an echo, both sides together")
if seen["fresh"] < 1 or max(seen["import"], seen["freed"], seen["less"]) > 0.1:
    sys.exit("CHANGED: a fresh process no longer pays for large buffers, or the cures no longer help")
PY
timeout 200 "$work/venv/bin/python" "$work/compare.py"
