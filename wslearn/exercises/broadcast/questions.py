"""The Predict questions of lesson 03, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: who receives a broadcast, in which order, and what it costs."""

    guess_1 = Question(
        'Ann, Bob and Carl are connected. Ann sends `{"message": "hi"}`. Who receives it?',
        choices=("All three", "Bob and Carl", "Only Ann"),
        answer="All three",
        why="Ann is in `self.connections` too.",
    )
    guess_2 = Question(
        "Ann and Bob send at the same moment. Can Carl receive Ann's message first, and Dora receive Bob's first?",
        choices=("Yes", "Not with this server"),
        answer="Not with this server",
        why="It takes one message, passes it on to everybody, and only then takes the next one. So there is one order, "
        "the same for all clients.",
    )
    guess_3 = Question(
        "Ten clients are connected, and each of them sends one message. How many messages does the server send?",
        unit="messages",
        answer="100",
        why="each of the ten messages goes to ten clients. With 1,000 clients it would be a million.",
    )
    guess_4 = Question(
        "One more client, Sam, is connected but never reads his messages. Who pays for that?",
        choices=("Only Sam", "Everybody", "The server", "It depends on one word in the server's code"),
        answer="It depends on one word in the server's code",
        why="That word is `await`: with it, everybody may have to wait for Sam. Without it, the server pays with its "
        "memory. You'll see both.",
    )


questions = Questions()
