"""What the commands say when there is no engine, or none that can be used."""

import subprocess
import sys

import pytest


def wslearn(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wslearn", *arguments], capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("serve", "feed", "--port", "0", "--hub", "http://x"), "Error: expected a URL like nats://127.0.0.1:4222"),
        (("serve", "feed", "--port", "0", "--hub", "nats://a:b@127.0.0.1"), "put the token into WSLEARN_HUB_TOKEN"),
        (("serve", "feed", "--port", "0", "--hub", "nats://127.0.0.1:1"), "Error: no engine answers at nats://127.0.0"),
        (("serve", "echo", "--port", "0", "--hub", "nats://127.0.0.1:1"), "--hub is for feed, not for echo."),
        (("cluster", "echo"), "Error: 'echo' can't share its rooms; feed can"),
        (("cluster", "--servers", "0"), "Error: Invalid value for '--servers'"),
    ],
)
def test_one_line_says_what_is_wrong(arguments, sentence):
    run = wslearn(*arguments)
    assert sentence in run.stderr and run.stdout == "" and run.returncode != 0
    assert len(run.stderr.splitlines()) == 1, run.stderr
