"""The fields that say where a room is: broker, topic, and how the broker and this computer prove who they are."""

import tkinter as tk
from dataclasses import dataclass, replace
from pathlib import Path

from chat.address import BrokerAddress, normalise_topic
from chat.config import Settings
from chat.errors import EntryError
from chat.window.form import Field
from chat.window.paint import Paint
from chat.window.theme import Theme


@dataclass(frozen=True, slots=True)
class Place:
    """Checked entries: the address and topic, the same as settings, and the broker's password (None: keep the stored one)."""

    broker: BrokerAddress
    topic: str
    settings: Settings
    password: str | None


class PlaceForm(tk.Frame):
    """Used by the login window and the settings dialog."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, settings: Settings) -> None:
        super().__init__(parent, bg=theme.palette.background)
        self._settings = settings
        files = {"is_file": True}
        self.fields = {
            "broker": Field(self, theme, paint, "Broker", settings.broker),
            "topic": Field(self, theme, paint, "Topic", settings.topic),
            "password": Field(
                self, theme, paint, "Broker password (only if the address has a user@; empty keeps the stored one)", secret=True
            ),
            "ca_file": Field(self, theme, paint, "CA file (only if the broker has its own CA)", settings.ca_file, **files),
            "certificate": Field(self, theme, paint, "Client certificate (only if the broker wants one)", settings.certificate, **files),
            "key_file": Field(self, theme, paint, "Key of the client certificate", settings.key_file, **files),
        }
        for field in self.fields.values():
            field.pack(fill="x")

    def read(self) -> Place:
        """Check the entries. Raises `EntryError` with the field at fault."""
        values = {name: field.value.strip() for name, field in self.fields.items() if name != "password"}
        settings = replace(self._settings, **values)
        topic = normalise_topic(settings.topic)
        address = settings.address()
        password = self.fields["password"].value
        if password and not address.user:
            raise EntryError("broker", "A password needs a user: write the address like mqtts://user@broker.example.org.")
        files = {name: str(Path(values[name]).expanduser()) if values[name] else "" for name in ("ca_file", "certificate", "key_file")}
        return Place(address, topic, replace(settings, topic=topic, **files), password or None)

    def host_here(self, url: str) -> None:
        """Fill in a broker that runs on this computer."""
        self.fields["broker"].set(url)

    def enable(self, enabled: bool) -> None:
        """Whether one can type."""
        for field in self.fields.values():
            field.enable(enabled)
