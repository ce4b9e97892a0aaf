"""Sessions over a real broker: what people say to each other arrives, whatever happens to the broker meanwhile."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chat.encryption import Cipher, derive_root, room_keys
from chat.events import (
    Close,
    Closed,
    Delivery,
    DeliveryChanged,
    Entered,
    ForeignCounted,
    JoinRefused,
    Left,
    Link,
    MessageShown,
    Older,
    Page,
    Reconnect,
    SayRefused,
)
from chat.history import open_history
from chat.protocol.identity import DeviceKey
from chat.protocol.records import Text, make_record, read_record
from tests.brokers import PASSWORD, Mosquitto, wait_until
from tests.people import PASSPHRASE, People, Person


def test_two_people_talk(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    ada.say("good morning")
    bob.wait_for_texts(["good morning"])
    bob.say("and to you 🙂")
    ada.wait_for_texts(["and to you 🙂"])
    assert ada.others()[0].name == "Bob"
    wait_until(lambda: [changed.delivery for changed in ada.told(DeliveryChanged)] == [Delivery.AT_BROKER], pump=ada.look)
    assert ada.told(Entered)[0].fingerprint == bob.told(Entered)[0].fingerprint


def test_goodbye_is_seen_at_once(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    bob.close()
    ada.wait_for_online(seconds=5)
    assert isinstance(bob.events[-1], Closed)


def test_another_passphrase_reads_nothing_and_disturbs_nothing(people: People) -> None:
    ada, eve, bob = people("Ada"), people("Eve", passphrase="other words nobody guesses here"), people("Bob")
    ada.wait_for_online("Bob")
    eve.wait_for_link(Link.CONNECTED)
    for number in range(3):
        eve.say(f"intrusion {number}")
        ada.say(f"private {number}")
    bob.wait_for_texts(["private 0", "private 1", "private 2"])
    eve.look()
    assert eve.others() == []
    assert set(eve.members()) == {"Eve"}
    assert set(ada.members()) == {"Ada", "Bob"}
    assert eve.told(Entered)[0].fingerprint != ada.told(Entered)[0].fingerprint


def test_garbage_leaves_no_line_and_no_error(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    """2,000 packets of mixed shapes on the room's own topics."""
    failures: list[object] = []
    hook, threading.excepthook = threading.excepthook, failures.append
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    topic = tmp_path.name
    tag = room_keys(derive_root(PASSPHRASE, topic)).tag
    chance = random.Random(7)
    vandal = mqtt.Client(CallbackAPIVersion.VERSION2)
    vandal.connect("localhost", broker.ports["mqtt"])
    vandal.loop_start()
    for number in range(2000):
        size = chance.choice([0, 1, 16, 73, 569, 569, 569, 2000, 60_000 if number % 100 == 0 else 600])
        payload = bytearray(chance.randbytes(size))
        if payload and chance.random() < 0.5:
            payload[0] = 0x80
        vandal.publish(f"{topic}/{tag}/{chance.choice('mc')}", bytes(payload), qos=1).wait_for_publish(10)
    vandal.disconnect()
    vandal.loop_stop()
    ada.say("still here")
    bob.wait_for_texts(["still here"])
    wait_until(lambda: [counted.total for counted in bob.told(ForeignCounted)][-1:] == [2000], pump=bob.look)
    threading.excepthook = hook
    assert failures == []
    assert len(bob.told(MessageShown)) == 1


def test_the_broker_is_killed_and_comes_back(people: People, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker()
    ada, bob = people("Ada", url=broker.url()), people("Bob", url=broker.url())
    ada.wait_for_online("Bob")
    broker.kill()
    waiting = ada.wait_for_link(Link.WAITING)
    assert waiting.retry_at is not None
    ada.say("written while the broker was down")
    wait_until(lambda: len(ada.told(MessageShown)) == 1, pump=ada.look)
    assert ada.told(DeliveryChanged) == []
    broker.start()
    # Bob first: a killed broker has forgotten who was subscribed.
    for person in (bob, ada):
        person.session.post(Reconnect())
        person.wait_for_link(Link.CONNECTED)
    bob.wait_for_texts(["written while the broker was down"])
    ada.wait_for_online("Bob")
    wait_until(lambda: [changed.delivery for changed in ada.told(DeliveryChanged)] == [Delivery.AT_BROKER], pump=ada.look)


def test_what_is_said_while_someone_s_connection_is_down_arrives(people: People, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker(extra="persistence false")
    ada, bob = people("Ada", url=broker.url()), people("Bob", url=broker.url())
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    bob.close()
    ada.say("for later")
    wait_until(lambda: len(ada.told(DeliveryChanged)) == 1, pump=ada.look)
    back = people("Bob", url=broker.url())
    back.wait_for_texts(["for later"])
    assert back.others()[0].name == "Ada"


def test_the_conversation_is_there_after_a_restart(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    for number in range(3):
        ada.say(f"line {number}")
    bob.wait_for_texts(["line 0", "line 1", "line 2"])
    bob.say("heard")
    ada.wait_for_texts(["heard"])
    for person in (ada, bob):
        person.close()
    for name, own in (("Ada", [True, True, True, False]), ("Bob", [False, False, False, True])):
        (page,) = people(name, url="mqtt://localhost:1").wait_for(Page)
        assert [message.text for message, _ in page.messages] == ["line 0", "line 1", "line 2", "heard"]
        assert [message.own for message, _ in page.messages] == own
        assert [message.name for message, _ in page.messages] == ["Ada"] * 3 + ["Bob"]
        assert {delivery for message, delivery in page.messages if message.own} == {Delivery.AT_BROKER}
        assert not page.more_before
        assert not page.more_after


def test_pages_of_a_long_conversation(people: People, tmp_path: Path) -> None:
    ada = people("Ada", url="mqtt://localhost:1")
    ada.wait_for(Page)
    ada.close()
    keys = room_keys(derive_root(PASSPHRASE, tmp_path.name))
    history = open_history(tmp_path / "Ada", keys)
    key = DeviceKey(bytes(32))
    for number in range(1, 251):
        history.add(make_record(key, keys.room, number, bytes(32), number, Text(f"line {number}")))
    history.commit()
    history.close()
    back = people("Ada", url="mqtt://localhost:1")
    shown: list[str] = []
    order = None
    for count in range(1, 4):
        if order is not None:
            back.session.post(Older(order))
        page = back.wait_for(Page, count)[-1]
        shown = [message.text for message, _ in page.messages] + shown
        order = page.messages[0][0].order
        assert page.more_before is (count < 3)
    assert shown == [f"line {number}" for number in range(1, 251)]


def test_what_was_typed_survives_a_kill_and_goes_out_after_it(people: People, tmp_path: Path) -> None:
    bob = people("Bob")
    bob.wait_for_online()
    code = (
        "import os, sys; from pathlib import Path; from tests.people import *\n"
        "ada = Person(Path(sys.argv[1]), 'mqtt://localhost:1', sys.argv[2], 'Ada'); ada.wait_for_link(Link.WAITING)\n"
        "for number in range(12): ada.say(f'line {number}')\n"
        "ada.wait_for(MessageShown, 12); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", code, str(tmp_path), tmp_path.name], cwd=root, check=False)
    ada = people("Ada")
    (page,) = ada.wait_for(Page)
    assert {delivery for _, delivery in page.messages} == {Delivery.WAITING}
    bob.wait_for_texts([f"line {number}" for number in range(12)], seconds=30)
    assert bob.others()[0].name == "Ada"


def test_a_replay_is_not_shown_after_a_restart(people: People, broker: Mosquitto, tmp_path: Path) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.say("once")
    bob.wait_for_texts(["once"])
    bob.close()
    keys = room_keys(derive_root(PASSPHRASE, tmp_path.name))
    history = open_history(tmp_path / "Bob", keys)
    (packet,) = [packet for packet in history.before(None, 9) if isinstance(read_record(packet, keys.room).body, Text)]
    history.close()
    back = people("Bob")
    ada.wait_for_online("Bob")
    vandal = mqtt.Client(CallbackAPIVersion.VERSION2)
    vandal.connect("localhost", broker.ports["mqtt"])
    vandal.loop_start()
    vandal.publish(f"{tmp_path.name}/{keys.tag}/m", Cipher(keys.messages).seal(packet), qos=1).wait_for_publish(5)
    vandal.disconnect()
    vandal.loop_stop()
    ada.say("twice")
    back.wait_for_texts(["twice"])


def test_moving_to_another_broker_and_topic(people: People, start_broker: Callable[..., Mosquitto]) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    other = start_broker()
    cleo = people("Cleo", topic="elsewhere", url=other.url())
    ada.join(other.url(), "elsewhere")
    ada.wait_for(Left)
    ada.wait_for_online("Cleo")
    bob.wait_for_online()
    ada.say("here now")
    cleo.wait_for_texts(["here now"])
    assert [entered.topic for entered in ada.told(Entered)][-1] == "elsewhere"
    bob.look()
    assert bob.others() == []


def test_a_wrong_entry_leaves_the_room_as_it_is(people: People, broker: Mosquitto) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    ada.join(broker.url(), "not/+/allowed")
    (refused,) = ada.wait_for(JoinRefused)
    assert refused.field == "topic"
    ada.join(broker.url(), "fine", passphrase="1234")
    assert ada.wait_for(JoinRefused, 2)[1].field == "passphrase"
    ada.say("still in the old room")
    bob.wait_for_texts(["still in the old room"])
    assert ada.told(Left) == []


def test_the_broker_s_password_is_kept_for_next_time(people: People, broker: Mosquitto) -> None:
    url = broker.url("password")
    ada = people("Ada", url=url, password=PASSWORD)
    ada.wait_for_link(Link.CONNECTED)
    ada.close()
    again = people("Ada", url=url)
    again.wait_for_link(Link.CONNECTED)
    again.join(url, "another room, another file", password="")
    stopped = again.wait_for_link(Link.STOPPED)
    assert "password" in stopped.sentence
    assert PASSWORD not in stopped.sentence


def test_fast_typing_waits_and_all_of_it_arrives_in_order(people: People) -> None:
    ada, bob = people("Ada"), people("Bob")
    ada.wait_for_online("Bob")
    for number in range(30):
        ada.say(f"line {number}")
    wait_until(lambda: len(ada.told(SayRefused)) == 2, pump=ada.look)
    assert [refused.text for refused in ada.told(SayRefused)] == ["line 28", "line 29"]
    bob.wait_for_texts([f"line {number}" for number in range(11)])
    ada.close()
    assert ada.told(Left)[0].unsent[-1] == "line 27"


def test_closing_ends_every_thread_within_two_seconds(people: People, broker: Mosquitto) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    for url in (broker.url(), "mqtt://localhost:1", "mqtt://no-such-host.invalid"):
        person = people("Ada", url=url)
        person.wait_for(Entered)
        started = time.monotonic()
        person.session.post(Close())
        assert person.session.join(2)
        wait_until(lambda: {thread.ident for thread in threading.enumerate()} <= before, 2 - (time.monotonic() - started))


def test_saying_something_in_no_room_gives_it_back(tmp_path: Path) -> None:
    nobody = Person(tmp_path, "mqtt://localhost:1", "topic", "Ada", passphrase="1234")
    nobody.say("into the void")
    assert nobody.wait_for(SayRefused)[0].text == "into the void"
    nobody.close()
