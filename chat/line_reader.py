"""Lines from a keyboard or a pipe, read on a thread of their own, because nothing else can wait for a line and for events.

At a terminal with readline there is a prompt with editing, and `above` keeps what is being typed whole while messages arrive.
"""

import contextlib
import getpass
import os
import shutil
import sys
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, TextIO

PROMPT: Final = "> "
LINES_AHEAD: Final = 64
"""How many lines are read before the first of them was taken; a pipe's writer then waits."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line without its end; None after the last one."""

    line: str | None


class LineReader:
    """Gives each line of `source` to `put`, on its own thread. Whoever takes one says so with `taken`."""

    def __init__(self, source: TextIO, put: Callable[[Typed], None]) -> None:
        self._source = source
        self._put = put
        self.interactive = source.isatty()
        self._readline = _readline() if self.interactive and source is sys.stdin and sys.stdout.isatty() else None
        # The next prompt waits for the last line, or it could take the terminal over again after the end.
        self._ahead = threading.Semaphore(1 if self._readline else LINES_AHEAD)
        self._prompting = False
        self._terminal: list[Any] | None = None
        self._hidden = threading.Event()
        self.started = False

    def start(self) -> None:
        self.started = True
        self._terminal = _terminal_state(self._source) if self._readline else None
        threading.Thread(target=self._run, name="line reader", daemon=True).start()

    def taken(self) -> None:
        """A line was dealt with."""
        self._ahead.release()

    def hide_next(self) -> None:
        """The next line is a secret: at a prompt it is not shown while it is typed."""
        self._hidden.set()

    def above(self, text: str) -> str:
        """What to write so that `text` stands on lines of its own, above the line being typed."""
        if not self._prompting or self._readline is None:
            return f"{text}\n"
        typed = PROMPT + self._readline.get_line_buffer()
        rows = _columns(typed) // max(1, shutil.get_terminal_size().columns)
        up = f"\x1b[{rows}A" if rows else ""
        return f"{up}\r\x1b[J{text}\n{typed}"

    def close(self) -> None:
        """Leave the terminal as it was found. The thread may still wait for a line; it ends with the program."""
        if self._terminal is None:
            return
        import termios

        with contextlib.suppress(termios.error, ValueError):
            termios.tcsetattr(self._source.fileno(), termios.TCSADRAIN, self._terminal)
        if self._prompting:
            # readline had switched bracketed paste on.
            sys.stdout.write("\r\n" if os.environ.get("TERM") == "dumb" else "\x1b[?2004l\r\x1b[J")
            sys.stdout.flush()

    def _run(self) -> None:
        if self._readline is not None:
            self._readline.set_pre_input_hook(self._begin_prompting)
            self._read_prompted()
        else:
            self._read_plain()
        self._put(Typed(None))

    def _begin_prompting(self) -> None:
        self._prompting = True

    def _read_prompted(self) -> None:
        while True:
            self._ahead.acquire()
            try:
                line = getpass.getpass(PROMPT) if self._hidden.is_set() else input(PROMPT)
                self._hidden.clear()
            except EOFError:
                return
            finally:
                self._prompting = False
            self._put(Typed(line))

    def _read_plain(self) -> None:
        # A reader of its own: Python can end with a fatal error while a thread still waits inside that of sys.stdin.
        with open(self._source.fileno(), encoding="utf-8", errors="replace", closefd=False) as lines:
            for line in lines:
                self._ahead.acquire()
                self._put(Typed(line.rstrip("\n")))


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:
        return None
    return readline if hasattr(readline, "set_pre_input_hook") else None


def _terminal_state(source: TextIO) -> list[Any] | None:
    try:
        import termios
    except ImportError:
        return None
    try:
        return termios.tcgetattr(source.fileno())
    except termios.error:
        return None


def _columns(text: str) -> int:
    return sum(0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
