"""The Predict questions of lesson 08, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: what a page does, may do, and can find out."""

    guess_1 = Question(
        "The page puts each message into the list with `item.innerHTML = message`. Mallory sends "
        '`<img src="x" onerror="ws.send(\'hello\')">`. What does Ann\'s page do?',
        choices=("It shows the text", "It shows a picture", "It sends hello, in Ann's name"),
        answer="It sends hello, in Ann's name",
        why="`innerHTML` reads the message as HTML, so Mallory's code runs in Ann's page.",
    )
    guess_2 = Question(
        "No server is listening at `url`, so the page gets an `error` event. What does the event say about the reason?",
        choices=("Nothing", "That nobody listens there", "An HTTP status"),
        answer="Nothing",
        why="A page must not find out which servers run on its user's network, so the browser keeps the reason to "
        "itself.",
    )
    guess_3 = Question(
        "The user leaves, and the page calls `ws.close(1001)`, because 1001 means *going away*. What happens?",
        choices=("It closes with 1001", "It closes with 1000", "The call raises an exception"),
        answer="The call raises an exception",
        why="A page may close with 1000, or with a code from 3000 to 4999.",
    )
    guess_4 = Question(
        "The page calls `ws.send` 1,000 times in a row, each time with a message of 1,000 bytes. How many bytes are "
        "then still waiting in the page?",
        unit="bytes",
        answer="1,000,000 bytes",
        why="`send` only puts the message into a queue, and the browser doesn't empty it while your script is running.",
    )


questions = Questions()
