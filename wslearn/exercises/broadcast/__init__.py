"""Exercises of lesson 03: everyone but the sender, a client that vanishes, the last value, a slow client bounded."""

from functools import partial

from wslearn.exercises import Client, Exercise, Talk
from wslearn.exercises.broadcast.crowd import connection, failed, gone, meet, passed_on, small_buffer, within
from wslearn.exercises.broadcast.slow_reader import bounded
from wslearn.exercises.broadcast.vanishing import vanish
from wslearn.exercises.engine.expectations import NotYet
from wslearn.server import Server

__all__ = ["bounded", "latest", "others", "vanish"]

#: What shows that a sender waits for a client that does not read: so many messages, of so many characters. Together
#: they are more than small buffers take, and less than the guard of `Server` allows. Then so many seconds of patience.
MANY, LONG, PATIENCE = 4, 60_000, 1.0


# Everyone but the sender


async def _others(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        or_else = partial(passed_on, talk, server)
        ann, bob, carl = await meet(talk, server, "Ann", "Bob", "Carl")
        await ann.says("good morning")
        unchanged = "Pass on exactly what Ann has said, and nothing else."
        for listener in (bob, carl):
            await listener.hears(
                "good morning",
                or_else(
                    "good morning",
                    lambda came: (
                        unchanged if came else "Not all of the others heard it. Send to each in `self.connections`."
                    ),
                ),
            )
        await ann.hears_nothing(
            lambda came: "Ann heard her own message. `self.connections` has the sender too: leave out `ws`."
        )
        await ann.says("one more")
        for listener in (bob, carl):
            await listener.hears(
                "one more",
                or_else("one more", "Only the first message was passed on. Loop: `async for message in ws:`."),
            )
        await bob.says("one more")
        await ann.hears(
            "one more",
            or_else(
                "one more",
                "Ann has spoken, and from then on she hears nobody. Did you take her out of `self.connections`? "
                "Make a new set without her, and leave the server's own alone.",
            ),
        )
        await carl.hears(
            "one more",
            or_else("one more", "Bob's message did not reach Carl, though Ann's did: every client may speak."),
        )
        await bob.hears_nothing(
            "Bob heard his own message. Leave out whoever speaks: `ws`, not always the same client."
        )
        await carl.vanishes()
        await gone(talk, server, 2)
        await ann.says("good night")
        await bob.hears(
            "good night",
            or_else("good night", "Carl has gone, and now Bob hears nothing. Who is in the set that you go through?"),
        )
        await _does_it_wait(talk, server, ann, bob)


async def _does_it_wait(talk: Talk, server: Server, ann: Client, bob: Client) -> None:
    """Let a fourth client not read, and see whether Bob hears Ann all the same. If not, that is an advice, no fault."""
    (lazy,) = await meet(talk, server, "Lazy", receive_buffer=4096)
    small_buffer(connection(server, 4))
    lazy.stops_reading()
    talk.tells("Ann", "says", f"{MANY} messages of {LONG:,} characters")
    said = [f"{number} ".ljust(LONG, "x") for number in range(1, MANY + 1)]
    for text in said:
        await ann.ws.send(text)
    if await within(PATIENCE, lambda: bob.heard[-MANY:] == said):
        talk.tells("Bob", "hears", "all of them")
        return
    talk.tells("Bob", "does not hear", f"all of them within {PATIENCE:g} s")
    if failed(server):
        raise NotYet("")  # the handler's own error says more
    talk.advises(
        "One thing could be better. A client that does not read stops your server for all the others: `await "
        "client.send(…)` waits until there is room, as part 6 shows. `broadcast` waits for nobody: see `solution()`."
    )


others = Exercise(
    _others,
    hints=(
        "Who is in `self.connections`, and which of them is the one that speaks?",
        "In the handler, `ws` is the sender. Sets can be subtracted: `all_of_them - {one}`.",
        "`broadcast(clients, message)` sends to each connection in a set. Which set is it here?",
    ),
    answer="""
        class Others(Server):
            async def handler(self, ws):
                async for message in ws:
                    broadcast(self.connections - {ws}, message)
    """,
    why=(
        "`self.connections - {ws}` is a new set, so the server's own stays as it is. `broadcast` waits for nobody. "
        "A loop of `await client.send(message)` passes on the same, but one client that does not read stops it for all."
    ),
)


# The last value for a latecomer


async def _latest(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        or_else = partial(passed_on, talk, server)
        ann, bob = await _first_ones(talk, server)
        for person in (ann, bob):
            await person.hears_nothing("There is no value yet, and a client got one. Send only what somebody has said.")
        await ann.says("41")
        for person in (ann, bob):
            await person.hears(
                "41", or_else("41", "A new value goes to all who are connected, the sender too, as it is.")
            )
        for person in (ann, bob):
            await person.hears_nothing(
                f"{person.name} heard the new value twice. `broadcast(self.connections, …)` reaches everybody, the "
                "sender too: sending it once is enough."
            )
        await bob.says("42")
        for person in (ann, bob):
            await person.hears("42", or_else("42", "A new value goes to all who are connected, whoever sends it."))
        (carl,) = await meet(talk, server, "Carl")
        await carl.hears("42", or_else("42", _what_a_latecomer_got))
        await carl.hears_nothing(
            "Carl came late and got more than one value. Only the last one counts: keep only that."
        )
        await ann.hears_nothing("Carl came, and Ann got the old value again. Send it only to the one who comes.")
        await carl.says("43")
        for person in (ann, bob, carl):
            await person.hears(
                "43",
                or_else(
                    "43", "After the last value, a latecomer is a client like all others: it may speak and hears all."
                ),
            )
        for person in (ann, bob, carl):
            await person.closes()
        await gone(talk, server, 0)
        (dora,) = await meet(talk, server, "Dora")
        await dora.hears(
            "43", or_else("43", "All had left when Dora came, and the value was lost. Keep it in the server.")
        )
    async with talk.server(server_class) as server:
        talk.tells("", "a second server", "of the same class")
        (eve,) = await meet(talk, server, "Eve")
        await eve.hears_nothing(
            "A second server told a value that only the first has heard. Keep it in `self`, not in a class or a global."
        )


async def _first_ones(talk: Talk, server: Server) -> list[Client]:
    try:
        return await meet(talk, server, "Ann", "Bob")
    except NotYet:
        if failed(server).startswith("TypeError: data must be"):
            talk.tells(
                "the server", "sends", "something that is neither text nor bytes, to whom comes first", wrong=True
            )
            raise NotYet(
                "There is no value yet when the first client comes, and None cannot be sent. "
                "Look first whether there is one."
            ) from None
        raise


def _what_a_latecomer_got(came: object) -> str:
    if came is None:
        return (
            "Carl came late and got nothing. When a handler begins, its client has just connected: send the last value "
            "then, from a place that all handlers share. A variable inside `handler` belongs to one client."
        )
    if came == "41":
        return "Carl came late and got the first value. Keep the newest: set it anew at each message."
    return "Carl came late and must get the last value exactly as it was sent."


latest = Exercise(
    _latest,
    hints=(
        "What has to be remembered, by whom, and when is it sent to one client only?",
        "Keep it in `self`: that is the server, which all handlers share. At first it is None.",
        "Before the loop: `if self.last is not None: await ws.send(self.last)`. In the loop: set it, then broadcast.",
    ),
    answer="""
        class Latest(Server):
            last = None

            async def handler(self, ws):
                if self.last is not None:
                    await ws.send(self.last)
                async for message in ws:
                    self.last = message
                    broadcast(self.connections, message)
    """,
    why=(
        "A handler begins when its client has connected, which is the moment for the last value. "
        "`self.last = message` gives this one server its own value; the `None` of the class stays as it is."
    ),
)
