"""A real JupyterLab for the tests: notebooks made of a test's cells, opened in a browser and run."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

#: Seconds for JupyterLab to start, for a notebook to open, and for it to run, on a machine that does a lot else.
START, OPEN, RUN = 180, 120, 180
#: Milliseconds between two checks of a condition. By default Playwright checks it at each frame, and the browser draws
#: 60 frames a second for that, which slows down the kernel that the test is waiting for.
LOOK = 50
TOKEN = "test"
#: Bytes that a line of its log may have.
LINE = 1 << 20
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
#: The errors that cells show which are not tagged to fail, with the cell's id.
TRACEBACKS = r"""() => jupyterapp.shell.currentWidget.content.widgets.flatMap(({ model }) =>
    model.type !== 'code' || (model.getMetadata('tags') || []).includes('raises-exception') ? []
    : model.outputs.toJSON().filter(output => output.output_type === 'error')
        .map(output => `cell ${model.id}: ${output.traceback.join('\n')}`))"""
#: Whether the kernel has nothing left to do, and every code cell that is not empty has run, or a cell shows an error:
#: then JupyterLab does not run those after it, so waiting for them would hide the error until the time is up.
ENDED = rf"""() => {{
    const panel = jupyterapp.shell.currentWidget
    const cells = panel.content.widgets.map(cell => cell.model).filter(cell => cell.type === 'code')
    const failed = ({TRACEBACKS})().length > 0
    const ran = cell => failed || cell.executionCount || !cell.sharedModel.getSource().trim()
    return panel.sessionContext.session.kernel.status === 'idle' && cells.length
        && cells.every(cell => cell.executionState === 'idle' && ran(cell))
}}"""


#: Of an open notebook: whether its kernel waits for something to do.
READY = """path => {
    const panel = jupyterapp.shell.currentWidget
    return panel?.context?.path === path && panel.sessionContext.session?.kernel?.status === 'idle'
}"""
#: Closes all notebooks without a question about what is not saved, and ends their kernels.
CLOSE = """async () => {
    for (const panel of [...jupyterapp.shell.widgets('main')]) {
        if (panel.context) panel.context.model.dirty = false
        panel.close()
    }
    await jupyterapp.serviceManager.sessions.shutdownAll()
}"""
#: Runs code in the notebook's kernel, outside of its cells, and returns what it prints.
ASK = """async code => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session
    const future = kernel.requestExecute({ code, store_history: false })
    let said = ''
    future.onIOPub = message => { said += message.content.text || '' }
    const { content } = await future.done
    if (content.status !== 'ok') throw new Error(`${content.ename}: ${content.evalue}`)
    return said.trim()
}"""
CLOSED = "() => [...jupyterapp.shell.widgets('main')].every(panel => !panel.context)"


class Jupyter:
    """A running JupyterLab: `folder` holds its notebooks, `url` is its address.

    JupyterLab's start in a page takes longer than all else, so one page opens one notebook after another.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self._opened = 0
        #: The cells of the notebook that each page shows.
        self._shown: WeakKeyDictionary = WeakKeyDictionary()

    async def enter(self, page) -> None:
        """Show JupyterLab on `page`, with no notebook."""
        await page.goto(f"{self.url}/doc?reset&token={TOKEN}", timeout=START * 1000)
        await page.wait_for_function("window.jupyterapp", timeout=START * 1000, polling=LOOK)
        await page.evaluate("() => jupyterapp.restored")

    async def open(self, page, *cells: str | Path, theme: str = "light", run: bool = True) -> None:
        """Show a notebook on `page` and run all of it: one made of these cells' sources, or a file.

        A notebook of the same cells that `page` shows already stays, and its kernel too. Raises AssertionError with
        the traceback that a cell shows.
        """
        if not page.url.startswith(self.url):
            await self.enter(page)
        await self.wear(page, theme)
        if self._shown.get(page) != cells:
            await self.close(page)
            path = self.write(cells)
            await self.command(page, "docmanager:open", path=path, factory="Notebook")
            await page.wait_for_function(READY, arg=path, timeout=OPEN * 1000, polling=LOOK)
            self._shown[page] = cells
        if run:
            await self.run_all(page)

    def write(self, cells: Sequence[str | Path]) -> str:
        """Write a new notebook, and return its path as JupyterLab names it."""
        self._opened += 1
        path = self.folder / f"test-{self._opened}.ipynb"
        if isinstance(cells[0], Path):
            path.write_bytes(cells[0].read_bytes())
        else:
            kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}  # without it, Lab asks for one
            sources = [new_code_cell(source) for source in cells]
            nbformat.write(new_notebook(cells=sources, metadata={"kernelspec": kernel}), path)
        return path.name

    async def run_all(self, page) -> None:
        """Run all cells, and wait until they have ended. Raises AssertionError with the traceback that one shows."""
        await self.command(page, "notebook:run-all-cells")
        await page.wait_for_function(ENDED, timeout=RUN * 1000, polling=LOOK)
        shown = await page.evaluate(TRACEBACKS)
        assert not shown, "\n".join(shown)

    async def close(self, page) -> None:
        """Close all notebooks on `page`, and end their kernels."""
        self._shown.pop(page, None)
        await page.evaluate(CLOSE)
        await page.wait_for_function(CLOSED, polling=LOOK)

    async def wear(self, page, theme: str) -> None:
        """Have JupyterLab wear a theme, `light` or `dark`."""
        worn = f'body[data-jp-theme-light="{str(theme == "light").lower()}"]'
        if not await page.locator(worn).count():
            await self.command(page, "apputils:change-theme", theme=THEMES[theme])
            await page.wait_for_selector(worn, state="attached")

    async def command(self, page, name: str, **arguments: str) -> None:
        """Have JupyterLab execute one of its commands."""
        await page.evaluate(
            "async ([name, arguments]) => { await jupyterapp.commands.execute(name, arguments) }", [name, arguments]
        )


async def ask(page, code: str) -> str:
    """Run code in the kernel of the notebook that a page shows, outside of its cells, and return what it prints."""
    return await page.evaluate(ASK, code)


@asynccontextmanager
async def jupyterlab(
    folder: Path, *further: str, env: dict[str, str] | None = None, program: str = "LabApp"
) -> AsyncIterator[Jupyter]:
    """Run `wslearn lab` in `folder`, with settings of its own, until the block ends; its kernels end with it.

    `further` are arguments of JupyterLab, `env` variables of its environment. The `program` is JupyterLab or
    Notebook 7, by the name that its options begin with.
    """
    private = {name: str(folder / ".jupyter" / name) for name in ("config", "data", "runtime", "ipython", "settings")}
    variables = {
        "JUPYTER_CONFIG_DIR": private["config"],
        "JUPYTER_DATA_DIR": private["data"],
        "JUPYTER_RUNTIME_DIR": private["runtime"],
        "JUPYTERLAB_SETTINGS_DIR": private["settings"],
        "IPYTHONDIR": private["ipython"],
    }
    options = ["--no-browser", f"--{program}.expose_app_in_browser=True", f"--IdentityProvider.token={TOKEN}", *further]
    options.append("--LanguageServerManager.autodetect=False")  # it asks Node, for seconds
    write_settings(Path(private["config"]))
    commands = {
        "LabApp": ("wslearn", "lab", str(folder), "--"),
        "JupyterNotebookApp": ("notebook", str(folder), "--allow-root"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *commands[program], *options),
        env=os.environ | variables | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        limit=LINE,
    )
    said = []

    async def address() -> str:
        async for line in process.stdout:
            said.append(line.decode(errors="replace"))
            if found := re.search(r"http://127\.0\.0\.1:\d+\S*?(?=/(?:lab|tree))", said[-1]):
                return found[0]
        raise RuntimeError(f"JupyterLab ended:\n{''.join(said)}")

    async def read_on() -> None:
        async for _ in process.stdout:  # unread, it would fill the pipe and block the server
            pass

    reading = None
    try:
        url = await asyncio.wait_for(address(), START)
        reading = asyncio.create_task(read_on())
        yield Jupyter(folder, url)
    finally:
        await end(process)
        if reading:
            await reading


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process, by force where it does not follow in time."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()


def write_settings(config: Path) -> None:
    """Switch off what of JupyterLab makes errors of its own on a page that a program uses: faster than people do.

    - Two changes of the theme within 0.2 s have JupyterLab remove its fading splash twice.
    - A notebook that is closed before its kernel has told the debugger its state leaves the debugger without one.
    """
    page = config / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True)
    off = ("@jupyterlab/apputils-extension:splash", "@jupyterlab/debugger-extension")
    page.write_text(json.dumps({"disabledExtensions": dict.fromkeys(off, True)}))
