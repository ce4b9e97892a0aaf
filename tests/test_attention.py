"""Real windows through a real broker: what is said where nobody looks is told, and nothing else. The desktop is tested by itself."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.address import parse_broker
from chat.alerts import Alert
from chat.attention import Attention
from chat.config import load_settings
from chat.events import JoinBeside
from chat.rooms import Rooms, is_in_front
from chat.window.switch import Switch
from tests.brokers import Mosquitto
from tests.people import People, Person
from tests.windows import Window

OTHER = "glacier mitten harbour sunset oak"

pytestmark = pytest.mark.usefixtures("screen")


class Ada:
    """A window in two rooms, of which the second shows; Bob is in the first."""

    def __init__(self, window: Window, bob: Person, url: str) -> None:
        self.window, self.bob = window, bob
        self.bells = 0
        window.log_in("Ada")
        window.client._post(JoinBeside(parse_broker(url), "climbing", "Ada", OTHER))
        window.wait(lambda: len(self.rooms.listed) == 2, 30)
        self.home, self.climbing = (room.room for room in self.rooms.listed)
        self.rooms.choose(self.climbing)
        window.wait(lambda: "You are in climbing" in window.notices())
        window.client.root.bell = self._ring  # type: ignore[method-assign, assignment]
        bob.wait_for_online("Ada")

    def _ring(self) -> None:
        self.bells += 1

    @property
    def rooms(self) -> Rooms:
        assert self.window.client.rooms is not None
        return self.window.client.rooms

    @property
    def attention(self) -> Attention:
        assert self.window.client._attention is not None
        return self.window.client._attention

    def toast(self) -> list[str]:
        """The texts of the toast that shows."""
        toast = self.attention.toast
        if toast is None or not toast.winfo_exists() or not toast.winfo_ismapped():
            return []
        canvas, call = toast._canvas, toast.tk.call
        return [str(call(canvas, "itemcget", item, "-text")) for item in canvas.find_all() if str(canvas.type(item)) == "text"][:-1]

    def unread(self) -> int:
        return next(room.unread for room in self.rooms.listed if room.room == self.home)

    def look_away(self) -> tk.Tk:
        """Another program gets the focus."""
        other = tk.Tk()
        other.update()
        other.focus_force()
        other.update()
        self.window.wait(lambda: not is_in_front(self.window.client.root))
        return other


@pytest.fixture
def ada(broker: Mosquitto, people: People, tmp_path: Path) -> Iterator[Ada]:
    window = Window(tmp_path / "a", broker.url(), tmp_path.name)
    yield Ada(window, people("Bob"), broker.url())
    window.close()


def test_another_room_is_told_of_and_a_click_leads_there(ada: Ada) -> None:
    view = ada.window.client.view
    assert view is not None
    ada.window.focus(view.composer.text)
    ada.bob.say("dinner?\nat eight")
    ada.window.wait(lambda: ada.toast()[-2:] == ["Bob:", "dinner?"])
    assert ada.bells == 1
    assert ada.window.client.root.focus_get() is view.composer.text
    assert ada.attention.toast is not None
    ada.attention.toast._canvas.event_generate("<Button-1>", x=100, y=30)
    ada.window.wait(lambda: ada.rooms.current == ada.home and ada.window.texts() == ["dinner?\nat eight"])
    assert ada.toast() == []


def test_the_room_that_one_looks_at_is_silent(ada: Ada) -> None:
    ada.rooms.choose(ada.home)
    assert ada.window.client.view is not None
    ada.window.focus(ada.window.client.view.composer.text)
    ada.bob.say("here")
    ada.window.wait(lambda: ada.window.texts() == ["here"])
    ada.window.look()
    assert (ada.toast(), ada.bells) == ([], 0)


def test_the_room_that_shows_is_told_of_when_another_program_is_in_front(ada: Ada) -> None:
    ada.rooms.choose(ada.home)
    other = ada.look_away()
    ada.bob.say("are you there?")
    ada.window.wait(lambda: ada.toast()[-2:] == ["Bob:", "are you there?"])
    other.destroy()
    ada.window.focus(ada.window.client.root)
    ada.window.wait(lambda: ada.toast() == [])


def test_a_muted_room_is_silent_even_when_one_is_spoken_to(ada: Ada) -> None:
    sidebar = ada.rooms.frame.sidebar
    ada.window.focus(sidebar.canvas)
    ada.window.press("<Home>")
    ada.window.press("<Shift-F10>")
    sidebar.menu.invoke(0)
    sidebar.menu.unpost()
    ada.window.wait(lambda: ada.rooms.listed[0].muted)
    ada.bob.say("@Ada look")
    ada.window.wait(lambda: ada.unread() == 1)
    ada.window.look()
    assert (ada.toast(), ada.bells) == ([], 0)
    assert ada.window.client.root.title().startswith("climbing")
    ada.rooms.mute(ada.home, False)
    ada.window.wait(lambda: ada.window.client.root.title().startswith("(1) climbing"))
    ada.bob.say("and now")
    ada.window.wait(lambda: ada.toast()[-2:] == ["Bob:", "and now"])


def test_what_the_settings_say(ada: Ada, tmp_path: Path) -> None:
    client = ada.window.client
    client.open_settings()
    assert client.dialog is not None
    client.dialog.show("Notifications")
    ada.window.look()
    for choice in switches(client.dialog)[1:]:
        choice.event_generate("<Button-1>")
        ada.window.look()
    client.dialog.destroy()
    saved = load_settings(tmp_path / "a" / "settings.toml")
    assert (saved.notify, saved.previews, saved.sound, saved.typing) == (True, False, False, True)
    ada.bob.say("a secret")
    ada.window.wait(lambda: ada.toast() == ["Encrypted MQTT Chat", "New message"])
    assert ada.bells == 0


def switches(widget: tk.Misc) -> list[tk.Misc]:
    """Those that show, from above."""
    if isinstance(widget, Switch):
        return [widget] if widget.winfo_ismapped() else []
    return [found for child in widget.winfo_children() for found in switches(child)]


def test_a_toast_goes_with_a_change_of_look_and_the_next_one_comes(ada: Ada) -> None:
    ada.bob.say("one")
    ada.window.wait(ada.toast)
    ada.window.client._change_look(ada.window.client.settings)
    assert ada.toast() == []
    ada.bob.say("two")
    ada.window.wait(lambda: ada.toast()[-2:] == ["Bob:", "two"])


def test_what_a_desktop_notification_leads_to(ada: Ada) -> None:
    ada.attention._answers.put("a room that was left")
    ada.attention._answers.put(ada.home)
    ada.window.wait(lambda: ada.rooms.current == ada.home)
    ada.attention._answers.put(Alert("a room that was left", "gone", "", "New message", bell=False))
    ada.window.wait(ada.toast)
    assert ada.attention.toast is not None
    ada.attention.toast._canvas.event_generate("<Button-1>", x=100, y=30)
    ada.window.look()
    assert ada.rooms.current == ada.home
