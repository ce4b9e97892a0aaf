"""The settings dialog by keyboard and mouse."""

import tkinter as tk
from typing import Any

import pytest

from chat.config import Settings
from chat.window.controls import Button
from chat.window.settings import SettingsDialog, SettingsWishes
from chat.window.switch import Switch
from tests.window.conftest import Bench


@pytest.fixture
def asked() -> list[tuple[Any, ...]]:
    return []


@pytest.fixture
def dialog(bench: Bench, asked: list[tuple[Any, ...]]) -> SettingsDialog:
    def note(name: str) -> Any:
        return lambda *what: asked.append((name, *what))

    wishes = SettingsWishes(**{name: note(name) for name in SettingsWishes.__dataclass_fields__})
    made = SettingsDialog(bench.root, bench.theme, bench.paint, Settings(typing=False), None, wishes)
    bench.wait(made.winfo_ismapped)
    return made


def find(parent: tk.Misc, kind: type[Any]) -> list[Any]:
    return [found for child in parent.winfo_children() for found in ([child] if isinstance(child, kind) else find(child, kind))]


def test_switches(bench: Bench, dialog: SettingsDialog, asked: list[tuple[Any, ...]]) -> None:
    dialog.show("Notifications")
    bench.look()
    first, second, third = find(dialog._parts["Notifications"], Switch)
    bench.press(first, "<space>", "<Return>", "<space>")
    second.event_generate("<Button-1>")
    assert asked == [("change", "notify", False), ("change", "notify", True), ("change", "notify", False), ("change", "previews", False)]
    assert (first.on, second.on, third.on) == (False, False, True)
    assert str(first["image"]) != str(third["image"])
    assert [switch.on for switch in find(dialog._parts["Privacy"], Switch)] == [False]


def test_sections_by_keyboard(bench: Bench, dialog: SettingsDialog) -> None:
    for section, tab in dialog._tabs.items():
        bench.press(tab, "<Return>")
        shown = [name for name, part in dialog._parts.items() if part.winfo_ismapped()]
        assert shown == [section]
        assert dialog._heading["text"] == tab.words


def test_everything_has_room(bench: Bench, dialog: SettingsDialog) -> None:
    for section, part in dialog._parts.items():
        dialog.show(section)
        bench.look()
        for child in find(part, tk.Label):
            if child.winfo_ismapped():
                assert child.winfo_rootx() + child.winfo_width() <= dialog.winfo_rootx() + dialog.winfo_width()
                assert child.winfo_rooty() + child.winfo_height() <= dialog.winfo_rooty() + dialog.winfo_height()


def test_a_size_is_chosen(bench: Bench, dialog: SettingsDialog, asked: list[tuple[Any, ...]]) -> None:
    dialog.show("Appearance")
    bench.look()
    next(button for button in find(dialog, Button) if button["text"] == "150 %").invoke()
    ((name, settings),) = asked
    assert (name, settings.scale) == ("change_look", 150)
    assert not dialog.winfo_exists()


def test_deleting_asks_first(bench: Bench, dialog: SettingsDialog, asked: list[tuple[Any, ...]]) -> None:
    dialog.show("Privacy")
    bench.look()
    dialog._delete_button.invoke()
    assert asked == []
    dialog._delete_button.invoke()
    assert asked == [("delete",)]
