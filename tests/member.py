"""A member of a room in a process of its own, so that a test can kill it: `python -m tests.member FOLDER URL TOPIC NAME`.

It reads commands from its input, one JSON array a line: ["say", text], ["share", path], ["accept", key, folder],
["dump", path], ["quit"]. What it was shown goes to its output, one
JSON array a line. The passphrase comes from the environment.
"""

import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path

from chat.address import parse_broker
from chat.events import (
    AcceptFile,
    Around,
    Close,
    Closed,
    Event,
    FileChanged,
    Join,
    Link,
    LinkChanged,
    Message,
    MessagesFolded,
    MessageShown,
    Older,
    Page,
    PageKind,
    Say,
    SendFile,
)
from chat.history import History
from chat.protocol import limits
from chat.session import Session


class Member:
    """Passes commands to a session, and tells what it shows."""

    def __init__(self, folder: Path, url: str, topic: str, name: str) -> None:
        self._inbox: queue.SimpleQueue[Event | list[str]] = queue.SimpleQueue()
        self._session = Session(folder, self._inbox.put)
        self._session.start()
        self._session.post(Join(parse_broker(url), topic, name, os.environ["MQTT_CHAT_PASSPHRASE"]))
        self._dump = ""
        self._dumped: list[Message] = []
        threading.Thread(target=self._read, daemon=True).start()

    def run(self) -> None:
        while True:
            item = self._inbox.get()
            if isinstance(item, list):
                self._obey(item)
            elif isinstance(item, Closed):
                return
            else:
                self._take(item)

    def _read(self) -> None:
        for line in sys.stdin:
            self._inbox.put(json.loads(line))
        self._inbox.put(["quit"])

    def _obey(self, command: list[str]) -> None:
        match command:
            case ["say", text]:
                self._session.post(Say(text))
            case ["share", path]:
                self._session.post(SendFile(Path(path)))
            case ["accept", key, folder]:
                self._session.post(AcceptFile(key, Path(folder)))
            case ["dump", path]:
                self._dump, self._dumped = path, []
                self._session.post(Around(None))
            case _:
                self._session.post(Close())

    def _take(self, event: Event) -> None:
        match event:
            case LinkChanged(Link.CONNECTED):
                _tell("connected")
            case MessageShown(message):
                _tell("said" if message.own else "heard", message.key, message.text)
            case FileChanged(key) if key:
                _tell("file", key, event.stage.value, str(event.done), str(event.received), str(event.path or ""))
            case MessagesFolded(_, _, _, messages):
                for message in messages:
                    _tell("heard", message.key, message.text)
            case Page(PageKind.LAST | PageKind.OLDER, messages, more_before) if self._dump:
                self._dumped[:0] = [message for message, _ in messages]
                if more_before and messages:
                    self._session.post(Older(messages[0][0].order))
                else:
                    self._write()
            case _:
                pass

    def _write(self) -> None:
        lines = [json.dumps([message.key, message.name, message.text]) for message in self._dumped]
        Path(self._dump).write_text("\n".join(lines))
        _tell("dumped", self._dump)
        self._dump = ""


def _tell(*words: str) -> None:
    print(json.dumps(words), flush=True)


def _die_at_commit(number: int, when: str) -> None:
    """End as a power cut would, just before or just after the n-th commit."""
    commit, done = History.commit, 0

    def counted(history: History) -> bool:
        nonlocal done
        done += history._database.in_transaction
        if done == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        committed = commit(history)
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return committed

    History.commit = counted  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    # Thousands of texts would take hours at a person's pace.
    limits.SEND_BURST, limits.SEND_PER_SECOND, limits.SEND_WAITING = 100_000, 1000.0, 100_000  # type: ignore[misc]
    if "DIE_AT_COMMIT" in os.environ:
        _die_at_commit(int(os.environ["DIE_AT_COMMIT"]), os.environ["DIE_WHEN"])
    Member(Path(sys.argv[1]), *sys.argv[2:]).run()
