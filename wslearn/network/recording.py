"""A recording of the bytes that have passed through a network, of limited size."""

import logging
from collections import deque
from time import perf_counter as clock

from wslearn.common.chunk import Chunk, Direction

logger = logging.getLogger("wslearn")

#: Memory for a recording, and the share of a chunk besides its data, in bytes.
RECORDING = 16 * 1024 * 1024
CHUNK_OVERHEAD = 256


class Recording:
    """Keeps and counts bytes, and knows nothing of their meaning: `wslearn.frames` reads them."""

    def __init__(self) -> None:
        self._began = 0.0
        self.clear()

    def begin(self) -> None:
        """Start the clock of the recording."""
        self._began = clock()

    @property
    def recording(self) -> list[Chunk]:
        """The recorded chunks, oldest first."""
        return list(self._chunks)

    def clear(self) -> None:
        """Delete the recording, and count from 0."""
        self._chunks: deque[Chunk] = deque()
        self._recorded = self.dropped = self.bytes_up = self.bytes_down = 0

    def record(self, connection: int, direction: Direction, data: bytes) -> None:
        """Count and keep bytes that have entered."""
        if direction == "up":
            self.bytes_up += len(data)
        else:
            self.bytes_down += len(data)
        self._chunks.append(Chunk(clock() - self._began, connection, direction, data))
        self._recorded += len(data) + CHUNK_OVERHEAD
        while self._recorded > RECORDING:
            if not self.dropped:
                logger.info("network: the recording is full, its oldest chunks are dropped from now on")
            self._recorded -= len(self._chunks.popleft().data) + CHUNK_OVERHEAD
            self.dropped += 1
