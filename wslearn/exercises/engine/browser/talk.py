"""What a check of a page is made with: `talk.page`, beside all words of a `Talk`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wslearn.exercises.engine.browser.faults import UNTOUCHED
from wslearn.exercises.engine.browser.stage import NoBrowser, Stage
from wslearn.exercises.engine.browser.tab import Tab
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.kinds import kind
from wslearn.exercises.engine.talk import Talk

STUB = f'throw new Error("{UNTOUCHED}")'


class PageTalk(Talk):
    """One check's conversation with a page. `remote` is what `wslearn.notebook.show` takes."""

    def __init__(self, remote: bool | None = None) -> None:
        super().__init__()
        self.remote = remote
        #: Whether there was no browser to show a page.
        self.alone = False

    @asynccontextmanager
    async def page(self, page: object) -> AsyncIterator[Tab]:
        """Show a student's page in her browser for a block: `async with talk.page(answer) as page`."""
        text = check_page(page)
        stage = await Stage.get()
        try:
            async with stage.visit(text, self.remote) as visit:
                tab = Tab(self, visit)
                tab.take_events()
                await tab.settles()
                yield tab
                await tab.settles()
        except NoBrowser:
            self.alone = True
            raise


def check_page(answer: object) -> str:
    """Return a page. Raises NotYet if it is none, and NotImplementedError if it is a stub: that needs no browser."""
    if isinstance(answer, bytes):
        answer = answer.decode(errors="replace")
    if not isinstance(answer, str):
        raise NotYet(f"Expected your page as a string, such as `PAGE`, got {kind(answer)}.")
    if any(line.strip().rstrip(";") == STUB for line in answer.splitlines()):
        raise NotImplementedError
    if "<script" not in answer.lower():
        raise NotYet("Your page has no `<script>`. Expected a whole page of HTML with one script in it.")
    return answer
