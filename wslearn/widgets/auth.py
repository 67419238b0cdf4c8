"""The token lab: issue a token, look inside, watch it expire, and see the server refuse invalid ones. Lesson 05."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets
from matplotlib.figure import Figure
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn.messages import Authenticate, encode
from wslearn.servers.auth import AuthServer
from wslearn.theme import BLUE, RUST
from wslearn.tokens import Tokens
from wslearn.widgets.auth_token import BAD_TOKENS, claims_of, token_html
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure

#: When the token of the first run expires, and how often the time that is left is shown, in seconds.
FIRST_LIFE, TICK = 1, 0.2
#: Time for the server to respond to an invalid token, in seconds; it takes milliseconds.
ANSWER = 10


@dataclass
class Visit:
    """What became of one client that sent a token; times in seconds, of `time.monotonic`."""

    came_in: float | None = None
    left: float | None = None
    words: str = ""
    code: int | None = None
    reason: str = ""

    @property
    def inside(self) -> float:
        """How long the server has let it stay, in seconds."""
        return 0.0 if self.came_in is None else (self.left or time.monotonic()) - self.came_in

    async def knock(self, ws: ClientConnection, token: str) -> None:
        """Send the token as the first message, and receive the response."""
        await ws.send(encode(Authenticate(token)))
        self._received(await ws.recv())

    async def stay(self, ws: ClientConnection) -> None:
        """Listen until the server closes the connection."""
        try:
            async for message in ws:
                self._received(message)
        except ConnectionClosed:
            self.code, self.reason = ws.close_code, ws.close_reason or ""
        finally:
            self.left = time.monotonic()

    def _received(self, data: str | bytes) -> None:
        message = json.loads(data)
        if message["type"] == "authenticated":
            self.came_in = time.monotonic()
        else:
            self.words = message["message"]

    def __str__(self) -> str:
        """Tell in a few words how it went; a refusal in the server's own words."""
        if self.left is None:
            return "✔ connected"
        if self.code is None:
            return "cancelled"
        if self.came_in is None:
            return f"✘ refused: {self.words} ({self.code} {self.reason})"
        return f"✔ connected for {self.inside:.1f} s, then {self.code} {self.reason}"


class TokenLab(Dashboard):
    """Run issues a token and connects with it, until the token expires. Other buttons try invalid tokens.

    - `token`: the token that was issued last; `bad_token`: the invalid one that was tried last.
    - `own`: what became of the client with the valid token; `tried`: the same for each kind of invalid token.
    """

    def __init__(self) -> None:
        self.user = widgets.Text(description="Name", value="ann")
        self.life = widgets.IntSlider(description="Expires in (s)", value=10, min=1, max=60)
        super().__init__("Token lab: who gets in, and for how long?", self.user, self.life)
        self.bad = {
            kind: self.action(kind, partial(self._try, kind), icon="user-secret", live=False) for kind in BAD_TOKENS
        }
        self.shown, self.shown_bad = widgets.HTML(), widgets.HTML()
        self.details.children = [self.shown, self.shown_bad]
        self.details.add_class("wsl-columns")
        self.clear()

    def clear(self) -> None:
        """Forget the tokens, and choose a new secret, which is shown to nobody."""
        self._secret = secrets.token_urlsafe(32)
        self.token = self.bad_token = self.name = ""
        self.life_of_token = 0.0
        self.own, self.tried = Visit(), dict[str, Visit]()
        self.shown.value = self.shown_bad.value = ""

    async def first(self) -> None:
        """Issue a token that expires soon."""
        await self._live(FIRST_LIFE)

    async def experiment(self) -> None:
        """Issue a token and be connected with it, until it expires."""
        await self._live(self.life.value)

    async def _live(self, seconds: float) -> None:
        name, visit = self.user.value.strip(), Visit()
        async with AuthServer(secret=self._secret) as server, connect(server.url) as ws:
            token = server.tokens.issue(name, seconds)  # only once connected, because its time is running now
            await visit.knock(ws, token)
            self.name, self.life_of_token, self.token, self.own = name, seconds, token, visit
            async with self.picture.live(self.figure):
                try:
                    async with asyncio.TaskGroup() as group:
                        clock = group.create_task(self._count_down(claims_of(token)["exp"]))
                        await visit.stay(ws)
                        clock.cancel()
                finally:
                    self._show_token()

    async def _count_down(self, end: float) -> None:
        self.say("The server closes the connection when the token expires. Meanwhile, try the invalid tokens.")
        while True:
            left = max(0.0, end - time.time())
            self.progress(1 - left / self.life_of_token)
            self._show_token(f", {left:.0f} s left")
            await asyncio.sleep(TICK)

    def _show_token(self, left: str = "") -> None:
        self.shown.value = token_html(f"The token of {self.name}", f"{self.own}{left}", self.token)

    async def _try(self, kind: str) -> None:
        """Make an invalid token of the valid one, connect with it, and show how the server responded."""
        if not self.token:
            raise ValueError("Press Run first: the invalid tokens are made from a valid one.")
        bad_token = self.bad_token = BAD_TOKENS[kind](self.token, Tokens(self._secret))
        visit = Visit()
        async with asyncio.timeout(ANSWER), AuthServer(secret=self._secret) as server, connect(server.url) as ws:
            await visit.knock(ws, bad_token)
            await visit.stay(ws)
        self.shown_bad.value = token_html(f"Invalid token ({kind})", str(visit), bad_token, self.token)
        self.tried[kind] = visit
        await self.picture.draw(self.figure)

    def figure(self) -> tuple[Figure, str]:
        """Draw a lane for each client: a bar for its time connected, and the server's response."""
        drawn, ax = figure(height=3.7)
        lanes = {"Valid": self.own} | {kind: self.tried.get(kind) for kind in BAD_TOKENS}
        for lane, visit in enumerate(lanes.values()):
            ax.barh(lane + 0.2, visit.inside if visit else 0, height=0.3, color=BLUE)
            ax.text(0.01 * self.life_of_token, lane - 0.2, str(visit or "not tried yet"), fontsize=14.5, va="center")
        ax.vlines(self.life_of_token, -0.5, 0.5, color=RUST, linestyle="--")  # longer than the bar that ends there
        ax.set(xlim=(0, 1.1 * self.life_of_token), ylim=(len(lanes) - 0.5, -0.5))
        ax.set(xlabel="seconds connected (dashed: the valid token expires)")
        ax.set_yticks(range(len(lanes)), lanes)
        refused = sum(visit.came_in is None for visit in self.tried.values())
        valid = f"{self.name} (token expires after {self.life_of_token:g} s): {self.own}"
        return drawn, f"{valid}. Invalid tokens: {len(self.tried)} tried, {refused} refused."


token_lab = TokenLab.open
