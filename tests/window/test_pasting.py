"""Pictures on the clipboard, put there by another program."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from chat.window.pasting import clipboard_picture
from tests.brokers import wait_until
from tests.window.conftest import Bench


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.effect_noise((60, 40), 90).save(tmp_path / "p.png")
    return tmp_path / "p.png"


@pytest.fixture
def owner(screen: str, picture: Path) -> Iterator[None]:
    """Another program that has a picture on the clipboard."""
    command = ["xclip", "-selection", "clipboard", "-quiet", "-t", "image/png", "-i", str(picture)]
    program = subprocess.Popen(command, env=os.environ | {"DISPLAY": screen}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    program.kill()
    program.wait()


@pytest.mark.usefixtures("owner")
def test_a_picture_of_another_program(bench: Bench, picture: Path) -> None:
    wait_until(lambda: clipboard_picture(bench.root) is not None, 10, bench.look)
    assert clipboard_picture(bench.root) == picture.read_bytes()


def test_a_text_is_no_picture(bench: Bench) -> None:
    bench.root.clipboard_clear()
    assert clipboard_picture(bench.root) is None
    bench.root.clipboard_append("0x89 0x50 0x4e 0x47")
    assert clipboard_picture(bench.root) is None
