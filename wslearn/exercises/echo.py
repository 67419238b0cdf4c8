"""Exercises of lesson 02: servers that echo, each with a twist of its own."""

from wslearn.exercises import Exercise

# Shout


async def _shouts(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "ann")
        for said in ("hello", "good morning"):
            await ann.says(said)
            await ann.hears(f"{said.upper()}!", lambda came, said=said: _about_shouting(said, came))


def _about_shouting(said, came):
    if came is None:
        if said == "hello":
            return "Nothing came back. Is there an `await ws.send(…)` for each message?"
        return "Only the first message was answered: when `handler` ends, the connection is closed. Use a loop."
    if came == said:
        return 'The text came back as it was. `"abc".upper()` is `"ABC"`.'
    if came == said.upper():
        return "The letters are right. Now the `!` behind them."
    if came == f"{said}!":
        return "The `!` is there. Now the capital letters."
    return f"`{said}` should become `{said.upper()}!`."


shout = Exercise(
    _shouts,
    hints=(
        "Begin with the handler of `Reverse`, in part 4.",
        'Change one line of it: what is sent. `"abc".upper()` is `"ABC"`, and `+` joins two texts.',
        'Send `message.upper() + "!"`.',
    ),
    answer="""
class Shout(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper() + "!")
""",
    why="`async for` takes one message after the other until the client closes, so every message is answered.",
)
