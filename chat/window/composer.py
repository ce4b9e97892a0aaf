"""The message box: grows to six lines, Return sends, and what does not go out stays in it.

Its text may be a new message, an answer to one, or the new text of one; a strip above it then says which.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chat.events import Message
from chat.slash import as_typed, split_command
from chat.text import clean_text
from chat.window.completion import CompletionList
from chat.window.controls import IconButton, RoundBox
from chat.window.draft_bar import DraftBar, Purpose
from chat.window.lines import without_emoji
from chat.window.paint import Paint
from chat.window.pasting import clipboard_picture
from chat.window.suggestions import Suggestion
from chat.window.theme import Theme
from chat.words import _, digits

MOST_LINES: Final = 6
PASTED_LIMITS: Final = 4
"""How many times the limit may be pasted, to be shortened."""
COUNTER_FROM: Final = 0.8
"""The counter shows once this share of the limit is used."""


@dataclass(frozen=True, slots=True)
class ComposerWishes:
    """What becomes of a text."""

    send: Callable[[str, str], object]
    """The text, and the key of the message that it answers or ""."""
    type: Callable[[], object]
    """Something is being typed."""
    edit: Callable[[str, str], object]
    """The key of the message, and its new text."""
    last_own: Callable[[], Message | None]
    """The message that Up in an empty box changes."""
    pick_emoji: Callable[[], object]
    """Let a person choose an emoji, for `insert`."""
    run: Callable[[str, str], str]
    """Do what a command says, given its argument; a sentence comes back if it can't be done."""
    suggest: Callable[[str], tuple[int, list[Suggestion]]]
    """What is offered after what stands in the line before the cursor, and how much of that it replaces."""
    attach: Callable[[], object]
    """Let a person choose files to send."""
    paste_picture: Callable[[bytes], object]
    """Send a picture from the clipboard, as PNG."""


class Composer(tk.Frame):
    """`limit` is in bytes of UTF-8."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, wishes: ComposerWishes, limit: int) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.chat)
        self._theme, self._wishes, self._limit = theme, wishes, limit
        self.purpose: Purpose | None = None
        self._put_aside = ""
        """What was in the box when one began to change a message."""
        self.bar = DraftBar(self, theme, paint, self.give_up)
        self._line = tk.Frame(self, bg=palette.chat)
        self._words = tk.Label(self._line, bg=palette.chat, fg=palette.error, font=theme.fonts["small"], justify="left")
        self._words.pack(side="left")
        self._counter = tk.Label(self._line, bg=palette.chat, fg=palette.text2, font=theme.fonts["small"])
        self._counter.pack(side="right")
        self.bind("<Configure>", lambda event: self._words.configure(wraplength=max(px(120), event.width - px(200))))
        box = RoundBox(self, theme, paint, fill=palette.background, behind=palette.chat, radius=23, pad=7)
        box.pack(side="bottom", fill="x", padx=px(16), pady=(px(4), px(14)))
        hint = _("Send (Return)")
        button = IconButton(
            box.inner, theme, paint, "arrow-up", self.submit, behind=palette.background, hint=hint, size=19, box=32, accent=True
        )
        button.pack(side="right", anchor="s")
        hint = _("Attach a file (Ctrl+O)")
        attach = IconButton(box.inner, theme, paint, "paperclip", wishes.attach, behind=palette.background, hint=hint, size=20, box=32)
        attach.pack(side="left", anchor="s")
        if paint.has_emoji:
            hint = _("Emoji (Ctrl+E)")
            IconButton(box.inner, theme, paint, "smile", wishes.pick_emoji, behind=palette.background, hint=hint, size=20, box=32).pack(
                side="right", anchor="s", padx=px(4)
            )
        self.text = tk.Text(
            box.inner, height=1, width=10, wrap="word", bd=0, highlightthickness=0, bg=palette.background, fg=palette.text,
            font=theme.fonts["body"], insertbackground=palette.accent, insertwidth=px(2), padx=px(12), pady=px(7), undo=True,
            selectbackground=palette.selection, selectforeground=palette.text,
        )  # fmt: skip
        self.text.pack(side="left", fill="both", expand=True)
        box.watch(self.text)
        hint = _("Write an encrypted message…")
        self._hint = tk.Label(
            self.text, text=hint, font=theme.fonts["body"], fg=palette.text3, bg=palette.background, cursor="xterm", bd=0, padx=0
        )
        self._hint.bind("<Button-1>", lambda _: self.text.focus_set())
        self.text.bind("<<Modified>>", self._modified)
        self.text.bind("<<Paste>>", self._paste)
        for key in ("<Return>", "<KP_Enter>"):
            self.text.bind(key, self._return)
        self.text.bind("<Shift-Return>", lambda _: None)
        self.text.bind("<Up>", self._up)
        self.text.bind("<Down>", lambda _: self._step(1))
        self.completion = CompletionList(parent, theme, paint, self._complete)
        self._typed = 0
        """How many signs before the cursor a suggestion replaces."""
        self._offered_at = self._completed = ""
        """Where the cursor was then, and what stood before it when one was taken."""
        for event in ("<KeyRelease>", "<ButtonRelease-1>"):
            self.text.bind(event, lambda _: self._moved(), add=True)
        self.text.bind("<Configure>", lambda _: self._grow())
        # In a chat Tab goes on to the next part of the window.
        self.text.bind("<Tab>", lambda event: "break" if self._complete() else self._leave(event, forward=True))
        self.text.bind("<FocusOut>", lambda _: self.completion.hide(), add=True)
        self.text.bind("<<PrevWindow>>", lambda event: self._leave(event, forward=False))
        self._show_hint()

    def content(self) -> str:
        """What is in the box."""
        return self.text.get("1.0", "end-1c")

    def insert(self, text: str) -> None:
        """Type something where the cursor is, in the place of what is selected."""
        if self.text.tag_ranges("sel"):
            self.text.delete("sel.first", "sel.last")
        self.text.insert("insert", text)
        self.text.see("insert")

    def submit(self) -> None:
        """Send what is in the box, unless it is empty or too long."""
        text = self.content()
        if not text.strip():
            if self.purpose is not None and self.purpose.kind == "edit":
                self.complain(_("A message can’t be empty. To take it back, choose Delete in its menu."))
            return
        if self._size(text) > self._limit:
            words = _("This message is too long by {count} bytes. Shorten it, or send it in parts.")
            self.complain(words.format(count=digits(self._size(text) - self._limit)))
            return
        self.complain("")
        purpose = self.purpose
        self.text.delete("1.0", "end")
        name, message = split_command(text) if self._takes_commands else ("", text)
        if name:
            # A command may change the look, and then this box is not there any more.
            if refusal := self._wishes.run(name, message):
                self._fill(text)
                self.complain(refusal)
            return
        self.give_up()
        if purpose is None or purpose.kind == "reply":
            self._wishes.send(message, purpose.message.key if purpose is not None else "")
        elif text != _whole(purpose.message):
            self._wishes.edit(purpose.message.key, text)

    def reply_to(self, message: Message) -> None:
        """Let the text be an answer to this message."""
        self.give_up()
        self._begin(Purpose("reply", message))

    def edit(self, message: Message) -> None:
        """Let the text be the new one of this message."""
        self.give_up()
        self._put_aside = self.content()
        self._fill(_whole(message))
        self._begin(Purpose("edit", message))

    def give_up(self) -> bool:
        """Let the text be a new message again; whether it was anything else."""
        purpose, self.purpose = self.purpose, None
        if purpose is None:
            return False
        self.bar.pack_forget()
        self.complain("")
        if purpose.kind == "edit":
            self._fill(self._put_aside)
            self._put_aside = ""
        return True

    def restore(self, text: str) -> None:
        """Give back a message that was not taken, before what was typed since."""
        text = as_typed(text)
        if self.purpose is not None and self.purpose.kind == "edit":
            self._put_aside = f"{text}\n{self._put_aside}" if self._put_aside else text
            return
        self.text.insert("1.0", text if not self.content() else text + "\n")
        self.text.mark_set("insert", "end-1c")

    def take_over(self, old: "Composer") -> None:
        """Go on with what was typed in another one."""
        self._put_aside = old._put_aside
        self._fill(old.content())
        if old.purpose is not None:
            self._begin(old.purpose)

    def _fill(self, text: str) -> None:
        self.text.delete("1.0", "end")
        self.text.insert("1.0", text)
        self.text.mark_set("insert", "end-1c")

    def _begin(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.bar.show(purpose)
        self.bar.pack(side="top", fill="x", padx=self._theme.px(16), pady=(self._theme.px(6), 0))
        self.text.focus_set()

    def _up(self, _event: "tk.Event[tk.Misc]") -> str | None:
        if self._step(-1):
            return "break"
        if self.content() or self.purpose is not None:
            return None
        message = self._wishes.last_own()
        if message is not None:
            self.edit(message)
        return "break"

    def complain(self, sentence: str) -> None:
        """Show a sentence above the box, or none."""
        self._words.configure(text=without_emoji(clean_text(sentence)[0]), fg=self._theme.palette.error)
        self._place_line()

    def remark(self, words: str) -> None:
        """Say something above the box that is no trouble, or nothing."""
        self._words.configure(text=words, fg=self._theme.palette.text2)
        self._place_line()

    def _return(self, _event: "tk.Event[tk.Misc]") -> str:
        if not self._complete():
            self.submit()
        return "break"

    def _step(self, by: int) -> str | None:
        """Mark another suggestion, if there are any."""
        if self.completion.current is None:
            return None
        self.completion.step(by)
        return "break"

    def _complete(self) -> bool:
        """Put the marked suggestion in the place of what was typed; whether that changes anything."""
        self._moved()
        suggestion = self.completion.current
        self.completion.hide()
        typed = self.text.get(f"insert - {self._typed} chars", "insert")
        if suggestion is None or suggestion.text.rstrip() == typed:
            return False
        self.text.delete(f"insert - {self._typed} chars", "insert")
        self.insert(suggestion.text)
        self._completed = self.text.get("insert linestart", "insert")
        return True

    def _moved(self) -> None:
        """Offer nothing any more if the cursor went elsewhere; after a change of the text, something else is offered anyway."""
        if not self.text.edit_modified() and self.text.index("insert") != self._offered_at:
            self.completion.hide()

    @property
    def _takes_commands(self) -> bool:
        # The new text of a message may well begin with a slash, as the old one did.
        return self.purpose is None or self.purpose.kind == "reply"

    def _offer(self) -> None:
        """Show what fits what stands before the cursor."""
        if self.text.get("1.0") == "/" and not self._takes_commands:
            self.completion.hide()
            return
        line = self.text.get("insert linestart", "insert")
        is_first = self.text.compare("insert linestart", "==", "1.0")
        self._typed, suggestions = self._wishes.suggest(line) if is_first or not line.startswith("/") else (0, [])
        self._offered_at = str(self.text.index("insert"))
        # What was just completed may be the beginning of another name, and Return has to send it.
        self.completion.show(suggestions if line != self._completed else [], self)

    def _leave(self, event: "tk.Event[tk.Misc]", *, forward: bool) -> str:
        widget = event.widget.tk_focusNext() if forward else event.widget.tk_focusPrev()
        if widget is not None:
            widget.focus_set()
        return "break"

    def _modified(self, _event: "tk.Event[tk.Misc]") -> None:
        if self.text.edit_modified():
            self.text.edit_modified(False)
            self._grow()
            self._show_hint()
            self._count()
            self._offer()
            if self.content() and self.purpose is None:
                self._wishes.type()

    def _show_hint(self) -> None:
        if self.text.compare("end-1c", "==", "1.0"):
            # Within the text's own margin, so just right of the cursor.
            self._hint.place(x=self._theme.px(2), rely=0.5, anchor="w")
        else:
            self._hint.place_forget()

    def _grow(self) -> None:
        found = self.text.count("1.0", "end", "displaylines")
        lines = found[0] if isinstance(found, tuple) else found or 1
        height = max(1, min(MOST_LINES, lines))
        if int(self.text["height"]) != height:
            self.text.configure(height=height)

    def _count(self) -> None:
        size = self._size(self.content())
        words = _("{size} of {most} bytes").format(size=digits(size), most=digits(self._limit))
        words = words if size >= self._limit * COUNTER_FROM else ""
        self._counter.configure(text=words, fg=self._theme.palette.error if size > self._limit else self._theme.palette.text2)
        self._place_line()

    def _place_line(self) -> None:
        if self._words["text"] or self._counter["text"]:
            self._line.pack(side="top", fill="x", padx=self._theme.px(28), pady=(self._theme.px(4), 0))
        else:
            self._line.pack_forget()

    def _paste(self, _event: "tk.Event[tk.Misc]") -> str | None:
        """Send a picture; keep out what could never be sent and would only stop the window: it stays on the clipboard."""
        picture = clipboard_picture(self)
        if picture is not None:
            self._wishes.paste_picture(picture)
            return "break"
        try:
            size = len(self.clipboard_get())
        except tk.TclError:
            return None
        if size <= PASTED_LIMITS * self._limit:
            return None
        words = _("What you want to paste is too long: {size} signs. A message has at most {most} bytes.")
        self.complain(words.format(size=digits(size), most=digits(self._limit)))
        return "break"

    def _size(self, text: str) -> int:
        return len(text.encode(errors="replace"))


def _whole(message: Message) -> str:
    """All of a message's text, as the box can hold it."""
    return clean_text(message.text, len(message.text), len(message.text))[0]
