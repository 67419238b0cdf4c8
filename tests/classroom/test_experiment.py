"""An experiment of the class, with real connections: messages to phones, which answer, never answer, come and go."""

import asyncio
import secrets
import time
from contextlib import AsyncExitStack

import pytest
from phones_of_tests import phone
from support import closed_with, hear, tell, until

from wslearn.classroom import ClassServers, experiment, hindered


@pytest.fixture
async def servers():
    async with ClassServers("127.0.0.1") as servers:
        yield servers


async def volunteers(ws) -> None:
    """Be the slow client from now on."""
    await tell(ws, type="volunteer", **{"as": "slow-client"})
    await hear(ws, "volunteer")


async def answer_next(ws) -> dict:
    """Answer the next message of the experiment, and return it."""
    message = await hear(ws, "delivery")
    await tell(ws, type="got", number=message["number"])
    return message


async def waits_for(servers, *names: str) -> None:
    """Wait until these people are here."""
    await until(lambda: {person.name for person in servers.phones.phones} == set(names))


async def test_phones_show_the_experiment_get_messages_and_answer(servers):
    async with phone(servers, "Ann") as ann, phone(servers, "Bob") as bob:
        async with servers.experiment("Fan-out") as phones:
            assert [person.name for person in phones.people] == ["Ann", "Bob"]
            assert await hear(ann) == await hear(bob) == {"type": "experiment", "title": "Fan-out", "room": None}
            delivering = asyncio.create_task(phones.deliver("hello"))
            assert await answer_next(ann) == {"type": "delivery", "number": 1, "message": "hello"}
            assert (await answer_next(bob))["number"] == 1
            seconds = await delivering
            assert seconds.keys() == {"Ann", "Bob"} and all(one > 0 for one in seconds.values())
        assert await hear(ann) == await hear(bob) == {"type": "no-experiment"}


async def test_only_those_who_are_named_get_a_message(servers):
    async with phone(servers, "Ann") as ann, phone(servers, "Bob") as bob, servers.experiment("Rooms") as phones:
        delivering = asyncio.create_task(phones.deliver("hello", to=["Ann", "Nobody"]))
        await answer_next(ann)
        seconds = await delivering
        assert seconds["Ann"] and seconds["Nobody"] is None and len(seconds) == 2
        await tell(bob, type="ping")
        assert [(await hear(bob))["type"] for _ in range(2)] == ["experiment", "pong"]


async def test_nobody_is_here(servers):
    async with servers.experiment("Fan-out") as phones:
        assert (phones.people, await phones.deliver("hello")) == ([], {})
        assert await phones.ping("Ann", 1) is None
        phones.drop("Ann", "nobody")
        phones.place("Ann", "tea")
        delivery = phones.prepare("hello")
        await phones.send_in_turn(delivery)
        assert delivery.done.is_set()


async def test_one_experiment_at_a_time(servers):
    async with servers.experiment("Fan-out"):
        with pytest.raises(RuntimeError, match=r"has to end first: Fan-out \(or press Cancel there\)"):
            async with servers.experiment("Rooms"):
                pass
    async with servers.experiment("Rooms"):
        pass


async def test_a_class_that_has_ended_has_no_experiments_until_it_starts_again(servers):
    await servers.stop()
    with pytest.raises(RuntimeError, match="this class has ended: run the cell of this dashboard again"):
        async with servers.experiment("Rooms"):
            pass
    await servers.start()
    async with servers.experiment("Rooms"):
        pass


async def test_who_never_answers_has_none_and_holds_nobody_up(servers):
    async with phone(servers, "Ann") as ann, phone(servers, "Zoe"), servers.experiment("Fan-out") as phones:
        delivering = asyncio.create_task(phones.deliver("hello", timeout=3))
        await answer_next(ann)
        seconds = await delivering
        assert seconds["Ann"] and seconds["Zoe"] is None


async def test_who_answers_twice_counts_once_and_the_first_time(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        delivery = phones.publish("hello")
        await answer_next(ann)
        await delivery.done.wait()
        first = dict(delivery.seconds)
        await tell(ann, type="got", number=1)
        await tell(ann, type="ping")
        await hear(ann, "pong")
        assert delivery.seconds == first


@pytest.mark.parametrize("number", [0, 2, 999, 2**53 - 1])
async def test_a_number_that_was_not_sent_means_nothing(servers, number):
    async with phone(servers, "Mallory") as ws, servers.experiment("Fan-out") as phones:
        delivery = phones.publish("hello")
        await hear(ws, "delivery")
        await tell(ws, type="got", number=number)
        await tell(ws, type="ping")
        await hear(ws, "pong")
        assert delivery.seconds == {}


@pytest.mark.parametrize("number", [-1, 2**53, 10**400, 1.5, "1", None, True])
async def test_what_is_no_number_is_a_bad_message(servers, number):
    async with phone(servers, "Mallory") as ws, servers.experiment("Fan-out") as phones:
        delivery = phones.publish("hello")
        await tell(ws, type="got", number=number)
        assert (await hear(ws, "error"))["code"] == "bad-message"
        assert delivery.seconds == {}


async def test_an_answer_or_a_greeting_without_an_experiment_means_nothing(servers):
    async with phone(servers, "Mallory") as ws:
        await tell(ws, type="got", number=1)
        await tell(ws, type="say-hi")
        await tell(ws, type="ping")
        assert await hear(ws) == {"type": "pong"}


async def test_one_answer_is_for_all_messages_before_it_on_its_connection(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        deliveries = [phones.publish(f"message {number}") for number in range(3)]
        await tell(ann, type="got", number=2)
        await deliveries[1].done.wait()
        assert [len(one.seconds) for one in deliveries] == [1, 1, 0]


async def test_a_second_window_does_not_answer_for_what_it_was_not_sent(servers):
    session = secrets.token_hex(16)
    async with phone(servers, "Ann", session), servers.experiment("Fan-out") as phones:
        first = phones.publish("before")
        async with phone(servers, "Ann", session) as late:
            second = phones.publish("after")
            assert (await answer_next(late))["number"] == 2
            await second.done.wait()
            assert not first.done.is_set()


async def test_who_leaves_in_the_middle_is_not_waited_for(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        async with phone(servers, "Zoe") as zoe:
            delivery = phones.publish("hello")
            delivering = asyncio.create_task(phones.deliver("again", timeout=60))
            for _ in range(2):
                await answer_next(ann)
            zoe.transport.abort()
        seconds = await asyncio.wait_for(delivering, 30)
        assert seconds["Ann"] and seconds["Zoe"] is None
        assert [person.name for person in delivery.skipped] == ["Zoe"]
        assert [person.name for person in phones.people] == ["Ann"]
        assert len(phones._unanswered) == 1


async def test_who_is_removed_in_the_middle_is_not_waited_for(servers):
    async with phone(servers, "Mallory") as ws, servers.experiment("Fan-out") as phones:
        delivering = asyncio.create_task(phones.deliver("hello", timeout=60))
        await hear(ws, "delivery")
        servers.remove("Mallory")
        await tell(ws, type="got", number=1)
        assert (await closed_with(ws))[0] == 1008
        assert await asyncio.wait_for(delivering, 30) == {"Mallory": None}
        assert (phones.people, phones._unanswered) == ([], {})


async def test_who_joins_in_the_middle_sees_the_experiment_and_gets_the_next_message(servers):
    async with servers.experiment("Fan-out") as phones:
        phones.publish("too early")
        async with phone(servers, "Ann") as ann:
            assert await hear(ann) == {"type": "experiment", "title": "Fan-out", "room": None}
            delivering = asyncio.create_task(phones.deliver("in time"))
            assert (await answer_next(ann))["message"] == "in time"
            assert (await delivering)["Ann"]


async def test_who_comes_back_is_in_its_room(servers):
    session = secrets.token_hex(16)
    async with servers.experiment("Rooms") as phones:
        async with phone(servers, "Ann", session) as ann:
            await hear(ann, "experiment")
            phones.place("Ann", "tea")
            assert (await hear(ann))["room"] == "tea"
            phones.drop("Ann", "a test")
            assert (await closed_with(ann))[0] == 1006
        async with phone(servers, "Ann", session) as ann:
            assert (await hear(ann))["room"] == "tea"
            phones.place("Ann", None)
            assert (await hear(ann))["room"] is None


async def test_a_new_name_in_the_middle_is_that_of_the_result(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        delivering = asyncio.create_task(phones.deliver("hello"))
        await hear(ann, "delivery")
        await tell(ann, type="rename", name="Dora")
        await tell(ann, type="got", number=1)
        assert (await delivering)["Dora"]


async def test_greetings_are_passed_on_and_a_flood_of_them_is_not(servers):
    heard = []
    async with phone(servers, "Ann") as ann, servers.experiment("Rooms") as phones:
        await tell(ann, type="say-hi")  # nobody wants to know
        await tell(ann, type="ping")
        await hear(ann, "pong")
        phones.on_message = heard.append
        began = time.monotonic()
        for _ in range(15):
            await tell(ann, type="say-hi")
        await tell(ann, type="ping")
        await hear(ann, "pong")
        await until(lambda: heard != [])
        assert set(heard) == {"Ann"} and len(heard) <= 11 + 2 * (time.monotonic() - began)


async def test_a_ping_is_answered_by_the_library_of_the_phone(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Heartbeat") as phones:
        assert await phones.ping("Ann", 10) > 0
        ann.transport.pause_reading()  # a black hole
        assert await phones.ping("Ann", 0.2) is None
        ann.transport.abort()
        await until(lambda: phones.people == [])
        assert await phones.ping("Ann", 10) is None


async def test_a_slow_client_gets_the_newest_only_and_others_do_not_wait(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 0.3)
    async with phone(servers, "Ann") as ann, phone(servers, "Sam") as sam, servers.experiment("Fan-out") as phones:
        await volunteers(sam)
        deliveries = [phones.publish(f"message {number}") for number in range(5)]
        assert [(await answer_next(ann))["number"] for _ in range(5)] == [1, 2, 3, 4, 5]
        assert (await answer_next(sam))["number"] == 5
        await deliveries[-1].done.wait()
        assert [[one.name for one in delivery.skipped] for delivery in deliveries] == [["Sam"]] * 4 + [[]]
        assert all(delivery.done.is_set() for delivery in deliveries)


async def test_in_a_tunnel_nothing_passes_and_then_the_newest(servers, monkeypatch):
    monkeypatch.setattr(hindered, "TUNNEL", 1.0)
    async with phone(servers, "Bob") as bob:
        await tell(bob, type="volunteer", **{"as": "tunnel"})
        await hear(bob, "volunteer")
        async with servers.experiment("Fan-out") as phones:
            first, second = phones.publish("lost"), phones.publish("newest")
            assert await phones.ping("Bob", 0.05) is None
            received = [await hear(bob) for _ in range(3)]
            assert [one["type"] for one in received] == ["volunteer", "experiment", "delivery"]
            assert received[-1]["message"] == "newest"
            await tell(bob, type="got", number=2)
            await second.done.wait()
            assert [one.name for one in first.skipped] == ["Bob"]
            assert await phones.ping("Bob", 10)


async def test_a_queue_for_a_slow_client_grows_until_it_is_dropped_and_it_comes_back(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 0.3)
    session = secrets.token_hex(16)
    async with servers.experiment("Robustness", max_unsent=300) as phones:
        async with phone(servers, "Sam", session) as sam:
            await volunteers(sam)
            person = phones.people[0]
            deliveries = [phones.publish("12345") for _ in range(3)]
            each = phones.unsent(person) / 3
            assert 40 < each < 80
            assert [(await answer_next(sam))["number"] for _ in range(2)] == [1, 2]  # each in its turn, none is skipped
            while phones.people:
                deliveries.append(phones.publish("12345"))
                assert phones.unsent(person) < 300 + each
                await asyncio.sleep(0.02)
            assert (await closed_with(sam))[0] == 1006
        assert all(delivery.done.is_set() for delivery in deliveries)
        assert phones.unsent(person) == 0
        async with phone(servers, "Sam", session) as sam:
            assert person.volunteer is None
            delivering = asyncio.create_task(phones.deliver("again"))
            await answer_next(sam)
            assert (await delivering)["Sam"]


async def test_who_is_slow_no_longer_gets_all_that_waits(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 60)
    async with phone(servers, "Sam") as sam, servers.experiment("Robustness", max_unsent=10_000) as phones:
        await volunteers(sam)
        for number in range(3):
            phones.publish(f"message {number}")
        monkeypatch.setattr(hindered, "PAUSE", 0)
        await tell(sam, type="volunteer", **{"as": None})
        assert [(await hear(sam, "delivery"))["number"] for _ in range(3)] == [1, 2, 3]


async def test_in_turn_everybody_waits_for_the_slow_client(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 0.5)
    async with phone(servers, "Sam") as sam, phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        await volunteers(sam)
        delivery = phones.prepare("hello")
        sending = asyncio.create_task(phones.send_in_turn(delivery))
        await answer_next(ann)
        await sending
        await answer_next(sam)
        await delivery.done.wait()
        assert all(0.5 <= seconds < 60 for seconds in delivery.seconds.values())


async def test_in_turn_nobody_waits_for_a_slow_client_that_has_left(servers, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 60)
    async with phone(servers, "Sam") as sam, phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        await volunteers(sam)
        delivery = phones.prepare("hello")
        sending = asyncio.create_task(phones.send_in_turn(delivery))
        await asyncio.sleep(0)
        sam.transport.abort()
        await answer_next(ann)
        await sending
        await delivery.done.wait()
        assert [one.name for one in delivery.seconds] == ["Ann"]
        assert [one.name for one in delivery.skipped] == ["Sam"]


async def test_what_never_answers_is_remembered_within_bounds(servers, monkeypatch):
    monkeypatch.setattr(experiment, "MOST", 10)
    async with phone(servers, "Zoe") as zoe, servers.experiment("Fan-out") as phones:
        for number in range(50):
            phones.publish(f"message {number}")
        (waiting,) = phones._unanswered.values()
        assert [one.number for one in waiting] == list(range(41, 51))
        await tell(zoe, type="got", number=50)
        await until(lambda: not waiting)


async def test_a_phone_that_stops_reading_gets_the_newest_when_it_reads_again(servers):
    async with phone(servers, "Sam") as sam, servers.experiment("Fan-out") as phones:
        await hear(sam, "experiment")
        sam.transport.pause_reading()
        person, sent = phones.people[0], 0
        (ws,) = servers.phones.phones[person].connections
        while servers.phones.phones[person].ready:
            phones.publish("x" * 4000)
            sent += 1
            await asyncio.sleep(0)
        for number in range(1000):
            last = phones.publish(f"{number}" + "x" * 4000)
        assert ws.transport.get_write_buffer_size() < hindered.ENOUGH + 5000
        sam.transport.resume_reading()
        numbers = [(await hear(sam, "delivery"))["number"] for _ in range(sent + 1)]
        assert numbers == [*range(1, sent + 1), sent + 1000]
        await tell(sam, type="got", number=last.number)
        await last.done.wait()


async def test_votes_go_on_beside_an_experiment(servers):
    async with phone(servers, "Ann") as ann, servers.experiment("Fan-out") as phones:
        await servers.ask("Tea?", ["yes", "no"])
        for number in range(20):
            phones.publish(f"message {number}")
        await tell(ann, type="vote", poll="p1", choice=0, id="1")
        await hear(ann, "ack")
        assert servers.results() == {"yes": 1, "no": 0}


async def test_rehearsed_phones_answer_and_greet(servers, monkeypatch):
    monkeypatch.setattr("wslearn.classroom.rehearsal.THINKING", 0.1)
    heard = asyncio.Event()
    async with AsyncExitStack() as stack:
        phones = await stack.enter_async_context(servers.experiment("Rooms"))
        phones.on_message = lambda name: heard.set()
        await servers.rehearse(4)
        await until(lambda: len(phones.people) == 4)
        fast = [person.name for person in phones.people if person.volunteer is None]
        seconds = await phones.deliver("hello", to=fast[-1:], timeout=60)
        assert len(seconds) == 1 and all(seconds.values())
        phones.place(fast[-1], "tea")
        await asyncio.wait_for(heard.wait(), 30)


async def test_the_end_of_the_class_ends_an_experiment(servers):
    async with phone(servers, "Ann"), servers.experiment("Fan-out") as phones:
        delivering = asyncio.create_task(phones.deliver("hello", timeout=60))
        await until(lambda: bool(phones._unanswered))
        await servers.stop()
        assert await asyncio.wait_for(delivering, 30) == {"Ann": None}


@pytest.mark.parametrize("turns", range(12))
async def test_sending_in_turn_ends_when_it_is_cancelled_at_whatever_moment(servers, turns):
    async def send_without_end() -> None:
        while True:
            await phones.send_in_turn(phones.prepare("hello"))
            await phones.deliver("hello", timeout=0)

    async with phone(servers, "Ann"), servers.experiment("Fan-out") as phones:
        sending = asyncio.create_task(send_without_end())
        for _ in range(turns):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait({sending}, timeout=30)
        assert sending.cancelled()
