"""Who is told of what, and when: never too often, never from a muted room, and never more than may be shown."""

import html
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chat.alerts import BELL_SECONDS, LONGEST_NAME, LONGEST_TEXT, MOST, ROOM_SECONDS, SKEW_SECONDS, Alerts
from chat.config import Settings
from chat.desktop import _plain
from chat.events import Message, Trust
from tests.window.samples import message

TOPICS = {"home": "family", "work": "ops/incidents"}
ALL = Settings()


def said(text: str = "hello", name: str = "Bob", *, own: bool = False, time: float = 0.0, trust: Trust = Trust.PINNED) -> Message:
    return structs.replace(message(1, text, own=own, time=time, trust=trust), name=name)


def test_one_message_is_told_with_its_name_and_first_line() -> None:
    alerts = Alerts()
    alerts.heard("work", said("\n  the broker\nis back"), 0.0)
    (alert,) = alerts.take(TOPICS, ALL, 5.0)
    assert (alert.room, alert.title, alert.name, alert.text, alert.bell) == ("work", "ops/incidents", "Bob", "the broker", True)
    assert not alerts.waiting


def test_what_follows_is_told_together() -> None:
    alerts = Alerts()
    alerts.heard("home", said("first"), 0.0)
    assert [alert.text for alert in alerts.take(TOPICS, ALL, 0.0)] == ["first"]
    for number in range(5):
        alerts.heard("home", said(f"line {number}"), 0.0)
        assert alerts.take(TOPICS, ALL, 0.1 * number) == []
    (alert,) = alerts.take(TOPICS, ALL, ROOM_SECONDS)
    assert (alert.title, alert.name, alert.text) == ("family", "", "5 new messages")


def test_own_deleted_and_old_messages_are_not_told() -> None:
    alerts = Alerts()
    alerts.heard("home", said(own=True), 0.0)
    alerts.heard("home", structs.replace(said(), retracted=True), 0.0)
    alerts.heard("home", said(time=1000.0), 1000.0 + SKEW_SECONDS + 1)
    assert not alerts.waiting
    alerts.heard("home", said(time=1000.0), 1000.0 + SKEW_SECONDS - 1)
    assert len(alerts.take(TOPICS, ALL, 0.0)) == 1


def test_a_room_that_may_not_be_told_of_is_not_told_of_later_either() -> None:
    alerts = Alerts()
    alerts.heard("muted", said("@Ada"), 0.0)
    assert alerts.take(TOPICS, ALL, 0.0) == []
    assert alerts.take({**TOPICS, "muted": "loud"}, ALL, 9.0) == []


def test_nothing_is_told_when_that_is_switched_off() -> None:
    alerts = Alerts()
    alerts.heard("home", said(), 0.0)
    assert alerts.take(TOPICS, replace(ALL, notify=False), 0.0) == []
    assert alerts.take(TOPICS, ALL, 9.0) == []


def test_without_previews_there_are_no_names_and_no_words() -> None:
    alerts = Alerts()
    for count, words in ((1, "New message"), (3, "3 new messages")):
        for _ in range(count):
            alerts.heard("home", said("a secret"), 0.0)
        (alert,) = alerts.take(TOPICS, replace(ALL, previews=False), 10.0 * count)
        assert (alert.title, alert.name, alert.text) == ("Encrypted MQTT Chat", "", words)


def test_a_message_without_text_is_only_counted() -> None:
    alerts = Alerts()
    alerts.heard("home", structs.replace(said(), text="", newer=True), 0.0)
    assert [(alert.name, alert.text) for alert in alerts.take(TOPICS, ALL, 0.0)] == [("", "New message")]


def test_a_name_with_another_key_is_marked() -> None:
    alerts = Alerts()
    alerts.heard("home", said(trust=Trust.CHANGED), 0.0)
    assert [alert.name for alert in alerts.take(TOPICS, ALL, 0.0)] == ["Bob (not the key first seen)"]


@pytest.mark.parametrize(
    "text", ["\x00\x1b[31m", "\u202egnp.exe\u2066", "x" * 256_000, "\n" * 10_000, "\ud83d alone", "z" + "\u0310" * 9000]
)
def test_any_text_becomes_one_clean_short_line(text: str) -> None:
    alerts = Alerts()
    alerts.heard("home", said(f"a{text}", name=text), 0.0)
    (alert,) = alerts.take({"home": text}, ALL, 0.0)
    shown = alert.title + alert.name + alert.text
    assert not set(shown) & set("\0\x1b\n\u202e\u2066\ud83d")
    assert len(shown) <= 2 * LONGEST_NAME + LONGEST_TEXT


@given(st.text())
def test_no_text_is_markup_on_the_desktop(text: str) -> None:
    shown = _plain(text)
    assert "<" not in shown
    assert html.unescape(shown.replace("&amp;", "\1")).replace("\1", "&") == text.replace("\1", "&")


STEPS = st.lists(st.tuples(st.floats(0.0, 2.0), st.sampled_from(["home", "work", "muted", ""])), max_size=60)


@given(STEPS, st.booleans())
def test_neither_bell_nor_room_is_heard_too_often_and_nothing_is_lost(steps: list[tuple[float, str]], sound: bool) -> None:
    alerts, settings = Alerts(), replace(ALL, sound=sound)
    now, heard, told = 0.0, dict.fromkeys(TOPICS, 0), dict.fromkeys(TOPICS, 0)
    bells: list[float] = []
    shown: dict[str, list[float]] = {room: [] for room in TOPICS}
    for wait, room in [*steps, (10.0, "")]:
        now += wait
        if room:
            alerts.heard(room, said(), 0.0)
            heard[room] = heard.get(room, 0) + 1
        for alert in alerts.take(TOPICS, settings, now):
            shown[alert.room].append(now)
            told[alert.room] += int(alert.text.split()[0]) if "new messages" in alert.text else 1
            bells += [now] if alert.bell else []
    assert told == {room: heard[room] for room in TOPICS}
    assert not bells or sound
    assert all(later - earlier >= BELL_SECONDS - 1e-9 for earlier, later in itertools.pairwise(bells))
    for times in shown.values():
        assert all(later - earlier >= ROOM_SECONDS - 1e-9 for earlier, later in itertools.pairwise(times))


def test_a_flood_is_counted_to_a_limit() -> None:
    alerts = Alerts()
    for _ in range(3 * MOST):
        alerts.heard("home", said(), 0.0)
    assert [alert.text for alert in alerts.take(TOPICS, ALL, 0.0)] == [f"{MOST} new messages"]
