"""`talk`: whatever serves WebSockets is talked with in the same words, and a failure tells the whole conversation."""

import asyncio
import re
import ssl
import sys
from functools import update_wrapper
from importlib.util import find_spec

import pytest
from aiohttp import web
from fastapi import FastAPI, WebSocket
from support import no_task_left
from websockets.asyncio.server import serve

from wslearn import EchoServer, Server, tls
from wslearn.testing import Failed


async def handler(ws):
    async for message in ws:
        await ws.send(f"{10 / int(message):g}")


class Divides(Server):
    async def handler(self, ws):
        await handler(ws)


def fastapi_app():
    app = FastAPI()

    @app.websocket("/")
    async def divide(ws: WebSocket):
        await ws.accept()
        async for message in ws.iter_text():
            await ws.send_text(f"{10 / int(message):g}")

    return app


def aiohttp_app():
    async def divide(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(f"{10 / int(message.data):g}")
        return ws

    app = web.Application()
    app.router.add_get("/", divide)
    return app


async def asgi_app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"{10 / int(message['text']):g}"})


class Consumer:
    """Django Channels' `as_asgi()` makes such an app: a function that says it wraps a class."""

    def __init__(self, *args, **kwargs):
        pass

    @classmethod
    def as_asgi(cls):
        return update_wrapper(partial_app(), cls, updated=())


def partial_app():
    async def app(scope, receive, send):
        return await asgi_app(scope, receive, send)

    return app


APPS = {
    "as_asgi()": Consumer.as_asgi(),
    "a handler": handler,
    "a Server": Divides,
    "FastAPI": fastapi_app,
    "aiohttp": aiohttp_app,
    "ASGI": asgi_app,
}


@pytest.fixture(params=APPS.values(), ids=APPS)
def app(request):
    return request.param


async def test_everything_is_served(talk, app):
    with no_task_left():
        async with talk.served(app) as server:
            ann, bob = await talk.clients(server, "Ann", "Bob")
            assert await ann.asks("5", "2") == "2"
            await bob.hears_nothing()
            await bob.closes()
            await talk.has_connections(server, 1)
    assert [step.did for step in talk.steps][:3] == ["connects", "connects", "sends"]


async def test_an_error_of_the_app_is_in_the_failures_text_with_its_line(talk, app):
    with pytest.raises(Failed) as failure:
        async with talk.served(app) as server:
            ann = await talk.client(server, "Ann")
            await ann.says("0")
            await ann.hears("0")
    first, second, *trace = str(failure.value).splitlines()
    assert re.fullmatch(
        r"Your (app|handler) raised ZeroDivisionError: division by zero \(in `\w+`, line \d+: `.*10 / int\(.*`\)\.",
        first,
    )
    assert second.startswith("Ann should receive '0', but receives nothing more: closed with 10")
    assert trace[0].split() == ["Ann", "connects"] and trace[-1].startswith(">> Ann receives")
    # pytest shows the line of the test, and none of ours.
    shown = [entry for entry in failure.traceback if not entry.ishidden(failure)]
    assert {entry.path.name for entry in shown} <= {"test_conversation.py", "contextlib.py"}


async def test_an_error_that_no_word_finds_fails_the_block(talk, app):
    with pytest.raises(Failed, match="ZeroDivisionError: division by zero"):
        async with talk.served(app) as server:
            ann = await talk.client(server, "Ann")
            await ann.says("0")
            await ann.is_closed()


async def test_an_error_of_the_app_is_beside_a_failed_assertion(talk, app):
    with pytest.raises(AssertionError) as failure:
        async with talk.served(app) as server:
            ann = await talk.client(server, "Ann")
            await ann.says("0")
            await ann.is_closed()
            raise AssertionError("mine")
    assert str(failure.value) == "mine" and "ZeroDivisionError" in failure.value.__notes__[0]


async def test_provoked_errors_are_forgiven(talk, app):
    async with talk.served(app) as server:
        ann = await talk.client(server, "Ann")
        await ann.says("0")
        await ann.is_closed()
        talk.forgives(server)


WRONG = {
    "Ann should receive 'no', but receives '1'.": lambda ann: ann.asks("10", "no"),
    "Ann should receive 'no', but receives nothing for 0.1 s.": lambda ann: ann.hears("no", within=0.1),
    "Ann should receive nothing, but receives '2'.": lambda ann: both(ann.says("5"), ann.hears_nothing()),
    "Ann should find its connection closed with 1000, but finds it open after 0.1 s.": lambda ann: ann.is_closed(
        1000, within=0.1
    ),
    "Ann should find its connection open, but finds it closed with 1000.": lambda ann: both(
        ann.closes(), ann.is_still_there()
    ),
}


async def both(*steps):
    for step in steps:
        await step


@pytest.mark.parametrize("message", WRONG)
async def test_each_word_fails_with_what_was_expected(talk, message):
    async with talk.served(Divides) as server:
        ann = await talk.client(server, "Ann")
        with pytest.raises(Failed) as failure:
            await WRONG[message](ann)
    assert str(failure.value).splitlines()[0] == message


async def test_words_for_several_and_for_states(talk):
    async with talk.served(Divides) as server:
        clients = await talk.clients(server, "Ann", "Bob")
        await talk.none_hear(clients, "Nobody said anything.")
        with pytest.raises(Failed, match="Bob should receive '1'"):
            for client in clients:
                await client.says("10" if client.name == "Ann" else "5")
            await talk.all_hear(clients, "1")
        assert not await talk.until(lambda: False, within=0.01)
        with pytest.raises(Failed, match="No third client came"):
            await talk.until(lambda: len(server.connections) == 3, "No third client came.", within=0.01)
        with pytest.raises(Failed, match="the server should be 3, but is 2"):
            talk.expect(len(server.connections) == 3, expected="3", came=len(server.connections), who="the server")
        await clients[0].vanishes()
        await talk.has_connections(server, 1)


async def test_a_client_that_stops_reading_and_reads_again(talk):
    async with talk.served(EchoServer) as server:
        ann = await talk.client(server, "Ann")
        await ann.hears("Welcome! Connection established.")
        ann.stops_reading()
        await ann.says("hi")
        await ann.hears_nothing()
        ann.reads_again()
        await ann.hears("Echo: hi")


async def test_a_handler_must_end_with_its_client(talk):
    async def never_ends(ws):
        while True:
            try:
                await ws.recv()
            except Exception:  # noqa: BLE001 - the mistake
                await asyncio.sleep(0.01)

    with pytest.raises(Failed, match="All clients have left, and a handler of yours is still running"):
        async with talk.served(never_ends) as server:
            await talk.client(server, "Ann")


async def test_what_cannot_be_served_or_reached(talk):
    with pytest.raises(Failed, match="Expected a handler"):
        async with talk.served(17):
            pass
    app = aiohttp_app()
    async with talk.served(app):
        pass
    with pytest.raises(Failed, match="pass a function that makes the app"):
        async with talk.served(app):
            pass
    with pytest.raises(Failed, match="Ann could not connect"):
        await talk.client("ws://127.0.0.1:9/", "Ann")
    with pytest.raises(Failed, match="could not connect"):
        async with talk.served(fastapi_app) as server:
            await talk.client(server.url + "nowhere", "Ann")


async def test_any_url_will_do(talk):
    async def upper(ws):
        async for message in ws:
            await ws.send(message.upper())

    async with serve(upper, "127.0.0.1", 0) as listener:
        url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        ann, bob = await talk.clients(url, "Ann", "Bob")
        await ann.asks("hi", "HI")
        await bob.hears_nothing()
        ann.drop()  # `serve` waits for them, and the test's end comes after it
        bob.drop()


async def test_wss(talk, tmp_path):
    context, authority = tls.throwaway("127.0.0.1", tmp_path)
    async with EchoServer(tls=context, plain=True) as server:
        ann = await talk.client(server.url, "Ann", ssl=ssl.create_default_context(cafile=str(authority)))
        await ann.asks("hi", "hi")


async def test_a_refusal_is_a_status(talk):
    async with talk.served(EchoServer) as server:
        await talk.refused(server, 403, origin="https://elsewhere.example")
        with pytest.raises(Failed, match="should get 403, but gets 101"):
            await talk.refused(server, 403)


async def test_one_apps_errors_are_not_told_of_the_next(talk, app):
    for _ in range(2):
        with pytest.raises(Failed, match="ZeroDivisionError"):
            async with talk.served(app) as server:
                ann = await talk.client(server, "Ann")
                await ann.says("0")
                await ann.is_closed()
    async with talk.served(app) as server:
        await (await talk.client(server, "Ann")).asks("5", "2")


async def test_two_apps_at_once(talk):
    async with talk.served(fastapi_app) as one, talk.served(handler) as other:
        ann, bob = await talk.client(one, "Ann"), await talk.client(other, "Bob")
        await ann.asks("5", "2")
        await bob.asks("2", "5")


async def test_where_a_handler_met_the_end_of_another_client_is_told(talk):
    app, clients = FastAPI(), []

    @app.websocket("/")
    async def chat(ws: WebSocket):
        await ws.accept()
        clients.append(ws)
        async for text in ws.iter_text():
            for client in clients:
                await client.send_text(text)

    with pytest.raises(Failed) as failure:
        async with talk.served(app) as server:
            ann, zoe = await talk.clients(server, "Ann", "Zoe")
            await zoe.vanishes()
            await talk.has_connections(server, 1)
            for text in ("Zoe?", "Where is Zoe?"):
                await ann.asks(text, text)
    assert re.search(
        r"ended with \w+.* \(in `chat`, line \d+: `await client.send_text\(text\)`\)\.", str(failure.value)
    )


def test_another_event_loop_than_asyncios_is_told(talk):
    served = talk.served(handler)
    with pytest.raises(RuntimeError, match=r"wslearn\.testing runs on asyncio only: .*anyio_backend"):
        served.__aenter__().send(None)


@pytest.fixture
async def served(talk):
    async with talk.served(fastapi_app) as server:
        yield server


async def test_a_fixture_may_serve(talk, served):
    ann, bob = await talk.clients(served, "Ann", "Bob")
    await ann.asks("5", "2")
    await bob.hears_nothing()


@pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")
def test_with_uvloop(talk, bad_network, hostile_clients):
    import uvloop

    async def main():
        for app in (fastapi_app, aiohttp_app, handler):
            async with talk.served(app) as server, bad_network(server, delay=0.01) as net:
                ann, zoe = await talk.client(server, "Ann"), await talk.client(net, "Zoe")
                await zoe.asks("5", "2")
                mallory = hostile_clients(server)
                await mallory.vanishing(3)
                await mallory.send_raw(b"\xff", within=0.1)
                net.half_open()
                await zoe.is_closed(1006)
                await ann.asks("2", "5")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def test_without_uvicorn_an_asgi_app_is_refused_with_advice_and_the_rest_is_served(talk, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(Failed, match=r"needs uvicorn to run\. Install it with `pip install uvicorn`"):
        async with talk.served(asgi_app):
            pass
    async with talk.served(handler) as server:
        await (await talk.client(server, "Ann")).asks("5", "2")
