"""Shows a file in the desktop's file manager. The file itself is never opened."""

import subprocess
import sys
import threading
from pathlib import Path


def show_in_folder(path: Path) -> None:
    """Show where a file is, without waiting for the program that does."""
    threading.Thread(target=_show, args=(path,), name="folder", daemon=True).start()


def _show(path: Path) -> None:
    for command in _commands(path):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0:
            return


def _commands(path: Path) -> list[list[str]]:
    """What to try, one after the other."""
    if sys.platform == "win32":
        return [["explorer", f"/select,{path}"]]
    if sys.platform == "darwin":
        return [["open", "-R", str(path)]]
    name, place = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"
    bus = ["gdbus", "call", "--session", "--dest", name, "--object-path", place, "--method", f"{name}.ShowItems"]
    return [[*bus, f"['{path.as_uri()}']", ""], ["xdg-open", str(path.parent)]]
