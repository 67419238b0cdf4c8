"""`ReverseProxy` itself: it says what is wrong, and leaves nothing running and no folder."""

from pathlib import Path

import psutil
import pytest
from reverse_proxies import behind, connect, required, waits
from support import until

from wslearn.testing import ReverseProxy, proxy


def folder_of(running: ReverseProxy) -> Path:
    return Path(running._folder.name)


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that run. A container's first process may leave the others as zombies."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


async def test_it_leaves_no_process_and_no_folder(name):
    async with behind(name, waits) as running, connect(running.url) as ws:
        here = psutil.Process(running.proxy.pid)
        processes = [here, *here.children(recursive=True)]
        assert folder_of(running.proxy).exists() and str(running.proxy.port) in running.proxy.configuration
        await running.proxy.reload()
        processes += here.children(recursive=True)
        assert ws.close_code is None or name == "caddy"
    assert still_running(processes) == [] and not folder_of(running.proxy).exists()
    await running.proxy.stop()  # twice is fine


async def test_killed_at_once_it_leaves_no_worker(name):
    async with behind(name, waits) as running:
        here = psutil.Process(running.proxy.pid)
        processes = [here, *here.children(recursive=True)]
        running.proxy.kill()
        await until(lambda: not still_running(processes))


async def test_a_proxy_that_does_not_start_says_so_in_its_own_words(name, monkeypatch):
    template, command = proxy.KINDS[name]
    monkeypatch.setitem(proxy.KINDS, name, (f"{template}nonsense-of-this-test {{\n", command))
    broken = ReverseProxy(name, "ws://127.0.0.1:1")
    with pytest.raises(RuntimeError, match=rf"(?s)^{name} did not listen on port \d+: .*proxy\.conf:\d"):
        await broken.start()
    assert not folder_of(broken).exists()


async def test_without_an_idle_timeout_the_proxy_keeps_its_own_default(name):
    async with behind(name, waits) as running:
        text = running.proxy.configuration
        assert "proxy_read_timeout" not in text and "timeout tunnel" not in text and "IDLE" not in text


def test_the_version_is_a_number(name):
    assert ReverseProxy(name, "ws://127.0.0.1:1").version.partition(".")[0].isdigit()


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("apache", "ws://127.0.0.1:1"), {}, "expected nginx, HAProxy or Caddy, got 'apache'"),
        ((None, "ws://127.0.0.1:1"), {}, "expected nginx, HAProxy or Caddy, got None"),
        (("nginx", "127.0.0.1:1"), {}, "expected a URL like ws://127.0.0.1:8765/"),
        (("nginx", "wss://127.0.0.1:1"), {}, "expected a server without TLS"),
        (("Caddy", "ws://127.0.0.1:1"), {"idle_timeout": 1}, "Caddy has no idle timeout for WebSockets"),
        (("nginx", "ws://127.0.0.1:1"), {"idle_timeout": 0}, "idle_timeout must be seconds, more than 0"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(monkeypatch, arguments, options, sentence):
    monkeypatch.setattr(ReverseProxy, "installed", staticmethod(lambda name: proxy._known(name)))
    with pytest.raises(ValueError, match=sentence):
        ReverseProxy(*arguments, **options)


def test_without_the_program_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(proxy, "PLACES", ())
    monkeypatch.setenv("PATH", "")
    assert ReverseProxy.installed("HAProxy") is None
    with pytest.raises(ValueError, match="there is no HAProxy on this computer: install it, or use a SimulatedNetwork"):
        ReverseProxy("HAProxy", "ws://127.0.0.1:1")


def test_a_test_fails_where_a_missing_proxy_is_required_and_is_skipped_elsewhere(monkeypatch):
    monkeypatch.setattr(proxy, "PLACES", ())
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("WSLEARN_REQUIRE_PROXIES", "nginx caddy ")
    with pytest.raises(pytest.fail.Exception, match=r"no caddy found: .*WSLEARN_REQUIRE_PROXIES asks for it"):
        required("caddy")
    with pytest.raises(pytest.skip.Exception, match="no haproxy found: install it"):
        required("haproxy")
