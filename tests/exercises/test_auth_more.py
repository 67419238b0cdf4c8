"""The hard exercise of lesson 05: logging out everywhere."""

from typing import ClassVar

from exercise_cases import ServerExercise, changed, subtle_seldom

from wslearn.exercises import auth as ex

#: A right answer, in parts that wrong ones replace.
IN = """
class LogOut(AuthServer):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.user_of, self.since = {}, {}

    async def handler(self, ws):
        try:
            claims = self.tokens.verify(json.loads(await ws.recv())["token"])
            user = claims["sub"]
            if claims.get("iat", 0) < self.since.get(user, 0):
                raise InvalidToken("too old")
        except InvalidToken:
            await ws.close(1008, "Invalid token")
            return
        self.user_of[ws] = user
        await ws.send(json.dumps({"type": "authenticated", "user": user}))
        try:
            async for message in ws:
                await ws.send(message)
        finally:
            del self.user_of[ws]

    async def logout(self, user):
        self.since[user] = time.time()
        hers = [ws for ws, name in self.user_of.items() if name == user]
        await asyncio.gather(*(ws.close(1008, "Logged out") for ws in hers))
"""


def but(*changes: tuple[str, str]) -> str:
    """Return the right answer with some of its text replaced."""
    return changed(IN, *changes)


GATHER = '        await asyncio.gather(*(ws.close(1008, "Logged out") for ws in hers))\n'
NOTE = "        self.since[user] = time.time()\n"
OLD_TOKEN = 'claims.get("iat", 0) < self.since.get(user, 0)'
HERS = "        hers = [ws for ws, name in self.user_of.items() if name == user]\n"
LISTS = [
    ("{}, {}\n", "defaultdict(set), {}\n"),
    ("self.user_of[ws] = user", "self.user_of[user].add(ws)"),
    ("del self.user_of[ws]", "self.user_of[user].discard(ws)"),
]


#: Without a handler, an AuthServer still lets its clients in.
TROUBLE = {name: case for name, case in ServerExercise.troublemakers.items() if name != "has no handler"}
TROUBLE = {name: (code.replace("(Server)", "(AuthServer)"), part) for name, (code, part) in TROUBLE.items()}
STUB = """
class LogOut(AuthServer):
    async def handler(self, ws):
        raise NotImplementedError

    async def logout(self, user):
        raise NotImplementedError
"""


@subtle_seldom
class TestLogOut(ServerExercise):
    exercise = ex.log_out
    troublemakers = TROUBLE
    stub = STUB
    at_once = 3
    imports = """
from collections import defaultdict
from contextlib import suppress
from wslearn.servers.auth import AuthServer
from wslearn.tokens import InvalidToken, Tokens
"""
    wrong: ClassVar = {
        "must build on AuthServer": IN.replace("AuthServer", "Server"),
        "Your class has no method `logout`": but(("async def logout", "async def log_out")),
        "no other one should wait for it": but(
            (GATHER, '        for ws in hers:\n            await ws.close(1008, "Logged out")\n')
        ),
        "Set changed size during iteration": but(
            *LISTS,
            (HERS, ""),
            (GATHER, '        for ws in self.user_of[user]:\n            await ws.close(1008, "Logged out")\n'),
        ),
        "must no longer let anybody in, although it is valid": but((NOTE, "")),
        "Compare the token's `iat` with the time": but((OLD_TOKEN, "user in self.since")),
        "Catch InvalidToken, close with 1008": but(
            ("except InvalidToken:\n            await ws.close(1008, \"Invalid token\")\n            return",
             "except InvalidToken:\n            user = 'guest'")
        ),
        "and your handler ended with an error. Catch that error": but(("except InvalidToken", "except IndexError")),
        "closed with 1000, which means that all went well. Close": but(('ws.close(1008, "Logged out")', "ws.close()")),
        "Compare the whole name": but(("if name == user", "if name.startswith(user)")),
        "and now Bob's token is refused": but((NOTE, NOTE.replace("[user]", "['all']")), ("get(user", "get('all'")),
        "had to wait for them": but(
            ("{}, {}\n", "{}, {}\n        self.lock = asyncio.Lock()\n"),
            (GATHER, f"        async with self.lock:\n    {GATHER}"),
        ),
        "to its sender only. Ann's phone sent one": but(
            ("                await ws.send(message)",
             "                for one in [one for one, name in self.user_of.items() if name == user]: "
             "await one.send(message)")
        ),
        "counts as issued in 1970": but((OLD_TOKEN, 'claims.get("iat", time.time()) < self.since.get(user, 0)')),
        "KeyError": but(("self.since.get(user, 0)", "self.since[user]")),
    }  # fmt: skip
    subtle: ClassVar = {
        "noted after the closing": but((NOTE, ""), (GATHER, GATHER + NOTE)),
        "noted again after the closing": but((GATHER, GATHER + NOTE)),
        "rounded down": but(("= time.time()", "= int(time.time())")),
        "rounded up": but(("= time.time()", "= int(time.time()) + 1")),
        "iat rounded": but((OLD_TOKEN, 'int(claims.get("iat", 0)) < int(self.since.get(user, 0))')),
        "a token without iat gets in": but((OLD_TOKEN, '"iat" in claims and claims["iat"] < self.since.get(user, 0)')),
        "iat 0 gets in": but((OLD_TOKEN, 'claims.get("iat") and ' + OLD_TOKEN)),
        "another clock": but(("= time.time()", "= time.perf_counter()")),
        "the names without case": but(("if name == user", "if name.lower() == user.lower()")),
        "part of the name": but(("if name == user", "if user in name")),
        "everybody": but((" if name == user", "")),
        "one connection for each user": but(
            ("self.user_of[ws] = user", "self.user_of[user] = ws"),
            ("del self.user_of[ws]", "self.user_of.pop(user, None)"),
            (HERS, "        hers = [self.user_of[user]] if user in self.user_of else []\n"),
        ),
        "state of all servers": but(
            ("        self.user_of, self.since = {}, {}\n", ""),
            ("class LogOut(AuthServer):\n", "class LogOut(AuthServer):\n    user_of, since = {}, {}\n\n"),
        ),
        "only the last user who was logged out": but((NOTE, "        self.since = {user: time.time()}\n")),
        "tokens that were used, not times": but(
            (OLD_TOKEN, "claims.get('iat', 0) in self.since.get(user, ())"),
            (NOTE, "        self.since[user] = self.seen.get(user, [])[:]\n"),
            ("{}, {}\n", "{}, {}\n        self.seen = {}\n"),
            ("self.user_of[ws] = user", "self.user_of[ws] = user\n"
             "        self.seen.setdefault(user, []).append(claims.get('iat', 0))"),
        ),
        "only users who are connected": but((NOTE, ""), (GATHER, f"        if hers:\n    {NOTE}{GATHER}")),
        "dropped": but(("ws.close(1008, \"Logged out\") for", "asyncio.to_thread(ws.transport.abort) for")),
        "another reason": but(('"Logged out"', '"logged out"')),
        "old tokens get an error and stay": but(
            ("            await ws.close(1008, \"Invalid token\")\n            return",
             "            await ws.send('{\"type\": \"error\"}')\n            return await ws.wait_closed()")
        ),
        "authenticated before the look at iat": but(
            ('            if claims', "            await ws.send(json.dumps({'type': 'authenticated', 'user': user}))\n"
             "            if claims"),
            ('        await ws.send(json.dumps({"type": "authenticated", "user": user}))\n        try', "        try"),
        ),
        "to all of them": but(("                await ws.send(message)",
                               "                for one in self.user_of: await one.send(message)")),
        "the new ones are closed too": but(
            (GATHER, GATHER + HERS + GATHER)
        ),
        "keeps what is closed": but(("            del self.user_of[ws]", "            pass")),
        "keeps what is lost": but(("        try:\n            async", "        if True:\n            async"),
                                  ("        finally:\n            del", "            del")),
        "only the first logout": but((NOTE, "        self.since.setdefault(user, time.time())\n")),
        "exp, and a life of a minute": but(('claims.get("iat", 0)', '(claims["exp"] - 60 if "iat" in claims else 0)')),
        "for ever": but((NOTE, "        self.since[user] = time.time() + 1e9\n")),
        "names in ASCII": but(('"user": user', '"user": user.encode("ascii", "ignore").decode()')),
        "no iat at all": but(('claims.get("iat", 0)', 'claims["iat"]')),
        "outlives its client": but(
            ("            async for message in ws:\n                await ws.send(message)",
             "            while True:\n                with suppress(Exception):\n                    "
             "await ws.send(await ws.recv())\n                await asyncio.sleep(0)")
        ),
    }  # fmt: skip
    right: ClassVar = {
        "a set for each user": but(*LISTS, (HERS, "        hers = list(self.user_of[user])\n")),
        "a TaskGroup": but(
            (GATHER, "        async with asyncio.TaskGroup() as group:\n            for ws in hers:\n"
             "                group.create_task(ws.close(1008, 'Logged out'))\n")
        ),
        "asyncio.wait": but(
            (GATHER, "        tasks = [asyncio.create_task(ws.close(1008, 'Logged out')) for ws in hers]\n"
             "        if tasks: await asyncio.wait(tasks)\n")
        ),
        "a def that starts tasks": but(
            ("async def logout", "def logout"),
            (GATHER, "        self.closing = [asyncio.ensure_future(ws.close(1008, 'Logged out')) for ws in hers]\n"),
        ),
        "a def that returns a coroutine": but(
            ("async def logout", "def logout"),
            (GATHER, "        return asyncio.gather(*[ws.close(1008, 'Logged out') for ws in hers])\n"),
        ),
        "an attribute of the connection, and members": but(
            ("{}, {}\n", "set(), defaultdict(float)\n"),
            ("self.user_of[ws] = user", "ws.name = user\n        self.members.add(ws)"),
            ("del self.user_of[ws]", "self.members.remove(ws)"),
            (HERS, "        hers = [ws for ws in self.members if ws.name == user]\n"),
            ("self.since.get(user, 0)", "self.since[user]"),
        ),
        "each handler waits for its user's event": """
class LogOut(AuthServer):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.events, self.when = {}, {}

    async def handler(self, ws):
        try:
            claims = self.tokens.verify(json.loads(await ws.recv())["token"])
        except InvalidToken:
            return await ws.close(1008, "Invalid token")
        user = claims["sub"]
        if "iat" not in claims and user in self.when or claims.get("iat", 0) <= self.when.get(user, -1):
            return await ws.close(1008, "Invalid token")
        await ws.send(json.dumps({"type": "authenticated", "user": user}))
        event = self.events.setdefault(user, asyncio.Event())
        ends = asyncio.create_task(event.wait()), asyncio.create_task(self.echo(ws))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if event.is_set():
            await ws.close(1008, "Logged out")
        for task in ends:
            task.cancel()

    async def echo(self, ws):
        async for message in ws:
            await ws.send(message)

    async def logout(self, user):
        self.when[user] = time.time()
        self.events.pop(user, asyncio.Event()).set()
""",
        "its own kind of Tokens": """
class Since(Tokens):
    def verify(self, token):
        claims = super().verify(token)
        if claims.get("iat", 0) < SINCE.get((self.secret, claims["sub"]), 0):
            raise InvalidToken("too old")
        return claims

SINCE = {}

class LogOut(AuthServer):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.tokens = Since(self.tokens.secret)

    async def handler(self, ws):
        try:
            user = self.tokens.verify(json.loads(await ws.recv())["token"])["sub"]
        except InvalidToken as error:
            await ws.send(json.dumps({"type": "error", "message": str(error)}))
            await ws.close(1008, "Invalid token")
        else:
            self.identify(ws, user)
            self.members.add(ws)
            await ws.send(json.dumps({"type": "authenticated", "user": user}))
            try:
                async for message in ws:
                    await ws.send(message)
            finally:
                self.members.remove(ws)

    async def logout(self, user):
        SINCE[self.tokens.secret, user] = time.time()
        await asyncio.gather(*[ws.close(1008, "Logged out") for ws in self.members if ws.name == user])
""",
    }  # fmt: skip
