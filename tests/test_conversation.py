"""A conversation that remembers, over a real broker: what was missed arrives, what was said can be changed, found and deleted."""

import shutil
from collections.abc import Callable
from pathlib import Path

from chat.events import (
    Close,
    Deleted,
    DeleteData,
    Delivery,
    DeliveryChanged,
    Edit,
    Entered,
    Found,
    GapsChanged,
    Keep,
    Message,
    MessageChanged,
    MessageShown,
    Notice,
    Page,
    React,
    ReceiptsChanged,
    Resend,
    Retract,
    Say,
    Search,
    Supplied,
    Type,
    TypistsChanged,
)
from tests.brokers import Mosquitto, wait_until
from tests.people import People, Person


def own(person: Person) -> list[Message]:
    return [event.message for event in person.told(MessageShown) if event.message.own]


def latest(person: Person) -> dict[str, Message]:
    """The messages as they were shown last, by key."""
    shown = {event.message.key: event.message for event in person.told(MessageShown)}
    return shown | {event.message.key: event.message for event in person.told(MessageChanged)}


def test_a_newcomer_gets_what_was_said_before_and_is_told_from_whom(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    for number in range(5):
        ada.say(f"line {number}")
    bob.wait_for_texts([f"line {number}" for number in range(5)])
    # Her first record, which gives her name, went out before he came.
    ada.wait_until(lambda person: [event.runs for event in person.told(ReceiptsChanged)][-1:] == [((1, 6),)])
    ada.close()
    cleo = people("Cleo")
    cleo.wait_for(MessageShown, 5, seconds=30)
    assert sorted(message.text for message in cleo.others()) == [f"line {number}" for number in range(5)]
    cleo.wait_until(lambda person: {message.name for message in latest(person).values()} == {"Ada"})
    wait_until(lambda: bool(cleo.told(Supplied)), pump=cleo.look)
    assert cleo.told(Supplied)[-1].names == ("Bob",)


def test_what_was_said_while_away_arrives_though_the_broker_forgot_it(people: People, broker: Mosquitto) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.say("before")
    bob.wait_for_texts(["before"])
    bob.close()
    for number in range(8):
        ada.say(f"line {number}")
    wait_until(lambda: [event.delivery for event in ada.told(DeliveryChanged)].count(Delivery.AT_BROKER) == 9, pump=ada.look)
    broker.kill()
    broker.start()
    back = people("Bob")
    back.wait_for(MessageShown, 8, seconds=40)
    assert sorted(message.text for message in back.others()) == [f"line {number}" for number in range(8)]
    assert not any(change.gaps for change in back.told(GapsChanged)[-1:])


def test_others_see_who_is_typing_until_it_is_said(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    ada.session.post(Type())
    bob.wait_until(lambda _: [event.names for event in bob.told(TypistsChanged)][-1:] == [("Ada",)])
    ada.say("done")
    bob.wait_for_texts(["done"])
    bob.wait_until(lambda _: [event.names for event in bob.told(TypistsChanged)][-1:] == [()])
    assert ada.told(TypistsChanged) == []


def test_the_sender_learns_who_has_a_message(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    people("Cleo")
    ada.wait_for_online("Bob", "Cleo")
    ada.say("hello")
    bob.wait_for_texts(["hello"])
    ada.wait_for(MessageShown)
    number = own(ada)[0].order[2]

    def received() -> bool:
        last = ada.told(ReceiptsChanged)[-1:]
        return any(event.members == 2 and sum(first <= number <= end for first, end in event.runs) == 2 for event in last)

    wait_until(received, pump=ada.look)


def test_a_message_is_answered_changed_reacted_to_and_taken_back(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.say("lunch at noon?")
    bob.wait_for_texts(["lunch at noon?"])
    key = bob.others()[0].key
    bob.session.post(Say("fine", key))
    ada.wait_for_texts(["fine"])
    quote = ada.others()[0].reply
    assert quote is not None
    assert (quote.key, quote.name, quote.text) == (key, "Ada", "lunch at noon?")
    bob.session.post(React(key, "👍"))
    bob.session.post(Edit(key, "dinner"))
    ada.session.post(Edit(key, "lunch at one?"))
    for person, theirs in ((ada, False), (bob, True)):
        person.wait_until(lambda p: latest(p)[key].text == "lunch at one?" and bool(latest(p)[key].reactions))
        (reaction,) = latest(person)[key].reactions
        assert (reaction.emoji, reaction.names, reaction.own) == ("👍", ("Bob",), theirs)
        assert latest(person)[key].edited
    reply = next(message for message in latest(ada).values() if message.text == "fine")
    assert reply.reply is not None
    assert reply.reply.text == "lunch at one?"
    ada.session.post(Retract(key))
    wait_until(lambda: latest(bob)[key].retracted, pump=bob.look)
    assert latest(bob)[key].text == ""
    bob.close()
    (page,) = people("Bob", url="mqtt://localhost:1").wait_for(Page)
    assert [(message.text, message.retracted) for message, _ in page.messages] == [("", True), ("fine", False)]


def test_a_refused_message_stays_and_can_be_sent_again(people: People, start_broker: Callable[..., Mosquitto]) -> None:
    small = start_broker(extra="max_packet_size 1500")
    ada, bob = people("Ada", url=small.url()), people("Bob", url=small.url())
    ada.wait_for_online("Bob")
    ada.say("x" * 4000)
    ada.say("short")
    bob.wait_for_texts(["short"])
    wait_until(lambda: Delivery.FAILED in [event.delivery for event in ada.told(DeliveryChanged)], pump=ada.look)
    failed = next(event for event in ada.told(DeliveryChanged) if event.delivery is Delivery.FAILED)
    assert failed.reason
    ada.session.post(Resend(failed.key))
    wait_until(lambda: [event.delivery for event in ada.told(DeliveryChanged)].count(Delivery.FAILED) == 2, pump=ada.look)


def test_a_search_finds_words_phrases_senders_and_days(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    for text in ("The café opens at nine", "open the window", "nothing here"):
        ada.say(text)
    bob.wait_for_texts(["The café opens at nine", "open the window", "nothing here"])
    bob.say("open sesame")
    ada.wait_for_texts(["open sesame"])
    for number, (text, expected) in enumerate(
        (
            ("open", ["open sesame", "open the window", "The café opens at nine"]),
            ("OPEN the", ["open the window", "The café opens at nine"]),
            ('"open the"', ["open the window"]),
            ("cafe from:ada", ["The café opens at nine"]),
            ("open from:bob", ["open sesame"]),
            ("open since:2999-01-01", []),
            ("", []),
        )
    ):
        ada.session.post(Search(number, text))
        ada.wait_until(lambda p: bool(p.told(Found)) and (p.told(Found)[-1].number, p.told(Found)[-1].complete) == (number, True))  # noqa: B023
        found = ada.told(Found)[-1]
        assert [message.text for message in found.messages] == expected


def test_nothing_is_kept_if_that_was_asked_for(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    bob.session.post(Keep(0))
    ada.say("secret")
    bob.wait_for_texts(["secret"])
    bob.close()
    back = people("Bob")
    (page,) = back.wait_for(Page)
    assert page.messages == ()
    assert back.told(Entered)[0].keep_days == 0
    ada.say("and now")
    back.wait_for_texts(["and now"])


def test_deleting_says_what_it_did_and_leaves_nothing(people: People, tmp_path: Path) -> None:
    ada = people("Ada")
    ada.wait_for_online()
    ada.say("remember this")
    ada.wait_for(DeliveryChanged)
    ada.session.post(DeleteData())
    (deleted,) = ada.wait_for(Deleted)
    assert "2 records" in deleted.sentence
    assert list((tmp_path / "Ada").rglob("device-*")) == []


def test_a_backup_that_was_put_back_becomes_a_new_device(people: People, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.say("one")
    bob.wait_for_texts(["one"])
    ada.close()
    shutil.copytree(tmp_path / "Ada", tmp_path / "backup")
    again = people("Ada")
    again.wait_for_online("Bob")
    device = again.told(Entered)[0].device
    again.say("two")
    bob.wait_for_texts(["one", "two"])
    again.close()
    shutil.rmtree(tmp_path / "Ada")
    shutil.copytree(tmp_path / "backup", tmp_path / "Ada")
    restored = people("Ada")
    wait_until(lambda: any("backup" in notice.sentence for notice in restored.told(Notice)), 40, restored.look)
    restored.wait_for(Entered, 2)
    assert restored.told(Entered)[1].device != device
    wait_until(lambda: "two" in [message.text for message in latest(restored).values()], 40, restored.look)
    restored.say("three")
    bob.wait_for_texts(["one", "two", "three"], seconds=30)
    restored.session.post(Close())
