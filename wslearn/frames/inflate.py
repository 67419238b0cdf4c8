"""Decompresses what permessage-deflate compressed (RFC 7692), within bounds."""

import zlib

#: Bytes of a decompressed message, and of all of a recording together: a few bytes can become very many.
MAX_MESSAGE = 1 << 20
MAX_RECORDING = 64 << 20


class Budget:
    """Decompressed bytes that the reading of a recording may still make."""

    def __init__(self) -> None:
        self.left = MAX_RECORDING


class Inflater:
    """Decompresses the messages of one direction (RFC 7692 section 7.2.2).

    It needs no window bits: the largest window reads what was written with any smaller one.
    """

    def __init__(self, takeover: bool, budget: Budget) -> None:
        self._takeover, self._budget = takeover, budget
        self._window = b""
        self._engine = zlib.decompressobj(-15)
        self._broken = ""

    def inflate(self, payload: bytes, whole: bool) -> tuple[bytes, str]:
        """Return the content of a message, and why it is not all of it (empty: it is)."""
        if self._broken:
            return b"", self._broken
        if not self._takeover:
            self._engine, self._window = zlib.decompressobj(-15), b""
        payload += b"\0\0\xff\xff" if whole else b""
        limit = min(MAX_MESSAGE, self._budget.left)
        content, problem = bytearray(), ""
        try:
            content += self._engine.decompress(payload, limit + 1)
            while self._engine.eof and self._engine.unused_data and len(content) <= limit:
                # A block may say that it is the last one, and others follow (RFC 7692 section 7.2.3.4).
                payload, window = self._engine.unused_data, (self._window + content)[-32768:]
                self._engine = zlib.decompressobj(-15, zdict=window)
                content += self._engine.decompress(payload, limit + 1 - len(content))
        except zlib.error as error:
            problem = f"it cannot be decompressed: {error}"
        if len(content) > limit:
            del content[limit:]
            problem = f"decompressed, it is longer than the {limit:,} bytes that are shown: cut there"
        if problem and self._takeover:
            self._broken = "not decompressed: it builds on an earlier message that could not be (context takeover)"
        self._window = (self._window + content)[-32768:]
        self._budget.left -= len(content)
        return bytes(content), problem
