import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.server.hosts import host_of, is_known, refuse_host, refuse_origin, split_target

KNOWN = {
    "127.0.0.1": "127.0.0.1",
    "127.0.0.1:8765": "127.0.0.1",
    "127.0.0.1.:80": "127.0.0.1",
    "192.0.2.7:8765": "192.0.2.7",
    "[::1]": "::1",
    "[::1]:8765": "::1",
    "[0:0:0:0:0:0:0:1]:": "::1",
    "[2001:DB8:0::A]:1": "2001:db8::a",
    "[fe80::1%eth0]:8765": "fe80::1",
    "[fe80::1%25eth0]": "fe80::1",
    "localhost": "localhost",
    "LocalHost:8765": "localhost",
    "localhost.:8765": "localhost",
    "a.localhost": "a.localhost",
    "A.b.LOCALHOST.": "a.b.localhost",
}
NAMES = {
    "evil.example:8765": "evil.example",
    "EVIL.example.": "evil.example",
    "localhost.evil.example": "localhost.evil.example",
    "evil-localhost": "evil-localhost",
    "127.0.0.1.evil.example": "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:8765": "127.0.0.1.nip.io",
    "127.1": "127.1",
    "2130706433": "2130706433",
    "0x7f000001": "0x7f000001",
    "127.0.0.01": "127.0.0.01",
    "xn--lcalhost-85a": "xn--lcalhost-85a",
    "my_service": "my_service",
}
MALFORMED = [
    *(
        "",
        ".",
        ":",
        ":80",
        "[",
        "[]",
        "[]:80",
        "[::1",
        "::1",
        "::1]:80",
        "[::1]80",
        "[::1]]",
        "[127.0.0.1]",
        "[localhost]",
    ),
    *(
        "[::1%]",
        "[::1% a]",
        "[v1.a]",
        "[1::2::3]",
        "[::12345]",
        "localhost..",
        ".localhost",
        "a..localhost",
        "localhost:",
    ),
    *("localhost:99999", "localhost:-1", "localhost:80:80", "localhost:8a", "localhost:٣", "localhost:123456"),
    *("evil@localhost", "localhost@evil.example", "evil.example#localhost", "evil.example/localhost", "a,localhost"),
    *(
        "localhost\x00",
        "localhost\n",
        " localhost",
        "local host",
        "*",
        "*.example",
        "ｌocalhost",
        "loc\u0430lhost",
        "%6cocalhost",
    ),
    *("a." * 200 + "localhost", "x" * 301, "http://localhost"),
]
MALFORMED.remove("localhost:")  # an empty port is none (RFC 3986, section 3.2.3)


@pytest.mark.parametrize(("authority", "host"), {**KNOWN, **NAMES}.items(), ids=repr)
def test_a_host_is_compared_without_port_case_and_last_dot(authority, host):
    assert host_of(authority) == host
    assert is_known(host, ()) == (authority in KNOWN)
    assert is_known(host, (authority,)) and is_known(host, None)


@pytest.mark.parametrize("authority", MALFORMED, ids=ascii)
@pytest.mark.parametrize("allowed", [(), ("hub.example.org",), None], ids=repr)
def test_a_malformed_host_is_refused_whatever_is_allowed(authority, allowed):
    with pytest.raises(ValueError, match="expected the name or address of a host"):
        host_of(authority)
    assert refuse_host([authority], allowed).status == 400


def test_a_request_without_a_host_is_a_programs():
    assert refuse_host([], ()) is None


def test_more_than_one_host_is_refused():
    assert refuse_host(["localhost", "localhost"], None).status == 400
    assert refuse_host(["localhost", "evil.example"], ()).status == 400


def test_a_refusal_names_the_option():
    refusal = refuse_host(["Evil.Example:8765"], ("hub.example.org",))
    assert refusal.status == 403 and "--allow-host" in refusal.text and refusal.text.count("\n") == 1
    assert refusal.why.startswith("Host 'Evil.Example:8765': expected an IP address, localhost or an allowed name.")
    assert '--allow-host evil.example, or Limits(hosts=("evil.example",))' in refusal.why


@pytest.mark.parametrize(
    ("target", "parts"),
    {
        "/": (None, "/"),
        "/ws?a=http://x/": (None, "/ws?a=http://x/"),
        "//evil.example/": (None, "//evil.example/"),
        "*": (None, "*"),
        "evil.example:443": (None, "evil.example:443"),
        "http://127.0.0.1:8765/ws?a": ("127.0.0.1:8765", "/ws?a"),
        "HTTPS://a": ("a", "/"),
        "ws://a?b": ("a", "/?b"),
        "wss://[::1]:1/x": ("[::1]:1", "/x"),
        "http:///ws": ("", "/ws"),
        "http://localhost#@evil.example/": ("localhost", "/#@evil.example/"),
        "http://localhost@evil.example/": ("localhost@evil.example", "/"),
        "http://evil.example\\@localhost/": ("evil.example\\@localhost", "/"),
        "ftp://a/": (None, "ftp://a/"),
    }.items(),
)
def test_a_target_in_absolute_form_is_taken_apart(target, parts):
    assert split_target(target) == parts


# Whatever comes, what passes is what a browser takes for an address or for localhost

DOTS_AND_SUCH = st.text("ax0129.:-_[]%@/\\#?,* \t\x00é٣", max_size=40)


@given(DOTS_AND_SUCH | st.text(max_size=80), st.sampled_from(["", "localhost", "127.0.0.1", "[::1]"]), st.booleans())
def test_no_hostile_host_passes(noise, known, first):
    authority = known + noise if first else noise + known
    refusal = refuse_host([authority], ())
    if refusal is not None:
        assert refusal.status in (400, 403) and refusal.why.isprintable()
        return
    host = host_of(authority)
    assert host == "localhost" or host.endswith(".localhost") or set(host) <= set("0123456789abcdef.:")
    assert authority.isascii() and not set(authority) & set("@/\\#?,* \t\x00")


@given(st.text(max_size=60), st.text(max_size=60))
def test_only_an_equal_origin_passes(origin, host):
    refusal = refuse_origin([origin], host, (), tls=False)
    if refusal is None:
        assert origin.lower().partition("://")[2].removesuffix(":80").removesuffix(":443") and host
    else:
        assert refusal.status == 403 and refusal.why.isprintable()


# Origin


def test_an_origin_refused_is_named_with_the_host_and_the_option():
    refusal = refuse_origin(["https://a.example"], "127.0.0.1:8765", (), tls=False)
    assert refusal.why == (
        "Origin 'https://a.example' with Host '127.0.0.1:8765': expected Origin 'http://127.0.0.1:8765'. If this page "
        'is yours, --origin https://a.example, or Limits(origins=("https://a.example",)), lets it in'
    )
    assert "expected Origin 'https://" in refuse_origin(["null"], "127.0.0.1:8765", (), tls=True).why


@pytest.mark.parametrize("origin", ["null", "file://", "NULL"])
def test_a_page_from_disk_needs_one_option_whatever_its_browser_sends(origin):
    refusal = refuse_origin([origin], "127.0.0.1:8765", ("https://a.example",), tls=False)
    assert "(a page opened from disk, or a sandboxed frame)" in refusal.why and "--origin null, or" in refusal.why
    for allowed in [("null",), ("file://",), None]:
        assert refuse_origin([origin], "127.0.0.1:8765", allowed, tls=False) is None


def test_an_allowed_origin_is_compared_as_browsers_write_it():
    for given_, comes in [("https://A.example", "https://a.example"), ("http://a.example:80/", "http://a.example")]:
        assert refuse_origin([comes], "127.0.0.1", (given_,), tls=False) is None
    assert refuse_origin(["https://a.example"], "127.0.0.1", ("http://a.example",), tls=False)


def test_what_goes_into_a_terminal_from_the_log_is_harmless():
    for origin in ["https://a; rm -rf ~", "https://$(id)", "https://a\x1b[31m", "x" * 999]:
        refusal = refuse_origin([origin], "127.0.0.1", (), tls=False)
        assert "--origin …, or" in refusal.why and refusal.why.isprintable() and len(refusal.why) < 600
    secret = "eyJhbGciOiJIUzI1NiJ9.e30.abc"
    assert secret not in refuse_origin([f"https://a?token={secret}"], "127.0.0.1", (), tls=False).why
    assert secret not in refuse_host([secret], ()).why
