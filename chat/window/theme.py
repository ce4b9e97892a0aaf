"""Colours, fonts and measures of one window, at one scale."""

import os
import subprocess
import sys
import tkinter as tk
import tkinter.font as tkfont
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from PIL import Image

from chat.window.shaping import Direction, draw_shaped, fits, shaped_width

_Made = TypeVar("_Made")
FontName = Literal[
    "body", "bold", "italic", "link", "code", "name", "small", "small_bold", "tiny", "tiny_bold", "title", "heading", "avatar", "hero"
]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one look. Every text colour has a contrast of at least 4.5:1 on what it stands on."""

    name: str
    background: str
    side: str
    chat: str
    line: str
    field: str
    field_border: str
    hover: str
    selected: str
    text: str
    text2: str
    text3: str
    accent: str
    accent_hover: str
    on_accent: str
    link: str
    muted: str
    """The badge of a muted room."""
    own: str
    own_text: str
    own_meta: str
    other: str
    other_meta: str
    pill: str
    pill_text: str
    ok: str
    ok_text: str
    ok_background: str
    warning: str
    warning_background: str
    error: str
    error_background: str
    thumb: str
    selection: str
    own_selection: str
    quote: str
    own_quote: str
    code: str
    own_code: str
    reaction: str
    received: str
    """The ticks of an own message that everyone has."""
    mark: str
    """The ring around a message that one was led to."""
    names: tuple[str, ...]


LIGHT: Final = Palette(
    name="light", background="#FFFFFF", side="#F9F9FB", chat="#EFF1F6", line="#E4E5EA", field="#F0F1F4", field_border="#E0E1E6",
    hover="#EEEFF3", selected="#E1E9FF", text="#1C2024", text2="#60646C", text3="#6B6E78", accent="#3E63DD", accent_hover="#3358D4",
    on_accent="#FFFFFF", link="#3A5BC7", own="#3E63DD", own_text="#FFFFFF", own_meta="#EDF2FE", other="#FFFFFF", other_meta="#6B6E78",
    pill="#DDE1EB", pill_text="#60646C", ok="#30A46C", ok_text="#18794E", ok_background="#E6F6EB", warning="#955700",
    warning_background="#FFF7C2", error="#CE2C31", error_background="#FEEBEC", thumb="#C3C6D0", selection="#C1D0FF",
    own_selection="#7C96EE", quote="#F0F2F8", own_quote="#3053CC", code="#F0F1F4", own_code="#3358D4",
    reaction="#FFFFFF", received="#8FF5FF", mark="#F5A524", muted="#71747E",
    names=("#D13415", "#C2298A", "#6550B9", "#3A5BC7", "#107D98", "#008573", "#2A7E3B", "#BD4B00"),
)  # fmt: skip
DARK: Final = Palette(
    name="dark", background="#18191B", side="#18191B", chat="#101113", line="#2A2C30", field="#242629", field_border="#33363A",
    hover="#222427", selected="#26376F", text="#EDEEF0", text2="#B0B4BA", text3="#858A93", accent="#4B6EE2", accent_hover="#5B7CEA",
    on_accent="#FFFFFF", link="#9EB1FF", own="#324A9E", own_text="#F2F5FF", own_meta="#B4C3F5", other="#222427", other_meta="#8D929B",
    pill="#212327", pill_text="#A3A7AF", ok="#33B074", ok_text="#3DD68C", ok_background="#132D21", warning="#FFCA16",
    warning_background="#302008", error="#FF9592", error_background="#3B1219", thumb="#3A3E44", selection="#3A4F97",
    own_selection="#5B76CC", quote="#2C2F33", own_quote="#2A3F8A", code="#2E3135", own_code="#2A3F8A",
    reaction="#26282B", received="#6FE3FF", mark="#FFB224", muted="#5A6169",
    names=("#FF977D", "#FF8DCC", "#BAA7FF", "#9EB1FF", "#4CCCE6", "#0BD8B6", "#71D083", "#FFA057"),
)  # fmt: skip
AVATARS: Final = ("#E54D2E", "#D6409F", "#6E56CF", "#3E63DD", "#0090B0", "#0D9B8A", "#3E9B4F", "#D9570B")

_FAMILIES: Final = ("Inter", "Segoe UI Variable Text", "Segoe UI", ".AppleSystemUIFont", "Cantarell", "Ubuntu", "Noto Sans", "DejaVu Sans")
_SEMIBOLD: Final = ("Inter Semi Bold", "Inter SemiBold", "Segoe UI Semibold", "Noto Sans SemiBold")
_MONOSPACED: Final = ("JetBrains Mono", "Cascadia Mono", "SF Mono", "Noto Sans Mono", "DejaVu Sans Mono")
_SIZES: Final[dict[FontName, tuple[int, bool]]] = {
    "body": (14, False), "bold": (14, True), "italic": (14, False), "link": (14, False), "code": (13, False), "name": (13, True),
    "small": (12, False), "small_bold": (12, True), "tiny": (11, False), "tiny_bold": (11, True),
    "title": (15, True), "heading": (18, True), "avatar": (13, True), "hero": (22, True),
}  # fmt: skip


class _OnDemand(dict[FontName, _Made]):
    """Makes each value when it is first asked for."""

    def __init__(self, make: Callable[[FontName], _Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: FontName) -> _Made:
        made = self[name] = self._make(name)
        return made


class Theme:
    """What every widget of one window draws with. A change of look makes another theme and builds the widgets anew."""

    def __init__(self, root: tk.Misc, palette: Palette, scale: float) -> None:
        self.root = root
        self.palette = palette
        self.scale = scale
        plain = _first(_FAMILIES, root, "TkDefaultFont")
        heavy = _first(_SEMIBOLD, root, "")
        fixed = _first(_MONOSPACED, root, "TkFixedFont")
        self._families = (plain, heavy, fixed)
        # Each font costs a millisecond or two to open, and the login window needs only half of them.
        self.fonts: Mapping[FontName, tkfont.Font] = _OnDemand(self._open_font)
        self.heights: Mapping[FontName, int] = _OnDemand(lambda name: int(self.fonts[name].metrics("linespace")))
        self._keep_open: list[tk.Label] = []
        self._widths: dict[tuple[str, str], int] = {}

    def px(self, length: float) -> int:
        """A length of the design, which is drawn at 100 %, in pixels of this window."""
        return max(1, round(length * self.scale)) if length else 0

    def width(self, text: str, font: FontName) -> int:
        """How wide a text is, in pixels."""
        key = (text, font)
        width = self._widths.get(key)
        if width is None:
            if len(self._widths) > 20_000:
                self._widths.clear()
            width = self._widths[key] = int(self.root.tk.call("font", "measure", str(self.fonts[font]), text))
        return width

    def shaped_width(self, text: str, font: FontName, direction: Direction) -> int:
        """How wide a part of a text is that Tk can't draw."""
        return shaped_width(text, direction, *self._size(font))

    def fits(self, text: str, font: FontName, direction: Direction, width: int) -> int:
        """How many signs of such a part have room in `width` pixels."""
        return fits(text, direction, *self._size(font), width)

    def draw_shaped(self, text: str, font: FontName, direction: Direction, colour: str) -> Image.Image:
        """Such a part as a picture, `self.beyond` pixels larger on each side than the text."""
        ascent = int(self.fonts[font].metrics("ascent"))
        return draw_shaped(text, direction, *self._size(font), colour, ascent, self.heights[font], self.beyond)

    @property
    def beyond(self) -> int:
        """How far letters of some scripts may reach beyond a line."""
        return self.px(5)

    def _size(self, font: FontName) -> tuple[int, bool]:
        size, bold = _SIZES[font]
        return self.px(size), bold

    def shorten(self, text: str, font: FontName, width: int) -> str:
        """The text, or its beginning and an ellipsis, at most `width` pixels wide."""
        if self.width(text, font) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle] + "…", font) <= width:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…"

    def _open_font(self, name: FontName) -> tkfont.Font:
        plain, heavy, fixed = self._families
        size, bold = _SIZES[name]
        family = fixed if name == "code" else heavy if bold and heavy else plain
        weight: Literal["normal", "bold"] = "bold" if bold and not heavy else "normal"
        slant: Literal["roman", "italic"] = "italic" if name == "italic" else "roman"
        font = tkfont.Font(self.root, family=family, size=-self.px(size), weight=weight, slant=slant, underline=name == "link")
        # Tk opens a font anew for each measurement unless some widget uses it: 0.8 ms instead of 3 µs.
        self._keep_open.append(tk.Label(self.root, font=font))
        return font

    def close(self) -> None:
        """Release the fonts."""
        for label in self._keep_open:
            label.destroy()


def hue(device: str) -> int:
    """Which of the eight colours a device has, everywhere."""
    return zlib.crc32(device.encode(errors="replace")) % len(AVATARS)


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    words = [word for word in name.replace("_", " ").replace("-", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def mix(first: str, second: str, share: float) -> str:
    """A colour between two: `share` of the second."""
    parts = (round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02X}" for part in parts)


def palette_for(choice: str) -> Palette:
    """The look for a setting: "light", "dark", or "system"."""
    if choice == "system":
        return DARK if _system_is_dark() else LIGHT
    return DARK if choice == "dark" else LIGHT


def display_scale(root: tk.Tk) -> float:
    """1.0 on an ordinary display, 2.0 on one with twice the density."""
    if chosen := os.environ.get("MQTT_CHAT_SCALE", os.environ.get("GDK_SCALE", "")):
        return _within(chosen, 1.0)
    if root.tk.call("tk", "windowingsystem") == "x11":
        # Tk 8.6 does not look at the density that desktops set for every program.
        resources = _answer(["xrdb", "-query"])
        density = next((line.split(":")[1] for line in resources.splitlines() if line.startswith("Xft.dpi:")), "")
        if density:
            return _within(density, 96.0)
    return _within(str(root.tk.call("winfo", "fpixels", root, "1i")), 96.0)


def _within(text: str, one: float) -> float:
    """A scale in quarters between 1 and 3, from a number of which `one` means 1."""
    try:
        return min(3.0, max(1.0, round(float(text) / one * 4) / 4))
    except (ValueError, OverflowError):
        return 1.0


def _first(wanted: tuple[str, ...], root: tk.Misc, otherwise: str) -> str:
    """The first family that there is. To ask for each is quicker than to have all of them listed."""

    def is_there(family: str) -> bool:
        return str(root.tk.call("font", "actual", (family, 12), "-family")).casefold() == family.casefold()

    return next(filter(is_there, wanted), otherwise)


def _system_is_dark() -> bool:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize") as key:
                return winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0
        except OSError:
            return False
    if sys.platform == "darwin":
        return "Dark" in _answer(["defaults", "read", "-g", "AppleInterfaceStyle"])
    return "dark" in _answer(["gsettings", "get", "org.gnome.desktop.interface", "color-scheme"])


def _answer(command: list[str]) -> str:
    """What a program of the desktop says, "" if it is not there or does not answer soon."""
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=1, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
