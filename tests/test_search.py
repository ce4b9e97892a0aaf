"""Searching: what a query means, that the index finds exactly what is there, and that it survives the end of the program."""

import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.encryption import room_keys
from chat.events import Message, Trust
from chat.history import History, open_history
from chat.index import Index
from chat.protocol.identity import DeviceKey
from chat.protocol.records import NO_RECORD, FileOffer, Record, Text, make_record, reread_record
from chat.search import Query, matches, parse_query, plain, split_terms

KEYS = room_keys(bytes(32))
ADA, BOB = DeviceKey(bytes(32)), DeviceKey(bytes(31) + b"\1")
NOON = 1_750_000_000.0


def message(text: str, name: str = "Ada", seconds: float = NOON) -> Message:
    return Message("key", "aa", name, own=False, text=text, time=seconds, order=(1, "aa", 1), trust=Trust.PINNED)


@pytest.mark.parametrize(
    ("typed", "found", "not_found"),
    [
        ("lunch", "Lunch at one?", "launch"),
        ("lun on", "one for lunch", "a launch at one"),
        ('"at one"', "lunch at one", "one at lunch"),
        ("ÉCOLE", "l’école", "cole"),
        ("straße", "STRASSE", "strand"),
        ("東京", "明日は東京へ行く", "東北"),
        ("👍", "fine 👍", "fine"),
        ("from:ada lunch", "lunch", "dinner"),
        ("a_b", "a b", "a c"),
        ("", "anything", ""),
    ],
)
def test_what_a_query_means(typed: str, found: str, not_found: str) -> None:
    query = parse_query(typed, NOON)
    assert matches(query, message(found))
    assert not not_found or not matches(query, message(not_found))


def test_from_and_since() -> None:
    query = parse_query('from:"Ada L" since:7d', NOON)
    assert query == Query(sender="ada l", since=NOON - 7 * 86_400)
    assert matches(query, message("x", "Ada Lovelace"))
    assert not matches(query, message("x", "Adam"))
    assert not matches(query, message("x", "Ada Lovelace", NOON - 8 * 86_400))
    assert parse_query("since:yesterweek", NOON).since == 0.0


def say(history: History, index: Index, device: DeviceKey, sequence: int, text: str) -> int:
    record = make_record(device, KEYS.room, sequence, NO_RECORD, sequence << 16, Text(text))
    arrival = history.add(record)
    index.add(arrival, record)
    assert arrival
    return arrival


def new_index(history: History) -> Index:
    return Index(history, reread_record)


def find(index: Index, typed: str, *senders: DeviceKey) -> set[int]:
    return set(index.search(parse_query(typed, time.time()), [device.public for device in senders]))


def test_the_index_survives_the_end_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.index.PART_ARRIVALS", 10)
    history = open_history(tmp_path, KEYS)
    index = new_index(history)
    arrivals = [say(history, index, ADA if number % 2 else BOB, number, f"word{number} common") for number in range(1, 36)]
    for _ in range(2):
        assert find(index, "common") == set(arrivals)
        assert find(index, "word7") == {arrivals[6]}
        assert find(index, "word35 comm") == {arrivals[34]}
        assert find(index, "from:a common", ADA) == set(arrivals[::2])
        assert find(index, "from:nobody common") == set()
        index.save()
        history.commit()
        history.close()
        history = open_history(tmp_path, KEYS)
        assert len(history.parts()) == 4
        assert history.loose() == []
        index = new_index(history)
    while index.load():
        pass
    assert index.complete
    assert find(index, "word7") == {arrivals[6]}


def test_words_that_were_not_saved_are_taken_up_again(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    index = new_index(history)
    first = say(history, index, ADA, 1, "saved in time")
    index.save()
    second = say(history, index, ADA, 2, "not saved in time")
    history.commit()
    history.close()
    history = open_history(tmp_path, KEYS)
    assert history.loose() == [second]
    index = new_index(history)
    assert find(index, "time") == {first, second}
    assert say(history, index, BOB, 1, "time goes on") == 3
    index.save()
    assert len(history.parts()) == 1
    assert history.loose() == []
    assert find(index, "time") == {1, 2, 3}
    history.close()


def test_a_file_is_found_by_its_name(tmp_path: Path) -> None:
    history = open_history(tmp_path, KEYS)
    index = new_index(history)
    offered = FileOffer("Holiday_2026 (Åland).JPG", 5, "image/jpeg", 1024, bytes(32), bytes(32))
    record = make_record(ADA, KEYS.room, 1, NO_RECORD, 1 << 16, offered)
    arrival = history.add(record)
    index.add(arrival, record)
    for typed in ("holiday", "2026 aland", "jpg", "from:ada åland"):
        assert find(index, typed, ADA) == {arrival}
    assert find(index, "lake") == set()
    history.commit()
    assert history.loose() == [arrival]
    history.close()


def test_words_of_what_was_deleted_are_gone_from_the_disk_and_the_others_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.index.PART_ARRIVALS", 10)
    history = open_history(tmp_path, KEYS)
    index = new_index(history)
    arrivals = [say(history, index, ADA, number, f"word{number}") for number in range(1, 26)]
    history.commit()
    assert history.drop_before(15 << 16, 100)[0] == 14
    history.commit()
    history.close()
    history = open_history(tmp_path, KEYS)
    index = new_index(history)
    assert len(history.parts()) == 0
    assert history.loose() == arrivals[14:]
    assert find(index, "word14") == set()
    assert find(index, "word15") == {arrivals[14]}
    assert say(history, index, ADA, 26, "word26") == 26
    history.close()


WORDS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_the_index_finds_whatever_matches(texts: list[str], typed: str) -> None:
    query = parse_query(typed, NOON)
    records: list[Record] = []
    index = Index(_Nothing(), reread_record)  # type: ignore[arg-type]
    for number, text in enumerate(texts, 1):
        if text:
            records.append(make_record(ADA, KEYS.room, number, NO_RECORD, number, Text(text)))
            index.add(number, records[-1])
    if not query.words:
        return
    found = set(index.search(query, []))
    matching = {record.sequence for record in records if isinstance(record.body, Text) and matches(query, message(record.body.text))}
    assert matching <= found
    if not query.phrases and not query.sender and not query.since:
        assert matching == found
    index.close()


class _Nothing:
    """A history that holds no words."""

    def loose(self) -> list[int]:
        return []

    def parts(self) -> list[int]:
        return []


@given(WORDS)
def test_terms_are_single_words_for_the_index_too(text: str) -> None:
    for term in split_terms(plain(text)):
        assert term
        assert not set(term) & set(string.whitespace + string.punctuation)
