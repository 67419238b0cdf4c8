"""The Predict questions of lesson 06, in the words of the notebook."""

from wslearn.exercises.engine.question import Question


class Questions:
    """What a reader guesses at in part 1: when a server notices that a phone is in a tunnel."""

    guess_1 = Question(
        "The server only waits for messages from this phone, with `async for message in ws`. After how long does it "
        "get an error?",
        choices=("At once", "It never gets one", "After some seconds", "After some minutes"),
        answer="It never gets one",
        why="As long as nobody sends anything, nothing can go missing. TCP, the protocol that carries the bytes, is "
        "silent too.",
    )
    guess_2 = Question(
        'Now the server sends `1:0` to this phone, with `await ws.send("1:0")`. Does this line raise an error?',
        choices=("Yes", "No"),
        answer="No",
        why="`send` only hands the bytes to the operating system. The system sends them again and again, for many "
        "minutes, before it gives up.",
    )
    guess_3 = Question(
        "The server sends each phone a **ping** every 20 seconds: a tiny question that the phone has to answer. It "
        "drops any phone that has not answered by the time the next ping is due. How long does it take to drop the "
        "phone in the tunnel?",
        unit="seconds",
        answer="Between 20 and 40 seconds",
        why="The tunnel may begin just before a ping, or just after one.",
    )
    guess_4 = Question(
        "There is no tunnel, and the network is good. But the server's handler calls `time.sleep(60)`. What do the "
        "phones conclude?",
        choices=("That the server is dead", "That the server is busy", "Nothing, they just wait"),
        answer="That the server is dead",
        why="While it sleeps like this, it answers no ping. A busy program and a dead one look the same.",
    )


questions = Questions()
