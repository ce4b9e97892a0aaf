"""`python main.py demo`, as a newcomer starts it: two windows come, and nothing is left when it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.brokers import wait_until

ROOT = Path(__file__).parent.parent


def windows(screen: str) -> list[str]:
    found = subprocess.run(
        ["xdotool", "search", "--name", "^demo"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DISPLAY": screen},
    )
    return found.stdout.split()


def children(process: int) -> set[int]:
    return {int(child) for task in Path(f"/proc/{process}/task").glob("*/children") for child in task.read_text().split()}


@pytest.mark.parametrize("ending", ["signal", "window"])
def test_two_windows_come_and_nothing_is_left(screen: str, tmp_path: Path, ending: str) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path / "home")}
    demo = subprocess.Popen([sys.executable, "main.py", "demo"], cwd=ROOT, env=environment)
    wait_until(lambda: len(windows(screen)) == 2, 30)
    helpers = children(demo.pid)
    assert len(helpers) == 3
    if ending == "signal":
        demo.send_signal(signal.SIGINT)
    else:
        subprocess.run(["xdotool", "windowkill", windows(screen)[0]], check=True, env=os.environ | {"DISPLAY": screen})
    demo.wait(10)
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in helpers))
    assert windows(screen) == []
    assert list(tmp_path.iterdir()) == []
    assert not list(Path(tempfile.gettempdir()).glob("mqtt-chat-demo-*"))
