"""How the kinds of words in a bubble look: links underlined, code on a ground of its own, mentions marked."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from chat.events import Message
from chat.window.lines import Line, Look, Piece, break_runs
from chat.window.markup import Kind, Run, parse
from chat.window.operations import Bubble, Operation, Picture, Target, Words
from chat.window.paint import Paint
from chat.window.rows import Span
from chat.window.theme import FontName, Theme

FONTS: Final[dict[Kind, FontName]] = {"words": "body", "link": "link", "code": "code", "block": "code", "mention": "bold", "mark": "body"}
LINE: Final = 20
_CODE_LINE: Final = 18
_BLOCK_PAD: Final = 8
_BESIDE_CODE: Final = 3
"""How far the ground of code in a line goes beyond it."""
_HINTED: Final = 300
"""Signs of an address that are said beside the pointer."""


@dataclass(slots=True)
class RichText:
    """A text that is ready to draw, and where it ends."""

    bottom: int
    under: list[Operation] = field(default_factory=list)
    over: list[Operation] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)


def break_text(text: str, message: Message, username: str, width: int, fill: str, theme: Theme, paint: Paint) -> tuple[list[Line], bool]:
    """The lines of a message's text on a bubble in the colour `fill`, and whether it speaks to the one called `username`."""
    runs: list[Run] = parse(text, "" if message.own else username)
    px = theme.px
    lines = break_runs(text, runs, width, _looks(fill, message.own, theme), theme, paint, px(18), px(_BLOCK_PAD))
    return lines, any(run.kind == "mention" for run in runs)


def _looks(fill: str, own: bool, theme: Theme) -> dict[Kind, Look]:
    palette = theme.palette
    code = palette.own_code if own else palette.code
    grounds = {"code": code, "block": code, "mention": palette.selected}
    beside = dict.fromkeys(("code", "mention"), theme.px(_BESIDE_CODE))
    return {kind: Look(font, grounds.get(kind, fill), beside.get(kind, 0)) for kind, font in FONTS.items()}


def draw_text(lines: Sequence[Line], x: int, y: int, width: int, fill: str, *, own: bool, theme: Theme) -> RichText:
    """Draw lines from a point on, in a bubble with room for `width` pixels."""
    px = theme.px
    drawn = RichText(y)
    looks = _looks(fill, own, theme)
    top = -1
    """Where the block begins in which one is."""
    for number, line in enumerate(lines):
        if line.block and top < 0:
            top = drawn.bottom + px(2)
            drawn.bottom = top + px(_BLOCK_PAD - 2)
        step = px(_CODE_LINE if line.block else LINE)
        indent = width - line.width if line.right_to_left else 0
        _draw_grounds(drawn, line, x + indent, drawn.bottom, step, looks, theme)
        for piece in line.pieces:
            _draw_piece(drawn, piece, x + indent, drawn.bottom, step, looks, own, theme)
        drawn.bottom += step
        if line.block and (number + 1 == len(lines) or not lines[number + 1].block):
            drawn.bottom += px(_BLOCK_PAD - 2)
            drawn.under.append(Bubble(x, top, width, drawn.bottom - top, (px(6),) * 4, looks["block"].behind, fill))
            drawn.bottom += px(4)
            top = -1
    return drawn


def _draw_grounds(drawn: RichText, line: Line, x: int, y: int, step: int, looks: dict[Kind, Look], theme: Theme) -> None:
    """Draw what code and mentions stand on; one may consist of several pieces."""
    px = theme.px
    for run, group in itertools.groupby(line.pieces, lambda piece: piece.run):
        if run is None or run.kind not in ("code", "mention"):
            continue
        pieces = list(group)
        left, beyond = min(piece.x for piece in pieces), px(_BESIDE_CODE)
        width = max(piece.x + piece.width for piece in pieces) - left
        shape = (x + left - beyond, y + px(1), width + 2 * beyond, step - px(2))
        drawn.under.append(Bubble(*shape, (px(4),) * 4, looks[run.kind].behind, looks["words"].behind))


def _draw_piece(drawn: RichText, piece: Piece, x: int, y: int, step: int, looks: dict[Kind, Look], own: bool, theme: Theme) -> None:
    palette = theme.palette
    kind: Kind = piece.run.kind if piece.run is not None else "words"
    left, look = x + piece.x, looks[kind]
    whole = piece.picture is not None or bool(piece.shown or piece.shaped)
    drawn.spans.append(Span(left, y, piece.width, step, piece.start, piece.text, whole, look.font))
    if piece.picture is not None:
        drawn.over.append(Picture(left, y + (step - piece.picture.height()) // 2, piece.picture))
    else:
        plain = palette.own_text if own else palette.text
        ink = palette.link if kind == "mention" or (kind == "link" and not own) else plain
        drawn.over.append(Words(left, y + (step - theme.heights[look.font]) // 2, piece.shown or piece.text, look.font, ink, piece.shaped))
    if piece.run is not None and kind == "link":
        drawn.targets.append(Target(left, y, piece.width, step, "link", piece.run.target, _shortened(piece.run.target)))


def _shortened(address: str) -> str:
    return address if len(address) <= _HINTED else f"{address[:_HINTED]}…"
