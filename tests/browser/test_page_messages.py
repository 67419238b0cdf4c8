"""What the page shows of what it sends and gets, and what the browser is told to refuse."""

import pytest
from pages import Sends, connect, expect, members, rows, say
from support import until

from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.echo import EchoServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = [
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "<svg onload=window.ran=1>",
    "</li></ol><iframe srcdoc='<script>parent.ran = 1</script>'></iframe>",
    '"><a href="javascript:window.ran=1">here</a>',
]


async def no_markup_came_to_life(page):
    assert await page.evaluate("window.ran") is None
    assert await page.locator("main :is(script, img, svg, iframe, a)").count() == 0


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
        await expect(rows(page, "received").last).to_have_text(f"{'x' * 500} … and 4500 more characters")
        await expect(page.locator("#messages li")).to_have_count(500)
        await expect(rows(page, "received").first).to_have_text("message 201")
        await expect(page.locator("#messages li").last).to_be_in_viewport()  # the list stays at its end


async def test_json_servers_get_an_object(page):
    async with BroadcastServer() as server:
        await connect(page, server)
        await say(page, "hello")
        await expect(page.get_by_text('{"message":"hello"}')).to_be_visible()
        await expect(rows(page, "received")).to_have_text(["hello"])
        await page.get_by_label("Show the JSON").uncheck()
        await expect(page.get_by_text('{"message":"hello"}')).to_be_hidden()


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
