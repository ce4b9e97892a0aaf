"""One line of any text as a widget: what a Label can't show, emoji and writing that Tk does not draw, are pictures in it."""

import tkinter as tk

from chat.text import clean_line
from chat.window.lines import one_line
from chat.window.operations import draw_line
from chat.window.paint import Paint
from chat.window.theme import FontName, Theme


class LineLabel(tk.Canvas):
    """As wide as its text, which is shortened to the width that it is given."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, font: FontName, ink: str, behind: str) -> None:
        super().__init__(parent, bd=0, highlightthickness=0, bg=behind, width=1, height=theme.heights[font])
        self._theme, self._paint, self._font, self._ink, self._behind = theme, paint, font, ink, behind
        self.text = ""
        """What is shown, whole."""
        self._most = 0
        paint.draw_again(self, self._draw)

    def show(self, text: str, most: int) -> None:
        """Another text, at most `most` pixels wide."""
        if (text, most) != (self.text, self._most):
            self.text, self._most = text, most
            self._draw()

    def _draw(self) -> None:
        theme, height = self._theme, self._theme.heights[self._font]
        line = one_line(clean_line(self.text), self._most, self._font, theme, self._paint, self._behind, height - theme.px(1))
        self.delete("all")
        self.configure(width=max(line.width, 1))
        draw_line(self, line, 0, 0, height, self._font, self._ink, theme, self._paint, "line")
