"""Encrypted MQTT Chat: `python main.py` opens the window, `python main.py --help` lists everything else."""

import importlib.util
import sys

NEEDED = ("paho", "cryptography", "colorama", "msgspec", "PIL", "platformdirs", "zxcvbn", "xkcdpass", "truststore", "confusable_homoglyphs")
NO_TKINTER = (
    "The window needs tkinter, which this Python lacks. Install it (Debian and Ubuntu: sudo apt install python3-tk; Fedora: "
    "sudo dnf install python3-tkinter; macOS with Homebrew: brew install python-tk), or use: python main.py console"
)


def complaint() -> str:
    """What is missing before anything can start, as one sentence; "" if nothing is."""
    if sys.version_info < (3, 11):  # noqa: UP036
        return f"This program needs Python 3.11 or newer; this is {sys.version.split()[0]}."
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return f"Packages are missing ({', '.join(missing)}). Install them with: {sys.executable} -m pip install -r requirements.txt"
    return ""


def main() -> int:
    if sentence := complaint():
        print(sentence, file=sys.stderr)
        return 2
    from chat.command_line import run

    return run(sys.argv[1:], NO_TKINTER)


if __name__ == "__main__":
    sys.exit(main())
