"""The device's file: it comes back with the passphrase alone, shows nothing without it, and is used by one program at a time."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chat.device_store import DEVICES_PER_FOLDER, open_store
from chat.encryption import room_keys
from chat.errors import StorageError
from chat.protocol.memory import Peer

KEYS = room_keys(bytes(32))
OTHER_ROOM = room_keys(b"\1" * 32)


def test_everything_comes_back(tmp_path: Path) -> None:
    store = open_store(tmp_path, KEYS)
    store.chain.sequence = 7
    store.chain.announced = "Ada"
    store.peers.devices[b"k" * 32] = Peer(name="Bob", floor=3, recent={3: [b"n" * 16]})
    store.peers.pins["bob"] = b"k" * 32
    store.save_chain()
    store.save_peers()
    store.keep_password("ada", "mqtt://home:1883", "s3cret words")
    chain, peers = store.chain, store.peers
    store.close()
    again = open_store(tmp_path, KEYS)
    assert (again.chain, again.peers) == (chain, peers)
    assert again.password("ada", "mqtt://home:1883") == "s3cret words"
    assert again.password("bob", "mqtt://home:1883") == ""
    again.keep_password("ada", "mqtt://home:1883", "")
    assert again.password("ada", "mqtt://home:1883") == ""


def test_devices_of_two_rooms_are_unrelated(tmp_path: Path) -> None:
    assert open_store(tmp_path, KEYS).chain.seed != open_store(tmp_path, OTHER_ROOM).chain.seed


def test_nothing_readable_is_on_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path, KEYS)
    store.chain.announced = "Ada Lovelace"
    store.peers.devices[b"k" * 32] = Peer(name="Bob Babbage")
    store.save_chain()
    store.save_peers()
    store.keep_password("ada", "mqtt://home", "s3cret words")
    seed, client = store.chain.seed, store.chain.client_id
    store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (seed, client.encode(), b"Lovelace", b"Babbage", b"s3cret", b"k" * 32, b"mqtt://home"):
        assert secret not in written
    names = " ".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert "ada" not in names.lower()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    open_store(tmp_path, KEYS).close()
    folder = tmp_path / "rooms" / KEYS.tag
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_second_program_is_a_device_of_its_own(tmp_path: Path) -> None:
    first = open_store(tmp_path, KEYS)
    code = (
        "import sys; from pathlib import Path; from chat.device_store import open_store; from chat.encryption import room_keys\n"
        "print(open_store(Path(sys.argv[1]), room_keys(bytes(32))).chain.seed.hex())"
    )
    root = Path(__file__).parent.parent
    other = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    assert other != first.chain.seed.hex()
    first.close()
    assert open_store(tmp_path, KEYS).chain.seed == first.chain.seed


def test_too_many_programs_are_told_so(tmp_path: Path) -> None:
    stores = [open_store(tmp_path, KEYS) for _ in range(DEVICES_PER_FOLDER)]
    with pytest.raises(StorageError, match="Close one"):
        open_store(tmp_path, KEYS)
    for store in stores:
        store.close()


@pytest.mark.parametrize("damage", [b"this is no database", b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    open_store(tmp_path, KEYS).close()
    path = tmp_path / "rooms" / KEYS.tag / "device-1.db"
    path.write_bytes(damage)
    with pytest.raises(StorageError, match=r"device-1\.db is damaged"):
        open_store(tmp_path, KEYS)
    assert path.read_bytes() == damage


def test_swapped_rows_are_noticed(tmp_path: Path) -> None:
    open_store(tmp_path, KEYS).close()
    database = sqlite3.connect(tmp_path / "rooms" / KEYS.tag / "device-1.db")
    (peers,) = database.execute("SELECT sealed FROM state WHERE name = 'peers'").fetchone()
    database.execute("UPDATE state SET sealed = ? WHERE name = 'passwords'", (peers,))
    database.commit()
    database.close()
    with pytest.raises(StorageError, match="damaged"):
        open_store(tmp_path, KEYS)


def test_a_folder_that_can_t_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "rooms").write_text("a file in the way")
    with pytest.raises(StorageError, match="--data-dir"):
        open_store(tmp_path, KEYS)
