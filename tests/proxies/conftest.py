"""Each test here is run behind each of the three proxies."""

import pytest
from reverse_proxies import NAMES, required


@pytest.fixture(params=NAMES)
def name(request) -> str:
    """The name of a proxy that is installed."""
    required(request.param)
    return request.param
