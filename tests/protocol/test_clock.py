"""The hybrid logical clock: never backwards, never led astray, and right about time when it can be."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.clock import LARGEST, adopt_clock, clock_seconds, is_believable, next_clock

WALLS = st.floats(-1e6, 5e9)
CLOCKS = st.integers(0, LARGEST)
NOW = 1_700_000_000.0


@given(walls=st.lists(WALLS, min_size=2, max_size=20))
def test_it_rises_whatever_the_computer_s_clock_does(walls: list[float]) -> None:
    clock = 0
    for wall in walls:
        later = next_clock(clock, wall)
        assert later > clock
        clock = later


@given(previous=CLOCKS, wall=WALLS)
def test_it_stays_within_its_bounds(previous: int, wall: float) -> None:
    assert 0 < next_clock(previous, wall) <= LARGEST


@given(wall=st.floats(0, 5e9))
def test_it_shows_the_computer_s_time(wall: float) -> None:
    assert abs(clock_seconds(next_clock(0, wall)) - wall) < 0.002


@given(own=CLOCKS, heard=CLOCKS, wall=WALLS)
def test_a_clock_far_ahead_is_never_adopted(own: int, heard: int, wall: float) -> None:
    adopted = adopt_clock(own, heard, wall)
    assert adopted in (own, heard)
    assert adopted >= own
    assert adopted == own or clock_seconds(adopted) <= max(0.0, wall) + 600.001


def test_ten_minutes_are_adopted_and_a_day_is_believed() -> None:
    def at(seconds: float) -> int:
        return next_clock(0, NOW + seconds)

    assert adopt_clock(at(0), at(600), NOW) == at(600)
    assert adopt_clock(at(0), at(601), NOW) == at(0)
    assert is_believable(at(86_400), NOW)
    assert not is_believable(at(86_401), NOW)
    assert is_believable(at(-1e9), NOW)
