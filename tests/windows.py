"""Real windows in this process, driven as a person drives them: by keys and clicks."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from chat.client import ChatClient
from chat.config import Places, Settings
from chat.window.controls import Button
from tests.brokers import wait_until
from tests.people import PASSPHRASE


class Window:
    """A ChatClient; whatever fails in one of its callbacks fails the test."""

    def __init__(self, folder: Path, url: str, topic: str, name: str = "") -> None:
        self.failures: list[object] = []
        self.client = ChatClient(Settings(broker=url, topic=topic, username=name, theme="light"), Places(folder / "settings.toml", folder))
        self.client.root.report_callback_exception = lambda *failure: self.failures.append(failure)
        self.client.root.update()
        self.gone = False
        self.client.root.bind("<Destroy>", self._destroyed, add=True)

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        self.gone = self.gone or event.widget is self.client.root

    def look(self) -> None:
        if not self.gone:
            self.client.root.update()

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        wait_until(condition, seconds, self.look)
        assert self.failures == []

    def focus(self, widget: tk.Misc) -> tk.Misc:
        widget.focus_force()
        self.look()
        return widget

    def type(self, text: str) -> None:
        """Press the keys of a text in whatever has the focus."""
        for sign in text:
            key = {" ": "space", "\n": "Return", "\t": "Tab", ",": "comma", ".": "period", "'": "apostrophe"}.get(sign, sign)
            self.press(f"<Key-{key}>")

    def press(self, key: str) -> None:
        widget = self.client.root.focus_get()
        assert widget is not None
        widget.event_generate(key)
        self.look()

    def log_in(self, name: str, passphrase: str = PASSPHRASE) -> None:
        """As a person does: username, Tab, passphrase, Return."""
        assert self.client.login is not None
        self.focus(self.client.login.username.entry)
        self.type(name)
        self.press("<Tab>")
        self.type(f"{passphrase}\n")
        self.wait(lambda: self.client.view is not None)
        self.wait(lambda: self.link() == "●  Connected")
        assert self.client.view is not None
        self.focus(self.client.view.composer.text)

    def link(self) -> str:
        assert self.client.view is not None
        return str(self.client.view.header._pill["text"])

    def texts(self) -> list[str]:
        """The messages that are shown, in order."""
        if self.client.view is None:
            return []
        return [row.message.text for row in self.client.view.transcript.rows if row.message]

    def notices(self) -> str:
        assert self.client.view is not None
        return "\n".join(row.text for row in self.client.view.transcript.rows if row.kind == "notice")

    def members(self) -> dict[str, bool]:
        assert self.client.view is not None
        return {member.name: member.online for member in self.client.view.members._members}

    def button(self, words: str) -> Button:
        """The button with these words, wherever it is."""

        def search(widget: tk.Misc) -> Button | None:
            for child in widget.winfo_children():
                if isinstance(child, Button) and child["text"] == words:
                    return child
                if (found := search(child)) is not None:
                    return found
            return None

        found = search(self.client.root)
        assert found is not None, words
        return found

    def close(self) -> None:
        """Close it as the window manager does."""
        if not self.gone:
            self.client.close()
            self.wait(lambda: self.gone, 5)
        assert self.failures == []


Open = Callable[..., Window]
"""Opens a window: the name of its folder, and maybe `url` and `name`."""
