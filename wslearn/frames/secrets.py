"""Which of the recorded bytes are secret, by the rules of `wslearn.redact`: `frames` shows stars instead of them."""

import re

from wslearn.redact import REDACTED, SECRETS

# A header line may continue in the next line, which then begins with a space or tab (RFC 9112 section 5.2). For the
# rules both are one line.
_FOLD = re.compile(r"\r?\n(?=[ \t])")


def hidden(data: bytes, *, head: bool = False) -> bytes:
    """Return a byte for each byte of `data`: 1 in a secret, 0 elsewhere; `head` reads folded header lines as one."""
    # Bytes that are not valid UTF-8 survive: each becomes one surrogate, and one byte again.
    text = data.decode("utf-8", "surrogateescape")
    if head:
        text = _FOLD.sub(lambda line: " " * len(line[0]), text)
    mask = bytearray(len(data))
    characters = count = 0

    def offset(index: int) -> int:
        nonlocal characters, count
        count += len(text[characters:index].encode("utf-8", "surrogateescape"))
        characters = index
        return count

    for secret in SECRETS.finditer(text):
        # The words before a secret (`token=`, `Cookie: `) are a named group, and stay.
        start = offset(secret.end(secret.lastgroup) if secret.lastgroup else secret.start())
        stop = offset(secret.end())
        mask[start:stop] = b"\1" * (stop - start)
    return bytes(mask)


def conceal(data: bytes, mask: bytes) -> bytes:
    """Return `data` with `[redacted]` instead of each run of bytes that `mask` marks."""
    shown, end = [], 0
    for run in re.finditer(rb"\x01+", mask):
        shown += [data[end : run.start()], REDACTED.encode()]
        end = run.end()
    return b"".join([*shown, data[end:]])


def printable(data: bytes, limit: int = 60) -> str:
    """Return `data` as text in one line: invisible characters are escaped, and a long text is shortened."""
    text = data[: 4 * limit + 4].decode("utf-8", "backslashreplace")
    cut = len(data) > 4 * limit + 4 or len(text) > limit
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:limit])
    return f"{escaped[:limit]} …" if cut or len(escaped) > limit else escaped


def hidden_rest(data: bytes, *, encrypted: bool = False) -> bytes:
    """Return the mask of bytes of an unknown protocol.

    In text, the secrets are marked. Other bytes are all marked, because they may be masked or compressed and hold a
    secret that no rule sees. Encrypted bytes are not.
    """
    mask = hidden(data, head=True)
    words = data.decode("utf-8", "replace")
    if not encrypted and not all(c.isprintable() or c in "\r\n\t" for c in words.replace("�", "\0")):
        mask = b"\1" * len(data)
    return mask if 1 in mask else b""
