"""Several rooms in one session, over real brokers: beside each other, remembered, and on one connection for each broker."""

import threading
from collections.abc import Callable
from pathlib import Path

from chat.address import parse_broker
from chat.events import (
    Deleted,
    DeleteData,
    Entered,
    FromRoom,
    JoinBeside,
    JoinRefused,
    Leave,
    Left,
    Link,
    LinkChanged,
    Message,
    MessageShown,
    Mute,
    Notice,
    Open,
    Page,
    Read,
    RoomsChanged,
    RoomSummary,
    Say,
    ToRoom,
)
from tests.brokers import Mosquitto, wait_until
from tests.people import People, Person

OTHER = "glacier mitten harbour sunset oak"


def rooms(person: Person) -> tuple[RoomSummary, ...]:
    told = person.told(RoomsChanged)
    return told[-1].rooms if told else ()


def join_beside(person: Person, url: str, topic: str, passphrase: str = OTHER) -> str:
    """Enter one more room; gives its id once it is connected."""
    person.session.post(JoinBeside(parse_broker(url), topic, person.name, passphrase))
    person.wait_until(lambda _: [room.link for room in rooms(person) if room.topic == topic] == [Link.CONNECTED], 30)
    return next(room.room for room in rooms(person) if room.topic == topic)


def texts(person: Person, room: str) -> list[str]:
    inside = [event.event for event in person.told(FromRoom) if event.room == room]
    return [event.message.text for event in inside if isinstance(event, MessageShown)]


def entered(person: Person, room: str) -> list[Entered]:
    return [event.event for event in person.told(FromRoom) if event.room == room and isinstance(event.event, Entered)]


def test_two_rooms_are_apart_and_share_a_connection(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    cleo = people("Cleo", topic="other", passphrase=OTHER)
    cleo.wait_for_online()
    before = [thread.name for thread in threading.enumerate()].count("mqtt")
    other = join_beside(ada, broker.url(), "other")
    assert [thread.name for thread in threading.enumerate()].count("mqtt") == before
    cleo.wait_for_online("Ada")
    cleo.say("in the other")
    bob.say("at home")
    ada.wait_for_texts(["at home"])
    ada.wait_until(lambda _: texts(ada, other) == ["in the other"])
    ada.session.post(ToRoom(other, Say("to the other")))
    cleo.wait_for_texts(["to the other"])
    ada.say("to home")
    bob.wait_for_texts(["to home"])
    ada.wait_until(lambda _: [(room.topic, room.login) for room in rooms(ada)] == [(tmp_path.name, True), ("other", False)])


def test_what_is_unread_is_counted_until_it_is_read(people: People, broker: Mosquitto) -> None:
    ada, cleo = people("Ada"), people("Cleo", topic="other", passphrase=OTHER)
    other = join_beside(ada, broker.url(), "other")
    cleo.wait_for_online("Ada")
    for number in range(3):
        cleo.say(f"line {number}")
    ada.wait_until(lambda _: [(room.unread, room.text) for room in rooms(ada) if room.room == other] == [(3, "line 2")])
    ada.close()
    again = people("Ada")
    again.wait_until(lambda _: [(room.unread, room.sender) for room in rooms(again) if room.room == other] == [(3, "Cleo")])
    shown = [event.event for event in again.told(FromRoom) if isinstance(event.event, Page)]
    last: Message = shown[0].messages[-1][0]
    again.session.post(ToRoom(other, Read(shown[0].messages[0][0].order)))
    again.wait_until(lambda _: [room.unread for room in rooms(again) if room.room == other] == [2])
    again.session.post(ToRoom(other, Open()))
    again.wait_until(lambda _: len(entered(again, other)) == 2)
    assert [event.read for event in entered(again, other)] == [None, shown[0].messages[0][0].order]
    again.session.post(ToRoom(other, Read(last.order)))
    again.wait_until(lambda _: [room.unread for room in rooms(again) if room.room == other] == [0])


def test_rooms_are_remembered_with_the_login_until_they_are_left(people: People, broker: Mosquitto) -> None:
    ada = people("Ada")
    join_beside(ada, broker.url(), "second")
    third = join_beside(ada, broker.url(), "third")
    ada.session.post(ToRoom(third, Leave()))
    ada.wait_until(lambda _: [event.event for event in ada.told(FromRoom) if event.room == third][-1:] == [Left("third")])
    ada.close()
    again = people("Ada")
    again.wait_until(lambda _: [(room.topic, room.link) for room in rooms(again)][1:] == [("second", Link.CONNECTED)])


def test_a_room_stays_muted_until_it_is_unmuted(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    ada = people("Ada")
    other = join_beside(ada, broker.url(), "other")
    for room in (rooms(ada)[0].room, other):
        ada.session.post(ToRoom(room, Mute(True)))
    ada.wait_until(lambda _: [room.muted for room in rooms(ada)] == [True, True])
    ada.close()
    again = people("Ada")
    again.wait_until(lambda _: [(room.topic, room.muted) for room in rooms(again)] == [(tmp_path.name, True), ("other", True)])
    again.session.post(ToRoom(other, Mute(False)))
    again.wait_until(lambda _: [room.muted for room in rooms(again)] == [True, False])
    again.close()
    assert [room.muted for room in once_more(people)] == [True, False]


def once_more(people: People) -> tuple[RoomSummary, ...]:
    ada = people("Ada")
    ada.wait_until(lambda _: len(rooms(ada)) == 2)
    return rooms(ada)


def test_the_room_of_the_login_can_not_be_left(people: People) -> None:
    ada = people("Ada")
    ada.wait_for_online()
    ada.session.post(Leave())
    assert "Close the program to leave it" in ada.wait_for(Notice)[-1].sentence


def test_a_room_moves_to_another_broker_with_its_own_passphrase(
    people: People, broker: Mosquitto, start_broker: Callable[..., Mosquitto]
) -> None:
    elsewhere = start_broker()
    ada, cleo = people("Ada"), people("Cleo", url=elsewhere.url(), topic="other", passphrase=OTHER)
    cleo.wait_for_online()
    other = join_beside(ada, broker.url(), "other")
    ada.session.post(JoinBeside(parse_broker(elsewhere.url()), "other", "Ada"))
    cleo.wait_for_online("Ada")
    cleo.say("here it goes on")
    ada.wait_until(lambda _: texts(ada, other) == ["here it goes on"])
    assert ada.wait_for_link(Link.CONNECTED)


def test_wrong_wishes_are_refused_and_nothing_is_lost(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    ada = people("Ada")
    ada.wait_for_online()
    address = parse_broker(broker.url())
    for wish, field in (
        (JoinBeside(address, "unknown", "Ada"), "passphrase"),
        (JoinBeside(address, tmp_path.name, "Ada", "violet cactus dreams sideways"), "topic"),
        (JoinBeside(address, "a/+", "Ada", OTHER), "topic"),
    ):
        count = len(ada.told(JoinRefused))
        ada.session.post(wish)
        assert ada.wait_for(JoinRefused, count + 1)[-1].field == field
    assert ada.told(Left) == []
    assert len(rooms(ada)) == 1


def test_a_room_that_may_not_be_read_does_not_disturb_the_other(
    people: People, start_broker: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    rights = tmp_path / "rights"
    rights.write_text("topic home/#\n")
    broker = start_broker(listener_extra={"mqtt": f"acl_file {rights}\n"})
    ada, bob = people("Ada", url=broker.url(), topic="home"), people("Bob", url=broker.url(), topic="home")
    ada.wait_for_online("Bob")
    ada.session.post(JoinBeside(parse_broker(broker.url()), "forbidden", "Ada", OTHER))
    wait_until(lambda: any(isinstance(event.event, LinkChanged) for event in ada.told(FromRoom)), pump=ada.look)
    bob.say("still here")
    ada.wait_for_texts(["still here"])


def test_deleting_the_data_of_the_login_leaves_every_room(people: People, broker: Mosquitto) -> None:
    ada = people("Ada")
    other = join_beside(ada, broker.url(), "other")
    ada.session.post(ToRoom(other, DeleteData()))
    ada.wait_until(lambda _: any(isinstance(event.event, Deleted) for event in ada.told(FromRoom)))
    assert ada.told(Deleted) == []
    other = join_beside(ada, broker.url(), "other")
    ada.session.post(DeleteData())
    ada.wait_for(Deleted)
    ada.wait_until(lambda _: rooms(ada) == ())
    ada.close()
    again = people("Ada")
    again.wait_for_online()
    assert [event for event in again.told(FromRoom) if isinstance(event.event, Entered)] == []
