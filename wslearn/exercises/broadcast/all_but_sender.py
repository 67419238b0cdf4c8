"""Every message goes to everyone but its sender."""

from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Exercise, Talk, otherwise
from wslearn.exercises.broadcast.passing_on import TRICKY, Crowd
from wslearn.exercises.engine import NotYet
from wslearn.server import Server

#: What shows that a sender waits for a client that does not read: so many messages, of so many characters. Together
#: they are more than small buffers take, and less than the limits of `Server` allow. Then so many seconds of patience.
MANY, LONG, PATIENCE = 4, 60_000, 1.0


async def _others(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as second, talk.server(server_class) as server:
        crowd = Crowd(talk, server)
        ann, bob, carl, dora = await talk.clients(server, "Ann", "Bob", "Carl", "Dora")
        await crowd.sends(ann, "good morning", [bob, carl, dora], {
            None: "Ann sent a message, but not all the others received it. Send it to each of `self.connections`, as "
            "it is when the message has come.",
            otherwise: "Pass on exactly what Ann sent, and nothing else.",
        })  # fmt: skip
        await ann.hears_nothing("Ann received her own message. `self.connections` has the sender too: leave out `ws`.")
        only_once = "Only the first message was passed on. Use a loop: `async for message in ws:`."
        await crowd.sends(ann, "one more", [bob, carl, dora], only_once)
        removed = "Since Ann spoke, she receives nothing. Did you remove her from `self.connections`? Use a new set."
        await crowd.sends(bob, "one more", [ann], removed)
        any_sender = "Bob's message did not reach {name}, although Ann's did. Pass on the messages of every client."
        await crowd.receive([carl, dora], "one more", any_sender)
        await bob.hears_nothing("Bob received his own message. Leave out the sender, `ws`, not always the same client.")
        for text, why in TRICKY:
            await crowd.sends(ann, text, [bob, carl, dora], why)
        nothing_else = "{name} received a message that was passed on already, or was not for this client."
        await talk.none_hear([ann, bob, carl, dora], nothing_else)
        await crowd.all_at_once([ann, bob, carl, dora], lambda sender: [*{ann, bob, carl, dora} - {sender}])
        await _who_comes_and_goes(talk, crowd, second, ann, bob, carl, dora)
        await _does_it_wait(talk, server, ann, bob)


async def _who_comes_and_goes(talk: Talk, crowd: Crowd, second: Server, *clients: Client) -> None:
    """Let Carl vanish, Dora close, Zoe come, and one more client connect to a second server of the class."""
    ann, bob, carl, dora = clients
    await crowd.pause()
    await carl.vanishes()
    await dora.closes()
    await talk.has_connections(crowd.server, 2)
    left = "Carl and Dora have left, and now Bob receives nothing. Which connections are in the set that you send to?"
    await crowd.sends(ann, "good night", [bob], left)
    (zoe,) = await talk.clients(crowd.server, "Zoe")
    silent = "Zoe has connected, or another client left, and {name} received something. Pass on messages, nothing else."
    await talk.none_hear([ann, bob, zoe], silent)
    late = "Zoe connected late. She is one of the others now, and receives what they send. Look into the set each time."
    await crowd.sends(ann, "who is there?", [bob, zoe], late)
    await crowd.sends(zoe, "I am", [ann, bob], "Zoe connected late. Pass on what she sends, too.")
    (carl,) = await talk.clients(second, "Carl")
    talk.tells("Carl", "is", "now a client of a second server of the same class")
    await crowd.sends(ann, "to my server", [bob, zoe], late)
    shared = "A client of one server received what a client of another server sent. Keep nothing in the class."
    await carl.hears_nothing(shared)


async def _does_it_wait(talk: Talk, server: Server, ann: Client, bob: Client) -> None:
    """Let another client not read. If Bob does not receive what Ann sends meanwhile, that is advice, not a mistake."""
    (sam,) = await talk.clients(server, "Sam", receive_buffer=4096)
    sam.stops_reading()
    talk.tells("Ann", "sends", f"{MANY} messages of {LONG:,} characters")
    sent = [f"{number} ".ljust(LONG, "x") for number in range(1, MANY + 1)]
    with suppress(ConnectionClosed):  # then Bob does not receive it either
        for text in sent:
            await ann.ws.send(text)
    if await talk.until(lambda: bob.heard[-MANY:] == sent, within=PATIENCE):
        talk.tells("Bob", "receives", "all of them")
        return
    talk.tells("Bob", "does not receive", f"all of them within {PATIENCE:g} s", wrong=bool(talk.error(server)))
    if talk.error(server):
        raise NotYet("")  # the handler's own error says more
    talk.advises(
        "One thing could be better. A client that does not read stops your server for all the others: `await "
        "client.send(…)` waits until there is room, as part 6 shows. `broadcast` waits for no client: see `solution()`."
    )


others = Exercise(
    _others,
    hints=(
        "Ask yourself who is in `self.connections`, and which of these connections belongs to the sender.",
        "Leave out `ws`: in the handler, it is the sender. You can subtract sets: `all_of_them - {one}`.",
        "Use `broadcast(clients, message)`, which sends to each connection in a set. Which set is it here?",
    ),
    answer="""
        class Others(Server):
            async def handler(self, ws):
                async for message in ws:
                    broadcast(self.connections - {ws}, message)
    """,
    why="`self.connections - {ws}` is a new set, so the server's own stays unchanged. `broadcast` waits for no client. "
    "A loop of `await client.send(message)` would do the same, but one client that does not read stops it for all.",
)
