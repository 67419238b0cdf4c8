"""Task 5 of lesson 07, the hard one: a client that comes back receives everything that it has missed, and once."""

import asyncio
import itertools
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, otherwise, shown
from wslearn.exercises.robustness.numbered import (
    NOTHING,
    ONCE,
    about,
    all_hear,
    as_json,
    enters,
    hears_numbers,
    in_one_line,
    missed,
    numbered,
    slow_client,
)
from wslearn.server import Server

#: Messages that fill the buffers of a client that doesn't read: so many, of so many characters.
MANY, LONG = 20, 20_000
#: For so many seconds, and the time that the others need, Sam doesn't read.
SLOW = 0.15
#: How a client is closed that has missed a message which isn't kept any more, as the task gives it.
CODE, REASON = 4001, "too old"
#: What clients send, besides plain words; and if each of these takes longer than so many seconds, somebody is waiting.
TEXTS, LATE = ("", ' grüße,\n\t"quotes", a \\ backslash\n', '{"after": 0}'), 0.15
POLLS = (
    "Your server waits before it passes a message on. Send it at once: where a loop sleeps and then looks again, an "
    "`asyncio.Event`, a queue or a list of clients can tell it that there is something new."
)
EMPTY = (
    "Nobody was connected for a moment, and then {name} did not receive what she has missed. A message is kept, and "
    "the numbers go on, even if nobody is there: that is when a phone in a tunnel needs it."
)
BEFORE = "{name} received a message before it sent its first one. Only after that you know what it has missed."
OTHERS = (
    "Sam reads nothing while you send to him, and Ann's message did not reach {name}. Sending to one client must not "
    "hold up the others."
)
BESIDE = (
    "Sam reads nothing while you send to him, and meanwhile {name} did not receive what she has missed. Sending to one "
    "client must not hold up the others."
)
BETWEEN = (
    "Ann sent a message while you were sending Sam what he has missed. He should receive that message too, once, and "
    "after the older ones. After each `await`, there may be newer messages."
)
GONE = {
    None: "{name} has missed a message that isn't kept any more, but you did not close its connection.",
    lambda came: came[0] == 1011: "An error in your handler closed {name}'s connection with 1011.",
    lambda came: came[0] == CODE: f"The reason should be `{REASON}`.",
    otherwise: f"The close code should be {CODE}.",
}
STILL_KEPT = "{name} has missed the last `KEEP` messages and no others. All of them are still kept, so send them."
NO_GAP = (
    "While Sam was reading what he had missed, newer messages pushed out what he should have received next. There is "
    "a gap in what he received. Before each message that you send, look whether it's still kept; if not, close."
)


async def _nothing_lost(talk: Talk, server_class: Any) -> None:
    async with talk.server(server_class) as server:
        numbers = itertools.count(1)
        ann, bob = await enters(talk, server, "Ann", 0), await talk.client(server, "Bob")
        zoe = await talk.client(server, "Zoe")  # who sends her first message late
        await all_hear([ann], ann, "hi", next(numbers))
        await zoe.hears_nothing(BEFORE)
        await bob.says({"after": 0})
        await bob.hears(numbered(1, "hi"), missed(1), meaning=as_json(1, "hi"))
        took = [await all_hear([ann, bob], ann, said, next(numbers)) for said in TEXTS]
        if min(took) > LATE:
            talk.fail(POLLS, "each message", "takes", f"{min(took):.2f} s or more to everybody", expected="no time")
        await all_hear([ann, bob], bob, "from Bob", next(numbers))
        await bob.vanishes()
        await talk.has_connections(server, 2)
        for said in ("one", "two"):
            await all_hear([ann], ann, said, next(numbers))
        bob = await enters(talk, server, "Bob", 5)
        for n, said in ((6, "one"), (7, "two")):
            await bob.hears(numbered(n, said), missed(n), meaning=as_json(n, said))
        await all_hear([ann, bob], ann, "three", next(numbers))
        await bob.closes()
        bob = await enters(talk, server, "Bob", 8)
        await bob.hears_nothing(ONCE)
        await all_hear([ann, bob], bob, "four", next(numbers))
        await zoe.says({"after": 7})
        for n, said in ((8, "three"), (9, "four")):
            await zoe.hears(numbered(n, said), missed(n), meaning=as_json(n, said))
        await _while_sam_reads(talk, server, ann, zoe, next(numbers))
    await _forgets(talk, server_class)


async def _while_sam_reads(talk: Talk, server: Server, ann: Client, zoe: Client, n: int) -> None:
    """Expect that what is sent while Sam is told what he has missed comes after that, and holds up nobody."""
    last = await _says_much(talk, ann, zoe, n, NOTHING)
    sam = await slow_client(talk, server, n - 1)
    dora = await enters(talk, server, "Dora", last - 2)
    await hears_numbers(talk, dora, last - 1, last - 1, missed(last - 1) | {None: BESIDE})
    await dora.closes()
    await ann.says("meanwhile")
    for client in (ann, zoe):
        await client.hears(numbered(last, "meanwhile"), OTHERS, meaning=as_json(last, "meanwhile"))
    await asyncio.sleep(SLOW)
    sam.reads_again()
    await hears_numbers(talk, sam, n, last, BETWEEN)
    await all_hear([ann, zoe, sam], sam, "at last", last + 1)
    await talk.none_hear((ann, zoe, sam), ONCE)
    sam.stops_reading()
    end = await _says_much(talk, ann, zoe, last + 2, OTHERS)
    sam.reads_again()
    await hears_numbers(talk, sam, last + 2, end - 1, missed(end - 1))


async def _says_much(talk: Talk, ann: Client, zoe: Client, n: int, message: Message) -> int:
    """Have Ann send more than the buffers of a client hold, which the two receive; return the number after that."""
    with in_one_line(talk, "Ann", "sends", f"{MANY} long messages, and receives them, as does Zoe"):
        texts = {number: f"{number} " + "x" * LONG for number in range(n, n + MANY)}
        for text in texts.values():
            await ann.says(text)
        for number, text in texts.items():
            table = {None: message, **about(number, text)}
            for client in (ann, zoe):
                await client.hears(numbered(number, text), table, meaning=as_json(number, "…"))
    return n + MANY


async def _forgets(talk: Talk, server_class: Any) -> None:
    """Expect that the last `KEEP` messages are kept, whatever `KEEP` is, and that no other is missed silently."""
    before = server_class.__dict__.get("KEEP")
    server_class.KEEP = 3
    talk.tells("`KEEP`", "is", "3 from now on, and a new server starts")
    try:
        async with talk.server(server_class) as server:
            ann = await enters(talk, server, "Ann", 0)
            with in_one_line(talk, "Ann", "sends", "message 1, leaves, comes back, and receives it again"):
                await all_hear([ann], ann, "x" * LONG, 1)
                await ann.closes()
                await talk.has_connections(server, 0)
                ann = await enters(talk, server, "Ann", 0)
                await ann.hears(lambda came: came["n"] == 1, EMPTY, meaning=as_json(1, "…"))
            with in_one_line(talk, "Ann", "sends", "the messages 2 to 5"):
                for n in range(2, 6):
                    await all_hear([ann], ann, "x" * LONG, n)
            for name, after in (("Bob", 1), ("Dora", 0)):
                client = await enters(talk, server, name, after)
                await client.is_closed(CODE, REASON, GONE)
                if client.heard:
                    text = "{name} received messages, and then its connection was closed. It has to start anew anyway."
                    talk.fail(text, name, "receives", shown(client.heard[0]), expected="nothing")
            carl = await enters(talk, server, "Carl", 2)
            with in_one_line(talk, "Carl", "receives", "the messages 3 to 5"):
                for n in (3, 4, 5):
                    await carl.hears(lambda came, n=n: came["n"] == n, STILL_KEPT, meaning=as_json(n, "…"))
            sam = await slow_client(talk, server, 2)
            with in_one_line(talk, "Ann", "sends", "the messages 6 to 11"):
                for n in range(6, 12):
                    await ann.says("x" * LONG)
                    await ann.hears(lambda came, n=n: came["n"] == n, OTHERS, meaning=as_json(n, "…"))
            sam.reads_again()
            await talk.until(lambda: sam.ws.close_code or sam.heard[-1:] == [numbered(11, "x" * LONG)])
            came = [message.get("n") if isinstance(message, dict) else message for message in sam.heard]
            whole = came == list(range(3, 12)) or (sam.ws.close_code == CODE and came == list(range(3, 3 + len(came))))
            expected = f"3 to 11, or some of them without a gap, and then {CODE}"
            if not whole:
                found = f"{shown(came)}, and is {f'closed with {sam.ws.close_code}' if sam.ws.close_code else 'open'}"
                talk.fail(NO_GAP, "Sam", "receives", found, expected=expected)
    finally:
        if before is None:
            del server_class.KEEP
        else:
            server_class.KEEP = before


nothing_lost = Exercise(
    _nothing_lost,
    hints=(
        "Number the messages, and keep the last ones. A client is in one of two states: it's still receiving what it "
        "has missed, or it's up to date. Only clients that are up to date receive new messages when they're sent.",
        "Keep `self.last`, a `deque(maxlen=self.KEEP)`, and a set `self.live`. Send one missed message at a time, in a "
        "`while` loop that looks at `self.last` again after each `await`. Then add `ws` to `self.live`.",
        "The loop is `while seen < self.last:`. If `seen < self.last - len(self.kept)`, the next message is gone: "
        "close and return. Otherwise add 1 to `seen`, and send `self.kept[seen - self.last - 1]`. After the loop, "
        "without any `await`, comes `self.live.add(ws)`. New messages go out with `broadcast(self.live, …)`.",
    ),
    answer="""
from collections import deque

from websockets.asyncio.server import broadcast


class NothingLost(Server):
    KEEP = 100

    def __init__(self, **options):
        super().__init__(**options)
        self.last, self.kept, self.live = 0, deque(maxlen=self.KEEP), set()

    async def handler(self, ws):
        seen = json.loads(await ws.recv())["after"]
        while seen < self.last:
            if seen < self.last - len(self.kept):
                await ws.close(4001, "too old")
                return
            seen += 1
            await ws.send(self.kept[seen - self.last - 1])
        self.live.add(ws)
        try:
            async for text in ws:
                self.last += 1
                self.kept.append(json.dumps({"n": self.last, "text": text}))
                broadcast(self.live, self.kept[-1])
        finally:
            self.live.discard(ws)
""",
    why="Everything can change during an `await`. So the loop compares again after each one, and nothing is awaited "
    "between the last comparison and `self.live.add(ws)`: no message falls in between, and none comes twice. "
    "`KEEP` is a limit like all others in this lesson, and a client that needs more learns that it has lost something.",
)
