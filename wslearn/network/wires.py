"""What the connections through a network need of it."""

import asyncio
from typing import Any
from urllib.parse import SplitResult

from wslearn.network.conditions import Conditions
from wslearn.network.recording import Recording


class Wires(Conditions, Recording):
    """What connections need of the network that they go through, which is `SimulatedNetwork`."""

    target: SplitResult
    target_port: int
    seed: int
    links: set[Any]
    connecting: set[asyncio.Task[None]]

    def opened(self, link: Any) -> None:
        """Take in a connection that the system has accepted."""
        raise NotImplementedError
