"""The first thing a person sees: a name, the passphrase, and where."""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat.config import Settings
from chat.errors import EntryError
from chat.text import clean_line
from chat.window.controls import Button
from chat.window.form import Field
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _

if TYPE_CHECKING:
    from chat.window.place_form import Place, PlaceForm


@dataclass(frozen=True, slots=True)
class LoginWishes:
    """What a person can ask for here. `rate` gives a sentence about a passphrase, "" for a good one."""

    join: "Callable[[str, str, Place], object]"
    cancel: Callable[[], object]
    host: Callable[[], object]
    suggest: Callable[[], str]
    rate: Callable[[str], str]


class Login(tk.Frame):
    """`busy` while the key is derived; then `refuse` or the room follows."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, settings: Settings, wishes: LoginWishes) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background)
        self._theme, self._paint, self._wishes, self._settings = theme, paint, wishes, settings
        self._rating_timer = self._bar_timer = ""
        self._bar_at = 0
        self.is_busy = False
        body = tk.Frame(self, bg=palette.background, width=px(348))
        body.pack(fill="both", expand=True, padx=px(36), pady=px(22))
        icon = paint.icon("lock", px(30), palette.on_accent, palette.background, px(60), palette.accent, px(18))
        tk.Label(body, image=icon, bd=0, bg=palette.background).pack(pady=(0, px(10)))
        tk.Label(body, text=_("Join a room"), font=theme.fonts["hero"], fg=palette.text, bg=palette.background).pack()
        words = _("Messages are encrypted before they leave this computer")
        tk.Label(body, text=words, font=theme.fonts["small"], fg=palette.text2, bg=palette.background).pack(pady=(px(2), px(6)))
        self.username = Field(body, theme, paint, _("Your name"), settings.username)
        self.username.pack(fill="x")
        self.passphrase = Field(body, theme, paint, _("Passphrase"), secret=True)
        self.passphrase.pack(fill="x")
        self.passphrase.on_change(self._rate_soon)
        suggest = Button(body, theme, paint, _("Suggest a passphrase"), self._suggest, "quiet")
        suggest.pack(anchor="w", pady=(px(2), 0))
        self._where = tk.Frame(body, bg=palette.background)
        self._where.pack(fill="x", pady=(px(4), 0))
        self._summary = tk.Label(
            self._where, font=theme.fonts["small"], fg=palette.text2, bg=palette.background, bd=0, anchor="w", justify="left"
        )
        self._change = Button(self._where, theme, paint, _("Change"), self.unfold, "quiet")
        self._change.pack(side="right")
        self._summary.pack(side="left", fill="x", expand=True, padx=px(2))
        self._summary.configure(wraplength=px(250))
        self._body = body
        self._place_form: PlaceForm | None = None
        self._foot = tk.Frame(body, bg=palette.background)
        self._foot.pack(fill="x", pady=(px(12), 0))
        self._error = tk.Label(
            self._foot, font=theme.fonts["small"], bg=palette.error_background, fg=palette.error, wraplength=px(320), justify="left",
            anchor="w", padx=px(10), pady=px(8),
        )  # fmt: skip
        self.button = Button(self._foot, theme, paint, _("Join"), self.submit, "accent")
        self.button.pack(fill="x")
        self._bar = tk.Canvas(self._foot, height=px(3), bg=palette.field, bd=0, highlightthickness=0)
        self._progress = tk.Label(self._foot, font=theme.fonts["small"], fg=palette.text2, bg=palette.background, wraplength=px(340))
        self._host = Button(self._foot, theme, paint, _("Host a room on this computer"), wishes.host, "quiet")
        self._host.pack(pady=(px(6), 0))
        self._advice = tk.Label(
            self._foot, font=theme.fonts["small"], fg=palette.text2, bg=palette.background, wraplength=px(340), justify="left"
        )
        self._show_summary()
        for field in (self.username, self.passphrase):
            field.entry.bind("<Return>", lambda _: self.submit())
        self.bind("<Destroy>", self._stop_timers)

    @property
    def place_form(self) -> "PlaceForm":
        """The fields for where the room is. Most people never unfold them, so they are made when they are needed."""
        if self._place_form is None:
            from chat.window.place_form import PlaceForm

            self._place_form = PlaceForm(self._body, self._theme, self._paint, self._settings)
            for field in self._place_form.fields.values():
                field.entry.bind("<Return>", lambda _: self.submit())
        return self._place_form

    def focus_first(self) -> None:
        """Put the cursor into the first entry that is empty."""
        (self.username if not self.username.value else self.passphrase).entry.focus_set()

    def submit(self) -> None:
        """Check the entries and ask to join, or to stop while it is busy."""
        if self.is_busy:
            self._wishes.cancel()
            return
        try:
            self._show_error("")
            place = self.place_form.read()
        except EntryError as error:
            self.refuse(error.field, str(error))
            return
        self._wishes.join(self.username.value, self.passphrase.value, place)

    def take_over(self, old: "Login") -> None:
        """Go on with what was typed in another one."""
        self.username.set(old.username.value)
        self.passphrase.set(old.passphrase.value)
        if old._place_form is not None:
            for name, field in old._place_form.fields.items():
                self.place_form.fields[name].set(field.value)
            self._show_summary()
            if old._place_form.winfo_manager():
                self.unfold()
        self.focus_first()

    def busy(self, sentence: str) -> None:
        """Show that something is going on; "" ends it."""
        self.is_busy = bool(sentence)
        for part in (self.username, self.passphrase, self._place_form):
            if part is not None:
                part.enable(not sentence)
        self.button.say(_("Cancel") if sentence else _("Join"))
        self._host.enable(not sentence)
        self._progress.configure(text=sentence)
        if sentence:
            self._bar.pack(fill="x", pady=(self._theme.px(10), 0), after=self.button)
            self._progress.pack(after=self._bar)
            self._move_bar()
        else:
            self._bar.pack_forget()
            self._progress.pack_forget()
            self._stop_timers()

    def refuse(self, field: str, sentence: str) -> None:
        """Show a sentence at the field it is about, and put the cursor there."""
        self.busy("")
        fields = {"username": self.username, "passphrase": self.passphrase}
        if field not in fields:
            fields |= self.place_form.fields
        if field not in fields:
            self._show_error(sentence)
            return
        if field not in ("username", "passphrase"):
            self.unfold()
        fields[field].complain(sentence)
        fields[field].entry.focus_set()

    def unfold(self) -> None:
        """Show the fields for where the room is."""
        self._where.pack_forget()
        self.place_form.pack(fill="x", before=self._foot)

    def hosted(self, own_url: str, others: list[str]) -> None:
        """A broker now runs on this computer: fill it in, and say what the others are to type."""
        self.place_form.host_here(own_url)
        self._show_summary()
        words = _("A broker runs on this computer as long as this window is open. The others type: {urls}")
        self.advise(words.format(urls=_(" or ").join(others)))

    def not_hosted(self, sentence: str) -> None:
        """The broker could not be started."""
        self._show_error(sentence)

    def advise(self, sentence: str) -> None:
        """Show a sentence that is no error."""
        self._advice.configure(text=sentence)
        self._advice.pack(fill="x", pady=(self._theme.px(6), 0))

    def _show_error(self, sentence: str) -> None:
        self._error.configure(text=sentence)
        if sentence:
            self._error.pack(fill="x", pady=(0, self._theme.px(10)), before=self.button)
        else:
            self._error.pack_forget()

    def _show_summary(self) -> None:
        broker, topic = self._settings.broker, self._settings.topic
        if self._place_form is not None:
            broker, topic = self._place_form.fields["broker"].value, self._place_form.fields["topic"].value
        self._summary.configure(text=clean_line(_("Topic {topic} at {broker}").format(topic=topic, broker=broker)))

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
        if self.passphrase.value and not self.is_busy:
            self.passphrase.complain(self._wishes.rate(self.passphrase.value), wrong=False)

    def _move_bar(self) -> None:
        width = max(1, self._bar.winfo_width())
        self._bar_at = (self._bar_at + self._theme.px(6)) % width
        self._bar.delete("all")
        self._bar.create_rectangle(self._bar_at, 0, self._bar_at + width // 4, self._theme.px(3), fill=self._theme.palette.accent, width=0)
        self._bar_timer = self.after(30, self._move_bar)

    def _stop_timers(self, _event: "tk.Event[tk.Misc] | None" = None) -> None:
        for timer in (self._bar_timer, self._rating_timer):
            if timer:
                self.after_cancel(timer)
        self._bar_timer = self._rating_timer = ""
