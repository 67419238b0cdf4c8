"""Task 5 of lesson 09, the hard one: a join that skips nothing and doubles nothing, although the store is slow."""

from contextlib import suppress
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Talk, has, otherwise, shown
from wslearn.exercises.nothing_lost.store import Store
from wslearn.exercises.nothing_lost.stories import finding_of

FORMAT = 'The client should receive `{"offset": …, "text": …}` as JSON, with the offset that `add` returned.'
MISSED = {
    None: "{name} did not receive the messages that she has missed. Send her what `since` returns, in order.",
    has(text=lambda text: text != "after"): "Send only what comes after the offset in her first message.",
    otherwise: FORMAT,
}
ALL = {
    None: "{name} did not receive a message that was stored. Send each message to every client that has joined, the "
    "sender too, as soon as `add` has returned.",
    lambda came: not isinstance(came, dict): FORMAT,
    otherwise: "{name} should receive each message with its own offset, and its text unchanged.",
}
STORE = "Store each message that a client sends after its first one: `await self.store.add(text)`."
HELD = (
    "Zoe's `since` takes its time, and meanwhile {name} received nothing. One client that joins must not hold up the "
    "others: wait for `since` in a task of her own, and without a lock."
)
HELD_ADD = (
    "The store still works on another client's `add`, and meanwhile {name} did not receive what she has missed. Let "
    "nobody wait for that."
)
EARLY = (
    "{name} received a message before the ones that she has missed, and it is newer than they are. Keep new messages "
    "for her until she has received what `since` returns."
)
TOO_SOON = "{name} received a message that the store has not acknowledged yet. Send it after `add` has returned."
SKIPPED = (
    "{name} has never received `{text}`. It was stored after `since` had looked, and before she was one of your "
    "clients. First let her wait for new messages, then call `since`."
)
DOUBLED = (
    "{name} received `{text}` twice: `since` had returned it already, and then it came as a new message. Send a client "
    "only what has a larger offset than the last message that it has."
)
ORDER = "{name} received the messages in the wrong order. Offsets grow from message to message."
OVER = "{name} received a message twice, or one that nobody sent."
#: What the checker of histories may find, and what to tell about it.
BY_KIND = {"lost": SKIPPED, "doubled": DOUBLED, "reordered": ORDER}
ELSEWHERE = "Sam is on another server, and received what was sent here. Keep what you need in `self`, not in the class."
GONE = "Zoe has left, and now {name} receives nothing. What you end or forget must belong to the client that left."
LEFT = "A client left while `since` was still working. Then your server must go on for all others."


class _Check:
    """One server, its store, and its clients."""

    def __init__(self, talk: Talk, server: Any) -> None:
        self.talk, self.server = talk, server
        self.store = server.store = Store()

    async def joins(self, name: str, offset: int) -> Client:
        """Connect a client that has everything up to an offset."""
        client = await self.talk.client(self.server, name)
        await client.says({"offset": offset})
        return client

    async def hear(self, clients: list[Client], text: str, message: Any) -> None:
        """Expect a message at all of these clients."""
        await self.talk.until(lambda: self._has(text) or self.talk.error(self.server))
        if not self._has(text):
            reason = STORE if message is ALL else message.replace("{name}", clients[0].name)
            self.talk.fail(reason, "the store", "has", "nothing new", expected=f"`{text}`")
        expected = {"offset": self.store.offset_of(text), "text": text}
        for client in clients:
            await client.hears(expected, message)

    def _has(self, text: str) -> bool:
        return any(stored == text for _, stored in self.store.messages)

    async def reads(self) -> None:
        """Wait until somebody's `since` has looked, and is waiting."""
        message = "Call `await self.store.since(offset)` when a client has joined, to find what it has missed."
        if not await self.talk.until(lambda: self.store.readers):
            self.talk.fail(message, "`since`", "is", "not called", expected="called")
        self.talk.tells("`since`", "is", "called")

    async def reads_nothing_of(self, other: "_Check", here: Client, there: Client) -> None:
        """Expect that a client of this server receives nothing that was sent on another one."""
        await here.says("here")
        await self.hear([here], "here", ALL)
        await there.says("there")
        await other.hear([there], "there", ALL)
        await here.hears_nothing(ELSEWHERE)

    async def has_all(self, client: Client, *texts: str) -> None:
        """Expect that a client has received these since it joined, in order, and nothing else."""
        expected = [{"offset": self.store.offset_of(text), "text": text} for text in texts]
        await self.talk.until(lambda: len(client.heard) >= len(expected))
        with suppress(Exception):
            await client._ping()
        client.judged = len(client.heard)
        if client.heard == expected:
            self.talk.tells(client.name, "receives", ", ".join(map(shown, texts)))
            return
        came = [each.get("text") if isinstance(each, dict) else each for each in client.heard]
        pairs = [(each.get("offset", 0), each.get("text", "")) for each in client.heard if isinstance(each, dict)]
        finding = finding_of(self.store.messages, self.store.offset_of(texts[0]) - 1, pairs)
        known = finding and finding.kind in BY_KIND
        message = BY_KIND[finding.kind].replace("{text}", finding.text) if known else OVER
        what = ", ".join(map(shown, came)) or "nothing"
        self.talk.fail(message, client.name, "receives", what, expected=", ".join(map(shown, texts)))


async def _joining(talk: Talk, server_class: Any) -> None:
    async with talk.server(server_class) as server, talk.server(server_class) as elsewhere:
        check, other = _Check(talk, server), _Check(talk, elsewhere)
        store = check.store
        ann, bob = await check.joins("Ann", 7), await check.joins("Bob", 7)
        await ann.hears_nothing("There is nothing that {name} has missed.")
        for text in ("before", "after", '{"offset": 0}'):
            await ann.says(text)
            await check.hear([ann, bob], text, ALL)
        zoe = await check.joins("Zoe", store.offset_of("before"))
        await zoe.hears({"offset": store.offset_of("after"), "text": "after"}, MISSED)
        await check.hear([zoe], '{"offset": 0}', MISSED)
        await zoe.closes()
        await talk.has_connections(server, 2)
        await _while_it_reads(check, ann, bob)
        await _while_it_adds(check, ann, bob)
        await _leaves(check, ann, bob)
        sam = await other.joins("Sam", 7)
        await other.reads_nothing_of(check, sam, ann)


async def _while_it_reads(check: _Check, ann: Client, bob: Client) -> None:
    """Send messages while `since` has looked already, and has not returned yet."""
    talk, store = check.talk, check.store
    store.hold()
    talk.tells("`since`", "looks", "at once from now on, and returns late")
    zoe = await check.joins("Zoe", store.offset_of("after"))
    await check.reads()
    for text in ("one", "two"):
        await bob.says(text)
        await check.hear([ann, bob], text, HELD)
    await zoe.hears_nothing(EARLY)
    talk.tells("`since`", "returns")
    store.reading.set()
    await check.has_all(zoe, '{"offset": 0}', "one", "two")
    await ann.says("three")
    await check.hear([ann, bob, zoe], "three", ALL)
    await zoe.closes()
    await talk.has_connections(check.server, 2)


async def _while_it_adds(check: _Check, ann: Client, bob: Client) -> None:
    """Let Dora join when a message is stored already, and `add` has not returned yet."""
    talk, store = check.talk, check.store
    store.adding.clear()
    talk.tells("`add`", "stores", "at once from now on, and returns late")
    await bob.says("four")
    await talk.until(lambda: store.messages[-1][1] == "four")
    dora = await check.joins("Dora", store.offset_of("two"))
    await check.hear([dora], "three", HELD_ADD)
    await check.hear([dora], "four", HELD_ADD)
    await ann.hears_nothing(TOO_SOON, within=0.1)
    talk.tells("`add`", "returns")
    store.adding.set()
    await check.hear([ann, bob], "four", ALL)
    await bob.says("five")
    await check.hear([ann, bob], "five", ALL)
    await check.has_all(dora, "three", "four", "five")
    await dora.closes()
    await talk.has_connections(check.server, 2)


async def _leaves(check: _Check, ann: Client, bob: Client) -> None:
    """Let Carl vanish while his `since` works; and let two clients join at once."""
    talk, store = check.talk, check.store
    store.hold()
    carl = await check.joins("Carl", 0)
    await check.reads()
    await carl.vanishes()
    await talk.has_connections(check.server, 2)
    zoe, dora = await check.joins("Zoe", store.offset_of("three")), await check.joins("Dora", store.offset_of("four"))
    await talk.until(lambda: store.readers >= 2)
    await ann.says("six")
    await check.hear([ann, bob], "six", LEFT)
    store.reading.set()
    await check.has_all(zoe, "four", "five", "six")
    await check.has_all(dora, "five", "six")
    await zoe.says("seven")
    await check.hear([ann, bob, zoe, dora], "seven", ALL)
    await zoe.closes()
    await talk.has_connections(check.server, 3)
    await ann.says("eight")
    await check.hear([ann, bob, dora], "eight", GONE)


joining = Exercise(
    _joining,
    hints=(
        "Two things can happen while `since` is working: a message is stored after it has looked, or one that it "
        "returns is sent as a new message too. So first begin to collect new messages for the client, then call "
        "`since`.",
        "Give each client an `asyncio.Queue`, and keep them in `self.queues`. Who stores a message puts it into all "
        "queues. Put a client's own queue there before you call `since`.",
        "Sending is a task of its own for each client: first it sends what `since` returns, then what comes out of "
        "the queue. It remembers the last offset that it has sent, and skips everything that is not above. Cancel the "
        "task in a `finally`.",
    ),
    answer="""
class Joining(Server):
    store = None  # the check puts its store here

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.queues = {}

    async def handler(self, ws):
        seen = json.loads(await ws.recv())["offset"]
        self.queues[ws] = queue = asyncio.Queue()
        sending = asyncio.create_task(self.send(ws, seen, queue))
        try:
            async for text in ws:
                offset = await self.store.add(text)
                for each in self.queues.values():
                    each.put_nowait((offset, text))
        finally:
            del self.queues[ws]
            sending.cancel()

    async def send(self, ws, seen, queue):
        missed = await self.store.since(seen)
        try:
            while True:
                offset, text = missed.pop(0) if missed else await queue.get()
                if offset > seen:
                    await ws.send(json.dumps({"offset": offset, "text": text}))
                    seen = offset
        except ConnectionClosed:
            pass
""",
    why="The order matters: listen first, then look, then ignore what came twice. The other way round, there is a "
    "moment between looking and listening, and what is stored in that moment reaches nobody. In lesson 07 the history "
    "was a list in memory, so nothing was awaited between the two. A database needs an `await`.",
)
