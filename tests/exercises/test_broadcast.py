"""Exercises of lesson 03."""

from exercise_cases import FunctionExercise, ServerExercise

from wslearn.exercises import broadcast as ex

IMPORTS = """
from websockets.asyncio.server import broadcast
from wslearn import Limits
from wslearn.fast import fan_out
from wslearn.messages import Broadcast, Say, now
"""
BETTER = "One thing could be better."


class TestOthers(ServerExercise):
    exercise = ex.others
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "not all the others received it": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        await ws.send(message)
        """,
        "called `send` without `await`": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        for client in self.connections - {ws}:
                            client.send(message)
        """,
        "Ann received her own message": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        broadcast(self.connections, message)
        """,
        "Only the first message was passed on": """
            class Answer(Server):
                async def handler(self, ws):
                    message = await ws.recv()
                    broadcast(self.connections - {ws}, message)
                    await ws.wait_closed()
        """,
        "Pass on exactly what Ann sent": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        broadcast(self.connections - {ws}, f"{ws.name}: {message}")
        """,
        "`fan_out` makes JSON of a message; for raw text use `broadcast`": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        fan_out(self.connections - {ws}, message)
        """,
        "`ws.receive(Say)` reads JSON": """
            class Answer(Server):
                async def handler(self, ws):
                    async for said in ws.receive(Say):
                        broadcast(self.connections - {ws}, said.message)
        """,
        "Did you remove her from `self.connections`?": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        self.connections.discard(ws)
                        broadcast(self.connections, message)
        """,
        "Bob's message did not reach Carl": """
            class Answer(Server):
                first = None
                async def handler(self, ws):
                    self.first = self.first or ws
                    async for message in ws:
                        broadcast(self.connections - {ws} if ws is self.first else {self.first}, message)
        """,
        "not always the same client": """
            class Answer(Server):
                first = None
                async def handler(self, ws):
                    self.first = self.first or ws
                    async for message in ws:
                        broadcast(self.connections - {self.first}, message)
                        if ws is not self.first:
                            await self.first.send(message)
        """,
        "Set changed size during iteration": """
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        for client in self.connections:
                            if client is ws:
                                self.connections.remove(client)
                            else:
                                await client.send(message)
        """,
    }

    async def test_a_loop_of_ones_own_is_right_too_and_gets_an_advice(self):
        result = await self.check("""
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        for client in list(self.connections):
                            if client is not ws:
                                await client.send(message)
        """)
        assert result and BETTER in result.message and "stops your server for all the others" in result.message

    async def test_gather_gets_the_advice_too(self):
        result = await self.check("""
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        await asyncio.gather(*(client.send(message) for client in self.connections - {ws}))
        """)
        assert result and BETTER in result.message

    async def test_json_is_named_in_an_object_too(self):
        result = await self.check("""
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        fan_out(self.connections - {ws}, Broadcast(message, now()))
        """)
        assert not result and "for raw text use `broadcast`" in result.message

    async def test_a_name_that_is_unknown_is_all_that_is_said(self):
        result = await self.check("""
            class Answer(Server):
                async def handler(self, ws):
                    async for message in ws:
                        brodcast(self.connections - {ws}, message)
        """)
        assert "NameError: name 'brodcast' is not defined" in result.message
        assert "not all the others" not in result.message


class TestVanish(FunctionExercise):
    exercise = ex.vanish
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "Your function ended there, so not all the others": """
            async def answer(clients, message):
                for client in list(clients):
                    await client.send(message)
        """,
        "All the others received the message, but your function raised": """
            async def answer(clients, message):
                await asyncio.gather(*(client.send(message) for client in clients))
        """,
        "leave the set alone: it is not yours": """
            async def answer(clients, message):
                for client in list(clients):
                    try:
                        await client.send(message)
                    except ConnectionClosed:
                        clients.remove(client)
        """,
        "for raw text use `broadcast`": """
            async def answer(clients, message):
                fan_out(clients, message)
        """,
        "One client's end must not end the loop": """
            async def answer(clients, message):
                try:
                    for client in list(clients):
                        await client.send(message)
                except ConnectionClosed:
                    pass
        """,
        "The set changed while your loop went through it": """
            async def answer(clients, message):
                for client in clients:
                    try:
                        await client.send(message)
                    except ConnectionClosed:
                        pass
        """,
        "called `send` without `await`": """
            async def answer(clients, message):
                for client in list(clients):
                    client.send(message)
        """,
        "received the message again": """
            async def answer(clients, message):
                for client in list(clients):
                    try:
                        await client.send(message)
                    except ConnectionClosed:
                        broadcast(clients, message)
        """,
        "All six clients are connected": """
            async def answer(clients, message):
                await next(iter(clients)).send(message)
        """,
        "Two clients left while you were sending": """
            async def answer(clients, message):
                try:
                    for client in [client for client in clients if client.close_code is None]:
                        await client.send(message)
                except ConnectionClosed:
                    pass
        """,
    }

    async def test_a_loop_that_expects_each_end_is_right_too_and_gets_an_advice(self):
        result = await self.check("""
            async def answer(clients, message):
                for client in list(clients):
                    try:
                        await client.send(message)
                    except ConnectionClosed:
                        pass
        """)
        assert result and BETTER in result.message and "your loop waited" in result.message

    async def test_all_at_once_is_right_too_and_gets_another_advice(self):
        result = await self.check("""
            async def answer(clients, message):
                await asyncio.gather(*(client.send(message) for client in clients), return_exceptions=True)
        """)
        assert result and BETTER in result.message and "You send to all clients at the same time" in result.message

    async def test_what_does_not_wait_gets_no_advice(self):
        result = await self.check("""
            def answer(clients, message):
                for client in set(clients):
                    broadcast([client], message)
        """)
        assert result and not result.message


class TestLatest(ServerExercise):
    exercise = ex.latest
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "connected late and received nothing": """
            class Answer(Server):
                async def handler(self, ws):
                    last = None
                    if last is not None:
                        await ws.send(last)
                    async for message in ws:
                        last = message
                        broadcast(self.connections, message)
        """,
        "received the new value twice": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(self.last)
                    async for message in ws:
                        self.last = message
                        await ws.send(message)
                        broadcast(self.connections, message)
        """,
        "there is no value yet, and None cannot be sent": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    await ws.send(self.last)
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
        """,
        "for raw text use `broadcast`": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(self.last)
                    async for message in ws:
                        self.last = message
                        fan_out(self.connections, message)
        """,
        "received a value before anybody had sent one": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    await ws.send(str(self.last))
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
        """,
        "received the first value": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(self.last)
                    async for message in ws:
                        self.last = self.last or message
                        broadcast(self.connections, message)
        """,
        "received the old value again": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        broadcast(self.connections, self.last)
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
        """,
        "Keep and send only the last": """
            class Answer(Server):
                def __init__(self, *args, **options):
                    super().__init__(*args, **options)
                    self.values = []
                async def handler(self, ws):
                    for value in reversed(self.values):
                        await ws.send(value)
                    async for message in ws:
                        self.values.append(message)
                        broadcast(self.connections, message)
        """,
        "exactly as it was sent": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(f"last: {self.last}")
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
        """,
        "a late client is like all the others": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(self.last)
                        await ws.wait_closed()
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
        """,
        "the value was lost": """
            class Answer(Server):
                last = None
                async def handler(self, ws):
                    if self.last is not None:
                        await ws.send(self.last)
                    async for message in ws:
                        self.last = message
                        broadcast(self.connections, message)
                    if not self.connections - {ws}:
                        self.last = None
        """,
        "A second server sent the value of the first": """
            class Answer(Server):
                values = []
                async def handler(self, ws):
                    if self.values:
                        await ws.send(self.values[-1])
                    async for message in ws:
                        self.values.append(message)
                        broadcast(self.connections, message)
        """,
    }


def bounded(*lines: str) -> str:
    """Return a server whose guard is off, with these lines for each message."""
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
class Answer(Server):
    limits = Limits(max_unsent=None, stall_timeout=None)
    MOST = 1_000_000

    async def handler(self, ws):
        async for message in ws:
{body}
"""


class TestBounded(ServerExercise):
    exercise = ex.bounded
    imports = IMPORTS
    wrong = {  # noqa: RUF012
        "because your handler waits for Sam": bounded(
            "for client in list(self.connections):",
            "    await client.send(message)",
        ),
        "in your server's memory": bounded("broadcast(self.connections, message)"),
        "will never learn what was missed": bounded(
            "small = {c for c in self.connections if c.transport.get_write_buffer_size() < self.MOST}",
            "broadcast(small, message)",
        ),
        "You ended Sam's connection when": bounded(
            "broadcast(self.connections, message)",
            "for client in list(self.connections):",
            "    if client.transport.get_write_buffer_size() > 0:",
            "        client.transport.abort()",
        ),
        "`close` sends its close frame after all those bytes": bounded(
            "broadcast(self.connections, message)",
            "for client in list(self.connections):",
            "    if client.transport.get_write_buffer_size() > self.MOST:",
            "        await client.close()",
        ),
        "was thrown out": bounded(
            "broadcast(self.connections, message)",
            "if any(c.transport.get_write_buffer_size() > self.MOST for c in self.connections):",
            "    for client in list(self.connections):",
            "        client.transport.abort()",
        ),
        "Each message goes to all clients": bounded("broadcast(self.connections - {ws}, message)"),
        "for raw text use `broadcast`": bounded("fan_out(self.connections, message)"),
    }

    async def test_an_error_that_ends_a_connection_is_all_that_is_said(self):
        result = await self.check(
            bounded(
                "broadcast(self.connections, message)",
                "for client in list(self.connections):",
                "    if client.transport.get_write_buffer_size() > MOST:",
                "        client.transport.abort()",
            )
        )
        assert "NameError: name 'MOST' is not defined" in result.message
        assert "thrown out" not in result.message

    async def test_who_looks_before_sending_is_right_too(self):
        assert await self.check(
            bounded(
                "for client in list(self.connections):",
                "    if client.transport.get_write_buffer_size() > self.MOST:",
                "        client.transport.abort()",
                "broadcast(self.connections, message)",
            )
        )
