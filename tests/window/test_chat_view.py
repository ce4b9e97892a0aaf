"""The room's window as a whole, fed with plain data."""

import time
import tkinter as tk

import pytest

from chat.address import parse_broker
from chat.events import (
    Delivery,
    DeliveryChanged,
    Entered,
    Gap,
    Link,
    LinkChanged,
    Member,
    MessagesFolded,
    PageKind,
    ReceiptsChanged,
    Supplied,
    Trust,
)
from chat.window.chat_view import ChatView
from chat.window.controls import Button
from chat.window.paint import Paint
from chat.window.theme import DARK, Theme
from tests.window.conftest import Bench
from tests.window.samples import NOON, Asked, message, page

ENTERED = Entered("room", parse_broker("mqtts://broker.example.org"), "family", "ada", "ada1", "ABCD EFGH")


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def view(bench: Bench, asked: Asked) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.enter(ENTERED)
    bench.look()
    made.focus_message_box()
    return made


def member(name: str, *, online: bool = True, trust: Trust = Trust.PINNED) -> Member:
    return Member(f"device {name}", name, own=name == "ada", online=online, last_seen=NOON, trust=trust, fingerprint="ABCD EFGH IJKL")


def words_in(widget: tk.Misc) -> str:
    """All that a canvas or the labels in a widget say."""
    found = []
    if isinstance(widget, tk.Canvas):
        call, path = widget.tk.call, str(widget)
        found += [str(call(path, "itemcget", item, "-text")) for item in widget.find_all() if call(path, "type", item) == "text"]
    elif isinstance(widget, tk.Label):
        found.append(str(widget["text"]))
    return "\n".join([*found, *(words_in(child) for child in widget.winfo_children())])


def buttons(widget: tk.Misc) -> dict[str, Button]:
    found = {str(child["text"]): child for child in widget.winfo_children() if isinstance(child, Button)}
    for child in widget.winfo_children():
        found |= buttons(child)
    return found


def test_what_is_typed_is_sent_and_shown_at_the_end(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.show_messages([(message(number), None) for number in range(100)])
    bench.look()
    view.transcript.scroll(-800)
    bench.press(view.composer.text, "<h>", "<i>", "<Return>")
    assert asked == [("type",), ("type",), ("send", "hi", "")]
    assert view.transcript.pinned


def test_members_and_their_number(bench: Bench, view: ChatView) -> None:
    view.show_members([member("ada"), member("bob", trust=Trust.CHANGED), member("c\u202e😀" + "x" * 5000, online=False)])
    view.members.show_foreign(412)
    bench.look()
    assert "3 members, 2 online" in words_in(view.header)
    shown = words_in(view.members)
    assert "ONLINE — 2" in shown
    assert "OFFLINE — 1" in shown
    assert "412 foreign packets ignored" in shown
    assert "😀" not in shown
    assert "\u202e" not in shown


def test_a_click_on_a_member_shows_the_fingerprint(bench: Bench, view: ChatView) -> None:
    view.show_members([member("ada"), member("bob", trust=Trust.CHANGED)])
    bench.look()
    view.members.canvas.event_generate("<Button-1>", x=80, y=28 + 46 + 20)
    bench.look()
    shown = words_in(view.members)
    assert "ABCD EFGH IJKL" in shown
    assert "Another key used this name first" in shown


def test_the_link_counts_down_and_trouble_is_said_with_what_can_be_done(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.show_link(LinkChanged(Link.WAITING, "The broker does not answer.", time.monotonic() + 2.4))
    bench.look()
    assert "The broker does not answer." in words_in(view.banner)
    bench.wait(lambda: "Retry in 1 s" in words_in(view.header))
    for words in ("Try now", "Host a room on this computer"):
        buttons(view.banner)[words].invoke()
    assert asked == [("retry",), ("host",)]
    view.show_link(LinkChanged(Link.CONNECTED, "Connected.", None, "TLS 1.3"))
    bench.look()
    assert "Connected" in words_in(view.header)
    assert view.banner.winfo_height() <= 1


def test_the_member_panel_folds_away_in_a_narrow_window(bench: Bench, view: ChatView) -> None:
    assert view.members.winfo_ismapped()
    bench.root.geometry("500x640")
    bench.wait(lambda: not view.members.winfo_ismapped())
    view.toggle_members()
    bench.wait(view.members.winfo_ismapped)
    assert view.members.winfo_x() + view.members.winfo_width() == view.winfo_width()
    view.toggle_members()
    bench.wait(lambda: not view.members.winfo_ismapped())
    view.toggle_members()
    bench.root.geometry("900x640")
    bench.wait(view.members.winfo_ismapped)
    view.toggle_members()
    bench.wait(lambda: not view.members.winfo_ismapped())


def test_f6_goes_round_and_escape_leads_back(bench: Bench, view: ChatView) -> None:
    parts = (view.composer.text, view.transcript, view.members.canvas)
    for part, following in zip(parts, (*parts[1:], parts[0]), strict=True):
        bench.press(part, "<F6>")
        assert bench.root.focus_get() is following
    for part in parts:
        bench.press(part, "<Escape>")
        assert bench.root.focus_get() is view.composer.text
    view.toggle_members()
    bench.wait(lambda: not view.members.winfo_ismapped())
    bench.press(view.transcript, "<F6>")
    assert bench.root.focus_get() is view.composer.text


def test_another_look_keeps_the_rows_and_what_is_typed(bench: Bench, view: ChatView, asked: Asked) -> None:
    own = message(3, "mine", own=True, device="me")
    view.show_messages([(message(1), None), (own, Delivery.QUEUED)])
    view.fold(MessagesFolded("b0b", "Bob", 2, (message(8), message(9))))
    view.show_members([member("ada"), member("bob")])
    view.show_link(LinkChanged(Link.WAITING, "The broker does not answer.", time.monotonic() + 60))
    bench.press(view.composer.text, "<h>", "<i>")
    theme = Theme(bench.root, DARK, 2.0)
    dark = ChatView(bench.root, theme, Paint(theme), asked.wishes(), 1000)
    dark.take_over(view)
    view.destroy()
    dark.pack(fill="both", expand=True)
    bench.look()
    assert dark.composer.content() == "hi"
    assert str(dark.transcript["bg"]) == DARK.chat
    dark.change_delivery(DeliveryChanged(own.key, Delivery.AT_BROKER))
    dark.fold(MessagesFolded("b0b", "Bob", 3, (message(10),)))
    bench.look()
    shown = words_in(dark)
    for words in (
        "message 1",
        "mine",
        "3 more from Bob",
        "2 members, 2 online",
        "ONLINE — 2",
        "The broker does not answer.",
        "Retry in",
        "family",
    ):
        assert words in shown


def test_escape_gives_up_an_answer_before_it_leads_to_the_end(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.show_messages([(message(number), None) for number in range(200)])
    bench.look()
    view.transcript.scroll(-3000)
    view.composer.reply_to(message(5))
    bench.press(view.composer.text, "<h>", "<Escape>")
    assert not view.composer.bar.winfo_ismapped()
    assert not view.transcript.pinned
    bench.press(view.composer.text, "<Return>")
    assert asked == [("send", "h", "")]
    view.composer.reply_to(message(5))
    view.enter(ENTERED)
    assert view.composer.purpose is None


def test_up_changes_the_last_own_message_that_is_still_there(bench: Bench, view: ChatView, asked: Asked) -> None:
    own = [message(number, f"own {number}", own=True, device="me") for number in (1, 2, 3)]
    view.show_messages([(each, Delivery.AT_BROKER) for each in own])
    view.change_message(message(3, retracted=True, own=True, device="me"))
    bench.press(view.composer.text, "<Up>")
    assert view.composer.content() == "own 2"
    bench.press(view.composer.text, "<x>", "<Return>")
    assert asked == [("edit", "me-2", "own 2x")]


def test_everything_about_the_conversation_reaches_it(bench: Bench, view: ChatView) -> None:
    view.show_page(page(PageKind.LAST, range(10, 20)))
    own = message(21, "mine", own=True, device="me")
    view.show_messages([(own, Delivery.AT_BROKER)])
    view.change_message(message(11, "other words", edited=True))
    view.change_receipts(ReceiptsChanged(((1, 21),), 1))
    view.show_gaps([Gap("b0b", "Bob", 3, message(15).order)])
    view.show_supplied(Supplied(("Ada", "Bob"), message(12).order))
    bench.look()
    shown = words_in(view.transcript)
    for words in ("other words", "3 messages from Bob are missing", "Above: what was said before you came, from Ada and Bob"):
        assert words in shown
    assert view.transcript.received(own) == (1, 1)


def test_another_look_keeps_what_one_answers_and_looks_for(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.show_page(page(PageKind.AROUND, range(10, 80), before=True, after=True))
    view.change_receipts(
        ReceiptsChanged(
            (
                (1, 1),
                (1, 2),
            ),
            2,
        )
    )
    bench.press(view.composer.text, "<d>", "<r>")
    view.composer.edit(message(1, "to change", own=True))
    view.open_search()
    bench.press(view.search.entry, "<x>")
    theme = Theme(bench.root, DARK, 1.0)
    dark = ChatView(bench.root, theme, Paint(theme), asked.wishes(), 1000)
    dark.take_over(view)
    view.destroy()
    dark.pack(fill="both", expand=True)
    bench.look()
    assert dark.composer.content() == "to change"
    assert dark.composer.bar.winfo_ismapped()
    assert dark.composer.give_up()
    assert dark.composer.content() == "dr"
    assert dark.search.entry.get() == "x"
    bench.wait(lambda: asked.of("search"))
    assert dark.transcript.received(message(2, own=True)) == (1, 2)
    dark.transcript.to_end()
    assert asked.of("around") == [None]


def test_a_topic_from_outside_is_cleaned(bench: Bench, view: ChatView) -> None:
    view.enter(Entered("room", ENTERED.broker, "fam\u202eily😀" * 20, "ada", "ada1", "ABCD"))
    bench.look()
    assert "😀" not in words_in(view.header)
    assert "\u202e" not in words_in(view)


@pytest.mark.parametrize("width", [480, 640])
def test_a_narrow_window_still_shows_the_connection_and_the_whole_trouble(bench: Bench, view: ChatView, width: int) -> None:
    view.enter(Entered("room", ENTERED.broker, "home/with/a/very/long/topic" * 4, "ada", "ada1", "ABCD"))
    view.show_link(LinkChanged(Link.WAITING, "The broker broker.example.org does not answer.", time.monotonic() + 60))
    bench.root.geometry(f"{width}x640")
    bench.wait(lambda: view.winfo_width() == width)
    bench.look()
    header = view.header
    assert header._pill.winfo_width() >= header._pill.winfo_reqwidth()
    assert header._topic.winfo_width() >= header._topic.winfo_reqwidth()
    assert words_in(header._topic).endswith("…")
    words = view.banner._words
    assert words.winfo_width() >= words.winfo_reqwidth()
    assert words.winfo_reqwidth() > 150
    for button in buttons(view.banner).values():
        assert button.winfo_width() >= button.winfo_reqwidth()
        assert button.winfo_rootx() + button.winfo_width() <= header.winfo_rootx() + header.winfo_width()


def test_another_look_keeps_the_place_where_one_reads_and_the_folded_panel(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.show_messages([(message(number), None) for number in range(200)])
    bench.look()
    view.transcript.scroll(-3000)
    view.show_messages([(message(number), None) for number in range(200, 204)])
    view.toggle_members()
    bench.look()
    first = view.transcript.visible()[0]
    theme = Theme(bench.root, DARK, 1.0)
    dark = ChatView(bench.root, theme, Paint(theme), asked.wishes(), 1000)
    dark.take_over(view)
    view.destroy()
    dark.pack(fill="both", expand=True)
    bench.look()
    assert dark.transcript.visible()[0] is first
    assert (dark.transcript.pinned, dark.transcript.unseen) == (False, 4)
    assert not dark.members.winfo_ismapped()
