"""Going through the messages by keyboard, and what one can do there with the one that is selected."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.events import Message
from chat.window.message_menu import MessageMenu, MessageWishes
from chat.window.rows import Row, shown_text
from chat.window.selection import Selection
from chat.window.transcript import Transcript

SELECT_KEYS: Final = (("<Control-Up>", -1), ("<Control-Down>", 1))


class MessageKeys:
    """Gives a transcript its keys for single messages. `open_menu` opens the menu of a row that shows; `leave` goes back to writing."""

    def __init__(
        self, transcript: Transcript, wishes: MessageWishes, menu: MessageMenu,
        open_menu: Callable[[Row], object], leave: Callable[[], object],
    ) -> None:  # fmt: skip
        self._transcript, self._menu, self._open_menu, self._leave = transcript, menu, open_menu, leave
        for keys, step in SELECT_KEYS:
            transcript.bind(keys, lambda _, step=step: self.select(step))  # type: ignore[misc]
        transcript.bind("<Key-r>", lambda _: self._with_message(wishes.reply))
        transcript.bind(
            "<Key-e>", lambda _: self._with_message(lambda message: message.own and message.file is None and wishes.edit(message))
        )
        for keys in ("<Key-plus>", "<KP_Add>"):
            transcript.bind(keys, lambda _: self._with_message(wishes.more_emoji))
        transcript.bind("<Delete>", lambda _: self._ask_to_delete())
        transcript.bind("<Return>", lambda _: self._return())
        transcript.bind("<Shift-F10>", lambda _: self._open())
        system = transcript.tk.call("tk", "windowingsystem")
        if system != "aqua":
            transcript.bind("<Menu>" if system == "x11" else "<App>", lambda _: self._open())
        # By keyboard one must see where one came to.
        transcript.bind("<<TraverseIn>>", lambda _: self.select(0) if transcript.selection is None else None)

    def select(self, step: int) -> str:
        """Select the message before or after the one that is selected, whole; without one, the lowest that shows.

        After the last one comes the message box.
        """
        transcript = self._transcript
        selection, rows, shown = transcript.selection, transcript.rows, transcript.visible()
        if selection is not None:
            place = transcript.loaded.place_of(selection.other_row) + step
        else:
            place, step = transcript.loaded.place_of(shown[-1]) if shown else 0, -1
        while 0 <= place < len(rows) and not shown_text(rows[place])[0]:
            place += step
        if 0 <= place < len(rows):
            transcript.selection = Selection(rows[place], 0, rows[place], len(shown_text(rows[place])[0]))
            transcript.bring_into_view(rows[place])
        elif step > 0 and not transcript.loaded.more_after:
            self._leave()
        return "break"

    def _selected(self) -> Row | None:
        """The selected message, or the lowest that shows."""
        transcript = self._transcript
        shown = [row for row in transcript.visible() if row.message is not None]
        selected = transcript.selection.other_row if transcript.selection is not None else None
        return selected if selected in shown else shown[-1] if shown else None

    def _with_message(self, act: Callable[[Message], object]) -> str:
        row = self._selected()
        if row is not None and row.message is not None and not row.message.retracted and not row.message.newer:
            act(row.message)
        return "break"

    def _open(self) -> str:
        row = self._selected()
        if row is not None:
            self._open_menu(row)
        return "break"

    def _ask_to_delete(self) -> str:
        row = self._selected()
        if row is not None and row.message is not None and row.message.own:
            self._open_menu(row)
            self._menu.ask_to_delete()
        return "break"

    def _return(self) -> str:
        """Open the menu of the selected message; without one, show what the lowest row hides."""
        if self._transcript.selection is not None:
            return self._open()
        for row in reversed(self._transcript.visible()):
            if row.kind == "fold" or (row.layout is not None and row.layout.more):
                self._transcript.open(row)
                break
        return "break"


def lead_to_messages(widget: tk.Misc, transcript: Transcript, keys: MessageKeys) -> None:
    """Let Ctrl+Up in a widget go to the messages."""

    def go(_event: "tk.Event[tk.Misc]") -> str:
        transcript.focus_set()
        return keys.select(0)

    widget.bind("<Control-Up>", go)
