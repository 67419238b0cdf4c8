"""The Predict questions of lesson 11, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: how a project of one's own fails."""

    guess_1 = Question(
        "A handler raises an exception that nobody catches. With plain `websockets`, its client gets the close code "
        "1011. Which code does it get with FastAPI or aiohttp?",
        choices=("1000", "1006", "1011"),
        answer="1006",
        why="Both drop the connection without a closing handshake. Part 3 measures it.",
    )
    guess_2 = Question(
        "A chat's tests are green: clients come, talk, and leave politely. Then Zoe's cable is cut, and Ann says hi. "
        "If the chat never removes clients whose connection was lost, who is disconnected next: nobody, Ann, or "
        "everybody?",
        choices=("Nobody", "Ann", "Everybody"),
        answer="Ann",
        why="The `send` to Zoe raises an exception in Ann's handler, so it's Ann's connection that ends. Part 6 shows "
        "it.",
    )
    guess_3 = Question(
        "A server stands behind nginx, and nobody sends anything. After how many seconds does nginx cut the "
        "connection, if you don't change its options?",
        unit="seconds",
        answer="After 60 seconds",
        why="That's the default of `proxy_read_timeout`. Part 4 has the numbers of eight proxies.",
    )


questions = Questions()
