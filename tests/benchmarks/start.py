"""From starting Python to the first complete window on the screen."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.table import Figure

RUNS = 9
ROOT = Path(__file__).parent.parent.parent
BARE = """
import tkinter as tk
from PIL import Image, ImageTk
root = tk.Tk()
picture = ImageTk.PhotoImage(Image.new("RGB", (60, 60), "#3E63DD"))
tk.Label(root, image=picture).pack()
tk.Entry(root).pack()
root.update()
"""
LOGIN = """
import sys
from pathlib import Path
import main
from chat.command_line import _parser
from chat.config import find_places, load_settings
from chat.client import ChatClient
places = find_places(Path(sys.argv[1]))
main.complaint()
client = ChatClient(load_settings(places.settings), places)
client.root.update()
"""
END = "import os; os._exit(0)\n"


def first_window(folder: Path) -> list[Figure]:
    """Cold start to the login window, beside a window with one picture and one entry."""
    # Compiled modules are used as at a person's second start, whatever this environment says about writing them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    ours, bare = [], []
    for _ in range(RUNS + 1):
        ours.append(_seconds(environment, LOGIN, str(folder / "start")))
        bare.append(_seconds(environment, BARE))
    del ours[0], bare[0]
    return [
        Figure(
            "start to the login window", 1000 * statistics.median(ours), 1000 * statistics.median(bare), "ms", "a bare Tk and Pillow window"
        )
    ]


def _seconds(environment: dict[str, str], code: str, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code + END, *arguments], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - started
