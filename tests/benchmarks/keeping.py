"""What keeping a conversation costs, and whether that stays the same as it grows to a million records.

    python -m tests.benchmarks.keeping [records ...]

The records are real ones, signed, of ten devices. A million of them take minutes to make and are made once: they are kept in the
folder for temporary files for the next time.
"""

import itertools
import random
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

from xkcdpass.xkcd_password import generate_wordlist, locate_wordfile

from chat.database import SHAPE
from chat.encryption import derive_root, room_keys
from chat.events import Found, Page, Search
from chat.history import History, open_history
from chat.index import Index
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Peer
from chat.protocol.records import NO_RECORD, Record, Text, make_record, reread_record
from tests.benchmarks.memory import peak, resident
from tests.benchmarks.table import Figure
from tests.people import PASSPHRASE, Person

SIZES: Final = (1_000, 100_000, 1_000_000)
SMALL, LARGE = SIZES[:2]
DEVICES: Final = 10
BATCH: Final = 100
ROUNDS: Final = 9
WORDS: Final = 9
SINGLY: Final = 300
WRITTEN: Final = 10_000
TOPIC: Final = "benchmark"
ROOT: Final = Path(__file__).parent.parent.parent
NEEDLE: Final = "haystack"
"""A word of the very first record alone."""
COMMON: Final = "1"
"""What one message in five begins with."""


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
    index = Index(kept, reread_record)
    batched = [_insert(kept, index, following, BATCH) for _ in range(20)]
    one = [_insert(kept, index, following, 1) for _ in range(SINGLY)]
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
    folder = Path(tempfile.gettempdir()) / f"encrypted-mqtt-chat-{count}-records-{SHAPE}"
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    keys = room_keys(derive_root(PASSPHRASE, TOPIC))
    kept = open_history(unfinished, keys)
    index = Index(kept, reread_record)
    for number, record in enumerate(make(keys.room, 0, count), 1):
        index.add(kept.add(record), record)
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
    chance = random.Random(start)
    vocabulary, often = _vocabulary()
    for number in range(start, start + count):
        turn = number % DEVICES
        words = " ".join(chance.choices(vocabulary, cum_weights=often, k=WORDS))
        text = Text(f"{number} {words}" if number else NEEDLE)
        record = make_record(devices[turn], room, number // DEVICES + 1, heads[turn], number + 1, text)
        heads[turn] = record.hash
        yield record


def _vocabulary() -> tuple[list[str], list[float]]:
    """Words, and how often they come in all up to each: as in a language, the n-th most common one comes 1/n as often as the first."""
    words = generate_wordlist(wordfile=locate_wordfile())
    random.Random(0).shuffle(words)
    return words, list(itertools.accumulate(1 / number for number in range(1, len(words) + 1)))


def _insert(kept: History, index: Index, records: Iterator[Record], count: int) -> float:
    batch = [next(records) for _ in range(count)]
    began = time.perf_counter()
    for record in batch:
        index.add(kept.add(record), record)
    kept.commit()
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class InSession:
    """What a session without a window takes that has entered the room: memory in MB now and at most, and milliseconds until a search shows
    its first messages: for a rare word right after the login and again later, and for a common one."""

    memory: float
    peak: float
    rare_at_once: float
    rare: float
    common: float


def in_session(folder: Path) -> InSession:
    """In a process of its own, because memory is that of a process."""
    code = "import sys; from pathlib import Path; from tests.benchmarks.keeping import enter; enter(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(folder)]
    return InSession(*map(float, subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()))


def enter(folder: Path) -> None:
    """Enter the room, and print the fields of `InSession`."""
    person = Person(folder, "mqtt://localhost:1", TOPIC, "Ada")
    person.wait_for(Page)
    times = [_search(person, number, word) for number, word in enumerate((NEEDLE, NEEDLE, COMMON), 1)]
    print(resident(), peak(), *times)
    person.close()


def _search(person: Person, number: int, word: str) -> float:
    began = time.perf_counter()
    person.session.post(Search(number, word))
    person.wait_until(lambda _: any(found.number == number and found.messages for found in person.told(Found)), 60)
    took = 1e3 * (time.perf_counter() - began)
    person.wait_until(lambda _: any(found.number == number and found.complete for found in person.told(Found)), 60)
    return took


def main() -> None:
    """Measure the sizes that are given, and print a line for each."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print(
        "  records  add 1 (µs)  add 100 (µs each)  open (ms)  last page (ms)  middle page (ms)  session now / peak (MB)"
        "  search: rare at once, rare, common (ms)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            data = Path(folder) / str(size)
            found = measure(data / "Ada", size)
            session = in_session(data)
            print(
                f"{size:9,}  {found.one:10.0f}  {found.batched:17.0f}  {found.opened:9.2f}  {found.first_page:14.2f}"
                f"  {found.middle_page:16.2f}  {session.memory:.0f} / {session.peak:.0f}"
                f"  {session.rare_at_once:.0f}  {session.rare:.0f}  {session.common:.0f}",
                flush=True,
            )
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
