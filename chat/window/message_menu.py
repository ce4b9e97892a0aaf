"""What can be done with one message, in a small panel beside it: by mouse, or with the arrow keys, Return and Escape."""

import functools
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chat.events import Delivery, Message
from chat.text import clean_text
from chat.window.file_card import act_words, file_acts, file_stage
from chat.window.markup import parse
from chat.window.paint import Paint
from chat.window.reactions import OFFERED
from chat.window.rows import Row
from chat.window.theme import Theme
from chat.words import _, digits, marked

WIDTH: Final = 244
REALLY: Final = marked("Really delete?")
MOST_LINKS: Final = 3
"""Links of one message that its menu offers to open."""


@dataclass(frozen=True, slots=True)
class MessageWishes:
    """What a person can ask for about one message."""

    reply: Callable[[Message], object]
    edit: Callable[[Message], object]
    copy: Callable[[str], object]
    retract: Callable[[str], object]
    react: Callable[[str, str, bool], object]
    """Key, emoji, and whether it is put there or taken away."""
    resend: Callable[[str], object]
    open_link: Callable[[str], object]
    more_emoji: Callable[[Message], object]
    act_on_file: Callable[[str, Row], object]
    """A `FileAct`, and the row of the message that offers the file."""


class MessageMenu(tk.Frame):
    """Lies over its parent from `show` until something was chosen, the focus went elsewhere, or Escape was pressed.

    `received` says how many of how many members have an own message; `closed` is called when it goes and still had the focus.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, wishes: MessageWishes,
        received: Callable[[Message], tuple[int, int]], closed: Callable[[], object],
    ) -> None:  # fmt: skip
        line = theme.palette.line
        super().__init__(parent, bg=theme.palette.background, highlightthickness=1, highlightbackground=line, highlightcolor=line)
        self._theme, self._paint, self._wishes, self._received, self._closed = theme, paint, wishes, received, closed
        self._parts: list[tk.Label] = []
        self.emoji: dict[str, tk.Label] = {}
        self._delete: tuple[Callable[[], object], tk.Label] | None = None
        self._idle = ""
        self.bind("<FocusOut>", self._focus_out)
        self.bind("<Destroy>", self._destroyed)

    def show(self, row: Row, x: int, y: int, above: int, selected: Callable[[], object] | None = None) -> None:
        """Open it for a row below a point of the parent, or where it has no room there so that it ends at `above`.

        `selected` copies the selected part of the conversation.
        """
        self._empty()
        if row.message is None:
            return
        self._fill(row, row.message, selected)
        if not self._parts:
            return
        self.update_idletasks()
        width, height = self._theme.px(WIDTH), self.winfo_reqheight()
        room = self.master.winfo_width() - width, self.master.winfo_height() - height
        self.place(x=max(0, min(x, room[0])), y=max(0, y if y <= room[1] else above - height), width=width)
        self.lift()
        self._parts[0].focus_set()

    def ask_to_delete(self) -> None:
        """Choose Delete, which asks once more."""
        if self._delete is not None:
            ask, part = self._delete
            part.focus_set()
            ask()

    def close(self) -> None:
        """Take it away."""
        if self.winfo_manager():
            self._empty()
            self._closed()

    def _empty(self) -> None:
        self._parts, self.emoji, self._delete = [], {}, None
        self.place_forget()
        for child in self.winfo_children():
            child.destroy()

    def _fill(self, row: Row, message: Message, selected: Callable[[], object] | None) -> None:
        palette, px = self._theme.palette, self._theme.px
        words = state_words(row, self._received)
        if words:
            label = tk.Label(self, text=words, font=self._theme.fonts["small"], fg=palette.text2, bg=palette.background, anchor="w")
            label.pack(fill="x", padx=px(12), pady=(px(8), 0))
        if selected is not None:
            self._add(_("Copy selection"), "copy", selected)
        if message.retracted or message.newer:
            return
        stage = file_stage(row)
        for act in file_acts(row):
            words, icon = act_words(act, stage)
            self._add(words, icon, functools.partial(self._wishes.act_on_file, act, row))
        self._add_emoji(message)
        if self._paint.has_emoji:
            self._add(_("More emoji…"), "smile-plus", lambda: self._wishes.more_emoji(message))
        self._add(_("Reply"), "reply", lambda: self._wishes.reply(message))
        text = clean_text(message.text, len(message.text), len(message.text))[0]
        self._add(_("Copy"), "copy", lambda: self._wishes.copy(text))
        for run in [run for run in parse(text) if run.kind == "link"][:MOST_LINKS]:
            self._add_link(run.target)
        if message.own:
            if message.file is None:
                self._add(_("Edit"), "pencil", lambda: self._wishes.edit(message))
            if row.delivery is Delivery.FAILED:
                self._add(_("Try again"), "rotate-cw", lambda: self._wishes.resend(message.key))
            self._add_delete(message.key)
        tk.Frame(self, bg=palette.background, height=px(4)).pack()

    def _add(self, text: str, icon: str, command: Callable[[], object], *, stays: bool = False) -> tk.Label:
        part = self._part(tk.Label(self, text=f"   {text}", compound="left", anchor="w", font=self._theme.fonts["small"]))
        part.configure(fg=self._theme.palette.text)
        self._bind_look(part, functools.partial(self._look, part, icon))
        part.pack(fill="x", padx=self._theme.px(4))
        self._answer(part, command, stays=stays)
        return part

    def _add_link(self, target: str) -> None:
        words = _("Open {address}").format(address=target.partition("://")[2] or target)[:100]
        words = self._theme.shorten(words, "small", self._theme.px(WIDTH - 64))
        self._add(words, "external-link", lambda: self._wishes.open_link(target))

    def _look(self, part: tk.Label, icon: str, over: bool) -> None:
        palette, px = self._theme.palette, self._theme.px
        behind = palette.hover if over else palette.background
        part.configure(image=self._paint.icon(icon, px(16), str(part["fg"]), behind), bg=behind, padx=px(8), pady=px(6))

    def _add_delete(self, key: str) -> None:
        def ask() -> None:
            part.configure(text=f"   {_(REALLY)}", fg=self._theme.palette.error)
            self._look(part, "trash-2", True)
            self._answer(part, lambda: self._wishes.retract(key), stays=False)

        part = self._add(_("Delete"), "trash-2", ask, stays=True)
        self._delete = (ask, part)

    def _add_emoji(self, message: Message) -> None:
        palette, px = self._theme.palette, self._theme.px
        line = tk.Frame(self, bg=palette.background)
        line.pack(fill="x", padx=px(6), pady=(px(6), px(2)))
        own = {reaction.emoji for reaction in message.reactions if reaction.own}
        for emoji in OFFERED:
            part = self.emoji[emoji] = self._part(tk.Label(line, bg=palette.background))
            self._bind_look(part, functools.partial(self._emoji_look, part, emoji, emoji in own))
            part.pack(side="left", expand=True)
            self._answer(part, functools.partial(self._wishes.react, message.key, emoji, emoji not in own), stays=False)

    def _emoji_look(self, part: tk.Label, emoji: str, own: bool, over: bool) -> None:
        palette, px = self._theme.palette, self._theme.px
        fill = palette.selected if own else palette.hover if over else palette.background
        border = palette.accent if own or over else palette.background
        part.configure(image=self._paint.emoji_button(emoji, px(20), px(34), px(8), fill, palette.background, border))

    def _bind_look(self, part: tk.Label, look: Callable[[bool], None]) -> None:
        for event in ("<Enter>", "<FocusIn>"):
            part.bind(event, lambda _: look(True), add=True)
        for event in ("<Leave>", "<FocusOut>"):
            part.bind(event, lambda _: look(False), add=True)
        look(False)

    def _part(self, part: tk.Label) -> tk.Label:
        part.configure(bd=0, takefocus=True, cursor="hand2")
        part.bind("<Escape>", self._escape)
        for keys, step in ((("<Down>", "<Right>", "<Tab>"), 1), (("<Up>", "<Left>", "<<PrevWindow>>"), -1)):
            for key in keys:
                part.bind(key, functools.partial(self._move, len(self._parts), step))
        part.bind("<FocusOut>", self._focus_out, add=True)
        self._parts.append(part)
        return part

    def _answer(self, part: tk.Label, command: Callable[[], object], *, stays: bool) -> None:
        def choose(_event: "tk.Event[tk.Misc]") -> str:
            if not stays:
                self.close()
            command()
            return "break"

        for event in ("<Button-1>", "<Return>", "<KP_Enter>", "<space>"):
            part.bind(event, choose)

    def _move(self, place: int, step: int, event: "tk.Event[tk.Misc]") -> str:
        """Go to the part before or after; up and down pass over the rest of the row of emoji."""
        row = [number for number, part in enumerate(self._parts) if part in self.emoji.values()]
        if event.keysym in ("Up", "Down") and place in row:
            place = row[-1] if step > 0 else row[0]
        self._parts[(place + step) % len(self._parts)].focus_set()
        return "break"

    def _escape(self, _event: "tk.Event[tk.Misc]") -> str:
        self.close()
        return "break"

    def _focus_out(self, _event: "tk.Event[tk.Misc]") -> None:
        # The focus may only be on its way from one part to the next.
        if not self._idle:
            self._idle = self.after_idle(self._close_without_focus)

    def _close_without_focus(self) -> None:
        self._idle = ""
        if not str(self.tk.call("focus")).startswith(str(self)):
            self._empty()

    def _destroyed(self, _event: "tk.Event[tk.Misc]") -> None:
        if self._idle:
            self.after_cancel(self._idle)


def state_words(row: Row, received: Callable[[Message], tuple[int, int]]) -> str:
    """How far an own message is known to have come; "" for the others' messages."""
    match row.delivery:
        case Delivery.WAITING:
            return _("Goes out in a moment")
        case Delivery.QUEUED:
            return _("The broker does not have it yet")
        case Delivery.FAILED:
            return _("The broker refused it")
        case Delivery.AT_BROKER if row.message is not None:
            return _received_words(*received(row.message))
    return ""


def _received_words(count: int, members: int) -> str:
    if not members:
        return _("The broker has it")
    if not count:
        return _("The broker has it. None of {members} has received it yet").format(members=digits(members))
    return _("Received by {count} of {members}").format(count=digits(count), members=digits(members))
