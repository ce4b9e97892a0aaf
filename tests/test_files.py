"""Files between members, through a real broker."""

import os
from pathlib import Path

from chat.events import AcceptFile, FileChanged, FileStage, MessageShown, SendFile
from tests.people import People, Person


def offer(sender: Person, path: Path, *receivers: Person) -> str:
    """Offer a file, and wait until these have heard of it."""
    sender.session.post(SendFile(path))
    for person in (sender, *receivers):
        person.wait_until(lambda person: any(event.message.file for event in person.told(MessageShown)))
    return next(event.message.key for event in sender.told(MessageShown) if event.message.file)


def stage(person: Person, key: str) -> FileStage | None:
    told = [event.stage for event in person.told(FileChanged) if event.key == key]
    return told[-1] if told else None


def receive(person: Person, key: str, folder: Path, seconds: float = 30) -> Path:
    person.session.post(AcceptFile(key, folder))
    person.wait_until(lambda person: stage(person, key) is FileStage.SAVED, seconds)
    path = person.told(FileChanged)[-1].path
    assert path is not None
    return path


def test_a_file_arrives_as_it_was_sent(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    source = tmp_path / "notes.bin"
    source.write_bytes(os.urandom(1_000_000))
    key = offer(ada, source, bob)
    path = receive(bob, key, tmp_path / "downloads")
    assert path.name == "notes.bin"
    assert path.read_bytes() == source.read_bytes()
    ada.wait_until(lambda ada: any(event.received == 1 for event in ada.told(FileChanged)))
