"""The window's parts by themselves: what is shown, in which order, and that no text can hurt them."""

import time
import tkinter as tk
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from chat.address import parse_broker
from chat.events import (
    Delivery,
    DeliveryChanged,
    Entered,
    Found,
    Gap,
    Link,
    LinkChanged,
    Member,
    Message,
    MessagesFolded,
    Page,
    PageKind,
    Quote,
    Reaction,
    Supplied,
    Trust,
)
from chat.window.chat_view import ChatView
from chat.window.lines import break_lines, one_line
from chat.window.loaded import LOADED_ROWS
from chat.window.paint import Paint
from chat.window.quotes import quoted_name
from chat.window.theme import DARK, LIGHT, Palette, Theme, initials
from tests.window.samples import Asked

pytestmark = pytest.mark.usefixtures("screen")
LIMIT = 1000
HAZARDS = [
    "\x00\x1b[31m\x07",
    "\u202egnp.exe\u2066",
    "z" + "\u0310" * 20_000,
    "\ud83d alone",
    "x" * 256_000,
    "word " * 50_000,
    "\n" * 10_000,
    "👨‍👩‍👧‍👦" * 2000,
    "🇸🇪🇺🇦🏳️‍🌈👍🏽1️⃣",
    "سلام שלום नमस्ते ภาษาไทย",
    '[exit] $env(HOME) {unbalanced \\ " } %s %d',
    "",
    " ",
]


@dataclass
class Bench:
    """A view in a window of its own, with what it asked for and what failed."""

    root: tk.Tk
    view: ChatView
    theme: Theme
    paint: Paint
    asked: Asked
    failures: list[object] = field(default_factory=list)

    def update(self) -> None:
        self.root.update()
        assert self.failures == []

    @property
    def sent(self) -> list[str]:
        return [text for text, _ in self.asked.of("send")]

    def rows(self) -> list[str]:
        return [row.message.text if row.message else row.text for row in self.view.transcript.rows]


@pytest.fixture(params=[(LIGHT, 1.0), (DARK, 2.0)], ids=["light", "dark at 200 %"])
def bench(request: pytest.FixtureRequest, screen: str) -> Iterator[Bench]:
    assert screen
    palette, scale = request.param
    root = tk.Tk()
    root.geometry(f"{int(800 * scale)}x{int(600 * scale)}+0+0")
    theme = Theme(root, palette, scale)
    paint = Paint(theme)
    asked = Asked()
    view = ChatView(root, theme, paint, asked.wishes(), LIMIT)
    view.pack(fill="both", expand=True)
    bench = Bench(root, view, theme, paint, asked)
    root.report_callback_exception = lambda *failure: bench.failures.append(failure)
    root.update()
    yield bench
    root.destroy()


def message(number: int, text: str = "", *, own: bool = False, name: str = "Bob", clock: int = 0, trust: Trust = Trust.PINNED) -> Message:
    device = name.encode(errors="replace").hex()
    return Message(f"key{number}", device, name, own, text or f"line {number}", time.time(), (clock or number, device, number), trust)


def test_messages_stand_in_the_order_of_the_conversation(bench: Bench) -> None:
    bench.view.show_messages([(message(number), None) for number in (1, 2, 5)])
    bench.view.show_messages([(message(4), None), (message(3), None)])
    bench.update()
    assert bench.rows() == ["line 1", "line 2", "line 3", "line 4", "line 5"]


def test_an_own_message_shows_how_far_it_came(bench: Bench) -> None:
    bench.view.show_messages([(message(2, "mine", own=True), Delivery.WAITING), (message(1), None), (message(3), None)])
    bench.view.change_delivery(DeliveryChanged("key2", Delivery.FAILED, "The broker is full."))
    bench.update()
    assert bench.rows() == ["line 1", "mine", "line 3"]
    row = bench.view.transcript.rows[1]
    assert (row.delivery, row.reason) == (Delivery.FAILED, "The broker is full.")


def test_older_messages_are_asked_for_when_the_first_row_comes_into_view(bench: Bench) -> None:
    bench.view.show_page(Page(PageKind.LAST, tuple((message(number), None) for number in range(101, 201)), True, False))
    bench.update()
    assert bench.asked == []
    bench.view.transcript.to_start()
    bench.update()
    assert bench.asked == [("older", message(101).order)]
    bench.view.show_page(Page(PageKind.OLDER, tuple((message(number), None) for number in range(1, 101)), False, False))
    bench.update()
    top = bench.view.transcript.visible()[0].message
    assert top is not None
    assert 95 < top.order[0] <= 101
    bench.view.transcript.to_start()
    bench.update()
    assert bench.rows() == [f"line {number}" for number in range(1, 201)]
    assert len(bench.asked) == 1
    assert bench.view.transcript.unseen == 0


def test_the_view_follows_the_end_until_one_scrolls_up(bench: Bench) -> None:
    transcript = bench.view.transcript
    bench.view.show_messages([(message(number), None) for number in range(1, 200)])
    bench.update()
    assert transcript.pinned
    transcript.scroll(-2000)
    bench.view.show_messages([(message(number), None) for number in range(200, 210)])
    bench.update()
    assert not transcript.pinned
    assert transcript.unseen == 10
    transcript.to_end()
    bench.update()
    assert transcript.pinned
    assert transcript.unseen == 0


def test_only_what_is_in_view_is_drawn_and_memory_is_bounded(bench: Bench) -> None:
    transcript = bench.view.transcript
    for start in range(1, 10_001, 500):
        bench.view.show_messages([(message(number), None) for number in range(start, start + 500)])
        bench.update()
    assert len(transcript.rows) <= LOADED_ROWS
    assert len(transcript.loaded._by_key) <= len(transcript.rows)
    assert len(transcript.find_all()) < 1500
    assert bench.rows()[-1] == "line 10000"


def test_scrolling_from_end_to_start_and_back_shows_every_row_once(bench: Bench) -> None:
    transcript = bench.view.transcript
    bench.view.show_messages([(message(number), None) for number in range(1, 300)])
    bench.update()
    seen = {row.number for row in transcript.visible()}
    while transcript.visible()[0] is not transcript.rows[0]:
        transcript.scroll(-300)
        bench.update()
        tops = [transcript._drawn[row][1] for row in transcript.rows if row in transcript._drawn]
        assert tops == sorted(tops)
        seen |= {row.number for row in transcript.visible()}
    assert len(seen) == 299
    transcript.scroll(10**6)
    bench.update()
    assert transcript.pinned


def test_a_fold_opens_at_a_click(bench: Bench) -> None:
    for count in range(1, 6):
        bench.view.fold(MessagesFolded(b"Mallory".hex(), "Mallory", count, (message(count, name="Mallory"),)))
    bench.update()
    assert bench.rows() == ["5 more from Mallory"]
    transcript = bench.view.transcript
    top = transcript._drawn[transcript.rows[0]][1] - transcript.offset
    transcript.event_generate("<Button-1>", x=100, y=top + 15)
    transcript.event_generate("<ButtonRelease-1>", x=100, y=top + 15)
    bench.update()
    assert bench.rows() == [f"line {number}" for number in range(1, 6)]


@pytest.mark.parametrize("text", HAZARDS, ids=range(len(HAZARDS)))
def test_any_text_can_be_shown_anywhere(bench: Bench, text: str) -> None:
    bench.view.enter(Entered("room", parse_broker("mqtt://host"), "topic", "Ada", "aa", "ABCD"))
    bench.view.header.show_room("room", text, text)
    bench.view.show_messages(
        [(message(1, text, name=text or "x", trust=Trust.CHANGED), None), (message(2, text, own=True), Delivery.QUEUED)]
    )
    bench.view.change_delivery(DeliveryChanged("key2", Delivery.FAILED, text))
    bench.view.fold(MessagesFolded("ab", text, 1, (message(3, text),)))
    bench.view.transcript.add_notice(text)
    members = (Member("aa", text, True, True, 0.0, Trust.PINNED, text), Member("bb", text, False, False, 1.0, Trust.CHANGED, text))
    bench.view.show_members(members)
    bench.view.show_link(LinkChanged(Link.STOPPED, text[:300].replace("\x00", "")))
    bench.update()
    bench.view.transcript.scroll(-500)
    bench.update()


@pytest.mark.parametrize("text", HAZARDS, ids=range(len(HAZARDS)))
def test_any_text_can_be_answered_found_and_reacted_with(bench: Bench, text: str) -> None:
    told = replace(
        message(1, text, name=text or "x"), reply=Quote("k", (1, "d", 1), "d", text, text), reactions=(Reaction(text, (text,), True),)
    )
    bench.view.show_messages([(told, None)])
    bench.view.show_gaps([Gap("d", text, 2, told.order)])
    bench.view.show_supplied(Supplied((text, text), told.order))
    bench.view.open_search()
    bench.view.search.entry.insert(0, "x")
    bench.view.show_found(Found(bench.view.search._number, (told,) * 9, False))
    bench.view.composer.reply_to(told)
    bench.update()
    bench.view.composer.edit(replace(told, own=True))
    row = bench.view.transcript.loaded.find(told.key)
    assert row is not None
    bench.view.menu.show(row, 10, 10, 10)
    bench.update()


def test_nothing_is_drawn_wider_than_the_view(bench: Bench) -> None:
    bench.view.show_messages([(message(number, text), None) for number, text in enumerate(HAZARDS, 1) if text])
    bench.update()
    transcript = bench.view.transcript
    left, _, right, _ = transcript.bbox("all")
    assert left >= 0
    assert right <= transcript.winfo_width()


def test_lines_are_broken_within_the_width_and_nothing_is_lost(bench: Bench) -> None:
    for text in ("one two three " * 40, "x" * 5000, "ab cd\n\nef", "👍🏽 text 👨‍👩‍👧 " * 30, "trailing   "):
        for width in (60, 300):
            lines = break_lines(text, width, "body", bench.theme, bench.paint, "#FFFFFF", 16)
            assert all(line.width <= width + 20 for line in lines)
            shown = "".join(piece.text for line in lines for piece in line.pieces)
            assert shown.replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_one_line_fills_the_width_and_says_that_there_is_more(bench: Bench) -> None:
    for text in ("one two three " * 40, "x" * 500, "👍🏽 text 👨‍👩‍👧 " * 30, "word" + "y" * 300):
        for width in (60, 300):
            line = one_line(text, width, "small", bench.theme, bench.paint, "#FFFFFF", 14)
            shown = "".join(piece.text for piece in line.pieces)
            assert line.width <= width
            assert shown.endswith("…")
            assert text.startswith(shown[:-1])
    assert [piece.text for piece in one_line("short", 300, "small", bench.theme, bench.paint, "#FFFFFF", 14).pieces] == ["short"]


def test_return_sends_and_shift_return_breaks_the_line(bench: Bench) -> None:
    box = bench.view.composer.text
    box.focus_force()
    bench.update()
    for key in ("a", "Shift-Return", "b", "Return"):
        box.event_generate(f"<{key}>" if "Return" in key else f"<Key-{key}>")
        bench.update()
    assert bench.sent == ["a\nb"]
    assert bench.view.composer.content() == ""
    box.event_generate("<Return>")
    assert bench.sent == ["a\nb"]


def test_a_text_over_the_limit_stays_with_a_sentence(bench: Bench) -> None:
    composer = bench.view.composer
    composer.restore("å" * 450)
    bench.update()
    assert composer._counter["text"] == f"900 of {LIMIT:,} bytes"
    assert composer._counter.winfo_ismapped()
    composer.restore("å" * 100)
    composer.submit()
    bench.update()
    assert bench.sent == []
    assert "too long by 101 bytes" in str(composer._words["text"])
    assert len(composer.content()) == 551
    composer.text.delete("1.0", "end")
    composer.restore("short")
    composer.submit()
    bench.update()
    assert bench.sent == ["short"]
    assert not composer._counter.winfo_ismapped()


def test_the_message_box_grows_to_six_lines(bench: Bench) -> None:
    composer = bench.view.composer
    heights = []
    for number in range(1, 10):
        composer.restore(f"line {number}")
        bench.update()
        heights.append(int(composer.text["height"]))
    assert heights == [1, 2, 3, 4, 5, 6, 6, 6, 6]


def test_the_members_panel_folds_away_when_it_is_narrow(bench: Bench) -> None:
    assert bench.view.members.winfo_ismapped()
    bench.root.geometry(f"{bench.theme.px(500)}x{bench.theme.px(400)}")
    for _ in range(20):
        bench.update()
        if not bench.view.members.winfo_ismapped():
            break
    assert not bench.view.members.winfo_ismapped()


def test_the_banner_says_what_can_be_done(bench: Bench) -> None:
    bench.view.show_link(LinkChanged(Link.WAITING, "Nothing listens there.", time.monotonic() + 60))
    bench.update()
    assert bench.view.banner.sentence == "Nothing listens there."
    assert "Retry in" in str(bench.view.header._pill["text"])
    bench.view.show_link(LinkChanged(Link.CONNECTED, "Connected", security="TLS 1.3"))
    bench.update()
    assert bench.view.banner.sentence == ""
    assert bench.view.banner.winfo_height() <= 2


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_what_they_stand_on(palette: Palette) -> None:
    """WCAG 2.1, contrast ratio of at least 4.5 to 1."""
    pairs = [
        (palette.text, palette.background), (palette.text2, palette.background), (palette.text3, palette.side),
        (palette.text3, palette.background), (palette.on_accent, palette.accent), (palette.link, palette.background),
        (palette.own_text, palette.own), (palette.own_meta, palette.own), (palette.text, palette.other),
        (palette.other_meta, palette.other), (palette.pill_text, palette.pill), (palette.ok_text, palette.ok_background),
        (palette.warning, palette.warning_background), (palette.text, palette.warning_background),
        (palette.error, palette.error_background), (palette.error, palette.background), (palette.text, palette.selected),
        (palette.text2, palette.quote), (palette.own_meta, palette.own_quote), (palette.own_text, palette.own_quote),
        (palette.text2, palette.reaction), (palette.link, palette.selected), (palette.text2, palette.field),
        *((name, paper) for name in palette.names for paper in (palette.other, palette.background)),
        *((quoted_name(name, palette), palette.quote) for name in palette.names),
    ]  # fmt: skip
    too_faint = [(ink, paper) for ink, paper in pairs if contrast(ink, paper) < 4.5]
    assert too_faint == []


def contrast(ink: str, paper: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_initials() -> None:
    assert [initials(name) for name in ("Ada Lovelace", "bob", "a_b-c", "🙂", "")] == ["AL", "B", "AB", "?", "?"]
