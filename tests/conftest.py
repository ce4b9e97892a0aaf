"""What many tests share: brokers, a screen, and folders that are not the user's own."""

import gc
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from chat import words
from tests.brokers import Mosquitto
from tests.people import People, Person
from tests.screens import virtual_screen
from tests.windows import Open, Window

# A busy machine is no defect.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Let a window's objects die on the thread that made them: Tk ends the process when another one collects them."""
    handled = yield
    if "screen" in getattr(item, "fixturenames", ()):
        gc.collect()
    return handled


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test, and every process that a test starts, away from the user's settings, data, passphrase and language."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        patch.setenv(name, str(home / name.lower()))
    # Nor may a test show anything on the user's desktop.
    patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={home / 'no bus'}")
    for name in ("MQTT_CHAT_PASSPHRASE", "MQTT_CHAT_BROKER_PASSWORD", "NO_COLOR", "DISPLAY"):
        patch.delenv(name, raising=False)
    patch.setenv("LANGUAGE", "en")
    words.speak("system")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def screen(_own_folders: None) -> Iterator[str]:
    """A virtual screen for all tests; its name is in DISPLAY."""
    with virtual_screen() as name:
        yield name


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


@pytest.fixture
def people(broker: Mosquitto, tmp_path: Path) -> Iterator[People]:
    """Let people in; they leave when the test ends."""
    here: list[Person] = []

    def enter(name: str, topic: str = "", url: str = "", **options: str) -> Person:
        person = Person(tmp_path, url or broker.url(), topic or tmp_path.name, name, **options)
        here.append(person)
        return person

    yield enter
    for person in here:
        person.close()


@pytest.fixture
def open_window(screen: str, broker: Mosquitto, tmp_path: Path) -> Iterator[Open]:  # noqa: ARG001 (it has to be there first)
    """Open a window of the program with a folder of its own."""
    windows: list[Window] = []

    def make(folder: str, url: str = "", name: str = "") -> Window:
        window = Window(tmp_path / folder, url or broker.url(), tmp_path.name, name)
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()
