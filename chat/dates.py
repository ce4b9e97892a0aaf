"""Days and dates as people write them in their language. Times of the day are 24 hours everywhere."""

import time
from typing import Final

from chat.words import _, marked

_DAYS: Final = (
    marked("Monday"),
    marked("Tuesday"),
    marked("Wednesday"),
    marked("Thursday"),
    marked("Friday"),
    marked("Saturday"),
    marked("Sunday"),
)
_SHORT_DAYS: Final = (marked("Mon"), marked("Tue"), marked("Wed"), marked("Thu"), marked("Fri"), marked("Sat"), marked("Sun"))
_MONTHS: Final = (
    marked("January"),
    marked("February"),
    marked("March"),
    marked("April"),
    marked("May"),
    marked("June"),
    marked("July"),
    marked("August"),
    marked("September"),
    marked("October"),
    marked("November"),
    marked("December"),
)
_SHORT_MONTHS: Final = (
    marked("Jan"),
    marked("Feb"),
    marked("Mar"),
    marked("Apr"),
    marked("May"),
    marked("Jun"),
    marked("Jul"),
    marked("Aug"),
    marked("Sep"),
    marked("Oct"),
    marked("Nov"),
    marked("Dec"),
)


def long_date(then: time.struct_time) -> str:
    """Monday, 2 November 2026."""
    weekday, month = _(_DAYS[then.tm_wday]), _(_MONTHS[then.tm_mon - 1])
    return _("{weekday}, {day} {month} {year}").format(weekday=weekday, day=then.tm_mday, month=month, year=then.tm_year)


def short_date(then: time.struct_time) -> str:
    """2 Nov."""
    return _("{day} {month}").format(day=then.tm_mday, month=_(_SHORT_MONTHS[then.tm_mon - 1]))


def short_month(then: time.struct_time) -> str:
    """Nov 2026."""
    return _("{month} {year}").format(month=_(_SHORT_MONTHS[then.tm_mon - 1]), year=then.tm_year)


def short_weekday(then: time.struct_time) -> str:
    """Mon."""
    return _(_SHORT_DAYS[then.tm_wday])


def short_when(seconds: float, now: float) -> str:
    """The time of today, the day of this week, else the date; "" if it is not known, or no date of a calendar."""
    if not seconds:
        return ""
    try:
        then, today = time.localtime(seconds), time.localtime(now)
        if then[:3] == today[:3]:
            return time.strftime("%H:%M", then)
        if 0 < now - seconds < 6 * 86_400:
            return short_weekday(then)
        return short_date(then) if then[0] == today[0] else short_month(then)
    except (ValueError, OverflowError, OSError):
        return ""
