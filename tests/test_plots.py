"""What a student reads on the plots, and in the line beside each."""

import math
import re
import subprocess
import sys
import warnings

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from wslearn import plots
from wslearn.latency import PUSHES, ROUND_TRIPS, Sample, Settings

#: Each plot and its line.
PLOTS = [
    (plots.distribution, plots.describe_distribution),
    (plots.medians, plots.describe_medians),
    (plots.time_line, plots.describe_time_line),
    (plots.break_even, plots.describe_break_even),
]
every_plot = pytest.mark.parametrize(("draw", "describe"), PLOTS)


def sample(transport, *times, push=False, up=100.0, down=100.0, setup_bytes=0, start=0.0, **options) -> Sample:
    """Return a sample of messages that took so many seconds, one after the other."""
    spans = []
    for time in times:
        spans.append((start, start + time))
        start += max(time, 0)
    return Sample(
        transport=transport, settings=Settings(push=push, **options), spans=tuple(spans),
        bytes_up=up, bytes_down=down, setup=0.01, setup_bytes=setup_bytes,
    )  # fmt: skip


ROUND = [
    sample("http-new", 0.104, 0.102, 0.101, delay=0.025, up=180, down=160),
    sample("http-keepalive", 0.052, 0.051, 0.0535, delay=0.025, up=180, down=160, setup_bytes=0),
    sample("websocket", 0.050, 0.0511, 0.054, delay=0.025, up=38, down=34, setup_bytes=380),
]
PUSH = [
    sample("polling", 0.030, 0.100, 0.140, push=True, delay=0.025, up=400, down=320),
    sample("sse", 0.026, 0.025, 0.027, push=True, delay=0.025, up=0, down=60, setup_bytes=300),
]


def drawn(draw, samples):
    """Return the axes of a plot, rendered without a warning."""
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw(samples, ax) is ax
        figure.canvas.draw()
    return ax


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def lanes(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


# What is read


def test_distribution_marks_each_median_and_names_it():
    ax = drawn(plots.distribution, ROUND)
    assert legend(ax) == [
        "http-new: median 102.0 ms, theory 100.0 ms",
        "http-keepalive: median 52.0 ms, theory 50.0 ms",
        "websocket: median 51.1 ms, theory 50.0 ms",
    ]
    marks = [line.get_xydata()[0] for line in ax.lines if line.get_marker() not in ("None", "")]
    assert [(round(x, 6), y) for x, y in marks] == [(102, 0.5), (52, 0.5), (51.1, 0.5)]
    assert (
        plots.describe_distribution(ROUND[:1])
        == "Half of the messages took at most: http-new 102.0 ms (95 %: 103.8 ms)."
    )


def test_a_wide_range_gets_a_logarithmic_scale():
    fast, slow = sample("sse", 0.001, 0.001, push=True), sample("polling", 1.0, 2.0, push=True, interval=3)
    assert drawn(plots.distribution, [fast, slow]).get_xscale() == "log"
    assert drawn(plots.distribution, ROUND).get_xscale() == "linear"
    assert drawn(plots.distribution, [sample("sse", 0.0, 0.001, push=True), slow]).get_xscale() == "linear"


def test_medians_have_theory_beside():
    ax = drawn(plots.medians, ROUND)
    assert lanes(ax) == [
        "http-new\n2 RTT = 100.0 ms",
        "http-keepalive\n1 RTT = 50.0 ms",
        "websocket\n1 RTT = 50.0 ms",
    ]
    assert [text.get_text() for text in ax.texts] == ["102.0 ms", "52.0 ms", "51.1 ms"]
    assert [round(bar.get_width(), 6) for bar in ax.patches] == [102, 52, 51.1]
    assert [round(line.get_xdata()[0], 6) for line in ax.lines] == [100, 50, 50]
    assert plots.describe_medians(PUSH) == (
        "Medians: polling 100.0 ms (theory 100.0 ms, interval/2 + 1 RTT); sse 26.0 ms (theory 25.0 ms, 0.5 RTT)."
    )


def test_break_even_is_marked_where_the_lines_cross():
    ax = drawn(plots.break_even, ROUND[1:])
    assert legend(ax) == [
        "http-keepalive: 0 + 340 per message; costs more from message 2 on",
        "websocket: 380 + 72 per message",
    ]
    (mark,) = [line.get_xydata()[0] for line in ax.lines if line.get_markerfacecolor() == "none"]
    at = 380 / (340 - 72)
    assert tuple(mark) == pytest.approx((at, 340 * at))
    end = ax.lines[0].get_xydata()[-1]
    assert end[1] == pytest.approx(340 * end[0])
    assert plots.describe_break_even(ROUND[1:]) == (
        "Bytes per message: http-keepalive 340 (set-up 0), websocket 72 (set-up 380). "
        "websocket is cheaper than http-keepalive from message 2 on."
    )


@pytest.mark.parametrize(
    ("setup", "other", "words"),
    [
        (380, 340, "websocket is cheaper than http-keepalive from message 3 on"),
        (100, 300, "websocket is cheaper than http-keepalive from message 2 on"),  # after the first they are even
        (99, 300, "websocket is cheaper than http-keepalive from message 1 on"),
        (0, 300, "websocket is cheaper than http-keepalive from message 1 on"),
        (100_000, 201, "websocket is cheaper than http-keepalive from message 100,001 on"),
        (50, 200, "http-keepalive is cheaper than websocket from message 1 on"),
        (0, 200, "websocket is never cheaper than http-keepalive"),
    ],
)
def test_the_message_from_which_the_thriftiest_is_cheaper(setup, other, words):
    best = sample("websocket", 0.05, up=100, down=100, setup_bytes=setup)
    samples = [best, sample("http-keepalive", 0.05, up=other - 100, down=100)]
    assert plots.describe_break_even(samples).partition(". ")[2] == f"{words}."
    drawn(plots.break_even, samples)


def test_time_line_shows_who_waited_for_what():
    ax = drawn(plots.time_line, [*ROUND[:2], PUSH[0], PUSH[1]])
    assert lanes(ax) == [
        "http-new\nhatched: waits\nfor the connection",
        "http-keepalive\ntravels",
        "polling\nhatched: waits\nfor the next poll",
        "sse\ntravels",
    ]
    hatched = [bars for bars in ax.collections if bars.get_hatch()]
    widths = [round(bars.get_paths()[0].get_extents().width, 3) for bars in hatched]
    assert widths == [50, 50, 50, 5, 75, 115]
    assert plots.describe_time_line([ROUND[0], *PUSH]) == (
        "Median time of a message: http-new 102.0 ms, 50.0 ms of it waiting for the connection; "
        "polling 100.0 ms, 75.0 ms of it waiting for the next poll; sse 26.0 ms."
    )


def test_time_line_shows_the_first_messages_of_many():
    ax = drawn(plots.time_line, [sample("websocket", *[0.01] * 5000)])
    assert ax.get_xlim()[1] == pytest.approx(10 * plots.SHOWN, rel=0.05)


# What holds for all


@every_plot
def test_no_samples_are_refused_with_a_word(draw, describe):
    with pytest.raises(ValueError, match="expected samples"):
        draw([], Figure().subplots())
    with pytest.raises(ValueError, match="expected samples"):
        describe([])


@every_plot
def test_a_white_background_in_every_theme(draw, describe):
    figure = Figure(facecolor="black")
    ax = figure.subplots()
    ax.set_facecolor("black")
    draw(ROUND, ax)
    assert [to_hex(part.get_facecolor(), keep_alpha=True) for part in (figure, ax)] == ["#ffffffff"] * 2


def test_transports_differ_in_more_than_colour():
    for names in (ROUND_TRIPS, PUSHES):
        for attribute in ("colour", "marker", "hatch"):
            assert len({getattr(plots.LOOKS[name], attribute) for name in names}) == len(names)


def boxes(ax) -> list:
    """Return where texts and labels are, in pixels."""
    renderer = ax.figure.canvas.get_renderer()
    shown = sorted(ax.get_ylim())
    ticks = [tick.label1 for tick in ax.yaxis.get_major_ticks() if shown[0] <= tick.get_loc() <= shown[1]]
    parts = [*ax.texts, *ticks, ax.title, ax.xaxis.label]
    if ax.get_legend():
        parts += ax.get_legend().get_texts()
    return [(part.get_text(), part.get_window_extent(renderer)) for part in parts if part.get_text()]


def assert_readable(ax) -> None:
    """Fail where two texts collide, or one is outside the picture."""
    found = boxes(ax)
    width, height = ax.figure.bbox.size
    for index, (text, box) in enumerate(found):
        assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, f"cut off: {text}"
        for other, its_box in found[index + 1 :]:
            assert not box.overlaps(its_box), f"{text!r} and {other!r} collide"


times = st.one_of(st.floats(0, 1e4), st.sampled_from([0.0, 1e-9, 0.001, 0.05, 1e4]))


@st.composite
def measured(draw):
    push = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(list(PUSHES if push else ROUND_TRIPS)), min_size=1, max_size=4, unique=True))
    common = {
        "push": push,
        "delay": draw(st.sampled_from([0, 0.001, 0.05, 10])),
        "jitter": draw(st.sampled_from([0, 0.01])),
        "interval": draw(st.sampled_from([0.001, 0.1, 5])),
    }
    return [
        sample(
            name,
            *draw(st.lists(times, min_size=1, max_size=12)),
            up=draw(st.floats(0, 1e6)),
            down=draw(st.floats(0, 1e6)),
            setup_bytes=draw(st.integers(0, 10**6)),
            **common,
        )
        for name in names
    ]


@every_plot
@given(samples=measured())
@example(samples=[sample(name, 0.0, push=True, up=0, down=0) for name in PUSHES])
@example(samples=[sample(name, -0.0001, push=True) for name in PUSHES])
@example(samples=[sample(name, 1e4, 1e-9, up=1e6, down=1e6, setup_bytes=10**6) for name in ROUND_TRIPS])
@hypothesis(max_examples=15)
def test_every_shape_is_drawn_and_readable(draw, describe, samples):
    ax = drawn(draw, samples)
    assert_readable(ax)
    left, right = ax.get_xlim()
    assert math.isfinite(right) and right > left
    line = describe(samples)
    assert line.endswith(".") and "\n" not in line and "nan" not in line and "inf" not in line
    for one in samples:
        assert re.search(rf"\b{one.transport}\b", line)


def test_wslearn_itself_loads_no_matplotlib():
    code = "import sys, wslearn, wslearn.latency; print({'matplotlib', 'ipywidgets', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")
