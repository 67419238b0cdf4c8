"""Long polling, event by event: when does the client know?"""

from wslearn.exercises import FunctionExercise


def _known(events: list[float], round_trip: float, *, first: float = 0.5, back: float = 0.5, gap: float = 1.0,
           all_: bool = True, at_once: bool = True) -> list[float]:  # fmt: skip
    """Return when a client knows of each event; the options are the mistakes that one can make."""
    known: list[float] = []
    ready = first * round_trip
    while len(known) < len(events):
        event = events[len(known)]
        response = max(ready, event)
        now = [other for other in events[len(known) :] if (other <= response if at_once else other < response)] or [
            event
        ]
        known += [response + back * round_trip] * (len(now) if all_ else 1)
        ready = response + gap * round_trip
    return known


_TRIPS: tuple[tuple[list[float], float], ...] = (
    ([2.0], 1.0), ([2.0, 2.25, 9.0], 1.0), ([0.0], 1.0), ([0.25], 1.0),
    ([0.5], 1.0), ([2.0, 5.0], 1.0), ([2.0, 2.5], 1.0), ([], 1.0),
    ([2.0, 2.25, 2.5, 2.75], 1.0), ([2.0, 3.0, 3.25], 1.0), ([2.0, 2.5, 3.5, 4.25, 9.0], 1.0), ([2.0, 2.0, 2.0], 1.0),
    ([0.0, 0.25, 0.5, 0.75, 1.0], 1.0), ([1.0, 2.0, 3.0], 0.0), ([10.0, 10.5, 11.0, 30.0, 30.0], 4.0),
    ([0.125 * n for n in range(40)], 0.5), ([86_400.0, 86_400.03125], 0.0625),
    ([0.0078125, 0.01171875], 0.001953125), ([0.25, 0.25006103515625], 0.00048828125),
)  # fmt: skip

long_polling = FunctionExercise(
    cases=[((events, trip), _known(events, trip)) for events, trip in _TRIPS],
    mistakes={
        lambda events, trip: _known(events, trip, first=0.0): "The first request leaves the client at 0, and arrives "
        "at the server half a round trip later.",
        lambda events, trip: _known(events, trip, first=1.0): "The first request is at the server after half a round "
        "trip, not a whole one.",
        lambda events, trip: _known(events, trip, back=0.0): "That is when the server sends each response. It needs "
        "half a round trip to reach the client.",
        lambda events, trip: _known(events, trip, back=1.0): "A response needs only half a round trip to reach the "
        "client.",
        lambda events, trip: _known(events, trip, gap=0.5): "The next request leaves when the response has *arrived* "
        "at the client. So from a response to the next request at the server it takes a whole round trip.",
        lambda events, trip: _known(events, trip, gap=1.5): "From a response to the next request at the server it "
        "takes one round trip.",
        lambda events, trip: [event + trip / 2 for event in events]: "That is right while a request is waiting at the "
        "server. But each response uses up a request, and then the server has none to answer: an event has to wait "
        "until the next one arrives.",
        lambda events, trip: _known(events, trip, all_=False): "A response brings all events that have happened by "
        "then, not one only.",
        lambda events, trip: _known(events, trip, at_once=False): "An event at the very moment when the server "
        "responds is in that response.",
        lambda events, trip: sorted(set(_known(events, trip))): "Return one time for each event, also where two events "
        "arrive in one response.",
        **{
            lambda events, trip, digits=digits: [round(time, digits) for time in _known(events, trip)]: "That is "
            "rounded. Return the times as they are: a round trip may be less than a millisecond."
            for digits in (0, 1, 2, 3)
        },
    },
    message="Return a list of numbers, one for each event. Draw two lines, the server's time and the client's. Draw "
    "each request and each response as an arrow from one to the other. Which response brings this event?",
    hints=(
        "Keep one number as you go through the events: when the next request is at the server.",
        "The server responds at `max(ready, event)`, for the first event that is not yet known. Which other events are "
        "in the same response?",
        "All events up to the moment of the response are known at `response + round_trip / 2`. The next request is at "
        "the server at `response + round_trip`.",
    ),
    answer="""
def long_polling(events, round_trip):
    known = []
    ready = round_trip / 2  # when the next request is at the server
    while len(known) < len(events):
        response = max(ready, events[len(known)])
        for event in events[len(known):]:
            if event <= response:
                known.append(response + round_trip / 2)
        ready = response + round_trip
    return known
""",
    why="Long polling is as fast as WebSocket as long as events are more than a round trip apart. When they come more "
    "quickly, an event waits for up to a round trip, and arrives together with others. A WebSocket has no such gap: "
    "each event is on its way at once.",
)  # fmt: skip
