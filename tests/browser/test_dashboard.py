"""The frame of all dashboards, in JupyterLab."""

import pytest
from jupyter import button

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = """
import asyncio
import ipywidgets as widgets
from websockets.asyncio.client import connect
from wslearn import EchoServer
from wslearn.network import SimulatedNetwork
from wslearn.widgets.dashboard import Dashboard
from wslearn.widgets.picture import figure

class PingLab(Dashboard):
    def __init__(self):
        self.count = widgets.IntSlider(description="Pings", value=20, min=1, max=200)
        self.delay = widgets.IntText(description="Delay (ms)", value=20)
        super().__init__("Ping: how long is the way?", self.count, self.delay)
        self.action("Cut", lambda: self.net.cut())

    async def experiment(self):
        self.times = []
        async with EchoServer() as server, SimulatedNetwork(server.url, delay=self.delay.value/1000) as self.net, connect(self.net.url) as ws:
            async with self.picture.live(self.figure):
                for n in range(self.count.value):
                    self.times.append(await (await ws.ping()))
                    self.progress(n + 1, self.count.value)

    def figure(self):
        drawn, ax = figure()
        ax.plot(self.times)
        return drawn, f"{len(self.times)} pings"

lab = await PingLab().show()
"""


async def test_it(lab):
    page = await lab(CODE, theme="light", width=800)
    await button(page, "Run").click()
    await button(page, "Cut").click()
    await page.get_by_role("alert").wait_for()
    await page.screenshot(path=f"/tmp/wt/shots/widgets-ping-cut.png")
    await button(page, "Reset").click()
    await page.get_by_text("Done in").wait_for()
    await page.screenshot(path=f"/tmp/wt/shots/widgets-ping-reset.png")
    await button(page, "Run").click()
    await button(page, "Cancel").click()
    await page.get_by_text("Cancelled.").wait_for()
    await page.screenshot(path=f"/tmp/wt/shots/widgets-ping-cancel.png")
