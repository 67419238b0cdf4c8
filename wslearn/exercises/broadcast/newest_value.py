"""The hard task of lesson 03: a client that is slow skips values, and always ends up with the newest one."""

from time import perf_counter

from wslearn.exercises import Exercise, Talk
from wslearn.exercises.broadcast.catching_up import LONG, at_once, catches_up, send, short_values, slow_clients
from wslearn.exercises.broadcast.passing_on import TRICKY, Crowd
from wslearn.server import Server

#: A value that takes this much longer than some pings, in seconds, every single time, was not sent at once.
AT_ONCE, PINGS = 0.08, 10
#: So many clients come and leave one after the other.
LATECOMERS = 8
#: So long something that is sent now and then would take to arrive again, in seconds.
AGAIN = 0.25
_TO_ALL = "Each value goes to all clients unchanged, including the one that sent it."
_LATE = (
    "{name} connected late, and must receive the newest value, exactly as it was sent. An empty string is a value too."
)
_NOT_AT_ONCE = (
    "Ann and Bob read all the time, and each value took a moment to reach them. When a value arrives, send it at once "
    "to all clients for which no bytes are waiting. Only the others need something that runs now and then."
)
_CLOSED = (
    "Your server closed {name}'s connection, although she had not left. When `handler` ends, its connection is closed: "
    "use a loop for all values of a client."
)
_LEFT = "{name} connected after Zoe, who had sent the newest value and then left. It is the newest value all the same."


async def _newest(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as second, talk.server(server_class) as server:
        crowd = Crowd(talk, server)
        ann, bob = await talk.clients(server, "Ann", "Bob")
        early = "{name} received something before anybody had sent a value."
        await ann.hears_nothing(early, within=AGAIN)
        await bob.hears_nothing(early)
        times, pings = [], []
        for sender, text, why in ((ann, "41", _TO_ALL), (bob, "5", _TO_ALL), *((ann, *tricky) for tricky in TRICKY)):
            began = perf_counter()
            await crowd.sends(sender, text, [ann, bob], why)
            times.append(perf_counter() - began)
            await ann.is_still_there("" if talk.error(server) else _CLOSED)
            pings.append(perf_counter() - began - times[-1])
        if min(times) > AT_ONCE + PINGS * min(pings):  # a busy machine delays some, and pings too
            talk.fail(
                _NOT_AT_ONCE, "a value", "takes", f"{min(times):.2g} s or more", expected="hardly longer than a ping"
            )
        (carl,) = await talk.clients(server, "Carl")
        await crowd.receive([carl], TRICKY[-1][0], _LATE)
        again = "Carl connected, and {name} received something more. Send the newest value once, to him alone."
        await ann.hears_nothing(again, within=AGAIN)
        await talk.none_hear([bob, carl], again)
        sam, dora = await talk.clients(server, "Sam", "Dora", receive_buffer=4096)
        await crowd.receive([sam, dora], TRICKY[-1][0], _LATE)
        fast, slow = [ann, bob, carl], [sam, dora]
        long = await slow_clients(talk, server, fast, slow)
        await catches_up(talk, server, dora, long)
        await crowd.sends(bob, "", [*fast, dora], "{name} reads, and must receive each value, an empty one too.")
        await catches_up(talk, server, sam, [*long, ""])
        (zoe,) = await talk.clients(server, "Zoe")
        await crowd.receive([zoe], "", _LATE)
        await zoe.closes()
        await crowd.sends(sam, "I am back", [*fast, *slow], "Sam was slow for a moment. Pass on what he sends, too.")
        await at_once(talk, server, ann, [*fast, *slow])
        await short_values(talk, server, sam, [*fast, dora])
        await sam.closes()
        dora.stops_reading()
        await send(talk, server, ann, fast, [f"{number} ".ljust(LONG, "y") for number in range(1, 4)])
        await dora.vanishes()
        await talk.has_connections(server, 3)
        gone = "Dora vanished while bytes were waiting for her, and then {name} did not receive the next value."
        await crowd.sends(bob, "Dora has left", fast, gone)
        (zoe,) = await talk.clients(second, "Zoe")
        talk.tells("Zoe", "is", "a client of a second server of the same class")
        shared = "A second server sent a value of the first. Keep it in `self`, not in the class."
        await zoe.hears_nothing(shared, within=AGAIN)
        await Crowd(talk, second).sends(zoe, "from Zoe", [zoe], _TO_ALL)
        await zoe.closes()
        await talk.has_connections(second, 0)
        for _ in range(LATECOMERS):  # more than one: Python may use the `id` of a client that has left once more
            (carl,) = await talk.clients(second, "Carl")
            await Crowd(talk, second).receive([carl], "from Zoe", _LEFT)
            await carl.closes()
            await talk.has_connections(second, 0)
        await talk.none_hear(fast, "{name} received the newest value again. Send it once to each client.")


newest = Exercise(
    _newest,
    hints=(
        "Ask two questions: which clients don't have the newest value yet, and which of these are ready for it? Keep "
        "the answer to the first one in a set.",
        "A client is ready if `ws.transport.get_write_buffer_size()` is 0. Write a method that sends the newest value "
        "to those that lack it and are ready, and takes them out of the set. Call it for each new value.",
        "A client becomes ready without a message. So call the same method every 0.05 s too, in a coroutine that "
        "`background` returns, as in part 4.",
    ),
    answer="""
        class Newest(Server):
            limits = Limits(max_unsent=None, stall_timeout=None)

            def __init__(self):
                super().__init__()
                self.newest = None
                self.behind = set()  # the clients that don't have the newest value yet

            def background(self):
                return [self.catch_up()]

            async def catch_up(self):
                while True:
                    await asyncio.sleep(0.05)
                    self.send_to_ready()

            def send_to_ready(self):
                ready = {ws for ws in self.behind if ws.transport.get_write_buffer_size() == 0}
                if ready:
                    broadcast(ready, self.newest)
                    self.behind -= ready

            async def handler(self, ws):
                if self.newest is not None:
                    self.behind.add(ws)
                async for message in ws:
                    self.newest = message
                    self.behind = set(self.connections)
                    self.send_to_ready()
    """,
    why="A queue for each client would keep what nobody wants any more. Here the server keeps one value, and a set of "
    "clients, however slow they are. A client that has left is not ready or `broadcast` skips it, and the next value "
    "makes a new set. This is how servers send prices and positions, where only the newest value matters.",
)
