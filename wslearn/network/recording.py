"""What has passed through a network: chunks of bytes, the oldest dropped where they are too many."""

import logging
from collections import deque
from time import perf_counter as clock

from wslearn.common.chunk import Chunk, Direction

logger = logging.getLogger("wslearn")

#: Memory for a recording in bytes, and what a chunk takes of it besides its data.
RECORDING = 16 * 1024 * 1024
CHUNK_OVERHEAD = 256


class Recording:
    """Keeps and counts what enters a network, and knows nothing of what the bytes mean: `wslearn.frames` reads them.

    - `recording`: each chunk of bytes that entered; at most 16 MiB, the oldest are dropped first.
    - `dropped`: how many chunks have been dropped.
    - `bytes_up`, `bytes_down`: all bytes that entered, dropped or not: what TCP carries, without its own headers.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self.clear()

    def begin(self) -> None:
        """Count the time of each chunk from now on."""
        self._began = clock()

    @property
    def recording(self) -> list[Chunk]:
        """The chunks that entered, oldest first."""
        return list(self._chunks)

    def clear(self) -> None:
        """Forget the recording and count from 0."""
        self._chunks: deque[Chunk] = deque()
        self._recorded = self.dropped = self.bytes_up = self.bytes_down = 0

    def record(self, connection: int, direction: Direction, data: bytes) -> None:
        """Count and keep what has entered."""
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
