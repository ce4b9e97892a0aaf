"""The message box, by keyboard."""

import functools

import pytest

from chat.events import Message
from chat.window.composer import MOST_LINES, Composer, ComposerWishes
from tests.window.conftest import Bench
from tests.window.samples import message

LIMIT = 100


class Sent(list[str]):
    """What was sent, beside the answers and changes, and the message that Up changes."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[str, str]] = []
        self.edits: list[tuple[str, str]] = []
        self.last: Message | None = None
        self.keys = 0

    def send(self, text: str, reply_to: str) -> None:
        if reply_to:
            self.answers.append((text, reply_to))
        else:
            self.append(text)

    @functools.cached_property
    def pictures(self) -> list[bytes]:
        return []

    def typed(self) -> None:
        self.keys += 1

    def wishes(self) -> ComposerWishes:
        return ComposerWishes(
            self.send, self.typed, lambda *edit: self.edits.append(edit), lambda: self.last, lambda: None, lambda *_: "", lambda _: (0, []),
            attach=lambda: None, paste_picture=self.pictures.append,
        )  # fmt: skip


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def composer(bench: Bench, sent: Sent) -> Composer:
    made = Composer(bench.root, bench.theme, bench.paint, sent.wishes(), LIMIT)
    made.pack(side="bottom", fill="x")
    bench.look()
    return made


def words(composer: Composer) -> str:
    return str(composer._words["text"]) if composer._line.winfo_ismapped() else ""


def counter(composer: Composer) -> str:
    return str(composer._counter["text"]) if composer._line.winfo_ismapped() else ""


def has_lines(composer: Composer, lines: int) -> bool:
    return int(composer.text["height"]) == lines


def test_return_sends_and_empties_the_box(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<h>", "<i>", "<Return>")
    assert sent == ["hi"]
    assert composer.content() == ""


def test_shift_return_breaks_the_line(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<a>", "<Shift-Return>", "<b>")
    assert composer.content() == "a\nb"
    bench.press(composer.text, "<KP_Enter>")
    assert sent == ["a\nb"]


def test_nothing_but_spaces_is_not_sent(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<space>", "<Return>")
    assert sent == []


def test_it_grows_to_six_lines(bench: Bench, composer: Composer) -> None:
    low = composer.winfo_height()
    for lines in (2, 6, 30):
        composer.text.delete("1.0", "end")
        composer.text.insert("1.0", "\n".join("x" * lines))
        bench.wait(functools.partial(has_lines, composer, min(lines, MOST_LINES)))
    bench.wait(lambda: composer.winfo_height() > low)
    composer.text.delete("1.0", "end")
    bench.wait(lambda: composer.winfo_height() == low)


def test_the_counter_shows_near_the_limit_in_bytes(bench: Bench, composer: Composer) -> None:
    composer.text.insert("1.0", "é" * 39)
    bench.look()
    assert counter(composer) == ""
    composer.text.insert("end", "é")
    bench.look()
    assert counter(composer) == "80 of 100 bytes"


def test_a_text_of_the_limit_is_sent_and_one_byte_more_is_refused_and_kept(bench: Bench, composer: Composer, sent: Sent) -> None:
    composer.text.insert("1.0", "x" * (LIMIT + 1))
    bench.press(composer.text, "<Return>")
    assert sent == []
    assert composer.content() == "x" * (LIMIT + 1)
    assert "too long by 1 byte" in words(composer)
    assert composer.text.winfo_width() > 500
    bench.press(composer.text, "<BackSpace>", "<Return>")
    assert sent == ["x" * LIMIT]
    assert words(composer) == ""


def test_a_text_that_was_not_taken_comes_back_before_what_was_typed_since(bench: Bench, composer: Composer) -> None:
    bench.press(composer.text, "<n>", "<e>", "<w>")
    composer.restore("old")
    assert composer.content() == "old\nnew"


def test_an_enormous_clipboard_is_kept_out(bench: Bench, composer: Composer) -> None:
    bench.root.clipboard_clear()
    bench.root.clipboard_append("x" * 1_000_000)
    bench.press(composer.text, "<<Paste>>")
    assert composer.content() == ""
    assert "too long" in words(composer)
    bench.root.clipboard_clear()
    bench.root.clipboard_append("fine")
    bench.press(composer.text, "<<Paste>>")
    assert composer.content() == "fine"


def test_the_hint_shows_only_in_an_empty_box(bench: Bench, composer: Composer) -> None:
    assert composer._hint.winfo_ismapped()
    caret = composer.text.bbox("1.0")
    assert caret is not None
    assert 0 <= composer._hint.winfo_x() - caret[0] <= 4
    bench.press(composer.text, "<a>")
    assert not composer._hint.winfo_ismapped()
    bench.press(composer.text, "<BackSpace>")
    assert composer._hint.winfo_ismapped()


def bar(composer: Composer) -> str:
    return composer.bar.title.text if composer.bar.winfo_ismapped() else ""


def test_an_answer_says_what_it_answers_until_it_is_sent(bench: Bench, composer: Composer, sent: Sent) -> None:
    composer.reply_to(message(3, "what for? 😀" * 50))
    bench.look()
    assert bar(composer) == "Reply to Name of b0b"
    bench.press(composer.text, "<h>", "<Return>", "<i>", "<Return>")
    assert sent.answers == [("h", "b0b-3")]
    assert sent == ["i"]
    assert bar(composer) == ""


def test_an_answer_is_given_up_and_the_text_stays(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<h>")
    composer.reply_to(message(3))
    assert composer.give_up()
    assert not composer.give_up()
    bench.press(composer.text, "<Return>")
    assert (sent, sent.answers) == (["h"], [])


def test_up_in_an_empty_box_changes_the_last_own_message(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<Up>")
    assert bar(composer) == ""
    sent.last = message(4, "teh", own=True)
    bench.press(composer.text, "<x>", "<Up>")
    assert bar(composer) == ""
    bench.press(composer.text, "<Delete>", "<Up>")
    assert bar(composer) == "Edit your message"
    assert composer.content() == "teh"
    bench.press(composer.text, "<exclam>", "<Return>")
    assert sent.edits == [("b0b-4", "teh!")]
    assert (sent, composer.content(), bar(composer)) == ([], "", "")


def test_a_change_puts_aside_what_was_being_written(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<n>", "<e>", "<w>")
    composer.edit(message(4, "old", own=True))
    composer.restore("refused")
    assert composer.content() == "old"
    bench.press(composer.text, "<Return>")
    assert sent.edits == []
    assert composer.content() == "refused\nnew"


def test_a_message_can_not_be_changed_to_nothing(bench: Bench, composer: Composer, sent: Sent) -> None:
    composer.edit(message(4, "o", own=True))
    bench.press(composer.text, "<BackSpace>", "<Return>")
    assert sent.edits == []
    assert "choose Delete" in words(composer)
    assert composer.give_up()
    assert words(composer) == ""
