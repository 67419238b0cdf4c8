import re

from wslearn.servers.broadcast import BroadcastServer


async def test_everybody_hears_it_the_sender_too(talk):
    async with talk.served(BroadcastServer) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        heard = await ann.asks({"message": "hi"}, {"type": "broadcast", "message": "hi"})
        await bob.hears(heard)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", heard["timestamp"])
        assert heard.keys() == {"type", "message", "timestamp"}


async def test_nobody_can_claim_a_sender(talk):
    async with talk.served(BroadcastServer) as server:
        ann = await talk.client(server, "Ann")
        claims = {"message": "hi", "sender": "root", "type": "error", "timestamp": "never"}
        heard = await ann.asks(claims, {"type": "broadcast"})
        assert "sender" not in heard and heard["timestamp"] != "never"


async def test_the_order_is_the_same_for_everybody(talk):
    async with talk.served(BroadcastServer) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        for number in range(15):
            await ann.says({"message": f"ann {number}"})
            await bob.says({"message": f"bob {number}"})
        heard = [(await ann.hears({}))["message"] for _ in range(30)]
        assert heard == [(await bob.hears({}))["message"] for _ in range(30)]
        assert [said for said in heard if said.startswith("ann")] == [f"ann {n}" for n in range(15)]


async def test_a_client_that_vanishes_in_a_broadcast_breaks_it_for_nobody(talk):
    async with talk.served(BroadcastServer) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        for number in range(10):
            zoe = await talk.client(server, "Zoe")
            await ann.says({"message": f"{number}"})
            await zoe.vanishes()
            await bob.hears({"message": f"{number}"})
        await talk.has_connections(server, 2)


async def test_a_client_that_does_not_read_delays_nobody(talk, hostile_clients):
    async with talk.served(BroadcastServer) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        await hostile_clients(server).stalled_reader()
        for number in range(10):
            message = f"{number} {'x' * 60_000}"
            await ann.says({"message": message})
            await bob.hears({"message": message})
