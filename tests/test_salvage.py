"""Damaged histories: what can be read moves to a new file, whatever happened to the old one, and nothing false comes along."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from chat.database import damage_mark
from chat.encryption import derive_root, room_keys
from chat.errors import StorageError
from chat.events import Entered, GapsChanged, MessageShown, Notice, Older, Page
from chat.history import History, open_history
from chat.pages import PAGE_BYTES, is_log_broken
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Peer
from chat.protocol.names import skeleton
from chat.protocol.records import NO_RECORD, Hello, Record, Text, make_record, read_record
from chat.protocol.replay import find_breaks, note_record
from chat.salvage import open_or_salvage
from tests.brokers import Mosquitto, wait_until
from tests.people import PASSPHRASE, People, Person

KEYS = room_keys(bytes(32))
BOB = DeviceKey(bytes(range(32)))
COUNT = 300
ROOT = Path(__file__).parent.parent
PASSWORD = ("ada", "mqtt://home:1883", "s3cret words")


def records_of(key: DeviceKey, name: str, count: int) -> list[Record]:
    records, head = [], NO_RECORD
    for number in range(1, count + 1):
        # Every fiftieth needs overflow pages.
        text = f"line {number} of {name} " + ("long " * 2000 if number % 50 == 0 else "")
        body = Hello(name) if number == 1 else Text(text)
        records.append(make_record(key, KEYS.room, number, head, number * 1000, body))
        head = records[-1].hash
    return records


def fill(history: History) -> list[Record]:
    """A conversation of two with everything that a history holds; its own last three messages were not sent."""
    own = DeviceKey(history.chain.seed)
    said, heard = records_of(own, "Ada", COUNT), records_of(BOB, "Bob", COUNT)
    peer = history.peers.devices.setdefault(BOB.public, Peer(name="Bob", named=1, counter=77))
    for mine, theirs in zip(said, heard, strict=True):
        history.add(mine, to_send=mine.sequence > COUNT - 3)
        history.add(theirs)
        note_record(peer, theirs)
        find_breaks(peer, theirs)
    history.peers.pins[skeleton("Bob")] = BOB.public
    history.chain.sequence, history.chain.head, history.chain.announced = COUNT, said[-1].hash, "Ada"
    history.chain.joined = 1000
    history.save_chain()
    history.save_peers([BOB.public])
    history.save_pins()
    history.keep_for(3650)
    history.commit()
    history.keep_password(*PASSWORD)
    return said + heard


def file_of(folder: Path) -> Path:
    return folder / "rooms" / KEYS.tag / "device-1.db"


def make(folder: Path) -> tuple[Path, list[Record], bytes]:
    """A history that was closed; with its records and its device."""
    history = open_history(folder, KEYS)
    device = DeviceKey(history.chain.seed).public
    records = fill(history)
    history.close()
    return file_of(folder), records, device


def salvage(folder: Path) -> tuple[History, str]:
    return open_or_salvage(folder, KEYS, lambda _: None)


def texts_of(history: History) -> list[str]:
    found = [read_record(packet, KEYS.room).body for packet in history.before(None, 10 * COUNT)]
    return [body.text for body in found if isinstance(body, Text)]


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def pages_of(path: Path, table: str) -> list[int]:
    """The numbers of a table's pages."""
    database = sqlite3.connect(path)
    numbers = [row[0] for row in database.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))]
    database.close()
    return numbers


def check_sound(history: History, records: list[Record], old: bytes) -> None:
    """It holds genuine records only, says no more of the others than it holds, and goes on working as a new device."""
    whole = {record.id: record.packet for record in records}
    kept: dict[bytes, set[int]] = {}
    for device in {record.device for record in records}:
        for packet in history.span(device, (1, 2 * COUNT)):
            record = read_record(packet, KEYS.room)
            assert whole[record.id] == packet
            kept.setdefault(device, set()).add(record.sequence)
    for device, numbers in kept.items():
        peer = history.peers.devices[device]
        assert {number for first, last in peer.seen for number in range(first, last + 1)} == numbers
        assert set(peer.starts) == {first for first, _ in peer.seen}
        assert set(peer.ends) == {last for _, last in peer.seen}
        assert peer.forks == {}
    new = DeviceKey(history.chain.seed)
    assert new.public != old
    assert history.chain.sequence == 0
    history.add(make_record(new, KEYS.room, 1, NO_RECORD, 10**9, Text("it goes on")), to_send=True)
    history.commit()
    history.close()
    again = open_history(history._database.path.parent.parent.parent, KEYS)
    assert texts_of(again)[-1] == "it goes on"
    again.close()


def zero_the_header(path: Path) -> None:
    overwrite(path, 0, bytes(100))


def garbage_as_the_first_page(path: Path) -> None:
    overwrite(path, 0, random.Random(1).randbytes(PAGE_BYTES))


def lose_the_root_of_the_records(path: Path) -> None:
    overwrite(path, (min(pages_of(path, "record")) - 1) * PAGE_BYTES, bytes(PAGE_BYTES))


def lose_a_page_of_records(path: Path) -> None:
    overwrite(path, (sorted(pages_of(path, "record"))[-9] - 1) * PAGE_BYTES, b"\xff" * PAGE_BYTES)


def cut_off_the_end(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 3 // 4 + 123)


def spoil_a_token(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE position = (SELECT max(position) FROM record)")
    database.execute("UPDATE record SET sealed = 17 WHERE position = (SELECT min(position) FROM record WHERE position > x'00')")
    database.execute("UPDATE record SET sealed = zeroblob(200) WHERE position = (SELECT max(position) FROM record WHERE position < x'01')")
    database.commit()
    database.close()


def lose_the_chain(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("DELETE FROM state WHERE name = 'chain'")
    database.commit()
    database.close()


def swap_two_states(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("UPDATE state SET sealed = (SELECT sealed FROM state WHERE name = 'pins') WHERE name = 'keep days'")
    database.commit()
    database.close()


def lose_a_table(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("DROP TABLE place")
    database.commit()
    database.close()


def claim_another_format(path: Path) -> None:
    overwrite(path, 18, b"\x77\x77")


@pytest.mark.parametrize(
    ("damage", "least"),
    [
        (zero_the_header, 2 * COUNT),
        (garbage_as_the_first_page, 2 * COUNT),
        (lose_the_root_of_the_records, 2 * COUNT - 40),
        (lose_a_page_of_records, 2 * COUNT - 40),
        (cut_off_the_end, COUNT),
        (spoil_a_token, 2 * COUNT - 3),
        (lose_the_chain, 2 * COUNT),
        (swap_two_states, 2 * COUNT),
        (lose_a_table, 2 * COUNT),
        (claim_another_format, 2 * COUNT),
    ],
)
def test_what_can_be_read_is_saved(tmp_path: Path, damage: Callable[[Path], None], least: int) -> None:
    path, records, device = make(tmp_path)
    damage(path)
    before = path.read_bytes()
    history, sentence = salvage(tmp_path)
    if not sentence:
        # It shows only when somebody reads there; the next start salvages.
        with pytest.raises(StorageError, match="join it again"):
            texts_of(history)
        history.close()
        history, sentence = salvage(tmp_path)
    kept = sum(len(history.span(device, (1, COUNT))) for device in (device, BOB.public))
    assert kept >= least
    said = len([1 for device in (device, BOB.public) for packet in history.span(device, (2, COUNT))])
    assert f"{said} messages were saved" in sentence
    (aside,) = path.parent.glob("device-1.db.damaged-*[0-9]")
    assert str(aside) in sentence
    assert aside.read_bytes()[:16] == before[:16]
    assert len(aside.read_bytes()) == len(before)
    assert not damage_mark(path).exists()
    assert history.password(*PASSWORD[:2]) == PASSWORD[2]
    assert history.keep_days == (None if damage is swap_two_states else 3650)
    assert history.peers.pins[skeleton("Bob")] == BOB.public
    assert (history.peers.devices[BOB.public].name, history.peers.devices[BOB.public].counter) == ("Bob", 77)
    if damage is not lose_the_chain:
        assert history.chain.former == [device]
        assert history.chain.joined == 1000
    unsent = [read_record(packet, KEYS.room).sequence for packet in history.to_send()]
    assert unsent == [number for number in range(COUNT - 2, COUNT + 1) if history.span(device, (number, number))]
    check_sound(history, records, device)


@pytest.mark.parametrize("left", [b"", b"no database at all" * 500, b"SQLite format 3\0" + bytes(5000), bytes(10 * PAGE_BYTES)])
def test_where_nothing_can_be_read_the_room_opens_and_says_so(tmp_path: Path, left: bytes) -> None:
    path, records, device = make(tmp_path)
    path.write_bytes(left)
    os.utime(path, (1, 1))
    history, sentence = salvage(tmp_path)
    assert "nothing of it can be read" in sentence
    (aside,) = path.parent.glob("device-1.db.damaged-*[0-9]")
    assert str(aside) in sentence
    assert texts_of(history) == []
    check_sound(history, records, device)


def test_an_empty_file_that_is_just_being_made_is_no_damage(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    path.write_bytes(b"")
    history, sentence = salvage(tmp_path)
    assert sentence == ""
    history.close()


def test_the_lost_key_is_said_though_all_records_are_there(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    database = sqlite3.connect(path)
    database.execute("DELETE FROM state WHERE name = 'key'")
    database.commit()
    database.close()
    history, sentence = salvage(tmp_path)
    assert "nothing of it can be read" in sentence
    history.close()


def test_a_record_whose_signature_does_not_hold_is_left_behind(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    genuine = make_record(BOB, KEYS.room, 1, NO_RECORD, 1, Text("genuine"))
    other_room = make_record(BOB, room_keys(b"1" * 32).room, 2, NO_RECORD, 2, Text("from another room"))
    changed = make_record(BOB, KEYS.room, 3, NO_RECORD, 3, Text("genuine too"))
    history.add(genuine)
    history.add(other_room)
    history.add(replace(changed, packet=changed.packet.replace(b"genuine", b"forgery")))
    history.commit()
    history.close()
    damage_mark(file_of(tmp_path)).touch()
    history, sentence = salvage(tmp_path)
    assert texts_of(history) == ["genuine"]
    assert "1 message was saved." in sentence
    assert history.peers.devices[BOB.public].seen == [(1, 1)]
    history.close()


def killed(folder: Path) -> tuple[Path, Path]:
    """A history whose program was killed: all of it is still in the log."""
    history = open_history(folder / "live", KEYS)
    fill(history)
    live = file_of(folder / "live")
    path = file_of(folder)
    path.parent.mkdir(parents=True)
    log = path.with_name("device-1.db-wal")
    path.write_bytes(live.read_bytes())
    log.write_bytes(live.with_name("device-1.db-wal").read_bytes())
    history.close()
    assert log.stat().st_size > 400_000
    return path, log


@pytest.mark.parametrize(("offset", "damage"), [(0, bytes(32)), (40, b"x" * 2000), (300_000, b"x" * 10)])
def test_a_broken_log_loses_only_the_pages_that_are_broken(tmp_path: Path, offset: int, damage: bytes) -> None:
    path, log = killed(tmp_path)
    assert not is_log_broken(log)
    overwrite(log, offset, damage)
    assert is_log_broken(log)
    before = log.read_bytes()
    history, sentence = salvage(tmp_path)
    assert len(texts_of(history)) > 2 * COUNT - 60
    assert "messages were saved" in sentence
    (aside,) = path.parent.glob("device-1.db.damaged-*-wal")
    assert aside.read_bytes() == before
    history.close()


def test_an_emptied_file_gives_what_its_log_holds(tmp_path: Path) -> None:
    path, _ = killed(tmp_path)
    path.write_bytes(b"")
    history, sentence = salvage(tmp_path)
    assert f"{2 * COUNT - 2} messages were saved" in sentence
    assert len(texts_of(history)) == 2 * COUNT - 2
    history.close()


def test_what_a_power_cut_leaves_is_no_damage(tmp_path: Path) -> None:
    _, log = killed(tmp_path)
    os.truncate(log, log.stat().st_size - 1000)
    history, sentence = salvage(tmp_path)
    assert sentence == ""
    assert len(texts_of(history)) == 2 * COUNT - 2
    history.close()


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_ends_in_sentences_and_nothing_false(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    if seed % 3:
        path, records, device = make(tmp_path)
        target = path
    else:
        path, log = killed(tmp_path)
        target = log if seed % 2 else path
        records, device = [], b""
    for _ in range(chance.choice((1, 1, 3, 20))):
        size = chance.choice((1, 8, 100, PAGE_BYTES, 20_000))
        start = chance.choice((chance.randrange(100), chance.randrange(target.stat().st_size)))
        overwrite(target, start, chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size))))
    sentences: list[str] = []
    for _ in range(4):
        history, _ = salvage(tmp_path)
        try:
            texts_of(history)
            for packet in history.before(None, COUNT):
                record = read_record(packet, KEYS.room)
                history.get(record.reference)
                history.about(record.reference)
                history.ids(record.device, record.sequence)
            history.add(make_record(DeviceKey(history.chain.seed), KEYS.room, 999, NO_RECORD, 10**9, Text("one more")))
            history.drop_before(0, 10)
            history.commit()
            break
        except StorageError as error:
            sentences.append(str(error))
            with suppress(StorageError):
                history.roll_back([])
        finally:
            history.close()
    else:
        pytest.fail("it is damaged after it was salvaged")
    assert all("damaged" in sentence for sentence in sentences)
    # Whatever was done, a last salvage of it brings only what is genuine.
    damage_mark(path).touch()
    history, sentence = salvage(tmp_path)
    assert sentence
    if records:
        last = make_record(BOB, KEYS.room, 2 * COUNT, NO_RECORD, 1, Text("x"))
        whole = {record.id for record in [*records, last]}
        for whose in (device, BOB.public):
            assert {read_record(packet, KEYS.room).id for packet in history.span(whose, (1, 900))} <= whole
    history.close()


def test_a_person_with_a_damaged_history_is_told_and_gets_back_what_was_lost(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    for number in range(8):
        ada.say(f"hers {number} " + "long " * 60)
    bob.wait_for(MessageShown, 8)
    for number in range(8):
        bob.say(f"his {number} " + "long " * 60)
    ada.wait_for(MessageShown, 16)
    bob.close()
    (path,) = (tmp_path / "Bob").rglob("device-1.db")
    for number in pages_of(path, "record")[1::2]:
        overwrite(path, (number - 1) * PAGE_BYTES, random.Random(5).randbytes(PAGE_BYTES))
    back = people("Bob")
    (told,) = back.wait_for(Notice)
    assert "messages were saved" in told.sentence
    assert back.told(Entered)[0].device != bob.told(Entered)[0].device
    assert type(back.events[back.events.index(told) - 1]) in (Entered, Page)

    def seen(person: Person) -> set[str]:
        shown = [event.message for event in person.told(MessageShown)]
        return {message.text for message in [*shown, *(message for page in person.told(Page) for message, _ in page.messages)]}

    expected = {f"{whose} {number} " + "long " * 60 for whose in ("hers", "his") for number in range(8)}
    back.wait_until(lambda person: seen(person) == expected, 40)
    back.say("I am back")
    wait_until(lambda: [message.text for message in ada.others()][-1:] == ["I am back"], pump=ada.look)


def test_damage_that_is_met_while_reading_back_is_told_once_and_salvaged_at_the_next_start(people: People, tmp_path: Path) -> None:
    keys = room_keys(derive_root(PASSPHRASE, tmp_path.name))
    history = open_history(tmp_path / "Ada", keys)
    for number in range(1, 501):
        history.add(make_record(BOB, keys.room, number, NO_RECORD, number, Text(f"line {number}")))
    history.commit()
    history.close()
    (path,) = (tmp_path / "Ada").rglob("device-1.db")
    database = sqlite3.connect(path)
    database.execute("UPDATE record SET sealed = zeroblob(200) WHERE position BETWEEN ? AND ?", (bytes(8) + b"\x64", bytes(8) + b"\x65"))
    assert database.total_changes == 1
    database.commit()
    database.close()
    ada = people("Ada", url="mqtt://localhost:1")
    (page,) = ada.wait_for(Page)
    for _ in range(2):
        order = page.messages[0][0].order
        ada.session.post(Older(order))
        page = ada.wait_for(Page, len(ada.told(Page)) + 1)[-1]
    for _ in range(3):
        ada.session.post(Older((120, BOB.public.hex(), 120)))
    (told,) = ada.wait_for(Notice)
    assert "damaged" in told.sentence
    ada.say("it still works")
    ada.wait_for(MessageShown)
    assert len(ada.told(Notice)) == 1
    ada.close()
    again = people("Ada", url="mqtt://localhost:1")
    assert "500 messages were saved" in again.wait_for(Notice)[0].sentence
    assert [message.text for message, _ in again.told(Page)[0].messages][-1] == "it still works"


FULL = """
import json, os, resource, sys
from pathlib import Path
from chat.events import *
from tests.people import *
folder, url, topic = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
ada = Person(folder, url, topic, "Ada")
ada.wait_for_online("Bob")
ada.say("before")
ada.wait_for(DeliveryChanged)
(log,) = folder.rglob("Ada/**/*-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 50_000, resource.RLIM_INFINITY))
print("full", flush=True)
sys.stdin.readline()
for number in range(7):
    ada.say(f"hers {number} " + "long " * 2000)
ada.wait_until(lambda p: any("Free some space" in event.sentence for event in p.told(Notice)))
ada.wait_for(MessageShown, 8)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ada.say("there is space again")
ada.wait_until(lambda p: p.told(MessageShown)[-1].message.text == "there is space again")
states = {event.message.key: (event.message.text, event.delivery) for event in ada.told(MessageShown) if event.message.own}
for event in ada.told(DeliveryChanged):
    states[event.key] = (states[event.key][0], event.delivery)
print(json.dumps([(text[:8], delivery.value) for text, delivery in states.values()]), flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_full_disk_is_said_and_nothing_shown_as_queued_is_lost(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    bob = people("Bob")
    bob.wait_for(Entered)
    command = [sys.executable, "-c", FULL, str(tmp_path), broker.url(), tmp_path.name]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "full\n"
    for number in range(7):
        bob.say(f"his {number} " + "long " * 2000)
    bob.wait_for(MessageShown, 8)
    child.stdin.write("go on\n")
    child.stdin.flush()
    states = json.loads(child.stdout.readline())
    child.wait(10)
    for stream in (child.stdin, child.stdout):
        stream.close()
    failed = {text for text, delivery in states if delivery == "failed"}
    kept = {text for text, delivery in states if delivery != "failed"}
    assert failed
    assert {"before", "there is"} <= kept
    ada = people("Ada")
    bob.wait_until(lambda p: {message.text[:8] for message in p.others()} == kept, 30)

    def seen() -> set[str]:
        shown = [event.message for event in ada.told(MessageShown)]
        return {message.text[:8] for message in [*shown, *(message for page in ada.told(Page) for message, _ in page.messages)]}

    expected = kept | {f"his {number} long"[:8] for number in range(7)}
    ada.wait_until(lambda _: seen() == expected, 40)
    bob.look()
    assert not any(event.gaps for event in bob.told(GapsChanged))


READ_ONLY = """
import os, sys
from pathlib import Path
from tests.people import *
from chat.events import Entered, JoinRefused
if os.getuid() == 0:
    # Everything is loaded before this process may no longer read where Python lies.
    first = Person(Path(sys.argv[2]), "mqtt://localhost:1", "topic", "Ada")
    first.wait_for(Entered)
    first.close()
    os.setgid(65534)
    os.setuid(65534)
ada = Person(Path(sys.argv[1]), "mqtt://localhost:1", "topic", "Ada")
print(ada.wait_for(JoinRefused)[0].sentence)
"""


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_that_may_only_be_read_is_said(tmp_path: Path, existing: bool) -> None:
    # Below the system's folder for temporary files, so that the child may at least get there when it gives up being root.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if existing:
            keys = room_keys(derive_root(PASSPHRASE, "topic"))
            open_history(folder / "Ada", keys).close()
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", READ_ONLY, str(folder), str(tmp_path)]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700)
    assert "Permission denied" in told
    assert str(folder) in told


TWO = """
import sys
from pathlib import Path
from tests.people import *
from chat.events import *
ada = Person(Path(sys.argv[1]), sys.argv[2], sys.argv[3], "Ada")
print(ada.wait_for(Entered)[0].device, flush=True)
sys.stdin.readline()
ada.say("from the other program")
ada.wait_for(DeliveryChanged)
ada.close()
"""


def test_two_programs_in_one_folder_are_two_devices_that_hear_each_other(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    ada = people("Ada")
    ada.wait_for(Entered)
    command = [sys.executable, "-c", TWO, str(tmp_path), broker.url(), tmp_path.name]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline().strip() != ada.told(Entered)[0].device
    child.communicate("go on\n", 20)
    ada.wait_for_texts(["from the other program"])
    assert not ada.told(Notice)
    assert len(list((tmp_path / "Ada").rglob("device-*.db"))) == 2


def test_two_programs_that_find_one_damaged_file_save_it_once(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    zero_the_header(path)
    code = (
        "import sys; from pathlib import Path; from tests.test_salvage import *\n"
        "try:\n    history, said = salvage(Path(sys.argv[1])); print(said.count('saved'), history._database.path.name, flush=True)\n"
        "    sys.stdin.readline()\n"
        "except StorageError as error:\n    print('Another program is repairing' in str(error))"
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [program.stdout.readline().strip() for program in programs if program.stdout]
    for program in programs:
        program.communicate("\n", 20)
    assert said.count("1 device-1.db") == 1
    assert set(said) <= {"1 device-1.db", "0 device-2.db", "0 device-3.db", "True"}
    assert len(list(path.parent.glob("device-1.db.damaged-*"))) == 1
