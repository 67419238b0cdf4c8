"""NatsHub: what is stored is heard once, in one order, by all servers, or its loss is admitted."""

import asyncio
import gc
import json
from contextlib import suppress

import psutil
import pytest
from support import Stopwatch, until

from wslearn.hubs import HubLost
from wslearn.hubs.engine import Engine
from wslearn.network import SimulatedNetwork

pytest.importorskip("nats", reason="needs nats-py: pip install 'wslearn[cluster]'")

from wslearn.hubs import NatsHub, link, nats
from wslearn.hubs.following import delivered
from wslearn.hubs.leases import BEAT, LEASE
from wslearn.hubs.link import LOST
from wslearn.hubs.nats import LOOK, STREAM, subject_of

#: nats-py leaves the stream of an attempt to reconnect that was too slow to whoever collects garbage.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")


@pytest.fixture(autouse=True)
def answers_may_be_late(monkeypatch):
    """Wait longer for the answer to a message without a key, which is sent once: this machine may stand still."""
    monkeypatch.setattr(nats, "TIMEOUT", 10)
    yield
    gc.collect()


class Ear:
    """What a subscription hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, bytes]] = []

    def __call__(self, offset: int, data: bytes) -> None:
        self.heard.append((offset, data))

    @property
    def texts(self) -> list[str]:
        return [data.decode() for _, data in self.heard]

    @property
    def offsets(self) -> list[int]:
        return [offset for offset, _ in self.heard]


@pytest.fixture
async def two(engine):
    async with NatsHub(engine.url, engine.token) as a, NatsHub(engine.url, engine.token) as b:
        yield a, b


async def freeze(engine: Engine) -> None:
    """Freeze the engine, and wait until it is frozen: a signal needs a moment, in which it may still answer."""
    nats.TIMEOUT = link.TIMEOUT  # none will come
    engine.pause()
    await until(lambda: psutil.Process(engine.pid).status() == psutil.STATUS_STOPPED)


async def test_two_hubs_hear_the_same_in_the_same_order(two):
    a, b = two
    ears = Ear(), Ear()
    topics = [await hub.subscribe("tea", ear) for hub, ear in zip(two, ears, strict=True)]
    offsets = await asyncio.gather(*(two[n % 2].publish("tea", b"%d" % n, None) for n in range(50)))
    await until(lambda: all(len(ear.heard) == 50 for ear in ears))
    assert ears[0].heard == ears[1].heard
    assert ears[0].offsets == sorted(offsets)
    assert a.epoch == b.epoch != ""
    assert [topic.floor for topic in topics] == [0, 0]


async def test_what_was_kept_comes_first_and_only_of_this_topic(two):
    a, b = two
    for n in range(5):
        await a.publish("tea", b"%d" % n, None)
        await a.publish("tea.green", b"no", None)
    ear = Ear()
    await b.subscribe("tea", ear)
    assert ear.texts == ["0", "1", "2", "3", "4"], "all of it, when subscribe returns"
    await a.publish("tea", b"5", None)
    await until(lambda: ear.texts[-1] == "5")
    assert ear.offsets == sorted(ear.offsets)


async def test_a_full_topic_admits_what_it_has_lost(engine):
    async with NatsHub(engine.url, engine.token, count=10) as a:
        first = Ear()
        topic = await a.subscribe("tea", first)
        offsets = [await a.publish("tea", b"%d" % n, None) for n in range(25)]
        late = Ear()
        late_topic = await a.subscribe("tea", late)
        assert late.texts == [str(n) for n in range(15, 25)]
        assert late_topic.floor == offsets[14], "everything after it is here, and it itself is not"
        await until(lambda: len(first.heard) == 25)
        assert topic.floor == 0, "this one has heard everything"


async def test_a_topic_that_is_exactly_full_has_lost_nothing_after_its_floor(engine):
    async with NatsHub(engine.url, engine.token, count=10) as a:
        offsets = [await a.publish("tea", b"x", None) for _ in range(10)]
        ear = Ear()
        topic = await a.subscribe("tea", ear)
        assert ear.offsets == offsets and topic.floor == offsets[0] - 1


async def test_the_same_key_is_stored_once_on_whichever_server(two):
    a, b = two
    ear = Ear()
    await a.subscribe("tea", ear)
    offset = await a.publish("tea", b"once", "key")
    assert await b.publish("tea", b"once", "key") == offset == await a.publish("tea", b"once", "key")
    assert await a.publish("tea", b"other", "other key") == offset + 1
    await until(lambda: len(ear.heard) == 2)
    assert ear.texts == ["once", "other"]


async def test_topics_that_the_engine_would_misunderstand(two):
    a, b = two
    for topic in ("a.b", "..", ".", "a.", "-", "_", "x" * 64):
        ear = Ear()
        await b.subscribe(topic, ear)
        await a.publish(topic, topic.encode(), None)
        await until(lambda ear=ear: len(ear.heard) == 1)
        assert ear.texts == [topic]
    for topic in ("", "a b", "*", ">", "a.*", "x" * 65, "ä", "a\r\nPUB x 0"):
        with pytest.raises(ValueError):
            await a.publish(topic, b"", None)
        with pytest.raises(ValueError):
            await a.subscribe(topic, Ear())
    assert subject_of("a.b") == "wslearn.room.a=2Eb"


async def test_a_message_that_is_too_large_is_never_stored(two):
    with pytest.raises(ValueError, match="at most 1,048,576 bytes"):
        await two[0].publish("tea", bytes(2_000_000), None)


async def test_garbage_on_the_subjects_of_a_hub_is_skipped(two):
    a, b = two
    ear = Ear()
    topic = await b.subscribe("tea", ear)
    for subject in ("wslearn.here", "wslearn.room.tea=2E", "wslearn.room", "wslearn.name.x"):
        await a.link.nc.publish(subject, b"\xff\x00garbage")
    # Whoever knows the inbox of a consumer can write to it.
    (inbox,) = {sub.subject for sub in b.link.nc._subs.values() if "_INBOX" in sub.subject and "*" not in sub.subject}
    for reply in ("", "$JS.ACK.x", "$JS.ACK.a.b.1.x.y.z.0", "nowhere"):
        await a.link.nc.publish(inbox, b"forged", reply=reply)
    await a.publish("tea", b"good", None)
    await until(lambda: ear.texts == ["good"])
    assert not topic.closed


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ("$JS.ACK.stream.consumer.1.7.3.1700000000.5", (7, 3, 5)),
        ("$JS.ACK.domain.account.stream.consumer.1.7.3.1700000000.5.token", (7, 3, 5)),
        ("$JS.ACK.stream.consumer.1.7.3.1700000000", None),
        ("$JS.ACK.stream.consumer.1.-7.3.1700000000.5", None),
        ("_INBOX.stream.consumer.1.7.3.1700000000.5", None),
        ("", None),
    ],
)
def test_the_note_of_the_engine(reply, note):
    assert delivered(reply) == note


# Names and presence


async def test_names_are_unique_on_all_servers_and_stable_for_a_session(two):
    a, b = two
    sessions = [f"{n:032x}" for n in range(20)]
    names = await asyncio.gather(*(two[n % 2].name(session) for n, session in enumerate(sessions)))
    assert len(set(names)) == 20
    assert await asyncio.gather(*(two[1 - n % 2].name(session) for n, session in enumerate(sessions))) == names
    assert not {await a.name(None), await b.name(None)} & set(names)
    info = await a.link.js.stream_info("WSLEARN_NAMES", subjects_filter=">")
    assert not [subject for subject in info.state.subjects if any(session in subject for session in sessions)]


async def test_presence_spans_servers_and_a_killed_server_is_gone_within_3_seconds(engine, two):
    a, b = two
    told = []
    a.on_presence.append(told.append)
    a.changed("tea", {"ann"}, "s1")
    assert told == ["tea"], "before `changed` returns"
    b.changed("tea", {"bob"}, "s2")
    await until(lambda: a.presence("tea") == b.presence("tea") == ["ann", "bob"])
    ages, server = a._members.leases._ages, b._members.leases.id
    async with Stopwatch() as watch:
        for task in b._tasks:  # as a server that is killed: it says nothing more
            task.cancel()
        await until(lambda: ages[server] > BEAT)
        assert a.presence("tea") == ["ann", "bob"]
        await until(lambda: a.presence("tea") == ["ann"], 30)
    assert watch.seconds < 4


async def test_a_server_that_stops_is_gone_at_once(engine):
    async with NatsHub(engine.url, engine.token) as a:
        async with NatsHub(engine.url, engine.token) as b:
            b.changed("tea", {"bob"}, "s2")
            await until(lambda: a.presence("tea") == ["bob"])
            async with Stopwatch() as watch:
                await b.close()
                await until(lambda: a.presence("tea") == [])
            assert watch.seconds < LEASE / 2


async def test_nobody_expires_while_the_engine_is_frozen(engine, two):
    a, b = two
    a.changed("tea", {"ann"}, "s1")
    b.changed("tea", {"bob"}, "s2")
    await until(lambda: a.presence("tea") == b.presence("tea") == ["ann", "bob"])
    seen = []
    for hub in two:
        hub.on_presence.append(lambda topic, hub=hub: seen.append(hub.presence(topic)))
    await freeze(engine)
    await asyncio.sleep(4)
    engine.resume()
    await asyncio.sleep(1.5)
    assert seen == [] and a.presence("tea") == b.presence("tea") == ["ann", "bob"]


# What breaks


async def test_an_engine_that_is_killed_and_comes_back_has_lost_nothing(engine, two, monkeypatch):
    for name in ("LOST", "PATIENCE"):  # a starved machine may need some seconds for its start
        monkeypatch.setattr(link, name, 30)
    a, b = two
    ear, epoch = Ear(), b.epoch
    topic = await b.subscribe("tea", ear)
    await a.publish("tea", b"before", None)
    engine.kill()
    await engine.ended.wait()
    late = asyncio.create_task(a.publish("tea", b"meanwhile", "key"))
    await asyncio.sleep(0.3)
    await engine.start()
    offset = await late
    assert await b.publish("tea", b"meanwhile", "key") == offset
    await until(lambda: ear.texts == ["before", "meanwhile"])
    assert not a.lost and not b.lost and a.epoch == b.epoch == epoch and topic.floor == 0


async def test_a_frozen_engine_is_lost_after_3_seconds_and_publishing_never_hangs(engine, two):
    a, _ = two
    events = []
    a.on_lost.append(lambda: events.append("lost"))
    a.on_back.append(lambda: events.append("back"))
    loop = asyncio.get_running_loop()
    await freeze(engine)
    began = loop.time()
    async with Stopwatch() as watch:
        with pytest.raises(HubLost):
            await a.publish("tea", bytes(100_000), "key")
    assert a.lost and events == ["lost"] and loop.time() - began > LOST - 2 * LOOK and watch.seconds < 6
    async with Stopwatch() as watch:
        for attempt in (lambda: a.publish("tea", b"", None), lambda: a.subscribe("tea", Ear()), lambda: a.name("x")):
            with pytest.raises(HubLost):
                await attempt()
    assert watch.seconds < 0.5, "at once"
    engine.resume()
    await until(lambda: events == ["lost", "back"])
    assert await a.publish("tea", b"again", None) > 0


async def test_a_message_without_a_key_is_sent_once(engine, two):
    """Otherwise it could be stored twice, because the engine could not know it again."""
    a, b = two
    ear = Ear()
    await b.subscribe("tea", ear)
    await freeze(engine)
    with pytest.raises(HubLost):
        await a.publish("tea", b"perhaps", None)
    engine.resume()
    await a.publish("tea", b"sure", "key")
    await until(lambda: "sure" in ear.texts)
    assert ear.texts in (["perhaps", "sure"], ["sure"])


async def test_much_that_waits_for_a_frozen_engine_blocks_nobody(engine, two):
    """With more than 2 MiB waiting, the library's own publish would wait for ever."""
    a, _ = two
    await freeze(engine)
    async with asyncio.timeout(60):
        sent = await asyncio.gather(
            *(a.publish("tea", bytes(60_000), f"{n}") for n in range(100)), return_exceptions=True
        )
    assert {type(one) for one in sent} == {HubLost}
    engine.resume()


async def test_a_hub_that_is_cut_off_hears_what_it_has_missed(engine):
    async with SimulatedNetwork(engine.url.replace("nats:", "ws:")) as net:
        async with NatsHub(engine.url, engine.token) as a, NatsHub(f"nats://127.0.0.1:{net.port}", engine.token) as b:
            ear, gaps = Ear(), []
            topic = await b.subscribe("tea", ear)
            b.on_gap.append(gaps.append)
            net.silence()
            for n in range(20):
                await a.publish("tea", b"%d" % n, None)
            await until(lambda: b.lost)
            net.heal()
            await until(lambda: len(ear.heard) == 20)
            assert ear.texts == [str(n) for n in range(20)] and gaps == [] and topic.floor == 0
            net.cut()
            await a.publish("tea", b"20", None)
            await until(lambda: ear.texts[-1] == "20")
            assert len(ear.heard) == 21 and gaps == []


async def test_a_hub_that_was_cut_off_for_too_long_admits_the_gap(engine):
    async with SimulatedNetwork(engine.url.replace("nats:", "ws:")) as net:
        async with (
            NatsHub(engine.url, engine.token, count=10) as a,
            NatsHub(f"nats://127.0.0.1:{net.port}", engine.token, count=10) as b,
        ):
            ear, gaps = Ear(), []
            topic = await b.subscribe("tea", ear)
            b.on_gap.append(lambda topic: gaps.append((topic, list(ear.texts))))
            await a.publish("tea", b"first", None)
            await until(lambda: ear.texts == ["first"])
            for link in net.links:  # nothing gets through, and what was under way is lost
                link.cut()
            net.silence()
            offsets = [await a.publish("tea", b"%d" % n, None) for n in range(25)]
            net.cut()
            net.heal()
            await until(lambda: len(ear.heard) == 11)
            assert ear.texts == ["first", *(str(n) for n in range(15, 25))]
            told = [gap for gap in gaps if gap[0] == "tea"]
            assert told == [("tea", ["first"])], "told before what comes after it"
            assert topic.floor == offsets[14]


async def test_a_stream_that_is_made_anew_is_a_new_epoch(engine, two):
    a, b = two
    ear, events = Ear(), []
    topic = await b.subscribe("tea", ear)
    for n in range(5):
        await a.publish("tea", b"old %d" % n, None)
    await until(lambda: len(ear.heard) == 5)
    epoch = b.epoch
    b.on_epoch.append(lambda: events.append((b.epoch, len(ear.heard))))
    await a.link.js.delete_stream(STREAM)
    await until(lambda: bool(events))
    assert events[0][0] == b.epoch != epoch and events[0][1] == 5, "before anything of the new epoch is heard"
    await until(lambda: a.epoch == b.epoch)
    assert await a.publish("tea", b"new", None) == 1
    await until(lambda: ear.heard[-1] == (1, b"new"))
    assert topic.floor == 0 and len(events) == 1


async def test_names_stay_unique_when_the_store_was_lost(two):
    a, b = two
    names = {await a.name(f"{n:032x}") for n in range(5)}
    b.changed("tea", {await b.name("f" * 32)}, "s")
    await until(lambda: a.presence("tea") != [])
    for stream in (STREAM, "WSLEARN_NAMES"):
        await a.link.js.delete_stream(stream)
    epoch = a.epoch
    await until(lambda: a.epoch != epoch)
    fresh = {await hub.name(None) for hub in two for _ in range(5)}
    assert len(fresh) == 10 and not fresh & names


async def test_a_consumer_that_vanishes_is_replaced(two):
    a, b = two
    ear = Ear()
    topic = await b.subscribe("tea", ear)
    for consumer in await a.link.js.consumers_info(STREAM):
        await a.link.js.delete_consumer(STREAM, consumer.name)
    await a.publish("tea", b"x", None)
    topic.check(asyncio.get_running_loop().time() + 6)  # as the hub does twice a second, six seconds later
    await until(lambda: ear.texts == ["x"])


async def test_a_connection_that_the_library_closes_for_good_is_made_again(two):
    a, b = two
    ear = Ear()
    await b.subscribe("tea", ear)
    b.changed("tea", {"bob"}, "s")
    b.link.nc._transport.write(b"NONSENSE\r\n")
    await until(lambda: b.link.nc.is_closed)
    await a.publish("tea", b"meanwhile", None)
    await until(lambda: ear.texts == ["meanwhile"])
    assert await b.publish("tea", b"again", None) and b.presence("tea") == ["bob"] and not b.lost
    await until(lambda: a.presence("tea") == ["bob"])


# What is left behind


async def consumers(hub: NatsHub) -> int:
    return len(await hub.link.js.consumers_info(STREAM))


async def test_a_listener_that_raises_does_not_end_the_hub(two, caplog):
    a, _ = two

    def broken(*arguments) -> None:
        raise LookupError("mine")

    ear = Ear()
    for listeners in (a.on_lost, a.on_back, a.on_epoch, a.on_presence):
        listeners.append(broken)
    await a.subscribe("tea", broken)
    await a.subscribe("tea", ear)
    a.changed("tea", {"ann"}, "s")
    await a.publish("tea", b"1", None)
    await a.link.js.delete_stream(STREAM)
    epoch = a.epoch
    await until(lambda: a.epoch != epoch)
    await a.publish("tea", b"2", None)
    await until(lambda: ear.texts == ["1", "2"])
    assert "mine" in caplog.text
    caplog.clear()


async def test_unsubscribing_leaves_nothing(two):
    a, _ = two
    a.link.js._timeout = 30  # an answer that is late leaves a consumer to the engine, which forgets it
    ear = Ear()
    topics = [await a.subscribe("tea", ear) for _ in range(3)]
    before = len(a.link.nc._subs)
    assert await consumers(a) == 3
    for topic in topics:
        topic.unsubscribe()
        topic.unsubscribe()
    await until(lambda: not a.followers)
    assert await consumers(a) == 0 and len(a.link.nc._subs) == before - 3
    await a.publish("tea", b"x", None)
    assert ear.heard == []


async def test_a_cancelled_subscribe_leaves_nothing(two):
    a, _ = two
    a.link.js._timeout = 30
    before = len(a.link.nc._subs)
    for turns in range(12):
        subscribing = asyncio.create_task(a.subscribe("tea", Ear()))
        for _ in range(turns):
            await asyncio.sleep(0)
        subscribing.cancel()
        with suppress(asyncio.CancelledError):
            (await subscribing).unsubscribe()
    await until(lambda: not a.followers)
    assert await consumers(a) == 0
    assert len(a.link.nc._subs) <= before + 1, "the library's own inbox for answers"


@pytest.mark.parametrize("state", ["running", "frozen", "killed"])
async def test_close_is_bounded_and_quiet(engine, caplog, state):
    hub = await NatsHub(engine.url, engine.token).start()
    await hub.subscribe("tea", Ear())
    if state == "frozen":
        await freeze(engine)
    elif state == "killed":
        engine.kill()
        await engine.ended.wait()
    async with Stopwatch() as watch:
        await hub.close()
        await hub.close()
    assert watch.seconds < 6
    gc.collect()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    if state == "frozen":
        engine.resume()


async def test_a_closed_hub_leaves_no_task(engine):
    before = asyncio.all_tasks()
    async with NatsHub(engine.url, engine.token) as hub:
        await hub.subscribe("tea", Ear())
        await hub.publish("tea", b"x", None)
        await hub.name(None)
    await until(lambda: asyncio.all_tasks() <= before)  # the library's tasks end at their next turn


async def test_a_hub_can_be_opened_again(engine):
    hub = NatsHub(engine.url, engine.token)
    for _ in range(2):
        async with hub:
            assert await hub.publish("tea", b"x", "the same") == 1


# The start


@pytest.mark.parametrize("url", ["", "nats://", "http://127.0.0.1:4222", "nats://127.0.0.1:99999", None])
def test_a_url_that_is_none(url):
    with pytest.raises(ValueError, match="expected a URL like nats://"):
        NatsHub(url)


def test_a_token_in_a_url_would_be_seen():
    with pytest.raises(ValueError, match="WSLEARN_HUB_TOKEN") as caught:
        NatsHub("nats://secret@127.0.0.1:4222")
    assert "secret" not in str(caught.value)


async def test_no_engine_answers():
    with pytest.raises(RuntimeError, match=r"no engine answers at nats://127\.0\.0\.1:1"):
        await NatsHub("nats://127.0.0.1:1").start()


async def test_the_wrong_token(engine, caplog):
    with pytest.raises(RuntimeError, match="refused the token: set WSLEARN_HUB_TOKEN"):
        await NatsHub(engine.url, "wrong").start()
    assert engine.token not in caplog.text


async def another_program(greeting: bytes) -> asyncio.Server:
    async def answer(reader, writer):
        writer.write(greeting)
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no nats-server"),
        (b"INFO {\r\n", "is no nats-server"),
        (f"INFO {json.dumps({'version': '2.9.25', 'jetstream': True})}\r\n".encode(), "version 2.9.25 answered"),
        (f"INFO {json.dumps({'version': '2.15.1'})}\r\n".encode(), "with JetStream switched on"),
        (f"INFO {json.dumps({'version': 'x', 'jetstream': True})}\r\n".encode(), "version x answered"),
    ],
)
async def test_something_else_answers(greeting, sentence):
    async with await another_program(greeting) as program:
        port = program.sockets[0].getsockname()[1]
        with pytest.raises(RuntimeError, match=sentence):
            await NatsHub(f"nats://127.0.0.1:{port}").start()


async def test_an_engine_without_a_token_of_its_own_takes_the_environments(monkeypatch):
    async with Engine() as engine:
        monkeypatch.setenv("WSLEARN_HUB_TOKEN", engine.token)
        async with NatsHub(engine.url) as hub:
            assert await hub.publish("tea", b"x", None) == 1
