"""What messages show beside their text: quotes, reactions, that they changed, and how far they came."""

import tkinter as tk
from typing import Any

import pytest

from chat.events import Delivery, Message, PageKind, Quote, Reaction, ReceiptsChanged
from chat.window.layout import lay_out
from chat.window.operations import Target
from chat.window.paging import Paging
from chat.window.paint import Paint
from chat.window.reactions import MOST_PILLS
from chat.window.reading import Reading
from chat.window.rows import Layout, Row, Surroundings
from chat.window.selection import Selection
from chat.window.theme import DARK, Theme
from chat.window.transcript import Transcript
from tests.window.conftest import Bench
from tests.window.samples import NOON, Asked, message, page
from tests.window.test_transcript import check_drawing, drawn_texts, tops

OWN: dict[str, Any] = {"own": True, "device": "me"}
HAZARDS = ["", "\ud83d", "\u202e\0\n" * 500, "👨‍👩‍👧‍👦" * 2000, "x" * 100_000, "{unbalanced \\ [exit]", "z" + "\u0310" * 5000]


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def transcript(bench: Bench, asked: Asked) -> Transcript:
    wishes = asked.wishes()
    made = Transcript(bench.root, bench.theme, bench.paint, Paging(wishes.older, wishes.newer, wishes.around))
    made.pack(fill="both", expand=True)
    Reading(made, bench.theme, bench.paint, wishes.react, lambda *_: None, lambda *_: None)
    bench.look()
    return made


def show(bench: Bench, transcript: Transcript, *messages: Message) -> None:
    transcript.add([(each, Delivery.AT_BROKER if each.own else None) for each in messages])
    bench.look()


def targets(transcript: Transcript, key: str, kind: str) -> list[Target]:
    row = row_of(transcript, key)
    assert row.layout is not None
    return [target for target in row.layout.targets if target.kind == kind]


def row_of(transcript: Transcript, key: str) -> Row:
    row = transcript.loaded.find(key)
    assert row is not None
    return row


def click(bench: Bench, transcript: Transcript, key: str, target: Target) -> None:
    _, top, _ = transcript._drawn[row_of(transcript, key)]
    x, y = target.x + target.width // 2, top - transcript.offset + target.y + target.height // 2
    transcript.event_generate("<Motion>", x=x, y=y)
    transcript.event_generate("<Button-1>", x=x, y=y)
    transcript.event_generate("<ButtonRelease-1>", x=x, y=y)
    bench.look()


def pictures(transcript: Transcript, row: Row) -> set[str]:
    """The names of the pictures that a row is drawn with."""
    call = transcript.tk.call
    found = transcript.find_withtag(f"row{row.number}")
    kinds = {item: str(call(str(transcript), "type", item)) for item in found}
    return {str(call(str(transcript), "itemcget", item, "-image")) for item, kind in kinds.items() if kind == "image"}


def ticks(bench: Bench, transcript: Transcript, key: str) -> str:
    """Which ticks an own message has."""
    palette, shown = bench.theme.palette, pictures(transcript, row_of(transcript, key))
    looks = {"one": ("check", palette.own_meta), "two": ("check-check", palette.own_meta), "all": ("check-check", palette.received)}
    return " ".join(
        name for name, (icon, ink) in looks.items() if str(bench.paint.icon(icon, bench.theme.px(14), ink, palette.own)) in shown
    )


def test_a_reply_shows_name_and_one_line_of_what_it_answers(bench: Bench, transcript: Transcript) -> None:
    quote = Quote("b0b-1", message(1).order, "b0b", "Bob 😀", "a long\nquestion " * 50)
    show(bench, transcript, message(2, "the answer", reply=quote), message(3, "mine", reply=quote, **OWN))
    shown = drawn_texts(transcript)
    assert shown.count("Bob ") == 2
    assert shown.count("…") == 2
    assert any(text.startswith("a long question a long") for text in shown)
    assert "the answer" in shown
    for key in ("b0b-2", "me-3"):
        (target,) = targets(transcript, key, "quote")
        assert target.x >= 0
        assert target.x + target.width <= transcript.view[0]


def test_what_is_not_here_is_said_and_filled_in_when_it_comes(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, *(message(number) for number in range(30)))
    show(bench, transcript, message(40, "answer", reply=Quote("x")))
    assert "A message that is not here" in drawn_texts(transcript)
    transcript.change(message(40, "answer", reply=Quote("x", (1, "x", 1), "x", "Xenia", "here it is")))
    bench.look()
    assert "A message that is not here" not in drawn_texts(transcript)
    assert "here it is" in drawn_texts(transcript)
    assert transcript.pinned
    check_drawing(transcript)


def test_a_click_on_a_quote_goes_to_the_message(bench: Bench, transcript: Transcript, asked: Asked) -> None:
    show(bench, transcript, *(message(number) for number in range(200)))
    near = Quote("b0b-20", message(20).order, "b0b", "Bob", "message 20")
    far = Quote("elsewhere", (-9, "b0b", 9), "b0b", "Bob", "not loaded")
    show(bench, transcript, message(300, "near", reply=near), message(301, "far", reply=far), message(302, reply=Quote("x")))
    click(bench, transcript, "b0b-302", targets(transcript, "b0b-302", "quote")[0])
    assert asked == []
    click(bench, transcript, "b0b-301", targets(transcript, "b0b-301", "quote")[0])
    assert asked == [("around", (-9, "b0b", 9))]
    click(bench, transcript, "b0b-300", targets(transcript, "b0b-300", "quote")[0])
    middle = tops(transcript)["b0b-20"]
    assert transcript.view[1] // 3 < middle < transcript.view[1] * 2 // 3
    assert not transcript.pinned
    layout = row_of(transcript, "b0b-20").layout
    assert layout is not None
    assert layout.surroundings.marked
    check_drawing(transcript)


def test_the_mark_goes_after_a_moment(bench: Bench, transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.window.transcript.MARK_MS", 10)
    show(bench, transcript, *(message(number) for number in range(200)))
    transcript.go_to("b0b-20", None)
    row = row_of(transcript, "b0b-20")
    assert row.layout is not None
    assert row.layout.surroundings.marked
    bench.wait(lambda: row.layout is not None and not row.layout.surroundings.marked)


def test_reactions_are_counted_and_toggled(bench: Bench, transcript: Transcript, asked: Asked) -> None:
    reactions = (Reaction("👍", ("Ada", "You"), True), Reaction("❤️", ("Ada",), False), Reaction("no emoji", ("Eve\u202e",), False))
    show(bench, transcript, message(1, reactions=reactions), message(2, reactions=reactions[:1], **OWN))
    assert drawn_texts(transcript).count("2") == 2
    pills = targets(transcript, "b0b-1", "reaction")
    assert [pill.value for pill in pills] == ["👍", "❤️", "no emoji"]
    assert [pill.hint for pill in pills] == ["Ada, You", "Ada", "Eve"]
    for pill in pills[:2]:
        click(bench, transcript, "b0b-1", pill)
    assert asked == [("react", "b0b-1", "👍", False), ("react", "b0b-1", "❤️", True)]
    assert "👍" not in "".join(drawn_texts(transcript))


def test_a_few_reactions_share_a_line_under_a_short_message_too(bench: Bench, transcript: Transcript) -> None:
    reactions = tuple(Reaction(emoji, ("Ada",), False) for emoji in "😀😂😢")
    show(bench, transcript, message(1, "x", reactions=reactions), message(2, "x", reactions=reactions, **OWN))
    for key in ("b0b-1", "me-2"):
        pills = targets(transcript, key, "reaction")
        assert len({pill.y for pill in pills}) == 1
        assert [pill.x for pill in pills] == sorted(pill.x for pill in pills)


def test_many_reactions_stay_within_the_view(bench: Bench, transcript: Transcript) -> None:
    reactions = tuple(Reaction(f"kind {number}", tuple("ab" * number), False) for number in range(1, 300))
    bench.root.geometry("480x700")
    bench.wait(lambda: transcript.view[0] == 480)
    show(bench, transcript, message(1, "x", reactions=reactions), message(2, "x", reactions=reactions, **OWN))
    for key in ("b0b-1", "me-2"):
        pills = targets(transcript, key, "reaction")
        assert len(pills) == MOST_PILLS
        assert all(pill.x >= 0 and pill.x + pill.width <= 480 for pill in pills)
        assert len({pill.y for pill in pills}) > 1
    assert "and 287 more" in drawn_texts(transcript)


def test_edited_and_deleted_messages_say_so(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, message(1, "first"), message(2, "second", **OWN))
    transcript.change(message(1, "better", edited=True))
    transcript.change(message(2, "gone", retracted=True, reactions=(Reaction("👍", ("Ada",), False),), reply=Quote("x"), **OWN))
    bench.look()
    shown = drawn_texts(transcript)
    assert "better" in shown
    assert "first" not in shown
    assert any(text.startswith("edited ") for text in shown)
    assert "This message was deleted." in shown
    assert "gone" not in shown
    assert "A message that is not here" not in shown
    assert targets(transcript, "me-2", "reaction") == []


def test_a_change_keeps_the_view_still(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, *(message(number) for number in range(200)))
    transcript.scroll(-2000)
    before = tops(transcript)
    above = [row.message for row in transcript.rows[:50] if row.message is not None]
    for each in above:
        transcript.change(message(each.order[0], "much longer " * 100, reactions=(Reaction("👍", ("Ada",), False),)))
    transcript.change(message(100, "not in view either, and longer " * 9))
    bench.look()
    assert tops(transcript) == before
    first, *rest = before
    transcript.change(message(int(first.split("-")[1]), "longer " * 100))
    bench.look()
    assert {key: top for key, top in tops(transcript).items() if key in rest} == {key: before[key] for key in rest}
    check_drawing(transcript)


def test_a_selection_does_not_outlive_its_text(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, message(1, "a long text to select"))
    (row,) = transcript.rows
    transcript.selection = Selection(row, 0, row, 6)
    transcript.redraw()
    transcript.change(message(1, "short"))
    bench.look()
    assert transcript.selection is None


def test_ticks_say_how_many_have_it(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, *(message(number, **OWN) for number in range(1, 5)))
    assert [ticks(bench, transcript, f"me-{number}") for number in range(1, 5)] == ["one"] * 4
    transcript.change_receipts(
        ReceiptsChanged(
            (
                (1, 3),
                (1, 1),
                (1, 0),
            ),
            3,
        )
    )
    bench.look()
    assert [ticks(bench, transcript, f"me-{number}") for number in range(1, 5)] == ["two", "two", "two", "one"]
    transcript.change_receipts(
        ReceiptsChanged(
            (
                (1, 3),
                (1, 3),
                (1, 3),
            ),
            3,
        )
    )
    bench.look()
    assert [ticks(bench, transcript, f"me-{number}") for number in range(1, 5)] == ["all", "all", "all", "one"]
    assert transcript.received(message(3, **OWN)) == (3, 3)
    transcript.change_receipts(
        ReceiptsChanged(
            (
                (1, 3),
                (1, 3),
                (1, 3),
            ),
            4,
        )
    )
    bench.look()
    assert ticks(bench, transcript, "me-3") == "two"


def test_a_message_that_the_broker_does_not_have_has_no_ticks(bench: Bench, transcript: Transcript) -> None:
    transcript.change_receipts(
        ReceiptsChanged(
            (
                (1, 9),
                (1, 9),
            ),
            2,
        )
    )
    transcript.add([(message(1, **OWN), Delivery.QUEUED), (message(2), None)])
    bench.look()
    assert ticks(bench, transcript, "me-1") == ""
    transcript.change_delivery("me-1", Delivery.AT_BROKER, "")
    bench.look()
    assert ticks(bench, transcript, "me-1") == "all"


def test_receipts_lay_out_only_own_rows_in_view(bench: Bench, transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    show(bench, transcript, *(message(number, **(OWN if number % 2 else {})) for number in range(1000)))
    seen: list[Row] = []

    def counted(row: Row, surroundings: Surroundings, theme: Theme, paint: Paint) -> Layout:
        seen.append(row)
        return lay_out(row, surroundings, theme, paint)

    monkeypatch.setattr("chat.window.transcript.lay_out", counted)
    transcript.change_receipts(ReceiptsChanged(((1, 1000),), 2))
    bench.look()
    assert seen
    assert len(seen) < 40
    assert all(row.message is not None and row.message.own for row in seen)
    seen.clear()
    transcript.change_receipts(ReceiptsChanged(((1, 1001),), 2))
    bench.look()
    assert seen == []


def test_the_pointer_is_told_who_reacted_and_who_has_it(bench: Bench, transcript: Transcript) -> None:
    show(bench, transcript, message(1, reactions=(Reaction("👍", ("Ada", "You"), True),), **OWN))
    transcript.change_receipts(
        ReceiptsChanged(
            (
                (1, 1),
                (1, 0),
            ),
            2,
        )
    )
    bench.look()
    for kind, words in (("reaction", "Ada, You"), ("ticks", "Received by 1 of 2")):
        (target,) = targets(transcript, "me-1", kind)
        _, top, _ = transcript._drawn[row_of(transcript, "me-1")]
        transcript.event_generate("<Motion>", x=target.x + 2, y=top - transcript.offset + target.y + 2)
        bench.wait(lambda words=words: words in hints(transcript))  # type: ignore[misc]
    transcript.redraw()
    assert not hints(transcript)


def hints(transcript: Transcript) -> list[str]:
    shown = [child for child in transcript.winfo_children() if isinstance(child, tk.Toplevel)]
    return [str(label["text"]) for top in shown for label in top.winfo_children()]


@pytest.mark.parametrize("text", HAZARDS, ids=range(len(HAZARDS)))
def test_any_text_can_be_quoted_and_any_text_can_be_a_reaction(bench: Bench, transcript: Transcript, text: str) -> None:
    quote = Quote("x", (1, "x", 1), "x", text, text)
    reactions = (Reaction(text, (text,) * 50, False), Reaction(text, (text,), True))
    show(bench, transcript, message(1, reply=quote, reactions=reactions), message(2, reply=quote, reactions=reactions, **OWN))
    check_drawing(transcript)
    for target in (*targets(transcript, "b0b-1", "reaction"), *targets(transcript, "me-2", "reaction")):
        assert target.x >= 0
        assert target.x + target.width <= transcript.view[0]
        assert len(target.hint) < 2000


def test_it_all_fits_twice_as_large_and_dark(bench: Bench, asked: Asked) -> None:
    theme = Theme(bench.root, DARK, 2.0)
    wishes = asked.wishes()
    bench.root.geometry("1500x1300")
    large = Transcript(bench.root, theme, Paint(theme), Paging(wishes.older, wishes.newer, wishes.around))
    large.pack(fill="both", expand=True)
    quote = Quote("x", (1, "x", 1), "x", "Xenia", "words " * 30)
    reactions = (Reaction("👍", ("Ada",), True),)
    large.add([(message(1, "x", reply=quote, reactions=reactions, edited=True, time=NOON), None)])
    large.add([(message(2, "y", reply=quote, reactions=reactions, **OWN), Delivery.AT_BROKER)])
    bench.look()
    left, _, right, _ = large.bbox("all")
    assert left >= 0
    assert right <= large.view[0]
    check_drawing(large)


def test_an_around_page_leads_to_its_message_and_marks_it(bench: Bench, transcript: Transcript, asked: Asked) -> None:
    show(bench, transcript, *(message(number) for number in range(5000, 5100)))
    transcript.go_to("b0b-70", message(70).order)
    transcript.go_to("b0b-70", message(70).order)
    assert asked == [("around", message(70).order)]
    transcript.show_page(page(PageKind.AROUND, range(20, 120), before=True, after=True))
    bench.look()
    assert transcript.view[1] // 3 < tops(transcript)["b0b-70"] < transcript.view[1] * 2 // 3
    layout = row_of(transcript, "b0b-70").layout
    assert layout is not None
    assert layout.surroundings.marked
    check_drawing(transcript)
