"""The Content-Security-Policy of a page that somebody else wrote: only the page's own scripts may run. Lesson 08.

A browser runs an inline script if the policy lists the script's hash (CSP level 3). It does not run
a script that a message has smuggled into the page, because nobody has listed its hash, and no attribute such as
`onerror`.
"""

import base64
import hashlib
from html.parser import HTMLParser


class _Inline(HTMLParser):
    """The texts of a page's inline elements, by the element's name."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.texts and not (tag == "script" and "src" in dict(attrs)):
            self._in = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            self._in = None

    def handle_data(self, data: str) -> None:
        if self._in:
            self.texts[self._in][-1] += data


def policy_of(page: str) -> str:
    """Return the policy of a page: its own inline scripts and styles, files and WebSockets of its own server, no more.

    `connect-src 'self'` also means a WebSocket to the same host and port (CSP level 3, where `http` matches `ws`).
    """
    inline = _Inline()
    inline.feed(page.replace("\r\n", "\n").replace("\r", "\n"))  # a browser does that before it hashes (HTML 13.2.3.5)
    inline.close()
    sources = {name: " ".join(["'self'", *map(hash_of, texts)]) for name, texts in inline.texts.items()}
    return (
        f"default-src 'none'; script-src {sources['script']}; style-src {sources['style']}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )


def hash_of(text: str) -> str:
    """Return the source expression for one inline script or style: `'sha256-…'`, in base64, of its UTF-8 text."""
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
