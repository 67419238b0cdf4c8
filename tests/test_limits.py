import dataclasses

import pytest

from wslearn.limits import Limits


def test_the_defaults_are_the_documented_ones():
    limits = Limits()
    assert (limits.max_size, limits.max_connections, limits.open_timeout) == (65536, 1000, 10)
    assert (limits.max_unsent, limits.stall_timeout, limits.auth_timeout) == (1048576, 5, 5)
    assert (limits.rate, limits.compression, limits.origins) == (None, None, ())


def test_none_switches_any_limit_off():
    off = Limits(**{field.name: None for field in dataclasses.fields(Limits)})
    assert set(dataclasses.asdict(off).values()) == {None}


@pytest.mark.parametrize("value", [0, -1, "5", True, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["max_size", "max_connections", "open_timeout", "rate", "max_unsent"])
def test_a_value_that_is_no_limit_is_named(name, value):
    with pytest.raises(ValueError, match=rf"{name}: expected a number above 0.*got {value!r}"):
        Limits(**{name: value})


def test_other_values_are_named_too():
    with pytest.raises(ValueError, match="compression: expected 'deflate' or None, got 'gzip'"):
        Limits(compression="gzip")
    with pytest.raises(ValueError, match="origins: expected a tuple of texts or None, got 'https://a'"):
        Limits(origins="https://a")
