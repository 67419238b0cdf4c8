"""Run tests with no network at all, only the loopback interface, as in a classroom without a connection (Linux):

    uv run --extra test python tests/offline.py tests/notebooks tests/browser

The arguments are pytest's; where none of them is a path, these two folders are run: every notebook in a kernel of its
own, every notebook and dashboard in JupyterLab, the page of every server. uv does not run in there: it would ask for
packages.
"""

import errno
import os
import socket
import struct
import subprocess
import sys

#: ioctl's requests and the flag, from <linux/sockios.h> and <linux/if.h>.
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
#: An address that somebody else has: documentation's own (RFC 5737), so that nobody is ever asked.
ELSEWHERE = ("192.0.2.1", 80)
INSIDE = "WSLEARN_OFFLINE"


def namespace() -> list[str]:
    """Return the start of a command that runs another one in a network namespace of its own.

    Raises RuntimeError where that is not possible.
    """
    if sys.platform != "linux":
        raise RuntimeError(f"network namespaces are Linux': this is {sys.platform}")
    tried = []
    for options in (["--net"], ["--net", "--map-root-user"]):  # as root, or as the root of a user namespace
        command = ["unshare", *options, "--"]
        try:
            done = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=10)
        except FileNotFoundError:
            raise RuntimeError("there is no command unshare: install util-linux") from None
        if done.returncode == 0:
            return command
        tried.append(done.stderr.strip())
    raise RuntimeError(f"unshare is not permitted here: {'; '.join(tried)}")


def raise_loopback() -> None:
    """Switch the loopback interface on: in a new namespace it is off, and it is the only one."""
    import fcntl  # Windows has none, and imports this module too

    names = [name for _, name in socket.if_nameindex()]
    if names != ["lo"]:
        raise RuntimeError(f"expected the loopback interface alone, got {', '.join(names)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16xh", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh", b"lo", 0)))[0]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def check_offline() -> None:
    """Raise RuntimeError where another machine can be reached."""
    with socket.socket() as client:
        client.settimeout(5)
        if (code := client.connect_ex(ELSEWHERE)) != errno.ENETUNREACH:
            raise RuntimeError(f"expected 'Network is unreachable', got {os.strerror(code)!r}")


def main(arguments: list[str]) -> int:
    if os.environ.get(INSIDE):
        raise_loopback()
        check_offline()
        print("offline: only loopback is up, and no other machine can be reached", flush=True)
        every = ["-m", "thorough or not thorough"]
        named = any(os.path.exists(argument.partition("::")[0]) for argument in arguments)
        folders = [] if named else ["tests/notebooks", "tests/browser"]
        pytest = [sys.executable, "-m", "pytest", *every, *arguments, *folders]
        return subprocess.run(pytest).returncode
    try:
        command = namespace()
    except RuntimeError as problem:
        print(f"{__file__}: {problem}", file=sys.stderr)
        return 2
    return subprocess.run([*command, sys.executable, __file__, *arguments], env=os.environ | {INSIDE: "1"}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
