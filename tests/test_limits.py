import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Clock

from wslearn.limits import Limits, TokenBucket


def test_the_defaults_are_the_documented_ones():
    limits = Limits()
    assert (limits.max_size, limits.max_connections, limits.open_timeout) == (65536, 1000, 10)
    assert (limits.max_unsent, limits.stall_timeout, limits.auth_timeout) == (1048576, 5, 5)
    assert (limits.rate, limits.compression, limits.origins, limits.hosts) == (None, None, (), ())


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
    with pytest.raises(ValueError, match="origins: expected a tuple of strings or None, got 'https://a'"):
        Limits(origins="https://a")
    with pytest.raises(ValueError, match=r"hosts: expected a tuple of strings or None, got 'a\.example'"):
        Limits(hosts="a.example")
    for host in ["", "http://a.example", "*.example", "a b", "a.example/"]:
        with pytest.raises(ValueError, match=r"hosts: expected names like 'hub\.example\.org', got"):
            Limits(hosts=("a.example", host))
    assert Limits(hosts=["a.example:80", "[::1]"]).hosts


def test_a_bucket_lets_a_burst_pass_and_then_its_rate():
    clock = Clock()
    bucket = TokenBucket(20, clock=clock)
    assert bucket.full
    assert [bucket.take() for _ in range(41)] == [True] * 40 + [False]
    clock.now += 0.06
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now += 2
    assert bucket.full and sum(bucket.take() for _ in range(100)) == 40


def test_a_rate_below_one_still_lets_single_messages_pass():
    clock = Clock()
    bucket = TokenBucket(0.1, clock=clock)
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now += 10
    assert bucket.take()


@given(st.floats(0.1, 100), st.lists(st.floats(0, 10), max_size=20))
def test_no_pattern_of_waiting_passes_more_than_burst_and_rate(rate, waits):
    clock = Clock()
    bucket = TokenBucket(rate, clock=clock)
    passed = 0
    for wait in waits:
        clock.now += wait
        while bucket.take():
            passed += 1
    assert passed <= bucket.burst + rate * sum(waits) + 1e-6 * len(waits) + 1
