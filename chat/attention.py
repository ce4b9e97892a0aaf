"""Calls a person's attention to what is said where he does not look: on the desktop, or else in the window, and by the bell."""

import queue
import time
import tkinter as tk
from collections.abc import Sequence
from typing import Final

from chat.alerts import Alert, Alerts
from chat.config import Settings
from chat.desktop import Desktop
from chat.events import MessageShown
from chat.rooms import Rooms, is_in_front
from chat.window.toast import WIDTH, Toast

GAP: Final = 12
JUMP: Final = 52
"""How much higher a toast stands where the button is that leads to the end of the conversation."""


class Attention:
    """See the module. It belongs to the Tk thread."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self._alerts = Alerts()
        self._answers: queue.SimpleQueue[str | Alert] = queue.SimpleQueue()
        """Rooms that were chosen on the desktop, and what could not be shown there."""
        self._desktop = Desktop(self._answers.put, self._answers.put)
        self._entered_at: dict[str, float] = {}
        self._told: set[str] = set()
        """Rooms of which the desktop may show something."""
        self.toast: Toast | None = None

    def entered(self, room: str) -> None:
        """A room was entered; what was said before is not news."""
        self._entered_at.setdefault(room, time.time())

    def heard(self, room: str, messages: Sequence[MessageShown]) -> None:
        """What was said in a room."""
        for event in messages:
            self._alerts.heard(room, event.message, self._entered_at.get(room, 0.0))

    def tick(self, rooms: Rooms, settings: Settings) -> None:
        """Tell what is to be told now; for every frame of the window."""
        while not self._answers.empty():
            answer = self._answers.get()
            if isinstance(answer, Alert):
                self._show_toast(rooms, answer)
            else:
                self._lead_to(rooms, answer)
        seen = rooms.current if is_in_front(self._root) else ""
        if self.toast is not None and self.toast.winfo_exists() and self.toast.room == seen:
            self.toast.destroy()
        if seen in self._told:
            self._told.remove(seen)
            self._desktop.withdraw(seen)
        if self._alerts.waiting:
            topics = {room.room: room.topic for room in rooms.listed if not room.muted and room.room != seen}
            for alert in self._alerts.take(topics, settings, time.monotonic()):
                if alert.bell:
                    self._root.bell()
                self._told.add(alert.room)
                self._desktop.show(alert)

    def close(self) -> None:
        """Tell nothing any more."""
        self._desktop.close()

    def _show_toast(self, rooms: Rooms, alert: Alert) -> None:
        if self.toast is not None and self.toast.winfo_exists():
            self.toast.destroy()
        view, theme, paint = rooms.view, rooms.theme, rooms.paint
        px = theme.px
        width = max(px(120), min(px(WIDTH), view.transcript.winfo_width() - px(2 * GAP)))
        texts = (alert.title, alert.name, alert.text)
        self.toast = Toast(rooms.frame, theme, paint, width, alert.room, *texts, lambda: self._lead_to(rooms, alert.room))
        above = px(GAP + (JUMP if view.reading.jump.winfo_ismapped() else 0))
        self.toast.place(in_=view.transcript, relx=1.0, rely=1.0, x=-px(GAP), y=-above, anchor="se")

    def _lead_to(self, rooms: Rooms, room: str) -> None:
        if any(listed.room == room for listed in rooms.listed):
            self._root.deiconify()
            self._root.lift()
            self._root.focus_force()
            rooms.choose(room)
