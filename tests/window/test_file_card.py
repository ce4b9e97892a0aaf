"""The cards of messages that offer files."""

import re
import tkinter as tk
from pathlib import Path

import pytest

from chat.amounts import progress_words, size_words
from chat.events import Delivery, File, FileChanged, FileStage, Message
from chat.previews import Preview
from chat.window.file_card import FileAct, file_acts, shortened
from chat.window.layout import lay_out
from chat.window.operations import Picture, Words
from chat.window.paging import Paging
from chat.window.paint import Paint
from chat.window.reading import Reading
from chat.window.rows import Layout, Row, Surroundings
from chat.window.theme import DARK, Theme
from chat.window.transcript import Transcript
from tests.hazards import HAZARDS
from tests.window.conftest import Bench
from tests.window.samples import Asked, message

STAGES: list[tuple[FileStage, bool, tuple[FileAct, ...]]] = [
    (FileStage.OFFERED, False, ("accept", "save", "decline")),
    (FileStage.DECLINED, False, ("accept", "save")),
    (FileStage.WAITING, False, ("pause", "decline")),
    (FileStage.RECEIVING, False, ("pause", "decline")),
    (FileStage.PAUSED, False, ("resume", "decline")),
    (FileStage.SAVED, False, ("show",)),
    (FileStage.FAILED, False, ("accept", "save")),
    (FileStage.SHARED, True, ("show",)),
    (FileStage.PAUSED, True, ("resume",)),
    (FileStage.FAILED, True, ()),
    (FileStage.READING, True, ()),
]


def offer(name: str = "plan.pdf", size: int = 1_800_000, *, own: bool = False, number: int = 1) -> Message:
    return message(number, name, own=own, device="me" if own else "b0b", file=File(name, size, "application/pdf"))


def changed(message: Message, stage: FileStage, done: int = 0, **more: object) -> FileChanged:
    assert message.file is not None
    return FileChanged(message.key, message.file.name, stage, message.file.size, done, **more)  # type: ignore[arg-type]


def laid_out(bench: Bench, row: Row, width: int = 700) -> Layout:
    return lay_out(row, Surroundings(width, first=True, last=True), bench.theme, bench.paint)


def words(layout: Layout) -> str:
    return " ".join(operation.text for operation in layout.over if isinstance(operation, Words))


def acts(layout: Layout) -> list[str]:
    return [target.value for target in layout.targets if target.kind == "file"]


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def transcript(bench: Bench, asked: Asked) -> Transcript:
    wishes = asked.wishes()

    def act(what: str, row: Row) -> None:
        assert row.message is not None
        asked.append(("act", what, row.message.key))

    made = Transcript(bench.root, bench.theme, bench.paint, Paging(wishes.older, wishes.newer, wishes.around))
    made.pack(fill="both", expand=True)
    Reading(made, bench.theme, bench.paint, wishes.react, lambda *_: None, act)
    bench.look()
    return made


@pytest.mark.parametrize(("stage", "own", "expected"), STAGES)
def test_what_can_be_done_with_a_file(bench: Bench, stage: FileStage, own: bool, expected: tuple[FileAct, ...]) -> None:
    said = offer(own=own)
    row = Row(1, "message", (said.order, 0, said.key), message=said, file=changed(said, stage, path=Path("/there/plan.pdf")))
    assert file_acts(row) == expected
    assert acts(laid_out(bench, row)) == list(expected)


def test_before_anything_is_known_the_others_files_are_offered(bench: Bench) -> None:
    said = offer()
    layout = laid_out(bench, Row(1, "message", (said.order, 0, said.key), message=said))
    assert "plan.pdf 1.8 MB · PDF Accept Save as… Decline" in words(layout)


def test_how_far_a_file_is(bench: Bench) -> None:
    said = offer(size=20_100_000)
    row = Row(1, "message", (said.order, 0, said.key), message=said)
    row.file = changed(said, FileStage.RECEIVING, 12_400_000, speed=3_200_000.0)
    assert "12.4 MB of 20.1 MB · 3.2 MB/s · 3 s left" in words(laid_out(bench, row))
    row.file = changed(said, FileStage.FAILED, sentence="There is no room on the disk.")
    assert "There is no room on the disk." in words(laid_out(bench, row))
    said = row.message = offer(own=True)
    row.file = changed(said, FileStage.SHARED, received=2, takers=3)
    assert "received by 2 of 3" in words(laid_out(bench, row))


def test_a_deleted_offer_has_no_card(bench: Bench) -> None:
    said = message(1, "plan.pdf", retracted=True)
    layout = laid_out(bench, Row(1, "message", (said.order, 0, said.key), message=said))
    assert acts(layout) == []
    assert "deleted" in words(layout)


def test_the_ending_of_a_long_name_always_shows(bench: Bench) -> None:
    name = f"{'invoice ' * 30}.pdf.exe"
    for room in (60, 120, 300):
        assert shortened(name, "bold", room, bench.theme).endswith(".exe")
        assert "…" in shortened(name, "bold", room, bench.theme)
    assert shortened("\u202efdp.exe", "bold", 300, bench.theme) == "fdp.exe"


@pytest.mark.parametrize("width", [360, 700])
@pytest.mark.parametrize("stage", [FileStage.OFFERED, FileStage.RECEIVING])
def test_a_card_stays_in_its_bubble(bench: Bench, width: int, stage: FileStage) -> None:
    for number, name in enumerate((*HAZARDS.values(), "x" * 255, "שלום.pdf")):
        said = offer(name or "?", number=number)
        row = Row(1, "message", (said.order, 0, said.key), message=said, file=changed(said, stage, 5, speed=1.0))
        layout = laid_out(bench, row, width)
        for operation in layout.over:
            if isinstance(operation, Words):
                assert operation.x + bench.theme.width(operation.text, operation.font) <= width
                assert 0 <= operation.y < layout.height
        assert all(target.x + target.width <= width for target in layout.targets)


def test_the_time_stands_beside_what_is_lowest_and_over_nothing(bench: Bench) -> None:
    said = offer()
    row = Row(1, "message", (said.order, 0, said.key), message=said)
    layout = laid_out(bench, row)
    time = next(operation for operation in layout.over if isinstance(operation, Words) and re.fullmatch(r"\d\d:\d\d", operation.text))
    assert all(target.x + target.width <= time.x for target in layout.targets if target.y < time.y < target.y + target.height + 20)


def test_a_click_on_a_card_does_what_it_says(bench: Bench, transcript: Transcript, asked: Asked) -> None:
    said = offer()
    transcript.add([(said, None)])
    bench.look()
    stages = ((FileStage.OFFERED, "accept"), (FileStage.RECEIVING, "pause"), (FileStage.SAVED, "show"))
    # Far enough apart that no two of them are a double click.
    for time, (stage, act) in enumerate(stages, 1):
        transcript.change_file(changed(said, stage, path=Path("/there")))
        bench.look()
        row = transcript.loaded.find(said.key)
        assert row is not None
        layout, top, _ = transcript._drawn[row]
        target = next(target for target in layout.targets if target.kind == "file")
        for event in ("<Button-1>", "<ButtonRelease-1>"):
            transcript.event_generate(event, x=target.x + 5, y=top - transcript.offset + target.y + 5, time=5000 * time)
        bench.look()
        assert asked[-1] == ("act", act, said.key)


def test_what_is_known_of_a_file_outlives_its_row(bench: Bench, transcript: Transcript) -> None:
    said = offer(own=True)
    transcript.change_file(changed(said, FileStage.SHARED, received=1, takers=1))
    transcript.show_preview(said.key, Preview(10, 10, (10, 10), bytes(300)))
    transcript.add([(said, Delivery.AT_BROKER)])
    bench.look()
    row = transcript.loaded.find(said.key)
    assert row is not None
    assert row.file is not None
    assert row.preview is not None


def test_a_picture_shows_above_its_card(bench: Bench) -> None:
    said = offer("p.png")
    row = Row(1, "message", (said.order, 0, said.key), message=said, preview=Preview(4000, 3000, (40, 30), bytes(3600)))
    layout = laid_out(bench, row)
    photo = next(operation for operation in layout.over if isinstance(operation, Picture))
    assert (photo.image.width(), photo.image.height()) == (340, 255)
    row.preview = Preview(20, 10, (20, 10), bytes(600))
    photo = next(operation for operation in laid_out(bench, row).over if isinstance(operation, Picture))
    assert photo.image.width() == 20


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (48_000, "48.0 kB"),
        (999_950, "1.0 MB"),
        (123_456_789, "123 MB"),
    ],
)
def test_sizes_are_short(size: int, shown: str) -> None:
    assert size_words(size) == shown


def test_how_long_it_takes_yet() -> None:
    assert progress_words(0, 100_000_000, 0.0) == "0 bytes of 100 MB"
    assert progress_words(0, 100_000_000, 1_000_000.0).endswith("2 min left")
    assert progress_words(0, 2_000_000_000, 256_000.0).endswith("3 h left")


def test_cards_have_the_colours_of_the_theme(bench: Bench) -> None:
    theme = Theme(bench.root, DARK, 2.0)
    try:
        said = offer(own=True)
        row = Row(1, "message", (said.order, 0, said.key), message=said)
        layout = lay_out(row, Surroundings(1400, first=True, last=True), theme, Paint(theme))
        name = next(operation for operation in layout.over if isinstance(operation, Words))
        assert name.colour == DARK.own_text
    finally:
        theme.close()


def test_the_keyboard_reaches_a_file_through_the_menu(bench: Bench, asked: Asked) -> None:
    from chat.window.chat_view import ChatView

    view = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    view.pack(fill="both", expand=True)
    said = offer()
    view.show_messages([(said, None)])
    bench.look()
    view.transcript.focus_force()
    for key in ("<Control-Up>", "<Return>"):
        widget = view.focus_get()
        assert isinstance(widget, tk.Misc)
        widget.event_generate(key)
        bench.look()
    parts = [str(part["text"]).strip() for part in view.menu._parts]
    assert parts[1:4] == ["Accept", "Save as…", "Decline"]
    view.menu._parts[1].focus_set()
    bench.look()
    view.menu._parts[1].event_generate("<Return>")
    bench.look()
    assert asked.of("act_on_file") == [["accept", said.key, None]]
