"""The token bucket: a burst, then a steady rate, whatever the steps of time."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.rate import TokenBucket


def test_a_burst_and_then_one_a_second() -> None:
    bucket = TokenBucket(8, 1.0, 0.0)
    assert [bucket.take(0.0) for _ in range(9)] == [True] * 8 + [False]
    assert bucket.ready_at(0.0) == 1.0
    assert not bucket.take(0.99)
    assert bucket.take(1.0)
    assert not bucket.take(1.0)


@given(steps=st.lists(st.floats(0, 5), max_size=200), burst=st.integers(1, 10), rate=st.floats(0.1, 10))
def test_never_more_than_burst_and_rate_allow(steps: list[float], burst: int, rate: float) -> None:
    bucket = TokenBucket(burst, rate, 0.0)
    now, taken = 0.0, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
        assert taken <= burst + rate * now + 1e-6


@given(now=st.floats(0, 1e6), rate=st.floats(0.1, 10))
def test_a_token_is_there_when_it_says(now: float, rate: float) -> None:
    bucket = TokenBucket(1, rate, now)
    assert bucket.take(now)
    assert bucket.take(bucket.ready_at(now) + 1e-6)


def test_time_that_runs_backwards_gives_nothing() -> None:
    bucket = TokenBucket(1, 1.0, 100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert not bucket.take(100.5)
