"""What a row of the transcript is drawn with, and the canvas items that this becomes."""

from dataclasses import dataclass
from typing import Any

from PIL import ImageTk

from chat.window.paint import Paint
from chat.window.theme import FontName, Theme


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a place."""

    x: int
    y: int
    text: str
    font: FontName
    colour: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at a place."""

    x: int
    y: int
    image: ImageTk.PhotoImage


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: int
    y: int
    width: int
    height: int
    fill: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A filled shape with four corner radii: top left, top right, bottom right, bottom left."""

    x: int
    y: int
    width: int
    height: int
    radii: tuple[int, int, int, int]
    fill: str
    behind: str


Operation = Words | Picture | Box | Bubble


def canvas_items(operation: Operation, top: int, tag: str, theme: Theme, paint: Paint) -> list[tuple[Any, ...]]:
    """The items of one operation, as arguments for a canvas's `create`, for a row whose upper edge is at `top`."""
    match operation:
        case Words(x, y, text, font, colour):
            return [("text", x, top + y, "-text", text, "-font", str(theme.fonts[font]), "-fill", colour, "-anchor", "nw", "-tags", tag)]
        case Picture(x, y, image):
            return [("image", x, top + y, "-image", str(image), "-anchor", "nw", "-tags", tag)]
        case Box(x, y, width, height, fill):
            return [("rectangle", x, top + y, x + width, top + y + height, "-fill", fill, "-width", 0, "-tags", tag)]
        case Bubble(x, y, width, height, radii, fill, behind):
            left, right, upper, lower = x, x + width, top + y, top + y + height
            items: list[tuple[Any, ...]] = [("rectangle", left, upper, right, lower, "-fill", fill, "-width", 0, "-tags", tag)]
            corners = (("nw", left, upper), ("ne", right, upper), ("se", right, lower), ("sw", left, lower))
            for radius, (which, at_x, at_y) in zip(radii, corners, strict=True):
                if radius:
                    picture = paint.corner(min(radius, width // 2, height // 2), which, fill, behind)
                    items.append(("image", at_x, at_y, "-image", str(picture), "-anchor", which, "-tags", tag))
            return items
