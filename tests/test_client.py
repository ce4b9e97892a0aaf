"""The desktop application through a real broker, driven by the keyboard."""

import threading
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chat.config import load_settings
from chat.events import Delivery, Link, Reconnect
from chat.window.shortcuts import SHORTCUTS
from chat.window.standing import put
from chat.window.theme import DARK
from chat.words import speak
from tests.brokers import Mosquitto, free_port, wait_until
from tests.people import PASSPHRASE, People, Person
from tests.windows import Open, Window

pytestmark = pytest.mark.usefixtures("screen")


def look_at_both(first: Window, second: Window, condition: Callable[[], object]) -> None:
    def pump() -> None:
        first.look()
        second.look()

    wait_until(condition, 20, pump)


def test_two_windows_talk(open_window: Open) -> None:
    ada, bob = open_window("a"), open_window("b")
    ada.log_in("Ada")
    bob.log_in("Bob")
    ada.wait(lambda: ada.members() == {"Ada": True, "Bob": True})
    bob.wait(lambda: bob.members() == {"Ada": True, "Bob": True})
    ada.focus(ada.client.view.composer.text)  # type: ignore[union-attr]
    ada.type("good morning, Bob\n")
    look_at_both(ada, bob, lambda: bob.texts() == ["good morning, Bob"])
    bob.focus(bob.client.view.composer.text)  # type: ignore[union-attr]
    bob.type("and to you\n")
    look_at_both(ada, bob, lambda: ada.texts() == ["good morning, Bob", "and to you"])
    own = next(row for row in ada.client.view.transcript.rows if row.message)  # type: ignore[union-attr]
    ada.wait(lambda: own.delivery is Delivery.AT_BROKER)
    assert own.message is not None
    assert (own.message.name, own.message.own) == ("Ada", True)
    assert "test_two_windows_talk" in ada.client.root.title()


def test_another_passphrase_reads_nothing_and_disturbs_nothing(open_window: Open, broker: Mosquitto, tmp_path: Path) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    eve = Person(tmp_path, broker.url(), tmp_path.name, "Eve", passphrase="entirely other words here")
    bob = Person(tmp_path, broker.url(), tmp_path.name, "Bob")
    ada.wait(lambda: ada.members() == {"Ada": True, "Bob": True})
    eve.wait_for_online()
    eve.say("intrusion")
    ada.type("private\n")
    bob.wait_for_texts(["private"])
    eve.look()
    assert eve.others() == []
    ada.wait(lambda: ada.texts() == ["private"])
    eve.close()
    bob.close()


def test_wrong_entries_are_refused_at_their_field(open_window: Open) -> None:
    window = open_window("a")
    login = window.client.login
    assert login is not None
    window.focus(login.username.entry)
    window.press("<Return>")
    window.wait(lambda: "name that the others" in login.username.complaint)
    window.type("Ada")
    assert login.username.complaint == ""
    window.press("<Tab>")
    window.type("1234\n")
    window.wait(lambda: "too easy to guess" in login.passphrase.complaint)
    login.place_form.fields["topic"].set("a/+")
    window.press("<Return>")
    window.wait(lambda: "can’t contain + or #" in login.place_form.fields["topic"].complaint)
    assert login.place_form.winfo_ismapped()
    login.place_form.fields["topic"].set("fine")
    login.place_form.fields["ca_file"].set("/no/such/file")
    window.press("<Return>")
    window.wait(lambda: "There is no file" in login.place_form.fields["ca_file"].complaint)
    assert window.client.view is None


def test_the_key_is_derived_while_the_window_lives(open_window: Open) -> None:
    window = open_window("a")
    login = window.client.login
    assert login is not None
    window.focus(login.username.entry)
    window.type("Ada\t" + "violet cactus dreams sideways\n")
    window.wait(lambda: "Making the key" in str(login._progress["text"]))
    assert login.username.entry["state"] == "disabled"
    frames = 0

    def count() -> None:
        nonlocal frames
        frames += 1
        window.client.root.after(10, count)

    count()
    window.wait(lambda: window.client.view is not None)
    assert frames > 5


def test_joining_can_be_cancelled(open_window: Open) -> None:
    window = open_window("a")
    login = window.client.login
    assert login is not None
    window.focus(login.username.entry)
    window.type("Ada\t" + "violet cactus dreams sideways\n")
    window.wait(lambda: "Making the key" in str(login._progress["text"]))
    window.button("Cancel").invoke()
    window.wait(lambda: login.username.entry["state"] == "normal")
    window.wait(lambda: not any(thread.name == "session" for thread in threading.enumerate()))
    assert window.client.view is None
    login.submit()
    window.wait(lambda: window.client.view is not None)


def test_settings_move_a_live_window(open_window: Open, broker: Mosquitto, start_broker: Callable[..., Mosquitto], tmp_path: Path) -> None:
    other = start_broker()
    ada = open_window("a")
    ada.log_in("Ada")
    bob = Person(tmp_path, broker.url(), tmp_path.name, "Bob")
    cleo = Person(tmp_path, other.url(), "elsewhere", "Cleo")
    ada.wait(lambda: ada.members() == {"Ada": True, "Bob": True})
    ada.press("<Control-comma>")
    dialog = ada.client.dialog
    assert dialog is not None
    fields = dialog.place_form.fields
    fields["broker"].set("gopher://x")
    dialog.submit()
    ada.wait(lambda: "gopher" in fields["broker"].complaint)
    fields["broker"].set(other.url())
    fields["topic"].set("elsewhere")
    dialog.submit()
    ada.wait(lambda: ada.members() == {"Ada": True, "Cleo": True})
    bob.wait_for_online()
    assert not dialog.winfo_exists()
    assert f"You left {tmp_path.name}." in ada.notices()
    assert "You are in elsewhere" in ada.notices()
    ada.focus(ada.client.view.composer.text)  # type: ignore[union-attr]
    ada.type("here now\n")
    cleo.wait_for_texts(["here now"])
    saved = load_settings(tmp_path / "a" / "settings.toml")
    assert (saved.broker, saved.topic, saved.username) == (other.url(), "elsewhere", "Ada")
    bob.close()
    cleo.close()


def test_the_broker_is_killed_and_comes_back(open_window: Open, start_broker: Callable[..., Mosquitto], tmp_path: Path) -> None:
    broker = start_broker()
    ada = open_window("a", url=broker.url())
    ada.log_in("Ada")
    bob = Person(tmp_path, broker.url(), tmp_path.name, "Bob")
    ada.wait(lambda: ada.members() == {"Ada": True, "Bob": True})
    broker.kill()
    bob.wait_for_link(Link.WAITING)
    ada.wait(lambda: "Retry in" in ada.link())
    view = ada.client.view
    assert view is not None
    assert view.banner.sentence
    ada.wait(lambda: not ada.members()["Bob"])
    ada.type("typed meanwhile\n")
    ada.wait(lambda: ada.texts() == ["typed meanwhile"])
    broker.start()
    # Bob first: a killed broker has forgotten who was subscribed.
    bob.session.post(Reconnect())
    bob.wait_for_link(Link.CONNECTED)
    ada.button("Try now").invoke()
    ada.wait(lambda: ada.link() == "●  Connected")
    assert view.banner.sentence == ""
    bob.wait_for_texts(["typed meanwhile"])
    bob.close()


def test_hosting_a_room_when_the_broker_can_t_be_reached(open_window: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port = free_port()
    monkeypatch.setattr("chat.hosting.PORTS", (port,))
    ada = open_window("a", url="mqtt://localhost:1")
    login = ada.client.login
    assert login is not None
    ada.focus(login.username.entry)
    ada.type("Ada\t" + "violet cactus dreams sideways\n")
    ada.wait(lambda: ada.client.view is not None and "Retry" in ada.link())
    ada.button("Host a room on this computer").invoke()
    ada.wait(lambda: ada.link() == "●  Connected")
    assert f":{port}" in ada.notices()
    bob = Person(tmp_path, f"mqtt://localhost:{port}", tmp_path.name, "Bob")
    ada.wait(lambda: ada.members() == {"Ada": True, "Bob": True})
    bob.close()


def test_fast_typing_waits_and_nothing_typed_is_lost(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    view = ada.client.view
    assert view is not None
    for number in range(29):
        view.composer.restore(f"line {number}")
        view.composer.submit()
    ada.wait(lambda: view.composer.content() == "line 28")
    assert len(ada.texts()) == 28
    deliveries = [row.delivery for row in view.transcript.rows if row.message]
    assert deliveries.count(Delivery.WAITING) >= 19


def test_closing_ends_every_thread_within_two_seconds(open_window: Open) -> None:
    before = set(threading.enumerate())
    for url in ("", "mqtt://localhost:1"):
        ada = open_window("a", url=url, name="Ada")
        login = ada.client.login
        assert login is not None
        ada.focus(login.passphrase.entry)
        ada.type("violet cactus dreams sideways\n")
        ada.wait(lambda ada=ada: ada.client.view is not None and "Connecting" not in ada.link())  # type: ignore[misc]
        started = time.monotonic()
        ada.client.close()
        ada.wait(lambda ada=ada: ada.gone, 2)  # type: ignore[misc]
        wait_until(lambda: set(threading.enumerate()) <= before, 2 - (time.monotonic() - started))


def test_the_look_changes_while_one_talks(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    ada.type("before\n")
    ada.wait(lambda: ada.texts() == ["before"])
    ada.type("half a sentence")
    ada.client._change_look(replace(ada.client.settings, theme="dark"))
    ada.look()
    view = ada.client.view
    assert view is not None
    assert ada.texts() == ["before"]
    assert view.composer.content() == "half a sentence"
    assert str(view.transcript["bg"]) == "#101113"
    assert ada.link() == "●  Connected"
    ada.focus(view.composer.text)
    ada.type(" is finished\n")
    ada.wait(lambda: ada.texts() == ["before", "half a sentence is finished"])


def test_the_language_changes_while_one_talks(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    ada.type("hej\n")
    ada.wait(lambda: ada.texts() == ["hej"])
    before = ada.client.settings
    ada.client.open_settings()
    assert ada.client.dialog is not None
    ada.client.dialog.show("Appearance")
    try:
        ada.focus(ada.button("Svenska"))
        ada.press("<Return>")
        ada.wait(lambda: ada.link() == "●  Ansluten")
        view = ada.client.view
        assert view is not None
        assert ada.texts() == ["hej"]
        ada.wait(lambda: str(view.header._people["text"]) == "1 medlem, 1 online")
        assert load_settings(ada.client._places.settings) == replace(before, language="sv")
        ada.client.open_settings()
        assert ada.client.dialog.title() == "Inställningar"
        ada.client.dialog.show("Appearance")
        ada.focus(ada.button("English"))
        ada.press("<Return>")
        ada.wait(lambda: ada.link() == "●  Connected")
    finally:
        speak("system")


def test_larger_and_smaller(open_window: Open) -> None:
    ada = open_window("a")
    login = ada.client.login
    assert login is not None
    ada.focus(login.username.entry)
    ada.type("Ada")
    ada.press("<Control-plus>")
    assert ada.client.settings.scale == 110
    assert ada.client.login is not login
    assert ada.client.login is not None
    assert ada.client.login.username.value == "Ada"
    ada.focus(ada.client.login.passphrase.entry)
    ada.type(f"{PASSPHRASE}\n")
    ada.wait(lambda: ada.client.view is not None)
    height = ada.client.view.composer.winfo_reqheight()  # type: ignore[union-attr]
    ada.press("<Control-minus>")
    ada.press("<Control-minus>")
    assert load_settings(ada.client._places.settings).scale == 90
    assert ada.client.view.composer.winfo_reqheight() < height  # type: ignore[union-attr]
    for _ in range(20):
        ada.press("<Control-equal>")
    assert ada.client.settings.scale == 300
    ada.press("<Control-Key-0>")
    assert ada.client.settings.scale == 0
    assert ada.client.theme.px(100) == 100


def test_the_window_stands_where_it_stood(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    ada.client.root.geometry("900x600+120+80")
    ada.wait(lambda: ada.client.root.winfo_width() == 900)
    ada.client.close()
    ada.wait(lambda: ada.gone)
    again = open_window("a")
    again.client.settings = load_settings(again.client._places.settings)
    assert again.client.settings.window.startswith("900x600+")
    again.log_in("Ada")
    again.wait(lambda: (again.client.root.winfo_width(), again.client.root.winfo_height()) == (900, 600))


@pytest.mark.parametrize(("place", "expected"), [
    ("900x600+99999+99999", (900, 600)), ("900x600+-5000+-5000", (900, 600)), ("99999x99999+0+0", None), ("", (700, 500)),
])  # fmt: skip
def test_the_window_stays_on_the_screens_that_are_there(open_window: Open, place: str, expected: tuple[int, int] | None) -> None:
    root = open_window("a").client.root
    screen = root.winfo_screenwidth(), root.winfo_screenheight()
    put(root, place, (700, 500))
    wait_until(lambda: (root.winfo_width(), root.winfo_height()) == (expected or screen), pump=root.update)
    assert 0 <= root.winfo_x() <= screen[0] - root.winfo_width()
    assert 0 <= root.winfo_y() <= screen[1] - root.winfo_height()


def test_the_desktop_becomes_dark(open_window: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    ada.client.settings = replace(ada.client.settings, theme="system")
    monkeypatch.setattr("chat.client.palette_for", lambda _: DARK)
    ada.client._look_at = 0.0
    ada.client.root.event_generate("<FocusIn>")
    ada.wait(lambda: ada.client.theme.palette is DARK)
    assert str(ada.client.view.transcript["bg"]) == DARK.chat  # type: ignore[union-attr]


def test_the_sheet_of_keys(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    ada.press("<F1>")
    sheet = ada.client._sheet
    assert sheet is not None
    ada.wait(sheet.winfo_ismapped)
    for _, keys in (SHORTCUTS[0], SHORTCUTS[1]):
        for _, key, words in keys:
            assert bound(ada.client.root, key), words
    ada.focus(sheet)
    ada.press("<Escape>")
    assert not sheet.winfo_exists()


def bound(widget: tk.Misc, key: str) -> bool:
    return bool(widget.bind(key)) or any(bound(child, key) for child in widget.winfo_children())


def test_commands_are_typed(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    rooms = ada.client.rooms
    assert rooms is not None

    def do(line: str) -> str:
        assert ada.client.rooms is not None
        composer = ada.client.rooms.view.composer
        ada.focus(composer.text)
        composer.text.insert("1.0", line)
        ada.look()
        composer.submit()
        ada.look()
        composer = ada.client.rooms.view.composer
        assert bool(composer.content()) == bool(composer._words["text"])
        composer.text.delete("1.0", "end")
        return str(composer._words["text"])

    assert do("/join climbing") == ""
    assert rooms.dialog is not None
    assert rooms.dialog.place_form.fields["topic"].value == "climbing"
    rooms.dialog.passphrase.set("glacier mitten harbour sunset oak")
    rooms.dialog.submit()
    ada.wait(lambda: len(rooms.listed) == 2)
    first, second = (room.room for room in rooms.listed)
    for line, room in (("/rooms 1", first), ("/rooms CLI", second), ("/rooms 1", first)):
        assert do(line) == ""
        assert rooms.current == room
    assert "nowhere" in do("/rooms nowhere")
    assert do("/mute") == ""
    ada.wait(lambda: rooms.listed[0].muted)
    assert do("/unmute") == ""
    ada.wait(lambda: not rooms.listed[0].muted)
    rooms.view.toggle_members()
    for _time in range(2):
        assert do("/who") == ""
        assert rooms.view.members.winfo_ismapped()
    assert "/leave" in do("/leave the keys with me")
    assert "nowhere" not in do("/rooms " + "9" * 5000)
    assert do("/search rope") == ""
    assert rooms.view.search.entry.get() == "rope"
    assert do("/settings") == ""
    assert ada.client.dialog is not None
    ada.client.dialog.destroy()
    assert do("/help") == ""
    assert ada.client._sheet is not None
    ada.client._sheet.destroy()
    assert "light" in do("/theme pink")
    assert "Did you mean /leave?" in do("/laeve")
    assert do("/theme Dark") == ""
    assert ada.client.settings.theme == "dark"
    assert do("/rooms 2") == ""
    assert do("/leave") == ""
    ada.wait(lambda: len(ada.client.rooms.listed) == 1)  # type: ignore[union-attr]


def test_a_room_by_its_place(open_window: Open) -> None:
    ada = open_window("a")
    ada.log_in("Ada")
    rooms = ada.client.rooms
    assert rooms is not None
    ada.press("<Control-j>")
    dialog = rooms.dialog
    assert dialog is not None
    dialog.place_form.fields["topic"].set("climbing")
    dialog.passphrase.set("glacier mitten harbour sunset oak")
    dialog.submit()
    ada.wait(lambda: len(rooms.listed) == 2)
    for number in (1, 2, 1):
        ada.focus(ada.client.view.composer.text)  # type: ignore[union-attr]
        ada.press(f"<Alt-Key-{number}>")
        assert rooms.current == rooms.listed[number - 1].room
    ada.press("<Alt-Key-7>")
    assert rooms.current == rooms.listed[0].room


def test_a_room_beside_the_first(open_window: Open, people: People) -> None:
    dan = people("Dan", topic="climbing", passphrase="glacier mitten harbour sunset oak")
    bob = people("Bob")
    ada = open_window("a")
    ada.log_in("Ada")
    assert ada.client.rooms is not None
    rooms = ada.client.rooms
    first = rooms.current
    ada.press("<Control-j>")
    dialog = rooms.dialog
    assert dialog is not None
    dialog.place_form.fields["topic"].set("climbing")
    dialog.passphrase.set("1234")
    dialog.submit()
    ada.wait(lambda: "too easy to guess" in dialog.passphrase.complaint)
    dialog.passphrase.set("glacier mitten harbour sunset oak")
    dialog.submit()
    ada.wait(lambda: rooms.current != first and ada.members() == {"Ada": True, "Dan": True})
    assert ada.client.root.title().startswith("climbing")
    assert ada.client.view is not None
    ada.focus(ada.client.view.composer.text)
    ada.type("on belay\n")
    dan.wait_for_texts(["on belay"])
    bob.say("dinner?")
    ada.wait(lambda: [room.unread for room in rooms.listed] == [1, 0])
    ada.wait(lambda: ada.client.root.title().startswith("(1) climbing"))
    ada.press("<Control-Prior>")
    ada.wait(lambda: ada.texts() == ["dinner?"])
    assert ada.client.view is not None
    ada.focus(ada.client.view.composer.text)
    ada.wait(lambda: [room.unread for room in rooms.listed] == [0, 0])
    ada.client._change_look(replace(ada.client.settings, theme="dark"))
    rooms = ada.client.rooms
    assert ada.texts() == ["dinner?"]
    ada.press("<Control-Next>")
    ada.wait(lambda: ada.texts() == ["on belay"])
    rooms.leave(rooms.current)
    ada.wait(lambda: rooms.current == first and len(rooms.listed) == 1)
    assert "You left climbing." in ada.notices()


def test_history_is_kept_or_deleted_as_the_settings_say(open_window: Open, people: People) -> None:
    bob, ada = people("Bob"), open_window("a")
    ada.log_in("Ada")
    ada.type("remember this\n")
    bob.wait_for_texts(["remember this"])
    ada.press("<Control-comma>")
    dialog = ada.client.dialog
    assert dialog is not None
    dialog.show("Privacy")
    ada.look()
    ada.button("30 days").event_generate("<Button-1>")
    rooms = ada.client.rooms
    assert rooms is not None
    assert rooms.entered[rooms.login].keep_days == 30
    ada.button("Delete…").event_generate("<Button-1>")
    ada.look()
    assert ada.texts() == ["remember this"]
    ada.button("Really delete all of it").event_generate("<Button-1>")
    ada.wait(lambda: ada.client.login is not None)
    assert ada.client.login is not None
    assert "Deleted here" in str(ada.client.login._advice["text"])
    assert ada.client.view is None
    ada.log_in("Ada")
    ada.wait(lambda: ada.texts() == ["remember this"], 30)
