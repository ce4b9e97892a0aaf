"""Days, dates and the system's reasons, in both languages."""

import time
from collections.abc import Iterator

import pytest

from chat import words
from chat.causes import cause
from chat.dates import long_date, short_date, short_month, short_weekday
from chat.window.grouping import day_name

MONDAY = time.strptime("2026-11-02 18:05", "%Y-%m-%d %H:%M")


@pytest.fixture(autouse=True)
def _speak_english_again() -> Iterator[None]:
    yield
    words.speak("system")


def test_english_dates() -> None:
    words.speak("en")
    assert long_date(MONDAY) == "Monday, 2 November 2026"
    assert (short_date(MONDAY), short_month(MONDAY), short_weekday(MONDAY)) == ("2 Nov", "Nov 2026", "Mon")


def test_swedish_dates() -> None:
    words.speak("sv")
    assert long_date(MONDAY) == "måndag 2 november 2026"
    assert (short_date(MONDAY), short_month(MONDAY), short_weekday(MONDAY)) == ("2 nov", "nov 2026", "mån")
    now = time.mktime(MONDAY)
    assert (day_name(now, now), day_name(now - 86_400, now)) == ("I dag", "I går")


def test_each_day_and_month_has_its_own_name() -> None:
    for language in ("en", "sv"):
        words.speak(language)
        days = [time.localtime(time.mktime(MONDAY) + number * 86_400) for number in range(7)]
        months = [time.strptime(f"2026-{month}-15", "%Y-%m-%d") for month in range(1, 13)]
        assert len({long_date(day).split()[0] for day in days}) == len({short_weekday(day) for day in days}) == 7
        assert len({long_date(month).split()[2] for month in months}) == len({short_date(month) for month in months}) == 12


def test_a_reason_of_the_system_that_is_known_is_translated() -> None:
    words.speak("sv")
    assert cause(OSError(28, "No space left on device")) == "disken är full"
    assert cause(OSError(999, "Something rare")) == "Something rare"
    assert cause(OSError("without a number")) == "without a number"
