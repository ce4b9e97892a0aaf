"""A real window for one test, and what the tests of its widgets put into it."""

import tkinter as tk
from collections.abc import Callable, Iterator

import pytest

from chat.window.font_files import FINDER, Fonts
from chat.window.paint import Paint
from chat.window.theme import LIGHT, Theme
from tests.brokers import wait_until


class Bench:
    """A root window with its theme. Whatever fails in a callback fails the test."""

    def __init__(self) -> None:
        self.failures: list[object] = []
        self.root = tk.Tk()
        self.root.report_callback_exception = lambda *failure: self.failures.append(failure)
        self.root.geometry("760x700+0+0")
        self.theme = Theme(self.root, LIGHT, 1.0)
        self.paint = Paint(self.theme)

    def look(self) -> None:
        self.root.update()

    def wait(self, condition: Callable[[], object]) -> None:
        wait_until(condition, 10, self.root.update)

    def press(self, widget: tk.Misc, *keys: str) -> None:
        widget.focus_force()
        self.root.update()
        for key in keys:
            widget.event_generate(key)
            self.root.update()


@pytest.fixture
def bench(screen: str) -> Iterator[Bench]:
    assert screen
    bench = Bench()
    yield bench
    bench.root.update()
    bench.root.destroy()
    assert bench.failures == []


@pytest.fixture(scope="session")
def fonts() -> Fonts:
    """The fonts for letters that Tk can't draw, read."""
    found = FINDER.wait()
    assert found is not None
    for face in set(found.best.values()):
        assert FINDER.has_read(face, 10)
    return found
