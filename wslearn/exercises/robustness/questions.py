"""The Predict questions of lesson 07, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what a server does on three bad days."""

    guess_1 = Question(
        'A simple chat server expects messages in JSON, such as `{"message": "hi"}`. One client sends just `hello`. '
        "Who loses their connection: this client, everybody, or nobody?",
        choices=("This client at once", "Everybody at once", "Nobody"),
        answer="This client at once",
        why="On the servers of many tutorials, everybody else follows soon. Part 6 shows how.",
    )
    guess_2 = Question(
        "A server allows each client two messages per second. A client is silent for an hour, then sends 20 messages "
        "at once. How many get through?",
        unit="messages",
        answer="With our servers, four",
        why="An hour of silence doesn't save up more than that, as you'll see in part 3.",
    )
    guess_3 = Question(
        "A server stops and says goodbye to its clients, but one of them never replies. How long does the server wait?",
        unit="seconds",
        answer="As long as its author allows",
        why="Our servers wait one second, as part 6 measures.",
    )


questions = Questions()
