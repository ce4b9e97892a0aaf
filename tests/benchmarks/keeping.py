"""What keeping a conversation costs, and whether that stays the same as it grows."""

import statistics
import time
from pathlib import Path

from chat.encryption import room_keys
from chat.history import open_history
from chat.protocol.identity import DeviceKey
from chat.protocol.records import Record, Text, make_record
from tests.benchmarks.table import Figure

SMALL, LARGE = 1_000, 100_000
BATCH = 100


def history(folder: Path) -> list[Figure]:
    """Inserting, opening and paging at 100,000 records, beside the same at 1,000."""
    small, large = _measure(folder / "small", SMALL), _measure(folder / "large", LARGE)
    names = ("keep one record", "open a history and its last page", "a page from the middle")
    units = ("µs", "ms", "ms")
    against = f"the same at {SMALL:,} records instead of {LARGE:,}"
    return [Figure(name, big, little, unit, against) for name, big, little, unit in zip(names, large, small, units, strict=True)]


def _measure(folder: Path, count: int) -> tuple[float, float, float]:
    keys, key = room_keys(bytes(32)), DeviceKey(bytes(32))
    first = make_record(key, keys.room, 1, bytes(32), 1, Text("about as long as most messages are"))
    kept = open_history(folder, keys)
    times = []
    for start in range(1, count + 1, BATCH):
        began = time.perf_counter()
        for number in range(start, start + BATCH):
            # A real record for each would measure signing; the store sees only another place and another name.
            kept.add(Record(key.public, number, first.previous, number, first.body, number.to_bytes(32, "big")[::-1], first.packet))
        kept.commit()
        times.append((time.perf_counter() - began) / BATCH)
    kept.close()
    opened = []
    for _ in range(9):
        began = time.perf_counter()
        kept = open_history(folder, keys)
        kept.before(None, 100)
        opened.append(time.perf_counter() - began)
        kept.close()
    kept = open_history(folder, keys)
    paged = []
    for place in range(9):
        began = time.perf_counter()
        kept.before((count // 2 + place, key.public.hex(), count // 2), 100)
        paged.append(time.perf_counter() - began)
    kept.close()
    # The last tenth: what it costs when the history has its size.
    late = statistics.median(times[-max(1, len(times) // 10) :])
    return late * 1e6, statistics.median(opened) * 1e3, statistics.median(paged) * 1e3
