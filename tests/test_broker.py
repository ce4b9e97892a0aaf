"""The broker on this computer: two people talk through it, and it ends however the program ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.broker import LOOPBACK, EmbeddedBroker, own_places
from chat.errors import BrokerError
from chat.events import Delivery, DeliveryChanged
from chat.protocol.limits import TEXT_BYTES
from tests.brokers import free_port, listens, wait_until
from tests.people import Person


@pytest.fixture
def hosted() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(free_port(), LOOPBACK)
    broker.start()
    yield broker
    broker.stop()


def test_two_people_talk_through_it(hosted: EmbeddedBroker, tmp_path: Path) -> None:
    ada, bob = (Person(tmp_path, hosted.own_url, "home", name) for name in ("Ada", "Bob"))
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    longest = "å" * (TEXT_BYTES // 2)
    ada.say("good morning")
    ada.say(longest)
    bob.wait_for_texts(["good morning", longest])
    wait_until(lambda: [changed.delivery for changed in ada.told(DeliveryChanged)] == [Delivery.AT_BROKER] * 2, pump=ada.look)
    bob.close()
    ada.wait_for_online()
    ada.say("while you were away")
    wait_until(lambda: len(ada.told(DeliveryChanged)) == 3, pump=ada.look)
    back = Person(tmp_path, hosted.own_url, "home", "Bob")
    back.wait_for_texts(["while you were away"])
    back.close()
    ada.close()


def test_it_starts_and_stops_again(hosted: EmbeddedBroker) -> None:
    assert listens(hosted.port)
    hosted.stop()
    assert not listens(hosted.port)
    hosted.stop()
    hosted.start()
    assert listens(hosted.port)


def test_a_port_in_use_is_named(hosted: EmbeddedBroker) -> None:
    with pytest.raises(BrokerError, match=str(hosted.port)):
        EmbeddedBroker(hosted.port, LOOPBACK).start()


def test_it_ends_with_a_program_that_is_killed() -> None:
    port = free_port()
    code = f"from chat.broker import *; EmbeddedBroker({port}, LOOPBACK).start(); print('runs', flush=True); input()"
    root = Path(__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"runs\n"
        assert listens(port)
        program.send_signal(signal.SIGKILL)
    wait_until(lambda: not listens(port))


def test_addresses_for_others_are_not_this_computer_s_own_loopback() -> None:
    assert all(not place.startswith("127.") for place in own_places())
    assert EmbeddedBroker(1883).urls()[0].startswith("mqtt://")
