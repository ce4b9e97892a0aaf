"""Who is in the room: those online first, when the others were here last, and with which trust in their keys."""

import bisect
import time
import tkinter as tk
from collections.abc import Sequence
from typing import Final, Literal

from chat.dates import short_when
from chat.events import Member, Trust
from chat.text import clean_line
from chat.window.lines import name_line, without_emoji
from chat.window.operations import draw_line
from chat.window.paint import Paint
from chat.window.theme import Theme, initials
from chat.words import _, digits, many, marked

WIDTH: Final = 232
SHOWN: Final = 300
"""Members that are drawn; a room with more says how many it leaves out."""
CHANGED: Final = marked("Another key used this name first, or a name that looks like it. Ask which is the real one.")
PINNED: Final = marked("The first key that used this name on this computer. Compare the fingerprint to be sure.")
TICK_MS: Final = 20_000
"""How often it is looked whether “5 min ago” is still true."""
_ROW: Final = 46
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


class MemberPanel(tk.Frame):
    """The list. A change draws it anew, as far as it is in view; what is below is drawn when one gets there."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.side, width=px(WIDTH))
        self.pack_propagate(False)
        self._theme, self._paint = theme, paint
        self._open = self._cursor = ""
        """The members whose fingerprint shows, and whom the keys have come to."""
        head = tk.Frame(self, bg=palette.side, height=px(60))
        head.pack(fill="x")
        head.pack_propagate(False)
        tk.Label(head, text=_("Members"), font=theme.fonts["title"], fg=palette.text, bg=palette.side).pack(side="left", padx=px(16))
        self._foreign = tk.Label(self, font=theme.fonts["tiny"], fg=palette.text3, bg=palette.side, anchor="w")
        self._foreign.pack(side="bottom", fill="x", padx=px(16), pady=px(10))
        self.canvas = tk.Canvas(self, bg=palette.side, bd=0, highlightthickness=0, takefocus=True, yscrollincrement=px(23))
        self.canvas.pack(fill="both", expand=True)
        self.canvas.bind("<Button-4>", lambda _: self._scroll(-2))
        self.canvas.bind("<Button-5>", lambda _: self._scroll(2))
        self.canvas.bind("<MouseWheel>", lambda event: self._scroll(-event.delta // 60))
        self.canvas.bind("<Configure>", lambda _: self._draw_in_view())
        self.canvas.bind("<Button-1>", self._clicked)
        for key, rows in (("<Up>", -1), ("<Down>", 1), ("<Prior>", -8), ("<Next>", 8), ("<Home>", -2 * SHOWN), ("<End>", 2 * SHOWN)):
            self.canvas.bind(key, lambda _, rows=rows: self._move(rows))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            self.canvas.bind(key, lambda _: self._toggle(self._cursor))
        for event in ("<FocusIn>", "<FocusOut>"):
            self.canvas.bind(event, lambda _: self._draw_cursor())
        self._tops: list[tuple[int, Member]] = []
        self._drawn: set[int] = set()
        """The tops of the members that are drawn."""
        self._states: list[tuple[int, Member, str]] = []
        """The items that say when those who are away were here."""
        self._members: tuple[Member, ...] = ()
        self.foreign = 0
        paint.draw_again(self, self._draw)
        self._timer = self.after(TICK_MS, self._tick)
        self.bind("<Destroy>", lambda _: self.after_cancel(self._timer))

    @property
    def shown(self) -> tuple[Member, ...]:
        """The members as they are known now."""
        return self._members

    def show_members(self, members: Sequence[Member]) -> None:
        """Another list of members."""
        self._members = tuple(members)
        self._draw()

    def take_over(self, old: "MemberPanel") -> None:
        """Show what another panel showed."""
        self.show_foreign(old.foreign)
        self._open, self._cursor = old._open, old._cursor
        self.show_members(old._members)

    def show_foreign(self, total: int) -> None:
        """How many packets on the topic were not this room's."""
        self.foreign = total
        words = many("{count} foreign packet ignored", "{count} foreign packets ignored", total).format(count=digits(total))
        self._foreign.configure(text=words if total else "")

    def _draw(self) -> None:
        canvas, px, palette = self.canvas, self._theme.px, self._theme.palette
        canvas.delete("all")
        for known in (self._tops, self._states, self._drawn):
            known.clear()
        y = 0
        for heading, online in ((_("Online"), True), (_("Offline"), False)):
            group = [member for member in self._members if member.online is online]
            if not group:
                continue
            words = f"{heading.upper()} — {digits(len(group))}"
            canvas.create_text(px(16), y + px(14), text=words, font=self._theme.fonts["tiny_bold"], fill=palette.text3, anchor="w")
            y += px(28)
            for member in group[:SHOWN]:
                self._tops.append((y, member))
                y += px(_ROW)
                if member.device == self._open:
                    y = self._draw_fingerprint(member, y)
            if len(group) > SHOWN:
                words = _("and {count} more").format(count=digits(len(group) - SHOWN))
                canvas.create_text(px(16), y + px(10), text=words, font=self._theme.fonts["tiny"], fill=palette.text3, anchor="w")
                y += px(24)
            y += px(10)
        canvas.configure(scrollregion=(0, 0, px(WIDTH), max(y, 1)))
        self._draw_in_view()
        self._draw_cursor()

    def _draw_in_view(self) -> None:
        upper = int(self.canvas.canvasy(0))
        first = bisect.bisect_right(self._tops, upper - self._theme.px(_ROW), key=lambda placed: placed[0])
        last = bisect.bisect_left(self._tops, upper + self.canvas.winfo_height(), key=lambda placed: placed[0])
        for top, member in self._tops[first:last]:
            if top not in self._drawn:
                self._drawn.add(top)
                self._draw_member(member, top)

    def _draw_member(self, member: Member, y: int) -> None:
        canvas, px, palette, fonts = self.canvas, self._theme.px, self._theme.palette, self._theme.fonts
        size = px(34)
        picture = self._paint.avatar(size, member.device, palette.side, online=member.online, faint=not member.online)
        canvas.create_image(px(16), y + px(5), image=picture, anchor="nw")
        name = clean_line(member.name) or "?"
        letters = initials(without_emoji(name))
        canvas.create_text(px(16) + size // 2, y + px(5) + size // 2, text=letters, font=fonts["avatar"], fill="#FFFFFF")
        ink = palette.text if member.online else palette.text2
        words = _("{name} (you)").format(name=name) if member.own else name
        line = name_line(words, px(WIDTH - 96), "name", self._theme, self._paint, palette.side)
        draw_line(canvas, line, px(60), y + px(4), px(20), "name", ink, self._theme, self._paint, "name")
        state = state_words(member, time.time())
        item = canvas.create_text(px(60), y + px(30), text=state, font=fonts["tiny"], fill=palette.text3, anchor="w")
        if not member.online:
            self._states.append((item, member, state))
        mark = _mark(member)
        if mark is not None:
            ink = palette.ok if mark == "shield-check" else palette.warning
            canvas.create_image(px(WIDTH - 16), y + px(22), image=self._paint.icon(mark, px(15), ink, palette.side), anchor="e")

    def _draw_fingerprint(self, member: Member, y: int) -> int:
        """Draw what is known of a member's key from `y` on; gives where it ends."""
        px, words = self._theme.px, _("Fingerprint") + f"\n{clean_line(member.fingerprint)}"
        if _mark(member) is not None:
            about = CHANGED if member.trust is Trust.CHANGED else PINNED
            words += "\n\n" + _(about)
        item = self.canvas.create_text(
            px(60), y, text=words, font=self._theme.fonts["tiny"], fill=self._theme.palette.text2, anchor="nw", width=px(WIDTH - 76)
        )
        return int(self.canvas.bbox(item)[3]) + px(8)

    def _scroll(self, units: int) -> None:
        self.canvas.yview_scroll(units, "units")
        self._draw_in_view()

    def _clicked(self, event: "tk.Event[tk.Misc]") -> None:
        y = self.canvas.canvasy(event.y)
        for top, member in reversed(self._tops):
            if y >= top:
                self.canvas.focus_set()
                self._cursor = member.device
                self._toggle(member.device)
                return

    def _toggle(self, device: str) -> str:
        """Show the fingerprint of a member, or not any more."""
        self._open = "" if self._open == device else device
        self._draw()
        return "break"

    def _move(self, rows: int) -> str:
        if self._tops:
            place = next((place for place, (_top, member) in enumerate(self._tops) if member.device == self._cursor), -1)
            place = min(max(place + rows, 0), len(self._tops) - 1)
            top, member = self._tops[place]
            self._cursor = member.device
            self._draw_cursor()
            self._reveal(top if place else 0, top + self._theme.px(_ROW))
        return "break"

    def _reveal(self, top: int, bottom: int) -> None:
        canvas, step = self.canvas, int(str(self.canvas["yscrollincrement"]))
        above, below = int(canvas.canvasy(0)) - top, bottom - int(canvas.canvasy(canvas.winfo_height()))
        if above > 0:
            self._scroll(-((above + step - 1) // step))
        elif below > 0:
            self._scroll((below + step - 1) // step)

    def _draw_cursor(self) -> None:
        canvas, px = self.canvas, self._theme.px
        canvas.delete("cursor")
        focused = str(canvas.tk.call("focus")) == str(canvas)
        top = next((top for top, member in self._tops if member.device == self._cursor), None)
        if focused and top is not None:
            box = (px(7), top, px(WIDTH - 8), top + px(_ROW - 2))
            canvas.create_rectangle(*box, outline=self._theme.palette.link, width=px(1), tags="cursor")

    def _tick(self) -> None:
        now = time.time()
        for place, (item, member, shown) in enumerate(self._states):
            words = state_words(member, now)
            if words != shown:
                self.canvas.itemconfigure(item, text=words)
                self._states[place] = (item, member, words)
        self._timer = self.after(TICK_MS, self._tick)


def _mark(member: Member) -> Literal["shield-check", "shield-alert"] | None:
    """The icon for the trust in a member's key; none for one's own, and for a name that nothing is known of."""
    if member.own or member.trust is Trust.UNPINNED:
        return None
    return "shield-alert" if member.trust is Trust.CHANGED else "shield-check"


def state_words(member: Member, now: float) -> str:
    """Whether a member is here, or when he was, at the time `now` (Unix seconds): the more exactly, the less long ago."""
    if member.online:
        return _("online")
    ago = now - member.last_seen
    when = short_when(member.last_seen, now)
    if not when:
        return _("offline")
    if -_HOUR < ago < _MINUTE:
        return _("last seen just now")
    if 0 < ago < _HOUR:
        return _("last seen {minutes} min ago").format(minutes=int(ago // _MINUTE))
    if time.localtime(member.last_seen)[:3] == time.localtime(now - _DAY)[:3]:
        return _("last seen yesterday")
    return _("last seen {when}").format(when=when)
