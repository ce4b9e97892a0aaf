"""The dialog that joins another room, by keyboard."""

import tkinter as tk
from dataclasses import replace

import pytest

from chat.config import Settings
from chat.window.join_dialog import JoinDialog, JoinWishes
from chat.window.place_form import Place
from tests.window.conftest import Bench

SETTINGS = Settings(broker="mqtts://mqtt.example.org", topic="family", username="ada")
SUGGESTED = "correct horse battery staple"


class Asked:
    """What the dialog asked for."""

    def __init__(self) -> None:
        self.joined: list[tuple[str, str, Place]] = []
        self.cancelled = 0
        self.rated: list[str] = []
        self.wishes = JoinWishes(self._join, self._cancel, lambda: SUGGESTED, self._rate)

    def _join(self, username: str, passphrase: str, place: Place) -> None:
        self.joined.append((username, passphrase, place))

    def _cancel(self) -> None:
        self.cancelled += 1

    def _rate(self, passphrase: str) -> str:
        self.rated.append(passphrase)
        return "" if len(passphrase) > 8 else "Weak."


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def dialog(bench: Bench, asked: Asked) -> JoinDialog:
    return opened(bench, asked, SETTINGS)


def opened(bench: Bench, asked: Asked, settings: Settings) -> JoinDialog:
    made = JoinDialog(bench.root, bench.theme, bench.paint, settings, asked.wishes)
    bench.look()
    return made


def fill(dialog: JoinDialog) -> None:
    dialog.place_form.fields["topic"].set(" garden/ ")
    dialog.passphrase.set(SUGGESTED)


def focused(dialog: JoinDialog) -> tk.Misc | None:
    """What has the focus as soon as the dialog has it, which without a window manager nobody gives it."""
    return dialog.focus_lastfor()


def test_everything_but_topic_and_passphrase_is_filled_in(dialog: JoinDialog) -> None:
    fields = dialog.place_form.fields
    assert (fields["broker"].value, fields["topic"].value) == (SETTINGS.broker, "")
    assert (dialog.username.value, dialog.passphrase.value) == ("ada", "")
    assert focused(dialog) is fields["topic"].entry


def test_return_in_any_entry_joins(bench: Bench, dialog: JoinDialog, asked: Asked) -> None:
    fill(dialog)
    dialog.unfold()
    entries = [field.entry for field in (dialog.username, dialog.passphrase, *dialog.place_form.fields.values())]
    for number, entry in enumerate(entries, 1):
        bench.press(entry, "<Return>")
        assert len(asked.joined) == number
    username, passphrase, place = asked.joined[0]
    assert (username, passphrase) == ("ada", SUGGESTED)
    assert (place.topic, place.broker.place) == ("garden", "mqtts://mqtt.example.org:8883")
    assert place.settings == replace(SETTINGS, topic="garden")
    assert place.password is None


def test_what_is_wrong_is_said_at_its_field(bench: Bench, dialog: JoinDialog, asked: Asked) -> None:
    bench.press(dialog.username.entry, "<Return>")
    topic = dialog.place_form.fields["topic"]
    assert "topic" in topic.complaint
    assert focused(dialog) is topic.entry
    assert asked.joined == []
    fill(dialog)
    bench.press(dialog.passphrase.entry, "<Return>")
    assert topic.complaint == ""
    assert len(asked.joined) == 1


def test_a_refusal_is_shown_at_its_field(bench: Bench, dialog: JoinDialog) -> None:
    fill(dialog)
    dialog.submit()
    dialog.busy("Making the key…")
    dialog.refuse("passphrase", "Too short.")
    bench.look()
    assert dialog.passphrase.complaint == "Too short."
    assert focused(dialog) is dialog.passphrase.entry
    assert dialog.passphrase.entry["state"] == "normal"


def test_a_refusal_of_no_field_is_shown_above_the_buttons_until_the_next_try(bench: Bench, dialog: JoinDialog) -> None:
    fill(dialog)
    dialog.refuse("passphrase", "Too short.")
    dialog.refuse("", "The broker did not answer.")
    bench.look()
    assert dialog._error.winfo_ismapped()
    dialog.submit()
    bench.look()
    assert not dialog._error.winfo_ismapped()
    assert dialog.passphrase.complaint == ""


def test_certificates_fold_away_until_they_are_needed(bench: Bench, dialog: JoinDialog) -> None:
    field = dialog.place_form.fields["ca_file"]
    low, wide = dialog.winfo_height(), dialog.winfo_width()
    assert not field.winfo_ismapped()
    dialog.refuse("ca_file", "There is no such file.")
    bench.wait(lambda: field.winfo_ismapped() and dialog.winfo_height() > low)
    assert dialog.winfo_width() == wide
    assert focused(dialog) is field.entry


def test_certificates_that_are_used_show(bench: Bench, asked: Asked) -> None:
    dialog = opened(bench, asked, replace(SETTINGS, ca_file="/ca.pem"))
    assert dialog.place_form.fields["ca_file"].winfo_ismapped()
    assert not dialog._more.winfo_ismapped()


def test_while_busy_nothing_can_be_changed_or_sent_twice(bench: Bench, dialog: JoinDialog, asked: Asked) -> None:
    fill(dialog)
    dialog.busy("Making the key…")
    bench.press(dialog.passphrase.entry, "<a>", "<Return>")
    dialog.button.invoke()
    dialog._suggest_button.invoke()
    assert asked.joined == []
    assert (dialog.passphrase.value, dialog.passphrase.complaint) == (SUGGESTED, "")
    assert str(dialog.button["takefocus"]) == "0"
    assert dialog._progress["text"] == "Making the key…"
    dialog.busy("")
    dialog.button.invoke()
    assert len(asked.joined) == 1


def test_escape_stops_first_and_closes_then(bench: Bench, dialog: JoinDialog, asked: Asked) -> None:
    fill(dialog)
    dialog.busy("Making the key…")
    bench.press(dialog, "<Escape>")
    assert asked.cancelled == 1
    assert dialog.winfo_exists()
    assert dialog.passphrase.value == SUGGESTED
    bench.press(dialog.passphrase.entry, "<Escape>")
    assert asked.cancelled == 1
    assert not dialog.winfo_exists()


@pytest.mark.parametrize("busy", [True, False])
def test_closing_the_window_stops_joining(bench: Bench, dialog: JoinDialog, asked: Asked, busy: bool) -> None:
    if busy:
        dialog.busy("Making the key…")
    bench.root.tk.call(*bench.root.tk.splitlist(dialog.protocol("WM_DELETE_WINDOW")))
    assert not dialog.winfo_exists()
    assert asked.cancelled == int(busy)


def test_accepted_closes(dialog: JoinDialog) -> None:
    dialog.accepted()
    assert not dialog.winfo_exists()


def test_a_suggested_passphrase_can_be_read(dialog: JoinDialog) -> None:
    dialog._suggest_button.invoke()
    assert dialog.passphrase.value == SUGGESTED
    assert dialog.passphrase.entry["show"] == ""
    assert "in person" in dialog.passphrase.complaint


def test_a_weak_passphrase_is_rated_after_a_pause_in_typing(bench: Bench, dialog: JoinDialog, asked: Asked) -> None:
    entry = dialog.passphrase.entry
    for key in "ab":
        bench.press(entry, f"<KeyPress-{key}>", f"<KeyRelease-{key}>")
    bench.wait(lambda: dialog.passphrase.complaint == "Weak.")
    assert asked.rated == ["ab"]


def test_advice_does_not_hide_a_refusal(bench: Bench, dialog: JoinDialog) -> None:
    bench.press(dialog.passphrase.entry, "<KeyPress-a>", "<KeyRelease-a>")
    dialog.refuse("passphrase", "Too short.")
    bench.wait(lambda: dialog._rating_timer == "")
    assert dialog.passphrase.complaint == "Too short."


def test_closing_ends_the_timer(bench: Bench, dialog: JoinDialog) -> None:
    for _ in range(2):
        bench.press(dialog.passphrase.entry, "<KeyPress-a>", "<KeyRelease-a>")
    dialog.destroy()
    bench.look()
    assert bench.root.tk.call("after", "info") == ""


def test_tab_goes_through_everything_in_order(bench: Bench, dialog: JoinDialog) -> None:
    fields = dialog.place_form.fields
    entries = [fields["broker"], fields["topic"], fields["password"], dialog.passphrase, dialog.username]
    expected: list[tk.Misc] = [field.entry for field in entries]
    expected.insert(3, dialog._more)
    expected.insert(5, dialog._suggest_button)
    expected.append(dialog.button)
    widget: tk.Misc = fields["broker"].entry
    widget.focus_force()
    bench.look()
    passed: list[tk.Misc] = []
    for _ in range(20):
        if widget in expected and widget not in passed:
            passed.append(widget)
        following = widget.tk_focusNext()
        assert following is not None
        widget = following
    assert passed == expected
