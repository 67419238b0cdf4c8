"""The Predict questions of lesson 05, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what a token shows, how long it counts, and whose page connects."""

    guess_1 = Question(
        "Somebody finds Ann's token, but not the server's secret. Can they read what is in it?",
        choices=("Yes, all of it", "Only Ann's name", "No, nothing"),
        answer="Yes, all of it",
        why="A token is signed, not encrypted. In part 3 you read one without any secret.",
    )
    guess_2 = Question(
        "Ann changes one word in her token: her name becomes `admin`. What does the server do?",
        choices=("It lets her in as `admin`", "It lets her in as Ann", "It rejects the token"),
        answer="It rejects the token",
        why="The signature fits only the old words, and nobody can make a new one without the secret.",
    )
    guess_3 = Question(
        "A token is valid for one hour. Ann connects with it, and stays for a day. What happens after the first hour?",
        choices=(
            "The connection closes automatically",
            "Nothing, unless the server does something",
            "The server rejects her next message",
        ),
        answer="Nothing, unless the server does something",
        why="It checked the token at the start, and a WebSocket has no next request. So it has to set a timer, and "
        "close the connection when the time is up.",
    )
    guess_4 = Question(
        "Ann is logged in at `bank.example`. In another tab she opens a stranger's page, and this page opens a "
        "WebSocket to the bank. Can the bank's server find out whose page it is?",
        choices=("No", "Yes, if it looks", "Yes, if the page says so"),
        answer="Yes, if it looks",
        why="The browser may send Ann's **cookies** along, small strings by which the bank recognises her, so the bank "
        "thinks that Ann herself is connecting. But the browser also says whose page it is, in the header `Origin` of "
        "the request. The server has to check it.",
    )


questions = Questions()
