"""Several member processes that talk through links of their own while the broker, the links and they themselves break."""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.brokers import Mosquitto, wait_until
from tests.people import PASSPHRASE
from tests.proxy import Proxy

ROOT = Path(__file__).parent.parent
Line = tuple[str, str, str]
"""Key, name and text of a message."""


class FileState(NamedTuple):
    """What `FileChanged` says."""

    stage: str
    done: int
    received: int
    path: str


class MemberProcess:
    """One of them; it can be killed and started again. What it told is kept across that."""

    def __init__(self, folder: Path, topic: str, name: str, port: int, environment: dict[str, str] | None = None) -> None:
        self._folder, self._topic, self.name = folder, topic, name
        self.link = Proxy(port)
        self.said: list[str] = []
        """Texts that were shown as its own: it must never lose them."""
        self.heard_twice: list[str] = []
        self.files: dict[str, FileState] = {}
        """How it stood last with each file, by key."""
        self._heard: set[str] = set()
        self._connections = 0
        self._dumps = 0
        self.start(environment or {})

    def start(self, environment: dict[str, str]) -> None:
        self._heard.clear()
        self._rest = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.member", str(self._folder / self.name), self.link.url, self._topic, self.name],
            cwd=ROOT, env=os.environ | {"MQTT_CHAT_PASSPHRASE": PASSPHRASE} | environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.look()
        self._close_streams()

    def command(self, *words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()

    def look(self) -> None:
        """Take in what it told."""
        assert self.process.stdout is not None
        *lines, self._rest = (self._rest + (self.process.stdout.read() or b"")).split(b"\n")
        for line in lines:
            match json.loads(line):
                case ["connected"]:
                    self._connections += 1
                case ["said", _, text]:
                    self.said.append(text)
                case ["heard", key, text]:
                    if key in self._heard:
                        self.heard_twice.append(text)
                    self._heard.add(key)
                case ["file", key, stage, done, received, path]:
                    self.files[key] = FileState(stage, int(done), int(received), path)
                case ["dumped", _]:
                    self._dumps += 1

    def wait_for(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something holds of what it told."""
        wait_until(condition, seconds, self._look_and_rest)

    def wait_for_connection(self) -> None:
        before = self._connections
        wait_until(lambda: self._connections > before, 60, self._look_and_rest)

    def dump(self) -> list[Line]:
        """The whole conversation as it stands there."""
        self._dumps, file = 0, self._folder / f"{self.name}.jsonl"
        self.command("dump", str(file))
        wait_until(lambda: self._dumps, 60, self._look_and_rest)
        return [(key, name, text) for key, name, text in map(json.loads, file.read_text().splitlines())]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close_streams()
        self.link.close()

    def _close_streams(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _look_and_rest(self) -> None:
        self.look()
        time.sleep(0.01)


class Company:
    """Members who talk, and the broker between them."""

    def __init__(self, folder: Path, broker: Mosquitto, names: tuple[str, ...], seed: int) -> None:
        self.broker = broker
        self.chance = random.Random(seed)
        self.members = [MemberProcess(folder, "healing", name, broker.ports["mqtt"]) for name in names]
        self._spoken = 0
        for member in self.members:
            member.wait_for_connection()

    def say(self, each: int) -> None:
        """Everyone says so many texts; returns once they are shown there as queued."""
        expected = {member: len(member.said) + each for member in self.members}
        for _ in range(each):
            for member in self.members:
                self._spoken += 1
                member.command("say", f"{member.name} says line {self._spoken}")
        wait_until(lambda: all(len(member.said) >= count for member, count in expected.items()), 60, self._look)

    def break_something(self) -> None:
        """Kill the broker or a member, or cut or slow a link; while it is broken, everyone goes on talking."""
        member = self.chance.choice(self.members)
        match self.chance.choice(("broker", "member", "cut", "slow")):
            case "broker":
                self.broker.kill()
                self.say(2)
                self.broker.start()
            case "member":
                member.kill()
                member.start({})
            case "cut":
                member.link.cut()
                self.say(2)
                member.link.restore()
            case _:
                member.link.slow(20_000)

    def agree(self, seconds: float) -> list[Line]:
        """Mend everything, and wait until everyone has the same conversation with all that anyone ever said."""
        for member in self.members:
            member.link.restore()
        deadline = time.monotonic() + seconds
        while True:
            dumps = [member.dump() for member in self.members]
            said = {text for member in self.members for text in member.said}
            if all(dump == dumps[0] for dump in dumps) and said <= {text for _, _, text in dumps[0]}:
                return dumps[0]
            if time.monotonic() > deadline:
                lacking = [len(said - {text for _, _, text in dump}) for dump in dumps]
                raise AssertionError(f"no agreement: {[len(dump) for dump in dumps]} messages, {lacking} lacking")

    def twice(self, conversation: list[Line]) -> list[str]:
        """Texts that somebody was shown twice."""
        live = [text for member in self.members for text in member.heard_twice]
        return live + [text for text, count in Counter(text for _, _, text in conversation).items() if count > 1]

    def close(self) -> None:
        for member in self.members:
            member.close()

    def _look(self) -> None:
        for member in self.members:
            member.look()
        time.sleep(0.005)
