"""A page that is opened from disk, which newcomers try first: browsers say that it comes from nowhere."""

import pytest

from wslearn import EchoServer, Limits

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: What a WebSocket says to the page that opens it: its first message, or nothing where it is closed before.
TRIES = """address => new Promise(end => {
    const ws = new WebSocket(address), said = []
    ws.onmessage = message => { said.push(message.data); ws.close() }
    ws.onclose = () => end(said)
})"""


async def test_it_is_refused_and_one_option_lets_it_in(own_page, tmp_path):
    file = tmp_path / "my page.html"
    file.write_text("<!doctype html><title>My page</title>", encoding="utf-8")
    await own_page.goto(file.as_uri())
    async with EchoServer() as server:
        assert await own_page.evaluate(TRIES, server.url) == []
        [refused] = server.log
        assert refused.code == 403 and "refused: Origin 'null' (a page opened from disk" in refused.text
        assert '--origin null, or Limits(origins=("null",)), lets it in' in refused.text
    async with EchoServer(limits=Limits(origins=("null",))) as server:
        assert await own_page.evaluate(TRIES, server.url) == ["Welcome! Connection established."]
