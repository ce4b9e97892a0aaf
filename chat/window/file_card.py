"""The card of a message that offers a file: what it is, how far it is, and what one can do with it."""

from dataclasses import dataclass
from typing import Final, Literal

from chat.amounts import progress_words, size_words
from chat.events import File, FileChanged, FileStage
from chat.previews import Preview
from chat.text import clean_line, clean_text
from chat.window.lines import Line, break_lines, one_line
from chat.window.operations import Bubble, Operation, Picture, Target, line_operations
from chat.window.paint import Paint
from chat.window.rows import Row
from chat.window.theme import Theme, mix
from chat.words import _, marked

FileAct = Literal["accept", "save", "decline", "pause", "resume", "show"]

PHOTO_WIDTH: Final = 340
PHOTO_HEIGHT: Final = 300
LONGEST_NAME: Final = 255
_DISC: Final = 42
_NARROWEST: Final = 240
_ROW: Final = 24
"""How high the line of actions is."""
_BAR: Final = 4
_WORDS: Final[dict[FileAct, str]] = {
    "accept": marked("Accept"),
    "save": marked("Save as…"),
    "decline": marked("Decline"),
    "pause": marked("Pause"),
    "resume": marked("Go on"),
    "show": marked("Show in folder"),
}
_ICONS: Final[dict[FileAct, str]] = {
    "accept": "download",
    "save": "folder-down",
    "decline": "x",
    "pause": "pause",
    "resume": "play",
    "show": "folder-open",
}
_ACTS: Final[dict[FileStage, tuple[FileAct, ...]]] = {
    FileStage.OFFERED: ("accept", "save", "decline"),
    FileStage.DECLINED: ("accept", "save"),
    FileStage.WAITING: ("pause", "decline"),
    FileStage.RECEIVING: ("pause", "decline"),
    FileStage.PAUSED: ("resume", "decline"),
    FileStage.SAVED: ("show",),
    FileStage.FAILED: ("accept", "save"),
    FileStage.SHARED: ("show",),
}
_MOVING: Final = frozenset({FileStage.WAITING, FileStage.RECEIVING, FileStage.PAUSED})


def photo_size(preview: Preview, widest: int, theme: Theme) -> tuple[int, int]:
    """How large to show a preview in a bubble whose content is at most `widest` pixels wide: never larger than the picture is."""
    room, tall = min(widest, theme.px(PHOTO_WIDTH)), theme.px(PHOTO_HEIGHT)
    share = min(room / preview.width, tall / preview.height, 1.0)
    return max(1, round(preview.width * share)), max(1, round(preview.height * share))


@dataclass(frozen=True, slots=True)
class MeasuredCard:
    """A card that is ready to draw; `width` is what it needs, `height` what it takes."""

    name: Line
    words: list[Line]
    icon: str
    share: float | None
    """How much of the file is here or there, if a bar is to show it."""
    acts: tuple[FileAct, ...]
    last: int
    """How wide what stands lowest in it is."""
    width: int
    height: int


def file_stage(row: Row) -> FileStage:
    """How it stands with the file of a row."""
    if row.file is not None:
        return row.file.stage
    return FileStage.SHARED if row.message is not None and row.message.own else FileStage.OFFERED


def file_acts(row: Row) -> tuple[FileAct, ...]:
    """What one can do with the file of a row, the most likely first."""
    if row.message is None or row.message.file is None or row.message.retracted:
        return ()
    stage = file_stage(row)
    if row.message.own and stage is not FileStage.SHARED:
        return ("resume",) if stage is FileStage.PAUSED else ()
    return _ACTS.get(stage, ())


def act_words(act: FileAct, stage: FileStage) -> tuple[str, str]:
    """The words and the icon of an action."""
    if act == "decline" and stage in _MOVING:
        return _("Cancel"), _ICONS[act]
    return _(_WORDS[act]), _ICONS[act]


def measure_card(row: Row, file: File, widest: int, fill: str, theme: Theme, paint: Paint) -> MeasuredCard:
    """Fit a card into a bubble in the colour `fill` whose content is at most `widest` pixels wide."""
    px, stage, state = theme.px, file_stage(row), row.file
    room = widest - px(_DISC + 10)
    name = one_line(shortened(file.name, "bold", room, theme), room, "bold", theme, paint, fill, emoji_size=px(16))
    words = _words(file, stage, state)
    lines = break_lines(words, room, "small", theme, paint, fill, emoji_size=px(14))
    acts = file_acts(row)
    share = None
    if state is not None and (stage in _MOVING or (stage is FileStage.SHARED and 0 < state.done < file.size)):
        share = state.done / max(1, file.size)
    height = px(26) + max(px(24), len(lines) * px(17) + px(7)) + (px(10) if share is not None else 0) + (px(_ROW + 2) if acts else 0)
    below = sum(theme.width(act_words(act, stage)[0], "small_bold") + px(34) for act in acts)
    disc = px(_DISC + 10)
    last = below - px(10) if acts else widest if share is not None else lines[-1].width + disc
    text = max(name.width, *(line.width for line in lines)) + disc
    icon = _icon(stage, own=row.message is not None and row.message.own)
    return MeasuredCard(name, lines, icon, share, acts, last, min(widest, max(text, below, px(_NARROWEST))), height)


def draw_card(
    card: MeasuredCard, row: Row, x: int, y: int, width: int, fill: str, theme: Theme, paint: Paint
) -> tuple[list[Operation], list[Target]]:
    """The card on a bubble in the colour `fill`."""
    px, palette = theme.px, theme.palette
    own = row.message is not None and row.message.own
    ink, meta = (palette.own_text, palette.own_meta) if own else (palette.text, palette.text2)
    strong = palette.own_text if own else palette.accent
    disc = palette.own_quote if own else palette.accent
    operations: list[Operation] = [Picture(x, y + px(4), paint.icon(card.icon, px(20), "#FFFFFF", fill, px(_DISC), disc))]
    left = x + px(_DISC + 10)
    operations += line_operations(card.name, left, y + px(5), px(20), "bold", ink, theme)
    top = y + px(26)
    for line in card.words:
        operations += line_operations(line, left, top, px(17), "small", meta, theme)
        top += px(17)
    top = max(top + px(7), y + px(50))
    if card.share is not None:
        behind = mix(fill, ink, 0.18)
        radius = (px(_BAR) // 2,) * 4
        operations.append(Bubble(x, top, width, px(_BAR), radius, behind, fill))
        operations.append(Bubble(x, top, max(px(_BAR), round(width * card.share)), px(_BAR), radius, strong, fill))
        top += px(10)
    targets: list[Target] = []
    place, stage = x, file_stage(row)
    for act in card.acts:
        words, icon = act_words(act, stage)
        colour = palette.own_text if own else palette.link
        operations.append(Picture(place, top + px(4), paint.icon(icon, px(15), colour, fill)))
        line = one_line(words, width, "small_bold", theme, paint, fill, emoji_size=px(14))
        operations += line_operations(line, place + px(20), top, px(_ROW), "small_bold", colour, theme)
        targets.append(Target(place, top, px(24) + line.width, px(_ROW), "file", act))
        place += line.width + px(34)
    return operations, targets


def shortened(name: str, font: Literal["bold", "small_bold"], room: int, theme: Theme) -> str:
    """A file's name that fits into `room` pixels; what is left out is in its middle, so that its ending shows."""
    name = clean_line(name, LONGEST_NAME)
    if theme.width(name, font) <= room:
        return name
    ending = name[max(name.rfind(".") - 3, len(name) - 12) :]
    begin = name[: len(name) - len(ending)]
    low, high = 0, len(begin)
    while low < high:
        middle = (low + high + 1) // 2
        if theme.width(f"{begin[:middle]}…{ending}", font) <= room:
            low = middle
        else:
            high = middle - 1
    return f"{begin[:low]}…{ending}"


def _words(file: File, stage: FileStage, state: FileChanged | None) -> str:
    if state is not None and state.sentence:
        return clean_text(state.sentence)[0]
    size = size_words(file.size)
    match stage:
        case FileStage.RECEIVING if state is not None:
            return progress_words(state.done, file.size, state.speed)
        case FileStage.PAUSED if state is not None:
            return " · ".join((progress_words(state.done, file.size, 0), _("paused")))
        case FileStage.WAITING:
            return " · ".join((size, _("waits for somebody who has it")))
        case FileStage.DECLINED:
            return " · ".join((size, _("declined")))
        case FileStage.SAVED:
            return " · ".join((size, _("saved")))
        case FileStage.READING:
            return " · ".join((size, _("is being read")))
        case FileStage.SHARED if state is not None and state.takers:
            received = _("received by {count} of {members}").format(count=state.received, members=state.takers)
            moving = [progress_words(state.done, file.size, state.speed)] if state.speed else []
            return " · ".join((size, received, *moving))
        case _:
            return " · ".join((size, _kind(file)))


def _kind(file: File) -> str:
    """What sort of file it is, by its ending: that is what decides what a desktop does with it."""
    ending = clean_line(file.name, LONGEST_NAME).rpartition(".")[2]
    return ending.upper() if "." in file.name and 0 < len(ending) <= 8 else _("file")


def _icon(stage: FileStage, *, own: bool) -> str:
    if stage in (FileStage.OFFERED, FileStage.DECLINED) and not own:
        return "download"
    if stage is FileStage.FAILED:
        return "circle-alert"
    return "file-text"
