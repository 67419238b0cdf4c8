"""The frame of all dashboards, in a kernel: what its cell leaves, and what its buttons do."""

import base64
from collections.abc import Iterator

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import Kernel, errors, kernel

LABS = """
import asyncio, gc, time
import ipywidgets as widgets
from matplotlib.figure import Figure
from wslearn import EchoServer, cells
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit import picture
from wslearn.widgets.kit.picture import figure

class Lab(Dashboard):
    def __init__(self):
        self.number = widgets.IntText(description="Number", value=1)
        self.done = []
        super().__init__("A lab", self.number)
        self.go_on = asyncio.Event()
        self.act = self.action("Act", self.acts)
        self.bad = self.action("Bad", self.fails, live=False)

    async def first(self):
        self.done.append(f"first {self.number.value}")
        await self.picture.draw(self.figure)

    async def experiment(self):
        if self.number.value < 0:
            raise ValueError("number must be 0 or more: got -1")
        if self.number.value == 13:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.fails())
        self.done.append(f"run {self.number.value}")
        async with EchoServer():
            self.started.set()
            await self.go_on.wait()
        self.progress(1, 2)

    async def acts(self):
        self.acted.set()
        await asyncio.Event().wait()

    async def fails(self):
        raise OSError("the <cable> is cut")

    def clear(self):
        self.done = ["cleared"]

    def figure(self):
        drawn, ax = figure()
        ax.plot([1, 2], label=str(self.number.value))
        return drawn, f"the number is {self.number.value}"

    async def says(self, words):
        async with asyncio.timeout(30):
            while words not in self.status.value:
                await asyncio.sleep(0.01)

    async def press(self, button, *awaited):
        "Press a button, and wait until its work has begun; without more, until the lab has ended."
        self.started, self.acted = asyncio.Event(), asyncio.Event()
        button.click()
        if not awaited:
            await self.task.ended()
        for name in awaited:
            await asyncio.wait_for(getattr(self, name).wait(), 30)

class Broken(Lab):
    async def first(self):
        raise OSError("no <way> through")
"""


@pytest.fixture(scope="module")
def labs(tmp_path_factory) -> Iterator[Kernel]:
    with kernel(tmp_path_factory.mktemp("labs")) as running:
        running.ask(LABS)
        yield running


@pytest.fixture
def lab(labs) -> Kernel:
    """A kernel in which `lab` is a dashboard that has had its first run."""
    labs.ask("lab = await Lab().show()")
    return labs


def test_the_cell_keeps_a_plain_picture_and_its_line(labs):
    cell = labs.run(new_code_cell("lab = await Lab().show()\nlab"))
    assert not errors(cell)
    panel, image, line, details = [output.data for output in cell.outputs]
    assert panel["text/plain"].startswith("A dashboard with buttons")
    assert base64.b64decode(image["image/png"]).startswith(b"\x89PNG")
    assert (image["text/plain"], line["text/plain"], details["text/plain"]) == (
        "the number is 1",
        "the number is 1",
        "",
    )
    assert labs.ask("print(lab.done, lab.cancel.disabled, lab.act.disabled)") == "['first 1'] True True"


def test_a_failing_first_run_is_seen_and_is_no_traceback(labs):
    cell = labs.run(new_code_cell("lab = await Broken().show()"))
    assert not errors(cell)
    assert cell.outputs[2].data["text/plain"] == "It did not work: no <way> through"
    assert "<way>" not in cell.outputs[2].data["text/html"]
    assert "no &lt;way&gt; through" in labs.ask("print(lab.status.value)")


def test_run_cancel_and_run_again(lab):
    lab.ask("await lab.press(lab.run, 'started'); await lab.says('Running')")
    assert lab.ask("print(lab.cancel.disabled, len(cells._running))") == "False 2"
    lab.ask("lab.number.value = 2; await lab.press(lab.run, 'started')")
    assert lab.ask("print(lab.done, len(cells._running))") == "['first 1', 'run 1', 'run 2'] 2"
    lab.ask("await lab.press(lab.cancel)")
    assert lab.ask("print(lab.cancel.disabled, 'Cancelled' in lab.status.value, len(cells._running))") == "True True 0"
    lab.ask("lab.go_on.set(); await lab.press(lab.run)")
    assert lab.ask("print(lab.task.state, 'Done in' in lab.status.value)") == "done True"


def test_reset_ends_the_run_and_begins_as_at_first(lab):
    lab.ask("lab.number.value = 7; await lab.press(lab.run, 'started')")
    lab.ask("await lab.press(lab.reset)")
    assert lab.ask("print(lab.number.value, lab.done, lab.picture.text)") == "1 ['cleared', 'first 1'] the number is 1"
    assert lab.ask("print(len(cells._running))") == "0"


def test_running_the_cell_again_ends_the_run(labs):
    cell = new_code_cell("old = globals().get('new')\nnew = await Lab().show()")
    labs.run(cell)
    labs.ask("await new.press(new.run, 'started')")
    assert not errors(labs.run(cell))
    assert labs.ask("print(old.task.state, len(cells._running))") == "cancelled 0"


@pytest.mark.parametrize(
    ("number", "shown", "hidden"),
    [
        (-1, ["number must be 0 or more: got -1"], ["Traceback"]),
        (13, ["the &lt;cable&gt; is cut", "<details>", "Traceback"], ["sub-exception)</"]),
    ],
)
def test_an_error_is_said_in_the_status_line(lab, number, shown, hidden):
    lab.ask(f"lab.number.value = {number}; await lab.press(lab.run)")
    said = lab.ask("print(lab.status.value)")
    assert all(part in said for part in shown) and not any(part in said for part in hidden)
    lab.ask("lab.number.value = 1; await lab.press(lab.run, 'started'); await lab.says('Running')")
    assert lab.ask("print('alert' in lab.status.value)") == "False"
    lab.ask("await lab.press(lab.cancel)")


def test_an_action_runs_beside_the_lab_and_ends_with_it(lab):
    lab.ask("await lab.press(lab.run, 'started'); await lab.press(lab.act, 'acted')")
    assert lab.ask("print(lab.act.disabled, lab.task.running)") == "True True"
    lab.ask("await lab.press(lab.cancel)")
    assert lab.ask("print(lab.act.disabled, lab._actions[lab.act][0].state, len(cells._running))") == "True cancelled 0"


def test_an_action_that_fails_says_so_and_stops_nothing(lab):
    lab.ask("await lab.press(lab.run, 'started'); await lab.says('Running')")
    lab.ask("lab.bad.click(); await lab._actions[lab.bad][0].ended()")
    said = lab.ask("print(lab.status.value, lab.task.running, lab.bad.disabled)")
    assert "the &lt;cable&gt; is cut" in said and said.endswith("True False")
    lab.ask("await lab.press(lab.cancel)")


# The picture


LIVE = """
made = []
def make():
    made.append(time.perf_counter())
    if len(made) > limit: raise OSError("no ink")
    return figure()[0], f"drawn {len(made)} times"

async def live():
    try:
        async with asyncio.timeout(50), lab.picture.live(make):
            while len(made) < 6:
                await asyncio.sleep(0.001)
    except OSError as error:
        print(error)
"""


def test_a_live_picture_is_drawn_at_a_bounded_rate_and_leaves_no_figure(lab):
    alive = "gc.collect(); print(sum(isinstance(thing, Figure) for thing in gc.get_objects()))"
    before = int(lab.ask(alive))
    lab.ask(LIVE + "picture.RATE, limit = 10.0, 100\nawait live()")
    assert lab.ask("print(min(b - a for a, b in zip(made[:-1], made[1:-1])) > 0.09)") == "True"
    assert lab.ask("print(lab.picture.text == f'drawn {len(made)} times', len(made) >= 7)") == "True True"
    assert int(lab.ask(alive)) <= before  # the last one takes the place of the one before
    assert lab.ask("import sys; print('matplotlib.pyplot' in sys.modules)") == "False"


def test_a_picture_that_cannot_be_made_ends_the_block_with_its_own_exception(lab):
    assert lab.ask(LIVE + "picture.RATE, limit = 10.0, 2\nawait live()") == "no ink"


def test_large_type_draws_the_same_figure_with_as_many_pixels_on_fewer_inches(lab):
    lab.ask("large = lab.panel.children[5].children[1]; drawn, inches, text = lab.picture._figure")
    lab.ask("large.value = True; await lab._enlarging.ended()")
    assert lab.ask("print(lab.picture._figure[0] is drawn, lab.picture.text == text)") == "True True"
    assert lab.ask("print((inches / drawn.get_size_inches()).round(3).tolist())") == "[1.3, 1.3]"
    assert lab.ask("print(round(drawn.dpi * drawn.get_size_inches()[0]))") == "1200"
    lab.ask("large.value = False; await lab._enlarging.ended()")
    assert lab.ask("print((inches / drawn.get_size_inches()).tolist())") == "[1.0, 1.0]"


def test_an_old_picture_is_dimmed_until_the_run_has_drawn_or_ended(lab):
    dimmed = "print('wsl-old' in lab.panel._dom_classes, 'wsl-running' in lab.panel._dom_classes)"
    assert lab.ask(dimmed) == "False False"
    lab.ask("await lab.press(lab.run, 'started')")
    assert lab.ask(dimmed) == "True True"
    lab.ask("await lab.picture.draw(lab.figure, old=True)")
    assert lab.ask(dimmed) == "True True"
    lab.ask("await lab.picture.draw(lab.figure)")
    assert lab.ask(dimmed) == "False True"
    lab.ask("await lab.press(lab.run, 'started'); await lab.press(lab.cancel)")
    assert lab.ask(dimmed) == "False False"
