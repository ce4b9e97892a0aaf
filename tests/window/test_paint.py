"""The pictures that widgets are drawn with."""

import tkinter as tk

import pytest

from chat.window import paint as paint_module
from chat.window.paint import Paint
from tests.window.conftest import Bench


def test_the_same_picture_is_drawn_once(bench: Bench) -> None:
    assert bench.paint.icon("lock", 14, "#000000", "#FFFFFF") is bench.paint.icon("lock", 14, "#000000", "#FFFFFF")


def test_what_a_widget_shows_outlives_any_number_of_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_module, "KEPT_PIXELS", 20_000)
    label = tk.Label(bench.root, image=bench.paint.icon("settings", 20, "#000000", "#FFFFFF"))
    label.pack()
    unused = str(bench.paint.icon("lock", 20, "#000000", "#FFFFFF"))
    for width in range(20, 120):
        bench.paint.rectangle(width, 20, 4, "#FF0000", "#FFFFFF")
    bench.look()
    names = bench.root.tk.splitlist(bench.root.tk.call("image", "names"))
    assert str(label["image"]) in names
    assert unused not in names
    assert len(names) < 40


def test_without_an_emoji_font_a_box_is_drawn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_module, "_emoji_font", lambda: None)
    paint = Paint(bench.theme)
    assert paint.emoji("😀", 18, "#FFFFFF").width() == 18


def test_a_border_and_a_corner_have_the_colours_asked_for(bench: Bench) -> None:
    box = bench.paint.rectangle(40, 30, 8, "#00FF00", "#FFFFFF", "#0000FF")
    seen = [bench.root.tk.call(str(box), "get", *place) for place in ((0, 0), (20, 15), (20, 0))]
    assert seen == [(255, 255, 255), (0, 255, 0), (0, 0, 255)]
