"""The Predict questions of lesson 09, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what gets lost on a bad line."""

    guess_1 = Question(
        "Zoe's phone is in a tunnel for a while. Meanwhile, ten messages are sent to her room. Then it connects "
        "again automatically, as in lesson 06. How many of the ten messages does it receive?",
        unit="messages",
        answer="None of them",
        why="A server such as that of lesson 04 sends a message to the clients that are connected now. Part 2 shows "
        "it.",
    )
    guess_2 = Question(
        "`await ws.send(text)` returns without an error. Who has the message now, for certain: the other clients, "
        "the server, or only this computer?",
        choices=("The other clients", "The server", "Only this computer"),
        answer="Only this computer",
        why="The bytes are in a buffer here. Whether they ever arrive, nobody knows yet, as you'll see in part 6.",
    )
    guess_3 = Question(
        "Zoe sends a message, and her cable is cut before the server's reply arrives. When she is back, she sends the "
        "message again. How often is it in the room: once, twice, or does it depend on something?",
        choices=("Once", "Twice", "It depends"),
        answer="It depends",
        why="If the cable was cut before the message arrived, it's there once, and otherwise twice. Part 6 shows both.",
    )


questions = Questions()
