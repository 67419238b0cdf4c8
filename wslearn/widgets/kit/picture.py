"""A picture below a dashboard, drawn anew while servers run; the last one drawn by its cell stays in the file.

Output and Image widgets leave nothing where widgets do not run, on GitHub for example. A display that is updated does.
"""

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from IPython.display import DisplayHandle
from matplotlib import style
from matplotlib.figure import Figure

from wslearn.widgets.kit.look import line_html

#: Pixels an inch: 1200 wide, for a projector; a narrow page shrinks it.
DPI = 120
#: Text sizes and line widths that the last row can read.
SIZE = 14
LOOK = ["tableau-colorblind10", {"font.size": SIZE, "lines.linewidth": 2.5, "lines.markersize": 9}]
#: Drawing pauses at least so many times as long as it took, so that the servers in this process get their turn.
PAUSE = 2.0
#: Makes a figure, and the one line that says the same with its numbers.
Make = Callable[[], tuple[Figure, str]]

# matplotlib's text takes some 100 ms: too long on the event loop of the servers that are shown. One thread, because
# matplotlib does not promise to draw two figures at once.
_painter = ThreadPoolExecutor(1, "picture")


def figure(rows: int = 1, columns: int = 1, *, height: float = 4.6, **options):
    """Return a figure (10 inches wide, opaque white) and its axes, as `pyplot.subplots` does; `options` go there.

    pyplot does not know it, so nobody has to close it.
    """
    made = Figure(figsize=(10, height), dpi=DPI, layout="constrained", facecolor="white")
    axes = made.subplots(rows, columns, **options)
    for ax in made.axes:
        ax.tick_params(labelsize=SIZE)  # ticks are made later, where LOOK does not reach
    return made, axes


def png(drawn: Figure) -> bytes:
    """Return the figure as a PNG file."""
    file = io.BytesIO()
    drawn.savefig(file, format="png", facecolor="white", metadata={"Software": None})
    return file.getvalue()


class Picture:
    """An image and the line that says the same with its numbers, below the current cell."""

    def __init__(self) -> None:
        self.text = ""
        self._image, self._line = DisplayHandle(), DisplayHandle()

    def open(self) -> None:
        """Take a place below the cell, empty as yet."""
        for handle in (self._image, self._line):
            handle.display({"text/plain": ""}, raw=True)

    async def draw(self, make: Make) -> None:
        """Show what `make()` returns: a figure, and one line with its numbers, for those who do not see the figure.

        `make` is called here, so that all it draws gets the dashboards' large type.
        """
        with style.context(LOOK):
            drawn, text = make()
        file = await asyncio.get_running_loop().run_in_executor(_painter, png, drawn)
        image = {"image/png": base64.b64encode(file).decode(), "text/plain": text}
        self._image.update(image, raw=True)
        self.say(text)

    def say(self, text: str) -> None:
        """Show this line below the picture."""
        self.text = text
        self._line.update({"text/html": line_html(text), "text/plain": text}, raw=True)

    @asynccontextmanager
    async def live(self, make: Make, *, rate: float = 4.0) -> AsyncIterator[None]:
        """Draw what `make()` returns, at most `rate` times a second while the block runs, and once at its end.

        A figure that cannot be made ends the block with that exception.
        """
        try:
            async with asyncio.TaskGroup() as group:
                redrawing = group.create_task(self._redraw(make, rate))
                yield
                redrawing.cancel()
        except BaseExceptionGroup as errors:  # the block's own exception is what its reader expects
            raise errors.exceptions[0] from None
        await self.draw(make)

    async def _redraw(self, make: Make, rate: float) -> None:
        while True:
            began = time.perf_counter()
            await self.draw(make)
            took = time.perf_counter() - began
            await asyncio.sleep(max(1 / rate - took, PAUSE * took))
