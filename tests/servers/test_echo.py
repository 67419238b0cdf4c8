from websockets.asyncio.client import connect

from wslearn.servers.echo import EchoServer


async def test_a_welcome_then_an_echo_of_each_message():
    async with EchoServer() as server, connect(server.url) as ws:
        assert await ws.recv() == "Welcome! Connection established."
        await ws.send("Grüß dich, 世界")
        assert await ws.recv() == "Echo: Grüß dich, 世界"
        await ws.send(b"\x00\xff")
        assert await ws.recv() == b"\x00\xff"


async def test_plain_returns_every_message_unchanged_and_sends_nothing_else():
    async with EchoServer(plain=True) as server, connect(server.url) as ws:
        for message in ["hi", "", b"", b"\x00", "x" * 65536]:
            await ws.send(message)
            assert await ws.recv() == message


async def test_messages_come_back_in_order_to_the_one_who_sent_them():
    async with EchoServer(plain=True) as server, connect(server.url) as ann, connect(server.url) as bob:
        for number in range(100):
            await ann.send(f"ann {number}")
            await bob.send(f"bob {number}")
        assert [await ann.recv() for _ in range(100)] == [f"ann {n}" for n in range(100)]
        assert [await bob.recv() for _ in range(100)] == [f"bob {n}" for n in range(100)]
