#!/usr/bin/env bash
# Guess: who follows a link leaves: the page's WebSocket closes (1001) before the next page opens its own. The
#   back/forward cache changes nothing: Chromium does not keep a page with an open WebSocket, or, as documented for
#   versions from 149 on, disconnects it when the page enters the cache. Playwright shows what a user's browser does.
# What happens: Chromium keeps the page, and the server keeps its socket. Nothing closes; the browser goes on answering
#   pings, so keepalive sees a live client; `send()` succeeds, and no page ever gets those messages. One visitor who has
#   looked at ten pages of a site is online seven times (the cache holds six), for ten minutes. Only Back closes the
#   socket of the page it returns to: 1001 for the server, and for the page, which goes on where it was, `error` and
#   1006, with whatever was sent meanwhile lost. Playwright starts Chromium without that cache, so there each page's
#   socket closes as expected, and Back loads the page anew: the same clicks prove the opposite of what users see.
# Versions: Chromium 156.0.8078.108, playwright 1.65.2, websockets 17.4, Python 3.11. The ten minutes were measured
#   once.
# To whom it matters: presence ("who is online"), limits on connections for each user, queues that hand a job or a
#   message to one of a user's connections, and "delivered" marks: all on sites with several pages. Close the socket in
#   the page's `pagehide`, and connect again in `pageshow` if `event.persisted`; with it the server counts one, as
#   checked here.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get update -qq > /dev/null
    timeout 500 apt-get install -y chromium > /dev/null
fi
python3 -m venv "$work/venv"
timeout 300 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 playwright==1.65.2
cat > "$work/check.py" <<'PY'
import asyncio
import sys
from importlib.metadata import version

from playwright.async_api import async_playwright
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

PAGES = 10
PAGE = """<!DOCTYPE html><title>page</title><a href="%s">next</a><script>
const seen = []
function connect() {
  window.ws = new WebSocket('ws://' + location.host + location.pathname)
  for (const name of ['open', 'message', 'error', 'close'])
    ws.addEventListener(name, event => seen.push([name, event.data || event.code || '']))
}
connect()
if (location.pathname.startsWith('/polite/')) {
  addEventListener('pagehide', () => ws.close())
  addEventListener('pageshow', event => { if (event.persisted) connect() })
}
</script>"""


class Site:
    """Pages that are linked one after the other, each with a WebSocket; `online` holds those that are connected."""

    def __init__(self):
        self.online, self.ends, self.news = {}, {}, asyncio.Event()

    def page(self, connection, request):
        if "Upgrade" in request.headers:
            return None
        *folder, number = request.path.split("/")
        text = PAGE % "/".join([*folder, str(int(number) + 1)]) if number.isdigit() else ""
        headers = {"Content-Type": "text/html", "Content-Length": str(len(text)), "Connection": "close"}
        return Response(200, "OK", Headers(headers), text.encode())

    async def handle(self, ws):
        number = int(ws.request.path.split("/")[-1])
        self.online[number] = ws
        self.news.set()
        await ws.wait_closed()
        del self.online[number]
        self.ends[number] = ws.close_code
        self.news.set()

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()


async def visit(playwright, folder, options):
    """Follow the links, wait for keepalive, say something to everybody, go back; return what was seen."""
    site = Site()
    keepalive = {"process_request": site.page, "ping_interval": 0.5, "ping_timeout": 5}
    async with serve(site.handle, "127.0.0.1", 0, **keepalive) as server:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"], ignore_default_args=options
        )
        tab = await browser.new_page()
        await tab.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{folder}/1")
        for number in range(1, PAGES + 1):
            await site.until(lambda number=number: number in site.online)
            if number < PAGES:
                await tab.click("a")
                await tab.wait_for_url(f"**/{folder}/{number + 1}")
        await asyncio.sleep(6)  # twelve pings, or one that has gone unanswered for too long
        online = sorted(site.online)
        alive = [number for number, ws in site.online.items() if ws.latency > 0]
        for ws in list(site.online.values()):
            await ws.send("hello")
        await asyncio.sleep(1)
        await tab.go_back(wait_until="commit")
        await site.until(lambda: PAGES - 1 in site.ends)
        await tab.wait_for_function("document.readyState === 'complete' && seen.length > 0")
        await asyncio.sleep(1)
        seen = [name if value == "" else f"{name} {value}" for name, value in await tab.evaluate("seen")]
        end = site.ends[PAGES - 1]
        await browser.close()
    print(f"  connected: {online}; answered pings: {sorted(alive)}; page {PAGES - 1} ended with {end} for the server")
    print(f"  after Back, page {PAGES - 1} has seen: {', '.join(seen)}")
    return online, sorted(alive), seen, end


async def main():
    print("playwright", version("playwright"), "websockets", version("websockets"), "Python", sys.version.split()[0])
    cache = ["--disable-back-forward-cache"]  # what playwright adds to Chromium's options
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        print("Chromium", browser.version)
        await browser.close()
        print("as playwright starts Chromium, ten pages:")
        test = await visit(playwright, "plain", [])
        print("with the cache, as users have it:")
        user = await visit(playwright, "plain", cache)
        print("with the cache, pages that close in pagehide:")
        polite = await visit(playwright, "polite", cache)
    if test[0] != [PAGES] or test[2][0] != "open" or len(test[2]) != 1:
        sys.exit("CHANGED: with playwright's options more than one page is connected, or Back does not load it anew")
    if polite[0] != [PAGES] or polite[2][-1] != "open":
        sys.exit("CHANGED: closing in pagehide and connecting in pageshow no longer works")
    online, alive, seen, end = user
    if len(online) < 5 or alive != online:
        sys.exit("CHANGED: pages that were left are no longer connected, or answer no pings")
    if seen != ["open", "error", "close 1006"] or end != 1001:
        sys.exit("CHANGED: the page that is returned to has seen something else")


asyncio.run(main())
PY
timeout 200 "$work/venv/bin/python" "$work/check.py"
