"""An old libXft never gets to see a font in colour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chat.window import colour_fonts
from chat.window.colour_fonts import SAFE, leave_out_colour_fonts, xft_version

FAMILIES = """
import pathlib, sys, tkinter.font
from chat.client import ChatClient
from chat.config import find_places, load_settings
from chat.window import colour_fonts
colour_fonts.xft_version = lambda: {version}
places = find_places(pathlib.Path(sys.argv[1]))
client = ChatClient(load_settings(places.settings), places)
print("\\n".join(sorted(set(tkinter.font.families(client.root)))))
client.root.destroy()
"""


def families(version: tuple[int, ...], folder: Path) -> set[str]:
    environment = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    command = [sys.executable, "-c", FAMILIES.format(version=version), str(folder)]
    found = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=True)
    return set(found.stdout.splitlines())


@pytest.mark.usefixtures("screen")
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Tk uses libXft on X11 only")
def test_with_an_old_libxft_only_the_fonts_in_colour_are_gone(tmp_path: Path) -> None:
    every, plain = families(SAFE, tmp_path), families((2, 3, 4), tmp_path)
    assert "Noto Color Emoji" in every
    assert every - plain == {family for family in every if "Color" in family}
    assert plain


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Tk uses libXft on X11 only")
@pytest.mark.parametrize(
    ("version", "chosen", "left_out"), [(SAFE, "", False), ((2, 3, 4), "", True), ((), "", True), ((2, 3, 4), "mine", False)]
)
def test_nothing_is_left_out_without_need(monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], chosen: str, left_out: bool) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", chosen)
    if not chosen:
        monkeypatch.delenv("FONTCONFIG_FILE")
    monkeypatch.setattr(colour_fonts, "xft_version", lambda: version)
    leave_out_colour_fonts()
    assert ("FONTCONFIG_FILE" in os.environ) == (left_out or bool(chosen))
    assert os.environ.get("FONTCONFIG_FILE", chosen) == (str(colour_fonts._WITHOUT_COLOUR) if left_out else chosen)


def test_the_version_is_that_of_the_library_in_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded = tmp_path / "maps"
    monkeypatch.setattr(colour_fonts, "_LOADED", loaded)
    assert xft_version() == ()
    loaded.write_text(
        "7f00-7f10 r-xp 00000000 08:01 12 /usr/lib/libtk8.6.so\n7f20-7f30 r-xp 00000000 08:01 13 /usr/lib/libXft.so.2.3.10\n7f40\n"
    )
    assert xft_version() == (2, 3, 10)
    loaded.write_text("7f00-7f10 r-xp 00000000 08:01 12 /usr/lib/libtk8.6.so\n")
    assert xft_version() == ()
