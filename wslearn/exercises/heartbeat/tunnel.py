"""Task 5 of lesson 06, the hard one: who is online, where nobody is told of phones that come back from a tunnel."""

import asyncio
from time import perf_counter as clock
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Talk, otherwise, shown
from wslearn.exercises.heartbeat.judge import Lateness, steadily
from wslearn.server import Server

#: `grace` in two parts of the check, in seconds; and for how many of them nothing may be sent to be sure of it.
GRACE, SHORT, QUIET = 0.2, 0.12, 1.5
#: How much longer than in the first attempt all times are: much, because some of what happens has only half of `grace`.
SLOWER = (1.0, 2.5, 5.0)

#: More people who are online: their names are like Bob's, Ann's and each other's, but not equal to them.
ALIKE = ("Bobby", "Anna", "Ann ", "Zo\u00eb", "Zoe\u0308")

COMES = {
    None: "{name} received nothing when WHO came online. Send `WHO: online` to every client in `self.connections`. If "
    "WHO counts as online already: two names are the same only if they are equal, and each server has its own people, "
    "in `self` and not in the class.",
    otherwise: lambda came: f"{{name}} received {shown(came)} when WHO came online, but expected `WHO: online`.",
}
BACK = (
    "Ann's connection was lost, and she came back at once. {name} received a message about that, but nobody should. "
    "Wait `self.grace` seconds, then look whether she is still away. And say that she is online only if she was not."
)
DEVICE = "WHO is online already, with another device, so nobody should receive a message."
TWO = (
    "Ann has three devices, and the last of them is still there. She is still online, so nobody should receive a "
    "message."
)
AWAY = {
    None: "Ann was away for longer than `self.grace` seconds, but {name} wasn't told. Send `Ann: offline`. How "
    "long to wait, is in `self.grace` when she has left, and not before that, because it changes.",
    otherwise: lambda came: f"Ann was away for longer than `self.grace` seconds. {{name}} received {shown(came)}, but "
    "expected `Ann: offline`.",
}  # fmt: skip
NEWCOMER = (
    "{name} connected while your server was waiting whether Ann would come back, and wasn't told that she is offline. "
    "Send it to every client that is connected when the time is over."
)
NOBODY = (
    "Ann was the only one on another server who had sent a name, and she has left. {name} should be told that she is "
    "offline, even if nobody else has a name."
)
LAST = (
    "Ann's phone left, and her laptop soon after that. {name} was told that she is offline less than `self.grace` "
    "seconds after the laptop left. Her time begins when her last connection ends."
)
SOON = (
    "Ann left, came back, and left again. {name} was told that she is offline less than `self.grace` seconds after "
    "that. It is the first departure whose time was up. A number, an object or a task for each departure tells them "
    "apart."
)


async def _check(talk: Talk, server_class: type[Server]) -> None:
    async def attempt(factor: float, lateness: Lateness) -> None:
        async with talk.server(server_class) as server, talk.server(server_class) as other:
            server.grace = other.grace = GRACE * factor
            talk.tells("`grace`", "is", f"{server.grace:g} s")
            lateness.excuses = False
            zoe = await talk.client(server, "Zoe")  # she never sends a name, but receives the news
            bob = await _comes(talk, server, "Bob", [zoe])
            await _named(talk, server, "Bob's laptop", "Bob")
            await talk.none_hear([bob, zoe], DEVICE.replace("WHO", "Bob"))
            for name in ALIKE:
                await _comes(talk, server, name, [bob, zoe])
            ann = await _comes(talk, server, "Ann", [bob, zoe])
            lateness.excuses = True
            await _comes_back(talk, server, ann, bob, zoe, lateness)
            await _flaps(talk, server, bob, zoe, lateness)
            await _at_once(talk, server, bob, zoe, SHORT * factor, lateness)
            await _elsewhere(talk, server, other, bob, zoe)

    await steadily(talk, attempt, SLOWER)


async def _comes_back(
    talk: Talk, server: Any, ann: Client, bob: Client, zoe: Client, lateness: Lateness
) -> None:  # fmt: skip
    """Expect that nobody is told where Ann comes back in time, or has another device."""
    await ann.vanishes()
    phone = await _named(talk, server, "Ann's phone", "Ann")
    await bob.hears_nothing(BACK, within=QUIET * server.grace)
    tablet = await _named(talk, server, "Ann's tablet", "Ann")
    laptop = await _named(talk, server, "Ann's laptop", "Ann")
    await laptop.hears_nothing(DEVICE.replace("WHO", "Ann"))
    await phone.closes()
    await tablet.closes()
    await bob.hears_nothing(TWO, within=QUIET * server.grace)
    await talk.none_hear([zoe, laptop], "{name} received more than Bob did. Everybody is told the same.")
    phone = await _named(talk, server, "Ann's phone", "Ann")
    await phone.hears_nothing(DEVICE.replace("WHO", "Ann"))
    left = clock()
    await phone.closes()
    await asyncio.sleep(server.grace / 2)
    count, began = len(server.connections), clock()
    await laptop.vanishes()
    await talk.has_connections(server, count - 1)
    sam = await talk.client(server, "Sam")
    await _is_offline(talk, "Ann", began, server.grace, bob, zoe, LAST)
    # the phone's time would have been up so late that it looks like the laptop's
    lateness.hides = began - left > 0.75 * server.grace or lateness.longest > 0.3 * server.grace
    await sam.hears("Ann: offline", {None: NEWCOMER, otherwise: AWAY[otherwise]})
    await sam.closes()


async def _flaps(talk: Talk, server: Any, bob: Client, zoe: Client, lateness: Lateness) -> None:
    """Expect that each departure has its own time: Ann leaves, comes back in the middle of it, and leaves again."""
    ann = await _comes(talk, server, "Ann", [bob, zoe])
    left = clock()
    await ann.vanishes()
    await asyncio.sleep(server.grace / 2)
    ann = await _named(talk, server, "Ann", "Ann")
    await ann.is_still_there()  # in as little time as possible
    began = clock()
    await ann.vanishes()
    await _is_offline(talk, "Ann", began, server.grace, bob, zoe, SOON)
    # her first time may have been up while she was back, and then nobody could see that it still ran
    lateness.hides |= began - left > 0.75 * server.grace


async def _at_once(
    talk: Talk, server: Any, bob: Client, zoe: Client, grace: float, lateness: Lateness
) -> None:  # fmt: skip
    """Expect that two people who leave together are both missed, and one without a name is not."""
    lateness.excuses = False
    carl = await _comes(talk, server, "Carl", [bob, zoe])
    dora = await _comes(talk, server, "Dora ☕", [bob, zoe, carl])
    sam = await talk.client(server, "Sam")
    small = await _comes(talk, server, "bob", [])  # another name than Bob's
    server.grace = grace
    talk.tells("`grace`", "is", f"{grace:g} s from now on")
    for client in (carl, dora, sam):
        await client.vanishes()
    text = "{name} should be told of everybody who has left, once: of Carl, Dora and nobody else."
    for client in (bob, zoe):
        news = [await client.hears(_is_news, text, meaning="`NAME: offline`", skip="bob: online") for _ in range(2)]
        if sorted(news) != ["Carl: offline", "Dora ☕: offline"]:
            talk.fail(text, client.name, "receives", shown(news))
        await client.hears_nothing(text, within=grace if client is bob else 0)
    lateness.excuses, began = True, clock()
    await small.closes()
    await _is_offline(talk, "bob", began, grace, bob, zoe)


async def _elsewhere(talk: Talk, server: Any, other: Any, bob: Client, zoe: Client) -> None:
    """Expect that another server has its own people."""
    ann = await _comes(talk, server, "Ann", [bob, zoe])
    dora = await talk.client(other, "Dora")  # who sends no name
    twin = await _comes(talk, other, "Ann", [dora])
    await twin.closes()
    text = "Ann left another server. {name} was told of that, but each server has its own people. Keep them in `self`."
    await bob.hears_nothing(text, within=QUIET * other.grace)
    await dora.hears("Ann: offline", NOBODY)
    began = clock()
    await ann.vanishes()
    await _is_offline(talk, "Ann", began, server.grace, bob, zoe)


def _is_news(came: Any) -> bool:
    return isinstance(came, str) and came.endswith(": offline")


async def _named(talk: Talk, server: Any, client: str, name: str) -> Client:
    one = await talk.client(server, client)
    await one.says(name)
    return one


async def _comes(talk: Talk, server: Any, name: str, others: list[Client]) -> Client:
    """Connect somebody who was offline, and expect that all are told, herself too."""
    one = await _named(talk, server, name, name)
    for client in (one, *others):
        text = {
            key: (lambda came, text=text: (text(came) if callable(text) else text).replace("WHO", name))
            for key, text in COMES.items()
        }
        await client.hears(f"{name}: online", text)
    return one


async def _is_offline(
    talk: Talk, name: str, began: float, grace: float, bob: Client, zoe: Client, soon: str = ""
) -> None:  # fmt: skip
    await bob.hears(f"{name}: offline", AWAY if name == "Ann" else "")
    waited = clock() - began
    if soon and waited < 0.9 * grace:
        talk.fail(soon, "Bob", "receives", f"`{name}: offline` after {waited:.2f} s", expected=f"it after {grace:g} s")
    _in_time(talk, name, waited, 0.9 * grace, 1.4 * grace)
    await zoe.hears(f"{name}: offline", AWAY if name == "Ann" else "")
    await talk.none_hear([bob, zoe], "{name} was told twice. Send `NAME: offline` once.")


def _in_time(talk: Talk, name: str, waited: float, least: float, most: float) -> None:
    how = "too soon" if waited < least else "too late"
    if not least <= waited <= most:
        text = f"{name} left, and Bob was told {how}. Wait `self.grace` seconds, which can be another number each time."
        talk.fail(text, "Bob", "waits", f"{waited:.2f} s for the message")


tunnel = Exercise(
    _check,
    hints=(
        "Count each person's connections. When the last one has ended, wait, and then look whether nobody came back.",
        "The handler itself can wait: put `await asyncio.sleep(self.grace)` into its `finally`. But Ann may have come "
        "back and left again meanwhile. Then another handler is waiting too, and the message is its job.",
        "Give each departure its own number, and write the latest one down: `self.latest[name] = mine`. After the "
        "wait, Ann is offline if she has no connection and the number there is still yours.",
    ),
    answer="""
from websockets.asyncio.server import broadcast

class Tunnel(Server):
    grace = 20

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.devices = {}  # name -> how many connections; also 0, as long as she may come back
        self.departures = {}  # name -> how often her last connection has ended

    async def handler(self, ws):
        name = await ws.recv()
        if name not in self.devices:
            broadcast(self.connections, f"{name}: online")
            self.devices[name] = self.departures[name] = 0
        self.devices[name] += 1
        await ws.wait_closed()
        self.devices[name] -= 1
        if self.devices[name] == 0:
            self.departures[name] += 1
            mine = self.departures[name]
            await asyncio.sleep(self.grace)
            if self.devices.get(name) == 0 and self.departures[name] == mine:
                del self.devices[name], self.departures[name]
                broadcast(self.connections, f"{name}: offline")
""",
    why="A lost connection is not yet a lost person, so the server waits before it tells anybody. `wait_closed` "
    "returns however the connection ends. After the wait two things must hold: nobody came back, and this is her "
    "latest departure, because each departure has its own time. Without the number, a phone that flickers would be "
    "called offline too soon.",
)
