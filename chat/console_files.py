"""The files of one room in a terminal: which are offered, how far they are, and the commands about them."""

from pathlib import Path
from typing import Final

from chat.amounts import progress_words, size_words
from chat.events import AcceptFile, DeclineFile, FileChanged, FileStage, Message, PauseFile, ResumeFile, RoomCommand
from chat.slash import as_place
from chat.text import clean_line
from chat.words import _, marked

BAR: Final = 20
"""Signs of a progress bar."""
OFFERS: Final = 100
"""The last offers, which have numbers."""
_STAGES: Final = {
    FileStage.OFFERED: marked("offered"),
    FileStage.DECLINED: marked("declined"),
    FileStage.WAITING: marked("waits for somebody who has it"),
    FileStage.RECEIVING: marked("on its way"),
    FileStage.PAUSED: marked("paused"),
    FileStage.SAVED: marked("saved"),
    FileStage.FAILED: marked("failed"),
    FileStage.READING: marked("is being read"),
    FileStage.SHARED: marked("shared"),
}


class ConsoleFiles:
    """See the module. `downloads` is where files go if nobody says otherwise."""

    def __init__(self, downloads: Path) -> None:
        self._downloads = downloads
        self._offers: list[Message] = []
        self._states: dict[str, FileChanged] = {}
        self._shown: dict[str, int] = {}
        """How much of a bar was shown last, by key."""

    def heard(self, message: Message) -> str:
        """A message; gives the line to show below it if it offers a file."""
        if message.file is None:
            return ""
        if all(offer.key != message.key for offer in self._offers):
            self._offers = [*self._offers, message][-OFFERS:]
        if message.own:
            return ""
        number = next(place for place, offer in enumerate(self._offers, 1) if offer.key == message.key)
        words = _("A file of {size}. /accept {number} stores it in {folder}.")
        return words.format(size=size_words(message.file.size), number=number, folder=self._downloads)

    def changed(self, event: FileChanged) -> str:
        """How it stands with a file; gives the line to show, "" if it is too soon for another one."""
        before = self._states.get(event.key)
        self._states[event.key] = event
        name, stage = clean_line(event.name, 60), event.stage
        moved = before is None or before.stage is not stage
        if stage is FileStage.RECEIVING or (stage is FileStage.READING and event.size):
            steps = BAR if not event.size else BAR * event.done // event.size
            if not moved and self._shown.get(event.key, -1) >= steps:
                return ""
            self._shown[event.key] = steps
            return f"[{'#' * steps}{'-' * (BAR - steps)}] {name}  {progress_words(event.done, event.size, event.speed)}"
        if stage is FileStage.SHARED and before is not None and event.received > before.received:
            received = _("received by {count} of {members}").format(count=event.received, members=event.takers)
            return f"{name}: {received}"
        if not moved or stage in (FileStage.OFFERED, FileStage.SHARED):
            return ""
        if stage is FileStage.SAVED:
            return _("{name} is in {path}.").format(name=name, path=event.path)
        return " ".join(filter(None, (f"{name}: {_(_STAGES[stage])}.", event.sentence)))

    def lines(self) -> list[str]:
        """All offers, with their numbers."""
        told = []
        for number, offer in enumerate(self._offers, 1):
            if offer.file is not None:
                state = self._states.get(offer.key)
                stage = _(_STAGES[state.stage if state else FileStage.OFFERED])
                told.append(
                    f"{number}  {clean_line(offer.file.name, 60)}  {size_words(offer.file.size)}  {clean_line(offer.name)}  {stage}"
                )
        return told or [_("No file was offered here yet. /send PATH offers one.")]

    def command(self, command: str, argument: str) -> RoomCommand | None:
        """What to ask for; None if there is no such file."""
        number, _space, folder = argument.partition(" ")
        place = as_place(number, len(self._offers))
        if not place:
            return None
        key = self._offers[place - 1].key
        match command:
            case "/accept":
                return AcceptFile(key, Path(folder).expanduser() if folder else self._downloads)
            case "/pause":
                return PauseFile(key)
            case "/resume":
                return ResumeFile(key)
            case _:
                return DeclineFile(key)
