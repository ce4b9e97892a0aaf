"""The history: it comes back with the passphrase alone, shows nothing without it, and is used by one program at a time."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.encryption import room_keys
from chat.errors import StorageError
from chat.history import DEVICES_PER_FOLDER, History, open_history
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Peer
from chat.protocol.records import NO_RECORD, Edit, Reaction, Record, Reply, Text, make_record, read_record

DEVICE = DeviceKey(bytes(range(32)))
KEYS = room_keys(bytes(32))
OTHER_ROOM = room_keys(b"\1" * 32)


def test_everything_comes_back(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    history.chain.sequence = 7
    history.chain.announced = "Ada"
    history.peers.devices[b"k" * 32] = Peer(name="Bob", seen=[(1, 3)], ends={3: b"n" * 16})
    history.peers.pins["bob"] = b"k" * 32
    history.save_chain()
    history.save_peers([b"k" * 32])
    history.save_pins()
    history.keep_password("ada", "mqtt://home:1883", "s3cret words")
    chain, peers = history.chain, history.peers
    history.close()
    again = open_history(tmp_path, KEYS)
    assert (again.chain, again.peers) == (chain, peers)
    assert again.password("ada", "mqtt://home:1883") == "s3cret words"
    assert again.password("bob", "mqtt://home:1883") == ""
    again.keep_password("ada", "mqtt://home:1883", "")
    assert again.password("ada", "mqtt://home:1883") == ""


def say(_history: History, sequence: int, text: str, clock: int = 0, key: DeviceKey = DEVICE) -> Record:
    return make_record(key, KEYS.room, sequence, NO_RECORD, clock or sequence, Text(text))


def test_records_come_back_in_the_order_of_the_conversation_once_each(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    records = [say(history, sequence, f"line {sequence}", clock) for sequence, clock in ((1, 50), (2, 20), (3, 40), (4, 20))]
    assert [history.add(record) for record in [*records, *records]] == [1, 2, 3, 4, None, None, None, None]
    history.commit()
    history.close()
    again = open_history(tmp_path, KEYS)
    texts = [read_record(packet, KEYS.room).body for packet in again.before(None, 10)]
    assert texts == [Text("line 2"), Text("line 4"), Text("line 3"), Text("line 1")]
    order = (records[2].clock, DEVICE.public.hex(), 3)
    assert [read_record(packet, KEYS.room).body for packet in again.before(order, 1)] == [Text("line 4")]
    again.close()


@given(
    clocks=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 50)), unique=True, max_size=30), page=st.integers(1, 7)
)
def test_pages_join_to_the_whole_in_order(tmp_path_factory: pytest.TempPathFactory, clocks: list[tuple[int, int, int]], page: int) -> None:
    history = open_history(tmp_path_factory.mktemp("pages"), KEYS)
    devices = [DeviceKey(bytes([number]) * 32) for number in range(4)]
    records = [say(history, sequence, "x", clock, devices[device]) for clock, device, sequence in clocks]
    for record in records:
        history.add(record)
    found: list[Record] = []
    while packets := history.before((found[0].clock, found[0].device.hex(), found[0].sequence) if found else None, page):
        found = [read_record(packet, KEYS.room) for packet in packets] + found
    assert found == sorted(records, key=lambda record: (record.clock, record.device, record.sequence))
    history.close()


def test_what_is_to_be_sent_is_kept_until_it_is_sent(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    first, second, heard = say(history, 1, "first"), say(history, 2, "second"), say(history, 3, "heard")
    for record in (first, second):
        history.add(record, to_send=True)
    history.add(heard)
    history.commit()
    assert history.to_send() == [first.packet, second.packet]
    history.sent(first.reference)
    history.commit()
    history.close()
    assert open_history(tmp_path, KEYS).to_send() == [second.packet]


def test_what_was_not_committed_is_gone_after_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tests.test_history import *\n"
        "history = open_history(Path(sys.argv[1]), KEYS)\n"
        "history.add(say(history, 1, 'safe'), to_send=True); history.commit()\n"
        "history.add(say(history, 2, 'not yet')); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=False)
    history = open_history(tmp_path, KEYS)
    assert [read_record(packet, KEYS.room).body for packet in history.before(None, 10)] == [Text("safe")]
    assert len(history.to_send()) == 1


def fill(history: History) -> None:
    for sequence in range(2, 200):
        history.add(say(history, sequence, "x" * 2000))


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    history.add(say(history, 1, "before"))
    history.commit()
    history._database.execute("PRAGMA max_page_count = 12")
    with pytest.raises(StorageError, match="Free some space"):
        fill(history)
    history.roll_back([])
    assert [read_record(packet, KEYS.room).body for packet in history.before(None, 10)] == [Text("before")]
    history._database.execute("PRAGMA max_page_count = 100000")
    assert history.add(say(history, 2, "after"))
    history.commit()


def test_devices_of_two_rooms_are_unrelated(tmp_path: Path) -> None:
    assert open_history(tmp_path, KEYS).chain.seed != open_history(tmp_path, OTHER_ROOM).chain.seed


def test_nothing_readable_is_on_disk(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    history.chain.announced = "Ada Lovelace"
    history.peers.devices[b"k" * 32] = Peer(name="Bob Babbage")
    history.save_chain()
    history.save_peers([b"k" * 32])
    history.add(say(history, 1, "Lovely weather"))
    history.keep_password("ada", "mqtt://home", "s3cret words")
    seed, client = history.chain.seed, history.chain.client_id
    history.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (seed, client.encode(), b"Lovelace", b"Babbage", b"Lovely", b"s3cret", b"k" * 32, b"mqtt://home"):
        assert secret not in written
    names = " ".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert "ada" not in names.lower()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    open_history(tmp_path, KEYS).close()
    folder = tmp_path / "rooms" / KEYS.tag
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_second_program_is_a_device_of_its_own(tmp_path: Path) -> None:
    first = open_history(tmp_path, KEYS)
    code = (
        "import sys; from pathlib import Path; from chat.history import open_history; from chat.encryption import room_keys\n"
        "print(open_history(Path(sys.argv[1]), room_keys(bytes(32))).chain.seed.hex())"
    )
    root = Path(__file__).parent.parent
    other = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    assert other != first.chain.seed.hex()
    first.close()
    assert open_history(tmp_path, KEYS).chain.seed == first.chain.seed


def test_too_many_programs_are_told_so(tmp_path: Path) -> None:
    histories = [open_history(tmp_path, KEYS) for _ in range(DEVICES_PER_FOLDER)]
    with pytest.raises(StorageError, match="Close one"):
        open_history(tmp_path, KEYS)
    for history in histories:
        history.close()


@pytest.mark.parametrize("damage", [b"this is no database", b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    open_history(tmp_path, KEYS).close()
    path = tmp_path / "rooms" / KEYS.tag / "device-1.db"
    path.write_bytes(damage)
    with pytest.raises(StorageError, match=r"device-1\.db is damaged"):
        open_history(tmp_path, KEYS)
    assert path.read_bytes() == damage


def test_swapped_rows_are_noticed(tmp_path: Path) -> None:
    open_history(tmp_path, KEYS).close()
    database = sqlite3.connect(tmp_path / "rooms" / KEYS.tag / "device-1.db")
    (peers,) = database.execute("SELECT sealed FROM state WHERE name = 'pins'").fetchone()
    database.execute("UPDATE state SET sealed = ? WHERE name = 'passwords'", (peers,))
    database.commit()
    database.close()
    with pytest.raises(StorageError, match="damaged"):
        open_history(tmp_path, KEYS)


def test_a_folder_that_can_t_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "rooms").write_text("a file in the way")
    with pytest.raises(StorageError, match="--data-dir"):
        open_history(tmp_path, KEYS)


def test_nobody_can_make_looking_at_a_message_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANGES", "REACTIONS", "REPLIES"):
        monkeypatch.setattr(f"chat.history.{name}", 3)
    history = open_history(tmp_path, KEYS)
    message = say(history, 1, "lunch?")
    history.add(message)
    target = message.reference
    stranger, numbers = DeviceKey(b"\7" * 32), 1
    for number in range(1, 9):
        for key, body in (
            (stranger, Edit(target, f"not his to change {number}")),
            (stranger, Reaction(target, "👍", True)),
            (stranger, Reply(target, f"answer {number}")),
            (DEVICE, Edit(target, f"dinner {number}?")),
        ):
            numbers += 1
            history.add(make_record(key, KEYS.room, numbers, NO_RECORD, 100 + number, body))
    about = [read_record(packet, KEYS.room).body for packet in history.about(target)]
    assert [body.text for body in about if isinstance(body, Edit)] == ["dinner 8?", "dinner 7?", "dinner 6?"]
    assert sum(isinstance(body, Reaction) for body in about) == 3
    assert len(about) == 6
    replies = [read_record(packet, KEYS.room).body for packet in history.replies(target)]
    assert [body.text for body in replies if isinstance(body, Reply)] == ["answer 8", "answer 7", "answer 6"]
    history.close()
