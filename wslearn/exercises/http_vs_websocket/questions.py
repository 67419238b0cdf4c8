"""The Predict questions of lesson 01, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: times of a network 25 ms away, and bytes."""

    guess_1 = Question(
        "A client opens a new connection, sends an HTTP request and reads the response. How long does that take?",
        unit="ms",
        answer="About 100 ms",
        why="two round trips. The first one opens the connection, using **TCP**, the set of rules (*protocol*) for "
        "carrying bytes reliably and in order. The second one carries the request and its response.",
    )
    guess_2 = Question(
        "The client sends a second request on the same connection. How long does that take?",
        unit="ms",
        answer="About 50 ms",
        why="one round trip, because the connection is already open. Keeping it open is called **keep-alive**.",
    )
    guess_3 = Question(
        "A client has an open WebSocket. It sends a message, and the server sends it back. How long does that take?",
        unit="ms",
        answer="About 50 ms, as in guess 2",
        why="No protocol is faster than the network.",
    )
    guess_4 = Question(
        "How many bytes does it take to send the five letters `hello` in an HTTP request? And in a WebSocket message?",
        unit="bytes",
        parts=2,
        answer="Almost 200 bytes in a typical HTTP request, and 11 in a WebSocket message",
        why="Part 3 shows every one of them.",
    )
    guess_5 = Question(
        "A client keeps asking the server for news. After each response it waits 100 ms, then asks again. On average, "
        "how long after an event does it find out?",
        unit="ms",
        answer="About 100 ms",
        why="A request arrives every 150 ms (the pause plus a round trip), so on average an event waits 75 ms for the "
        "next one. Then the response travels for 25 ms. That makes half the pause plus one round trip, or "
        "`interval/2 + 1 RTT`. A server that sends without being asked needs only 25 ms.",
    )


questions = Questions()
