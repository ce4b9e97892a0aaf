"""The command line: host, what is missing, and what is wrong, in processes of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import free_port, listens, wait_until
from tests.people import Person
from tests.programs import ROOT, Program


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
    assert host.err == ""
    ada.close()
    for program in (host, busy):
        for stream in (program.process.stdout, program.process.stderr):
            assert stream is not None
            stream.close()


def test_ctrl_c_ends_host_with_all_its_processes() -> None:
    port = free_port()
    command = [sys.executable, "main.py", "host", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as host:
        wait_until(lambda: listens(port))
        os.killpg(host.pid, signal.SIGINT)
        assert host.wait(10) == 0
        assert host.stderr is not None
        assert host.stderr.read() == b""
    assert not listens(port)


@pytest.mark.parametrize("arguments", [["listen", "--count", "0"], ["send", "x", "--timeout", "nan"], ["send"], ["dance"]])
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    program = subprocess.run([sys.executable, "main.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 2
    assert "usage:" in program.stderr
    assert "Traceback" not in program.stderr


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("topic = [\nbroker")
    command = [sys.executable, "main.py", "listen", "--data-dir", str(tmp_path)]
    program = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 1
    assert str(settings) in program.stderr
    assert "line 2" in program.stderr
    assert settings.read_text() == "topic = [\nbroker"


def test_the_command_line_speaks_the_language_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('language = "sv"')
    wrong = subprocess.run(
        [sys.executable, "main.py", "--data-dir", str(tmp_path), "dance"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "användning: main.py" in wrong.stderr
    assert "fel val: 'dance'" in wrong.stderr
    text = [sys.executable, "main.py", "send", "", "--data-dir", str(tmp_path), "--passphrase-file", str(tmp_path / "none")]
    missing = subprocess.run(text, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"Filen {tmp_path / 'none'} kan inte läsas: filen eller mappen finns inte." in missing.stderr


@pytest.mark.parametrize("variables", [{"LANGUAGE": "sv"}, {"LANG": "sv_SE.UTF-8", "LANGUAGE": ""}])
def test_without_a_choice_it_is_the_language_of_the_desktop(tmp_path: Path, variables: dict[str, str]) -> None:
    command = [sys.executable, "main.py", "--data-dir", str(tmp_path), "--help"]
    program = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **variables})
    assert program.stdout.startswith("användning: ")
    assert "visa den här hjälpen" in program.stdout


def test_a_missing_package_is_named() -> None:
    code = "import sys, main; main.NEEDED = ('paho', 'no_such_package'); sys.exit(main.main())"
    program = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 2
    assert "no_such_package" in program.stderr
    assert "pip install -r requirements.txt" in program.stderr


def test_without_tkinter_one_sentence_says_what_to_install() -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == '_tkinter' else find(name, package)\n"
        "import main; sys.argv = ['main.py']; sys.exit(main.main())"
    )
    program = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 2
    assert "python3-tk" in program.stderr
    assert "Traceback" not in program.stderr


def test_without_a_display_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "main.py", "--data-dir", str(tmp_path)]
    program = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert program.returncode == 1
    assert "main.py console" in program.stderr
