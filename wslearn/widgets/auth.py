"""The token lab: issue a token, see what is in it, watch it end, and see bad ones refused. Lesson 05."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn.messages import Authenticate, encode
from wslearn.servers.auth import AuthServer
from wslearn.theme import BLUE, RUST
from wslearn.tokens import Tokens
from wslearn.widgets.auth_token import BAD_TOKENS, claims_of, token_html
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure

#: Life of the token of the first run, and how often the time that is left is shown, in seconds.
FIRST_LIFE, TICK = 1, 0.2
#: Time in which the server has to answer to a bad token, in seconds; it takes milliseconds.
ANSWER = 10


@dataclass
class Visit:
    """What became of one client that showed a token; times in seconds, of `time.monotonic`."""

    came_in: float | None = None
    left: float | None = None
    words: str = ""
    code: int | None = None
    reason: str = ""

    @property
    def inside(self) -> float:
        """How long it has been let in, in seconds."""
        return 0.0 if self.came_in is None else (self.left or time.monotonic()) - self.came_in

    async def knock(self, ws: ClientConnection, token: str) -> None:
        """Show the token as the first message, and hear the answer."""
        await ws.send(encode(Authenticate(token)))
        self._hear(await ws.recv())

    async def stay(self, ws: ClientConnection) -> None:
        """Listen until the server closes."""
        try:
            async for message in ws:
                self._hear(message)
        except ConnectionClosed:
            self.code, self.reason = ws.close_code, ws.close_reason
        finally:
            self.left = time.monotonic()

    def _hear(self, message: str) -> None:
        heard = json.loads(message)
        if heard["type"] == "authenticated":
            self.came_in = time.monotonic()
        else:
            self.words = heard["message"]

    def __str__(self) -> str:
        """Say in a few words how it went; a refusal with the server's own words."""
        if self.left is None:
            return "✔ is in"
        if self.code is None:
            return "cancelled"
        if self.came_in is None:
            return f"✘ refused: {self.words} ({self.code} {self.reason})"
        return f"✔ was in for {self.inside:.1f} s, then {self.code} {self.reason}"


class TokenLab(Dashboard):
    """Run issues a token and connects with it; the server closes when the token ends. Other buttons show bad ones.

    - `token`: the token that was issued last; `bad_token`: the bad one that was tried last.
    - `own`: what became of the client with the real token; `tried`: the same for each kind of bad token that was tried.
    """

    def __init__(self) -> None:
        self.user = widgets.Text(description="Name", value="ann")
        self.life = widgets.IntSlider(description="Good for (s)", value=10, min=1, max=60)
        super().__init__("Token lab: who is let in, and for how long?", self.user, self.life)
        self.bad = {
            kind: self.action(kind, partial(self._try, kind), icon="user-secret", live=False) for kind in BAD_TOKENS
        }
        self.shown, self.shown_bad = widgets.HTML(), widgets.HTML()
        self.panel.children = [*self.panel.children, self.shown, self.shown_bad]
        self.clear()

    def clear(self) -> None:
        self._secret = secrets.token_urlsafe(32)  # nobody is shown it
        self.token = self.bad_token = self.name = ""
        self.seconds = 0.0
        self.own, self.tried = Visit(), {}
        self.shown.value = self.shown_bad.value = ""

    async def experiment(self) -> None:
        await self._live(self.life.value)

    async def first(self) -> None:
        await self._live(FIRST_LIFE)

    async def _live(self, seconds: float) -> None:
        """Issue a token and be connected with it, until it ends."""
        name, visit = self.user.value.strip(), Visit()
        async with AuthServer(secret=self._secret) as server, connect(server.url) as ws:
            token = server.tokens.issue(name, seconds)  # once connected: its time runs
            await visit.knock(ws, token)
            self.name, self.seconds, self.token, self.own = name, seconds, token, visit
            async with self.picture.live(self.figure):
                try:
                    async with asyncio.TaskGroup() as group:
                        clock = group.create_task(self._count_down(claims_of(token)["exp"]))
                        await visit.stay(ws)
                        clock.cancel()
                finally:
                    self._show_token()

    async def _count_down(self, end: float) -> None:
        self.say("The server closes the connection when the token ends. Try the bad tokens meanwhile.")
        while True:
            left = max(0.0, end - time.time())
            self.progress(1 - left / self.seconds)
            self._show_token(f", {left:.0f} s left")
            await asyncio.sleep(TICK)

    def _show_token(self, left: str = "") -> None:
        self.shown.value = token_html(f"The token of {self.name}", f"{self.own}{left}", self.token)

    async def _try(self, kind: str) -> None:
        """Make a bad token of the good one, connect with it, and show what the server said."""
        if not self.token:
            raise ValueError("there is no token yet to make a bad one of: press Run")
        bad_token = self.bad_token = BAD_TOKENS[kind](self.token, Tokens(self._secret))
        visit = Visit()
        async with asyncio.timeout(ANSWER), AuthServer(secret=self._secret) as server, connect(server.url) as ws:
            await visit.knock(ws, bad_token)
            await visit.stay(ws)
        self.shown_bad.value = token_html(f"Bad token ({kind})", str(visit), bad_token, self.token)
        self.tried[kind] = visit
        await self.picture.draw(self.figure)

    def figure(self):
        """Draw a lane for each client: a bar for its time inside, and behind it what the server said."""
        drawn, ax = figure(height=4.2)
        lanes = {"Real": self.own} | {kind: self.tried.get(kind) for kind in BAD_TOKENS}
        for lane, visit in enumerate(lanes.values()):
            ax.barh(lane + 0.2, visit.inside if visit else 0, height=0.3, color=BLUE)
            ax.text(0.01 * self.seconds, lane - 0.2, str(visit or "not tried yet"), fontsize=14.5, va="center")
        ax.vlines(self.seconds, -0.5, 0.5, color=RUST, linestyle="--")  # longer than the bar that ends there
        ax.set(xlim=(0, 1.1 * self.seconds), ylim=(len(lanes) - 0.5, -0.5))
        ax.set(xlabel="time inside in seconds (dashed: what the real token allows)")
        ax.set_yticks(range(len(lanes)), lanes)
        refused = sum(visit.came_in is None for visit in self.tried.values())
        allowed = f"{self.name} ({self.seconds:g} s allowed): {self.own}"
        return drawn, f"{allowed}. Bad tokens refused: {refused} of {len(self.tried)} tried."


async def token_lab() -> TokenLab:
    """Show the token lab below the cell, after its first run: a token that is good for one second."""
    return await TokenLab().show()
