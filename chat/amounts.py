"""Sizes, speeds and how long something takes yet, as people read them."""

import math

from chat.words import _, many


def size_words(size: float) -> str:
    """A number of bytes: "1.8 MB"."""
    for unit, factor in ((_("GB"), 1e9), (_("MB"), 1e6), (_("kB"), 1e3)):
        if size >= 0.9995 * factor:
            return f"{size / factor:.{0 if size >= 99.95 * factor else 1}f} {unit}"
    return many("{count} byte", "{count} bytes", int(size)).format(count=int(size))


def progress_words(done: int, size: int, speed: float) -> str:
    """How far something is: "12.4 of 20.1 MB · 3.2 MB/s · 3 s left". While nothing moves, without speed and time."""
    told = [_("{done} of {size}").format(done=size_words(done), size=size_words(size))]
    if speed > 0:
        told += [_("{size}/s").format(size=size_words(speed)), _("{time} left").format(time=_time_words((size - done) / speed))]
    return " · ".join(told)


def _time_words(seconds: float) -> str:
    if seconds < 60:
        return _("{count} s").format(count=math.ceil(seconds))
    if seconds < 3600:
        return _("{count} min").format(count=math.ceil(seconds / 60))
    return _("{count} h").format(count=math.ceil(seconds / 3600))
