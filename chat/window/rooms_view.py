"""The window after the login: the list of rooms, and beside it the conversation of the one that is chosen."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Final

from chat.window.chat_view import ChatView
from chat.window.paint import Paint
from chat.window.sidebar import RoomEntry, Sidebar, SidebarWishes
from chat.window.theme import Theme

LEAST_WIDE: Final = 760
"""Below this width (at 100 %) the list has only avatars,"""
LEAST_NARROW: Final = 520
"""and below this one it does not show."""


SPARE_MS: Final = 200
"""How long after a room was shown a view is made for the next one."""


class RoomsView(tk.Frame):
    """Keeps a view of every room that was looked at, and one to spare for a room that was not: making it takes longer than showing it."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, make: Callable[[tk.Misc], ChatView], wishes: SidebarWishes) -> None:
        super().__init__(parent, bg=theme.palette.background)
        self._theme, self._make = theme, make
        self._views: dict[str, ChatView] = {}
        self._spare: ChatView | None = None
        self._timer = ""
        self._entries: tuple[RoomEntry, ...] = ()
        self.current = ""
        self.sidebar = Sidebar(self, theme, paint, wishes)
        self._edge = tk.Frame(self, bg=theme.palette.line, width=1)
        self.rowconfigure(0, weight=1)
        self.columnconfigure(2, weight=1)
        self.bind("<Configure>", lambda _: self._place_sidebar())
        self.bind("<Destroy>", lambda _: self._stop())

    def view(self, room: str) -> ChatView | None:
        """The view of a room that was looked at."""
        return self._views.get(room)

    def show(self, room: str) -> ChatView:
        """Show the conversation of a room."""
        if room not in self._views:
            self._views[room], self._spare = self._spare or self._make(self), None
            self._views[room].room = room
        if room != self.current:
            if self.current in self._views:
                self._views[self.current].grid_remove()
            self.current = room
            self._views[room].grid(row=0, column=2, sticky="nsew")
            self.sidebar.show_rooms(self._entries, room)
            self._plan_spare()
        return self._views[room]

    def show_rooms(self, entries: Sequence[RoomEntry]) -> None:
        """Another list of rooms."""
        self._entries = tuple(entries)
        self.sidebar.show_rooms(entries, self.current)
        self._plan_spare()

    def step(self, by: int) -> str | None:
        """The room that stands so many places below the one that shows."""
        rooms = [entry.room for entry in self._entries]
        return rooms[(rooms.index(self.current) + by) % len(rooms)] if self.current in rooms else None

    def drop(self, room: str) -> None:
        """A room was left."""
        if room in self._views:
            self._views.pop(room).destroy()
        if room == self.current:
            self.current = ""

    def take_over(self, old: "RoomsView") -> None:
        """Show what another one showed, after a change of look. Rooms that do not show now are made anew when they are chosen."""
        self._entries = old._entries
        view = self.show(old.current)
        view.take_over(old._views[old.current])
        self.sidebar.take_over(old.sidebar)

    def _plan_spare(self) -> None:
        if not self._timer and self._spare is None and any(entry.room not in self._views for entry in self._entries):
            self._timer = self.after(SPARE_MS, self._make_spare)

    def _make_spare(self) -> None:
        self._timer = ""
        self._spare = self._make(self)

    def _stop(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)

    def _place_sidebar(self) -> None:
        width, px = self.winfo_width(), self._theme.px
        if width < px(LEAST_NARROW):
            self.sidebar.grid_remove()
            self._edge.grid_remove()
            return
        self.sidebar.narrow(width < px(LEAST_WIDE))
        self.sidebar.grid(row=0, column=0, sticky="ns")
        self._edge.grid(row=0, column=1, sticky="ns")
