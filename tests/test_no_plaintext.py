"""After a real conversation nothing of it can be read on any of the disks, neither while the programs run nor afterwards."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.database import damage_mark
from chat.events import Edit, Message, MessageChanged, MessageShown, Notice, React, Retract, Say
from tests.brokers import PASSWORD, Mosquitto
from tests.people import PASSPHRASE, Person

NAMES = ("Ada Lovelace", "Barnaby Babbage", "Cleopatra")
TOPIC = "gardeners of Babylon"
SAID = ("the combination is seventeen", "Königsberg at daybreak, bring gloves", "крокодил купается", "unsent whispers")
REPLY, EDITED, RETRACTED = "certainly, treasurer", "rather nineteen, sorry", "forgotten blunder"
EMOJI = "👩🏽‍🌾"


def words() -> Iterator[str]:
    """Everything that no file may hold: what was said, by whom, where, and under which secrets."""
    for text in (*SAID, REPLY, EDITED, RETRACTED, *NAMES, TOPIC, PASSPHRASE):
        yield text
        yield from (word for word in re.findall(r"\w+", text) if len(word) >= 5)
    yield EMOJI
    # Not its words: "password" is in the file as the name of what is kept there.
    yield PASSWORD


def forms(word: str) -> set[bytes]:
    """How a word may be written: in three encodings, each plain, in hex and in base64, wherever in a group of three bytes it begins."""
    found: set[bytes] = set()
    for written in {word, word.lower(), word.upper(), word.casefold()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            plain = written.encode(encoding)
            found |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
            found |= set(_in_base64(plain))
    # Anything shorter is in some token by chance.
    assert min(map(len, found)) >= 5
    return found


def _in_base64(plain: bytes) -> Iterator[bytes]:
    for before in range(3):
        # The letters that other bytes take part in are left out.
        bits = 8 * (before + len(plain))
        letters = slice(-(-8 * before // 6), bits // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + plain + bytes(2))[letters]


def found_in(folder: Path) -> list[tuple[str, str]]:
    """The words that are in any file or file name, and where."""
    files = [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    assert sum(len(content) for _, content in files) > 50_000
    named = [(path, path.name.encode()) for path in folder.glob("*/*/**/*")]
    return [(word, path.name) for word in words() for form in forms(word) for path, content in [*files, *named] if form in content]


def message_of(person: Person, text: str) -> Message:
    person.wait_until(lambda p: any(event.message.text == text for event in p.told(MessageShown)))
    return next(event.message for event in person.told(MessageShown) if event.message.text == text)


def converse(broker: Mosquitto, folder: Path) -> list[Person]:
    """Three people who do everything that a conversation has; each has a folder below `folder`."""
    url = broker.url("password")
    here = [Person(folder / str(number), url, TOPIC, name, password=PASSWORD) for number, name in enumerate(NAMES)]
    ada, bob, cleo = here
    for person in here:
        person.wait_until(lambda p: {name for name, member in p.members().items() if member.online} == set(NAMES))
    for person, text in zip((ada, bob, cleo), SAID, strict=False):
        person.say(text)
    first = message_of(bob, SAID[0])
    bob.session.post(Say(REPLY, first.key))
    cleo.session.post(React(message_of(cleo, SAID[0]).key, EMOJI))
    message_of(ada, SAID[0])
    ada.session.post(Edit(first.key, EDITED))
    cleo.say(RETRACTED)
    slip = message_of(cleo, RETRACTED)
    cleo.session.post(Retract(slip.key))
    for person in here:
        person.wait_until(lambda p: any(event.message.key == slip.key and event.message.retracted for event in p.told(MessageChanged)))
        person.wait_until(lambda p: any(event.message.text == EDITED and event.message.reactions for event in p.told(MessageChanged)))
        message_of(person, REPLY)
    return here


@pytest.mark.parametrize("form", ["seventeen", "SEVENTEEN".encode("utf-16-le"), b"seventeen".hex(), base64.b64encode(b"x seventeen")])
def test_the_search_finds_what_is_written_in_any_form(tmp_path: Path, form: str | bytes) -> None:
    (tmp_path / "file").write_bytes(bytes(60_000) + (form.encode() if isinstance(form, str) else form) + b"!")
    assert ("seventeen", "file") in found_in(tmp_path)


def test_nothing_that_was_said_can_be_read_on_disk(broker: Mosquitto, tmp_path: Path) -> None:
    here = converse(broker, tmp_path / "data")
    ada = here[0]
    assert [path.name for path in (tmp_path / "data").rglob("*-wal")] == ["device-1.db-wal"] * 3
    assert found_in(tmp_path / "data") == []
    ada.join("mqtt://localhost:1", TOPIC)
    ada.say(SAID[3])
    message_of(ada, SAID[3])
    assert found_in(tmp_path / "data") == []
    for person in here:
        person.close()
    assert found_in(tmp_path / "data") == []


def test_what_is_salvaged_and_what_is_kept_aside_can_t_be_read_either(broker: Mosquitto, tmp_path: Path) -> None:
    for person in converse(broker, tmp_path / "data"):
        person.close()
    (path,) = (tmp_path / "data" / "0").rglob("device-1.db")
    damage_mark(path).touch()
    again = Person(tmp_path / "data" / "0", "mqtt://localhost:1", TOPIC, NAMES[0])
    assert "messages were saved" in again.wait_for(Notice)[0].sentence
    assert found_in(tmp_path / "data") == []
    again.close()
    assert found_in(tmp_path / "data") == []
