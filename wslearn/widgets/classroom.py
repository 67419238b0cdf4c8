"""The class in a notebook: phones join, and the board is shown below the cell.

board = await classroom()
await board.ask(ex.questions.guess_3)
"""

import logging

from wslearn import cells
from wslearn.classroom import ClassServers
from wslearn.classroom.rehearsal import checked
from wslearn.notebook import show

#: Port and code of the last class in this kernel, to which its phones come back.
_last: tuple[int, str | None] = (0, None)
#: Of the board, in pixels: as high as JupyterLab shows on a projector of 720 pixels, so that nobody has to scroll.
HEIGHT = 600


async def classroom(
    host: str = "0.0.0.0",
    port: int = 0,
    *,
    code: str | None = None,
    rehearse: int = 0,
    height: int = HEIGHT,
    remote: bool | None = None,
) -> ClassServers:
    """Let the class join by phone, show the board below the cell, and return the class.

    Phones in the same network open the address on the board. `rehearse` simulated phones join, too. `host` is the
    address to listen on, by default all of this computer's; `code` is the word in the phones' address, by default a
    random one. The class ends with `await board.stop()`, with the kernel, and when this is called again: the new class
    has the same address, so its phones come back automatically. A new kernel needs the same `port` and `code` for that.

    `height` is in pixels, and `remote` is that of `wslearn.notebook.show`. Only the phones' page can be reached from
    the network. The board has the controls, so its address is secret and not saved with the notebook.

    Raises OSError if the port is in use or the address is not available, ValueError for an invalid code or number of
    phones.
    """
    checked(rehearse)  # before anything has started
    board = await _start(host, port, code)
    if rehearse:
        await board.rehearse(rehearse)
    show(board.board, height=height, remote=remote)
    print(f"Phones: {' or '.join(board.urls)}")
    return board


async def _start(host: str, port: int, code: str | None) -> ClassServers:
    global _last
    last_port, last_code = _last if cells.kernel() else (0, None)
    logger = logging.getLogger("wslearn")
    logger.addFilter(_is_news)
    try:
        board = await ClassServers(host, port or last_port, code=code or last_code).start()
    except OSError:
        if port or not last_port:
            raise
        board = await ClassServers(host, code=code or last_code).start()  # another program has the port now
    finally:
        logger.removeFilter(_is_news)
    _last = board.port, board.code
    return board


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out that phones can connect: a class is for that, and a red line worries people."""
    return "can be reached from other machines" not in f"{record.msg}"
