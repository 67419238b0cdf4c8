"""The heartbeat lab's time line and verdict, from made-up events."""

import pytest
from support import Clock

from wslearn.widgets import beats
from wslearn.widgets.beats import Beat, Beats, Silence, Span
from wslearn.widgets.kit.picture import png


@pytest.fixture
def at(monkeypatch):
    """Set the seconds since the start."""
    clock = Clock()
    monkeypatch.setattr(beats, "clock", clock)

    def at(seconds: float) -> None:
        clock.now = 1000 + seconds

    return at


def silent(began: float, ended: float | None = None) -> Silence:
    return Silence(began=began, ended=ended, shortest=0.5, longest=1.0)


def test_a_silence_before_anybody_is_connected_says_why_nobody_is_found_dead(at):
    at(0)
    made = Beats()
    made.silences.append(silent(0.1))
    at(5)
    assert made.verdict() == "SILENT, but no client is connected; press Heal to let it connect"
    made.lives.append(Span(0.1))
    assert made.verdict().startswith("SILENT for 4.90 s; the server has not noticed yet")


def test_the_verdict_of_each_state(at):
    at(0)
    made = Beats()
    assert made.verdict() == "NO CONNECTION: the client is connecting"
    made.lives.append(Span(0.1))
    assert made.verdict() == "ALIVE"
    made.pings.append(Beat(0.5, 1.0, 0.58))
    assert made.verdict() == "ALIVE; the last round trip took 80 ms"
    made.silences.append(silent(0.6))
    at(0.9)
    assert made.verdict() == "SILENT for 0.30 s; the server has not noticed yet (theory: 0.50 to 1.00 s)"
    at(1.5)
    made.lost(Beat(1, 1.5))
    made.lives[-1].ended = 1.5
    at(2)
    assert made.verdict() == "DEAD: noticed 0.90 s after the silence began (theory: 0.50 to 1.00 s)"
    made.silences[-1].ended = 2
    assert made.verdict().startswith("NO CONNECTION: the client is connecting; the last round trip took 80 ms; ")
    made.lives.append(Span(2.2))
    assert made.verdict().endswith("80 ms; the server noticed the last silence after 0.90 s (theory: 0.50 to 1.00 s)")
    made.silences.append(silent(3, 3.2))
    assert made.verdict().endswith("; the server did not notice the last silence of 0.20 s")


def test_who_is_given_up_while_the_network_is_well_is_a_false_alarm(at):
    at(0)
    made = Beats()
    made.lost(Beat(0, 1))
    made.silences.append(silent(1, 2))
    made.lost(Beat(2.1, 2.6))
    assert made.false_alarms == 2 and made.silences[0].found is None
    assert made.verdict().startswith("NO CONNECTION, false alarms: 2; ")
    assert made.verdict().endswith("; false alarms happen if the timeout is shorter than a round trip")


def test_a_silence_is_found_also_when_it_has_just_ended(at):
    at(0)
    made = Beats()
    made.silences.append(silent(1, 2))
    at(2.1)
    made.lost(Beat(1.6, 2.1))
    assert not made.false_alarms and made.silences[0].found == pytest.approx(1.1)


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_picture_says_in_words_what_it_shows(at):
    at(0)
    made = Beats()
    made.figure()  # before anything has happened
    made.lives += [Span(0.1, 2), Span(3)]
    made.pings += [Beat(0.5, 1, 0.6), Beat(1.5, 2), Beat(4.9, 5.4)]
    made.silences.append(silent(1, 2.5))
    made.silences[0].found = 1.0
    at(5)
    drawn, text = made.figure()
    [ax] = drawn.axes
    assert words(ax) == ["carries", "silent", "theory", "carries", "alive", "dead", "alive"]
    assert ax.get_title(loc="left") == "ALIVE" and text.startswith("ALIVE; ")
    assert png(drawn, drawn.get_size_inches()).startswith(b"\x89PNG")


def test_dead_times_too_short_for_the_word_have_it_above_them(at):
    at(0)
    made = Beats()
    made.lives += [Span(0.1, 2), Span(2.1, 3), Span(3.1, 3.2), Span(3.3)]  # the last two are close together
    made.false_alarms = 3
    at(5)
    drawn, _ = made.figure()
    [ax] = drawn.axes
    dead = [text.get_position() for text in ax.texts if text.get_text() == "dead"]
    assert dead == [(pytest.approx(2.05), 0.47), (pytest.approx(3.05), 0.47)]
    assert ax.get_title(loc="left") == "ALIVE, false alarms: 3"


def test_the_picture_shows_the_last_ten_seconds(at):
    at(0)
    made = Beats()
    made.lives.append(Span(0.1))
    made.silences.append(silent(1, 1.5))
    at(30)
    [ax] = made.figure()[0].axes
    assert ax.get_xlim() == (20, 30)
    assert words(ax) == ["carries", "alive"]
