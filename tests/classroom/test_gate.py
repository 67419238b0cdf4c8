"""The page behind the code: where it is, and what it may load. A folder of the test stands for the static files."""

import json

import pytest
from phones_of_tests import raw

from wslearn.classroom import ClassServers
from wslearn.server.policy import hash_of


@pytest.fixture
async def servers(tmp_path, monkeypatch):
    files = {
        "phone.html": '<!doctype html><script>"inline"</script><script type="module" src="static/phone.js"></script>',
        "board.html": "<!doctype html>the board",
        "phone.js": "let ä;",
        "board.js": "controls",
        "board-people.js": "controls",
        "theme.css": "a{}",
        "secret.txt": "no",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("wslearn.classroom.gate.Gate.static", tmp_path)
    async with ClassServers("127.0.0.1", code="tea42") as servers:
        yield servers


async def get(servers, path: str, port: int | None = None) -> tuple[int, str, str]:
    """Return status, headers and body."""
    answer = await raw(servers, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", port)
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, body


async def test_the_code_leads_to_the_page(servers):
    status, head, _ = await get(servers, "/tea42")
    assert status == 307 and "\r\nLocation: /tea42/\r\n" in head
    status, head, body = await get(servers, "/tea42/")
    assert status == 200 and "text/html" in head and body.startswith("<!doctype html>")
    assert (await get(servers, "/tea42/?from=camera"))[0] == 200
    assert (await get(servers, "/TEA42/"))[0] == 200


async def test_the_page_may_load_its_own_files_and_nothing_else(servers):
    _, head, _ = await get(servers, "/tea42/")
    policy = head.partition("Content-Security-Policy: ")[2].partition("\r\n")[0]
    script = hash_of('"inline"')
    assert "default-src 'none'" in policy and f"script-src 'self' {script}" in policy
    own = f"ws://127.0.0.1:{servers.phones.port}"
    assert f"connect-src 'self' {own};" in policy and "img-src 'self' data:" in policy
    assert {header.partition(":")[0] for header in head.split("\r\n")} >= {"Cache-Control", "Referrer-Policy"}


async def test_its_files_are_beside_it_and_the_boards_are_not(servers):
    for path in ("/tea42/static/phone.js", "/tea42/phone.js"):
        assert (await get(servers, path))[::2] == (200, "let ä;")
    assert (await get(servers, "/tea42/static/theme.css"))[0] == 200
    for name in ("board.html", "board.js", "board-people.js", "phone.html", "secret.txt", "", ".", ".."):
        assert (await get(servers, f"/tea42/static/{name}"))[0] == 404


async def test_the_boards_page_and_files_are_behind_its_secret(servers):
    secret = f"/{servers.board.proxy_path}"
    for path, body in (("/", "<!doctype html>the board"), ("/static/board.js", "controls"), ("/board.js", "controls")):
        assert (await get(servers, secret + path, servers.board.port))[::2] == (200, body)
    assert (await get(servers, f"{secret}/static/secret.txt", servers.board.port))[0] == 404
    assert (await get(servers, f"{secret}/qr-1.svg", servers.board.port))[0] == 404


async def test_head_and_post(servers):
    for method in ("POST", "PUT", "OPTIONS"):
        answer = await raw(servers, f"{method} /tea42/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 4") and b"<!doctype" not in answer, method
    answer = await raw(servers, "HEAD /tea42/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n")


async def test_what_the_servers_of_the_lessons_tell_is_not_told(servers):
    for path in ("/health", "/hello", "/tea42/health", "/tea42/hello"):
        status, _, body = await get(servers, path)
        assert status == 404 and json.dumps(body).count("scan the code") == 1
