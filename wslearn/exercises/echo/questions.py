"""The Predict questions of lesson 02, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what an echo server sends, shows and reports."""

    guess_1 = Question(
        "A client connects, sends `hello`, and reads two messages. Which two?",
        choices=(
            "First `hello`, then `Echo: hello`",
            "First `Echo: hello`, then `Welcome! Connection established.`",
            "First `Welcome! Connection established.`, then `Echo: hello`",
        ),
        answer="First `Welcome! Connection established.`, then `Echo: hello`",
        why="This server speaks first, without being asked.",
    )
    guess_2 = Question(
        "A client sends bytes instead of text. What comes back?",
        choices=("Nothing", "An error", "The same bytes, without `Echo:`", "The same bytes, after `Echo:`"),
        answer="The same bytes, without `Echo:`",
        why="Text and bytes are two kinds of message, and `isinstance(message, str)` tells them apart.",
    )
    guess_3 = Question(
        "Someone opens the server's address in a browser, with `http://` instead of `ws://`. What do they see?",
        choices=("An error", "A web page", "The server's welcome"),
        answer="A web page",
        why="Every WebSocket begins as an HTTP request, so one address can serve both.",
    )
    guess_4 = Question(
        "When a connection closes, a number says why: the **close code**. If a client crashes in the middle of a "
        "conversation, which code does it send?",
        choices=("None", "1000", "1001", "1006"),
        answer="None",
        why="because it can no longer send anything. The server then reports 1006, a code that is never sent.",
    )


questions = Questions()
