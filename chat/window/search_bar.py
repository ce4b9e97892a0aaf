"""Looking for messages: a box under the header, and below it what was found, newest first."""

import time
import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.events import Found, Message
from chat.text import clean_line
from chat.window.controls import IconButton, RoundBox
from chat.window.grouping import day_name
from chat.window.lines import name_line, one_line
from chat.window.operations import Operation, Picture, Words, canvas_items, line_operations
from chat.window.paint import Paint
from chat.window.theme import Theme, hue
from chat.words import _, digits, marked

REST_MS: Final = 80
"""The search begins when no key was pressed for so long."""
SHOWN: Final = 5
"""Results that show at once."""
ROW: Final = 48
LONGEST: Final = 300
HINT: Final = marked("Search this conversation: words, “a phrase”, from:name, since:2026-11-01")


class SearchBar(tk.Frame):
    """Takes no room while it is closed. `search` is given a number and the text; `go_to` the message that was chosen."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint,
        search: Callable[[int, str], object], go_to: Callable[[Message], object], closed: Callable[[], object],
    ) -> None:  # fmt: skip
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.chat, height=1)
        self._theme, self._paint, self._search, self._go_to, self._closed = theme, paint, search, go_to, closed
        self._number = 0
        self._text = ""
        self._timer = ""
        self.found: tuple[Message, ...] = ()
        self._chosen = -1
        self._first = 0
        """The first result that shows."""
        self._line = tk.Frame(self, bg=palette.background)
        box = RoundBox(self._line, theme, paint, fill=palette.field, behind=palette.background, radius=18, pad=4)
        icon = tk.Label(box.inner, image=paint.icon("search", px(16), palette.text2, palette.field), bg=palette.field, bd=0)
        icon.pack(side="left", padx=(px(10), px(6)))
        self.entry = tk.Entry(
            box.inner, bd=0, highlightthickness=0, bg=palette.field, fg=palette.text, insertbackground=palette.accent,
            insertwidth=px(2), font=theme.fonts["body"], selectbackground=palette.selection, selectforeground=palette.text,
        )  # fmt: skip
        self.count = tk.Label(box.inner, bd=0, bg=palette.field, fg=palette.text2, font=theme.fonts["small"])
        self.count.pack(side="right", padx=px(10))
        self.entry.pack(side="left", fill="x", expand=True, pady=px(4))
        self._hint = tk.Label(self.entry, text=_(HINT), font=theme.fonts["body"], fg=palette.text2, bg=palette.field, bd=0, cursor="xterm")
        self._hint.bind("<Button-1>", lambda _: self.entry.focus_set())
        box.watch(self.entry)
        close = IconButton(self._line, theme, paint, "x", self.close, behind=palette.background, hint=_("Close (Escape)"), size=18, box=34)
        close.pack(side="right", padx=(0, px(12)))
        box.pack(side="left", fill="x", expand=True, padx=px(12), pady=px(6))
        self.results = tk.Canvas(self, bd=0, highlightthickness=0, bg=palette.background, height=1, cursor="hand2")
        self._edge = tk.Frame(self, bg=palette.line, height=1)
        self._bind_keys()

    @property
    def is_open(self) -> bool:
        """Whether it shows."""
        return bool(self._line.winfo_manager())

    def open(self) -> None:
        """Show it, and type there."""
        if not self.is_open:
            self.configure(bg=self._theme.palette.background)
            self._line.pack(fill="x")
            self._edge.pack(side="bottom", fill="x")
            self._show_hint()
        self.entry.focus_set()
        self.entry.selection_range(0, "end")

    def look_for(self, query: str) -> None:
        """Search for something, as if it had been typed."""
        self.entry.delete(0, "end")
        self.entry.insert(0, query)

    def close(self) -> None:
        """Take it away with what was found."""
        if not self.is_open:
            return
        self.entry.delete(0, "end")
        self._stop()
        self._number += 1
        self._forget()
        self._line.pack_forget()
        self._edge.pack_forget()
        # An empty frame keeps the height of its last content unless told otherwise.
        self.configure(height=1, bg=self._theme.palette.chat)
        self._closed()

    def show(self, found: Found) -> None:
        """Show what a search has found so far, unless another one began since."""
        if found.number != self._number or not self.is_open:
            return
        chosen = self.found[self._chosen].key if 0 <= self._chosen < len(self.found) else ""
        self.found = found.messages
        self._chosen = next((place for place, message in enumerate(self.found) if message.key == chosen), 0 if self.found else -1)
        if self.found:
            count = digits(len(self.found))
            words = count if found.complete else _("{count} so far").format(count=count)
        else:
            words = _("Nothing found") if found.complete else _("Searching…")
        self.count.configure(text=words)
        self._first = max(0, min(self._first, len(self.found) - SHOWN))
        self._place_results()

    def take_over(self, old: "SearchBar") -> None:
        """Look for the same as another one."""
        if old.is_open:
            self.open()
            self.entry.insert(0, old.entry.get())

    def _bind_keys(self) -> None:
        entry, results = self.entry, self.results
        entry.configure(validate="key", validatecommand=(self.register(self._typed), "%P"))
        for key in ("<Return>", "<KP_Enter>"):
            entry.bind(key, lambda _: self._go(self._chosen))
        entry.bind("<Down>", lambda _: self._choose(self._chosen + 1))
        entry.bind("<Up>", lambda _: self._choose(self._chosen - 1))
        entry.bind("<Next>", lambda _: self._choose(self._chosen + SHOWN))
        entry.bind("<Prior>", lambda _: self._choose(self._chosen - SHOWN))
        entry.bind("<Escape>", lambda _: self._escape())
        entry.bind("<Control-f>", lambda _: self._again())
        results.bind("<Button-1>", lambda event: self._go(self._first + event.y // self._theme.px(ROW)))
        results.bind("<Button-4>", lambda _: self._scroll(-1))
        results.bind("<Button-5>", lambda _: self._scroll(1))
        results.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1))
        results.bind("<Configure>", lambda _: self._draw())
        self.bind("<Destroy>", lambda _: self._stop())

    def _typed(self, text: str) -> bool:
        """Tk asks before each change whether the box may hold this text."""
        if text != self._text:
            self._text = text
            self._show_hint()
            self._stop()
            self._timer = self.after(REST_MS, self._begin)
        return True

    def _begin(self) -> None:
        self._timer = ""
        self._number += 1
        self._chosen, self._first = -1, 0
        if self._text.strip():
            self._search(self._number, self._text.strip())
        else:
            self._forget()

    def _forget(self) -> None:
        self.found, self._chosen, self._first = (), -1, 0
        self.count.configure(text="")
        self._place_results()

    def _stop(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""

    def _show_hint(self) -> None:
        if self._text:
            self._hint.place_forget()
        else:
            self._hint.place(x=self._theme.px(2), rely=0.5, anchor="w")

    def _escape(self) -> str:
        self.close()
        return "break"

    def _again(self) -> str:
        self.open()
        return "break"

    # What was found

    def _choose(self, place: int) -> str:
        if self.found:
            self._chosen = max(0, min(place, len(self.found) - 1))
            self._first = min(max(self._first, self._chosen - SHOWN + 1), self._chosen)
            self._draw()
        return "break"

    def _scroll(self, step: int) -> str:
        self._first = max(0, min(self._first + step, len(self.found) - SHOWN))
        self._draw()
        return "break"

    def _go(self, place: int) -> str:
        if 0 <= place < len(self.found):
            self._chosen = place
            self._draw()
            self._go_to(self.found[place])
        return "break"

    def _place_results(self) -> None:
        rows = min(SHOWN, len(self.found))
        if rows:
            self.results.configure(height=rows * self._theme.px(ROW))
            self.results.pack(fill="x", pady=(0, self._theme.px(4)))
            self._draw()
        else:
            self.results.pack_forget()

    def _draw(self) -> None:
        """Only the results that show, whatever their number."""
        self.results.delete("all")
        width, row = self.results.winfo_width(), self._theme.px(ROW)
        if width < 2:
            return
        items = []
        for number, message in enumerate(self.found[self._first : self._first + SHOWN]):
            chosen = self._first + number == self._chosen
            for operation in self._lay_out(message, width, chosen=chosen):
                items += canvas_items(operation, number * row, "result", self._theme, self._paint)
        if len(self.found) > SHOWN:
            items.append(self._thumb(width, row * SHOWN))
        for item in items:
            self.results.tk.call(str(self.results), "create", *item)

    def _lay_out(self, message: Message, width: int, *, chosen: bool) -> list[Operation]:
        theme, palette, px = self._theme, self._theme.palette, self._theme.px
        behind = palette.selected if chosen else palette.background
        left, right = px(24), width - px(24)
        day = day_name(message.time, time.time())
        when = f"{day}, {time.strftime('%H:%M', time.localtime(message.time))}"
        when_width = theme.width(when, "tiny")
        name = name_line(message.name, max(px(40), right - left - when_width - px(12)), "small_bold", theme, self._paint, behind)
        ink = palette.text if chosen else palette.names[hue(message.device)]
        line = one_line(clean_line(message.text, LONGEST), right - left, "small", theme, self._paint, behind, emoji_size=px(14))
        return [
            Picture(px(12), px(1), self._paint.rectangle(width - px(24), px(ROW) - px(2), px(8), behind, palette.background)),
            *line_operations(name, left, px(6), theme.heights["small_bold"], "small_bold", ink, theme),
            Words(right - when_width, px(7), when, "tiny", palette.text if chosen else palette.text3),
            *line_operations(line, left, px(23), px(18), "small", palette.text, theme),
        ]

    def _thumb(self, width: int, height: int) -> tuple[object, ...]:
        px = self._theme.px
        length = max(px(24), height * SHOWN // len(self.found))
        top = (height - length) * self._first // max(1, len(self.found) - SHOWN)
        fill = self._theme.palette.thumb
        return ("rectangle", width - px(8), top, width - px(4), top + length, "-fill", fill, "-width", 0, "-tags", "thumb")
