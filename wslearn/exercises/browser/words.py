"""What several exercises on pages expect: that a page connects when it loads, and shows each message once."""

from wslearn.exercises.engine.browser import Tab

#: For `page.opens` and `page.connects`, right after the page has loaded.
CONNECT = {
    0: 'Your page opened no WebSocket. It should open one as soon as it loads: `new WebSocket("ws")`.',
    int: "Your page opened several WebSockets as soon as it loaded. Open one.",
}


async def state_is(page: Tab, expected: str, why: str) -> None:
    """Expect a text in `#state`."""
    await page.sees("#state", expected, f"{why} `#state` should show `{expected}`.")


async def message_is_shown(page: Tab, expected: list[str]) -> None:
    """Expect these messages as children of `#messages`, oldest first."""

    def about(came: list[str]) -> str:
        last = expected[-1]
        if came.count(last) > 1:
            return f"The server sent `{last}` once, and your page shows it {came.count(last)} times. Add the " \
                "`message` listener once to each WebSocket, where you make it."  # fmt: skip
        if last not in came:
            return f"The server sent `{last}`, and `#messages` has no child with this text. Does each new WebSocket " \
                "get a `message` listener, which appends an element?"  # fmt: skip
        return f"`#messages` should have the children {', '.join(f'`{one}`' for one in expected)}, oldest first."

    await page.sees("#messages", expected, about)
