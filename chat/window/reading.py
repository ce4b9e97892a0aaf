"""Reading the conversation with mouse and keyboard: scrolling, selecting, copying, opening what is folded."""

import tkinter as tk
from typing import Final

from chat.text import clean_text
from chat.window.paint import Paint
from chat.window.rows import Row
from chat.window.selection import Selection, offset_at, selected_text
from chat.window.theme import Theme
from chat.window.transcript import DRAWN, Transcript

GLIDE_MS: Final = 10
GLIDE_SHARE: Final = 0.34
"""How much of the way that is left the view moves in one step."""


class Reading:
    """Gives a transcript its bindings, the mark that shows where the view is, and the button that leads to the newest message."""

    def __init__(self, transcript: Transcript, theme: Theme, paint: Paint) -> None:
        self._transcript, self._theme, self._paint = transcript, theme, paint
        self._thumb = tk.Frame(transcript, bg=theme.palette.thumb)
        self.jump = tk.Label(transcript, bd=0, bg=theme.palette.chat, compound="center", font=theme.fonts["small_bold"], cursor="hand2")
        self.jump.bind("<Button-1>", lambda _: transcript.to_end())
        self._left = 0.0
        """Pixels that the view still has to glide."""
        self._timer = ""
        self._pressed: tuple[Row, int] | None = None
        transcript.bind(DRAWN, self._place_marks)
        transcript.bind("<Destroy>", self._stop, add=True)
        self._bind_wheel()
        self._bind_keys()
        transcript.bind("<Button-1>", self._press)
        transcript.bind("<B1-Motion>", self._drag)
        transcript.bind("<ButtonRelease-1>", self._release)
        transcript.bind("<Double-Button-1>", self._select_message)
        for event in ("<Button-3>", "<Button-2>") if transcript.tk.call("tk", "windowingsystem") == "aqua" else ("<Button-3>",):
            transcript.bind(event, self._menu)

    def _bind_wheel(self) -> None:
        line = self._theme.px(60)
        # What lies over the transcript swallows the wheel, so it hands it on.
        for widget in (self._transcript, self._thumb, self.jump):
            widget.bind("<Button-4>", lambda _: self.glide(-line))
            widget.bind("<Button-5>", lambda _: self.glide(line))
            widget.bind("<MouseWheel>", lambda event: self.glide(-event.delta / 120 * line))

    def _bind_keys(self) -> None:
        transcript, line = self._transcript, self._theme.px(40)
        transcript.bind("<Prior>", lambda _: self.page(-1))
        transcript.bind("<Next>", lambda _: self.page(1))
        transcript.bind("<Up>", lambda _: self.glide(-line))
        transcript.bind("<Down>", lambda _: self.glide(line))
        transcript.bind("<Home>", lambda _: transcript.to_start())
        transcript.bind("<End>", lambda _: transcript.to_end())
        transcript.bind("<Return>", lambda _: self._open_lowest())
        for keys in ("<<Copy>>", "<Control-Insert>"):
            transcript.bind(keys, lambda _: self.copy())

    # Scrolling

    def page(self, direction: int) -> str:
        """Move by most of the view's height: down if `direction` is 1, up if it is -1."""
        self._transcript.scroll(direction * self._transcript.view[1] * 17 // 20)
        return "break"

    def glide(self, pixels: float) -> str:
        """Move the view smoothly."""
        self._left += pixels
        if not self._timer:
            self._step()
        return "break"

    def _step(self) -> None:
        self._timer = ""
        part = self._left * GLIDE_SHARE if abs(self._left) > 3 else self._left
        before = self._transcript.offset
        self._transcript.scroll(round(part))
        self._left -= round(part)
        if abs(self._left) < 1 or self._transcript.offset == before:
            self._left = 0.0
        else:
            self._timer = self._transcript.after(GLIDE_MS, self._step)

    def _stop(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self._transcript and self._timer:
            self._transcript.after_cancel(self._timer)
            self._timer = ""

    def _place_marks(self, _event: "tk.Event[tk.Misc]") -> None:
        transcript, palette, px = self._transcript, self._theme.palette, self._theme.px
        width, height = transcript.view
        shown = transcript.visible()
        if len(shown) < len(transcript.rows) and shown:
            length = max(px(36), height * len(shown) // len(transcript.rows))
            way = 1.0 if transcript.pinned else transcript.place_of(shown[0]) / max(1, len(transcript.rows) - len(shown))
            top = px(3) + round((height - px(6) - length) * min(1.0, way))
            self._thumb.place(x=width - px(8), y=top, width=px(5), height=length)
        else:
            self._thumb.place_forget()
        if transcript.pinned:
            self.jump.place_forget()
            return
        if transcript.unseen:
            words = f"{transcript.unseen:,} new ↓"
            size = self._theme.width(words, "small_bold") + px(30)
            picture = self._paint.rectangle(size, px(42), px(21), palette.background, palette.chat, palette.line)
        else:
            words = ""
            picture = self._paint.icon("chevron-down", px(20), palette.text2, palette.chat, px(42), palette.background)
        self.jump.configure(image=picture, text=words, fg=palette.link)
        self.jump.place(x=width - px(18), y=height - px(12), anchor="se")

    # Selecting

    def copy(self) -> str:
        """Put what is selected on the clipboard."""
        transcript = self._transcript
        if transcript.selection is not None:
            parts = ((row, self._shown(row)) for row in transcript.rows if row.message is not None)
            self._to_clipboard(selected_text(transcript.selection, parts))
        return "break"

    def _shown(self, row: Row) -> str:
        if row.message is None:
            return ""
        text = row.message.text
        return clean_text(text, len(text), len(text))[0] if row.expanded else clean_text(text)[0]

    def _point(self, event: "tk.Event[tk.Misc]") -> tuple[Row, int] | None:
        transcript = self._transcript
        found = transcript.row_at(event.y)
        if found is None:
            shown = transcript.visible()
            if not shown:
                return None
            row, layout, top = shown[0 if event.y < transcript.view[1] // 2 else -1], None, 0
            return row, 0 if event.y < transcript.view[1] // 2 else len(self._shown(row))
        row, layout, top = found
        return row, offset_at(layout, event.x, event.y - top, self._theme)

    def _press(self, event: "tk.Event[tk.Misc]") -> None:
        self._transcript.focus_set()
        self._pressed = self._point(event)
        if self._transcript.selection is not None:
            self._transcript.selection = None
            self._transcript.redraw()

    def _drag(self, event: "tk.Event[tk.Misc]") -> None:
        if self._pressed is None:
            return
        transcript = self._transcript
        if event.y < 0 or event.y > transcript.view[1]:
            transcript.scroll(event.y if event.y < 0 else event.y - transcript.view[1])
        point = self._point(event)
        if point is not None:
            transcript.selection = Selection(*self._pressed, *point)
            transcript.redraw()

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        found = self._transcript.row_at(event.y)
        pressed, self._pressed = self._pressed, None
        selection = self._transcript.selection
        if pressed is not None and found is not None and found[0] is pressed[0] and (selection is None or selection.of(pressed[0]) is None):
            self._transcript.open(found[0])

    def _select_message(self, event: "tk.Event[tk.Misc]") -> str:
        found = self._transcript.row_at(event.y)
        if found is not None and found[0].message is not None:
            self._pressed = None
            self._transcript.selection = Selection(found[0], 0, found[0], len(self._shown(found[0])))
            self._transcript.redraw()
        return "break"

    def _open_lowest(self) -> None:
        for row in reversed(self._transcript.visible()):
            if row.kind == "fold" or (row.layout is not None and row.layout.more):
                self._transcript.open(row)
                return

    def _menu(self, event: "tk.Event[tk.Misc]") -> None:
        found = self._transcript.row_at(event.y)
        row = found[0] if found is not None else None
        menu = tk.Menu(self._transcript, tearoff=False, font=self._theme.fonts["small"])
        if self._transcript.selection is not None:
            menu.add_command(label="Copy selection", command=self.copy)
        if row is not None and row.message is not None:
            text = clean_text(row.message.text, len(row.message.text), len(row.message.text))[0]
            menu.add_command(label="Copy message", command=lambda: self._to_clipboard(text))
        if menu.index("end") is not None:
            menu.tk_popup(event.x_root, event.y_root)

    def _to_clipboard(self, text: str) -> None:
        if text:
            self._transcript.clipboard_clear()
            self._transcript.clipboard_append(text)
