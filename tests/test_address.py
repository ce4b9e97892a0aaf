"""Broker addresses and topics: what is understood, and what is refused with which field."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.address import TOPIC_BYTES, normalise_topic, parse_broker
from chat.errors import EntryError


@pytest.mark.parametrize(
    ("typed", "place", "user"),
    [
        ("mqtts://broker.example.org", "mqtts://broker.example.org:8883", ""),
        ("broker.example.org", "mqtts://broker.example.org:8883", ""),
        (" mqtt://Broker:1884/ ", "mqtt://broker:1884", ""),
        ("ws://host/mqtt", "ws://host:80/mqtt", ""),
        ("wss://ada%40home@host", "wss://host:443", "ada@home"),
        ("mqtt://[::1]:1883", "mqtt://[::1]:1883", ""),
        ("mqtt://192.168.0.7", "mqtt://192.168.0.7:1883", ""),
    ],
)
def test_what_is_understood(typed: str, place: str, user: str) -> None:
    address = parse_broker(typed)
    assert (address.place, address.user) == (place, user)
    assert parse_broker(address.place).place == place


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type the broker"),
        ("http://host", "http"),
        ("mqtt://", "no host name"),
        ("mqtt://ho st", "can’t be a host name"),
        ("mqtt://host:99999", "not an address"),
        ("mqtt://host:0", "1 to 65535"),
        ("mqtt://ada:secret@host", "password out of the address"),
        ("mqtt://host/topic", "topic has a field"),
        ("mqtts://host?x=1", "Leave out"),
        ("mqtt://[::1", "not an address"),
    ],
)
def test_what_is_refused(typed: str, words: str) -> None:
    with pytest.raises(EntryError, match=words) as refused:
        parse_broker(typed)
    assert refused.value.field == "broker"
    assert "secret" not in str(refused.value)


@given(typed=st.text(max_size=60))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        address = parse_broker(typed)
    except EntryError:
        return
    assert address.host
    assert 1 <= address.port <= 65535


def test_files_that_are_not_there_are_refused_at_their_field(tmp_path: Path) -> None:
    missing, there = tmp_path / "missing.pem", tmp_path / "there.pem"
    there.write_text("")
    for field, files in {
        "ca_file": {"ca_file": missing},
        "certificate": {"certificate": missing},
        "key_file": {"key_file": missing},
    }.items():
        with pytest.raises(EntryError) as refused:
            parse_broker("mqtts://host", **files)
        assert refused.value.field == field
    with pytest.raises(EntryError) as refused:
        parse_broker("mqtts://host", key_file=there)
    assert refused.value.field == "certificate"


@pytest.mark.parametrize(
    ("typed", "normal"), [(" /family/ ", "family"), ("a/b c", "a/b c"), ("Cafe\u0301", "Café"), ("å" * 100, "å" * 100)]
)
def test_topics(typed: str, normal: str) -> None:
    assert normalise_topic(typed) == normal


@pytest.mark.parametrize("typed", ["", "/", "a/+", "#", "$SYS/x", "a\x00b", "a\nb", "å" * 101, "a\ud800", "a\u0378"])
def test_topics_that_are_refused(typed: str) -> None:
    with pytest.raises(EntryError) as refused:
        normalise_topic(typed)
    assert refused.value.field == "topic"


@given(typed=st.text(max_size=80))
def test_normalising_a_topic_twice_changes_nothing(typed: str) -> None:
    try:
        topic = normalise_topic(typed)
    except EntryError:
        return
    assert normalise_topic(topic) == topic
    assert 0 < len(topic.encode()) <= TOPIC_BYTES
