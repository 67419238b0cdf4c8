"""A real JupyterLab for the tests: notebooks made of a test's cells, opened in a browser and run."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from support import until

#: Seconds for JupyterLab to start, for a notebook to open, and for it to run, on a machine that does a lot else.
START, OPEN, RUN = 60, 60, 90
TOKEN = "test"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
#: Whether the kernel has nothing left to do, and every code cell that is not empty has run.
ENDED = r"""() => {
    const panel = jupyterapp.shell.currentWidget
    const cells = panel.content.widgets.map(cell => cell.model).filter(cell => cell.type === 'code')
    const ran = cell => cell.executionState === 'idle' && (cell.executionCount || !cell.sharedModel.getSource().trim())
    return panel.sessionContext.session.kernel.status === 'idle' && cells.length && cells.every(ran)
}"""
#: The errors that cells show which are not tagged to fail, with the cell's id.
TRACEBACKS = r"""() => jupyterapp.shell.currentWidget.content.widgets.flatMap(({ model }) =>
    model.type !== 'code' || (model.getMetadata('tags') || []).includes('raises-exception') ? []
    : model.outputs.toJSON().filter(output => output.output_type === 'error')
        .map(output => `cell ${model.id}: ${output.traceback.join('\n')}`))"""


class Jupyter:
    """A running JupyterLab: `folder` holds its notebooks, `url` is its address."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self._opened = 0

    async def open(self, page, *cells: str | Path, theme: str = "light", run: bool = True) -> None:
        """Show a notebook on `page` and run all of it: one made of these cells' sources, or a file.

        Raises AssertionError with the traceback that a cell shows.
        """
        self._opened += 1
        path = self.folder / f"test-{self._opened}.ipynb"
        if isinstance(cells[0], Path):
            path.write_bytes(cells[0].read_bytes())
        else:
            kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}  # without it, Lab asks for one
            sources = [new_code_cell(source) for source in cells]
            nbformat.write(new_notebook(cells=sources, metadata={"kernelspec": kernel}), path)
        await page.goto(f"{self.url}/doc/tree/{path.name}?reset&token={TOKEN}", timeout=OPEN * 1000)
        await page.wait_for_function("window.jupyterapp", timeout=OPEN * 1000)
        await page.evaluate("() => jupyterapp.restored")
        # A theme that changes while the splash fades shows it again, and then JupyterLab fails to remove it twice.
        await page.wait_for_selector("#jupyterlab-splash", state="detached")
        await self.wear(page, theme)
        await page.wait_for_function(
            "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status == 'idle'",
            timeout=OPEN * 1000,
        )
        if run:
            await self.run_all(page)

    async def run_all(self, page) -> None:
        """Run all cells, and wait until they have ended. Raises AssertionError with the traceback that one shows."""
        await self.command(page, "notebook:run-all-cells")
        await page.wait_for_function(ENDED, timeout=RUN * 1000)
        shown = await page.evaluate(TRACEBACKS)
        assert not shown, "\n".join(shown)

    async def wear(self, page, theme: str) -> None:
        """Have JupyterLab wear a theme, `light` or `dark`."""
        await self.command(page, "apputils:change-theme", theme=THEMES[theme])
        await page.wait_for_selector(f'body[data-jp-theme-light="{str(theme == "light").lower()}"]', state="attached")

    async def end_kernels(self, page) -> None:
        """End the kernels of all notebooks: what they run would slow down the tests that follow."""
        await page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")

    async def command(self, page, name: str, **arguments: str) -> None:
        """Have JupyterLab execute one of its commands."""
        await page.evaluate("([name, arguments]) => jupyterapp.commands.execute(name, arguments)", [name, arguments])


@asynccontextmanager
async def jupyterlab(folder: Path, *further: str, env: dict[str, str] | None = None) -> AsyncIterator[Jupyter]:
    """Run `wslearn lab` in `folder`, with settings of its own, until the block ends; its kernels end with it.

    `further` are arguments of JupyterLab, `env` variables of its environment.
    """
    private = {name: str(folder / ".jupyter" / name) for name in ("config", "data", "runtime", "ipython", "settings")}
    variables = {
        "JUPYTER_CONFIG_DIR": private["config"],
        "JUPYTER_DATA_DIR": private["data"],
        "JUPYTER_RUNTIME_DIR": private["runtime"],
        "JUPYTERLAB_SETTINGS_DIR": private["settings"],
        "IPYTHONDIR": private["ipython"],
    }
    options = ["--no-browser", "--LabApp.expose_app_in_browser=True", f"--IdentityProvider.token={TOKEN}", *further]
    said = folder / "jupyterlab.log"
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - it starts at once, and every loop has it
            [sys.executable, "-m", "wslearn", "lab", str(folder), "--", *options],
            env=os.environ | variables | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:

        def address() -> str | None:
            assert process.poll() is None, f"JupyterLab ended:\n{said.read_text()}"
            found = re.search(r"http://127\.0\.0\.1:\d+\S*?(?=/lab)", said.read_text())
            return found and found[0]

        await until(lambda: address() is not None, START)
        await until(lambda: answers(f"{address()}/api"), START)
        yield Jupyter(folder, address())
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 15)
        finally:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Return whether somebody answers there."""
    try:
        with urlopen(Request(url), timeout=10):
            return True
    except OSError:
        return False
