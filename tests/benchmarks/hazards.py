"""How long does the window stand still for a text that is meant to do that? Every step on its way to the screen, and around there.

    python -m tests.benchmarks.hazards [scale in percent] [part of a hazard's name]

Each figure is the longest single turn of the event loop, in milliseconds, the best of three; `clean` is the cleaning alone,
and `all` what “Show all” does to as much of the text as a message can hold.
"""

import functools
import sys
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from chat.events import Delivery
from chat.protocol.limits import TEXT_BYTES
from chat.text import clean_text
from chat.window.chat_view import ChatView
from chat.window.font_files import FINDER
from chat.window.paint import Paint
from chat.window.theme import LIGHT, Theme
from tests.hazards import HAZARDS
from tests.screens import virtual_screen
from tests.window.samples import Asked, message

SIZE: Final = (900, 700)
SLOW: Final = 50.0
STEPS: Final = ("clean", "show", "scroll", "resize", "all", "name")
ROUNDS: Final = 3
_DONT_WAIT: Final = 2


class Window:
    """A window with one conversation, and the longest turn of its loop."""

    def __init__(self, scale: float) -> None:
        self.root = tk.Tk()
        self.scale = scale
        self.root.geometry(f"{round(SIZE[0] * scale)}x{round(SIZE[1] * scale)}+0+0")
        theme = Theme(self.root, LIGHT, scale)
        self.view = ChatView(self.root, theme, Paint(theme), Asked().wishes(), 1000)
        self.view.pack(fill="both", expand=True)
        self.view.transcript.call_me("Ada")
        self.longest()

    def longest(self, *asked: Callable[[], object]) -> float:
        """The longest of what is asked and of all turns of the loop up to when it has nothing more to do, in ms."""
        longest, idle_since = 0.0, time.perf_counter()
        waiting = list(asked)
        while waiting or time.perf_counter() - idle_since < 0.03:
            begun = time.perf_counter()
            if waiting:
                waiting.pop(0)()
            elif not self.root.tk.dooneevent(_DONT_WAIT):
                continue
            idle_since = time.perf_counter()
            longest = max(longest, idle_since - begun)
        return longest * 1000

    def steps(self, text: str) -> list[float]:
        """How long each of `STEPS` takes for one text."""
        transcript, wide = self.view.transcript, round(SIZE[0] * self.scale)
        begun = time.perf_counter()
        clean_text(text)
        clean = (time.perf_counter() - begun) * 1000
        others = [message(number, text, device="me" if number == 3 else "b0b", own=number == 3) for number in (2, 3)]
        show = self.longest(lambda: self.view.show_messages([(each, Delivery.AT_BROKER if each.own else None) for each in others]))
        scroll = self.longest(*[functools.partial(transcript.scroll, by) for by in (-60, -300, 300, 60) * 4])
        sizes = [f"{width}x{round(SIZE[1] * self.scale)}" for width in (wide * 3 // 4, wide)]
        resize = max(self.longest(functools.partial(self.root.geometry, size)) for size in sizes)
        received = text.encode(errors="replace")[:TEXT_BYTES].decode(errors="ignore")
        self.longest(transcript.clear, lambda: self.view.show_messages([(message(4, received), None)]))
        every = self.longest(*[functools.partial(transcript.open, row) for row in transcript.rows])
        named = replace(message(5, "hello", device="eve"), name=text)
        name = self.longest(lambda: self.view.show_messages([(named, None)]), lambda: self.view.show_typists([text]))
        self.longest(transcript.clear)
        return [clean, show, scroll, resize, every, name]

    def close(self) -> None:
        """End it."""
        self.root.destroy()


def main() -> None:
    """Print the table."""
    scale = float(sys.argv[1]) / 100 if len(sys.argv) > 1 else 1.0
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    FINDER.wait()
    width = max(map(len, HAZARDS))
    print(f"{'':{width}}  " + "  ".join(f"{step:>7}" for step in STEPS))
    for what, text in HAZARDS.items():
        if wanted not in what:
            continue
        rounds = []
        for _ in range(ROUNDS):
            # Another window each time: nothing is drawn or measured yet.
            window = Window(scale)
            rounds.append(window.steps(text))
            window.close()
        best = [min(times) for times in zip(*rounds, strict=True)]
        print(f"{what:{width}}  " + "  ".join(f"{time:7.1f}" for time in best) + ("  slow" if max(best) > SLOW else ""), flush=True)


if __name__ == "__main__":
    with virtual_screen():
        main()
