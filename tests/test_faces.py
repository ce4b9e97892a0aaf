"""The console, send and listen as a person starts them: real processes, real broker, pipes and terminals."""

import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.events import AcceptFile, Edit, File, ForeignCounted, MessageShown, React, Retract, SendFile
from chat.protocol.limits import SEND_BURST, SEND_WAITING
from tests.brokers import PASSWORD, Mosquitto, wait_until
from tests.people import PASSPHRASE, People, Person
from tests.programs import Program, Terminal

Start = Callable[..., "Program"]


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


def test_a_long_pipe_goes_out_whole_at_the_pace_of_the_limit(start: Start, bob: Person) -> None:
    lines = [f"line {number}" for number in range(SEND_BURST + SEND_WAITING + 2)]
    programs = {"Cora": start("console"), "Sid": start("send", "-", name="Sid")}
    for program in programs.values():
        for line in lines:
            program.type(line)
    assert [program.end(60) for program in programs.values()] == [0, 0]
    wait_until(lambda: len(bob.others()) == 2 * len(lines), pump=bob.look)
    for name in programs:
        assert [message.text for message in bob.others() if message.name == name] == lines


def test_console_moves_to_another_topic(start: Start, bob: Person, broker: Mosquitto, tmp_path: Path) -> None:
    elsewhere = f"{tmp_path.name}/elsewhere"
    cleo = Person(tmp_path, broker.url(), elsewhere, "Cleo")
    console = start("console")
    bob.wait_for_online("Cora")
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


def test_console_moves_to_another_broker(start: Start, bob: Person, start_broker: Callable[..., Mosquitto], tmp_path: Path) -> None:
    other = start_broker()
    cleo = Person(tmp_path, other.url(), tmp_path.name, "Cleo")
    console = start("console")
    bob.wait_for_online("Cora")
    console.type(f"/broker {other.url()}")
    console.type("here now")
    cleo.wait_for_texts(["here now"])
    bob.wait_for_online()
    assert console.end() == 0
    cleo.close()


def test_lines_for_a_room_that_can_t_be_entered_go_nowhere(start: Start, bob: Person) -> None:
    console = start("console")
    bob.wait_for_online("Cora")
    console.type("before")
    console.type("/topic bad/#")
    console.type("for the other room alone")
    assert console.process.wait(10) == 1
    console.wait_for("can’t contain + or #")
    bob.wait_for_online()
    bob.wait_for_texts(["before"])


def test_quit_ends_the_console_though_its_pipe_stays_open(start: Start, bob: Person) -> None:
    console = start("console")
    bob.wait_for_online("Cora")
    console.type("the last word")
    console.type("/quit")
    assert console.process.wait(10) == 0
    console.look()
    assert console.err == ""
    bob.wait_for_texts(["the last word"])


@pytest.fixture
def terminal(broker: Mosquitto, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    terminals: list[Terminal] = []

    def run(url: str = "", **environment: str) -> Terminal:
        common = ["--broker", url or broker.url(), "--topic", tmp_path.name, "--username", "Cora", "--data-dir", str(tmp_path / "Cora")]
        terminals.append(Terminal(common, {"TERM": "xterm", **environment}))
        return terminals[-1]

    yield run
    for one in terminals:
        one.process.kill()
        one.process.wait()
        os.close(one.main)
        os.close(one.other)


def test_console_on_a_terminal_has_colours_and_asks_for_the_passphrase(bob: Person, terminal: Callable[..., Terminal]) -> None:
    console = terminal()
    console.wait_for("Passphrase: ")
    console.type(f"{PASSPHRASE}\n")
    bob.wait_for_online("Cora")
    bob.say("in colour")
    console.wait_for(r"\x1b\[\d+mBob\x1b\[0m: in colour")
    assert PASSPHRASE not in console.seen
    console.type("/quit\n")
    assert console.end() == 0


def test_what_is_being_typed_survives_an_arriving_message(bob: Person, terminal: Callable[..., Terminal]) -> None:
    console = terminal(MQTT_CHAT_PASSPHRASE=PASSPHRASE, NO_COLOR="1")
    bob.wait_for_online("Cora")
    console.wait_for("/help lists")
    console.type("half a sen")
    console.wait_for("> half a sen")
    bob.say("an interruption")
    console.wait_for(r"Bob: an interruption\r\n> half a sen")
    console.type("tence\n")
    bob.wait_for_texts(["half a sentence"])
    assert not re.search(r"\x1b\[\d*m", console.seen)
    console.process.send_signal(signal.SIGINT)
    assert console.end() == 130
    assert "Traceback" not in console.seen


def test_what_could_not_be_sent_is_shown_at_the_end(start_broker: Callable[..., Mosquitto], terminal: Callable[..., Terminal]) -> None:
    broker = start_broker()
    console = terminal(broker.url(), MQTT_CHAT_PASSPHRASE=PASSPHRASE)
    console.wait_for("Connected")
    broker.kill()
    console.wait_for("Nothing listens")
    console.type("too late\n")
    console.wait_for("goes out when the broker can be reached")
    console.type("/quit\n")
    assert console.end() == 0
    console.wait_for(r"Not sent yet. [^\n]+:\r\n      too late")


def test_console_in_several_rooms(start: Start, bob: Person, people: People) -> None:
    dan = people("Dan", topic="climbing", passphrase="glacier mitten harbour sunset oak")
    dan.wait_for_online()
    console = start("console")
    console.wait_for("Bob is here")
    console.type("/join climbing")
    console.wait_for("The passphrase of climbing:")
    console.type("glacier mitten harbour sunset oak")
    console.wait_for("You are in climbing")
    console.wait_for("Dan is here")
    console.type("hello, Dan")
    dan.wait_for_texts(["hello, Dan"])
    bob.say("at home")
    console.wait_for(f"[{bob.topic}] ")
    console.wait_for("Bob: at home")
    console.type("/rooms")
    console.wait_for("climbing at")

    def ask_again() -> None:
        console.type("/rooms")
        console.look()
        time.sleep(0.1)

    wait_until(lambda: "you are here, 1 online" in console.out, 20, ask_again)
    console.type("/rooms 1")
    console.wait_for(f"You are in {bob.topic}")
    console.type("back home")
    bob.wait_for_texts(["back home"])
    dan.say("anyone?")
    console.wait_for("[climbing] ")
    console.type("/rooms 2")
    console.type("/leave")
    console.wait_for("[climbing] ")
    console.type("/topic")
    console.type("/quit")
    assert console.end() == 0
    dan.wait_for_online()


def test_files_in_the_console(start: Start, bob: Person, tmp_path: Path) -> None:
    console = start("console")
    bob.wait_for_online("Cora")
    console.wait_for("Bob is here")
    (tmp_path / "from bob.txt").write_text("hello")
    bob.session.post(SendFile(tmp_path / "from bob.txt"))
    console.wait_for("A file of 5 bytes. /accept 1 stores it in")
    console.type("/accept 7")
    console.wait_for("There is no such file.")
    console.type(f"/accept 1 {tmp_path / 'downloads'}")
    console.wait_for(f"from bob.txt is in {tmp_path / 'downloads' / 'from bob.txt'}.")
    assert (tmp_path / "downloads" / "from bob.txt").read_text() == "hello"
    (tmp_path / "large").write_bytes(bytes(300_000))
    console.type(f"/send {tmp_path / 'large'}")
    bob.wait_until(lambda bob: bool(bob.others()) and bob.others()[-1].file == File("large", 300_000, "application/octet-stream"))
    bob.session.post(AcceptFile(bob.others()[-1].key, tmp_path / "bob"))
    console.wait_for("large: received by 1 of 1")
    console.type("/files")
    console.wait_for("1  from bob.txt  5 bytes  Bob  saved")
    console.wait_for("2  large  300 kB  Cora  shared")
    console.type(f"/send {tmp_path / 'nothing'}")
    console.wait_for("nothing can’t be read: No such file or directory.")
    console.type("/quit")
    console.end()


def test_send_waits_until_the_receivers_have_the_file(start: Start, bob: Person, tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(bytes(1_000_000))
    program = start("send", "--file", str(tmp_path / "report"))
    bob.wait_until(lambda bob: any(message.file for message in bob.others()))
    assert program.process.poll() is None
    bob.session.post(AcceptFile(bob.others()[-1].key, tmp_path / "bob"))
    assert program.end(30) == 0
    assert (tmp_path / "bob" / "report").read_bytes() == bytes(1_000_000)


@pytest.mark.usefixtures("bob")
def test_send_gives_up_when_nobody_takes_the_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(b"report")
    program = start("send", "--file", str(tmp_path / "report"), "--timeout", "0.5")
    assert program.end(30) == 1
    assert "Not enough members" in program.err
    assert start("send", "--file", str(tmp_path / "nothing")).end(30) == 1
    assert start("send").end() == 2


def test_send_returns_once_the_broker_has_it(start: Start, bob: Person) -> None:
    assert start("send", "a message from a script").end() == 0
    bob.wait_for_texts(["a message from a script"])
    assert bob.others()[0].name == "Cora"
    assert bob.told(ForeignCounted) == []


def test_send_takes_each_line_when_it_comes(start: Start, bob: Person) -> None:
    program = start("send", "-", "--timeout", "2")
    for number, line in enumerate(["as it\n", "\n", "comes"]):
        assert program.process.stdin is not None
        program.process.stdin.write(line.encode())
        program.process.stdin.flush()
        if number == 0:
            bob.wait_for_texts(["as it"])
    assert program.end() == 0
    bob.wait_for_texts(["as it", "comes"])


def test_send_refuses_what_a_message_can_t_hold(start: Start) -> None:
    long = start("send", "-")
    long.type("x" * 20_000)
    assert long.end() == 1
    assert "too long" in long.err
    empty = start("send", "  ")
    assert empty.end() == 1
    assert "nothing to send" in empty.err


def test_send_says_why_it_failed(start: Start, broker: Mosquitto) -> None:
    nobody = start("send", "x", "--timeout", "5", url="mqtt://localhost:1")
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
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Bob: one\n[^\n]+ Bob: two ⏎ lines␇\n", listener.out)


def test_listen_prints_json_and_ends_on_a_signal(start: Start, bob: Person) -> None:
    listener = start("listen", "--json")
    bob.wait_for_online("Cora")
    bob.say('quoted "text" with a\nline 🙂')
    listener.wait_for("\n")
    wait_until(lambda: listener.out.endswith("}\n"), pump=listener.look)
    found = json.loads(listener.out)
    assert (found["name"], found["text"], found["trust"]) == ("Bob", 'quoted "text" with a\nline 🙂', "pinned")
    assert set(found) == {
        "event", "id", "time", "name", "device", "trust", "text", "newer", "reply_to", "edited", "deleted", "reactions"
    }  # fmt: skip
    listener.process.send_signal(signal.SIGTERM)
    assert listener.end() == 0
    bob.wait_for_online()


def test_listen_begins_with_what_was_said_since(start: Start, bob: Person) -> None:
    assert start("send", "before it listened").end() == 0
    bob.wait_for_texts(["before it listened"])
    bob.say("an answer")
    first = start("listen", "--count", "1")
    assert first.end() == 0
    again = start("listen", "--since", "today", "--json")
    again.wait_for("an answer")
    bob.say("and one more")
    again.wait_for("and one more")
    again.process.send_signal(signal.SIGTERM)
    assert again.end() == 0
    assert [json.loads(line)["text"] for line in again.out.splitlines()] == ["an answer", "and one more"]
    assert start("listen", "--since", "soon").end() == 2


def test_listen_tells_of_changes_once(start: Start, bob: Person) -> None:
    listener = start("listen", "--json")
    bob.wait_for_online("Cora")
    bob.say("lunch at noon")
    listener.wait_for("noon")
    key = bob.wait_for(MessageShown)[0].message.key
    bob.session.post(Edit(key, "lunch at one"))
    listener.wait_for("at one")
    bob.session.post(React(key, "👍"))
    bob.session.post(Retract(key))
    listener.wait_for('"deleted": true')
    listener.process.send_signal(signal.SIGTERM)
    assert listener.end() == 0
    lines = [json.loads(line) for line in listener.out.splitlines()]
    assert [(line["event"], line["text"], line["edited"], line["deleted"]) for line in lines[:2]] == [
        ("message", "lunch at noon", False, False),
        ("changed", "lunch at one", True, False),
    ]
    assert lines[-1]["deleted"]
    assert len({json.dumps(line) for line in lines}) == len(lines)


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
    assert "can’t be read" in missing.err
    without = start("send", "x", passphrase="")
    assert without.end() == 1
    assert "--passphrase-file" in without.err
