"""The dialog that joins another room while one is in some already."""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from chat.config import Settings
from chat.errors import EntryError
from chat.window.controls import Button
from chat.window.form import Field
from chat.window.paint import Paint
from chat.window.place_form import Place, PlaceForm
from chat.window.theme import Theme
from chat.words import _

_WIDTH: Final = 480
_RARE: Final = ("ca_file", "certificate", "key_file")
"""Fields that show only when they are asked for or hold something."""


@dataclass(frozen=True, slots=True)
class JoinWishes:
    """What a person can ask for here: `join` is given the username, the passphrase and a checked place; `cancel` stops it.

    `rate` gives a sentence about a passphrase, "" for a good one.
    """

    join: Callable[[str, str, Place], object]
    cancel: Callable[[], object]
    suggest: Callable[[], str]
    rate: Callable[[str], str]


class JoinDialog(tk.Toplevel):
    """`busy` while the key is derived; it stays until `accepted` or `refuse` answers it. `settings` fill it in, except for the topic."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, settings: Settings, wishes: JoinWishes) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background)
        self.withdraw()
        self.title(_("Join a room"))
        self.resizable(False, False)
        self._theme, self._paint, self._wishes = theme, paint, wishes
        self._rating_timer = ""
        self._is_busy = False
        # Placed, the body has this width whatever its parts ask for, and still the height that they need.
        body = tk.Frame(self, bg=palette.background)
        body.place(x=px(28), y=px(20), width=px(_WIDTH - 56))
        body.bind("<Configure>", lambda event: self.geometry(f"{px(_WIDTH)}x{event.height + px(40)}"))
        tk.Label(body, text=_("Join another room"), font=theme.fonts["heading"], fg=palette.text, bg=palette.background).pack(anchor="w")
        words = _("Everyone who types the same topic and passphrase is in the same room")
        tk.Label(body, text=words, font=theme.fonts["small"], fg=palette.text2, bg=palette.background).pack(anchor="w", pady=(px(2), px(4)))
        self.place_form = PlaceForm(body, theme, paint, replace(settings, topic=""))
        self.place_form.pack(fill="x")
        self._more = Button(body, theme, paint, _("The broker asks for a certificate"), self.unfold, "quiet")
        if not any(self.place_form.fields[name].value for name in _RARE):
            for name in _RARE:
                self.place_form.fields[name].grid_remove()
            self._more.pack(anchor="w", pady=(px(2), 0))
        self.passphrase = Field(body, theme, paint, _("Passphrase"), secret=True)
        self.passphrase.pack(fill="x")
        self.passphrase.on_change(self._rate_soon)
        self._suggest_button = Button(body, theme, paint, _("Suggest a passphrase"), self._suggest, "quiet")
        self._suggest_button.pack(anchor="w", pady=(px(2), 0))
        self.username = Field(body, theme, paint, _("Your name in this room"), settings.username)
        self.username.pack(fill="x")
        self._error = tk.Label(
            body, font=theme.fonts["small"], bg=palette.error_background, fg=palette.error, wraplength=px(400), justify="left",
            anchor="w", padx=px(10), pady=px(8),
        )  # fmt: skip
        self._foot = tk.Frame(body, bg=palette.background)
        self._foot.pack(fill="x", pady=(px(18), 0))
        self.button = Button(self._foot, theme, paint, _("Join"), self.submit, "accent")
        self.button.pack(side="right")
        Button(self._foot, theme, paint, _("Cancel"), self.cancel).pack(side="right", padx=px(10))
        self._progress = tk.Label(
            self._foot, font=theme.fonts["small"], fg=palette.text2, bg=palette.background, wraplength=px(230), justify="left"
        )
        self._progress.pack(side="left")
        for field in self._fields.values():
            field.entry.bind("<Return>", lambda _: self.submit())
        self.bind("<Escape>", lambda _: self.cancel())
        self.bind("<Destroy>", self._stop_rating)
        self.protocol("WM_DELETE_WINDOW", self._close)
        self._show(parent)

    @property
    def _fields(self) -> dict[str, Field]:
        return {"username": self.username, "passphrase": self.passphrase, **self.place_form.fields}

    def submit(self) -> None:
        """Check the entries and ask to join."""
        if self._is_busy:
            return
        for field in self._fields.values():
            field.complain("")
        self._error.pack_forget()
        try:
            place = self.place_form.read()
        except EntryError as error:
            self.refuse(error.field, str(error))
            return
        self._wishes.join(self.username.value, self.passphrase.value, place)

    def busy(self, sentence: str) -> None:
        """Show that something is going on; "" ends it."""
        self._is_busy = bool(sentence)
        for part in (self.place_form, self.username, self.passphrase):
            part.enable(not sentence)
        for button in (self.button, self._suggest_button, self._more):
            button.enable(not sentence)
        self._progress.configure(text=sentence)

    def refuse(self, field: str, sentence: str) -> None:
        """Show a sentence at the field it is about, and put the cursor there."""
        self.busy("")
        if field not in self._fields:
            self._error.configure(text=sentence)
            self._error.pack(fill="x", pady=(self._theme.px(14), 0), before=self._foot)
            return
        if field in _RARE:
            self.unfold()
        self._fields[field].complain(sentence)
        self._fields[field].entry.focus_set()

    def accepted(self) -> None:
        """The room was entered: nothing more to do here."""
        self.destroy()

    def cancel(self) -> None:
        """Stop joining, so that the entries can be changed; close if nothing is going on."""
        if self._is_busy:
            self._wishes.cancel()
            self.busy("")
        else:
            self.destroy()

    def unfold(self) -> None:
        """Show the fields that few brokers need."""
        self._more.pack_forget()
        for name in _RARE:
            self.place_form.fields[name].grid()

    def _close(self) -> None:
        if self._is_busy:
            self._wishes.cancel()
        self.destroy()

    def _show(self, parent: tk.Misc) -> None:
        px = self._theme.px
        # Near the corner of the window, but wholly on the screen, also when everything shows.
        x = min(parent.winfo_rootx() + px(40), self.winfo_screenwidth() - px(_WIDTH + 8))
        y = min(parent.winfo_rooty() + px(30), self.winfo_screenheight() - px(700))
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.update_idletasks()
        self.deiconify()
        self.transient(parent.winfo_toplevel())
        self.place_form.fields["topic"].entry.focus_set()

    def _suggest(self) -> None:
        self.passphrase.set(self._wishes.suggest())
        self.passphrase.reveal()
        self.passphrase.complain(_("Tell it to the others in person or by phone, not over this broker."), wrong=False)

    def _rate_soon(self) -> None:
        if self._rating_timer:
            self.after_cancel(self._rating_timer)
        self._rating_timer = self.after(400, self._rate)

    def _rate(self) -> None:
        self._rating_timer = ""
        if self.passphrase.value and not self._is_busy and not self.passphrase.complaint:
            self.passphrase.complain(self._wishes.rate(self.passphrase.value), wrong=False)

    def _stop_rating(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self and self._rating_timer:
            self.after_cancel(self._rating_timer)
            self._rating_timer = ""
