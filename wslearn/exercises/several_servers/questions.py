"""The Predict questions of lesson 10, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what happens when there is more than one server."""

    guess_1 = Question(
        "A chat room runs on two servers, each as in lesson 04. Ten people are on each of them. Ann writes a message. "
        "How many of the twenty people receive it?",
        unit="people",
        answer="Ten",
        why="A server knows only its own clients. The other half of the room is deaf. Part 2 shows it.",
    )
    guess_2 = Question(
        "Zoe is connected to one of three servers, and its process is killed. How long is her name still in the list "
        "of members that the others see: does it disappear at once, does it stay for two or three seconds, or "
        "forever?",
        choices=("It disappears at once", "For two or three seconds", "Forever"),
        answer="For two or three seconds",
        why="A killed server can't say goodbye. The others notice that they no longer hear of it, as you'll see in "
        "part 3.",
    )
    guess_3 = Question(
        "All servers share their messages through one program, and that program is frozen for a moment. Are the "
        "messages that people write meanwhile lost, stored twice, or late?",
        choices=("Lost", "Stored twice", "Late"),
        answer="Late",
        why="Nobody has acknowledged them, so the clients send them again, each with its id. Part 6 shows it.",
    )


questions = Questions()
