"""What the message box offers, and commands that are typed there."""

import pytest

from chat.events import Member, Trust
from chat.slash import WINDOW
from chat.window.chat_view import ChatView
from chat.window.completion import _ROW as ROW
from chat.window.markup import mentions
from chat.window.suggestions import MOST, suggest
from tests.window.conftest import Bench
from tests.window.samples import Asked


def member(name: str, *, online: bool = True, own: bool = False) -> Member:
    return Member(name, name, own, online, 0.0, Trust.PINNED, "ABCD")


MEMBERS = (
    member("Ada", own=True), member("Bob"), member("Bea", online=False), member("Grandpa Erik"),
    member("B" + "x" * 10_000), member("b\u202ead\n"), member("שלום"),
)  # fmt: skip


class Told(Asked):
    """The wishes of a room in which each command but /ok is refused."""

    def run(self, name: str, argument: str) -> str:
        self.append(("run", name, argument))
        return "" if name == "/ok" else f"no {name}"


@pytest.fixture
def asked() -> Told:
    return Told()


@pytest.fixture
def view(bench: Bench, asked: Told) -> ChatView:
    bench.root.geometry("900x640")
    wishes = asked.wishes()
    object.__setattr__(wishes, "run", asked.run)
    made = ChatView(bench.root, bench.theme, bench.paint, wishes, 1000)
    made.pack(fill="both", expand=True)
    made.show_members(MEMBERS)
    bench.look()
    made.composer.text.focus_force()
    bench.look()
    return made


def type_text(bench: Bench, view: ChatView, text: str) -> None:
    view.composer.text.insert("insert", text)
    bench.look()


def offered(view: ChatView) -> list[str]:
    return [suggestion.name for suggestion in view.composer.completion._suggestions]


def test_what_is_offered() -> None:
    assert [each.text for each in suggest("/s", MEMBERS)[1]] == ["/send ", "/search ", "/settings"]
    assert suggest("hello /s", MEMBERS) == (0, [])
    assert [each.name for each in suggest("hello @b", MEMBERS)[1]] == ["Bob", "B" + "x" * 299, "bad", "Bea"]
    assert [each.name for each in suggest("@", (member("\u200b"), member(""), member("Bob\u200b"), member("Bob")))[1]] == ["Bob"]
    assert [each.text for each in suggest("(@erik", MEMBERS)[1]] == ["@Grandpa Erik "]
    assert suggest("mail@bo", MEMBERS) == (0, [])
    assert suggest("@ada", MEMBERS)[1] == []
    count, found = suggest("now :rock", MEMBERS)
    assert count == len(":rock")
    assert "🚀" in [each.text for each in found]
    assert suggest("at 12:30", MEMBERS) == (0, [])
    assert len(suggest("/", MEMBERS)[1]) == MOST
    for each in suggest("@", MEMBERS)[1]:
        assert mentions(f"hey {each.text}!", each.name)


def test_a_command_is_completed_and_done(bench: Bench, view: ChatView, asked: Told) -> None:
    type_text(bench, view, "/lea")
    assert offered(view) == ["/leave"]
    assert view.composer.completion.winfo_ismapped()
    bench.press(view.composer.text, "<Tab>")
    assert view.composer.content() == "/leave"
    assert bench.root.focus_get() is view.composer.text
    bench.press(view.composer.text, "<Return>")
    assert asked.of("run") == [["/leave", ""]]
    assert asked.of("send") == []


def test_a_refused_command_stays_with_a_sentence(bench: Bench, view: ChatView, asked: Told) -> None:
    type_text(bench, view, "/foo bar")
    bench.press(view.composer.text, "<Return>")
    assert view.composer.content() == "/foo bar"
    assert str(view.composer._words["text"]) == "no /foo"
    view.composer.text.delete("1.0", "end")
    type_text(bench, view, "/ok then")
    bench.press(view.composer.text, "<Return>")
    assert view.composer.content() == ""
    assert asked.of("run") == [["/foo", "bar"], ["/ok", "then"]]
    type_text(bench, view, "//ok")
    bench.press(view.composer.text, "<Return>")
    assert asked.of("send") == [["/ok", ""]]


def test_up_and_down_go_round(bench: Bench, view: ChatView) -> None:
    type_text(bench, view, "/")
    bench.press(view.composer.text, "<Down>", "<Down>", "<Up>", "<Up>", "<Up>")
    current = view.composer.completion.current
    assert current is not None
    assert current.name.split()[0] == WINDOW[MOST - 1].name
    bench.press(view.composer.text, "<Return>")
    assert view.composer.content() == current.text


def test_a_member_and_an_emoji_within_a_text(bench: Bench, view: ChatView) -> None:
    type_text(bench, view, "hi @gr, look")
    view.composer.text.mark_set("insert", "1.6")
    type_text(bench, view, "a")
    assert offered(view) == ["Grandpa Erik"]
    bench.press(view.composer.text, "<Return>")
    assert view.composer.content() == "hi @Grandpa Erik , look"
    view.composer.text.mark_set("insert", "end")
    type_text(bench, view, " :rocket")
    bench.press(view.composer.text, "<Return>")
    assert view.composer.content().endswith("look 🚀")


def test_escape_and_the_focus_take_it_away(bench: Bench, view: ChatView) -> None:
    type_text(bench, view, "@b")
    assert offered(view)
    bench.press(view.composer.text, "<Escape>")
    assert not offered(view)
    assert view.composer.content() == "@b"
    type_text(bench, view, "o")
    assert offered(view) == ["Bob"]
    view.transcript.focus_force()
    bench.look()
    assert not offered(view)


def test_by_mouse(bench: Bench, view: ChatView) -> None:
    type_text(bench, view, "@b")
    box = view.composer.completion
    box.event_generate("<Motion>", x=40, y=80)
    current = box.current
    assert current is not None
    assert current.name == "bad"
    box.event_generate("<Button-1>", x=40, y=80)
    bench.look()
    assert view.composer.content() == "@bad "
    assert not box.winfo_ismapped()


def test_what_was_completed_is_sent_though_another_name_begins_with_it(bench: Bench, view: ChatView, asked: Told) -> None:
    view.show_members((member("Bob"), member("Bob Stone")))
    type_text(bench, view, "@bo")
    assert offered(view) == ["Bob", "Bob Stone"]
    bench.press(view.composer.text, "<Return>")
    assert not offered(view)
    bench.press(view.composer.text, "<Return>")
    assert asked.of("send") == [["@Bob ", ""]]


@pytest.mark.parametrize("away", ["<Left>", "<Home>"])
def test_nothing_is_completed_where_the_cursor_is_not_any_more(bench: Bench, view: ChatView, asked: Told, away: str) -> None:
    type_text(bench, view, "hi @bo")
    bench.press(view.composer.text, away, f"<KeyRelease-{away[1:-1]}>")
    assert not offered(view)
    type_text(bench, view, "")
    view.composer.text.mark_set("insert", "end")
    type_text(bench, view, "b")
    assert offered(view) == ["Bob"]
    view.composer.text.mark_set("insert", "1.2")
    bench.press(view.composer.text, "<Return>")
    assert asked.of("send") == [["hi @bob", ""]]


def test_a_low_window_shows_a_part_that_follows_the_mark(bench: Bench, view: ChatView) -> None:
    bench.root.geometry("900x300")
    bench.wait(lambda: view.winfo_height() == 300)
    type_text(bench, view, "/")
    box = view.composer.completion
    rows = box.winfo_height() // ROW
    assert 1 < rows < MOST
    assert box.winfo_y() >= 0
    for step in [*["<Down>"] * (MOST - 1), *["<Up>"] * (MOST - 1)]:
        assert box._first <= box._place < box._first + rows
        left, top, right, bottom = box.bbox("all")
        assert left >= 0
        assert top >= 0
        assert right <= box.winfo_width()
        assert bottom <= box.winfo_height()
        bench.press(view.composer.text, step)
    assert box._first == box._place == 0
    for key in ("<Button-5>", "<Button-5>", "<Button-4>"):
        box.event_generate(key, x=5, y=5)
    assert box._place == 1
    bench.press(view.composer.text, "<Up>", "<Up>")
    assert box._place == MOST - 1
    box.event_generate("<Button-1>", x=40, y=ROW // 2)
    bench.look()
    assert view.composer.content().startswith(WINDOW[MOST - rows].name)


def test_it_moves_with_the_box(bench: Bench, view: ChatView) -> None:
    type_text(bench, view, "@b")
    box = view.composer.completion
    for size in ("700x640", "700x500", "1000x640"):
        bench.root.geometry(size)
        bench.wait(lambda: view.composer.winfo_y() == box.winfo_y() + box.winfo_height() and f"{view.winfo_width()}x" in size)  # noqa: B023
        assert box.bbox("all")[2] <= box.winfo_width() < view.composer.winfo_width()


def test_it_stays_within_the_window(bench: Bench, view: ChatView) -> None:
    for typed in ("@", "/", ":fa"):
        view.composer.text.delete("1.0", "end")
        type_text(bench, view, typed)
        box = view.composer.completion
        assert 0 < len(offered(view)) <= MOST
        assert box.winfo_y() > 0
        assert box.winfo_y() + box.winfo_height() <= view.composer.winfo_y() + 1
        left, _, right, _ = box.bbox("all")
        assert left >= 0
        assert right <= box.winfo_width()


def test_an_answer_is_a_command_as_any_other_message(bench: Bench, view: ChatView, asked: Told) -> None:
    from tests.window.samples import message

    view.composer.reply_to(message(1))
    type_text(bench, view, "/lea")
    assert offered(view) == ["/leave"]
    view.composer.text.delete("1.0", "end")
    for typed in ("/ok", "/no"):
        type_text(bench, view, typed)
        bench.press(view.composer.text, "<Return>")
    assert asked.of("run") == [["/ok", ""], ["/no", ""]]
    assert asked.of("send") == []
    view.composer.text.delete("1.0", "end")
    type_text(bench, view, "//ok")
    bench.press(view.composer.text, "<Return>")
    assert asked.of("send") == [["/ok", "b0b-1"]]


def test_a_message_that_comes_back_is_no_command(bench: Bench, view: ChatView, asked: Told) -> None:
    view.composer.restore("/leave")
    bench.look()
    bench.press(view.composer.text, "<Return>")
    assert asked.of("run") == []
    assert asked.of("send") == [["/leave", ""]]


def test_an_edited_message_is_never_a_command(bench: Bench, view: ChatView, asked: Told) -> None:
    from tests.window.samples import message

    view.composer.edit(message(1, "text", own=True))
    view.composer.text.delete("1.0", "end")
    type_text(bench, view, "/leave")
    assert not offered(view)
    bench.press(view.composer.text, "<Return>")
    assert asked.of("run") == []
    assert asked.of("edit") == [["b0b-1", "/leave"]]
