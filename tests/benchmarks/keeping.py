"""What keeping a conversation costs, and whether that stays the same as it grows to a million records.

    python -m tests.benchmarks.keeping [records ...]

The records are real ones, signed, of ten devices. A million of them take minutes to make and are made once: they are kept in the
folder for temporary files for the next time.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chat.encryption import derive_root, room_keys
from chat.history import History, open_history
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Peer
from chat.protocol.records import NO_RECORD, Record, Text, make_record
from tests.benchmarks.table import Figure
from tests.people import PASSPHRASE

SIZES: Final = (1_000, 100_000, 1_000_000)
SMALL, LARGE = SIZES[:2]
DEVICES: Final = 10
BATCH: Final = 100
ROUNDS: Final = 9
SINGLY: Final = 300
WRITTEN: Final = 10_000
TOPIC: Final = "benchmark"
ROOT: Final = Path(__file__).parent.parent.parent
SESSION: Final = """
import sys
from pathlib import Path
from chat.events import Page
from tests.people import Person
from tests.benchmarks.keeping import TOPIC, peak_memory
person = Person(Path(sys.argv[1]), "mqtt://localhost:1", TOPIC, "Ada")
person.wait_for(Page)
print(open("/proc/self/statm").read().split()[1], peak_memory())
person.close()
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one size costs: microseconds for each record, in transactions of one and of `BATCH`; milliseconds for the rest."""

    one: float
    batched: float
    opened: float
    first_page: float
    middle_page: float


def history(folder: Path) -> list[Figure]:
    """Inserting, opening and paging at 100,000 records, beside the same at 1,000."""
    small, large = measure(folder / "small", SMALL), measure(folder / "large", LARGE)
    against = f"the same at {SMALL:,} records instead of {LARGE:,}"
    return [
        Figure("keep one record", large.one, small.one, "µs", against),
        Figure(f"keep one of {BATCH} records", large.batched, small.batched, "µs", against),
        Figure("open a history", large.opened, small.opened, "ms", against),
        Figure("its last page", large.first_page, small.first_page, "ms", against),
        Figure("a page from the middle", large.middle_page, small.middle_page, "ms", against),
    ]


def measure(folder: Path, count: int) -> Measured:
    """Make a history of `count` records in a folder that does not exist, and measure what the next ones and what reading costs."""
    keys = room_keys(derive_root(PASSPHRASE, TOPIC))
    shutil.copytree(made(count), folder)
    kept = open_history(folder, keys)
    following = make(keys.room, count, 20 * BATCH + SINGLY)
    batched = [_insert(kept, following, BATCH) for _ in range(20)]
    one = [_insert(kept, following, 1) for _ in range(SINGLY)]
    kept.close()
    opened, first_page, middle_page = [], [], []
    for place in range(ROUNDS):
        began = time.perf_counter()
        kept = open_history(folder, keys)
        ready = time.perf_counter()
        kept.before(None, 100)
        shown = time.perf_counter()
        clock = count // 2 + place * count // 50
        kept.before((clock, bytes(32).hex(), 1), 100)
        opened.append(ready - began)
        first_page.append(shown - ready)
        middle_page.append(time.perf_counter() - shown)
        kept.close()
    milliseconds = [1e3 * statistics.median(times) for times in (opened, first_page, middle_page)]
    return Measured(1e6 * statistics.median(one), 1e6 * statistics.median(batched) / BATCH, *milliseconds)


def made(count: int) -> Path:
    """The folder of a history of `count` records, which is made if it is not there from the last time."""
    folder = Path(tempfile.gettempdir()) / f"encrypted-mqtt-chat-{count}-records"
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    keys = room_keys(derive_root(PASSPHRASE, TOPIC))
    kept = open_history(unfinished, keys)
    for number, record in enumerate(make(keys.room, 0, count), 1):
        kept.add(record)
        peer = kept.peers.devices.setdefault(record.device, Peer(name=f"member {record.device.hex()[:4]}"))
        peer.seen = [(1, record.sequence)]
        if number % WRITTEN == 0:
            kept.commit()
    kept.save_peers(list(kept.peers.devices))
    kept.commit()
    kept.close()
    return unfinished.rename(folder)


def make(room: bytes, start: int, count: int) -> Iterator[Record]:
    """Signed records of `DEVICES` devices in turn, from the clock value `start` on."""
    devices = [DeviceKey(bytes([number + 1]) * 32) for number in range(DEVICES)]
    heads = [NO_RECORD] * DEVICES
    for number in range(start, start + count):
        turn = number % DEVICES
        text = Text(f"message {number}, about as long as most of them are")
        record = make_record(devices[turn], room, number // DEVICES + 1, heads[turn], number + 1, text)
        heads[turn] = record.hash
        yield record


def _insert(kept: History, records: Iterator[Record], count: int) -> float:
    batch = [next(records) for _ in range(count)]
    began = time.perf_counter()
    for record in batch:
        kept.add(record)
    kept.commit()
    return time.perf_counter() - began


def peak_memory() -> int:
    """The most memory that this process has taken, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def session_memory(folder: Path) -> tuple[float, float]:
    """What a session takes that has entered the room, without a window: now, and at most, in MB."""
    command = [sys.executable, "-c", SESSION, str(folder)]
    now, peak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return int(now) * os.sysconf("SC_PAGE_SIZE") / 1e6, int(peak) * 1024 / 1e6


def main() -> None:
    """Measure the sizes that are given, and print a line for each."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print("  records  add 1 (µs)  add 100 (µs each)  open (ms)  last page (ms)  middle page (ms)  session now / peak (MB)")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            data = Path(folder) / str(size)
            found = measure(data / "Ada", size)
            now, peak = session_memory(data)
            print(
                f"{size:9,}  {found.one:10.0f}  {found.batched:17.0f}  {found.opened:9.2f}  {found.first_page:14.2f}"
                f"  {found.middle_page:16.2f}  {now:.0f} / {peak:.0f}",
                flush=True,
            )
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
