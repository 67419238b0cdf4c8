"""The page with a server that keeps messages: it resumes, sends again what was not stored, and says what is missing."""

import json
import re

import pytest
from dashboards import shot
from pages import Sends, button, expect, join, rows, say
from pages import connect as open_page
from support import until
from test_axe import violations_in_every_look

from wslearn.client import Subscription
from wslearn.hubs import MemoryHub
from wslearn.network import SimulatedNetwork
from wslearn.servers.feed import FeedServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def connect(page, server):
    """Open the page, connect and join the room tea."""
    await open_page(page, server, reconnect=True)
    await expect(page.locator("#state")).to_have_text("Open")
    await join(page, "tea")
    await expect(page.locator("#room-now")).to_have_text("Room tea")


def state_of(page, text):
    """Return the label of a sent message: what has become of it."""
    return page.locator("#messages .sent", has=page.get_by_text(text, exact=True)).locator(".label")


def talk(page):
    """Return the texts that have arrived from the room."""
    return rows(page, "received").filter(has_text=re.compile(r"^guest-\d+: "))


async def test_a_message_is_shown_as_stored_when_the_server_has_said_so(page):
    async with FeedServer() as server:
        await page.goto(server.page_url)
        await expect(page.get_by_label("Reconnect automatically")).to_be_checked()
        await connect(page, server)
        await say(page, "hello")
        await expect(state_of(page, "hello")).to_have_text("✓ stored")
        sent = page.locator("#messages .sent", has_text="hello")
        await expect(sent.locator(".raw")).to_contain_text('"type":"ack"')
        await expect(talk(page)).to_have_text(["guest-1: hello"])
        assert "[not shown]" in await page.locator("#messages .sent").first.inner_text()


async def test_what_was_missed_arrives_once_and_what_was_typed_meanwhile_is_sent_in_order(page):
    async with FeedServer() as server, SimulatedNetwork(server.url) as net, Subscription(server.url, "tea") as bob:
        await connect(page, net)
        await bob.send("one")
        await expect(talk(page)).to_have_text([re.compile("one$")])
        net.silence()
        net.cut()
        for text in ("typed 1", "typed 2", "typed 3"):
            await say(page, text)
            await expect(state_of(page, text)).not_to_have_text("✓ stored")
        await bob.send("two")
        await bob.send("three")
        net.heal()
        net.cut()
        for text in ("typed 1", "typed 2", "typed 3"):
            await expect(state_of(page, text)).to_have_text("✓ stored")
        expected = ["one", "two", "three", "typed 1", "typed 2", "typed 3"]
        await expect(talk(page)).to_have_text([re.compile(f"{text}$") for text in expected])
        await expect(rows(page, "received").filter(has_text="2 messages that you missed follow")).to_have_count(1)
        await expect(page.locator("#messages .missing")).to_have_count(0)
        assert [(await anext(bob)).message for _ in expected] == expected


class CutsAfterStoring(MemoryHub):
    """Cuts the network after each of the first messages was stored, so that its acknowledgement is lost."""

    cut, left = staticmethod(lambda: None), 0

    async def publish(self, topic, data, key):
        offset = await super().publish(topic, data, key)
        if self.left:
            self.left -= 1
            self.cut()
        return offset


async def test_a_message_whose_acknowledgement_was_lost_is_stored_once(page):
    hub = CutsAfterStoring()
    async with FeedServer(hub=hub) as server, SimulatedNetwork(server.url) as net:
        async with Subscription(server.url, "tea") as bob:
            await connect(page, net)
            hub.cut, hub.left = net.cut, 2
            await say(page, "once")
            await say(page, "then")
            for text in ("once", "then"):
                await expect(state_of(page, text)).to_have_text("✓ stored")
            await expect(talk(page)).to_have_text([re.compile("once$"), re.compile("then$")])
            assert hub.left == 0
            await bob.send("end")
            assert [(await anext(bob)).message for _ in range(3)] == ["once", "then", "end"]


async def test_a_server_restarted_with_its_hub_loses_nothing(page):
    hub = MemoryHub()
    server = await FeedServer(hub=hub).start()
    port = server.port
    await connect(page, server)
    await say(page, "one")
    await expect(state_of(page, "one")).to_have_text("✓ stored")
    await server.stop()
    await expect(page.locator("#state")).to_have_text("Closed, will reconnect")
    await say(page, "two")
    await expect(state_of(page, "two")).to_have_text("… waiting")
    async with FeedServer(port=port, hub=hub):
        await expect(state_of(page, "two")).to_have_text("✓ stored")
        await expect(talk(page)).to_have_text([re.compile("one$"), re.compile("two$")])
        await expect(page.locator("#messages .missing")).to_have_count(0)


async def test_a_server_restarted_without_its_history_is_shown(page):
    server = await FeedServer().start()
    port = server.port
    await connect(page, server)
    for text in ("one", "two"):
        await say(page, text)
        await expect(state_of(page, text)).to_have_text("✓ stored")
    await server.stop()
    await expect(page.locator("#state")).to_have_text("Closed, will reconnect")
    await say(page, "three")
    async with FeedServer(port=port):
        await expect(state_of(page, "three")).to_have_text("✓ stored")
        await expect(rows(page, "missing")).to_have_text(
            ["The server started a new history: messages after number 2 may be missing."]
        )
        await expect(talk(page).last).to_have_text(re.compile("three$"))
        assert await violations_in_every_look(page) == []
        await page.get_by_label("Large type").uncheck()
        for width, theme in ((1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")):
            await page.set_viewport_size({"width": width, "height": 720})
            await page.emulate_media(color_scheme=theme)
            await shot(page, f"page-resume-{width}-{theme}")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_what_the_server_no_longer_has_is_shown_by_its_numbers(page):
    async with FeedServer(hub=MemoryHub(count=3)) as server, SimulatedNetwork(server.url) as net:
        async with Subscription(server.url, "tea") as bob:
            await connect(page, net)
            await bob.send("m1")
            await expect(talk(page)).to_have_count(1)
            net.silence()
            net.cut()
            for number in range(2, 9):
                await bob.send(f"m{number}")
            net.heal()
            net.cut()
            await expect(rows(page, "missing")).to_have_text(
                ["The server no longer has everything: messages 2 to 5 may be missing."]
            )
            await expect(talk(page)).to_have_text([re.compile(f"m{n}$") for n in (1, 6, 7, 8)])


async def test_a_reloaded_tab_goes_on_where_it_was(page):
    async with FeedServer() as server, Subscription(server.url, "tea") as bob:
        await connect(page, server)
        await say(page, "mine")
        await expect(state_of(page, "mine")).to_have_text("✓ stored")
        name = (await talk(page).inner_text()).split(":")[0]
        await button(page, "Disconnect").click()
        await page.reload()
        await bob.send("missed")
        await expect(page.locator("#room-now")).to_contain_text("Room tea")
        await button(page, "Connect").click()
        await expect(talk(page)).to_have_text([re.compile("missed$")])
        await say(page, "again")
        await expect(talk(page).last).to_have_text(f"{name}: again")


async def test_what_waits_survives_a_reload_and_is_stored_once(page):
    hub = CutsAfterStoring()
    async with FeedServer(hub=hub) as server, SimulatedNetwork(server.url) as net:
        await connect(page, net)
        hub.cut, hub.left = (lambda: (net.silence(), net.cut())), 1
        await say(page, "stored, but not acknowledged")
        await say(page, "not sent")
        await until(lambda: hub.left == 0)
        await expect(page.locator("#state")).not_to_have_text("Open")
        net.heal()
        net.cut()
        await page.reload()
        await button(page, "Connect").click()
        for text in ("stored, but not acknowledged", "not sent"):
            await expect(state_of(page, text)).to_have_text("✓ stored")
        await expect(talk(page)).to_have_text([re.compile("acknowledged$"), re.compile("not sent$")])
        assert hub._offset == 2


async def test_a_frame_without_storage_resumes_too(page):
    async with FeedServer() as server, SimulatedNetwork(server.url) as net, Subscription(server.url, "tea") as bob:
        await page.add_init_script(
            "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
        )
        await connect(page, net)
        await say(page, "one")
        await expect(state_of(page, "one")).to_have_text("✓ stored")
        net.silence()
        net.cut()
        await bob.send("two")
        net.heal()
        net.cut()
        await expect(talk(page)).to_have_text([re.compile("one$"), re.compile("two$")])


async def test_a_message_that_is_too_long_is_refused_and_does_not_stand_in_the_way(page):
    async with FeedServer() as server:
        await connect(page, server)
        await say(page, "x" * 70_000)
        await expect(page.locator("#code")).to_have_text("1009 Message too big")
        await expect(page.locator("#messages .sent .label").last).to_have_text("! refused")
        await button(page, "Connect").click()
        await expect(page.locator("#state")).to_have_text("Open")
        await join(page, "tea")
        await say(page, "short")
        await expect(state_of(page, "short")).to_have_text("✓ stored")


async def test_many_messages_at_once_keep_their_order_and_the_servers_pace(page):
    async with FeedServer() as server, Subscription(server.url, "tea") as bob:
        await connect(page, server)
        for number in range(60):
            await page.locator("#text").evaluate(
                "(field, text) => { field.value = text; field.form.requestSubmit(); }", f"m{number}"
            )
        await expect(page.locator("#messages .sent[data-delivery=stored]")).to_have_count(60, timeout=60_000)
        assert [(await anext(bob)).message for _ in range(60)] == [f"m{n}" for n in range(60)]
        assert sum(event.kind == "connect" for event in server.log) == 2


JOINED = {"type": "joined", "room": "tea", "epoch": "e", "offset": 0, "floor": 0, "recovered": True, "missed": 0}


def stored(offset, text):
    return {
        "type": "room-message",
        "room": "tea",
        "message": text,
        "sender": "guest-9",
        "timestamp": "",
        "offset": offset,
    }


async def test_a_server_that_acknowledges_nothing_is_given_up_and_asked_again(own_page):
    await own_page.clock.install()
    async with Sends(JOINED, features="rooms resume") as server:
        await open_page(own_page, server, reconnect=True)
        await expect(own_page.locator("#room-now")).to_have_text("Room tea")
        await say(own_page, "hi")
        await until(lambda: len(server.received) == 1)
        await own_page.clock.run_for(21_000)
        given_up = rows(own_page, "event").filter(has_text="the message was not acknowledged within 20 s")
        await expect(given_up).to_have_count(1)
        await own_page.clock.run_for(3_000)
        await until(lambda: sum(message.get("message") == "hi" for message in server.received) == 2)
        sent = [message["id"] for message in server.received if message.get("message") == "hi"]
        assert sent[0] == sent[1]


async def test_what_a_hostile_server_sends_does_no_harm(page):
    bad = ({"offset": 2**60}, {"offset": -1}, {"epoch": 7}, {"room": None}, {"floor": "x"})
    messages = [
        *({**JOINED, **change} for change in bad),
        JOINED,
        stored(3, "three"),
        stored(3, "again"),
        stored(2, "backwards"),
        {"type": "ack", "id": {}, "offset": 1},
        {"type": "ack", "id": "nobody's", "offset": 1},
        {"type": "error", "id": "nobody's", "code": "not-stored", "message": "?"},
        None,
        [],
        stored(4, "<img src=x onerror=alert(1)>"),
    ]
    async with Sends(*messages, features="rooms resume") as server:
        await open_page(page, server)
        await expect(talk(page)).to_have_text(["guest-9: three", "guest-9: <img src=x onerror=alert(1)>"])
        await expect(page.locator("#room-now")).to_have_text("Room tea")
        await expect(page.locator("#messages .missing")).to_have_count(0)


async def test_a_join_that_the_server_could_not_carry_out_is_tried_again(page):
    lost = {"type": "error", "code": "hub-lost", "message": "join again"}
    async with Sends(features="rooms resume") as server:
        await open_page(page, server)
        await expect(page.locator("#state")).to_have_text("Open")
        await join(page, "tea")
        await until(lambda: len(server.received) == 1)
        (ws,) = server.connections
        await ws.send(json.dumps(lost))
        await until(lambda: len(server.received) == 2)
        assert server.received[0] == server.received[1]
