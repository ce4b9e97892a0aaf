"""The line above the conversation: the room, how many are here, and the state of the connection."""

import time
import tkinter as tk
from collections.abc import Callable

from chat.events import Link, LinkChanged
from chat.text import clean_line
from chat.window.controls import Hint, IconButton
from chat.window.line_label import LineLabel
from chat.window.lines import without_emoji
from chat.window.paint import Paint
from chat.window.theme import Theme, initials
from chat.words import _, digits, many, marked

_WORDS = {Link.CONNECTING: marked("Connecting"), Link.CONNECTED: marked("Connected"), Link.STOPPED: marked("Not connected")}


class Header(tk.Frame):
    """Counts down by itself while a retry is due."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, *,
        open_search: Callable[[], object], toggle_members: Callable[[], object], open_settings: Callable[[], object],
    ) -> None:  # fmt: skip
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background, height=px(60))
        self.pack_propagate(False)
        self._theme, self._paint = theme, paint
        self._avatar = tk.Label(self, bd=0, bg=palette.background, fg="#FFFFFF", compound="center", font=theme.fonts["title"])
        self._avatar.pack(side="left", padx=(px(18), px(12)))
        words = tk.Frame(self, bg=palette.background)
        words.bind("<Configure>", self._fit)
        upper = tk.Frame(words, bg=palette.background)
        upper.pack(anchor="w")
        self._topic = LineLabel(upper, theme, paint, "title", palette.text, palette.background)
        self._topic.pack(side="left")
        lock = tk.Label(upper, image=paint.icon("lock", px(14), palette.ok, palette.background), bd=0, bg=palette.background)
        lock.pack(side="left", padx=(px(6), 0))
        self._fingerprint = Hint(lock, theme, "")
        self._people = tk.Label(words, font=theme.fonts["small"], fg=palette.text2, bg=palette.background, bd=0, pady=0)
        self._people.pack(anchor="w")
        buttons = (
            ("settings", open_settings, _("Settings (Ctrl+,)")),
            ("panel-right", toggle_members, _("Members (F2)")),
            ("search", open_search, _("Search (Ctrl+F)")),
        )
        for icon, command, hint in buttons:
            IconButton(self, theme, paint, icon, command, behind=palette.background, hint=hint).pack(
                side="right", padx=(0, px(12 if icon == "settings" else 2))
            )
        self._pill = tk.Label(self, bd=0, bg=palette.background, compound="center", font=theme.fonts["small_bold"])
        self._pill.pack(side="right", padx=px(10))
        # Packed last, the words get what is left over: the state of the connection shows in every window.
        words.pack(side="left", fill="x", expand=True)
        self._security = Hint(self._pill, theme, "")
        self.link: LinkChanged | None = None
        self.room = self.topic = self.fingerprint = ""
        self.members = self.online = 0
        self._topic_width = px(300)
        self._timer = ""
        self.bind("<Destroy>", self._stop)

    def take_over(self, old: "Header") -> None:
        """Show what another header showed."""
        self.show_room(old.room, old.topic, old.fingerprint)
        if old.members:
            self.show_people(old.members, old.online)

    def show_room(self, room: str, topic: str, fingerprint: str) -> None:
        """Another room; its id gives the avatar its colour."""
        self.room, self.topic, self.fingerprint = room, topic, fingerprint
        self._show_topic()
        words = _("Encrypted. The room’s fingerprint, the same for everyone in it: {fingerprint}")
        self._fingerprint.text = words.format(fingerprint=fingerprint)
        letters = initials(without_emoji(clean_line(topic)).replace("/", " "))
        self._avatar.configure(text=letters, image=self._paint.avatar(self._theme.px(38), room, self._theme.palette.background))

    def show_people(self, members: int, online: int) -> None:
        """How many devices the room has, and how many are here."""
        self.members, self.online = members, online
        words = many("{members} member, {online} online", "{members} members, {online} online", members)
        self._people.configure(text=words.format(members=digits(members), online=digits(online)))

    def show_link(self, change: LinkChanged) -> None:
        """Another state of the connection."""
        self.link = change
        self._security.text = clean_line(f"{change.sentence} ({change.security})" if change.security else change.sentence)
        self._tick()

    def _fit(self, event: "tk.Event[tk.Misc]") -> None:
        self._topic_width = max(self._theme.px(40), event.width - self._theme.px(14 + 6 + 4))
        self._show_topic()

    def _show_topic(self) -> None:
        self._topic.show(self.topic, self._topic_width)

    def _tick(self) -> None:
        self._stop()
        change = self.link
        if change is None:
            return
        palette, px = self._theme.palette, self._theme.px
        words = _WORDS.get(change.link, "")
        words = _(words)
        if change.link is Link.WAITING:
            left = max(0, round((change.retry_at or 0) - time.monotonic()))
            words = _("Retry in {seconds} s").format(seconds=left)
            self._timer = self.after(250, self._tick)
        ink, fill = {
            Link.CONNECTED: (palette.ok_text, palette.ok_background),
            Link.STOPPED: (palette.error, palette.error_background),
        }.get(change.link, (palette.warning, palette.warning_background))
        words = f"●  {words}"
        width = self._theme.width(words, "small_bold") + px(24)
        self._pill.configure(image=self._paint.rectangle(width, px(26), px(13), fill, palette.background), text=words, fg=ink)

    def _stop(self, _event: "tk.Event[tk.Misc] | None" = None) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
