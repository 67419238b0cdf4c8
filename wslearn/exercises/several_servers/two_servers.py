"""Task 6 of lesson 10, the reading one: what two small servers do when there are two of them."""

from collections.abc import Mapping
from typing import Any

from wslearn.exercises.engine import ReadingExercise, Talk

CODE = """
class Hub:
    def __init__(self):
        self.heard = []

    def publish(self, *message):
        for heard in self.heard:
            heard(*message)


class Eager:
    def __init__(self, hub):
        self.hub, self.inboxes = hub, {}
        hub.heard.append(self.hear)

    def say(self, text):
        self.hear(text)  # at once, so that nobody has to wait
        self.hub.publish(text)

    def hear(self, text):
        for inbox in self.inboxes.values():
            inbox.append(text)


class Counting:
    def __init__(self, hub):
        self.hub, self.inboxes = hub, {}
        hub.heard.append(self.hear)

    def join(self):
        name = f"guest-{len(self.inboxes) + 1}"
        self.inboxes[name] = []
        return name

    def whisper(self, name, text):
        self.hub.publish(name, text)

    def hear(self, name, text):
        if name in self.inboxes:
            self.inboxes[name].append(text)
"""


async def _run(talk: Talk, names: dict[str, Any]) -> Mapping[str, Any]:
    hub = names["Hub"]()
    a, b = names["Eager"](hub), names["Eager"](hub)
    a.inboxes["Ann"], b.inboxes["Bob"] = [], []
    a.say("hi")
    b.say("yo")
    hub = names["Hub"]()
    c, d = names["Counting"](hub), names["Counting"](hub)
    joined = [c.join(), c.join(), d.join()]
    c.whisper(joined[1], "psst")
    d.whisper(joined[0], "hush")
    return {
        "Ann": a.inboxes["Ann"],
        "Bob": b.inboxes["Bob"],
        "names": joined,
        "Carl": c.inboxes[joined[0]],
        "Dora": c.inboxes[joined[1]],
        "Zoe": d.inboxes[joined[2]],
    }


two_servers = ReadingExercise(
    CODE,
    _run,
    clues={
        "Ann": {
            lambda came: list(came) == ["hi", "yo"]: "The hub calls `hear` of every server, and the sender's server is "
            "one of them.",
            lambda came: list(came) == ["hi"]: "Bob's text goes to the hub. Whose functions does the hub call?",
            list: "Count the calls of `hear` on Ann's server: one line for each.",
        },
        "Bob": {
            lambda came: list(came) == ["hi", "yo"]: "Bob's server hears of its own text, too. How often?",
            list: "Count the calls of `hear` on Bob's server: one line for each.",
        },
        "names": {
            lambda came: (
                list(came) == ["guest-1", "guest-2", "guest-3"]
            ): "How many inboxes has Zoe's server before she joins?",
            list: "Each server counts its own inboxes only.",
        },
        "Carl": {
            lambda came: list(came) == []: "Somebody whispers to Carl's name. Which servers hear that?",
            list: "Which whisper has Carl's name? The hub tells it to every server.",
        },
        "Dora": {list: "Which whisper has Dora's name?"},
        "Zoe": {
            lambda came: list(came) == []: "Which name has Zoe? Is it hers alone?",
            list: "Zoe receives what is whispered to her name, whoever was meant.",
        },
    },
    hints=(
        "`hub.heard` has a function of each server. `publish` calls all of them.",
        "`Eager` calls its own `hear` itself, and then the hub calls it once more.",
        "`Counting` gives names from its own inboxes. So the first client of each server has the same name.",
    ),
    answer='seen = {"Ann": ["hi", "hi", "yo"], "Bob": ["hi", "yo", "yo"], "names": ["guest-1", "guest-2", "guest-1"], '
    '"Carl": ["hush"], "Dora": ["psst"], "Zoe": ["hush"]}',
    why="Two rules follow. A server that publishes a message must not send it itself too, otherwise its own clients "
    "receive it twice. And what was unique on one server isn't unique on two: Zoe reads what was meant for Carl.",
)
