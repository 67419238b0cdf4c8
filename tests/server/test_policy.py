"""The Content-Security-Policy of somebody's page: the hashes of what is in it, as a browser counts them."""

import base64
import hashlib

import pytest
from support import request

from wslearn import EchoServer, Server
from wslearn.server.policy import policy_of

PAGE = "<!doctype html><style>p { color: red }</style><p id=a>ü</p><script>\nlet ws = '</p>'\n</script>"


def source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in map(str.split, policy.split("; "))}


def test_scripts_and_styles_of_the_page_are_listed_and_nothing_else():
    assert directives(policy_of(PAGE)) == {
        "default-src": ["'none'"],
        "script-src": ["'self'", source("\nlet ws = '</p>'\n")],
        "style-src": ["'self'", source("p { color: red }")],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


@pytest.mark.parametrize(
    ("page", "scripts"),
    [
        ("<p>no script</p>", []),
        ("<script>a()</script><SCRIPT type='module'>b('ü 👋')</SCRIPT>", ["a()", "b('ü 👋')"]),
        ("<script>a = '&lt;' && 1 < 2</script>", ["a = '&lt;' && 1 < 2"]),  # a script has no character references
        ("<script>a()\r\nb()\rc()</script>", ["a()\nb()\nc()"]),  # a browser's line ends
        ("<script src='static/client.js'></script>", []),  # 'self' covers it
        ("<script></script>", [""]),
        ("<img src=x onerror='evil()'><button onclick='a()'>a</button>", []),
        ("<!-- <script>comment()</script> --><script>a()</script>", ["a()"]),
        ("<script>a('<!-- b -->')</script>", ["a('<!-- b -->')"]),
    ],
)
def test_each_inline_script_has_its_hash(page, scripts):
    assert directives(policy_of(page))["script-src"] == ["'self'", *map(source, scripts)]


async def get(server, method="GET"):
    answer = await request(server, f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    _, *lines = head.decode().split("\r\n")
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body.decode()


async def test_a_server_serves_a_page_with_its_policy():
    async with EchoServer(page=PAGE) as server:
        headers, body = await get(server)
        assert body == PAGE
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-security-policy"] == policy_of(PAGE)
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
        assert (await get(server, "HEAD"))[1] == ""


async def test_the_policy_can_be_switched_off_or_be_another_one():
    async with EchoServer(page=PAGE, csp=False) as server:
        headers, body = await get(server)
        assert body == PAGE and "content-security-policy" not in headers
    async with EchoServer(page=PAGE, csp="default-src 'none'") as server:
        assert (await get(server))[0]["content-security-policy"] == "default-src 'none'"


async def test_a_subclass_may_have_a_page():
    class Mine(Server):
        page, csp = "<p>mine</p>", False

    class Echoes(EchoServer):
        page, csp = "<p>echoes</p>", False

    for server_class, expected in ((Mine, "<p>mine</p>"), (Echoes, "<p>echoes</p>")):
        async with server_class() as server:
            headers, body = await get(server)
            assert body == expected and "content-security-policy" not in headers
    async with Echoes(page="<p>another</p>", csp=True) as server:
        headers, body = await get(server)
        assert body == "<p>another</p>" and headers["content-security-policy"] == policy_of(body)


async def test_without_a_page_the_courses_own_is_served():
    async with EchoServer() as server:
        headers, body = await get(server)
        assert 'data-name="echo"' in body and "sha256" not in headers["content-security-policy"]
