"""Walking through a conversation of which only a part is loaded, on a real canvas."""

from collections.abc import Callable

import pytest

from chat.events import Delivery, Page, PageKind
from chat.window.loaded import LOADED_ROWS
from chat.window.paging import Paging
from chat.window.reading import Reading
from chat.window.rows import Order
from chat.window.transcript import Transcript
from tests.window.conftest import Bench
from tests.window.samples import message, page
from tests.window.test_transcript import check_drawing, tops

PAGE = 100


class Kept:
    """A conversation of `size` messages, whose numbers are their orders. What was asked for is answered in `answer`, in its order."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[PageKind, Order | None]] = []
        self.paging = Paging(
            lambda order: self.asked.append((PageKind.OLDER, order)),
            lambda order: self.asked.append((PageKind.NEWER, order)),
            lambda order: self.asked.append((PageKind.LAST if order is None else PageKind.AROUND, order)),
        )

    def page(self, kind: PageKind, order: Order | None) -> Page:
        place = self.size if order is None else order[0]
        start, end = {
            PageKind.LAST: (place - PAGE, place),
            PageKind.OLDER: (place - PAGE, place),
            PageKind.NEWER: (place + 1, place + 1 + PAGE),
            PageKind.AROUND: (place - PAGE // 2, place + PAGE // 2),
        }[kind]
        numbers = range(max(0, start), min(self.size, end))
        return page(kind, numbers, before=numbers.start > 0, after=numbers.stop < self.size)

    def answer(self, transcript: Transcript) -> None:
        questions, self.asked = self.asked, []
        for kind, order in questions:
            transcript.show_page(self.page(kind, order))


@pytest.fixture
def kept() -> Kept:
    return Kept(1_000_000)


@pytest.fixture
def transcript(bench: Bench, kept: Kept) -> Transcript:
    made = Transcript(bench.root, bench.theme, bench.paint, kept.paging)
    made.pack(fill="both", expand=True)
    Reading(made, bench.theme, bench.paint, lambda *_: None, lambda *_: None, lambda *_: None)
    bench.look()
    made.show_page(kept.page(PageKind.LAST, None))
    bench.look()
    return made


def numbers(transcript: Transcript) -> list[int]:
    return [row.message.order[0] for row in transcript.rows if row.message is not None]


def in_view(transcript: Transcript) -> list[int]:
    return [row.message.order[0] for row in transcript.visible() if row.message is not None]


def walk(bench: Bench, transcript: Transcript, kept: Kept, step: int, until: Callable[[], bool]) -> set[int]:
    """Scroll on and on; everything that came into view."""
    seen = set(in_view(transcript))
    for _ in range(10_000):
        if until():
            return seen
        transcript.scroll(step)
        before = tops(transcript)
        kept.answer(transcript)
        bench.look()
        after = tops(transcript)
        # The uppermost row may lose the heading of its day, or its name.
        still = [key for key in before if key in after][1:]
        assert [after[key] for key in still] == [before[key] for key in still]
        assert numbers(transcript) == list(range(numbers(transcript)[0], numbers(transcript)[-1] + 1))
        assert len(transcript.rows) <= LOADED_ROWS
        seen |= set(in_view(transcript))
    raise AssertionError("it never comes to an end")


def test_a_million_messages_are_walked_through_both_ways(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    low = kept.size - 4000
    seen = walk(bench, transcript, kept, -600, lambda: in_view(transcript)[0] < low)
    assert seen >= set(range(low, kept.size))
    assert transcript.loaded.more_after
    seen = walk(bench, transcript, kept, 600, lambda: transcript.pinned)
    assert seen >= set(range(low + 30, kept.size))
    assert in_view(transcript)[-1] == kept.size - 1
    check_drawing(transcript)


def test_the_very_first_message_is_reached(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    transcript.go_to("", message(250).order)
    kept.answer(transcript)
    walk(bench, transcript, kept, -600, lambda: not transcript.loaded.more_before and in_view(transcript)[0] == 0)
    bench.look()
    assert in_view(transcript)[0] == 0
    check_drawing(transcript)


def test_far_from_the_end_what_arrives_is_counted_and_not_added(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    transcript.go_to("", message(500_000).order)
    kept.answer(transcript)
    bench.look()
    assert 500_000 in in_view(transcript)
    before = tops(transcript)
    arrived = [(message(number), None) for number in range(kept.size, kept.size + 7)]
    transcript.add(arrived)
    transcript.add([(message(400_000, "late", device="eve"), None)])
    transcript.fold("b0b", "Bob", 2, [message(kept.size + 8)])
    kept.size += 7
    bench.look()
    assert transcript.unseen == 8
    assert tops(transcript) == before
    assert max(numbers(transcript)) < 500_100
    transcript.to_end()
    assert kept.asked[-1] == (PageKind.LAST, None)
    kept.answer(transcript)
    bench.look()
    assert (transcript.pinned, transcript.unseen) == (True, 0)
    assert in_view(transcript)[-1] == kept.size - 1
    check_drawing(transcript)


def test_a_flood_while_one_reads_far_above_does_not_move_the_view(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    walk(bench, transcript, kept, -600, lambda: in_view(transcript)[0] < kept.size - 600)
    before = tops(transcript)
    for start in range(kept.size, kept.size + 5000, 250):
        transcript.add([(message(number), None) for number in range(start, start + 250)])
        bench.look()
    kept.size += 5000
    assert tops(transcript) == before
    assert transcript.unseen == 5000
    assert len(transcript.rows) <= LOADED_ROWS
    walk(bench, transcript, kept, 3000, lambda: transcript.pinned)
    assert in_view(transcript)[-1] == kept.size - 1
    assert transcript.unseen == 0


def test_nothing_is_asked_twice_and_what_is_outdated_is_not_shown(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    transcript.to_start()
    bench.look()
    transcript.scroll(-10)
    assert kept.asked == [(PageKind.OLDER, message(kept.size - PAGE).order)]
    transcript.show_page(kept.page(PageKind.LAST, None))
    kept.answer(transcript)
    bench.look()
    assert len(numbers(transcript)) == PAGE
    transcript.to_start()
    kept.answer(transcript)
    assert len(numbers(transcript)) == 2 * PAGE


def test_a_jump_that_leads_nowhere_leaves_everything_as_it_is(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    before = tops(transcript)
    transcript.go_to("", (-5, "", 0))
    transcript.show_page(page(PageKind.AROUND, range(0)))
    bench.look()
    assert tops(transcript) == before
    transcript.to_start()
    assert kept.asked[-1][0] is PageKind.OLDER


def test_another_page_keeps_what_is_known_about_a_row(bench: Bench, transcript: Transcript, kept: Kept) -> None:
    own = message(kept.size, "mine", own=True, device="me")
    transcript.add([(own, Delivery.QUEUED)])
    transcript.change_delivery(own.key, Delivery.FAILED, "The broker refused it.")
    transcript.show_page(Page(PageKind.LAST, ((own, Delivery.FAILED),), False, False))
    bench.look()
    (row,) = transcript.rows
    assert (row.delivery, row.reason) == (Delivery.FAILED, "The broker refused it.")
