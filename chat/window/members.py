"""Who is in the room: those online first, with marks for keys that changed."""

import time
import tkinter as tk
from collections.abc import Sequence
from typing import Final

from chat.dates import short_date
from chat.events import Member, Trust
from chat.text import clean_line
from chat.window.lines import without_emoji
from chat.window.paint import Paint
from chat.window.theme import Theme, initials
from chat.words import _, digits, many, marked

WIDTH: Final = 232
SHOWN: Final = 300
"""Members that are drawn; a room with more says how many it leaves out."""
CHANGED: Final = marked("Another key used this name first, or a name that looks like it. Ask which is the real one.")


class MemberPanel(tk.Frame):
    """The list, redrawn whole: it changes seldom, and the room limits how often."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.side, width=px(WIDTH))
        self.pack_propagate(False)
        self._theme, self._paint = theme, paint
        head = tk.Frame(self, bg=palette.side, height=px(60))
        head.pack(fill="x")
        head.pack_propagate(False)
        tk.Label(head, text=_("Members"), font=theme.fonts["title"], fg=palette.text, bg=palette.side).pack(side="left", padx=px(16))
        self._foreign = tk.Label(self, font=theme.fonts["tiny"], fg=palette.text3, bg=palette.side, anchor="w")
        self._foreign.pack(side="bottom", fill="x", padx=px(16), pady=px(10))
        self.canvas = tk.Canvas(self, bg=palette.side, bd=0, highlightthickness=0, takefocus=True, yscrollincrement=px(23))
        self.canvas.pack(fill="both", expand=True)
        for event in ("<Button-4>", "<Up>"):
            self.canvas.bind(event, lambda _: self.canvas.yview_scroll(-2, "units"))
        for event in ("<Button-5>", "<Down>"):
            self.canvas.bind(event, lambda _: self.canvas.yview_scroll(2, "units"))
        self.canvas.bind("<MouseWheel>", lambda event: self.canvas.yview_scroll(-event.delta // 60, "units"))
        self.canvas.bind("<Button-1>", self._clicked)
        self._tops: list[tuple[int, Member]] = []
        self._open = ""
        self._members: tuple[Member, ...] = ()
        self.foreign = 0

    def show_members(self, members: Sequence[Member]) -> None:
        """Another list of members."""
        self._members = tuple(members)
        self._draw()

    def take_over(self, old: "MemberPanel") -> None:
        """Show what another panel showed."""
        self.show_foreign(old.foreign)
        self._open = old._open
        self.show_members(old._members)

    def show_foreign(self, total: int) -> None:
        """How many packets on the topic were not this room's."""
        self.foreign = total
        words = many("{count} foreign packet ignored", "{count} foreign packets ignored", total).format(count=digits(total))
        self._foreign.configure(text=words if total else "")

    def _draw(self) -> None:
        canvas, px, palette = self.canvas, self._theme.px, self._theme.palette
        canvas.delete("all")
        self._tops.clear()
        y = 0
        for heading, online in ((_("Online"), True), (_("Offline"), False)):
            group = [member for member in self._members if member.online is online]
            if not group:
                continue
            words = f"{heading.upper()} — {digits(len(group))}"
            canvas.create_text(px(16), y + px(14), text=words, font=self._theme.fonts["tiny_bold"], fill=palette.text3, anchor="w")
            y += px(28)
            for member in group[:SHOWN]:
                y = self._member(member, y)
            if len(group) > SHOWN:
                words = _("and {count} more").format(count=digits(len(group) - SHOWN))
                canvas.create_text(px(16), y + px(10), text=words, font=self._theme.fonts["tiny"], fill=palette.text3, anchor="w")
                y += px(24)
            y += px(10)
        canvas.configure(scrollregion=(0, 0, px(WIDTH), max(y, 1)))

    def _member(self, member: Member, y: int) -> int:
        canvas, px, palette, fonts = self.canvas, self._theme.px, self._theme.palette, self._theme.fonts
        size = px(34)
        picture = self._paint.avatar(size, member.device, palette.side, online=member.online, faint=not member.online)
        canvas.create_image(px(16), y + px(5), image=picture, anchor="nw")
        name = without_emoji(clean_line(member.name)) or "?"
        canvas.create_text(px(16) + size // 2, y + px(5) + size // 2, text=initials(name), font=fonts["avatar"], fill="#FFFFFF")
        ink = palette.text if member.online else palette.text2
        shown = self._theme.shorten(_("{name} (you)").format(name=name) if member.own else name, "name", px(WIDTH - 96))
        canvas.create_text(px(60), y + px(14), text=shown, font=fonts["name"], fill=ink, anchor="w")
        canvas.create_text(px(60), y + px(30), text=_state(member), font=fonts["tiny"], fill=palette.text3, anchor="w")
        if member.trust is Trust.CHANGED:
            icon = self._paint.icon("shield-alert", px(15), palette.warning, palette.side)
            canvas.create_image(px(WIDTH - 16), y + px(22), image=icon, anchor="e")
        self._tops.append((y, member))
        y += px(46)
        if member.device == self._open:
            words = _("Fingerprint") + f"\n{clean_line(member.fingerprint)}"
            if member.trust is Trust.CHANGED:
                words += "\n\n" + _(CHANGED)
            item = canvas.create_text(px(60), y, text=words, font=fonts["tiny"], fill=palette.text2, anchor="nw", width=px(WIDTH - 76))
            y = int(canvas.bbox(item)[3]) + px(8)
        return y

    def _clicked(self, event: "tk.Event[tk.Misc]") -> None:
        y = self.canvas.canvasy(event.y)
        for top, member in reversed(self._tops):
            if y >= top:
                self._open = "" if self._open == member.device else member.device
                self._draw()
                return


def _state(member: Member) -> str:
    if member.online:
        return _("online")
    if not member.last_seen:
        return _("offline")
    seen, now = time.localtime(member.last_seen), time.localtime()
    return _("last seen {when}").format(when=time.strftime("%H:%M", seen) if seen[:3] == now[:3] else short_date(seen))
