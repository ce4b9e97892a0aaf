"""A person at a session, as tests need one: says things, and remembers what the session showed."""

import faulthandler
import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from chat.address import parse_broker
from chat.events import Close, Event, Join, Link, LinkChanged, Member, MembersChanged, Message, MessageShown, Say
from chat.session import Session
from tests.brokers import wait_until

PASSPHRASE = "violet cactus dreams sideways"
Kind = TypeVar("Kind")


class Person:
    """Joins at once; everything that was shown is in `events`."""

    def __init__(self, folder: Path, url: str, topic: str, name: str, passphrase: str = PASSPHRASE, password: str | None = None) -> None:
        self.name, self.topic = name, topic
        self.events: list[Event] = []
        self._shown: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.session = Session(folder / name, self._shown.put)
        self.session.start()
        self.join(url, topic, passphrase, password)

    def join(self, url: str, topic: str, passphrase: str = "", password: str | None = None) -> None:
        self.session.post(Join(parse_broker(url), topic, self.name, passphrase, password))

    def say(self, text: str) -> None:
        self.session.post(Say(text))

    def look(self) -> None:
        """Take in what was shown since."""
        try:
            while True:
                self.events.append(self._shown.get_nowait())
        except queue.Empty:
            time.sleep(0.002)

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind: type[Kind], count: int = 1, seconds: float = 15.0) -> list[Kind]:
        wait_until(lambda: len(self.told(kind)) >= count, seconds, self.look)
        return self.told(kind)

    def wait_until(self, condition: Callable[["Person"], bool], seconds: float = 15.0) -> None:
        """Wait until something holds of what was shown."""
        wait_until(lambda: condition(self), seconds, self.look)

    def wait_for_link(self, link: Link, seconds: float = 20.0) -> LinkChanged:
        wait_until(lambda: [event.link for event in self.told(LinkChanged)][-1:] == [link], seconds, self.look)
        return self.told(LinkChanged)[-1]

    def wait_for_texts(self, texts: list[str], seconds: float = 15.0) -> None:
        """Wait until exactly these texts of others were shown, in this order."""
        wait_until(lambda: [message.text for message in self.others()] == texts, seconds, self.look)

    def others(self) -> list[Message]:
        return [event.message for event in self.told(MessageShown) if not event.message.own]

    def members(self) -> dict[str, Member]:
        changes = self.told(MembersChanged)
        return {member.name: member for member in changes[-1].members} if changes else {}

    def wait_for_online(self, *names: str, seconds: float = 15.0) -> None:
        wait_until(lambda: {name for name, member in self.members().items() if member.online} == {self.name, *names}, seconds, self.look)

    def close(self) -> None:
        self.session.post(Close())
        if not self.session.join(20):
            faulthandler.dump_traceback(all_threads=True)
            raise AssertionError("the session does not end; the threads are above")
        self.look()


People = Callable[..., Person]
"""Lets somebody in: a name, and maybe `topic`, `url`, `passphrase` and `password`."""
