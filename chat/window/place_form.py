"""The fields that say where a room is: broker, topic, and how the broker and this computer prove who they are."""

import tkinter as tk
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chat.address import BrokerAddress, normalise_topic
from chat.config import Settings
from chat.errors import EntryError
from chat.window.form import Field
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _


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
            "broker": Field(self, theme, paint, _("Broker"), settings.broker),
            "topic": Field(self, theme, paint, _("Topic"), settings.topic),
            "password": Field(self, theme, paint, _("Broker password"), secret=True),
            "ca_file": Field(self, theme, paint, _("CA file, if the broker has a CA of its own"), settings.ca_file, **files),
            "certificate": Field(self, theme, paint, _("Client certificate"), settings.certificate, **files),
            "key_file": Field(self, theme, paint, _("Its key"), settings.key_file, **files),
        }
        # Two columns, so that the unfolded login window fits a screen of 768 lines.
        self.columnconfigure((0, 1), weight=1, uniform="half")
        for row, names in enumerate((("broker",), ("topic", "password"), ("ca_file",), ("certificate", "key_file"))):
            for column, name in enumerate(names):
                gap = (0, theme.px(5)) if len(names) > 1 and column == 0 else (theme.px(5), 0) if column else 0
                self.fields[name].grid(row=row, column=column, columnspan=3 - len(names), sticky="new", padx=gap)

    def read(self) -> Place:
        """Check the entries. Raises `EntryError` with the field at fault."""
        values: dict[str, Any] = {name: field.value.strip() for name, field in self.fields.items() if name != "password"}
        settings = replace(self._settings, **values)
        topic = normalise_topic(settings.topic)
        address = settings.address()
        password = self.fields["password"].value
        if password and not address.user:
            raise EntryError("broker", _("A password needs a user: write the address like mqtts://user@broker.example.org."))
        files: dict[str, Any] = {
            name: str(Path(values[name]).expanduser()) if values[name] else "" for name in ("ca_file", "certificate", "key_file")
        }
        return Place(address, topic, replace(settings, topic=topic, **files), password or None)

    def host_here(self, url: str) -> None:
        """Fill in a broker that runs on this computer."""
        self.fields["broker"].set(url)

    def enable(self, enabled: bool) -> None:
        """Whether one can type."""
        for field in self.fields.values():
            field.enable(enabled)
