"""The settings dialog: another broker or topic takes effect at once, and so does another look."""

import functools
import tkinter as tk
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tkinter import filedialog
from typing import Final, Literal

from chat.address import is_public
from chat.config import SCALES, Settings
from chat.errors import EntryError
from chat.text import clean_line
from chat.window.choice import Choice, Value
from chat.window.controls import Button
from chat.window.paint import Paint
from chat.window.place_form import Place, PlaceForm
from chat.window.switch import Switch, Tab
from chat.window.theme import Theme
from chat.words import LANGUAGES, _, marked

Section = Literal["Connection", "Notifications", "Files", "Privacy", "Appearance"]
SwitchName = Literal["typing", "notify", "previews", "sound"]
"""The settings that are on or off, by their names in `Settings`."""
_SECTIONS: Final[tuple[tuple[Section, str, str], ...]] = (
    ("Connection", marked("Connection"), "server"),
    ("Notifications", marked("Notifications"), "bell"),
    ("Files", marked("Files"), "paperclip"),
    ("Privacy", marked("Privacy"), "shield"),
    ("Appearance", marked("Appearance"), "sun"),
)
_THEMES: Final = (("system", marked("System")), ("light", marked("Light")), ("dark", marked("Dark")))
_PICTURES: Final = (1, 5, 20)
_LIMITS: Final = (("public", marked("On public brokers")), ("all", marked("Everywhere")), ("none", marked("Nowhere")))
_SIZES_IN_A_ROW: Final = 5
_DAYS: Final[tuple[tuple[int | None, str], ...]] = (
    (None, marked("For good")), (365, marked("A year")), (30, marked("30 days")), (7, marked("7 days")), (0, marked("Until you close"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettingsWishes:
    """What a person can ask for here: a checked place to move to, for how many days to keep the history (None: for good), to delete what
    this computer keeps of the room, another value of a setting by its name, and another look."""

    apply: Callable[[Place], object]
    keep: Callable[[int | None], object]
    delete: Callable[[], object]
    change: Callable[[str, bool | int | str], object]
    change_look: Callable[[Settings], object]


class SettingsDialog(tk.Toplevel):
    """After `SettingsWishes.apply`, the dialog stays until `accepted` or `refuse` answers it. `keep_days` is what holds now."""

    def __init__(
        self,
        parent: tk.Misc,
        theme: Theme,
        paint: Paint,
        settings: Settings,
        keep_days: int | None,
        wishes: SettingsWishes,
    ) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background)
        self.withdraw()
        self.title(_("Settings"))
        self._theme, self._paint = theme, paint
        self._settings, self._keep_days, self._wishes = settings, keep_days, wishes
        side = tk.Frame(self, bg=palette.side, width=px(170))
        side.pack(side="left", fill="y")
        side.pack_propagate(False)
        tk.Frame(self, bg=palette.line, width=1).pack(side="left", fill="y")
        body = tk.Frame(self, bg=palette.background)
        body.pack(side="left", fill="both", expand=True, padx=px(28), pady=px(18))
        self._heading = tk.Label(body, font=theme.fonts["heading"], fg=palette.text, bg=palette.background)
        self._heading.pack(anchor="w")
        foot = tk.Frame(body, bg=palette.background)
        foot.pack(side="bottom", fill="x", pady=(px(14), 0))
        self.button = Button(foot, theme, self._paint, _("Apply"), self.submit, "accent")
        self.button.pack(side="right")
        Button(foot, theme, self._paint, _("Close"), self.destroy).pack(side="right", padx=px(10))
        self._error = tk.Label(body, font=theme.fonts["small"], fg=palette.error, bg=palette.background, wraplength=px(420), justify="left")
        self.place_form = PlaceForm(body, theme, self._paint, settings)
        for field in self.place_form.fields.values():
            field.entry.bind("<Return>", lambda _: self.submit())
        self._parts: dict[Section, tk.Frame] = {
            "Connection": self.place_form,
            "Notifications": self._make_notifications(body),
            "Files": self._make_files(body),
            "Privacy": self._make_privacy(body),
            "Appearance": self._make_looks(body),
        }
        self._tabs: dict[Section, Tab] = {}
        for section, name, icon in _SECTIONS:
            self._tabs[section] = Tab(side, theme, self._paint, _(name), icon, functools.partial(self.show, section))
            self._tabs[section].pack(pady=(px(4 if len(self._tabs) > 1 else 16), 0))
        self.show("Connection")
        height = min(px(520), self.winfo_screenheight() - px(40))
        self.geometry(f"{px(700)}x{height}+{parent.winfo_rootx() + px(40)}+{parent.winfo_rooty() + px(30)}")
        self.bind("<Escape>", lambda _: self.destroy())
        self.deiconify()
        self.transient(parent.winfo_toplevel())
        self.place_form.fields["broker"].entry.focus_set()

    def show(self, section: Section) -> None:
        """Show one section."""
        self._heading.configure(text=self._tabs[section].words)
        for name, part in self._parts.items():
            self._tabs[name].choose(name == section)
            if name == section:
                part.pack(fill="both", expand=True, pady=(self._theme.px(4), 0))
            else:
                part.pack_forget()
        self.button.enable(section == "Connection")

    def submit(self) -> None:
        """Check the entries and ask to move there."""
        try:
            self._error.pack_forget()
            place = self.place_form.read()
        except EntryError as error:
            self.refuse(error.field, str(error))
            return
        self.button.enable(False)
        self._wishes.apply(place)

    def refuse(self, field: str, sentence: str) -> None:
        """Show a sentence at the field it is about."""
        self.button.enable(True)
        if field in self.place_form.fields:
            self.place_form.fields[field].complain(sentence)
            self.place_form.fields[field].entry.focus_set()
        else:
            self._error.configure(text=sentence)
            self._error.pack(anchor="w", after=self._heading)

    def accepted(self) -> None:
        """The room was entered: nothing more to do here."""
        self.destroy()

    def _make_privacy(self, body: tk.Frame) -> tk.Frame:
        frame = tk.Frame(body, bg=self._theme.palette.background)
        self._say(frame, _("Keep the conversation on this computer"), _("What is older is deleted here. The others still have it"))
        Choice(frame, self._theme, self._paint, _spoken(_DAYS), self._keep_days, self._wishes.keep).pack(anchor="w")
        self._add_switch(frame, "typing", _("Tell the others when you write"), _("They see your name, and “is typing…”"))
        words = _("The conversation, and your key in this room. You leave the room, and come back as a new device")
        self._say(frame, _("Delete what this computer keeps of this room"), words)
        self._delete_button = Button(frame, self._theme, self._paint, _("Delete…"), self._ask_to_delete)
        self._delete_button.pack(anchor="w")
        return frame

    def _make_notifications(self, body: tk.Frame) -> tk.Frame:
        frame = tk.Frame(body, bg=self._theme.palette.background)
        words = _("When another room or another program is in front. A muted room stays silent. Mute it in its menu in the list")
        self._add_switch(frame, "notify", _("Notify about new messages"), words)
        words = _("Otherwise they only say “New message”")
        self._add_switch(frame, "previews", _("Show names and words in notifications"), words)
        self._add_switch(frame, "sound", _("Sound"), _("The bell of this computer, with a notification"))
        return frame

    def _make_files(self, body: tk.Frame) -> tk.Frame:
        palette, fonts = self._theme.palette, self._theme.fonts
        frame = tk.Frame(body, bg=palette.background)
        self._say(frame, _("Folder for files"), _("Files that you accept are stored there. They are not encrypted there"))
        row = tk.Frame(frame, bg=palette.background)
        row.pack(fill="x")
        self._folder = tk.Label(row, font=fonts["body"], fg=palette.text2, bg=palette.background, anchor="w")
        Button(row, self._theme, self._paint, _("Choose…"), self._choose_folder).pack(side="right")
        self._folder.pack(side="left", fill="x", expand=True)
        self._show_folder(self._settings.downloads_folder())
        words = _("They are received and shown without a question, and lie unencrypted in the data folder. Other files always wait for you")
        self._say(frame, _("Pictures from others"), words)
        pictures = [(0, _("Ask")), *((size, _("up to {count} MB").format(count=size)) for size in _PICTURES)]
        change_pictures = functools.partial(self._wishes.change, "pictures")
        Choice(frame, self._theme, self._paint, pictures, self._settings.pictures, change_pictures).pack(anchor="w")
        words = _("At most 25 MB a file and 256 KB a second, so as not to burden the broker of others. Otherwise up to 2 GB, at full speed")
        public = is_public(self._settings.address())
        here = _("The present one counts as public") if public else _("The present one does not count as public")
        self._say(frame, _("Keep to limits for files"), f"{words}. {here}")
        change_limits = functools.partial(self._wishes.change, "file_limits")
        Choice(frame, self._theme, self._paint, _spoken(_LIMITS), self._settings.file_limits, change_limits).pack(anchor="w")
        return frame

    def _choose_folder(self) -> None:
        folder = filedialog.askdirectory(parent=self, title=_("Folder for files"), initialdir=self._settings.downloads_folder())
        if folder:
            self._wishes.change("downloads", folder)
            self._show_folder(Path(folder))

    def _show_folder(self, folder: Path) -> None:
        self._folder.configure(text=self._theme.shorten(clean_line(str(folder)), "body", self._theme.px(300)))

    def _add_switch(self, frame: tk.Frame, name: SwitchName, title: str, words: str) -> None:
        row = tk.Frame(frame, bg=self._theme.palette.background)
        row.pack(fill="x")
        on: bool = getattr(self._settings, name)
        switch = Switch(row, self._theme, self._paint, on, functools.partial(self._wishes.change, name))
        switch.pack(side="right", padx=(self._theme.px(16), 0))
        text = tk.Frame(row, bg=self._theme.palette.background)
        text.pack(side="left", fill="x", expand=True)
        self._say(text, title, words, self._theme.px(360))

    def _ask_to_delete(self) -> None:
        """Nothing is deleted by one press."""
        parent = self._delete_button.master
        self._delete_button.destroy()
        self._delete_button = Button(parent, self._theme, self._paint, _("Really delete all of it"), self._delete, "danger")
        self._delete_button.pack(anchor="w")

    def _delete(self) -> None:
        self.destroy()
        self._wishes.delete()

    def _say(self, frame: tk.Frame, title: str, words: str, width: int = 0) -> None:
        palette, px, fonts = self._theme.palette, self._theme.px, self._theme.fonts
        tk.Label(frame, text=title, font=fonts["body"], fg=palette.text, bg=palette.background).pack(anchor="w", pady=(px(16), 0))
        small = tk.Label(
            frame, text=words, font=fonts["small"], fg=palette.text2, bg=palette.background, wraplength=width or px(440), justify="left"
        )
        small.pack(anchor="w", pady=(0, px(8)))

    def _make_looks(self, body: tk.Frame) -> tk.Frame:
        frame = tk.Frame(body, bg=self._theme.palette.background)
        self._say(frame, _("Theme"), _("System follows the desktop’s own choice"))
        Choice(frame, self._theme, self._paint, _spoken(_THEMES), self._settings.theme, self._choose_theme).pack(anchor="w")
        self._say(frame, _("Language"), _("System follows the desktop’s own choice"))
        languages = [(code, name or _("System")) for code, name in LANGUAGES.items()]
        Choice(frame, self._theme, self._paint, languages, self._settings.language, self._choose_language).pack(anchor="w")
        self._say(frame, _("Size"), _("Of everything in the window. Ctrl++ and Ctrl+− change it too"))
        sizes = [(0, _("As the display")), *((size, f"{size} %") for size in SCALES)]
        for first in range(0, len(sizes), _SIZES_IN_A_ROW):
            row = sizes[first : first + _SIZES_IN_A_ROW]
            choice = Choice(frame, self._theme, self._paint, row, self._settings.scale, self._choose_size)
            choice.pack(anchor="w", pady=(0, self._theme.px(6)))
        return frame

    def _choose_theme(self, theme: str) -> None:
        self.destroy()
        self._wishes.change_look(replace(self._settings, theme=theme))

    def _choose_language(self, language: str) -> None:
        self.destroy()
        self._wishes.change_look(replace(self._settings, language=language))

    def _choose_size(self, scale: int) -> None:
        self.destroy()
        self._wishes.change_look(replace(self._settings, scale=scale))


def _spoken(options: Iterable[tuple[Value, str]]) -> list[tuple[Value, str]]:
    return [(value, _(words)) for value, words in options]
