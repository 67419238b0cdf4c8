"""Task 3 of lesson 10: which servers are alive, where nobody expires because the engine itself is silent."""

from typing import Any

from wslearn.exercises.engine import Exercise, Talk, shown

SECONDS = 2
NEW = "A message of another server has come, so it is alive."
RENEWED = "This server sends all the time, so it is alive. Each message begins its lease again."
GONE = "This server's last message came more than `seconds` before your own last one, so it is gone."
EARLY = "This server's last message came no more than `seconds` before your own one. It is still alive."
OWN = "`others` is about the other servers. Leave out your own one."
SORTED = "Return a sorted list."
OTHERS_CLOCK = (
    "Only a message of your own lets others expire. Without one, you can't know whether the engine still passes "
    "anything on."
)
SILENT = (
    "The engine was silent: for more than `seconds`, not even your own messages came back. That proves nothing about "
    "the others. All leases begin again with your own message."
)
AFTER = "After the silence all leases began again. This server has sent nothing for more than `seconds` since then."
GHOST = "This server was gone before the engine was silent. Only a message of its own brings it back."
FIRST = "This was your first own message, so it starts all leases, and nobody expires."
BACK = "This server was gone, and has sent a message. It is alive again."
RESTARTED = "Your first own message began all leases again, no more than `seconds` ago. This server is still alive."
NEAR = (
    RESTARTED + " If you compare with the time of your last own message: before the first one, that is `None`, not a "
    "number, and it belongs in `self`, not in the class."
)
ZERO = (
    GONE + " Your first own message came at 0, so there is a last one. Ask whether it `is None`, because 0 counts as "
    "false too."
)
SHARED = "A second object knows what only the first one has heard. Keep everything in `self`, not in the class."

#: Who sends when, who is alive after that, and what is wrong if somebody says otherwise.
STORY: tuple[tuple[str, float, list[str], str], ...] = (
    ("s2", 0, ["s2"], NEW),
    ("s1", 5, ["s2"], FIRST),
    ("s3", 5.5, ["s2", "s3"], NEW),
    ("s1", 6, ["s2", "s3"], RESTARTED),
    ("s2", 7, ["s2", "s3"], RENEWED),
    ("s1", 7, ["s2", "s3"], EARLY),
    ("s1", 7.5, ["s2", "s3"], EARLY),
    ("s2", 8, ["s2", "s3"], OTHERS_CLOCK),
    ("s1", 8.5, ["s2"], GONE),
    ("s3", 9, ["s2", "s3"], BACK),
    ("s1", 10, ["s2", "s3"], EARLY),
    ("s3", 10.5, ["s2", "s3"], RENEWED),
    ("s1", 20, ["s2", "s3"], SILENT),
    ("s1", 21, ["s2", "s3"], SILENT),
    ("s3", 21.5, ["s2", "s3"], RENEWED),
    ("s1", 22, ["s2", "s3"], SILENT),
    ("s1", 22.5, ["s3"], AFTER),
    ("s1", 24.5, [], GONE),
    ("s1", 27, [], GHOST),
    ("s3", 30, ["s3"], BACK),
    ("s2", 33, ["s2", "s3"], OTHERS_CLOCK),
    ("s1", 33, ["s2", "s3"], SILENT),
)

#: The same for another server, whose clock is near 0.
EARLY_STORY: tuple[tuple[str, float, list[str], str], ...] = (
    ("s3", 0, ["s3"], NEW),
    ("s2", 1, ["s3"], FIRST),
    ("s2", 2.5, ["s3"], NEAR),
    ("s2", 3.5, [], AFTER),
)

#: And for one whose first own message comes at 0.
ZERO_STORY: tuple[tuple[str, float, list[str], str], ...] = (
    ("s1", 0, ["s1"], NEW),
    ("s3", 0, ["s1"], FIRST),
    ("s3", 1.5, ["s1"], EARLY),
    ("s3", 2.5, [], ZERO),
)


async def _leases(talk: Talk, leases_class: Any) -> None:
    nobody = "Nothing has come yet, so nobody is known."
    stories = ("s1", STORY, nobody), ("s2", EARLY_STORY, SHARED), ("s3", ZERO_STORY, SHARED)
    for own, story, empty in stories:
        talk.tells("a new object", "is", f"made for server {own}")
        one = await talk.call(leases_class, own, SECONDS)
        heard, others = talk.method(one, "heard"), talk.method(one, "others")
        await _is(talk, own, others, [], empty)
        for server, now, expected, message in story:
            equal = "".join(server)  # but not the same object, as with a name that came as JSON
            await talk.call(heard, equal, now)
            talk.tells(f"heard({shown(server)}, {now:g})", "is", "called")
            await _is(talk, own, others, expected, message)


async def _is(talk: Talk, own: str, others: Any, expected: list[str], message: str) -> None:
    """Expect that these are alive, and that asking changes nothing."""
    for _ in range(2):
        came = await talk.call(others)
        if came == expected and isinstance(came, list):
            continue
        if isinstance(came, list) and own in came and message != SHARED:
            message = OWN
        elif isinstance(came, list | set | tuple | type({}.keys())) and sorted(came) == expected:
            message = SORTED
        talk.fail(message, "others()", "returns", shown(came), expected=shown(expected))
    talk.tells("others()", "returns", shown(expected))


leases = Exercise(
    _leases,
    hints=(
        "Keep a dictionary in `self`: server -> when its lease began. And keep when your own last message came.",
        "When your own message comes, compare its time with that of your own last one. If they are more than `seconds` "
        "apart, or if there is no last one, set all leases to now.",
        "Otherwise keep only the leases that began at most `seconds` ago. `others` returns the sorted keys, and "
        "changes nothing.",
    ),
    answer="""
class Leases:
    def __init__(self, own, seconds):
        self.own, self.seconds = own, seconds
        self.began = {}  # another server -> when its lease began
        self.last = None  # when the last message of our own came

    def heard(self, server, now):
        if server != self.own:
            self.began[server] = now
            return
        if self.last is None or now - self.last > self.seconds:
            self.began = dict.fromkeys(self.began, now)  # the engine was silent
        else:
            self.began = {each: began for each, began in self.began.items() if now - began <= self.seconds}
        self.last = now

    def others(self):
        return sorted(self.began)
""",
    why="A server that was killed can't say goodbye, so its absence must be noticed. But if nothing comes at all, the "
    "engine or the line is the reason, and not all servers have died at once. Your own messages travel the same way as "
    "those of the others, so they show whether the way is open.",
)
