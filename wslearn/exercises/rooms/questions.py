"""The Predict questions of lesson 04, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: who is in a room, and how many messages that takes."""

    guess_1 = Question(
        "Ann and Bob are in the room `tea`, and Carl is in the room `coffee`. Ann sends `hi` to her room. Who receives "
        "it?",
        choices=("Only Bob", "Ann and Bob", "Ann, Bob and Carl"),
        answer="Ann and Bob",
        why="Carl receives nothing, because he is in another room.",
    )
    guess_2 = Question(
        "Bob is in `tea`. He joins `coffee`, without leaving `tea` first. In which rooms is he now?",
        choices=("Only in `tea`", "Only in `coffee`", "In both"),
        answer="Only in `coffee`",
        why="On this server a client is in one room at a time, so joining a room means leaving the old one.",
    )
    guess_3 = Question(
        "Ann's program crashes while she is in `tea`. It never sent a `leave-room`. Is she still in the room?",
        choices=("Yes", "No"),
        answer="No",
        why="The operating system closes the connections of a program that crashes. So the `async for` loop ends, "
        "normally or with an error, and `finally` runs in both cases.",
    )
    guess_4 = Question(
        "All clients leave `tea`. What does the server still know about the room?",
        choices=("Nothing", "Its name", "Its name and its last members"),
        answer="Nothing",
        why="It deletes a room that is empty, and creates it again for the next client that joins.",
    )
    guess_5 = Question(
        "Four clients are in a room, and one of them sends `hi`. How many messages does the server send? Then a fifth "
        "client joins. How many now?",
        unit="messages",
        parts=2,
        answer="Four, then five",
        why="First each member gets a copy of `hi`, including the sender. Then each member gets the new list of "
        "members, with five names.",
    )


questions = Questions()
