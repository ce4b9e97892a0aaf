"""The rooms one is in, beside the conversation: what was last said in each, when, and how much of it is unread."""

import time
import tkinter as tk
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageTk

from chat.dates import short_when
from chat.text import clean_line
from chat.window.controls import Hint, IconButton
from chat.window.lines import Line, one_line, without_emoji
from chat.window.operations import draw_line
from chat.window.paint import Paint
from chat.window.theme import FontName, Theme, initials
from chat.words import _, marked

WIDTH: Final = 304
NARROW: Final = 72
"""The width of the form that has only avatars."""
MOST_UNREAD: Final = 999
MOST_UNREAD_NARROW: Final = 99
"""A badge for more than this says so with a plus, in either form."""
_ROW: Final = 64
_AVATAR: Final = 44
_EMPTY: Final = marked("You are in no room. Press + to join one.")
_OVER: Final = 4


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """What the list shows of one room.

    `room` identifies it and gives the avatar its colour, `place` is its broker, `last` one line such as "Bob: see you", which may be
    empty, and `time` when that was said, in Unix seconds (0.0: unknown). `online` means that the connection to the broker stands;
    `trouble` marks a room that needs attention, as one whose broker can't be reached.
    """

    room: str
    topic: str
    place: str
    last: str
    time: float
    unread: int
    online: bool
    trouble: bool
    muted: bool = False


@dataclass(frozen=True, slots=True)
class SidebarWishes:
    """What a person can ask for here; rooms go by their ids."""

    choose: Callable[[str], object]
    add: Callable[[], object]
    leave: Callable[[str], object]
    mute: Callable[[str, bool], object]


@dataclass(frozen=True, slots=True)
class _Look:
    """All that decides how a row is drawn. `topic` is clean, and `place` is empty unless another room has the same topic."""

    entry: RoomEntry
    topic: str
    place: str
    when: str
    fill: str
    border: str
    narrow: bool
    tag: str


class Sidebar(tk.Frame):
    """The list, in the order it is given. Only the rows in view are drawn, and again only when their look changed.

    `show_rooms` answers every wish. `canvas` is what takes the focus.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, wishes: SidebarWishes) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.side, width=px(WIDTH), height=px(3 * _ROW))
        self.pack_propagate(False)
        self._theme, self._paint, self._wishes = theme, paint, wishes
        self._entries: tuple[RoomEntry, ...] = ()
        self._namesakes: set[str] = set()
        self._current = self._cursor = ""
        self._is_narrow = self._focused = self._was_seen = False
        self._pointer: int | None = None
        self._over = ""
        self._drawn: dict[int, _Look] = {}
        paint.draw_again(self, self._draw_all)
        self._marks: dict[tuple[int, int, str, str], ImageTk.PhotoImage] = {}
        head = tk.Frame(self, bg=palette.side, height=px(60))
        head.pack(fill="x")
        head.pack_propagate(False)
        self._title = tk.Label(head, text=_("Rooms"), font=theme.fonts["title"], fg=palette.text, bg=palette.side, bd=0)
        self.button = IconButton(head, theme, paint, "plus", wishes.add, behind=palette.side, hint=_("Join another room"))
        self.canvas = tk.Canvas(self, bg=palette.side, bd=0, highlightthickness=0, takefocus=True, yscrollincrement=1)
        self.canvas.pack(fill="both", expand=True)
        # A hint belongs to a widget; this one, never shown, stands for the row under the pointer.
        self._pointed = tk.Frame(self.canvas)
        self._hint = Hint(self._pointed, theme, "")
        self.menu = tk.Menu(
            self, tearoff=False, font=theme.fonts["small"], bg=palette.hover, fg=palette.text, activebackground=palette.selected,
            activeforeground=palette.text, bd=1, relief="flat", activeborderwidth=0,
        )  # fmt: skip
        self._bind_mouse()
        self._bind_keys()
        self._lay_out()

    def show_rooms(self, entries: Sequence[RoomEntry], current: str) -> None:
        """Another list of rooms; `current` is the id of the one whose conversation is shown."""
        self._entries = tuple(entries)
        topics = Counter(clean_line(entry.topic) for entry in entries)
        self._namesakes = {topic for topic, times in topics.items() if times > 1}
        moved, self._current = current != self._current, current
        if moved or self._place_of(self._cursor) is None:
            self._cursor = current
        if moved:
            self._reveal(current)
        self._draw()

    def narrow(self, narrow: bool) -> None:
        """Show only the avatars, for a small window, or the whole rows."""
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self._lay_out()

    def take_over(self, old: "Sidebar") -> None:
        """Show what another sidebar showed."""
        self.narrow(old._is_narrow)
        self.show_rooms(old._entries, old._current)
        self._cursor, self._was_seen = old._cursor, old._was_seen
        self.canvas.yview_moveto(old.canvas.yview()[0])
        self._draw()

    def _lay_out(self) -> None:
        px = self._theme.px
        self.configure(width=self._width)
        self._title.pack_forget()
        self.button.pack_forget()
        if self._is_narrow:
            self.button.pack(expand=True)
        else:
            self._title.pack(side="left", padx=px(18))
            self.button.pack(side="right", padx=px(12))
        self._draw()

    def _resized(self) -> None:
        if not self._was_seen:
            self._was_seen = True
            self._reveal(self._current)
        self._draw()

    # Mouse and keyboard

    def _bind_mouse(self) -> None:
        canvas, row = self.canvas, self._theme.px(_ROW)
        canvas.bind("<Configure>", lambda _: self._resized())
        canvas.bind("<Motion>", lambda event: self._point(event.y))
        canvas.bind("<Leave>", lambda _: self._point(None))
        canvas.bind("<Button-1>", self._clicked)
        canvas.bind("<Button-4>", lambda _: self._scroll(-row))
        canvas.bind("<Button-5>", lambda _: self._scroll(row))
        canvas.bind("<MouseWheel>", lambda event: self._scroll(-event.delta * row // 120))
        events = ["<Button-3>"]
        if self.tk.call("tk", "windowingsystem") == "aqua":
            events += ["<Button-2>", "<Control-Button-1>"]
        for event in events:
            canvas.bind(event, self._asked)

    def _bind_keys(self) -> None:
        canvas = self.canvas
        for keys, rows in (("<Up>", -1), ("<Down>", 1), ("<Prior>", -8), ("<Next>", 8)):
            canvas.bind(keys, lambda _, rows=rows: self._move(rows))  # type: ignore[misc]
        canvas.bind("<Home>", lambda _: self._move(-len(self._entries)))
        canvas.bind("<End>", lambda _: self._move(len(self._entries)))
        for keys in ("<Return>", "<KP_Enter>", "<space>"):
            canvas.bind(keys, lambda _: self._open(self._cursor))
        for keys in ("<Menu>", "<Shift-F10>"):
            canvas.bind(keys, lambda _: self._ask_at_cursor())
        canvas.bind("<FocusIn>", lambda _: self._focus(True))
        canvas.bind("<FocusOut>", lambda _: self._focus(False))

    def _focus(self, focused: bool) -> None:
        self._focused = focused
        if focused:
            self._reveal(self._cursor)
        self._draw()

    def _move(self, rows: int) -> str:
        if self._entries:
            place = self._place_of(self._cursor)
            place = 0 if place is None else min(max(place + rows, 0), len(self._entries) - 1)
            self._cursor = self._entries[place].room
            self._reveal(self._cursor)
            self._draw()
        return "break"

    def _open(self, room: str) -> str:
        if self._place_of(room) is not None:
            self._wishes.choose(room)
        return "break"

    def _clicked(self, event: "tk.Event[tk.Misc]") -> None:
        self.canvas.focus_set()
        self._pointed.event_generate("<Leave>")
        if (entry := self._entry_at(event.y)) is not None:
            self._cursor = entry.room
            self._draw()
            self._open(entry.room)

    def _asked(self, event: "tk.Event[tk.Misc]") -> str:
        if (entry := self._entry_at(event.y)) is not None:
            self._ask(entry.room, event.x_root, event.y_root)
        return "break"

    def _ask_at_cursor(self) -> str:
        place = self._place_of(self._cursor)
        if place is not None:
            self._reveal(self._cursor)
            height = self._theme.px(_ROW)
            top = place * height + height // 2 - int(self.canvas.canvasy(0))
            self._ask(self._cursor, self.canvas.winfo_rootx() + self._theme.px(_ROW), self.canvas.winfo_rooty() + top)
        return "break"

    def _ask(self, room: str, x: int, y: int) -> None:
        self._pointed.event_generate("<Leave>")
        muted = any(entry.muted for entry in self._entries if entry.room == room)
        self.menu.delete(0, "end")
        self.menu.add_command(label=_("Unmute") if muted else _("Mute"), command=lambda: self._wishes.mute(room, not muted))
        self.menu.add_command(label=_("Leave room"), command=lambda: self._wishes.leave(room))
        self.menu.tk_popup(x, y)

    def _point(self, y: int | None) -> None:
        """The pointer is at this height of the view, or elsewhere."""
        self._pointer = y
        entry = self._entry_at(y)
        self.canvas.configure(cursor="hand2" if entry is not None else "")
        over = entry.room if entry is not None else ""
        if over == self._over:
            return
        self._over = over
        # Tk tells events only to windows that exist, and asking for the number makes this one.
        self._pointed.winfo_id()
        self._pointed.event_generate("<Leave>")
        if entry is not None:
            words = _("{topic} at {place}").format(topic=entry.topic, place=entry.place) if entry.place else entry.topic
            words = without_emoji(clean_line(words))
            words = _("{room} – not connected").format(room=words) if entry.trouble else words
            words = _("{room} – muted").format(room=words) if entry.muted else words
            self._hint.text = words
            self._pointed.event_generate("<Enter>")
        self._draw()

    # Places

    def _place_of(self, room: str) -> int | None:
        return next((place for place, entry in enumerate(self._entries) if entry.room == room), None)

    def _entry_at(self, y: int | None) -> RoomEntry | None:
        if y is None:
            return None
        place = int(self.canvas.canvasy(y)) // self._theme.px(_ROW)
        return self._entries[place] if 0 <= place < len(self._entries) else None

    def _scroll(self, pixels: int) -> str:
        self.canvas.yview_scroll(pixels, "units")
        self._point(self._pointer)
        self._draw()
        return "break"

    def _reveal(self, room: str) -> None:
        """Scroll as far as needed to have a room in view."""
        place, height = self._place_of(room), self.canvas.winfo_height()
        if place is None or not self._was_seen:
            return
        self._set_region()
        row, first = self._theme.px(_ROW), int(self.canvas.canvasy(0))
        above, below = first - place * row, (place + 1) * row - first - height
        if above > 0:
            self.canvas.yview_scroll(-above, "units")
        elif below > 0:
            self.canvas.yview_scroll(below, "units")

    def _set_region(self) -> None:
        height = max(1, len(self._entries) * self._theme.px(_ROW) + self._theme.px(4))
        self.canvas.configure(scrollregion=(0, 0, self._width, height))

    @property
    def _width(self) -> int:
        return self._theme.px(NARROW if self._is_narrow else WIDTH)

    # Drawing

    def _draw(self) -> None:
        canvas, row = self.canvas, self._theme.px(_ROW)
        self._set_region()
        first, height = int(canvas.canvasy(0)), canvas.winfo_height()
        shown = range(max(0, first // row), min(len(self._entries), (first + height) // row + 1))
        looks = {place: self._look(place) for place in shown}
        for place, look in self._drawn.items():
            if looks.get(place) != look:
                canvas.delete(look.tag)
        for place, look in looks.items():
            if self._drawn.get(place) != look:
                self._draw_row(look, place * row)
        self._drawn = looks
        self._draw_rest(first, height)

    def _draw_all(self) -> None:
        for look in self._drawn.values():
            self.canvas.delete(look.tag)
        self._drawn = {}
        self._draw()

    def _look(self, place: int) -> _Look:
        entry, palette = self._entries[place], self._theme.palette
        topic = clean_line(entry.topic)
        where = _host(entry) if topic in self._namesakes else ""
        fill = palette.selected if entry.room == self._current else palette.hover if entry.room == self._over else palette.side
        border = palette.link if self._focused and entry.room == self._cursor else ""
        return _Look(entry, topic, where, short_when(entry.time, time.time()), fill, border, self._is_narrow, f"row{place}")

    def _draw_rest(self, first: int, height: int) -> None:
        """What stands for the list if it is empty, and beside it if it is longer than the view."""
        canvas, px, palette = self.canvas, self._theme.px, self._theme.palette
        canvas.delete("rest")
        total = len(self._entries) * px(_ROW)
        if not total and not self._is_narrow:
            canvas.create_text(
                self._width // 2, px(24), text=_(_EMPTY), font=self._theme.fonts["small"], fill=palette.text2, anchor="n",
                width=self._width - px(48), justify="center", tags="rest",
            )  # fmt: skip
        if total > height > 1:
            length = max(px(36), height * height // total)
            top = first + px(2) + round((height - length - px(4)) * min(1.0, first / (total - height)))
            left, right = self._width - px(5), self._width - px(1)
            canvas.create_rectangle(left, top, right, top + length, fill=palette.thumb, width=0, tags="rest")

    def _draw_row(self, look: _Look, y: int) -> None:
        canvas, px, palette, entry = self.canvas, self._theme.px, self._theme.palette, look.entry
        if look.fill != palette.side or look.border:
            picture = self._paint.rectangle(self._width - px(16), px(_ROW) - px(4), px(10), look.fill, palette.side, look.border)
            canvas.create_image(px(8), y + px(2), image=picture, anchor="nw", tags=look.tag)
        size = px(_AVATAR)
        left, top = (self._width - size) // 2 if look.narrow else px(16), y + (px(_ROW) - size) // 2
        picture = self._paint.avatar(size, entry.room, look.fill, faint=not entry.online)
        canvas.create_image(left, top, image=picture, anchor="nw", tags=look.tag)
        letters = initials(without_emoji(look.topic).replace("/", " "))
        self._write(left + size // 2, top + size // 2, letters, "title", "#FFFFFF", look.tag, "center")
        if entry.trouble:
            dot = self._mark(px(15), px(15), palette.error, look.fill)
            canvas.create_image(left + size + px(2), top + size + px(2), image=dot, anchor="se", tags=look.tag)
        badge = _count(entry.unread, MOST_UNREAD_NARROW if look.narrow else MOST_UNREAD)
        if not look.narrow:
            self._draw_words(look, y, badge)
        elif badge:
            width = max(px(22), self._theme.width(badge, "tiny_bold") + px(13))
            x, middle = min(left + size + px(6), self._width - px(6)), top + px(7)
            picture = self._mark(width, px(22), palette.muted if entry.muted else palette.accent, look.fill)
            canvas.create_image(x, middle, image=picture, anchor="e", tags=look.tag)
            self._write(x - width // 2, middle, badge, "tiny_bold", palette.on_accent, look.tag, "center")

    def _draw_words(self, look: _Look, y: int, badge: str) -> None:
        px, palette, theme = self._theme.px, self._theme.palette, self._theme
        left, right, upper, lower = px(16 + _AVATAR + 12), self._width - px(18), y + px(21), y + px(43)
        quiet = palette.text3 if look.fill == palette.side else palette.text2
        muted = look.entry.muted
        is_news = badge and not muted and look.entry.room != self._current
        self._write(right, upper, look.when, "tiny", palette.link if is_news else quiet, look.tag, "e")
        free = right - (theme.width(look.when, "tiny") + px(8) if look.when else 0)
        free -= px(20) if muted else 0
        limit = left + (free - left) * 3 // 5 if look.place else free
        end = self._draw_line(left, upper, limit, [(look.topic, palette.text)], "bold", look)
        if muted:
            icon = self._paint.icon("bell-off", px(13), quiet, look.fill)
            self.canvas.create_image(end + px(5), upper, image=icon, anchor="w", tags=look.tag)
            end, free = end + px(18), free + px(18)
        if look.place:
            self._draw_line(end + px(6), upper, free, [(look.place, quiet)], "tiny", look)
        if badge:
            width = max(px(20), theme.width(badge, "tiny_bold") + px(12))
            picture = self._paint.rectangle(width, px(20), px(10), palette.muted if muted else palette.accent, look.fill)
            self.canvas.create_image(right, lower, image=picture, anchor="e", tags=look.tag)
            self._write(right - width // 2, lower, badge, "tiny_bold", palette.on_accent, look.tag, "center")
            right -= width + px(8)
        who, colon, said = clean_line(look.entry.last).partition(": ")
        parts = [(who + ":", palette.text), (said, palette.text2)] if colon else [(who or _host(look.entry), palette.text2)]
        self._draw_line(left, lower, right, parts, "small", look)

    def _draw_line(self, x: int, y: int, end: int, parts: Sequence[tuple[str, str]], font: FontName, look: _Look) -> int:
        """Draw texts with a space between them, each with its colour, from `x` to `end` at most. Returns where they end."""
        theme, px, space = self._theme, self._theme.px, self._theme.width(" ", font)
        drawn: list[tuple[Line, str]] = []
        room = end - x
        for text, colour in parts:
            if room < px(15):
                break
            line = one_line(text, room, font, theme, self._paint, look.fill, px(15))
            drawn.append((line, colour))
            room -= line.width + space
            if "".join(piece.text for piece in line.pieces) != text:
                break
        if all(line.right_to_left for line, _ in drawn):
            drawn.reverse()
        for line, colour in drawn:
            draw_line(self.canvas, line, x, y - px(10), px(20), font, colour, theme, self._paint, look.tag)
            x += line.width + space
        return x - space if drawn else x

    def _write(self, x: int, y: int, text: str, font: FontName, colour: str, tag: str, anchor: Literal["w", "e", "center"]) -> None:
        self.canvas.create_text(x, y, text=text, font=self._theme.fonts[font], fill=colour, anchor=anchor, tags=tag)

    def _mark(self, width: int, height: int, fill: str, ring: str) -> ImageTk.PhotoImage:
        """A dot or pill that stands on the edge of an avatar: with a ring around it, and transparent outside."""
        key = (width, height, fill, ring)
        if key not in self._marks:
            size = (width * _OVER, height * _OVER)
            image, mask = Image.new("RGB", size, ring), Image.new("L", size, 0)
            gap = self._theme.px(2) * _OVER
            ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), size[1] // 2, fill=255)
            inner = (gap, gap, size[0] - 1 - gap, size[1] - 1 - gap)
            ImageDraw.Draw(image).rounded_rectangle(inner, size[1] // 2 - gap, fill=fill)
            image.putalpha(mask)
            self._marks[key] = ImageTk.PhotoImage(image.reduce(_OVER), master=self)
        return self._marks[key]


def _host(entry: RoomEntry) -> str:
    place = clean_line(entry.place)
    return place.partition("://")[2] or place


def _count(unread: int, most: int) -> str:
    return "" if unread <= 0 else str(unread) if unread <= most else f"{most}+"
