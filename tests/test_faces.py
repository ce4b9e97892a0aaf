"""The console, send, listen and host as a person starts them: real processes, real broker, pipes and terminals."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.events import ForeignCounted
from tests.brokers import PASSWORD, Mosquitto, free_port, listens, wait_until
from tests.people import PASSPHRASE, Person

ROOT = Path(__file__).parent.parent
Start = Callable[..., "Program"]


class Program:
    """`main.py` in a process of its own, with its output collected."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        command = [sys.executable, "main.py", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.out = self.err = ""
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def look(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out += (self.process.stdout.read() or b"").decode()
        self.err += (self.process.stderr.read() or b"").decode()

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        try:
            wait_until(lambda: text in self.out + self.err, seconds, self.look)
        except AssertionError:
            raise AssertionError(f"{text!r} did not come; what came: {self.out}{self.err}") from None

    def end(self, seconds: float = 10.0) -> int:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(seconds)
        with contextlib.suppress(ValueError):
            self.look()
        return code


@pytest.fixture
def start(broker: Mosquitto, tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def run(*arguments: str, name: str = "Cora", passphrase: str = PASSPHRASE, url: str = "") -> Program:
        common = ["--broker", url or broker.url(), "--topic", tmp_path.name, "--username", name, "--data-dir", str(tmp_path / name)]
        program = Program([arguments[0], *common, *arguments[1:]], {"MQTT_CHAT_PASSPHRASE": passphrase})
        programs.append(program)
        return program

    yield run
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait()
        for stream in (program.process.stdin, program.process.stdout, program.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@pytest.fixture
def bob(broker: Mosquitto, tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, broker.url(), tmp_path.name, "Bob")
    person.wait_for_online()
    yield person
    person.close()


def test_console_on_a_pipe(start: Start, bob: Person) -> None:
    console = start("console")
    bob.wait_for_online("Cora")
    console.wait_for("Bob is here")
    bob.say("hello\x1b[31m from Bob")
    console.wait_for("Bob: hello")
    console.type("good morning")
    console.type("//not a command")
    bob.wait_for_texts(["good morning", "/not a command"])
    console.type("/who")
    console.wait_for("Cora  you")
    console.type("/nonsense")
    console.wait_for("There is no command")
    assert "\x1b" not in console.out
    assert console.end() == 0
    bob.wait_for_online()


def test_console_sends_all_it_was_piped_before_it_ends(start: Start, bob: Person) -> None:
    console = start("console")
    for number in range(12):
        console.type(f"line {number}")
    assert console.end(30) == 0
    bob.wait_for_texts([f"line {number}" for number in range(12)])


def test_console_moves_to_another_topic(start: Start, bob: Person, broker: Mosquitto, tmp_path: Path) -> None:
    elsewhere = f"{tmp_path.name}/elsewhere"
    cleo = Person(tmp_path, broker.url(), elsewhere, "Cleo")
    console = start("console")
    bob.wait_for_online("Cora")
    console.type("/topic bad/#")
    console.wait_for("wildcards")
    console.type(f"/topic {elsewhere}")
    cleo.wait_for_online("Cora")
    bob.wait_for_online()
    console.type("here now")
    cleo.wait_for_texts(["here now"])
    console.type("/topic")
    console.wait_for(f"\n{elsewhere}\n")
    console.type("/quit")
    assert console.end() == 0
    cleo.close()


def test_console_on_a_terminal_has_colours_and_asks_for_the_passphrase(bob: Person, broker: Mosquitto, tmp_path: Path) -> None:
    main, other = pty.openpty()
    common = ["--broker", broker.url(), "--topic", tmp_path.name, "--username", "Cora", "--data-dir", str(tmp_path / "Cora")]
    program = subprocess.Popen(
        [sys.executable, "main.py", "console", *common], cwd=ROOT, stdin=other, stdout=other, stderr=other, start_new_session=True
    )
    os.close(other)
    os.set_blocking(main, False)
    seen = ""

    def look() -> None:
        nonlocal seen
        with contextlib.suppress(BlockingIOError):
            seen += os.read(main, 65536).decode(errors="replace")

    wait_until(lambda: "Passphrase: " in seen, 20, look)
    os.write(main, f"{PASSPHRASE}\n".encode())
    bob.wait_for_online("Cora")
    bob.say("in colour")
    wait_until(lambda: re.search(r"\x1b\[\d+mBob\x1b\[0m: in colour", seen), 10, look)
    assert PASSPHRASE not in seen
    os.write(main, b"/quit\n")
    assert program.wait(5) == 0
    os.close(main)


def test_send_returns_once_the_broker_has_it(start: Start, bob: Person) -> None:
    assert start("send", "a message from a script").end() == 0
    bob.wait_for_texts(["a message from a script"])
    assert bob.told(ForeignCounted) == []


def test_send_reads_lines_and_keeps_to_the_limit(start: Start, bob: Person) -> None:
    program = start("send", "-")
    for number in range(25):
        program.type(f"line {number}")
    assert program.end(60) == 0
    bob.wait_for_texts([f"line {number}" for number in range(25)])


def test_send_says_why_it_failed(start: Start, broker: Mosquitto) -> None:
    nobody = start("send", "x", "--timeout", "1", url="mqtt://localhost:1")
    assert nobody.end() == 1
    assert "Nothing listens at mqtt://localhost:1" in nobody.err
    weak = start("send", "x", passphrase="password")
    assert weak.end() == 1
    assert "too easy to guess" in weak.err
    stranger = start("send", "x", url=broker.url("password"))
    assert stranger.end() == 1
    assert "user or password" in stranger.err
    assert PASSWORD not in stranger.err


def test_listen_prints_a_line_each(start: Start, bob: Person) -> None:
    listener = start("listen", "--count", "2")
    bob.wait_for_online("Cora")
    bob.say("one")
    bob.say("two\nlines\x07")
    assert listener.end() == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Bob: one\n[^\n]+ Bob: two\n    lines␇\n", listener.out)


def test_listen_prints_json_and_ends_on_a_signal(start: Start, bob: Person) -> None:
    listener = start("listen", "--json")
    bob.wait_for_online("Cora")
    bob.say('quoted "text" with a\nline 🙂')
    listener.wait_for("\n")
    wait_until(lambda: listener.out.endswith("}\n"), pump=listener.look)
    found = json.loads(listener.out)
    assert (found["name"], found["text"], found["trust"]) == ("Bob", 'quoted "text" with a\nline 🙂', "pinned")
    assert set(found) == {"id", "time", "name", "device", "trust", "text"}
    listener.process.send_signal(signal.SIGTERM)
    assert listener.end() == 0
    bob.wait_for_online()


def test_listen_ends_when_its_reader_does(start: Start, bob: Person) -> None:
    listener = start("listen")
    bob.wait_for_online("Cora")
    assert listener.process.stdout is not None
    listener.process.stdout.close()
    bob.say("nobody reads this")
    assert listener.process.wait(10) == 0
    assert listener.process.stderr is not None
    assert b"Traceback" not in (listener.process.stderr.read() or b"")


def test_no_secret_is_in_the_process_list(start: Start, bob: Person) -> None:
    listener = start("listen")
    bob.wait_for_online("Cora")
    assert PASSPHRASE.split()[0].encode() not in Path(f"/proc/{listener.process.pid}/cmdline").read_bytes()


def test_the_passphrase_from_a_file(start: Start, bob: Person, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    assert start("send", "from a file", "--passphrase-file", str(file), passphrase="").end() == 0
    bob.wait_for_texts(["from a file"])
    missing = start("send", "x", "--passphrase-file", str(tmp_path / "none"), passphrase="")
    assert missing.end() == 1
    assert "can't be read" in missing.err
    without = start("send", "x", passphrase="")
    assert without.end() == 1
    assert "--passphrase-file" in without.err


def test_host_runs_a_broker_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    host = Program(["host", "--port", str(port)], {})
    host.wait_for(f":{port}")
    host.wait_for("Ctrl-C ends it")
    ada = Person(tmp_path, f"mqtt://localhost:{port}", "home", "Ada")
    ada.wait_for_online()
    busy = Program(["host", "--port", str(port)], {})
    assert busy.end() == 1
    assert "in use" in busy.err
    host.process.send_signal(signal.SIGTERM)
    assert host.end() == 0
    assert not listens(port)
    ada.close()
    for program in (host, busy):
        for stream in (program.process.stdout, program.process.stderr):
            assert stream is not None
            stream.close()


def test_a_missing_package_is_named() -> None:
    code = "import sys, main; main.NEEDED = ('paho', 'no_such_package'); sys.exit(main.main())"
    program = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 2
    assert "no_such_package" in program.stderr
    assert "pip install -r requirements.txt" in program.stderr


def test_without_tkinter_one_sentence_says_what_to_install() -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'tkinter' else find(name, package)\n"
        "import main; sys.argv = ['main.py']; sys.exit(main.main())"
    )
    program = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 1
    assert "python3-tk" in program.stderr
    assert "Traceback" not in program.stderr


def test_without_a_display_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "main.py", "--data-dir", str(tmp_path)]
    program = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert program.returncode == 1
    assert "main.py console" in program.stderr
