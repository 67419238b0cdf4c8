"""What lesson 10 calls "not installed", and nothing else."""

import contextlib
import io

import pytest
from notebook_runs import NOTEBOOKS, code_cells, read

from wslearn.hubs import NotInstalled

#: The lesson's helper, as it is.
HELPER = next(cell.source for cell in code_cells(read(NOTEBOOKS["10_several_servers"])) if cell.id == "nats-helper")


@pytest.fixture
def with_nats():
    names = {"NotInstalled": NotInstalled}
    exec(HELPER, names)
    return names["with_nats"]


@pytest.mark.parametrize("error", [RuntimeError("a mistake"), ImportError("no module named flask"), ValueError("x")])
async def test_a_students_own_error_is_not_hidden(with_nats, error):
    async def demonstration():
        raise error

    with pytest.raises(type(error)) as raised:
        await with_nats(demonstration)
    assert raised.value is error


async def test_what_is_missing_is_said_and_a_result_is_returned(with_nats):
    async def missing():
        raise NotInstalled("how to get it")

    async def there():
        return 7

    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert await with_nats(missing) is None and await with_nats(there) == 7
    assert said.getvalue() == "how to get it\n"


def test_it_is_what_callers_caught_before():
    assert issubclass(NotInstalled, RuntimeError) and issubclass(NotInstalled, ImportError)
