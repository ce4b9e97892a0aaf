"""What many tests share: brokers, a screen, and folders that are not the user's own."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.brokers import Mosquitto


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test, and every process that a test starts, away from the user's settings, data and passphrase."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        patch.setenv(name, str(home / name.lower()))
    for name in ("MQTT_CHAT_PASSPHRASE", "MQTT_CHAT_BROKER_PASSWORD", "NO_COLOR", "DISPLAY"):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def screen(_own_folders: None) -> Iterator[str]:
    """A virtual screen of its own, whatever the machine has; its name is in DISPLAY."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.fail("Xvfb is not installed; tests/run installs it")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "2600x1700x24", "-dpi", "96", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.fail("Xvfb did not start")
    os.environ["DISPLAY"] = f":{number}"
    yield f":{number}"
    del os.environ["DISPLAY"]
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker for all tests that leave it running; each uses a topic of its own."""
    mosquitto = Mosquitto(tmp_path_factory.mktemp("broker"))
    mosquitto.start()
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start a broker for one test alone, with more lines of settings or another server certificate if it likes."""
    started: list[Mosquitto] = []

    def start(**options: object) -> Mosquitto:
        mosquitto = Mosquitto(tmp_path / f"broker-{len(started)}", **options)  # type: ignore[arg-type]
        mosquitto.start()
        started.append(mosquitto)
        return mosquitto

    yield start
    for mosquitto in started:
        mosquitto.stop()
