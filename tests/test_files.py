"""Files between members, through a real broker."""

import os
import random
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from chat.encryption import derive_root, room_keys
from chat.events import (
    AcceptFile,
    DeclineFile,
    Deleted,
    DeleteData,
    File,
    FileChanged,
    FileRefused,
    FileStage,
    LimitFiles,
    MessageShown,
    PauseFile,
    ResumeFile,
    Retract,
    SendFile,
)
from chat.history import open_history
from chat.protocol.chunks import ChunkCipher
from chat.protocol.limits import CHUNK_BYTES
from chat.protocol.merkle import Tree, leaf_hash
from chat.protocol.records import FileOffer, read_record
from tests.brokers import Mosquitto, wait_until
from tests.company import MemberProcess
from tests.people import PASSPHRASE, People, Person
from tests.proxy import Proxy


def made(path: Path, size: int) -> Path:
    path.write_bytes(random.Random(size).randbytes(size))
    return path


def offer(sender: Person, path: Path, *receivers: Person) -> str:
    """Offer a file, and wait until these have heard of it. Gives its key."""
    before = len(offers(sender))
    sender.session.post(SendFile(path))
    sender.wait_until(lambda sender: len(offers(sender)) > before, 60)
    key = offers(sender)[-1]
    for person in receivers:
        person.wait_until(lambda person: key in offers(person))
    return key


def offers(person: Person) -> list[str]:
    return [event.message.key for event in person.told(MessageShown) if event.message.file]


def state(person: Person, key: str) -> FileChanged | None:
    return next((event for event in reversed(person.told(FileChanged)) if event.key == key), None)


def wait_for_stage(person: Person, key: str, stage: FileStage, seconds: float = 60) -> FileChanged:
    person.wait_until(lambda person: (now := state(person, key)) is not None and now.stage is stage, seconds)
    now = state(person, key)
    assert now is not None
    return now


def wait_for_part(person: Person, key: str, size: int) -> None:
    person.wait_until(lambda person: (now := state(person, key)) is not None and now.done >= size)


def wait_for_takers(person: Person, key: str, count: int) -> None:
    """Wait until so many have an own file, and nobody else wants it."""
    person.wait_until(lambda person: (now := state(person, key)) is not None and now.received == now.takers == count)


def receive(person: Person, key: str, folder: Path, seconds: float = 60) -> Path:
    person.session.post(AcceptFile(key, folder))
    path = wait_for_stage(person, key, FileStage.SAVED, seconds).path
    assert path is not None
    return path


@pytest.fixture
def proxy(broker: Mosquitto) -> Iterator[Callable[[], Proxy]]:
    """A link of its own to the broker."""
    made: list[Proxy] = []

    def make() -> Proxy:
        made.append(Proxy(broker.ports["mqtt"]))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_files_arrive_as_they_were_sent(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    for size in (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3_000_000):
        source = made(tmp_path / f"notes {size}.bin", size)
        key = offer(ada, source, bob)
        told = next(event.message.file for event in bob.told(MessageShown) if event.message.key == key)
        assert told == File(source.name, size, "application/octet-stream")
        path = receive(bob, key, tmp_path / "downloads")
        assert path == tmp_path / "downloads" / source.name
        assert path.read_bytes() == source.read_bytes()
        wait_for_takers(ada, key, 1)
    assert list((tmp_path / "Bob" / "files").rglob("*.*")) == []


def test_a_hundred_megabytes_while_people_talk(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    source = made(tmp_path / "large.bin", 100_000_000)
    key = offer(ada, source, bob)
    bob.session.post(AcceptFile(key, tmp_path / "downloads"))
    wait_for_part(bob, key, 10_000_000)
    ada.say("still here")
    bob.wait_until(lambda bob: "still here" in [message.text for message in bob.others()])
    now = state(bob, key)
    assert now is not None
    assert now.stage is FileStage.RECEIVING
    path = wait_for_stage(bob, key, FileStage.SAVED).path
    assert path is not None
    assert path.read_bytes() == source.read_bytes()


def test_nothing_comes_that_was_not_asked_for(people: People, proxy: Callable[[], Proxy], tmp_path: Path) -> None:
    link = proxy()
    ada, bob, cora = people("Ada"), people("Bob"), people("Cora", url=link.url)
    ada.wait_for_online("Bob", "Cora")
    key = offer(ada, made(tmp_path / "f", 5_000_000), bob, cora)
    before = link.passed
    receive(bob, key, tmp_path / "bob")
    assert link.passed - before < 200_000


def test_three_receive_one_upload_though_one_is_slow(people: People, proxy: Callable[[], Proxy], tmp_path: Path) -> None:
    up, slow = proxy(), proxy()
    ada, dan = people("Ada", url=up.url), people("Dan", url=slow.url)
    bob, cora = people("Bob"), people("Cora")
    ada.wait_for_online("Bob", "Cora", "Dan")
    source = made(tmp_path / "f", 8_000_000)
    key = offer(ada, source, bob, cora, dan)
    slow.slow(2_000_000)
    before = up.passed
    for person in (bob, cora, dan):
        person.session.post(AcceptFile(key, tmp_path / person.name / "downloads"))
    for person in (bob, cora):
        wait_for_stage(person, key, FileStage.SAVED)
    slow.restore()
    wait_for_stage(dan, key, FileStage.SAVED)
    for person in (bob, cora, dan):
        assert (tmp_path / person.name / "downloads" / "f").read_bytes() == source.read_bytes()
    wait_for_takers(ada, key, 3)
    assert up.passed - before < 1.5 * 8_000_000


def test_the_others_go_on_when_the_sender_is_gone(people: People, tmp_path: Path) -> None:
    ada, bob, cora = people("Ada"), people("Bob"), people("Cora")
    ada.wait_for_online("Bob", "Cora")
    source = made(tmp_path / "f", 6_000_000)
    key = offer(ada, source, bob, cora)
    receive(bob, key, tmp_path / "bob")
    ada.close()
    path = receive(cora, key, tmp_path / "cora")
    assert path.read_bytes() == source.read_bytes()


def test_cut_at_random_points_on_either_side(people: People, proxy: Callable[[], Proxy], tmp_path: Path) -> None:
    links = [proxy(), proxy()]
    ada, bob = (people(name, url=link.url) for name, link in zip(("Ada", "Bob"), links, strict=True))
    ada.wait_for_online("Bob")
    source = made(tmp_path / "f", 10_000_000)
    key = offer(ada, source, bob)
    for link in links:
        link.slow(40_000_000)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    chance = random.Random(7)
    for at in sorted(chance.sample(range(200_000, 9_000_000), 25)):
        wait_for_part(bob, key, at)
        link = chance.choice(links)
        link.cut()
        link.restore()
        link.slow(40_000_000)
    path = wait_for_stage(bob, key, FileStage.SAVED).path
    assert path is not None
    assert path.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("who", ["Ada", "Bob"])
def test_a_transfer_goes_on_after_a_kill(broker: Mosquitto, tmp_path: Path, who: str) -> None:
    ada, bob = (MemberProcess(tmp_path, tmp_path.name, name, broker.ports["mqtt"]) for name in ("Ada", "Bob"))
    try:
        for member in (ada, bob):
            member.wait_for_connection()
        source = made(tmp_path / "f", 20_000_000)
        ada.command("share", str(source))
        ada.wait_for(lambda: ada.files)
        key = next(iter(ada.files))
        # Each with a key that the other does not know would be another test.
        bob.wait_for(lambda: key in bob._heard)
        bob.command("accept", key, str(tmp_path / "downloads"))
        bob.wait_for(lambda: key in bob.files and bob.files[key].done > 4_000_000)
        killed = ada if who == "Ada" else bob
        killed.kill()
        there = bob.files[key].done
        passed = bob.link.passed
        killed.start({})
        bob.wait_for(lambda: bob.files[key].stage == "saved")
        assert Path(bob.files[key].path).read_bytes() == source.read_bytes()
        if who == "Bob":
            # Nothing that had come was sent again, but what was under way.
            assert bob.link.passed - passed < 20_000_000 - there + 27_000_000
    finally:
        ada.close()
        bob.close()


def test_who_was_away_can_still_ask(people: People, tmp_path: Path) -> None:
    ada = people("Ada")
    ada.wait_for_online()
    source = made(tmp_path / "f", 500_000)
    key = offer(ada, source)
    ada.close()
    bob = people("Bob")
    bob.wait_for_online()
    again = people("Ada")
    again.wait_for_online("Bob")
    bob.wait_until(lambda bob: key in offers(bob))
    assert receive(bob, key, tmp_path / "bob").read_bytes() == source.read_bytes()


def test_pausing_cancelling_and_going_on(people: People, proxy: Callable[[], Proxy], tmp_path: Path) -> None:
    link = proxy()
    ada, bob = people("Ada", url=link.url), people("Bob")
    ada.wait_for_online("Bob")
    source = made(tmp_path / "f", 10_000_000)
    key = offer(ada, source, bob)
    link.slow(10_000_000)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    wait_for_part(bob, key, 500_000)
    bob.session.post(PauseFile(key))
    done = wait_for_stage(bob, key, FileStage.PAUSED).done
    assert done < 10_000_000
    bob.session.post(ResumeFile(key))
    wait_for_part(bob, key, done + 500_000)
    bob.session.post(DeclineFile(key))
    wait_for_stage(bob, key, FileStage.DECLINED)
    wait_until(lambda: list((tmp_path / "Bob" / "files").rglob("*.*")) == [])
    link.restore()
    assert receive(bob, key, tmp_path / "bob").read_bytes() == source.read_bytes()


def test_what_arrived_goes_with_the_rooms_data(people: People, proxy: Callable[[], Proxy], tmp_path: Path) -> None:
    link = proxy()
    ada, bob = people("Ada", url=link.url), people("Bob")
    ada.wait_for_online("Bob")
    key = offer(ada, made(tmp_path / "f", 10_000_000), bob)
    link.slow(10_000_000)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    wait_for_part(bob, key, 500_000)
    assert list((tmp_path / "Bob" / "files").rglob("*.part"))
    bob.session.post(DeleteData())
    bob.wait_for(Deleted)
    wait_until(lambda: list((tmp_path / "Bob" / "files").rglob("*.*")) == [])
    link.restore()


def test_an_offer_that_is_taken_back_is_sent_to_nobody(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    key = offer(ada, made(tmp_path / "f", 500_000), bob)
    ada.session.post(Retract(key))
    wait_for_stage(ada, key, FileStage.DECLINED)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    wait_for_stage(bob, key, FileStage.WAITING)


def test_a_file_that_changes_is_not_sent_on(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    source = made(tmp_path / "f", 500_000)
    key = offer(ada, source, bob)
    made(source, 400_000)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    assert "changed" in wait_for_stage(ada, key, FileStage.FAILED).sentence
    assert not (tmp_path / "bob").exists()


def test_what_is_no_file_is_refused(people: People, tmp_path: Path) -> None:
    ada = people("Ada")
    ada.wait_for_online()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nothing", tmp_path, tmp_path / "pipe"):
        ada.session.post(SendFile(path))
    ada.wait_for(FileRefused, 3)
    assert [event.path for event in ada.told(FileRefused)] == [tmp_path / "nothing", tmp_path, tmp_path / "pipe"]
    assert offers(ada) == []


def test_on_the_broker_of_others_files_are_small_and_slow(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.session.post(LimitFiles(True))
    ada.session.post(SendFile(made(tmp_path / "large", 25_000_001)))
    assert "25 MB" in ada.wait_for(FileRefused)[0].sentence
    key = offer(ada, made(tmp_path / "f", 1_000_000), bob)
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    wait_for_part(bob, key, 1)
    now = state(bob, key)
    assert now is not None
    assert now.stage is FileStage.RECEIVING
    ada.session.post(LimitFiles(False))
    wait_for_stage(bob, key, FileStage.SAVED)


def test_a_full_disk_pauses_a_file_until_there_is_room(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    source = made(tmp_path / "f", 300_000)
    key = offer(ada, source, bob)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 0))
        bob.session.post(AcceptFile(key, tmp_path / "bob"))
        assert "no room" in wait_for_stage(bob, key, FileStage.PAUSED).sentence
    bob.session.post(ResumeFile(key))
    path = wait_for_stage(bob, key, FileStage.SAVED).path
    assert path is not None
    assert path.read_bytes() == source.read_bytes()


def test_a_broker_that_drops_half_of_it_only_makes_it_slower(
    start_broker: Callable[..., Mosquitto], people: People, tmp_path: Path
) -> None:
    # What does not fit into such a queue, this broker forgets without a word.
    narrow = start_broker(extra="max_queued_messages 10\nmax_inflight_messages 2\n")
    link = Proxy(narrow.ports["mqtt"])
    ada, bob = people("Ada", url=narrow.url()), people("Bob", url=link.url)
    ada.wait_for_online("Bob")
    source = made(tmp_path / "f", 4_000_000)
    key = offer(ada, source, bob)
    link.slow(4_000_000)
    path = receive(bob, key, tmp_path / "bob")
    assert path.read_bytes() == source.read_bytes()
    for person in (ada, bob):
        person.close()
    link.close()


class Forger:
    """Somebody who knows the passphrase and publishes chunks of his own making."""

    def __init__(self, broker: Mosquitto, victim: Person, key: str) -> None:
        keys = room_keys(derive_root(PASSPHRASE, victim.topic))
        self.topic = f"{victim.topic}/{keys.tag}/f/{key}"
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.connect("localhost", broker.ports["mqtt"])
        self.client.loop_start()

    def publish(self, token: bytes) -> None:
        self.client.publish(self.topic, token, 1).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def _offer_record(person: Person, folder: Path, key: str) -> FileOffer:
    """The offer with its key, as a member knows it."""
    keys = room_keys(derive_root(PASSPHRASE, person.topic))
    history = open_history(folder / person.name, keys)
    try:
        for packet in history.before(None, 10):
            record = read_record(packet, keys.room)
            if record.key == key and isinstance(record.body, FileOffer):
                return record.body
    finally:
        history.close()
    raise AssertionError("no such offer")


def test_forged_chunks_change_nothing(broker: Mosquitto, people: People, tmp_path: Path) -> None:
    ada, bob, cora = people("Ada"), people("Bob"), people("Cora")
    ada.wait_for_online("Bob", "Cora")
    source = made(tmp_path / "f", 10 * CHUNK_BYTES + 100)
    key = offer(ada, source, bob, cora)
    cora.close()
    body = _offer_record(cora, tmp_path, key)
    ada.close()
    bob.session.post(AcceptFile(key, tmp_path / "bob"))
    wait_for_stage(bob, key, FileStage.WAITING)
    cipher, forger = ChunkCipher(body, bytes.fromhex(key)), Forger(broker, bob, key)
    data = [source.read_bytes()[start : start + CHUNK_BYTES] for start in range(0, 10 * CHUNK_BYTES + 100, CHUNK_BYTES)]
    tree = Tree.of([leaf_hash(chunk) for chunk in data])
    other = Tree.of([leaf_hash(chunk[::-1]) for chunk in data])
    good = cipher.seal(3, tree.proof(3), data[3])
    forger.publish(secrets.token_bytes(5000))
    forger.publish(good[:-1] + bytes([good[-1] ^ 1]))
    forger.publish(ChunkCipher(body, bytes(16)).seal(4, tree.proof(4), data[4]))
    forger.publish(cipher.seal(4, tree.proof(5), data[5]))
    forger.publish(cipher.seal(5, tree.proof(4), data[4]))
    forger.publish(cipher.seal(4, other.proof(4), data[4][::-1]))
    forger.publish(cipher.seal(4, tree.proof(4), data[4] + b"more"))
    forger.publish(cipher.seal(11, tree.proof(4), data[4]))
    for _ in range(3):
        forger.publish(good)
    wait_for_part(bob, key, 1)
    now = state(bob, key)
    assert now is not None
    assert now.done == CHUNK_BYTES
    for _ in range(40):
        forger.publish(cipher.seal(4, other.proof(4), data[4][::-1]))
    assert "not the file" in wait_for_stage(bob, key, FileStage.FAILED).sentence
    forger.close()
    again = people("Ada")
    again.wait_for_online("Bob")
    assert receive(bob, key, tmp_path / "bob").read_bytes() == source.read_bytes()


def test_names_from_others_stay_in_the_folder(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    source = made(tmp_path / "\u202egnp.exe", 100)
    for expected in ("gnp.exe", "gnp (2).exe"):
        key = offer(ada, source, bob)
        assert receive(bob, key, tmp_path / "bob").name == expected
