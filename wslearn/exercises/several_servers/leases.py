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
SHARED = "A second object knows what only the first one has heard. Keep everything in `self`, not in the class."

#: Who sends when, who is alive after that, and what is wrong if somebody says otherwise.
STORY: tuple[tuple[str, float, list[str], str], ...] = (
    ("b", 0, ["b"], NEW),
    ("a", 5, ["b"], FIRST),
    ("c", 5.5, ["b", "c"], NEW),
    ("a", 6, ["b", "c"], RESTARTED),
    ("b", 7, ["b", "c"], RENEWED),
    ("a", 7, ["b", "c"], EARLY),
    ("a", 7.5, ["b", "c"], EARLY),
    ("b", 8, ["b", "c"], OTHERS_CLOCK),
    ("a", 8.5, ["b"], GONE),
    ("c", 9, ["b", "c"], BACK),
    ("a", 10, ["b", "c"], EARLY),
    ("c", 10.5, ["b", "c"], RENEWED),
    ("a", 20, ["b", "c"], SILENT),
    ("a", 21, ["b", "c"], SILENT),
    ("c", 21.5, ["b", "c"], RENEWED),
    ("a", 22, ["b", "c"], SILENT),
    ("a", 22.5, ["c"], AFTER),
    ("a", 24.5, [], GONE),
    ("a", 27, [], GHOST),
    ("c", 30, ["c"], BACK),
    ("b", 33, ["b", "c"], OTHERS_CLOCK),
    ("a", 33, ["b", "c"], SILENT),
)

#: The same for another server, whose clock is near 0.
EARLY_STORY: tuple[tuple[str, float, list[str], str], ...] = (
    ("c", 0, ["c"], NEW),
    ("b", 1, ["c"], FIRST),
    ("b", 2.5, ["c"], RESTARTED),
    ("b", 3.5, [], AFTER),
)


async def _leases(talk: Talk, leases_class: Any) -> None:
    stories = ("a", STORY, "Nothing has come yet, so nobody is known."), ("b", EARLY_STORY, SHARED)
    for own, story, empty in stories:
        talk.tells("a new object", "is", f"made for server {own}")
        one = await talk.call(leases_class, own, SECONDS)
        heard, others = talk.method(one, "heard"), talk.method(one, "others")
        await _is(talk, own, others, [], empty)
        for server, now, expected, message in story:
            await talk.call(heard, server, now)
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
