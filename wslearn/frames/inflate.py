"""Decompresses messages that permessage-deflate compressed (RFC 7692), within limits."""

import zlib

#: How many bytes a decompressed message may have, and all messages of a recording: a few bytes can become very many.
MAX_MESSAGE = 1 << 20
MAX_RECORDING = 64 << 20


class Budget:
    """How many decompressed bytes may still come from a recording."""

    def __init__(self) -> None:
        self.left = MAX_RECORDING


class Inflater:
    """Decompresses the messages of one direction (RFC 7692 section 7.2.2).

    It needs no window bits, because the largest window reads messages that were written with any smaller one.
    """

    def __init__(self, takeover: bool, budget: Budget) -> None:
        self._takeover, self._budget = takeover, budget
        self._window = b""
        self._engine = zlib.decompressobj(-15)
        self._broken = ""

    def inflate(self, payload: bytes, whole: bool) -> tuple[bytes, str]:
        """Return the content of a message, and why it is incomplete (empty if it is complete)."""
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
                # A block may claim to be the last one although others follow (RFC 7692 section 7.2.3.4).
                payload, window = self._engine.unused_data, (self._window + content)[-32768:]
                self._engine = zlib.decompressobj(-15, zdict=window)
                content += self._engine.decompress(payload, limit + 1 - len(content))
        except zlib.error as error:
            problem = f"the message cannot be decompressed: {error}"
        if len(content) > limit:
            del content[limit:]
            problem = f"the decompressed message is longer than {limit:,} bytes: only the beginning is shown"
        if problem and self._takeover:
            self._broken = (
                "not decompressed: the message builds on an earlier message that could not be read (context takeover)"
            )
        self._window = (self._window + content)[-32768:]
        self._budget.left -= len(content)
        return bytes(content), problem
