"""Notifications on a real D-Bus with a small notification service, and without either."""

import asyncio
import gc
import importlib.util
import queue
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.alerts import Alert
from chat.desktop import Desktop
from tests.brokers import wait_until

needs_bus = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None or importlib.util.find_spec("desktop_notifier") is None,
    reason="needs D-Bus and desktop-notifier",
)

NAME = "org.freedesktop.Notifications"
INTERFACE = f"""<node><interface name="{NAME}">
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation">{4 * '<arg type="s" direction="out"/>'}</method>
<method name="Notify">{"".join(f'<arg type="{type_}" direction="in"/>' for type_ in ("s", "u", "s", "s", "s", "as", "a{sv}", "i"))}
<arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""


def alert(text: str, room: str = "home", name: str = "Bob") -> Alert:
    return Alert(room, "family", name, text, bell=False)


class Told:
    """What a `Desktop` told."""

    def __init__(self) -> None:
        self.chosen: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.refused: queue.SimpleQueue[Alert] = queue.SimpleQueue()
        self.desktop = Desktop(self.chosen.put, self.refused.put)


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    yield told
    told.desktop.close()
    wait_until(lambda: not any(thread.name == "notifications" for thread in threading.enumerate()), 10)
    del told
    # The package never closes its connection to the bus.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A message bus of this test alone."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address=unix:path={tmp_path / 'bus'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
        daemon.terminate()


class Service:
    """The part of a desktop that shows notifications (Desktop Notifications Specification 1.2)."""

    def __init__(self, address: str, *, answers: bool = True) -> None:
        self.shown: list[tuple[int, str, str]] = []
        """Number, title and body."""
        self.closed: list[int] = []
        self.ignored = 0
        self._answers = answers
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(address)))
        self._thread.start()
        assert self._ready.wait(20)

    def click(self, number: int) -> None:
        self._loop.call_soon_threadsafe(self._signal, number)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self, address: str) -> None:
        from dbus_fast.aio import MessageBus
        from dbus_fast.message import Message

        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        bus: Any = await MessageBus(bus_address=address).connect()
        self._signal = lambda number: bus.send(
            Message.new_signal(f"/{NAME.replace('.', '/')}", NAME, "ActionInvoked", "us", [number, "default"])
        )
        bus.add_message_handler(self._handle)
        await bus.request_name(NAME)
        self._ready.set()
        await self._over.wait()
        bus.disconnect()
        await bus.wait_for_disconnect()

    def _handle(self, message: Any) -> Any:
        from dbus_fast.message import Message

        if message.member == "Introspect":
            return Message.new_method_return(message, "s", [INTERFACE])
        if message.interface != NAME:
            return None
        if not self._answers:
            # Taken, and never answered.
            self.ignored += 1
            return True
        match message.member, message.body:
            case "GetServerInformation", _:
                return Message.new_method_return(message, "ssss", ["test", "test", "1", "1.2"])
            case "GetCapabilities", _:
                return Message.new_method_return(message, "as", [["body", "body-markup", "actions"]])
            case "Notify", [_, _, _, title, body, *_]:
                self.shown.append((len(self.shown) + 1, title, body))
                return Message.new_method_return(message, "u", [len(self.shown)])
            case "CloseNotification", [number]:
                self.closed.append(number)
                return Message.new_method_return(message, "", [])
        return None


@pytest.fixture
def service(bus: str) -> Iterator[Service]:
    service = Service(bus)
    yield service
    service.close()


@needs_bus
def test_the_desktop_shows_a_message_and_a_click_leads_to_its_room(service: Service, told: Told) -> None:
    def click() -> None:
        service.click(1)
        time.sleep(0.05)

    told.desktop.show(alert("dinner?"))
    wait_until(lambda: service.shown, 20)
    assert service.shown == [(1, "family", "Bob: dinner?")]
    # The first click may come before the package knows by which number the desktop calls it.
    wait_until(lambda: told.chosen.qsize() == 1, 20, click)
    assert told.chosen.get() == "home"
    assert told.refused.empty()


@needs_bus
def test_nothing_that_somebody_says_is_markup(service: Service, told: Told) -> None:
    told.desktop.show(alert('<a href="http://x">press</a> & <img src="file:///etc/passwd"/>', name="<b>Bob</b>"))
    wait_until(lambda: service.shown, 20)
    body = service.shown[0][2]
    assert body == ('&lt;b&gt;Bob&lt;/b&gt;: &lt;a href="http://x"&gt;press&lt;/a&gt; &amp; &lt;img src="file:///etc/passwd"/&gt;')


@needs_bus
def test_the_newest_of_a_room_takes_the_place_of_the_one_before(service: Service, told: Told) -> None:
    for text, room in (("one", "home"), ("other", "work"), ("two", "home")):
        told.desktop.show(alert(text, room))
    wait_until(lambda: service.closed, 20)
    assert [shown[0] for shown in service.shown] == [1, 2, 3]
    assert service.closed == [1]


@needs_bus
def test_what_was_read_meanwhile_goes(service: Service, told: Told) -> None:
    told.desktop.show(alert("one"))
    told.desktop.withdraw("work")
    told.desktop.withdraw("home")
    wait_until(lambda: service.closed, 20)
    assert service.closed == [1]


@needs_bus
def test_a_bus_without_a_desktop_refuses(bus: str, told: Told) -> None:
    assert bus
    first, second = alert("one"), alert("two")
    told.desktop.show(first)
    told.desktop.show(second)
    wait_until(lambda: told.refused.qsize() == 2, 20)
    assert [told.refused.get(), told.refused.get()] == [first, second]


@needs_bus
def test_a_desktop_that_does_not_answer_is_given_up(bus: str, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.desktop.ANSWER_SECONDS", 0.2)
    silent = Service(bus, answers=False)
    told.desktop.show(alert("one"))
    wait_until(lambda: told.refused.qsize() == 1, 20)
    silent.close()


@needs_bus
def test_closing_does_not_wait_for_a_desktop_that_does_not_answer(bus: str, told: Told) -> None:
    silent = Service(bus, answers=False)
    told.desktop.show(alert("one"))
    wait_until(lambda: silent.ignored, 20)
    told.desktop.close()
    wait_until(lambda: not any(thread.name == "notifications" for thread in threading.enumerate()), 5)
    silent.close()


def test_without_a_bus_it_refuses_quietly(told: Told, capfd: pytest.CaptureFixture[str]) -> None:
    told.desktop.show(alert("one"))
    wait_until(lambda: told.refused.qsize() == 1, 20)
    assert told.refused.get() == alert("one")
    assert capfd.readouterr() == ("", "")


def test_without_the_package_it_refuses(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "desktop_notifier", None)
    told.desktop.show(alert("one"))
    wait_until(lambda: told.refused.qsize() == 1, 20)


def test_what_was_never_used_needs_no_thread(told: Told) -> None:
    told.desktop.withdraw("home")
    told.desktop.close()
    assert told.desktop._thread is None
