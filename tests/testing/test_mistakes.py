"""What an author gets wrong, and reads then: an address that is none, a certificate, a name, a port that is taken."""

import socket
import ssl
import sys
from functools import partial

import pytest
from authors import run
from websockets.asyncio.server import serve

from wslearn.testing import Failed
from wslearn.tls import throwaway


async def echo(ws):
    async for message in ws:
        await ws.send(message)


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("http://127.0.0.1:9/", ValueError, r"got 'http://127.0.0.1:9/'; write ws:// in place of http://"),
        ("https://127.0.0.1:9/", ValueError, r"write wss:// in place of https://"),
        ("127.0.0.1:8000", ValueError, r"expected a URL like ws://127.0.0.1:8000/, got '127.0.0.1:8000'"),
        ("", ValueError, r"got ''"),
        ("ws:///", ValueError, r"got 'ws:///'"),
        ("ws://127.0.0.1:99999/", ValueError, r"is no URL of a WebSocket: Port out of range"),
        (None, TypeError, r"expected a URL like 'ws://127.0.0.1:8000/', or something that has one; got None"),
        (17, TypeError, r"got 17"),
    ],
    ids=repr,
)
async def test_an_address_that_is_none(talk, bad_network, hostile_clients, where, error, words):
    for use in (partial(talk.client, name="Ann"), partial(talk.refused, status=403), bad_network, hostile_clients):
        with pytest.raises(error, match=words):
            await use(where)
    with pytest.raises(error, match=words):
        await talk.clients(where, "Ann", "Bob")
    assert talk.steps == []


async def test_an_app_that_is_not_served_yet(talk):
    with pytest.raises(TypeError, match=r"it isn't served yet: write `async with talk\.served\(app\) as server:`"):
        await talk.client(talk.served(echo), "Ann")


async def test_names_that_are_none(talk):
    async with talk.served(echo) as server:
        for name in (["Ann", "Bob"], None, 1):
            with pytest.raises(TypeError, match=r"a client's name is a string, such as 'Ann'; got "):
                await talk.client(server, name)
        assert len(server.connections) == 0


async def test_a_server_behind_a_certificate(talk, hostile_clients, bad_network, tmp_path):
    context, authority = throwaway("127.0.0.1", tmp_path)
    async with serve(echo, "127.0.0.1", 0, ssl=context) as server:
        url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(Failed, match=r"CERTIFICATE_VERIFY_FAILED.*pass `ssl=ssl\.create_default_context\(cafile=…"):
            await talk.client(url, "Ann")
        with pytest.raises(OSError, match=r"Mallory could not connect to wss:.*CERTIFICATE_VERIFY_FAILED.*cafile=…"):
            await hostile_clients(url).flood()
        with pytest.raises(Failed, match=r"If the server uses TLS, write wss:// in place of ws://"):
            await talk.client(url.replace("wss:", "ws:"), "Ann")
        trusted = ssl.create_default_context(cafile=str(authority))
        async with bad_network(url) as net:
            bob = await talk.client(net, "Bob", ssl=trusted)
            await bob.asks("hi", "hi")
        assert (await hostile_clients(url, ssl=trusted).oversize(2 << 20)).end != "open"


async def test_a_server_without_tls(talk):
    async with talk.served(echo) as server:
        with pytest.raises(Failed, match=r"The server doesn't speak TLS|Does the server speak TLS"):
            await talk.client(server.url.replace("ws:", "wss:"), "Ann")
        talk.forgives(server)


async def test_nobody_listens(talk, hostile_clients, bad_network):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(Failed, match=r"Ann could not connect: "):
        await talk.client(url, "Ann")
    with pytest.raises(ConnectionError, match=r"Mallory could not connect to ws://127\.0\.0\.1:\d+/: "):
        await hostile_clients(url).vanishing()
    async with bad_network(url) as net:
        with pytest.raises(Failed, match=r"Zoe could not connect: "):
            await talk.client(net, "Zoe")


async def test_a_port_that_is_taken(server_process):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(RuntimeError, match=rf"port {port} is in use by another program"):
            await server_process([sys.executable, "-m", "http.server", "{port}"], port=port).start()


def test_what_is_no_command(server_process):
    with pytest.raises(TypeError, match=r"expected 'package\.module:Class', or a command as a list of strings; got 5"):
        server_process(5)
    with pytest.raises(TypeError, match=r"a command is a list of strings: got \['sleep', 5\]"):
        server_process(["sleep", 5])


#: A step whose name is no string is the author's, and the run must go on to the next test.
ODD_STEP = """
def test_odd(talk):
    talk.tells(["Ann", "Bob"], None, 5)
    assert False

def test_next():
    pass
"""


def test_odd_notes_do_not_end_the_run(tmp_path):
    done = run(tmp_path, test_it=ODD_STEP)
    assert done.failed.keys() == {"test_odd"} and done.tests["test_next"] == "passed", done.output
    assert "['Ann', 'Bob'] None  5" in done.output


async def test_a_path_with_two_slashes(talk):
    async def app(scope, receive, send):
        await receive()
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async with talk.served(app) as server:
        with pytest.raises(Failed, match=r"HTTP 403\. Is //ws the right path\? .* `url` ends with one already"):
            await talk.client(server.url + "/ws", "Ann")
        with pytest.raises(Failed, match=r"HTTP 403\. Is /ws the right path\? (?!.*two slashes)"):
            await talk.client(server.url + "ws", "Ann")


async def test_only_some_servers_tell_their_connections(talk, server_process):
    with pytest.raises(TypeError, match=r"only what `talk.served` gives, .* expect a message instead"):
        await talk.has_connections(server_process(["serve", "{port}"]), 1)


def test_a_fact_needs_no_description(talk):
    with pytest.raises(Failed, match=r"(?s)Nobody came\..*should be +True.*is +False"):
        talk.expect(False, "Nobody came.")


async def test_a_factory_may_have_optional_arguments(talk):
    def make(greeting="hi"):
        async def handler(ws):
            await ws.send(greeting)

        return handler

    async with talk.served(make) as server:
        ann = await talk.client(server, "Ann")
        await ann.hears("hi")
