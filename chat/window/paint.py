"""Shapes, icons and emoji as pictures: drawn four times too large with Pillow, reduced, and kept.

Every picture is opaque, blended on the flat colour it will stand on, because Tk draws those fastest and the same everywhere.
"""

import functools
import importlib.util
import json
import time
import tkinter as tk
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageTk

from chat.previews import Preview
from chat.window.font_files import FINDER
from chat.window.shaping import Shape
from chat.window.theme import AVATARS, FontName, Theme, hue, mix

KEPT_PIXELS: Final = 3_000_000
"""How large all kept pictures are together; beyond that those give way that no widget shows, first the one not asked for longest."""
AT_ONCE: Final = 0.008
"""Seconds of drawing letters and emoji after which the others are drawn in the next turns of the loop; until then they are empty."""
_ASK_MS: Final = 15
_OVER: Final = 4
_EMOJI_FONTS: Final = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
    "C:/Windows/Fonts/seguiemj.ttf",
)
_EMOJI_SIZES: Final = (109, 160, 96)

Corners = tuple[int, int, int, int]


class Paint:
    """Makes the pictures of one theme. Sizes are pixels."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._kept: OrderedDict[tuple[object, ...], ImageTk.PhotoImage] = OrderedDict()
        self._pixels = 0
        self._most_pixels = 0
        """Twice what widgets showed when pictures had to give way."""
        self._patience = AT_ONCE
        """Seconds that may be waited for letters to be read before Tk draws them."""
        self._gives_way = self._goes_on = self._asks = False
        self._spent = 0.0
        """Seconds of this turn of the loop that were spent on letters and emoji."""
        self._empty: deque[tuple[ImageTk.PhotoImage, Callable[[], Image.Image]]] = deque()
        self._plain: list[tuple[tk.Misc, Callable[[], object]]] = []
        """Widgets that may have drawn letters before their fonts were there, and how they draw again."""

    def rectangle(self, width: int, height: int, radius: int | Corners, fill: str, behind: str, border: str = "") -> ImageTk.PhotoImage:
        """A rounded rectangle; four radii are those of the corners top left, top right, bottom right and bottom left."""
        key = ("rectangle", width, height, radius, fill, behind, border)
        return self._keep(key, lambda: _rectangle(width, height, radius, fill, behind, border))

    def corner(self, radius: int, which: str, fill: str, behind: str, border: str = "", thickness: int = 0) -> ImageTk.PhotoImage:
        """A quarter of a disc, for the corner `which` ("nw", "ne", "se" or "sw") of a bubble of any size, with its part of a border."""
        key = ("corner", radius, which, fill, behind, border, thickness)
        return self._keep(key, lambda: _corner(radius, which, fill, behind, border, thickness))

    def disc(self, size: int, fill: str, behind: str) -> ImageTk.PhotoImage:
        """A flat disc."""
        return self._keep(("disc", size, fill, behind), lambda: _rectangle(size, size, size // 2, fill, behind, ""))

    def avatar(self, size: int, device: str, behind: str, *, online: bool = False, faint: bool = False) -> ImageTk.PhotoImage:
        """The disc of a device in its colour, with a dot if it is online."""
        colour = mix(AVATARS[hue(device)], behind, 0.45) if faint else AVATARS[hue(device)]
        dot = self._theme.palette.ok if online else ""
        return self._keep(("avatar", size, colour, behind, dot), lambda: _avatar(size, colour, behind, dot))

    def icon(self, name: str, size: int, colour: str, behind: str, box: int = 0, disc: str = "", radius: int = 0) -> ImageTk.PhotoImage:
        """A Lucide icon; with `disc` on a rounded square of `box` pixels in that colour."""
        key = ("icon", name, size, colour, behind, box, disc, radius)
        return self._keep(key, lambda: _icon(name, size, colour, behind, box or size, disc, radius))

    def photo(self, name: str, preview: Preview, size: tuple[int, int], radius: int, behind: str) -> ImageTk.PhotoImage:
        """A preview with round corners; `name` tells it from others."""
        return self._keep(("photo", name, size, radius, behind), lambda: _photo(preview, size, radius, behind))

    def switch(self, width: int, height: int, fill: str, behind: str, *, on: bool) -> ImageTk.PhotoImage:
        """A switch with its knob at the right if it is on."""
        return self._keep(("switch", width, height, fill, behind, on), lambda: _switch(width, height, fill, behind, on))

    @property
    def has_emoji(self) -> bool:
        """Whether there is a font with emoji in colour."""
        return _emoji_font() is not None

    def emoji(self, sequence: str, size: int, behind: str) -> ImageTk.PhotoImage:
        """An emoji in colour, or an empty box where no font for it is found."""
        if _emoji_font() is None:
            return self.icon("square", size, self._theme.palette.text3, behind)
        return self._keep_soon(("emoji", sequence, size, behind), (size, size), lambda: _emoji(sequence, size, behind))

    def emoji_button(self, sequence: str, size: int, box: int, radius: int, fill: str, behind: str, border: str) -> ImageTk.PhotoImage:
        """An emoji in the middle of a rounded square of `box` pixels."""
        if _emoji_font() is None:
            return self.icon("square", size, self._theme.palette.text3, behind, box, fill, radius)
        key = ("emoji button", sequence, size, box, radius, fill, behind, border)
        return self._keep(key, lambda: _emoji_button(sequence, size, box, radius, fill, behind, border))

    def shaped(self, text: str, font: FontName, shape: Shape, colour: str) -> ImageTk.PhotoImage:
        """Part of a text that Tk can't draw, on a transparent ground, with `Theme.beyond` around it."""
        theme, beyond = self._theme, 2 * self._theme.beyond
        size = (theme.shaped_width(text, font, shape) + beyond, theme.heights[font] + beyond)
        return self._keep_soon(("shaped", text, font, shape, colour), size, lambda: theme.draw_shaped(text, font, shape, colour))

    def knows_fonts(self) -> bool:
        """Whether it is known which fonts there are for `shaped`; if not, they are looked for from now on."""
        FINDER.begin()
        if FINDER.found is None:
            self._ask_later()
        return FINDER.found is not None

    def can_draw(self, shape: Shape) -> bool:
        """Whether the letters for `shaped` were read; if not, they are from now on."""
        begun = time.perf_counter()
        is_read = FINDER.has_read(shape.face, self._patience)
        self._patience -= time.perf_counter() - begun
        if not is_read:
            self._ask_later()
        return is_read

    def draw_again(self, widget: tk.Misc, draw: Callable[[], object]) -> None:
        """Call `draw` whenever there are letters now that the widget may have let Tk draw."""
        self._plain = [(other, how) for other, how in self._plain if other is not widget]
        self._plain.append((widget, draw))

    def close(self) -> None:
        """Let every picture go, after the last widget that showed one."""
        for held in (self._kept, self._empty, self._plain):
            held.clear()

    def _ask_later(self) -> None:
        if not self._asks:
            self._asks = True
            self._theme.root.after(_ASK_MS, self._ask_for_fonts)

    def _ask_for_fonts(self) -> None:
        self._asks, self._patience = False, AT_ONCE
        if FINDER.is_busy:
            self._ask_later()
            return
        self._plain = [(widget, draw) for widget, draw in self._plain if widget.winfo_exists()]
        for _, draw in self._plain:
            draw()

    def _keep_soon(self, key: tuple[object, ...], size: tuple[int, int], draw: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        """As `_keep`, for what takes long to draw: what has no time any more in this turn of the loop is empty at first."""
        if key in self._kept:
            return self._keep(key, draw)
        if not self._goes_on:
            self._goes_on, self._spent = True, 0.0
            self._theme.root.after(1, self._go_on)
        if self._spent < AT_ONCE:
            begun = time.perf_counter()
            picture = self._keep(key, draw)
            self._spent += time.perf_counter() - begun
            return picture
        picture = self._keep_picture(key, ImageTk.PhotoImage("RGBA", size, master=self._theme.root))
        self._empty.append((picture, draw))
        return picture

    def _go_on(self) -> None:
        """Draw what is still empty."""
        begun = time.perf_counter()
        while self._empty and time.perf_counter() - begun < AT_ONCE:
            picture, draw = self._empty.popleft()
            picture.paste(draw())
        self._goes_on, self._spent = bool(self._empty), AT_ONCE
        if self._goes_on:
            self._theme.root.after(1, self._go_on)

    def _keep(self, key: tuple[object, ...], draw: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        picture = self._kept.get(key)
        if picture is None:
            return self._keep_picture(key, ImageTk.PhotoImage(draw(), master=self._theme.root))
        self._kept.move_to_end(key)
        return picture

    def _keep_picture(self, key: tuple[object, ...], picture: ImageTk.PhotoImage) -> ImageTk.PhotoImage:
        self._kept[key] = picture
        self._pixels += picture.width() * picture.height()
        if self._pixels > max(KEPT_PIXELS, self._most_pixels) and not self._gives_way:
            # Not before what was just drawn is shown.
            self._gives_way = True
            self._theme.root.after_idle(self._give_way)
        return picture

    def _give_way(self) -> None:
        """Forget the older half. A widget holds only a picture's name, so what one shows has to stay."""
        self._gives_way = False
        call = self._theme.root.tk.call
        for key, picture in list(self._kept.items()):
            if self._pixels <= KEPT_PIXELS // 2:
                break
            if not self._theme.root.tk.getboolean(call("image", "inuse", str(picture))):
                del self._kept[key]
                self._pixels -= picture.width() * picture.height()
        self._most_pixels = 2 * self._pixels


def _rectangle(width: int, height: int, radius: int | Corners, fill: str, behind: str, border: str) -> Image.Image:
    image = Image.new("RGB", (width * _OVER, height * _OVER), behind)
    draw = ImageDraw.Draw(image)
    radii = (radius,) * 4 if isinstance(radius, int) else radius
    box = (0, 0, width * _OVER - 1, height * _OVER - 1)
    largest = min(max(radii), width // 2, height // 2) * _OVER
    corners = (radii[0] > 0, radii[1] > 0, radii[2] > 0, radii[3] > 0)
    draw.rounded_rectangle(box, largest, fill=fill, corners=corners, outline=border or None, width=_OVER if border else 0)
    return image.reduce(_OVER)


def _corner(radius: int, which: str, fill: str, behind: str, border: str, thickness: int) -> Image.Image:
    over = 2 * _OVER
    side = radius * over
    image = Image.new("RGB", (side, side), behind)
    draw = ImageDraw.Draw(image)
    left = 0 if "w" in which else -side
    top = 0 if "n" in which else -side
    for inset, colour in ((0, border or fill), (thickness * over, fill)):
        draw.ellipse((left + inset, top + inset, left + 2 * side - 1 - inset, top + 2 * side - 1 - inset), fill=colour)
    return image.reduce(over)


def _avatar(size: int, colour: str, behind: str, dot: str) -> Image.Image:
    side = size * _OVER
    image = Image.new("RGB", (side, side), behind)
    shade = Image.linear_gradient("L").resize((side, side))
    blend = Image.composite(Image.new("RGB", (side, side), colour), Image.new("RGB", (side, side), mix(colour, "#FFFFFF", 0.16)), shade)
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    image.paste(blend, (0, 0), mask)
    if dot:
        draw = ImageDraw.Draw(image)
        ring, inner = side * 0.33, side * 0.25
        draw.ellipse((side - ring, side - ring, side - 1, side - 1), fill=behind)
        gap = (ring - inner) / 2
        draw.ellipse((side - ring + gap, side - ring + gap, side - 1 - gap, side - 1 - gap), fill=dot)
    return image.reduce(_OVER)


def _photo(preview: Preview, size: tuple[int, int], radius: int, behind: str) -> Image.Image:
    picture = Image.frombytes("RGB", preview.size, preview.pixels).resize(size)
    mask = Image.new("L", (size[0] * _OVER, size[1] * _OVER))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * _OVER, fill=255)
    whole = Image.new("RGB", size, behind)
    whole.paste(picture, mask=mask.reduce(_OVER))
    return whole


def _switch(width: int, height: int, fill: str, behind: str, on: bool) -> Image.Image:
    over = 2 * _OVER
    image = Image.new("RGB", (width * over, height * over), behind)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, width * over - 1, height * over - 1), height * over // 2, fill=fill)
    gap = height * over // 9
    left = (width - height) * over + gap if on else gap
    draw.ellipse((left, gap, left + height * over - 2 * gap - 1, height * over - gap - 1), fill="#FFFFFF")
    return image.reduce(over)


def _icon(name: str, size: int, colour: str, behind: str, box: int, disc: str, radius: int) -> Image.Image:
    image = _rectangle(box, box, radius or box // 2, disc, behind, "") if disc else Image.new("RGB", (box, box), behind)
    mask = Image.new("L", (size * _OVER, size * _OVER), 0)
    glyph = chr(_glyphs()[name])
    ImageDraw.Draw(mask).text((size * _OVER / 2, size * _OVER / 2), glyph, font=_icon_font(size * _OVER), fill=255, anchor="mm")
    offset = (box - size) // 2
    image.paste(Image.new("RGB", (size, size), colour), (offset, offset), mask.reduce(_OVER))
    return image


def _emoji(sequence: str, size: int, behind: str) -> Image.Image:
    font = _emoji_font()
    square = Image.new("RGBA", (160, 160), (0, 0, 0, 0))
    ImageDraw.Draw(square).text((80, 80), sequence, font=font, embedded_color=True, anchor="mm")
    found = square.getbbox() or (0, 0, 160, 160)
    glyph = square.crop(found)
    glyph.thumbnail((size, size), Image.Resampling.LANCZOS)
    image = Image.new("RGB", (size, size), behind)
    image.paste(glyph, ((size - glyph.width) // 2, (size - glyph.height) // 2), glyph)
    return image


def _emoji_button(sequence: str, size: int, box: int, radius: int, fill: str, behind: str, border: str) -> Image.Image:
    image = _rectangle(box, box, radius, fill, behind, border)
    image.paste(_emoji(sequence, size, fill), ((box - size) // 2, (box - size) // 2))
    return image


@functools.cache
def _lucide() -> Path:
    # Importing the package would load all of its tools, a tenth of a second, for the font and the map that lie in it.
    found = importlib.util.find_spec("tkinter_icons_lucide")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package tkinter-icons-lucide is not installed")
    return Path(found.origin).parent


@functools.cache
def _glyphs() -> dict[str, int]:
    content = json.loads((_lucide() / "glyphmap.json").read_text(encoding="utf-8"))
    return {name.removeprefix("icon-"): code if isinstance(code, int) else int(code, 16) for name, code in content.items()}


@functools.lru_cache(maxsize=32)
def _icon_font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_lucide() / "fonts" / "lucide.ttf", size, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _emoji_font() -> ImageFont.FreeTypeFont | None:
    for path in _EMOJI_FONTS:
        for size in _EMOJI_SIZES:
            try:
                return ImageFont.truetype(path, size)
            except OSError:
                continue
    return None
