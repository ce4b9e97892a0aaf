"""Files that are put together from chunks, on real disks, through kills and full disks."""

import errno
import hashlib
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.errors import StorageError
from chat.part_file import DiskFullError, PartFile, SourceFile
from chat.protocol.limits import LARGEST_FILE
from tests.brokers import wait_until

ID = bytes(range(16))
CHUNK = 1000
COUNT = 25
SIZE = CHUNK * (COUNT - 1) + 7
NODES = 32 * 60
CONTENT = random.Random(1).randbytes(SIZE)


def chunk(index: int) -> bytes:
    return CONTENT[index * CHUNK : (index + 1) * CHUNK]


def is_right(index: int, data: bytes) -> bool:
    return data == chunk(index)


def open_part(folder: Path) -> PartFile:
    return PartFile(folder / "quarantine", ID, SIZE, CHUNK, COUNT, NODES)


def filled(folder: Path) -> PartFile:
    part = open_part(folder)
    for index in range(COUNT):
        part.write(index, chunk(index), [(index, bytes([index + 1]) * 32)])
    return part


def test_a_file_is_put_together_in_any_order(tmp_path: Path) -> None:
    part = open_part(tmp_path)
    for index in random.Random(2).sample(range(COUNT), COUNT):
        part.write(index, chunk(index), [])
    assert part.finish(tmp_path / "downloads", "plan.pdf", is_right) == tmp_path / "downloads" / "plan.pdf"
    assert (tmp_path / "downloads" / "plan.pdf").read_bytes() == CONTENT
    assert list((tmp_path / "quarantine").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "downloads" / "plan.pdf").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "quarantine").stat().st_mode) == 0o700


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    part = open_part(tmp_path)
    part.write(3, chunk(3), [(5, b"n" * 32)])
    part.write(COUNT - 1, chunk(COUNT - 1), [])
    part.close()
    part = open_part(tmp_path)
    assert [index for index, held in enumerate(part.held) if held] == [3, COUNT - 1]
    assert part.read(3) == chunk(3)
    assert part.read(COUNT - 1) == chunk(COUNT - 1)
    assert part.nodes()[160:192] == b"n" * 32
    part.drop(3)
    part.close()
    part = open_part(tmp_path)
    assert not part.held[3]
    part.discard()
    assert list((tmp_path / "quarantine").iterdir()) == []


@pytest.mark.parametrize("ending", ["part", "progress"])
def test_half_of_it_is_begun_anew(tmp_path: Path, ending: str) -> None:
    filled(tmp_path).close()
    path = tmp_path / "quarantine" / f"{ID.hex()}.{ending}"
    for length in (None, 100):
        if length is None:
            path.unlink()
        else:
            os.truncate(path, length)
        part = open_part(tmp_path)
        assert not any(part.held)
        assert not any(part.nodes())
        part.close()


def test_wrong_chunks_are_found_at_the_end(tmp_path: Path) -> None:
    part = filled(tmp_path)
    part.write(4, b"x" * CHUNK, [])
    part.write(9, b"y" * CHUNK, [])
    assert part.finish(tmp_path / "downloads", "plan.pdf", is_right) == [4, 9]
    assert not (tmp_path / "downloads").exists()
    for index in (4, 9):
        part.drop(index)
        part.write(index, chunk(index), [])
    assert part.finish(tmp_path / "downloads", "plan.pdf", is_right) == tmp_path / "downloads" / "plan.pdf"


def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "Plan.PDF").write_text("mine")
    (tmp_path / "plan (2).pdf").symlink_to(tmp_path / "elsewhere")
    assert filled(tmp_path).finish(tmp_path, "plan.pdf", is_right) == tmp_path / "plan (3).pdf"
    assert (tmp_path / "Plan.PDF").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    assert filled(tmp_path).finish(tmp_path / "downloads", "../../evil.sh", is_right) == tmp_path / "downloads" / "evil.sh"


def test_on_another_disk_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "plan.pdf").write_text("mine")
    path = filled(tmp_path).finish(tmp_path, "plan.pdf", is_right)
    assert path == tmp_path / "plan (2).pdf"
    assert (tmp_path / "plan (2).pdf").read_bytes() == CONTENT
    assert list((tmp_path / "quarantine").iterdir()) == []


def test_many_that_want_one_name_at_once(tmp_path: Path) -> None:
    parts = []
    for number in range(8):
        part = PartFile(tmp_path / "quarantine", bytes([number]) * 16, 5, CHUNK, 1, 32)
        part.write(0, f"file{number}".encode(), [])
        parts.append(part)
    found: list[object] = []
    threads = [threading.Thread(target=lambda part=part: found.append(part.finish(tmp_path, "f", lambda *_: True))) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8
    assert {path.read_text() for path in tmp_path.iterdir() if path.is_file()} == {f"file{number}" for number in range(8)}


@pytest.mark.parametrize("ending", ["part", "progress"])
def test_a_link_that_was_put_there_is_not_followed(tmp_path: Path, ending: str) -> None:
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "quarantine" / f"{ID.hex()}.{ending}").symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError):
        open_part(tmp_path)
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may be longer than half of the one that is received, as on a disk that is full."""
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_told_from_other_troubles(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="no room"):
        open_part(tmp_path)


def test_a_folder_that_can_t_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "quarantine").write_text("no folder")
    with pytest.raises(StorageError) as error:
        open_part(tmp_path)
    assert not isinstance(error.value, DiskFullError)
    part = filled(tmp_path / "else")
    (tmp_path / "downloads").write_text("no folder either")
    with pytest.raises(StorageError):
        part.finish(tmp_path / "downloads", "f", is_right)
    assert part.finish(tmp_path / "d2", "f", is_right) == tmp_path / "d2" / "f"


_WRITER = """
import random, sys
from pathlib import Path
from tests.test_part_file import *
part = open_part(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for index in random.sample(range(COUNT), COUNT):
        part.write(index, chunk(index), [(index, hashlib.sha256(chunk(index)).digest())])
    for index in range(COUNT):
        part.drop(index)
"""


@pytest.mark.parametrize("seed", range(5))
def test_after_a_kill_nothing_counts_as_here_that_is_not(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        deadline = threading.Event()
        deadline.wait(random.Random(seed).uniform(0, 0.02))
        writer.kill()
    part = open_part(tmp_path)
    for index, held in enumerate(part.held):
        if held:
            assert part.read(index) == chunk(index)
            assert bytes(part.nodes()[32 * index : 32 * index + 32]) == hashlib.sha256(chunk(index)).digest()
    part.discard()


def test_what_is_sent_is_read_in_chunks(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    source = SourceFile(tmp_path / "f", CHUNK)
    assert (source.size, source.count) == (SIZE, COUNT)
    assert b"".join(source.read(index) for index in range(COUNT)) == CONTENT
    source.close()
    (tmp_path / "empty").write_bytes(b"")
    source = SourceFile(tmp_path / "empty", CHUNK)
    assert (source.size, source.count, source.read(0)) == (0, 1, b"")
    source.close()


@pytest.mark.parametrize("change", [CONTENT[:-1], CONTENT + b"x", CONTENT[:100] + b"y" + CONTENT[101:]])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, change: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    source, before = SourceFile(path, CHUNK), path.stat().st_mtime_ns
    # The time of a change has steps of some milliseconds.
    wait_until(lambda: path.write_bytes(change) and path.stat().st_mtime_ns != before)
    with pytest.raises(StorageError, match="changed"):
        source.read(0)
    source.close()


def test_what_can_t_be_sent_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(LARGEST_FILE + 1)
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "huge", tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(StorageError):
            SourceFile(path, CHUNK)
