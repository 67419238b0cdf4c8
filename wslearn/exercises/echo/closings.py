"""Reading: which close code each client of one server gets."""

from typing import Any

from wslearn.exercises import ReadingExercise, Talk

CODE = """
class Divider(Server):
    async def handler(self, ws):
        try:
            async for message in ws:
                if message == "bye":
                    break
                if message == "enough":
                    await ws.close(1001, "closed for today")
                    await ws.send("goodbye")
                await ws.send(str(100 / int(message)))
        except ValueError:
            await ws.send("expected a number")
"""
#: What each client sends.
SENT: dict[str, str | bytes] = {
    "Ann": "0", "Bob": "ten", "Carl": "enough", "Dora": b"20", "Mallory": "1" * 70_000,
}  # fmt: skip


async def _happens(talk: Talk, names: dict[str, Any]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    async with talk.server(names["Divider"]) as server:
        for name, message in SENT.items():
            client = await talk.client(server, name)
            await client.says(message)
            if name == "Dora":
                await client.hears("5.0")
                await client.is_still_there()
                found[name] = None
            else:
                await client.is_closed()
                found[name] = int(client.ws.close_code or 0)
        zoe = await talk.client(server, "Zoe")
        await zoe.asks("50", "2.0")
        end = zoe.peer
        await zoe.vanishes()
        await end.wait_closed()
        found["Zoe"] = int(end.close_code or 0)
        talk.forgives(server)
    return found


codes = ReadingExercise(
    CODE,
    _happens,
    clues={
        "Ann": {
            None: "What does `100 / 0` do? Does anything here expect that?",
            1000: "Is the exception of `100 / 0` a `ValueError`? If not, nothing here catches it.",
        },
        "Bob": {
            1011: "The exception is one that the handler expects. Look at what happens after it was caught.",
            None: "Look at where the `try` is: inside the loop, or around it? Where does the handler go on?",
        },
        "Carl": {
            1011: "Something goes wrong after the close. Can a server still change what it has already sent?",
            1000: "Look at what the handler passes to `close`.",
            1006: "`close` sends a close message, and the client gets it.",
            None: "`ws.close` waits for the closing handshake.",
        },
        "Dora": "What does `int` make of these bytes? Is anything wrong with this message?",
        "Mallory": {
            1000: "The `ValueError` would come from `int`. Does this message get as far as the handler?",
            1011: "Does this message get as far as the handler? Part 3 shows a message of this size.",
            None: "Part 3 shows what this server does with a message of this size.",
        },
        "Zoe": {
            1000: "That would be a goodbye, and Zoe sent none.",
            1011: "Did Zoe's end raise an exception in the handler that a server counts as a mistake?",
            None: "The server does notice that the connection has ended. Part 3 shows what it then reports.",
        },
    },
    hints=(
        "Take one client at a time, and follow its message through the handler until the handler ends, or waits again.",
        "A handler that returns closes in one way, a handler that raises in another, and limits come before both.",
        "Look at part 3 once more: it shows each of these codes, and at part 4 for a handler that ends.",
    ),
    answer="""
codes = {
    "Ann": 1011,      # ZeroDivisionError is no ValueError: nothing catches it
    "Bob": 1000,      # caught, but outside the loop: the handler ends, and all seems well
    "Carl": 1001,     # the first close counts; `send` then raises ConnectionClosed, which ends the handler
    "Dora": None,     # int(b"20") is 20, she gets 5.0, and the loop waits for her next message
    "Mallory": 1009,  # too large: the handler never sees it
    "Zoe": 1006,      # nothing was sent, and the server says so
}
""",
    why="The code tells how a connection ended, not whether all was well. Bob made a mistake and got 1000, because the "
    "`try` is around the loop, so one mistake ends the whole conversation. Only Ann's code says that the server has a "
    "bug. In your own server, put the `try` inside the loop.",
)
