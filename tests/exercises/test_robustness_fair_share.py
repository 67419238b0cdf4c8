"""Task 4 of lesson 07."""

from exercise_cases import ServerExercise

from wslearn.exercises import robustness as ex

NAME = "user = await ws.recv()"
REFUSE = (
    "if self.slots[user] >= self.MOST:",
    '    await ws.close(1008, "too many connections")',
    "    return",
)
COUNT = "self.slots[user] += 1"
LOOP = ("async for message in ws:", "    await ws.send(message)")
FREE = "self.slots[user] -= 1"


def share(*lines: str) -> str:
    """Return the code of the task's server with these lines in its handler."""
    body = "".join(f"        {line}\n" for line in lines)
    return f"""
class FairShare(Server):
    MOST = 2

    def __init__(self, **options):
        super().__init__(**options)
        self.slots = Counter()

    async def handler(self, ws):
{body}"""


def tried(*lines: str, free: str = FREE) -> tuple[str, ...]:
    """Return these lines in a `try`, with `free` in its `finally`."""
    return ("try:", *(f"    {line}" for line in lines), "finally:", f"    {free}")


SERVE = (COUNT, *tried(*LOOP))


def closing(how: str) -> str:
    return share(NAME, REFUSE[0], f"    {how}", REFUSE[2], *SERVE)


class TestFairShare(ServerExercise):
    exercise = ex.fair_share
    imports = "from collections import Counter"
    wrong = {  # noqa: RUF012
        "Don't send it back: read it": share("user = 'Ann'", *REFUSE, *SERVE),
        "Ann is the first client, so": share(NAME, *REFUSE, COUNT, "async for message in ws: pass"),
        "Send each message back unchanged": share(NAME, *REFUSE, COUNT, LOOP[0], "    await ws.send(message.upper())"),
        "did not serve Ann's second one": share(NAME, COUNT, *REFUSE, *LOOP),
        "did not serve him": share(NAME, "user = 'everybody'", *REFUSE, *SERVE),
        "did not close her third": share(NAME, *SERVE),
        "ended or changed an older one": share(
            NAME,
            "mine = self.users.setdefault(user, [])",
            "if len(mine) >= 2: await mine.pop(0).close(1008, 'too many connections')",
            "mine.append(ws)",
            *LOOP,
        ).replace("self.slots = Counter()", "self.users = {}"),
        "Before `return`, write": closing("pass"),
        "dropped the connection without": closing("ws.transport.abort()"),
        "The close code is 4000": closing("await ws.close(4000, 'too many connections')"),
        "Close with the reason": closing("await ws.close(1008)"),
        "received a message before you closed it": share(
            NAME, *SERVE[:2], f"    {LOOP[0]}", f"    {LOOP[1]}", *(f"        {line}" for line in REFUSE), *SERVE[-2:]
        ).replace(">=", ">"),
        "freed a slot that it never had": share(NAME, *tried(*REFUSE, COUNT, *LOOP)),
        "Free the slot when the loop ends": share(NAME, *REFUSE, COUNT, *LOOP),
        "One connection frees one slot": share(NAME, *REFUSE, COUNT, *tried(*LOOP, free="del self.slots[user]")),
        "so free the slot in a `finally`": share(NAME, *REFUSE, COUNT, *LOOP, FREE),
    }  # fmt: skip

    async def test_a_set_of_connections_is_right_too(self):
        result = await self.check(
            share(
                NAME,
                "mine = self.users.setdefault(user, set())",
                "if len(mine) >= self.MOST: return await ws.close(1008, 'too many connections')",
                "mine.add(ws)",
                *tried(*LOOP, free="mine.discard(ws)"),
            ).replace("self.slots = Counter()", "self.users = {}")
        )
        assert result and not result.message

    async def test_names_that_stay_in_memory_get_advice(self):
        result = await self.check(share(NAME, *REFUSE, *SERVE))
        assert result and "`del self.slots[user]`" in result.message
