"""The page of the servers, in a real browser, against real servers."""

import json
import re

import pytest
from support import until

from wslearn import EchoServer, Server

try:
    from playwright.async_api import expect
except ImportError:
    expect = None  # the fixture `browser` skips or fails every test here, and says what to install

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = [
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "<svg onload=window.ran=1>",
    "</li></ol><iframe srcdoc='<script>parent.ran = 1</script>'></iframe>",
    '"><a href="javascript:window.ran=1">here</a>',
]


class Sends(Server):
    """Sends each of `messages` to whoever connects, then waits."""

    def __init__(self, *messages, features="", **options):
        super().__init__(**options)
        self.messages, self.features, self.received = messages, features, []

    async def handler(self, ws):
        for message in self.messages:
            await ws.send(message if isinstance(message, bytes | str) else json.dumps(message))
        async for message in ws:
            self.received.append(json.loads(message))


class Closes(Server):
    """Says its last words, then closes with `code`."""

    def __init__(self, code, reason="", last_words=None):
        super().__init__()
        self.code, self.reason, self.last_words = code, reason, last_words

    async def handler(self, ws):
        if self.last_words:
            await ws.send(json.dumps({"type": "error", "code": "invalid-token", "message": self.last_words}))
        await ws.close(self.code, self.reason)


class Chat(Server):
    """The chat's wire format: a token is a name, `wrong` is a wrong one."""

    features = "rooms token ping"

    def __init__(self, **options):
        super().__init__(**options)
        self.received = []

    async def handler(self, ws):
        async def say(**message):
            await ws.send(json.dumps(message))

        room = None
        first = json.loads(await ws.recv())
        self.received.append(first)
        user = first["token"]
        if user == "wrong":
            await say(type="error", code="invalid-token", message="Expected a signed token, got another.")
            return await ws.close(1008, "Invalid token")
        await say(type="authenticated", user=user)
        async for text in ws:
            message = json.loads(text)
            self.received.append(message)
            if message["type"] == "ping":
                await say(type="pong")
            elif message["type"] == "join-room":
                room = message["room"]
                await say(type="presence", room=room, members=[user, "guest-1"])
            elif message["type"] == "leave-room":
                await say(type="presence", room=room, members=["guest-1"])  # news that crossed with the leaving
                room = None
            elif room is None:
                await say(type="error", code="no-room", message="Expected to be in a room first: join one.")
            else:
                await say(type="room-message", room=room, message=message["message"], sender=user)


def rows(page, kind):
    """Return the texts in the list of messages, of one kind: sent, received, error or event."""
    return page.locator(f"#messages .{kind} .text")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)  # or "Connect" would find "Disconnect" too


def members(page):
    return page.get_by_role("list", name="Members").get_by_role("listitem")


async def connect(page, server, *, token=None, reconnect=False):
    await page.goto(server.page_url)
    await page.get_by_label("Reconnect by itself").set_checked(reconnect)
    if token is not None:
        await page.get_by_label("Token").fill(token)
    await button(page, "Connect").click()


async def say(page, text):
    await page.get_by_role("textbox", name="Message").fill(text)
    await button(page, "Send").click()


async def join(page, name):
    await page.get_by_role("textbox", name="Room").fill(name)
    await button(page, "Join").click()


async def no_markup_came_to_life(page):
    assert await page.evaluate("window.ran") is None
    assert await page.locator("main :is(script, img, svg, iframe, a)").count() == 0


# The life of a connection


async def test_connect_send_and_see_the_echo(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.get_by_role("status")).to_contain_text("Open")
        await say(page, "hello")
        await expect(rows(page, "received")).to_have_text(["Welcome! Connection established.", "Echo: hello"])
        await expect(rows(page, "sent")).to_have_text(["hello"])
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("")
        await button(page, "Clear").click()
        await expect(page.locator("#messages li")).to_have_count(0)


async def test_disconnect_shows_the_code_and_what_it_means(page):
    async with EchoServer() as server:
        await connect(page, server, reconnect=True)
        await button(page, "Disconnect").click()
        closed = re.compile("Closed.*1000 Normal closure.*finished", re.S)
        await expect(page.get_by_role("status")).to_contain_text(closed)
        await expect(button(page, "Connect")).to_be_visible()  # and no reconnecting
        await until(lambda: server.log[-1].kind == "close")
        assert server.log[-1].code == 1000


async def test_what_is_typed_without_a_connection_stays_and_is_explained(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
        await say(page, "too early")
        await expect(rows(page, "event")).to_have_text([re.compile("Not sent.*Press Connect")])
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("too early")


async def test_a_stopped_server_is_1001_and_the_page_comes_back_when_it_does(page):
    async with EchoServer() as server:
        await connect(page, server, reconnect=True)
        await server.stop()
        await expect(rows(page, "event").last).to_contain_text("1001 Going away")
    async with EchoServer(port=server.port) as server:
        await expect(page.locator("#state")).to_have_text("Open")
        await say(page, "back again")
        await expect(rows(page, "received").last).to_have_text("Echo: back again")
        assert len(server.connections) == 1


async def test_without_the_switch_a_lost_connection_stays_lost(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.locator("#state")).to_have_text("Open")
    await expect(page.locator("#state")).to_have_text("Closed")
    await expect(page.get_by_role("status")).to_contain_text("1001 Going away The server is stopping")


@pytest.mark.parametrize("how", ["button", "switch"])
async def test_waiting_counts_down_and_can_be_stopped(page, how):
    await page.add_init_script("Math.random = () => 0.5")
    async with Closes(1011, "handler failed") as server:
        await connect(page, server, reconnect=True)
        countdown = page.get_by_text(re.compile(r"^Next try in \d\.\d s \(number 3\)$"))  # it is 2 s: half of 4
        first = await countdown.inner_text()
        await expect(countdown).not_to_have_text(first)
        if how == "button":
            await button(page, "Stop reconnecting").click()
        else:
            await page.get_by_label("Reconnect by itself").uncheck()
        await expect(page.locator("#state")).to_have_text("Closed")
        await expect(button(page, "Connect")).to_be_visible()
        await expect(countdown).to_be_hidden()
        assert sum(event.kind == "connect" for event in server.log) == 3


@pytest.mark.parametrize(
    ("code", "words", "tries_again"),
    [
        (1000, "Normal closure", False),
        (1002, "Protocol error", False),
        (1003, "Unsupported data", False),
        (1007, "Invalid payload", False),
        (1008, "Policy violation", False),
        (1009, "Message too big", False),
        (1010, "Extension missing", False),
        (1011, "Internal error", True),
        (1012, "Service restart", True),
        (1013, "Try again later", True),
        (3000, "Unauthorized", False),
        (3999, "Registered code", True),
        (4001, "Private code", True),
    ],
)
async def test_close_codes_are_explained_and_some_end_the_trying(page, code, words, tries_again):
    async with Closes(code, "because of <b>this</b>") as server:
        await connect(page, server, reconnect=True)
        await expect(rows(page, "event").nth(1)).to_have_text(
            f"Connection closed: {code} {words}, because of <b>this</b>"
        )
        if tries_again:
            await until(lambda: sum(event.kind == "connect" for event in server.log) >= 2)
        else:
            status = page.get_by_role("status")
            await expect(status).to_contain_text(f"{code} {words}")
            await expect(status).to_contain_text("Reason given: because of <b>this</b>.")
            await expect(status).to_contain_text("Trying again would end the same way")
            await expect(button(page, "Connect")).to_be_visible()


async def test_last_words_say_why_where_a_proxy_has_lost_the_close_code(page):
    async with Closes(None, last_words="Expected a token, got none.") as server:  # an empty close frame: 1005
        await connect(page, server, reconnect=True)
        status = page.get_by_role("status")
        closed = re.compile("Closed.*1005 No code received.*proxy.*Expected a token, got none.", re.S)
        await expect(status).to_contain_text(closed)
        await expect(rows(page, "error")).to_have_text(["invalid-token: Expected a token, got none."])
        await expect(status).to_contain_text("Trying again would end the same way")


async def test_1006_says_that_it_hides_a_refused_handshake(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
    await button(page, "Connect").click()
    await expect(page.get_by_role("status")).to_contain_text(re.compile("1006 Abnormal closure.*401, 403, 503", re.S))


@pytest.mark.parametrize(
    ("patch", "state", "seconds", "reason"),
    [
        ("window.WebSocket = class { close() {} }", "Connecting", 10, "no answer to the handshake within 10 s"),
        ("WebSocket.prototype.close = () => {}", "Closing", 5, "no close frame from the server within 5 s"),
    ],
)
async def test_a_silent_server_is_given_up(page, patch, state, seconds, reason):
    await page.add_init_script(patch)
    await page.clock.install()
    async with EchoServer() as server:
        await connect(page, server, reconnect=state == "Closing")
        if state == "Closing":
            await expect(page.locator("#state")).to_have_text("Open")
            await button(page, "Disconnect").click()
        await page.clock.run_for((seconds - 2) * 1000)
        await expect(page.locator("#state")).to_have_text(state)
        await page.clock.run_for(3000)
        await expect(page.get_by_role("status")).to_contain_text(f"Reason given: {reason}")
        await expect(page.locator("#state")).to_have_text("Closed")  # and stays so: the student asked for the end


async def test_the_waits_grow_to_30_s_with_full_jitter(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
        waits = await page.evaluate(
            """async () => {
                const { backoff } = await import("./static/backoff.js");
                return [0, 1, 2, 3, 4, 5, 6, 50, 2000].map((n) => Array.from({ length: 1000 }, () => backoff(n)));
            }"""
        )
        for drawn, limit in zip(waits, [1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
            assert 0 <= min(drawn) < 0.1 * limit * 1000
            assert 0.9 * limit * 1000 < max(drawn) <= limit * 1000


# What is shown


@pytest.mark.parametrize("text", HOSTILE)
async def test_markup_is_shown_as_text_and_nothing_runs(page, text):
    hostile = [
        text,
        {"type": "broadcast", "message": text, "sender": text},
        {"type": "room-message", "room": text, "message": text, "sender": text},
        {"type": "presence", "room": text, "members": [text, text]},
        {"type": "authenticated", "user": text},
        {"type": "error", "code": text, "message": text},
    ]
    async with Sends(*hostile, features="rooms") as server:
        await connect(page, server)
        await expect(rows(page, "received")).to_have_text(
            [text, f"{text}: {text}", f"{text}: {text}", f"Members of room {text}: {text}, {text}", f"You are {text}"]
        )
        await expect(rows(page, "error")).to_have_text([f"{text}: {text}"])
        await expect(members(page)).to_have_text([text, text])
        await expect(page.get_by_text(f"Room {text}", exact=True)).to_be_visible()
        await say(page, text)
        await expect(rows(page, "sent")).to_have_text([text])
        await no_markup_came_to_life(page)


async def test_an_echo_of_markup_is_text_too(page):
    async with EchoServer() as server:
        await connect(page, server)
        for text in HOSTILE:
            await say(page, text)
        await expect(rows(page, "received").last).to_have_text(f"Echo: {HOSTILE[-1]}")
        await no_markup_came_to_life(page)


async def test_json_of_odd_shapes_is_shown_as_it_came(page):
    odd = ['{"type":["x"]}', '{"type":"pong"}', "[1,2]", "null", '"text"', "12", "{broken", ""]
    async with Sends('{"type":"presence","room":"a","members":7}', *odd, features="rooms token ping") as server:
        await connect(page, server)
        await expect(rows(page, "received")).to_have_text(["Members of room a: 7", *odd])


async def test_binary_is_shown_as_length_and_hexadecimal(page):
    async with Sends(b"\x00\x01\xfe\xff", bytes(100), b"") as server:
        await connect(page, server)
        await expect(rows(page, "received")).to_have_text(
            ["Binary, 4 bytes: 00 01 fe ff", f"Binary, 100 bytes:{' 00' * 64} …", "Binary, 0 bytes:"]
        )


async def test_the_list_and_its_rows_have_a_bound(page):
    async with Sends(*[f"message {number}" for number in range(700)], "x" * 5000) as server:
        await connect(page, server)
        await expect(rows(page, "received").last).to_have_text(f"{'x' * 2000} … and 3000 more characters")
        await expect(page.locator("#messages li")).to_have_count(500)
        await expect(rows(page, "received").first).to_have_text("message 201")
        await expect(page.locator("#messages li").last).to_be_in_viewport()  # the list stays at its end


async def test_json_servers_get_an_object(page):
    async with Sends({"type": "broadcast", "message": "hi", "timestamp": "…"}, features="json") as server:
        await connect(page, server)
        await say(page, "hello")
        await expect(page.get_by_text('{"message":"hello"}')).to_be_visible()
        await until(lambda: server.received == [{"message": "hello"}])
        await expect(rows(page, "received")).to_have_text(["hi"])
        await page.get_by_label("Show the JSON").uncheck()
        await expect(page.get_by_text('{"message":"hello"}')).to_be_hidden()


# Token, room, heartbeat


async def test_chat_authenticates_joins_talks_and_leaves(page):
    async with Chat() as server:
        await connect(page, server, token="alice")
        await expect(rows(page, "received")).to_have_text(["You are alice"])
        await say(page, "too early")
        await expect(rows(page, "error")).to_have_text(["no-room: Expected to be in a room first: join one."])
        await join(page, "lesson-04")
        await expect(members(page)).to_have_text(["alice", "guest-1"])
        await say(page, "hello room")
        await expect(rows(page, "received").last).to_have_text("alice: hello room")
        await expect(page.get_by_text(re.compile(r"Last round trip: \d+\.\d ms"))).to_be_visible()
        await expect(page.get_by_text("Alive", exact=True)).to_be_visible()
        await button(page, "Leave").click()
        await expect(rows(page, "received").last).to_have_text("Members of room lesson-04: guest-1")
        await expect(page.get_by_text("Not in a room", exact=True)).to_be_visible()
        await expect(page.get_by_role("textbox", name="Room")).to_be_focused()
        assert server.received[0] == {"type": "authenticate", "token": "alice"}


async def test_chat_is_back_in_its_room_after_a_restart(page):
    async with Chat() as server:
        await connect(page, server, token="alice", reconnect=True)
        await join(page, "a")
        await expect(page.get_by_text("Room a", exact=True)).to_be_visible()
    await expect(page.get_by_text("Room a, again once the connection is back")).to_be_visible()
    await expect(members(page)).to_have_count(0)
    async with Chat(port=server.port) as server:
        await expect(page.get_by_text("Room a", exact=True)).to_be_visible()
        talk = [message for message in server.received if message["type"] != "ping"]
        assert talk == [{"type": "authenticate", "token": "alice"}, {"type": "join-room", "room": "a"}]


async def test_a_wrong_token_is_explained_and_not_tried_again_nor_shown(page):
    async with Chat() as server:
        await connect(page, server, token="wrong", reconnect=True)
        status = page.get_by_role("status")
        await expect(status).to_contain_text("1008 Policy violation")
        await expect(status).to_contain_text("The server's last words: Expected a signed token, got another.")
        assert sum(event.kind == "connect" for event in server.log) == 1
        await page.get_by_label("Token").fill("secret-of-alice")
        await button(page, "Connect").click()
        await expect(rows(page, "received")).to_have_text(["You are secret-of-alice"])
        assert "secret-of-alice" not in await page.locator("#messages .sent").last.inner_text()


async def test_without_a_token_nothing_is_sent(page):
    async with Sends(features="token ping") as server:
        await connect(page, server)
        await expect(rows(page, "event").last).to_contain_text("No token given")
        await say(page, '"marker"')
        await until(lambda: server.received == ["marker"])  # neither authenticate nor a ping before it


async def test_a_server_that_answers_no_ping_is_given_up(page):
    await page.clock.install()
    async with Sends(features="ping") as server:
        await connect(page, server)
        await until(lambda: server.received == [{"type": "ping"}])
        await page.clock.run_for(4000)
        await expect(page.get_by_text("Waiting for a pong")).to_be_visible()
        await expect(page.locator("#state")).to_have_text("Open")
        await page.clock.run_for(9000)
        await expect(page.get_by_role("status")).to_contain_text("Reason given: no pong within 10 s.")
        assert server.received == [{"type": "ping"}]


# For everybody


CONTROLS = {
    "": [
        "switch Large type",
        "button Connect",
        "switch Reconnect by itself",
        "button Clear",
        "textbox Message",
        "button Send",
    ],
    "json": ["switch Show the JSON"],
    "token": ["textbox Token", "switch Show the JSON"],
    "rooms": ["textbox Room", "button Join", "switch Show the JSON"],
    "ping": ["switch Show the JSON"],
}


@pytest.mark.parametrize("features", ["", "json", "json token", "rooms", "ping", "rooms token ping"])
async def test_every_control_has_a_name_and_a_lacking_feature_has_none(page, features):
    wanted = set(CONTROLS[""]).union(*(CONTROLS[feature] for feature in features.split()))
    async with Sends(features=features) as server:
        await page.goto(server.page_url)
        await expect(page.locator("#name")).to_have_text("sends")
        snapshot = await page.locator("body").aria_snapshot()
        found = re.findall(r'- (switch|button|textbox) "([^"]+)"', snapshot)
        assert {" ".join(control) for control in found} == wanted
        assert len(found) == await page.locator("button:visible, input:visible").count()
        assert ('region "Heartbeat"' in snapshot) == ("ping" in features)
        assert ('region "Room"' in snapshot) == ("rooms" in features)


async def test_the_keyboard_is_enough(page):
    async with Chat() as server:
        await page.goto(server.page_url)
        press, type_ = page.keyboard.press, page.keyboard.type

        async def focus_is_seen():
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

        async def tab_to(control):
            await press("Tab")
            await expect(control).to_be_focused()
            await focus_is_seen()

        await tab_to(page.get_by_label("Large type"))
        await tab_to(page.get_by_label("Token"))
        await type_("alice")
        await press("Enter")
        await expect(rows(page, "received")).to_have_text(["You are alice"])
        await tab_to(button(page, "Disconnect"))
        await tab_to(page.get_by_label("Reconnect by itself"))
        await press("Space")
        await expect(page.get_by_label("Reconnect by itself")).to_be_checked()
        await tab_to(page.get_by_role("textbox", name="Room"))
        await type_("a")
        await press("Enter")
        await expect(page.get_by_text("Room a", exact=True)).to_be_visible()
        await tab_to(button(page, "Join"))
        await tab_to(button(page, "Leave"))
        await tab_to(page.get_by_label("Show the JSON"))
        await tab_to(button(page, "Clear"))
        await tab_to(page.get_by_role("log"))  # scrolled with the arrow keys
        await tab_to(page.get_by_role("textbox", name="Message"))
        await type_("hello")
        await press("Enter")
        await expect(rows(page, "received").last).to_have_text("alice: hello")
        await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        await tab_to(button(page, "Send"))
        for _ in range(9):
            await press("Shift+Tab")
        await expect(button(page, "Disconnect")).to_be_focused()
        await press("Enter")
        await expect(button(page, "Connect")).to_be_focused()
        await expect(page.locator("#state")).to_have_text("Closed")


async def test_what_changes_is_told_to_screen_readers(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.get_by_role("log").get_by_text("Welcome! Connection established.")).to_be_visible()
        await expect(page.get_by_role("status").get_by_text("Open", exact=True)).to_be_visible()
        assert await page.get_by_role("status").locator("#countdown").count() == 0  # ten times a second is no news


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("width", [400, 800, 1920])
async def test_every_width_shows_all_without_scrolling_sideways(page, width, large):
    await page.set_viewport_size({"width": width, "height": 600})
    async with Sends("word " * 100, "x" * 3000, features="rooms token ping") as server:
        await connect(page, server)
        await page.get_by_label("Large type").set_checked(large)
        await expect(rows(page, "received")).to_have_count(2)
        size = await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert size == (28 if large else 16)
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert await page.evaluate("(log => log.scrollWidth - log.clientWidth)(document.querySelector('.log'))") <= 0


# What the browser is told to refuse


async def test_the_content_security_policy_is_sent_and_holds(page, problems):
    async with EchoServer() as server:
        response = await page.goto(server.page_url)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        await page.evaluate(
            """() => new Promise((refused) => {
                document.addEventListener("securitypolicyviolation", refused, { once: true });
                const script = document.createElement("script");
                script.textContent = "window.ran = 1";
                document.body.append(script);
            })"""
        )
        assert await page.evaluate("window.ran") is None
        await until(lambda: problems)
        assert "Content Security Policy" in problems.pop()


async def test_all_addresses_are_relative_for_a_proxy_with_a_prefix(page):
    async with EchoServer() as server:
        prefix = "user/alice/proxy/54321/"

        async def strip(route):
            await route.continue_(url=route.request.url.replace(prefix, ""))

        requested = []
        page.on("request", lambda request: requested.append(request.url))
        await page.route(f"**/{prefix}**", strip)
        async with page.expect_websocket() as websocket:
            await page.goto(server.page_url + prefix)
            await button(page, "Connect").click()
        assert (await websocket.value).url == f"{server.url}{prefix}ws"
        assert len(requested) > 3
        assert all(url.startswith(server.page_url + prefix) for url in requested), requested
