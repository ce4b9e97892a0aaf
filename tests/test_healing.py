"""What members and a broker that are killed, links that are cut, and floods can't do: make anyone lose a word, or see one twice."""

import contextlib
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.address import parse_broker
from chat.events import Entered, ReceiptsChanged
from tests.brokers import Mosquitto, wait_until
from tests.company import Company, MemberProcess
from tests.people import People
from tests.proxy import Proxy
from tests.test_network import Line

NAMES = ("Ada", "Bob", "Cleo", "Dan", "Eve")


@pytest.mark.timeout(240)
def test_everyone_ends_up_with_the_same_conversation(start_broker: Callable[..., Mosquitto], tmp_path: Path) -> None:
    company = Company(tmp_path, start_broker(), NAMES, seed=7)
    try:
        for _ in range(10):
            company.say(8)
            company.break_something()
        conversation = company.agree(150)
        assert len(conversation) >= 400
        assert company.twice(conversation) == []
    finally:
        company.close()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 3, 8])
def test_a_member_killed_at_any_commit_loses_nothing(people: People, broker: Mosquitto, tmp_path: Path, number: int, when: str) -> None:
    bob = people("Bob")
    bob.wait_for_online()
    cora = MemberProcess(tmp_path, bob.topic, "Cora", broker.ports["mqtt"], {"DIE_AT_COMMIT": str(number), "DIE_WHEN": when})
    try:
        bob.say("is somebody there?")
        numbers = itertools.count()

        def talk() -> None:
            with contextlib.suppress(BrokenPipeError):
                cora.command("say", f"before {next(numbers)}")
            # Slowly enough that nothing is folded at Bob.
            time.sleep(0.15)

        wait_until(lambda: cora.process.poll() is not None, 30, talk)
        cora.kill()
        cora.start({})
        cora.wait_for_connection()
        cora.command("say", "after all")
        wait_until(lambda: "after all" in cora.said, 20, cora.look)
        bob.wait_until(lambda _: "after all" in [message.text for message in bob.others()], 40)
        bob.wait_until(lambda _: set(cora.said) <= {message.text for message in bob.others()}, 40)
        wait_until(lambda: "is somebody there?" in [text for _, _, text in cora.dump()], 40, cora.look)
        conversation = [text for _, name, text in cora.dump() if name == "Cora"]
        assert sorted(conversation) == sorted(set(conversation))
        assert set(cora.said) <= set(conversation)
        heard = [message.text for message in bob.others()]
        assert sorted(heard) == sorted(set(heard))
    finally:
        cora.close()


@pytest.mark.timeout(120)
def test_garbage_in_the_queue_of_a_member_who_is_away_costs_him_nothing(people: People, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker()
    ada, bob, cleo = (people(name, url=broker.url()) for name in ("Ada", "Bob", "Cleo"))
    ada.wait_for_online("Bob", "Cleo")
    cleo.close()
    ada.wait_for_online("Bob")
    outsider = Line(parse_broker(broker.url()), topic="elsewhere")
    outsider.ready()
    room = ada.told(Entered)[0].room
    for number in range(1, 1101):
        outsider.connection.publish(f"{ada.topic}/{room}/m", b"garbage", 1, number)
    wait_until(lambda: len(outsider.events) >= 1100, 60, outsider.look)
    outsider.close()
    for number in range(8):
        (ada if number % 2 else bob).say(f"line {number}")
    ada.wait_until(lambda _: [event.runs[-1:] for event in ada.told(ReceiptsChanged)][-1:] != [()], 60)
    back = people("Cleo", url=broker.url())
    back.wait_until(lambda _: sorted(message.text for message in back.others()) == [f"line {number}" for number in range(8)], 60)


def test_a_link_can_be_cut_and_restored(broker: Mosquitto) -> None:
    proxy = Proxy(broker.ports["mqtt"])
    line = Line(parse_broker(proxy.url))
    line.ready()
    proxy.cut()
    wait_until(lambda: len(line.events) >= 4, 20, line.look)
    proxy.restore()
    line.connection.reconnect_now()
    line.ready(2)
    assert proxy.passed > 100
    line.close()
    proxy.close()
