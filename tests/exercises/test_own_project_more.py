"""More exercises of lesson 11: how often to ping, a test that finds a bug, and reading."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, changed

from wslearn.exercises import own_project as ex

INTERVAL = ex.interval.answer


DEAF = '        if proxy["reset_by"] == "client" and not replies:\n            return 0\n'


class TestInterval(FunctionExercise):
    exercise = ex.interval
    wrong: ClassVar = {
        "not equal to it": changed(INTERVAL, ('(proxy["idle"] - 1)', 'proxy["idle"]')),
        "the next one must still come in time": changed(INTERVAL, ("(missed + 1)", "1")),
        "two intervals pass": changed(INTERVAL, ("(missed + 1)", "(missed or 1)")),
        "No interval may be longer": changed(INTERVAL, ("longest = 30", "longest = 10**9")),
        "This client never sends anything": changed(INTERVAL, (DEAF, "")),
        "even if nobody sends anything": changed(
            INTERVAL, (DEAF, ""), ('        if proxy["idle"] is None', f'{DEAF}        if proxy["idle"] is None')
        ),
        "Its replies reset a proxy": changed(INTERVAL, (" and not replies", "")),
        "somebody would trust": changed(
            INTERVAL, ("return longest", "return longest or 1"), ("            return 0\n", "            return 1\n")
        ),
        "Without a proxy": changed(INTERVAL, ("    longest = 30\n", "    longest = 30 if proxies else 0\n")),
        "The most impatient one decides": """
def interval(proxies, replies, missed):
    if any(each["idle"] and each["reset_by"] == "client" and not replies for each in proxies):
        return 0
    longest = max([each["idle"] for each in proxies if each["idle"]] or [10**6])
    return min(30, (longest - 1) // (missed + 1))
""",
    }
    subtle: ClassVar = {
        "no reply, no hope": (
            "The heartbeat comes from the server",
            changed(INTERVAL, ("    longest = 30", "    if not replies:\n        return 0\n    longest = 30")),
        ),
        "either needs a reply": (
            "The heartbeat comes from the server",
            changed(INTERVAL, (' == "client"', ' != "server"')),
        ),
        "server counts nothing": (
            "The heartbeat comes from the server",
            changed(INTERVAL, (DEAF, DEAF + '        if proxy["reset_by"] == "server":\n            return 0\n')),
        ),
        "a float": changed(INTERVAL, ("//", "/")),
        "only the first": changed(INTERVAL, ("in proxies", "in proxies[:1]")),
        "a zero for None": changed(INTERVAL, ('proxy["idle"] is None', 'proxy["idle"] == 0')),
    }
    right: ClassVar = {
        "counting down": """
def interval(proxies, replies, missed):
    for n in range(30, 0, -1):
        if all(p["idle"] is None or ((replies or p["reset_by"] != "client") and (missed + 1) * n < p["idle"])
               for p in proxies):
            return n
    return 0
""",
        "not": changed(INTERVAL, ('if proxy["idle"] is None', 'if not proxy["idle"]')),
        "min of a list": """
import math

def interval(proxies, replies, missed):
    cutting = [p for p in proxies if p["idle"] is not None]
    if not replies and "client" in [p["reset_by"] for p in cutting]:
        return 0
    n = min([30] + [math.ceil(p["idle"] / (missed + 1)) - 1 for p in cutting])
    return max(n, 0)
""",
    }


FINDS = ex.finds.answer
CUT = "        net.cut()\n        await talk.has_connections(server, 2)\n"


class TestFinds(FunctionExercise):
    exercise = ex.finds
    wrong: ClassVar = {
        "it would raise a false alarm": "async def finds(talk, chat, bad_network): assert False",
        "passes no message on": "async def finds(talk, chat, bad_network):\n    pass",
        "`chat` is the handler itself": changed(FINDS, ("talk.served(chat)", "talk.served(chat())")),
        "read their messages themselves": changed(
            FINDS, ('await talk.all_hear([ann, bob, zoe], "hi")', "await ann.ws.recv()")
        ),
        "never forgets a client whose connection was lost": changed(FINDS, (CUT, "        await zoe.closes()\n")),
        "Each wait in a test needs a limit": """
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server, connect(server.url) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"
""",
        "by accident": """
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server, bad_network(server) as net:
        ann = await talk.client(server, "Ann")
        await ann.says("hi")
        try:
            await ann.hears("hi")
        except AssertionError:
            raise ValueError("no message")
""",
    }
    right: ClassVar = {
        "without waiting": changed(FINDS, ("        await talk.has_connections(server, 2)\n", "")),
        "only its words": """
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server:
        async with bad_network(server) as net:
            zoe = await talk.client(net, "Zoe")
            ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
            await zoe.vanishes()
            await talk.has_connections(server, 3)
            for speaker in (ann, bob):
                await speaker.says("hi")
                for each in (ann, bob, carl):
                    await each.hears("hi")
""",
    }


RIGHT = {
    "Ann": 1000,
    "Bob": 1011,
    "Bob received": ["hello"],
    "Carl received": ["hi", "from the thread"],
    "Dora received": ["hi"],
}


def seen(**changes):
    """Return the right answer with some changes, as code."""
    return f"seen = {RIGHT | {label.replace('_', ' '): value for label, value in changes.items()}!r}"


class TestEndings(ReadingExercise):
    exercise = ex.endings
    wrong: ClassVar = {
        "no closing handshake": seen(Ann=1006),
        "Ann's handler raises no exception": seen(Ann=1011),
        "ends after its first message": seen(Ann=1001),
        "What does `replies[text]` do": seen(Bob=1000),
        "what FastAPI and aiohttp would do": seen(Bob=1006),
        "Bob's handler raises an exception": seen(Bob=1008),
        "before it reads the second one": seen(Bob_received=[]),
        "To which of Bob's two": seen(Bob_received=["hello", "bye"]),
        "lines with `send` runs first": seen(Carl_received=["from the thread", "hi"]),
        "Which line takes it out": seen(Carl_received=["hi"]),
        "The handler has two lines": seen(Carl_received=["from the thread"]),
        "This thread works well": seen(Carl_received=[]),
        "Dora's handler returns before": seen(Dora_received=["hi", "later"]),
        "sends Dora's own message back": seen(Dora_received=[]),
    }
    subtle: ClassVar = {"a string": seen(Dora_received="hi"), "None": seen(Ann=None)}
    right: ClassVar = {
        "tuples": seen(Dora_received=("hi",)),
        "another order": f"seen = dict(reversed({RIGHT!r}.items()))",
    }
