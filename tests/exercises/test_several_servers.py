"""The exercises of lesson 10 that are functions or small classes: leases, the next server, and reading."""

from typing import ClassVar

from exercise_cases import FunctionExercise, ReadingExercise, changed, seen_but

from wslearn.exercises import several_servers as ex

LEASES, NEXT = ex.leases.answer, ex.next_server.answer
RIGHT = {"Ann": ["hi", "hi", "yo"], "Bob": ["hi", "yo", "yo"], "names": ["guest-1", "guest-2", "guest-1"],
         "Carl": ["hush"], "Dora": ["psst"], "Zoe": ["hush"]}  # fmt: skip


class TestLeases(FunctionExercise):
    exercise = ex.leases
    stub = "class Leases:\n    def __init__(self, *a): pass\n    def heard(self, *a): raise NotImplementedError\n" \
           "    def others(self): return []"  # fmt: skip
    wrong: ClassVar = {
        "A message of another server has come": changed(LEASES, ("return sorted(self.began)", "return []")),
        "so it is gone": changed(LEASES, ("now - began <= self.seconds}", "True}")),
        "This server is still alive": changed(LEASES, ("now - began <= self.seconds}", "now - began <= 0.5}")),
        "Leave out your own one": changed(LEASES, ("return sorted(self.began)",
                                                   "return sorted({*self.began, self.own} if self.began else [])")),
        "Return a sorted list": changed(LEASES, ("return sorted(self.began)", "return self.began.keys()")),
        "your first own message": changed(LEASES, ("self.last is None or now - self.last > self.seconds",
                                                   "self.last is not None and now - self.last > self.seconds")),
        "The engine was silent": changed(LEASES, ("self.last is None or now - self.last > self.seconds",
                                                  "self.last is None")),
        "Only a message of your own": changed(
            LEASES, ("            self.began[server] = now\n            return\n",
                     "            self.began[server] = now\n            self.began = {e: b for e, b in "
                     "self.began.items() if now - b <= self.seconds}\n            return\n")),
        "Each message begins its lease again": changed(LEASES, ("            self.began[server] = now\n"
                                         "            return\n",
                                         "            self.began.pop(server) if now == 7 else "
                                         "self.began.update({server: now})\n            return\n")),
        "It is alive again": changed(LEASES, ("self.began[server] = now",
                                              "self.began.update({server: now} if now != 9 else {})")),
        "has sent nothing for more than `seconds` since then": changed(
            LEASES, ("dict.fromkeys(self.began, now)", "dict.fromkeys(self.began, now + 3)")),
        "Keep everything in `self`": changed(
            LEASES, ("class Leases:\n", "class Leases:\n    began = {}\n"),
            ("        self.began = {}  # another server -> when its lease began\n", ""),
            ("            self.began = dict.fromkeys(self.began, now)  # the engine was silent",
             "            Leases.began = dict.fromkeys(self.began, now)"),
            ("            self.began = {each: began for", "            Leases.began = {each: began for")),
    }  # fmt: skip
    subtle: ClassVar = {
        "a lease of exactly `seconds` is over": ("still alive", changed(
            LEASES, ("now - began <= self.seconds}", "now - began < self.seconds}"))),
        "asking expires": changed(LEASES, ("return sorted(self.began)",
                                           "result = sorted(self.began); self.began = {}; return result")),
        "the silence brings back who was gone": ("gone before the engine was silent", """
class Leases:
    def __init__(self, own, seconds):
        self.own, self.seconds, self.began, self.alive, self.last = own, seconds, {}, set(), None

    def heard(self, server, now):
        if server != self.own:
            self.began[server] = now
            self.alive.add(server)
            return
        if self.last is None or now - self.last > self.seconds:
            self.began = dict.fromkeys(self.began, now)
        self.alive = {each for each, began in self.began.items() if now - began <= self.seconds}
        self.last = now

    def others(self):
        return sorted(self.alive)
"""),
        "its own name is another object": ("Leave out your own one", changed(
            LEASES, ("server != self.own", "server is not self.own"))),
        "the last own message is the class's": ("belongs in `self`", changed(
            LEASES, ("class Leases:\n", "class Leases:\n    last = None\n"),
            ("        self.last = None  # when the last message of our own came\n", ""),
            ("        self.last = now", "        Leases.last = now"))),
        "0 is no time": ("Ask whether it `is None`", changed(
            LEASES, ("self.last is None or", "not self.last or"))),
        "in the order in which they came": ("Return a sorted list", changed(
            LEASES, ("return sorted(self.began)", "return list(self.began)"))),
        "the first own message is one at 0": ("began all leases again", changed(
            LEASES, ("self.last = None", "self.last = 0"))),
        "the silence only delays": ("began all leases again", changed(
            LEASES, ("dict.fromkeys(self.began, now)", "self.began"))),
    }  # fmt: skip
    right: ClassVar = {
        "ages": """
class Leases:
    def __init__(self, own, seconds):
        self.own, self.seconds, self.last, self.known = own, seconds, float("-inf"), []

    def heard(self, server, now):
        self.known = [pair for pair in self.known if pair[0] != server]
        if server != self.own:
            self.known.append((server, now))
        elif now > self.last + self.seconds:
            self.known = [(name, now) for name, _ in self.known]
            self.last = now
        else:
            self.known = [pair for pair in self.known if pair[1] >= now - self.seconds]
            self.last = now

    def others(self):
        return sorted(name for name, _ in self.known)
""",
        "expires when asked, of what is known then": changed(
            LEASES,
            (
                "            self.began = {each: began for each, began in self.began.items() "
                "if now - began <= self.seconds}",
                "            for each in [each for each in self.began if self.began[each] < now - self.seconds]:\n"
                "                del self.began[each]",
            ),
        ),
        "lists": changed(
            LEASES,
            ("return sorted(self.began)", "names = list(self.began)\n        names.sort()\n        return names"),
        ),
    }


class TestNextServer(FunctionExercise):
    exercise = ex.next_server
    wrong: ClassVar = {
        "Never try it again": changed(NEXT, ('if server["why"] not in (401, 403, 1008)', "")),
        "Leave it alone for so many": changed(
            NEXT, ('1 if server["retry_after"] is None else server["retry_after"]', "1")),
        "Part of it may be over": changed(NEXT, ('max(0, server["ended"] + pause - now)', "pause")),
        "not a negative number": changed(NEXT, ('max(0, server["ended"] + pause - now)',
                                                'server["ended"] + pause - now')),
        "one second after its end": changed(NEXT, ('1 if server["retry_after"] is None', '0 if server["retry_after"] '
                                                   "is None")),
        "take the first of them": changed(NEXT, ("min(left, key=wait)", "min(reversed(left), key=wait)")),
        "was never tried may be tried at once": changed(NEXT, ("            return 0", "            return 1")),
        "Return the URL first": changed(NEXT, ('return best["url"], wait(best)', 'return wait(best), best["url"]')),
        "Look at all of them": changed(NEXT, ("min(left, key=wait)", "servers[0]")),
        "Return a pair": changed(NEXT, ('return best["url"], wait(best)', 'return best["url"]')),
        "raised ValueError": changed(NEXT, ("    if not left:\n        return None\n", "")),
        "Return `None` itself": changed(NEXT, ("        return None\n", "        return None, 0\n")),
        "find the time from which": changed(NEXT, ("wait(best)", "wait(best) + 0.25")),
    }  # fmt: skip
    subtle: ClassVar = {
        "no pause is no pause": ("0 is a pause too", changed(
            NEXT, ('1 if server["retry_after"] is None else server["retry_after"]', 'server["retry_after"] or 1'))),
        "only 1008 is permanent": changed(NEXT, ("(401, 403, 1008)", "(1008,)")),
        "503 is permanent": changed(NEXT, ("(401, 403, 1008)", "(401, 403, 503, 1008)")),
        "a pair of nothing": ("Return `None` itself", changed(NEXT, ("        return None\n",
                                                                    "        return None, None\n"))),
        "429 is permanent": ("Only 401, 403 and 1008", changed(NEXT, ("(401, 403, 1008)", "(401, 403, 429, 1008)"))),
        "the first one of the alphabet": ("take the first of them", changed(
            NEXT, ("key=wait", 'key=lambda one: (wait(one), one["url"])'))),
        "one that was never tried first": ("take the first of them", changed(
            NEXT, ("key=wait", 'key=lambda one: (wait(one), one["why"] is not None)'))),
        "the pause that was over first": ("take the first of them", changed(
            NEXT, ("key=wait", 'key=lambda one: (wait(one), one["ended"] or 0)'))),
        "the last end first": changed(NEXT, ("key=wait", 'key=lambda one: (wait(one), -(one["ended"] or 0))')),
    }  # fmt: skip
    right: ClassVar = {
        "a loop": """
def next_server(servers, now):
    best = None
    for server in servers:
        if server["why"] in {401, 403, 1008}:
            continue
        at = now
        if server["ended"] is not None:
            at = server["ended"] + (server["retry_after"] if server["retry_after"] is not None else 1)
        seconds = max(0.0, at - now)
        if best is None or seconds < best[1]:
            best = [server["url"], seconds]
    return tuple(best) if best else None
""",
        "sorted": changed(NEXT, ("min(left, key=wait)", "sorted(left, key=wait)[0]")),
        "pairs": """
def next_server(servers, now):
    waits = [
        (0 if s["ended"] is None else max(0, s["ended"] - now + (1 if s["retry_after"] is None else s["retry_after"])),
         number, s["url"])
        for number, s in enumerate(servers) if s["why"] not in (401, 403, 1008)
    ]
    if waits:
        wait, _, url = min(waits)
        return url, wait
    return None
""",
    }


class TestTwoServers(ReadingExercise):
    exercise = ex.two_servers
    wrong: ClassVar = {
        "the sender's server is one of them": seen_but(RIGHT, Ann=["hi", "yo"]),
        "Whose functions does the hub call": seen_but(RIGHT, Ann=["hi"]),
        "on Ann's server": seen_but(RIGHT, Ann=["hi", "yo", "yo"]),
        "hears of its own text": seen_but(RIGHT, Bob=["hi", "yo"]),
        "on Bob's server": seen_but(RIGHT, Bob=["yo"]),
        "How many inboxes": seen_but(RIGHT, names=["guest-1", "guest-2", "guest-3"]),
        "counts its own inboxes": seen_but(RIGHT, names=["guest-1", "guest-1", "guest-2"]),
        "Which servers hear that": seen_but(RIGHT, Carl=[]),
        "has Carl's name": seen_but(RIGHT, Carl=["psst"]),
        "has Dora's name": seen_but(RIGHT, Dora=["hush"]),
        "Is it hers alone": seen_but(RIGHT, Zoe=[]),
        "whoever was meant": seen_but(RIGHT, Zoe=["psst"]),
    }
    subtle: ClassVar = {"no list": ("Write a list", seen_but(RIGHT, Zoe="hush"))}
    right: ClassVar = {"tuples": seen_but(RIGHT, Ann=("hi", "hi", "yo"))}
