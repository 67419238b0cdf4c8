"""The server of the board: the projector's page and its controls, on this computer only, at an unguessable path."""

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

from websockets.http11 import Response

from wslearn.classroom.classroom import Classroom
from wslearn.classroom.gate import Gate
from wslearn.classroom.messages import Ask, ClearPoll, ClearWall, ClosePoll, Frames, Hide, HideWall, Mark, Remove, Show
from wslearn.classroom.qr import svg
from wslearn.classroom.vote_frames import is_hidden, reply_row
from wslearn.common.throttle import Throttle
from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import encode
from wslearn.server.handshake import path_of, respond
from wslearn.server.head import Head

#: Seconds between two states of the board, at least.
UPDATE = 0.1
#: Unsent bytes above which a board gets no new state.
ENOUGH = 64 * 1024


class BoardServer(Gate):
    """Shows a class on a projector, and takes the instructor's commands.

    Its path is `proxy_path`, 192 random bits, which logs redact and jupyter-server-proxy may pass on. `urls` returns
    the addresses for phones. Raises ValueError for a `host` other than this computer.
    """

    limits = Limits(max_connections=20)
    start_page = "board.html"

    def __init__(
        self, room: Classroom, urls: Callable[[], list[str]], code: str, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the board is only for this computer: expected a host such as 127.0.0.1, got {host!r}")
        super().__init__(host, port)
        self.name = "board"
        self.room, self.urls, self.code = room, urls, code
        self._updates = Throttle(self._update_soon, lambda _: UPDATE)
        room.on_change.append(self._on_change)

    @property
    def page_url(self) -> str:
        """The URL of the board's page, which is secret."""
        return f"{super().page_url}{self.proxy_path}/"

    def inside(self, request: Any, head: Head) -> str | None:
        """Return the part of a path behind the secret one, or None."""
        return path_of(request) if head.keyed else None

    def respond_inside(self, path: str, ws: Any) -> Response | None:
        """Add the QR codes: `/qr-0.svg` is that of the first address for phones."""
        codes = {f"/qr-{number}.svg": url for number, url in enumerate(self.urls())}
        if path in codes:
            return respond(200, svg(codes[path]), "image/svg+xml")
        return super().respond_inside(path, ws)

    async def handler(self, ws: Any) -> None:
        """Send the state at once and whenever it changes, and carry out commands."""
        await ws.say(self._state())
        async for command in ws.receive(Ask, Show, Hide, ClosePoll, Mark, ClearPoll, Remove, ClearWall, HideWall):
            try:
                self._carry_out(command)
            except ValueError as error:
                await ws.complain("bad-message", str(error))

    def _carry_out(self, command: Any) -> None:
        room = self.room
        match command:
            case Ask(question, choices):
                room.ask(question, choices)
            case Show():
                room.show()
            case Hide():
                room.show(False)
            case ClosePoll():
                room.close_poll()
            case Mark(poll, choice):
                room.mark(poll, choice)
            case ClearPoll():
                room.clear_poll()
            case Remove(name):
                room.remove(name)
            case ClearWall():
                room.clear_wall()
            case HideWall():
                room.hide_wall()

    def _state(self) -> Any:
        return self.room.board(self.urls(), self.code)

    def _on_change(self, what: str) -> None:
        if self.connections:
            self._updates.ask("board")

    def _update_soon(self, key: str) -> None:
        asyncio.get_running_loop().call_soon(self._update)  # not in the task of a phone

    def _update(self) -> None:
        ready = [ws for ws in self.connections if ws.transport.get_write_buffer_size() <= ENOUGH]
        if not ready:
            return
        state, rows = self._state(), self.room.vote_frames
        fan_out(ready, state)
        if rows:
            self.room.vote_frames = []
            fan_out(ready, Frames([*rows, reply_row("board", encode(state), is_hidden(self.room.poll))]))
