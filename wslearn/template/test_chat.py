"""Tests of the chat with wslearn's fixtures: each test starts chat.py as its own process, as you would."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from wslearn.testing.hostile import MALFORMED_FRAMES

CHAT = Path(__file__).with_name("chat.py")
LONG = "😀" * 500  # the longest text; as JSON it has 6,000 bytes


class Running:
    """A running chat: `url` is the address of its WebSocket, and the fixtures ask for it."""

    def __init__(self, process):
        self.process, self.url = process, f"{process.url}ws"

    async def get(self, path):
        """Return status, headers and text of an HTTP response."""

        def ask():
            connection = HTTPConnection("127.0.0.1", self.process.port, timeout=5)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.headers, response.read().decode()
            finally:
                connection.close()

        return await asyncio.to_thread(ask)

    async def has(self, **wanted):
        """Wait until /health says so, such as `clients=2`: no message tells that a client has gone."""
        async with asyncio.timeout(20):
            while True:
                _, _, text = await self.get("/health")
                if json.loads(text).items() >= wanted.items():
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
def start(server_process):
    """Start the chat with options: `async with start("--ping", "2") as chat`."""

    @asynccontextmanager
    async def start(*options):
        async with server_process([sys.executable, str(CHAT), "--port", "{port}", *options]) as process:
            yield Running(process)

    return start


async def enters(talk, where, name):
    """Connect somebody, who is welcomed; in `Ann (guest-1)`, guest-1 is what the chat calls her."""
    client = await talk.client(where, name)
    await client.hears({"type": "welcome", "name": client.called})
    return client


async def test_everybody_receives_what_somebody_says(talk, start):
    async with start() as chat:
        ann, bob = [await enters(talk, chat, name) for name in ("Ann (guest-1)", "Bob (guest-2)")]
        await ann.says({"type": "say", "text": "hi <b>Bob</b>"})
        await talk.all_hear([ann, bob], {"type": "message", "name": "guest-1", "text": "hi <b>Bob</b>"})
        await bob.asks({"type": "ping"}, {"type": "pong"})
        await ann.hears_nothing()


async def test_a_client_that_vanishes_is_forgotten(talk, start):
    async with start() as chat:
        ann, zoe = [await enters(talk, chat, name) for name in ("Ann (guest-1)", "Zoe (guest-2)")]
        await zoe.vanishes()
        await chat.has(clients=1)
        await ann.asks({"type": "say", "text": "Zoe?"}, {"type": "message", "name": "guest-1", "text": "Zoe?"})


async def test_a_client_that_does_not_read_is_dropped(talk, start, hostile_clients):
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        mallory = await hostile_clients(chat).stalled_reader()
        for _ in range(100):  # until the systems' buffers and the chat's own limit are full
            await ann.asks({"type": "say", "text": LONG}, {"type": "message", "name": "guest-1", "text": LONG})
            if json.loads((await chat.get("/health"))[2])["dropped"]:
                break
        await chat.has(clients=1, dropped=1)
        assert (await mallory.ends(within=10)).end == "dropped"


def is_error(message):
    """Whether a message says what is wrong; an expectation may be a function."""
    return message["type"] == "error" and ("JSON" in message["message"] or "Send" in message["message"])


async def test_a_wrong_message_is_answered(talk, start):
    texts = ("", " ", 5, None, ["hi"], "x" * 501)
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        for message in (
            *("hello", "", '{"type":', "[1, 2]", "17", "null", "[" * 4000, b"\xff", {"type": "fly"}, {"type": "say"}),
            *({"type": "say", "text": text} for text in texts),
        ):
            await ann.asks(message, is_error)  # and it costs no connection, or the next message would fail


async def test_half_an_emoji_is_no_problem(talk, start):
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        await ann.asks(r'{"type": "say", "text": "\ud83d"}', {"type": "message", "name": "guest-1", "text": "\ud83d"})


async def test_what_no_client_may_send_closes_its_connection_only(talk, start, hostile_clients):
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        mallory = hostile_clients(chat)
        for name, data in MALFORMED_FRAMES.items():
            outcome = await mallory.send_raw(data, name, within=10)
            assert outcome.code in (1002, 1007), f"{name}: {outcome}"
        assert (await mallory.oversize(within=10)).end != "open"  # with 1009, which the end may overtake
        await mallory.vanishing()
        await chat.has(clients=1, dropped=0)
        await ann.is_still_there()


async def test_a_flood_is_slowed_down(talk, start, hostile_clients):
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        await hostile_clients(chat).flood('{"type": "say", "text": "buy my book"}', within=2)
        received = [message for message in ann.heard if message.get("text") == "buy my book"]
        assert 0 < len(received) < 500, "2,000 messages were sent, and the chat takes about 20 a second"


async def test_on_a_bad_network(talk, start, bad_network):
    """Nothing is lost where bytes come late, pings keep a quiet connection, and find one that is dead."""
    async with start("--ping", "1.5") as chat, bad_network(chat, delay=0.05, jitter=0.05, idle_timeout=4) as net:
        ann = await enters(talk, chat, "Ann (guest-1)")
        zoe = await enters(talk, net, "Zoe (guest-2)")
        for number in range(5):
            await zoe.says({"type": "say", "text": str(number)})
        for number in range(5):
            await talk.all_hear([ann, zoe], {"type": "message", "name": "guest-2", "text": str(number)})
        await zoe.hears_nothing(within=5)  # a proxy would have cut a silent connection after 4 s
        await zoe.is_still_there()
        net.silence()  # from now on nothing arrives, not even an end
        await chat.has(clients=1)
        await ann.is_still_there()


async def test_only_the_page_of_this_site_may_connect(talk, start):
    async with start("--origin", "https://chat.example.com") as chat:
        await talk.refused(chat, 403, origin="https://evil.example.com")
        await talk.refused(chat, 403, origin="null")
        await talk.client(chat, "Ann", origin="https://chat.example.com")
        await talk.client(chat, "Bob", origin=f"http://127.0.0.1:{chat.process.port}")


async def test_health_is_bad_if_nobody_is_let_in(talk, start):
    async with start("--max-clients", "1") as chat:
        assert (await chat.get("/health"))[0] == 200
        ann = await enters(talk, chat, "Ann (guest-1)")
        status, _, text = await chat.get("/health")
        assert (status, json.loads(text)) == (503, {"clients": 1, "unsent": 0, "dropped": 0})
        await talk.refused(chat, 503)
        await ann.closes()
        await chat.has(clients=0)
        assert (await chat.get("/health"))[0] == 200


async def test_the_page_and_nothing_else(start):
    async with start() as chat:
        for path, kind in {"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css"}.items():
            status, headers, _ = await chat.get(path)
            assert (status, headers.get_all("Content-Type")) == (200, [f"{kind}; charset=utf-8"])
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        for path in ("/chat.py", "/../chat.py", "/%2e%2e/chat.py", "//etc/passwd", "/page/../chat.py"):
            assert (await chat.get(path))[0] == 404


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks a process to end")
async def test_it_says_goodbye(talk, start, hostile_clients):
    async with start() as chat:
        ann = await enters(talk, chat, "Ann (guest-1)")
        await hostile_clients(chat).stalled_reader()
        await chat.process.stop()
        await ann.is_closed(1001)
