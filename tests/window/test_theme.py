"""Colours, measures, and what the desktop wants."""

import os
import tkinter as tk
from pathlib import Path

import pytest

from chat.window.theme import AVATARS, DARK, LIGHT, Palette, display_scale, hue, initials, palette_for
from tests.window.conftest import Bench


def contrast(first: str, second: str) -> float:
    """WCAG 2, section 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_every_text_can_be_read(palette: Palette) -> None:
    p = palette
    pairs = [
        (p.text, p.background), (p.text2, p.background), (p.text3, p.background), (p.text, p.side), (p.text2, p.side), (p.text3, p.side),
        (p.text, p.other), (p.other_meta, p.other), (p.own_text, p.own), (p.own_meta, p.own), (p.pill_text, p.pill), (p.text, p.field),
        (p.ok_text, p.ok_background), (p.warning, p.warning_background), (p.error, p.error_background), (p.warning, p.other),
        (p.on_accent, p.accent), (p.link, p.background), (p.error, p.chat), (p.text2, p.chat), (p.text, p.warning_background),
        (p.text, p.selection), (p.on_accent, p.muted), (p.text2, p.other), *((name, p.other) for name in p.names),
    ]  # fmt: skip
    assert [(pair, round(contrast(*pair), 2)) for pair in pairs if contrast(*pair) < 4.5] == []


def test_a_text_is_shortened_to_a_width(bench: Bench) -> None:
    theme = bench.theme
    assert theme.shorten("short", "body", 200) == "short"
    shown = theme.shorten("a long text " * 100, "body", 200)
    assert shown.endswith("…")
    assert theme.width(shown, "body") <= 200


def test_a_device_keeps_its_colour() -> None:
    assert hue("ab" * 32) == hue("ab" * 32)
    assert {hue(str(number)) for number in range(200)} == set(range(len(AVATARS)))


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada Lovelace", "AL"), ("bob", "B"), ("x_y.z", "XY"), ("", "?"), ("!!", "?"), ("李 明", "李明")]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def program(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_the_look_follows_the_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert palette_for("system") is LIGHT
    program(tmp_path, "gsettings", "prefer-dark")
    assert palette_for("system") is DARK
    assert palette_for("light") is LIGHT
    assert palette_for("dark") is DARK


@pytest.mark.parametrize(
    ("density", "scale"), [("96", 1.0), ("192", 2.0), ("120", 1.25), ("9999", 3.0), ("10", 1.0), ("nan", 1.0), ("?", 1.0)]
)
def test_the_scale_follows_the_desktop(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, density: str, scale: float) -> None:
    for name in ("MQTT_CHAT_SCALE", "GDK_SCALE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    program(tmp_path, "xrdb", f"Xft.dpi: {density}")
    assert isinstance(bench.root, tk.Tk)
    assert display_scale(bench.root) == scale
    monkeypatch.setenv("MQTT_CHAT_SCALE", "1.5")
    assert display_scale(bench.root) == 1.5
