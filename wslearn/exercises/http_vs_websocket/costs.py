"""What polling costs in time, and how many messages it takes until a handshake has paid off."""

from wslearn.exercises import FunctionExercise

_ROUNDED = "That is rounded. Return the number as it is: a delay may be less than a millisecond."
_BETWEEN = "An event happens at any moment between two polls: on average, in the middle."

mean_delay = FunctionExercise(
    # The interval and the round trip, in seconds. The first pair tells all mistakes but rounding apart.
    cases=[
        ((wait, trip), wait / 2 + trip)
        for wait, trip in (
            *((1.0, 0.1), (1.0, 0.0), (0.0, 0.1), (10.0, 0.05), (0.2, 0.5), (2.0, 0.0)),
            *((0.1234567, 0.0123456), (3, 1), (86_400.0, 0.25)),
        )
    ],
    mistakes={
        lambda wait, trip: wait / 2: "The network takes time too: a response needs half a round trip to come back.",
        lambda wait, trip: wait / 2 + trip / 2: "Half a round trip is missing. From one poll to the next it takes the "
        "interval and a round trip, and the event waits half of that. Then the response has to come back.",
        lambda wait, trip: wait + trip: f"That is the time from one poll to the next. {_BETWEEN}",
        lambda wait, trip: wait: f"That is the interval between two polls. {_BETWEEN}",
        lambda wait, trip: wait / 2 + 2 * trip: "That counts the network too often. Wait for the next poll, then add "
        "half a round trip for the way back.",
        lambda wait, trip: round(wait / 2 + trip, 2): _ROUNDED,
        lambda wait, trip: round(wait / 2 + trip, 3): _ROUNDED,
        lambda wait, trip: (wait + trip) // 2 + trip / 2: "Use `/`: `//` rounds down.",
    },
    message="Draw a timeline with two polls and an event between them. How long does the event take to reach the "
    "client, on average?",
    hints=(
        "Add two parts: the time until the next poll reaches the server, and the time until the response is back.",
        "Start with the time from one poll to the next, `interval + round_trip`. An event waits half of it on average.",
        "Add the time for the way back: `round_trip / 2`.",
    ),
    answer="""
def mean_delay(interval, round_trip):
    wait = (interval + round_trip) / 2  # until the next poll is at the server
    return wait + round_trip / 2        # and the way back
""",
    why="A shorter interval makes the delay shorter and the number of requests larger. At an interval of 0 the delay "
    "is still a whole round trip. A message that the server pushes takes only half of one.",
)


def _least(handshake: int, http: int, websocket: int) -> int | None:
    return handshake // (http - websocket) + 1 if http > websocket else None


def _compare(came: object, handshake: int, http: int, websocket: int) -> str:
    """Compare both costs after as many messages as are needed, or after one less if that came."""
    if (least := _least(handshake, http, websocket)) is None:
        return "Here a WebSocket message is not smaller, so the handshake never pays off: return `None`."
    n = least - (came == least - 1)
    costs = f"After {n} messages, WebSocket has cost {handshake + n * websocket} bytes, and HTTP {n * http}."
    if n == least:
        return f"{costs} That is the first time that WebSocket is cheaper."
    if handshake + n * websocket == n * http:
        return f"{costs} Both have cost the same, but the question is when WebSocket has cost *less*."
    return f"{costs} WebSocket has still cost more, so one more message is needed."


break_even = FunctionExercise(
    cases=[
        (costs, _least(*costs))
        for costs in (
            *((400, 200, 6), (400, 200, 100), (400, 300, 100), (1, 200, 6), (400, 6, 6), (400, 6, 10)),
            # A byte less than a multiple, a half that `round` sends up, costs of 0, and many messages.
            *((193, 200, 6), (350, 200, 100), (399, 200, 0), (0, 200, 6), (0, 6, 6), (1_000_000, 200, 199)),
        )
    ],
    mistakes={
        lambda handshake, http, websocket: (
            handshake // http + 1 if http > websocket else None
        ): "A WebSocket message costs bytes too. Divide by how many bytes fewer it has than an HTTP exchange.",
    },
    message=_compare,
    hints=(
        "Write down what each side costs in total for `n` messages.",
        "Find the smallest whole `n` for which `handshake + n * websocket < n * http` is true.",
        "Divide by what a message saves, `http - websocket`, with `//`, which rounds down. What if it saves nothing?",
    ),
    answer="""
def break_even(handshake, http, websocket):
    saved = http - websocket  # by each message
    if saved <= 0:
        return None
    return handshake // saved + 1
""",
    why="The handshake is paid once, and each message saves a few bytes. So the handshake soon pays off, but never if "
    "an HTTP exchange is not larger. Add 1 to what `//` returns, because at equal cost nothing is saved yet.",
)
