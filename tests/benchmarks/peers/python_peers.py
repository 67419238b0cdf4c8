"""The shortest usual server of each Python library: `python python_peers.py LIBRARY LOOP WORK`.

All of them echo; `websockets` also broadcasts, because wslearn stands on it. Each is one function, so that you can
compare the libraries. None compresses, and none has a limit that would end a measurement.
"""

import asyncio
import json
import os
import re
import socket
import sys
import threading
from datetime import UTC, datetime

SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)


def ready(port: int) -> None:
    """Print the port, and end this process when its parent is gone: standard input ends then."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    print(port, flush=True)


async def aiohttp(work: str) -> None:
    from aiohttp import WSMsgType, web

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        async for message in ws:
            if message.type != WSMsgType.TEXT:
                break
            await ws.send_str(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/ws", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready(runner.addresses[0][1])
    await asyncio.Event().wait()


async def callback(work: str) -> None:
    """The way of a message in wslearn, without what it passes between: handler, queue, log, limits and pings."""
    from websockets.utils import accept_key

    from wslearn.server.delivery import frame
    from wslearn.server.shortcut import take_messages

    class Echo(asyncio.Protocol):
        is_open = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if self.is_open:
                take_messages(data, 1 << 16, lambda message: self.transport.write(frame(message)))
                return
            key = re.search(rb"(?i)sec-websocket-key: *(\S+)", data)[1].decode()
            self.transport.write(SWITCH % accept_key(key).encode())
            self.is_open = True

    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def picows(work: str) -> None:
    """The nearest thing to the limit: compiled, without queues and tasks, and a callback for each frame."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await ws_create_server(lambda request: Echo(), "127.0.0.1", 0)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def starlette(work: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        async for text in ws.iter_text():
            await ws.send_text(text)

    app = Starlette(routes=[WebSocketRoute("/ws", handler)])
    config = uvicorn.Config(app, log_level="error", ws_per_message_deflate=False)
    sock = socket.create_server(("127.0.0.1", 0), backlog=config.backlog)
    ready(sock.getsockname()[1])
    await uvicorn.Server(config).serve(sockets=[sock])


async def tornado(work: str) -> None:
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler

    class Echo(WebSocketHandler):
        def on_message(self, text: str) -> None:
            self.write_message(text)

    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([("/ws", Echo)])).add_sockets(sockets)
    ready(sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def websockets(work: str) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    async def echo(ws: ServerConnection) -> None:
        async for message in ws:
            await ws.send(message)

    async def to_all(ws: ServerConnection) -> None:
        async for text in ws:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            message = {"type": "broadcast", "message": json.loads(text)["message"], "timestamp": now}
            broadcast(ws.server.connections, json.dumps(message))

    handler = to_all if work == "broadcast" else echo
    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        ready(server.sockets[0].getsockname()[1])
        await server.wait_closed()


if __name__ == "__main__":
    library, loop, work = sys.argv[1:]
    if loop == "uvloop":
        import uvloop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(globals()[library](work))
