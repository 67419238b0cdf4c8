"""A picture below a dashboard, drawn again and again while servers run; a saved notebook keeps the last one.

Output and Image widgets leave nothing where widgets do not run, on GitHub for example. A display that is updated does.
"""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from sys import setswitchinterval
from time import perf_counter as clock
from typing import Any

from IPython.display import DisplayHandle
from matplotlib import style
from matplotlib.figure import Figure

from wslearn.widgets.kit.look import line_html

#: Pixels per inch: 1200 pixels wide, for a projector; a narrow page shrinks the picture.
DPI = 120
#: Text sizes and line widths that people in the last row can read.
SIZE = 14
LOOK: list[Any] = ["tableau-colorblind10", {"font.size": SIZE, "lines.linewidth": 2.5, "lines.markersize": 9}]
#: A live picture is drawn at most so many times a second, and then drawing pauses for at least so many times as long
#: as it took, so that the servers in this process get their turn.
RATE, PAUSE = 4.0, 2.0
#: Makes a figure, and the one line that gives its numbers in words.
Make = Callable[[], tuple[Figure, str]]

# matplotlib takes some 100 ms to render text: too long on the event loop of the servers that are shown. There is only
# one thread, because matplotlib does not promise that two figures can be drawn at once. While it draws, the event loop
# gets the interpreter back after 1 ms each time, not after the usual 5 ms, which a round trip would need several times.
_painter = ThreadPoolExecutor(1, "picture", setswitchinterval, (0.001,))


def figure(rows: int = 1, *, height: float = 4.6, **options: Any) -> tuple[Figure, Any]:
    """Return a figure (10 inches wide, opaque white) and its axes, as `pyplot.subplots(rows, **options)` does.

    pyplot does not know the figure, so nobody has to close it.
    """
    made = Figure(figsize=(10, height), dpi=DPI, layout="constrained", facecolor="white")
    axes = made.subplots(rows, **options)
    for ax in made.axes:
        ax.tick_params(labelsize=SIZE)  # matplotlib makes ticks later, when LOOK no longer applies
    return made, axes


def png(drawn: Figure, inches: Any, scale: float = 1.0) -> bytes:
    """Return the figure as a PNG file. Its type is `scale` times larger than in a figure of so many inches."""
    # As many pixels on fewer inches: all that is measured in points becomes larger.
    drawn.set_size_inches(inches / scale)
    drawn.set_dpi(DPI * scale)
    file = io.BytesIO()
    drawn.savefig(file, format="png", facecolor="white", metadata={"Software": None})
    return file.getvalue()


class Picture:
    """An image below the current cell, and a line of text that gives its numbers in words.

    - `scale`: how many times larger than usual the type in the image is.
    """

    def __init__(self, drawn: Callable[[], None] = lambda: None) -> None:
        self.text, self.scale = "", 1.0
        self._drawn = drawn
        self._figure: tuple[Figure, Any, str] | None = None  # what is shown, its size in inches, and its line
        self._image, self._line = DisplayHandle(), DisplayHandle()

    def open(self) -> None:
        """Reserve the place below the cell, still empty."""
        for handle in (self._image, self._line):
            handle.display({"text/plain": ""}, raw=True)

    async def draw(self, make: Make, *, old: bool = False) -> None:
        """Show what `make()` returns: a figure, and a line with its numbers for people who cannot see the figure.

        `old` says that it is a picture of an earlier run.
        """
        with style.context(LOOK):  # around the call of `make`, so that everything it draws gets the large type
            drawn, text = make()
        self._figure = drawn, drawn.get_size_inches(), text
        await self.again()
        if not old:
            self._drawn()

    async def again(self) -> None:
        """Show the same once more, because `scale` has changed. Nothing happens before the first drawing."""
        if self._figure is None:
            return
        drawn, inches, text = self._figure
        file = await asyncio.get_running_loop().run_in_executor(_painter, png, drawn, inches, self.scale)
        image = {"image/png": base64.b64encode(file).decode(), "text/plain": text}
        self._image.update(image, raw=True)
        self.say(text)

    def say(self, text: str) -> None:
        """Show this line below the picture."""
        self.text = text
        self._line.update({"text/html": line_html(text), "text/plain": text}, raw=True)

    @asynccontextmanager
    async def live(self, make: Make) -> AsyncIterator[None]:
        """Draw what `make()` returns, again and again while the block runs, and once more when it has ended.

        If `make` raises an exception, the block ends with that exception.
        """
        try:
            async with asyncio.TaskGroup() as group:
                redrawing = group.create_task(self._redraw(make))
                yield
                redrawing.cancel()
        except BaseExceptionGroup as errors:  # the caller expects the block's own exception
            raise errors.exceptions[0] from None
        await self.draw(make)

    async def _redraw(self, make: Make) -> None:
        while True:
            began = clock()
            await self.draw(make)
            took = clock() - began
            await asyncio.sleep(max(1 / RATE - took, PAUSE * took))
