"""Who is typing: told now and then, believed for a while, and never in a large company."""

from chat.protocol.limits import TYPING_MEMBERS, TYPING_PAUSE_SECONDS, TYPING_SECONDS
from chat.protocol.typists import Typists

BOB, CLEO = b"b" * 32, b"c" * 32


def test_typing_is_told_now_and_then_and_at_once_after_a_message() -> None:
    typists = Typists()
    assert typists.typing(1, 10.0)
    assert not typists.typing(1, 10.0 + TYPING_PAUSE_SECONDS / 2)
    assert typists.typing(1, 10.0 + TYPING_PAUSE_SECONDS)
    typists.sent()
    assert typists.typing(1, 10.1 + TYPING_PAUSE_SECONDS)


def test_nobody_is_told_where_nobody_is_or_too_many_are() -> None:
    assert not Typists().typing(0, 10.0)
    assert Typists().typing(TYPING_MEMBERS, 10.0)
    assert not Typists().typing(TYPING_MEMBERS + 1, 10.0)


def test_who_types_is_believed_until_he_says_it_or_stops() -> None:
    typists = Typists()
    assert typists.heard(BOB, 10.0)
    assert typists.heard(CLEO, 11.0)
    assert not typists.heard(BOB, 12.0)
    assert typists.devices == [BOB, CLEO]
    assert typists.stopped(BOB)
    assert not typists.stopped(BOB)
    assert typists.due() == 11.0 + TYPING_SECONDS
    assert not typists.tick(11.0 + TYPING_SECONDS / 2)
    assert typists.tick(11.0 + TYPING_SECONDS)
    assert typists.devices == []
    assert typists.due() is None
