"""Choosing an emoji by name, by keyboard and by mouse."""

import pytest

from chat.events import Delivery, Reaction
from chat.window import emoji_grid
from chat.window import paint as paint_module
from chat.window.chat_view import ChatView
from chat.window.controls import IconButton
from chat.window.emoji_grid import CELL, COLUMNS
from chat.window.emoji_names import by_sequence, search, sections
from chat.window.emoji_picker import MOST_RECENT, EmojiPicker
from chat.window.lines import split_emoji
from tests.window.conftest import Bench
from tests.window.samples import Asked, message


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def view(bench: Bench, asked: Asked) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.show_messages([(message(number), Delivery.AT_BROKER if number % 2 else None) for number in range(9)])
    made.composer.text.focus_force()
    bench.look()
    return made


def open_picker(bench: Bench, view: ChatView) -> EmojiPicker:
    bench.press(view.composer.text, "<Control-e>")
    bench.wait(lambda: view.emoji.winfo_ismapped() and is_drawn(view.emoji))
    return view.emoji


def is_drawn(picker: EmojiPicker) -> bool:
    """Whether all that shows was drawn."""
    grid = picker.signs
    return grid._timer == "" and all(grid._drawn.get(number) == len(grid._rows[number].emoji) for number in grid._shown())


def find(bench: Bench, picker: EmojiPicker, words: str) -> None:
    picker.entry.delete(0, "end")
    picker.entry.insert(0, words)
    bench.wait(lambda: is_drawn(picker))


def test_each_is_one_emoji_with_a_name_and_there_once() -> None:
    every = [emoji for section in sections().values() for emoji in section]
    assert [emoji for emoji in every if split_emoji(emoji.sequence) != [(True, emoji.sequence)]] == []
    assert len(every) == len(by_sequence()) > 1300
    assert all(emoji.name and emoji.words for emoji in every)


@pytest.mark.parametrize(
    ("query", "first"),
    [("lol", "😂"), ("thumbs up", "👍"), (":grinning_face:", "😀"), ("SWEDEN", "🇸🇪"), ("love", "😍"), ("+1", "👍"), ("pirate", "🏴‍☠️")],
)
def test_it_is_found_by_what_people_call_it(query: str, first: str) -> None:
    assert search(query)[0].sequence == first


def test_nothing_is_found_without_harm() -> None:
    assert search("no such thing") == ()
    assert search("\ud800 [") == ()


def test_by_keyboard_into_the_message_box(bench: Bench, view: ChatView) -> None:
    view.composer.insert("ab")
    view.composer.text.mark_set("insert", "1.1")
    picker = open_picker(bench, view)
    assert bench.root.focus_get() is picker.entry
    find(bench, picker, "rocket")
    bench.press(picker.entry, "<Return>")
    assert not picker.winfo_ismapped()
    assert view.composer.content() == "a🚀b"
    assert bench.root.focus_get() is view.composer.text


def test_several_can_be_chosen_and_escape_ends_it(bench: Bench, view: ChatView) -> None:
    picker = open_picker(bench, view)
    bench.press(picker.entry, "<Shift-Return>", "<Right>", "<Shift-Return>", "<Escape>")
    first, second = sections()["Faces"][:2]
    assert view.composer.content() == first.sequence + second.sequence
    assert not picker.is_open
    assert bench.root.focus_get() is view.composer.text


def test_the_arrow_keys_go_through_the_grid(bench: Bench, view: ChatView) -> None:
    picker = open_picker(bench, view)
    faces = sections()["Faces"]

    def after(*keys: str) -> int:
        bench.press(picker.entry, *keys)
        current = picker.signs.current
        assert current is not None
        assert str(picker.words["text"]) == current.name.capitalize()
        return faces.index(current)

    assert after("<Right>", "<Right>") == 2
    assert after("<Down>") == 2 + COLUMNS
    assert after("<Left>", "<Up>", "<Up>", "<Up>") == 1
    assert after("<Tab>", "<Shift-Tab>") == 1
    assert after("<Next>") > 4 * COLUMNS
    assert after("<Prior>") == 1
    for _ in range(60):
        bench.press(picker.entry, "<Next>")
    bench.wait(lambda: is_drawn(picker))
    assert picker.signs.current in sections()["More"]
    assert float(picker.signs.yview()[1]) > 0.99


def test_what_was_chosen_last_comes_first(bench: Bench, view: ChatView) -> None:
    picker = open_picker(bench, view)
    for words in ("rocket", "pizza", "rocket"):
        find(bench, picker, words)
        bench.press(picker.entry, "<Shift-Return>")
    assert picker.recent == ["🚀", "🍕"]
    find(bench, picker, "")
    assert [(row.heading, [emoji.sequence for emoji in row.emoji]) for row in picker.signs._rows[:2]] == [
        ("Recent", []),
        ("", ["🚀", "🍕"]),
    ]
    find(bench, picker, "face")
    for _ in range(MOST_RECENT + 5):
        bench.press(picker.entry, "<Shift-Return>", "<Right>")
    assert len(picker.recent) == MOST_RECENT


def test_by_mouse(bench: Bench, view: ChatView) -> None:
    button = next(
        child for child in view.composer.text.master.winfo_children() if isinstance(child, IconButton) and "Ctrl+E" in child._hint
    )
    button.event_generate("<Button-1>")
    picker = view.emoji
    bench.wait(lambda: picker.winfo_ismapped() and is_drawn(picker))
    x, y = CELL + 5, picker.signs._rows[1].y + 5
    picker.signs.event_generate("<Motion>", x=x, y=y)
    assert picker.signs.current == sections()["Faces"][1]
    picker.signs.event_generate("<Button-1>", x=x, y=y)
    bench.look()
    assert view.composer.content() == sections()["Faces"][1].sequence
    assert not picker.is_open


def test_it_goes_with_the_focus(bench: Bench, view: ChatView) -> None:
    picker = open_picker(bench, view)
    view.transcript.focus_set()
    bench.wait(lambda: not picker.is_open)
    assert bench.root.focus_get() is view.transcript


def test_a_message_gets_any_emoji(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.change_message(message(8, reactions=(Reaction("🍕", ("You",), True),)))
    for words in ("rocket", "pizza"):
        bench.press(view.transcript, "<Shift-F10>")
        bench.wait(view.menu.winfo_ismapped)
        more = next(part for part in view.menu._parts if "More" in str(part["text"]))
        bench.press(more, "<Return>")
        bench.wait(view.emoji.winfo_ismapped)
        assert view.emoji.winfo_y() + view.emoji.winfo_height() <= view.winfo_height()
        find(bench, view.emoji, words)
        bench.press(view.emoji.entry, "<Return>")
        assert bench.root.focus_get() is view.transcript
    assert asked.of("react") == [["b0b-8", "🚀", True], ["b0b-8", "🍕", False]]


def test_only_what_shows_is_drawn_and_a_little_at_once(bench: Bench, view: ChatView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emoji_grid, "_SLICE", 0.0)
    bench.press(view.composer.text, "<Control-e>")
    grid = view.emoji.signs
    assert sum(grid._drawn.values()) < 30
    bench.wait(lambda: is_drawn(view.emoji))
    for _ in range(40):
        grid.roll(300)
        bench.look()
    monkeypatch.undo()
    bench.wait(lambda: is_drawn(view.emoji))
    assert len(grid.find_withtag("row")) < 130
    view.emoji.close()
    assert grid.find_withtag("row") == ()


def test_a_heading_and_the_first_rows_are_where_they_belong(bench: Bench, view: ChatView) -> None:
    grid = open_picker(bench, view).signs
    below = 0
    for row in grid._rows:
        assert row.y == below
        below += row.height
    left, top, right, bottom = grid.bbox("row")
    assert left >= 0
    assert top >= 0
    assert right <= COLUMNS * CELL
    assert bottom <= below


def test_without_an_emoji_font_there_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    monkeypatch.setattr(paint_module, "_emoji_font", lambda: None)
    view = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    view.pack(fill="both", expand=True)
    view.show_messages([(message(1), None)])
    bench.press(view.composer.text, "<Control-e>")
    assert not view.emoji.is_open
    assert not [child for child in view.composer.text.master.winfo_children() if isinstance(child, IconButton) and "Emoji" in child._hint]
    bench.press(view.transcript, "<Shift-F10>")
    assert not any("More" in str(part["text"]) for part in view.menu._parts)


def test_rooms_share_what_was_chosen_last(bench: Bench, asked: Asked) -> None:
    recent: list[str] = ["🚀"]
    views = [ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000, recent) for _ in range(2)]
    assert views[0].emoji.recent is views[1].emoji.recent
