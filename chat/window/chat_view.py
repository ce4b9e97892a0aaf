"""The room in the window: header, banner, conversation, message box and members, laid out and told what to show."""

import functools
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chat.events import (
    Delivery,
    DeliveryChanged,
    Entered,
    FileChanged,
    Found,
    Gap,
    Link,
    LinkChanged,
    Member,
    Message,
    MessagesFolded,
    Page,
    ReceiptsChanged,
    Supplied,
)
from chat.text import clean_line
from chat.window.banner import Banner
from chat.window.composer import Composer, ComposerWishes
from chat.window.dropping import accept_drops
from chat.window.emoji_picker import EmojiPicker
from chat.window.file_card import shortened
from chat.window.header import Header
from chat.window.hover_bar import HoverBar
from chat.window.lines import without_emoji
from chat.window.members import WIDTH as MEMBERS_WIDTH
from chat.window.members import MemberPanel
from chat.window.message_keys import MessageKeys, lead_to_messages
from chat.window.message_menu import MessageMenu, MessageWishes
from chat.window.paging import Paging
from chat.window.paint import Paint
from chat.window.reading import Reading
from chat.window.rows import Order, Row
from chat.window.search_bar import SearchBar
from chat.window.suggestions import suggest
from chat.window.theme import Theme
from chat.window.transcript import Transcript
from chat.words import _

LEAST_WITH_MEMBERS: Final = 690
"""Below this width (at 100 %) the member panel folds away."""


EMOJI_BESIDE: Final = 200
"""How far the emoji for a message reach to the right of it, and below."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person can ask for in the room."""

    send: Callable[[str, str], object]
    """A text, and the key of the message that it answers or ""."""
    type: Callable[[], object]
    """Something is being typed."""
    edit: Callable[[str, str], object]
    """The key of an own message, and its new text."""
    retract: Callable[[str], object]
    react: Callable[[str, str, bool], object]
    """The key of a message, an emoji, and whether it is put there or taken away."""
    resend: Callable[[str], object]
    older: Callable[[Order], object]
    newer: Callable[[Order], object]
    around: Callable[[Order | None], object]
    """None asks for the end of the conversation."""
    run: Callable[[str, str], str]
    """A command and its argument; a sentence comes back if it can't be done."""
    search: Callable[[int, str], object]
    """A number that the answers carry, and what to look for."""
    attach: Callable[[], object]
    """Let a person choose files to send."""
    send_files: Callable[[Sequence[Path]], object]
    send_picture: Callable[[bytes], object]
    """A picture from the clipboard, as PNG."""
    act_on_file: Callable[[str, str, Path | None], object]
    """A `FileAct`, the key of the message that offers the file, and where the file is."""
    open_settings: Callable[[], object]
    retry: Callable[[], object]
    host: Callable[[], object]


class ChatView(tk.Frame):
    """Owns the widgets of the room."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, wishes: Wishes, text_limit: int, recent_emoji: list[str] | None = None
    ) -> None:
        super().__init__(parent, bg=theme.palette.background)
        self._theme, self._paint, self._wishes = theme, paint, wishes
        self.room = ""
        """The room that shows in it."""
        self._wanted = True
        """Whether the members are to stand beside the conversation,"""
        self._over = False
        """and whether they lie over it, where they have no room beside it."""
        self._has_emoji = paint.has_emoji
        centre = tk.Frame(self, bg=theme.palette.background)
        centre.grid(row=0, column=0, sticky="nsew")
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self.header = Header(
            centre, theme, paint, open_search=self.open_search, toggle_members=self.toggle_members, open_settings=wishes.open_settings
        )
        self.header.pack(fill="x")
        tk.Frame(centre, bg=theme.palette.line, height=1).pack(fill="x")
        self._search: SearchBar | None = None
        self.banner = Banner(centre, theme, paint)
        self.banner.pack(fill="x")
        self.transcript = Transcript(centre, theme, paint, Paging(wishes.older, wishes.newer, wishes.around))
        composing = ComposerWishes(
            send=self._send, type=wishes.type, edit=wishes.edit, last_own=self.transcript.last_own, pick_emoji=self.pick_emoji,
            run=wishes.run, suggest=lambda before: suggest(before, self.members.shown),
            attach=wishes.attach, paste_picture=wishes.send_picture,
        )  # fmt: skip
        self.composer = Composer(centre, theme, paint, composing, text_limit)
        self.composer.pack(side="bottom", fill="x")
        palette = theme.palette
        self._typists = tk.Label(centre, font=theme.fonts["tiny"], fg=palette.text2, bg=palette.chat, anchor="w", padx=theme.px(20))
        self._typists.pack(side="bottom", fill="x")
        self.reading = Reading(self.transcript, theme, paint, wishes.react, self._open_menu, self._act_on_file)
        self.transcript.pack(fill="both", expand=True)
        # By keyboard one goes to the message box before the conversation above it.
        self.composer.lower(self.transcript)
        about_one = MessageWishes(
            reply=self.composer.reply_to, edit=self.composer.edit, copy=self.reading.to_clipboard,
            retract=wishes.retract, react=wishes.react, resend=wishes.resend, open_link=self.reading.open_link,
            more_emoji=self._pick_reaction, act_on_file=self._act_on_file,
        )  # fmt: skip
        self.menu = MessageMenu(self, theme, paint, about_one, self.transcript.received, self.transcript.focus_set)
        keys = MessageKeys(self.transcript, about_one, self.menu, self._open_menu_of, self.focus_message_box)
        HoverBar(self.transcript, theme, paint, about_one, self._open_menu_of, self.reading.glide)
        lead_to_messages(self.composer.text, self.transcript, keys)
        self._recent_emoji = recent_emoji if recent_emoji is not None else []
        self._edge = tk.Frame(self, bg=theme.palette.line, width=1)
        self.members = MemberPanel(self, theme, paint)
        self.bind("<Configure>", lambda _: self._place_members())
        accept_drops(self, theme, wishes.send_files)
        self._bind_keys()

    @property
    def search(self) -> SearchBar:
        """Made when it is first wanted, because rooms have to open quickly."""
        if self._search is None:
            self._search = SearchBar(self.banner.master, self._theme, self._paint, self._wishes.search, self._go_to, self.focus_message_box)
            self._search.pack(fill="x", before=self.banner)
            # By keyboard one comes to it in the order in which they stand.
            self._search.lower(self.banner)
            self._bind_part(self._search.entry)
        return self._search

    @functools.cached_property
    def emoji(self) -> EmojiPicker:
        """As `search`."""
        return EmojiPicker(self, self._theme, self._paint, self._recent_emoji)

    def enter(self, event: Entered) -> None:
        """Another room."""
        self.composer.give_up()
        if self._search is not None:
            self._search.close()
        self.transcript.set_new(event.read)
        self.header.show_room(event.room, event.topic, event.fingerprint)
        self.transcript.call_me(clean_line(event.username))
        words = _("You are in {topic} at {place}. Only those who know the passphrase can read it.")
        self.transcript.add_notice(words.format(topic=clean_line(event.topic), place=event.broker.place))

    def show_page(self, page: Page) -> None:
        """Part of what was said before."""
        self.transcript.show_page(page)

    def show_messages(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """Messages that arrived or were sent since the last time."""
        self.transcript.add(messages)

    def change_message(self, message: Message) -> None:
        """A message looks different now."""
        self.transcript.change(message)

    def change_file(self, event: FileChanged) -> None:
        """It stands otherwise with a file; one without a key is an own one that is read before it is offered."""
        if event.key:
            self.transcript.change_file(event)
        else:
            share = 100 * event.done // max(1, event.size)
            name = shortened(event.name, "small_bold", self._theme.px(300), self._theme)
            self.composer.remark(_("Reading {name}… {share} %").format(name=name, share=share) if event.done < event.size else "")

    def change_receipts(self, event: ReceiptsChanged) -> None:
        """The others have more of what was said here."""
        self.transcript.change_receipts(event)

    def show_typists(self, names: Sequence[str]) -> None:
        """Who is writing a message now."""
        shown = [without_emoji(clean_line(name)) for name in names]
        words = _("Several people are typing…")
        if len(shown) < 3:
            words = ("", _("{first} is typing…"), _("{first} and {second} are typing…"))[len(shown)]
        self._typists.configure(text=words.format(first=shown[0] if shown else "", second=shown[-1] if shown else ""))

    def show_gaps(self, gaps: Sequence[Gap]) -> None:
        """All messages that are missing now."""
        self.transcript.set_gaps(gaps)

    def show_supplied(self, event: Supplied) -> None:
        """What was said before came from others."""
        self.transcript.set_supplied(event)

    def show_found(self, event: Found) -> None:
        """What a search has found so far."""
        self.search.show(event)

    def change_delivery(self, event: DeliveryChanged) -> None:
        """An own message came further."""
        self.transcript.change_delivery(event.key, event.delivery, event.reason)

    def fold(self, event: MessagesFolded) -> None:
        """Messages that came too fast."""
        self.transcript.fold(event.device, clean_line(event.name), event.count, event.messages)

    def show_members(self, members: Sequence[Member]) -> None:
        """Another list of members."""
        self.members.show_members(members)
        self.header.show_people(len(members), sum(member.online for member in members))

    def show_link(self, change: LinkChanged) -> None:
        """Another state of the connection; trouble also goes into the banner, with what can be done."""
        self.header.show_link(change)
        if change.link in (Link.WAITING, Link.STOPPED):
            actions = [(_("Try now"), self._wishes.retry), (_("Settings"), self._wishes.open_settings)]
            if change.link is Link.WAITING:
                actions.append((_("Host a room on this computer"), self._wishes.host))
            self.banner.show(change.sentence, actions)
        elif change.link is Link.CONNECTED:
            self.banner.show("")

    def take_over(self, old: "ChatView") -> None:
        """Show what another view showed, after a change of look."""
        self.header.take_over(old.header)
        self.transcript.take_over(old.transcript)
        self.members.take_over(old.members)
        self._wanted = old._wanted
        self._place_members()
        self.composer.take_over(old.composer)
        if old._search is not None:
            self.search.take_over(old._search)
        if old.header.link is not None:
            self.show_link(old.header.link)

    def toggle_members(self) -> None:
        """Show or hide the member panel."""
        if self._fits_members:
            self._wanted = not self._wanted
        else:
            self._over = not self._over
        self._place_members()

    def open_members(self) -> None:
        """Show the member panel."""
        if self._fits_members:
            self._wanted = True
        else:
            self._over = True
        self._place_members()

    def open_search(self) -> str:
        """Show the box in which one looks for messages."""
        self.search.open()
        return "break"

    def leave(self) -> str:
        """Give up what one was doing: an answer or a change of a message first, then what one read or selected."""
        if self.composer.completion.current is not None:
            self.composer.completion.hide()
            return "break"
        if self.composer.give_up():
            self.focus_message_box()
            return "break"
        self.transcript.selection = None
        self.transcript.to_end()
        self.focus_message_box()
        return "break"

    def pick_emoji(self) -> str:
        """Choose an emoji for the message box."""
        if self._has_emoji:
            box = self.composer
            right = box.winfo_rootx() - self.winfo_rootx() + box.winfo_width() - self._theme.px(16)
            self.emoji.show(box.insert, self.focus_message_box, right, box.winfo_rooty() - self.winfo_rooty())
        return "break"

    def _pick_reaction(self, message: Message) -> None:
        def react(emoji: str) -> None:
            own = any(reaction.own for reaction in message.reactions if reaction.emoji == emoji)
            self._wishes.react(message.key, emoji, not own)

        row = self.transcript.loaded.find(message.key)
        left, top = self._transcript_at()
        x, y, _ = self.transcript.outline_of(row) if row in self.transcript.visible() and row is not None else (0, 0, 0)
        x, y = left + x, top + y
        self.emoji.show(react, self.transcript.focus_set, x + self._theme.px(EMOJI_BESIDE), y + self._theme.px(EMOJI_BESIDE))

    def focus_message_box(self) -> None:
        """Put the cursor where one types."""
        self.composer.text.focus_set()

    def _bind_keys(self) -> None:
        for part in self._parts():
            self._bind_part(part)
            part.bind("<Escape>", lambda _: self.leave())
            part.bind("<Control-f>", lambda _: self.open_search())
            part.bind("<Control-e>", lambda _: self.pick_emoji())
            part.bind("<Control-o>", lambda _: self._attach())
        self.composer.text.bind("<Prior>", lambda _: self.reading.page(-1))
        self.composer.text.bind("<Next>", lambda _: self.reading.page(1))

    def _bind_part(self, part: tk.Misc) -> None:
        part.bind("<F6>", lambda _: self._go_on(part))
        # Without these, the keys that change the room would count as those that turn a page.
        for keys in ("<Control-Prior>", "<Control-Next>"):
            part.bind(keys, lambda _: None)

    def _parts(self) -> list[tk.Misc]:
        found: list[tk.Misc] = [] if self._search is None else [self._search.entry]
        return [self.composer.text, *found, self.transcript, self.members.canvas]

    def _go_on(self, left: tk.Misc) -> str:
        """Give the focus to the next part that shows."""
        parts = self._parts()
        place = parts.index(left)
        part = next(part for part in parts[place + 1 :] + parts[: place + 1] if part.winfo_viewable())
        part.focus_set()
        part.event_generate("<<TraverseIn>>")
        return "break"

    def _send(self, text: str, reply_to: str) -> None:
        self._wishes.send(text, reply_to)
        self.transcript.set_new(None)
        self.transcript.to_end()

    def _attach(self) -> str:
        self._wishes.attach()
        return "break"

    def _act_on_file(self, act: str, row: Row) -> None:
        if row.message is not None:
            self._wishes.act_on_file(act, row.message.key, row.file.path if row.file is not None else None)

    def _go_to(self, message: Message) -> None:
        self.transcript.go_to(message.key, message.order)

    def _open_menu(self, row: Row, x: int, y: int, above: int) -> None:
        """Open the menu of a message at a point of the conversation."""
        left, top = self._transcript_at()
        selected = self.reading.copy if self.transcript.selection is not None else None
        self.menu.show(row, left + x, top + y, top + above, selected)

    def _open_menu_of(self, row: Row) -> None:
        self._open_menu(row, *self.transcript.outline_of(row))

    def _transcript_at(self) -> tuple[int, int]:
        """Where in this view the conversation begins."""
        return self.transcript.winfo_rootx() - self.winfo_rootx(), self.transcript.winfo_rooty() - self.winfo_rooty()

    @property
    def _fits_members(self) -> bool:
        """Whether there is room for the members beside the conversation."""
        return self.winfo_width() >= self._theme.px(LEAST_WITH_MEMBERS)

    def _place_members(self) -> None:
        self._over = self._over and not self._fits_members
        width = self._theme.px(MEMBERS_WIDTH)
        if self._over:
            self._edge.grid_remove()
            self.members.place(relx=1.0, y=0, relheight=1.0, width=width, anchor="ne")
            self.members.lift()
            return
        self.members.place_forget()
        if self._wanted and self._fits_members:
            self._edge.grid(row=0, column=1, sticky="ns")
            self.members.grid(row=0, column=2, sticky="ns")
            self.members.configure(width=width)
        else:
            self._edge.grid_remove()
            self.members.grid_remove()
