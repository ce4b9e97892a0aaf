"""What a row of the transcript is drawn with, and the canvas items that this becomes."""

import tkinter as tk
from dataclasses import dataclass
from typing import Any, Literal

from PIL import ImageTk

from chat.window.lines import Line
from chat.window.paint import Paint
from chat.window.shaping import Shape
from chat.window.theme import FontName, Theme


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a place."""

    x: int
    y: int
    text: str
    font: FontName
    colour: str
    shaped: Shape | None = None


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
    border: str = ""
    thickness: int = 0
    """That of the border, within the size."""


Operation = Words | Picture | Box | Bubble


@dataclass(frozen=True, slots=True)
class Target:
    """A part of a row that answers the pointer: what a reply quotes, a reaction (`value` is its emoji), a link (`value` is its
    address), something to do with a file (`value` says what), or how far a message came.

    `hint` is said beside a pointer that rests there.
    """

    x: int
    y: int
    width: int
    height: int
    kind: Literal["quote", "reaction", "ticks", "link", "file"]
    value: str = ""
    hint: str = ""

    def holds(self, x: int, y: int) -> bool:
        """Whether a point, relative to the row, lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def line_operations(line: Line, x: int, y: int, step: int, font: FontName, ink: str, theme: Theme) -> list[Operation]:
    """One line of text, in the middle of `step` pixels of height."""
    operations: list[Operation] = []
    for piece in line.pieces:
        if piece.picture is not None:
            operations.append(Picture(x + piece.x, y + (step - piece.picture.height()) // 2, piece.picture))
        else:
            operations.append(Words(x + piece.x, y + (step - theme.heights[font]) // 2, piece.text, font, ink, piece.shaped))
    return operations


def draw_line(
    canvas: tk.Canvas, line: Line, x: int, y: int, step: int, font: FontName, ink: str, theme: Theme, paint: Paint, tag: str
) -> None:
    """Draw one line of text on a canvas, in the middle of `step` pixels below `y`."""
    for operation in line_operations(line, x, y, step, font, ink, theme):
        for item in canvas_items(operation, 0, tag, theme, paint):
            canvas.tk.call(str(canvas), "create", *item)


def canvas_items(operation: Operation, top: int, tag: str, theme: Theme, paint: Paint) -> list[tuple[Any, ...]]:
    """The items of one operation, as arguments for a canvas's `create`, for a row whose upper edge is at `top`."""
    match operation:
        case Words(x, y, text, font, colour, shaped) if shaped:
            picture = paint.shaped(text, font, shaped, colour)
            place = (x - theme.beyond, top + y - theme.beyond)
            return [("image", *place, "-image", str(picture), "-anchor", "nw", "-tags", tag)]
        case Words(x, y, text, font, colour):
            return [("text", x, top + y, "-text", text, "-font", str(theme.fonts[font]), "-fill", colour, "-anchor", "nw", "-tags", tag)]
        case Picture(x, y, image):
            return [("image", x, top + y, "-image", str(image), "-anchor", "nw", "-tags", tag)]
        case Box(x, y, width, height, fill):
            return [("rectangle", x, top + y, x + width, top + y + height, "-fill", fill, "-width", 0, "-tags", tag)]
        case Bubble():
            return _bubble_items(operation, top, tag, paint)


def _bubble_items(bubble: Bubble, top: int, tag: str, paint: Paint) -> list[tuple[Any, ...]]:
    items: list[tuple[Any, ...]] = []
    for inset, colour in ((0, bubble.border), (bubble.thickness, bubble.fill)):
        if colour:
            box = (bubble.x + inset, top + bubble.y + inset, bubble.x + bubble.width - inset, top + bubble.y + bubble.height - inset)
            items.append(("rectangle", *box, "-fill", colour, "-width", 0, "-tags", tag))
    left, right, upper, lower = bubble.x, bubble.x + bubble.width, top + bubble.y, top + bubble.y + bubble.height
    corners = (("nw", left, upper), ("ne", right, upper), ("se", right, lower), ("sw", left, lower))
    for radius, (which, x, y) in zip(bubble.radii, corners, strict=True):
        if radius:
            size = min(radius, bubble.width // 2, bubble.height // 2)
            picture = paint.corner(size, which, bubble.fill, bubble.behind, bubble.border, bubble.thickness)
            items.append(("image", x, y, "-image", str(picture), "-anchor", which, "-tags", tag))
    return items
