"""The program as a person starts it: `main.py` in a process of its own, on pipes or on a terminal."""

import contextlib
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from tests.brokers import wait_until

ROOT = Path(__file__).parent.parent


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


class Terminal:
    """`main.py console` on a terminal of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.main, self.other = pty.openpty()
        self.mode = termios.tcgetattr(self.other)
        command = [sys.executable, "main.py", "console", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=self.other, stdout=self.other, stderr=self.other, start_new_session=True, env=os.environ | environment
        )
        os.set_blocking(self.main, False)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.main, text.encode())

    def look(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.seen += os.read(self.main, 65536).decode(errors="replace")

    def wait_for(self, pattern: str) -> None:
        try:
            wait_until(lambda: re.search(pattern, self.seen), 20, self.look)
        except AssertionError:
            raise AssertionError(f"{pattern!r} did not come; what came: {self.seen!r}") from None

    def end(self) -> int:
        """Wait for the program's end; the terminal must be as it was."""
        wait_until(lambda: self.process.poll() is not None, 10, self.look)
        assert termios.tcgetattr(self.other) == self.mode
        return self.process.returncode
