import re

from support import hear, raw_websocket, tell, until
from websockets.asyncio.client import connect

from wslearn.servers.broadcast import BroadcastServer


async def test_everybody_hears_it_the_sender_too():
    async with BroadcastServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        await tell(ann, message="hi")
        heard = await hear(ann)
        assert heard == await hear(bob)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", heard.pop("timestamp"))
        assert heard == {"type": "broadcast", "message": "hi"}


async def test_nobody_can_claim_a_sender():
    async with BroadcastServer() as server, connect(server.url) as ann:
        await tell(ann, message="hi", sender="root", type="error", timestamp="never")
        heard = await hear(ann)
        assert "sender" not in heard and heard["type"] == "broadcast" and heard["timestamp"] != "never"


async def test_the_order_is_the_same_for_everybody():
    async with BroadcastServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        for number in range(15):
            await tell(ann, message=f"ann {number}")
            await tell(bob, message=f"bob {number}")
        heard = [(await hear(ann))["message"] for _ in range(30)]
        assert heard == [(await hear(bob))["message"] for _ in range(30)]
        assert [said for said in heard if said.startswith("ann")] == [f"ann {n}" for n in range(15)]


async def test_a_client_that_vanishes_in_a_broadcast_breaks_it_for_nobody():
    async with BroadcastServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        for number in range(10):
            gone = await connect(server.url)
            await tell(ann, message=f"{number}")
            gone.transport.abort()
            assert (await hear(bob))["message"] == f"{number}"
        await until(lambda: len(server.connections) == 2)


async def test_a_client_that_does_not_read_delays_nobody():
    async with BroadcastServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        stuck = await raw_websocket(server, receive_buffer=4096)
        for number in range(10):
            await tell(ann, message=f"{number} " + "x" * 60_000)
            assert (await hear(bob))["message"].startswith(f"{number} ")
        stuck.close()
