"""Encrypted MQTT Chat: `python main.py` opens the window, `python main.py --help` lists everything else."""

import importlib.util
import sys

from chat.words import _, marked

NEEDED = ("paho", "cryptography", "colorama", "msgspec", "PIL", "platformdirs", "zxcvbn", "xkcdpass", "truststore", "confusable_homoglyphs")
NO_TKINTER = marked(
    "The window needs tkinter, which this Python lacks. Install it (Debian and Ubuntu: sudo apt install python3-tk; Fedora: "
    "sudo dnf install python3-tkinter; macOS with Homebrew: brew install python-tk), or use: python main.py console"
)


def complaint() -> str:
    """What is missing before anything can start, as one sentence; "" if nothing is."""
    if sys.version_info < (3, 11):  # noqa: UP036
        return _("This program needs Python 3.11 or newer; this is {version}.").format(version=sys.version.split()[0])
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        command = f"{sys.executable} -m pip install -r requirements.txt"
        return _("Packages are missing ({names}). Install them with: {command}").format(names=", ".join(missing), command=command)
    return ""


def main() -> int:
    if sentence := complaint():
        print(sentence, file=sys.stderr)
        return 2
    from chat.command_line import run

    return run(sys.argv[1:], NO_TKINTER)


if __name__ == "__main__":
    sys.exit(main())
