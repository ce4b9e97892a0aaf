"""The rooms in the window: what the session tells goes to their views, and what a person asks for there becomes commands."""

import mimetypes
import os
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import filedialog
from typing import Final, assert_never

from msgspec.structs import replace

from chat.causes import cause
from chat.config import Settings
from chat.events import (
    AcceptFile,
    Around,
    DeclineFile,
    Deleted,
    DeliveryChanged,
    Edit,
    Entered,
    FileChanged,
    FileRefused,
    FileStage,
    ForeignCounted,
    Found,
    GapsChanged,
    JoinBeside,
    Keep,
    Leave,
    Left,
    Link,
    LinkChanged,
    MembersChanged,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Mute,
    Newer,
    Notice,
    Older,
    Open,
    Page,
    PauseFile,
    React,
    Read,
    ReceiptsChanged,
    Reconnect,
    Resend,
    ResumeFile,
    Retract,
    RoomCommand,
    RoomEvent,
    RoomsChanged,
    RoomSummary,
    Say,
    SayRefused,
    Search,
    SendFile,
    Supplied,
    ToRoom,
    Trust,
    Type,
    TypistsChanged,
)
from chat.previews import Previewer
from chat.protocol.limits import TEXT_BYTES
from chat.text import clean_line, clean_text
from chat.window.chat_view import ChatView, Wishes
from chat.window.join_dialog import JoinDialog, JoinWishes
from chat.window.paint import Paint
from chat.window.place_form import Place
from chat.window.rooms_view import RoomsView
from chat.window.show_in_folder import show_in_folder
from chat.window.sidebar import RoomEntry, SidebarWishes
from chat.window.theme import Theme
from chat.window_commands import run_command
from chat.words import _

READ_SECONDS: Final = 0.5
"""How often what a person has seen is told."""
PICTURES: Final = "pictures"
PASTED: Final = "pasted"
"""Folders beside the rooms' files: for pictures that were accepted by themselves, and for those that were sent from the clipboard."""
PREVIEW_SIZE: Final = (680, 600)
LARGEST_PREVIEWED: Final = 100_000_000
"""Bytes of a picture."""
PICTURE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
Order = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Outlets:
    """What the rooms need of the application. `post` takes commands; `rate` and `suggest` are about passphrases."""

    post: Callable[[ToRoom | JoinBeside], None]
    host: Callable[[], object]
    open_settings: Callable[[], object]
    settings: Callable[[], Settings]
    rate: Callable[[str], str]
    suggest: Callable[[], str]
    change_theme: Callable[[str], object]
    data_folder: Path
    show_shortcuts: Callable[[], object]


class Rooms:
    """See the module. It belongs to the Tk thread; `frame` is the widget."""

    def __init__(self, root: tk.Tk, theme: Theme, paint: Paint, outlets: Outlets) -> None:
        self.theme, self.paint = theme, paint
        self._root, self.outlets = root, outlets
        self.login = ""
        """The room of the login."""
        self.entered: dict[str, Entered] = {}
        self.listed: tuple[RoomSummary, ...] = ()
        self.dialog: JoinDialog | None = None
        self._asked = ""
        """The topic of the room that a person joins beside the others, until it was entered or refused."""
        self._given_up = ""
        """The topic of one that he does not want to join any more, though the session is at it."""
        self._read: dict[str, Order] = {}
        self._read_at = 0.0
        self._parting: list[str] = []
        self._previewer: Previewer | None = None
        self._previewed: dict[tuple[str, str], Path] = {}
        """Of which file a preview was asked for, by room and key."""
        self._recent_emoji: list[str] = []
        self.frame = RoomsView(root, theme, paint, self._make_view, SidebarWishes(self.choose, self.add, self.leave, self.mute))
        self.frame.pack(fill="both", expand=True)

    @property
    def view(self) -> ChatView:
        """The view of the room that shows."""
        return self.frame.show(self.frame.current)

    @property
    def current(self) -> str:
        """The room that shows."""
        return self.frame.current

    def take_over(self, old: "Rooms") -> None:
        """Go on in place of others, after a change of look."""
        self.login, self.entered, self.listed = old.login, old.entered, old.listed
        self._read, self._parting = old._read, old._parting
        self._previewer, self._previewed = old._previewer, old._previewed
        self.frame.take_over(old.frame)

    # What the session tells

    def show_list(self, event: RoomsChanged) -> None:
        """All rooms now."""
        self.listed = event.rooms
        self.frame.show_rooms([_entry(room) for room in event.rooms])

    def tell(self, room: str, event: RoomEvent) -> None:
        """What happened in one room."""
        match event:
            case Entered():
                self._enter(event)
            case Left():
                self._left(room, event)
            case Deleted(sentence):
                self.notice(sentence)
            case _:
                view = self.frame.view(room)
                if view is not None:
                    _show(view, event)
                if isinstance(event, FileChanged):
                    self._ask_for_preview(room, event)

    def show_messages(self, room: str, messages: list[MessageShown]) -> None:
        """Messages of one room, together: that is much quicker than one by one."""
        view = self.frame.view(room)
        if view is not None:
            view.show_messages([(event.message, event.delivery) for event in messages])
        for event in messages:
            if self._is_welcome(event.message):
                self._post(room, AcceptFile(event.message.key, self.outlets.data_folder / PICTURES))

    def refused(self, field: str, sentence: str) -> bool:
        """The session did not enter a room. Says whether that was one that was to be entered beside the others."""
        if not self._asked:
            return False
        self._asked = ""
        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.refuse(field, sentence)
        else:
            self.notice(sentence)
        return True

    def progress(self, sentence: str) -> None:
        """What entering a room is at."""
        if self._asked and self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.busy(sentence)

    def notice(self, sentence: str) -> None:
        """A line in the conversation that shows."""
        if self.current:
            self.view.transcript.add_notice(sentence)

    def show_previews(self) -> None:
        """Show what pictures look like whose previews are ready."""
        while self._previewer is not None and (made := self._previewer.take()) is not None:
            (room, key), preview = made
            view = self.frame.view(room)
            if view is not None:
                view.transcript.show_preview(key, preview)

    def _ask_for_preview(self, room: str, event: FileChanged) -> None:
        is_picture = mimetypes.guess_type(event.name)[0] in PICTURE_TYPES
        if not is_picture or event.path is None or event.stage not in (FileStage.SAVED, FileStage.SHARED) or event.size > LARGEST_PREVIEWED:
            return
        if self._previewer is None:
            self._previewer = Previewer(PREVIEW_SIZE)
        if self._previewed.get((room, event.key)) != event.path:
            self._previewed[room, event.key] = event.path
            self._previewer.ask((room, event.key), event.path)

    def mark_read(self) -> None:
        """Tell what a person has seen, if that is more than last time."""
        now = time.monotonic()
        if now < self._read_at or not self.current:
            return
        self._read_at = now + READ_SECONDS
        seen = self.view.transcript.seen if is_in_front(self._root) else None
        if seen is not None and seen > self._read.get(self.current, (0, "", 0)):
            self._read[self.current] = seen
            self._post(self.current, Read(seen))

    # What a person asks for

    def choose(self, room: str) -> None:
        """Show a room."""
        is_new = self.frame.view(room) is None
        if is_new:
            # The session reads the conversation while the view is made.
            self._post(room, Open())
        self.frame.show(room)
        if not is_new and any(listed.room == room and listed.unread for listed in self.listed):
            self.view.transcript.set_new(self._read.get(room))
        self.view.focus_message_box()

    def step(self, by: int) -> None:
        """Show the room above or below in the list."""
        room = self.frame.step(by)
        if room is not None:
            self.choose(room)

    def choose_place(self, place: int) -> None:
        """Show the room at a place in the list."""
        if place < len(self.listed):
            self.choose(self.listed[place].room)

    def add(self, topic: str = "") -> None:
        """Ask which room to join; `topic` may be known already."""
        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.lift()
            if topic:
                self.dialog.place_form.fields["topic"].set(topic)
            return
        wishes = JoinWishes(self._join, self._give_up, self.outlets.suggest, self.outlets.rate)
        self.dialog = JoinDialog(self._root, self.theme, self.paint, self.outlets.settings(), wishes)
        self.dialog.place_form.fields["topic"].set(topic)

    def leave(self, room: str) -> None:
        """Leave a room and forget it."""
        self._post(room, Leave())

    def mute(self, room: str, on: bool) -> None:
        """Keep quiet about what is said in a room, or not any more."""
        self._post(room, Mute(on))

    def move(self, room: str, place: Place) -> None:
        """Go on with a room beside that of the login at another broker."""
        self._asked = place.topic
        self.outlets.post(JoinBeside(place.broker, place.topic, self.entered[room].username, password=place.password))

    def keep(self, room: str, days: int | None) -> None:
        """Keep what is said in a room for so many days."""
        self.entered[room] = replace(self.entered[room], keep_days=days)
        self._post(room, Keep(days))

    def _join(self, username: str, passphrase: str, place: Place) -> None:
        if self.dialog is not None:
            self.dialog.busy(_("Opening the room…"))
        self._asked, self._given_up = place.topic, ""
        self.outlets.post(JoinBeside(place.broker, place.topic, username, passphrase, place.password))

    def _give_up(self) -> None:
        self._asked, self._given_up = "", self._asked

    # Files

    def attach(self, room: str) -> None:
        """Let a person choose files to send."""
        chosen = filedialog.askopenfilenames(parent=self._root, title=_("Send files"))
        self.send_files(room, [Path(name) for name in chosen])

    def send_files(self, room: str, paths: Sequence[Path]) -> None:
        """Offer files to a room."""
        for path in paths:
            self._post(room, SendFile(path))

    def _send_picture(self, room: str, picture: bytes) -> None:
        """Offer a picture that was on the clipboard. It is kept, so that the others can still ask for it later."""
        folder = self.outlets.data_folder / PASTED
        path = folder / time.strftime("%Y-%m-%d %H.%M.%S.png")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(picture)
        except OSError as error:
            self.view.composer.complain(_("The picture can’t be stored: {cause}.").format(cause=cause(error)))
            return
        self.send_files(room, [path])

    def _act_on_file(self, room: str, act: str, key: str, path: Path | None) -> None:
        match act:
            case "accept":
                self._post(room, AcceptFile(key, self.outlets.settings().downloads_folder()))
            case "save":
                if folder := filedialog.askdirectory(parent=self._root, title=_("Where to store the file")):
                    self._post(room, AcceptFile(key, Path(folder)))
            case "decline":
                self._post(room, DeclineFile(key))
            case "pause":
                self._post(room, PauseFile(key))
            case "resume":
                self._post(room, ResumeFile(key))
            case _ if path is not None:
                show_in_folder(path)

    def _is_welcome(self, message: Message) -> bool:
        """Whether what a message offers is a picture that need not be asked about."""
        file = message.file
        if file is None or message.own or message.trust is Trust.CHANGED or file.type not in PICTURE_TYPES:
            return False
        return file.size <= self.outlets.settings().pictures * 1_000_000

    def _post(self, room: str, command: RoomCommand) -> None:
        self.outlets.post(ToRoom(room, command))

    # Rooms that come and go

    def _enter(self, event: Entered) -> None:
        room = event.room
        asked = bool(self._asked) and event.topic == self._asked
        if self._given_up and event.topic == self._given_up and room not in self.entered:
            self._given_up = ""
            self._post(room, Leave())
            return
        moved = room in self.entered and self.frame.view(room) is not None
        self.entered[room] = event
        if asked:
            self._asked = ""
            if self.dialog is not None and self.dialog.winfo_exists():
                self.dialog.accepted()
            self.dialog = None
        if asked or room == self.login or moved:
            view = self.frame.show(room) if asked or room == self.login else self.frame.view(room)
            if view is not None:
                self._begin(view, event)

    def _begin(self, view: ChatView, event: Entered) -> None:
        for sentence in self._parting:
            view.transcript.add_notice(sentence)
        self._parting.clear()
        view.members.show_foreign(0)
        view.enter(event)
        if event.room == self.current:
            view.focus_message_box()

    def _left(self, room: str, event: Left) -> None:
        self._parting = [
            _("You left {topic}.").format(topic=clean_line(event.topic)),
            *(_("Not sent yet. It goes out when you are back there: {text}").format(text=clean_text(text)[0]) for text in event.unsent),
        ]
        if room == self.login or self._asked:
            # Another one, or the same at another broker, is about to take its place.
            return
        self.entered.pop(room, None)
        was_current = room == self.current
        self.frame.drop(room)
        if was_current:
            self.choose(self.login)
        for sentence in self._parting:
            self.notice(sentence)
        self._parting.clear()

    def _make_view(self, parent: tk.Misc) -> ChatView:
        def post(command: RoomCommand) -> None:
            self._post(view.room, command)

        wishes = Wishes(
            send=lambda text, reply_to: post(Say(text, reply_to)),
            type=lambda: post(Type()) if self.outlets.settings().typing else None,
            edit=lambda key, text: post(Edit(key, text)),
            retract=lambda key: post(Retract(key)),
            react=lambda key, emoji, on: post(React(key, emoji, on)),
            resend=lambda key: post(Resend(key)),
            older=lambda order: post(Older(order)),
            newer=lambda order: post(Newer(order)),
            around=lambda order: post(Around(order)),
            attach=lambda: self.attach(view.room),
            send_files=lambda paths: self.send_files(view.room, paths),
            send_picture=lambda picture: self._send_picture(view.room, picture),
            act_on_file=lambda act, key, path: self._act_on_file(view.room, act, key, path),
            run=lambda name, argument: run_command(self, name, argument),
            search=lambda number, text: post(Search(number, text)),
            open_settings=self.outlets.open_settings,
            retry=lambda: post(Reconnect()),
            host=self.outlets.host,
        )
        view = ChatView(parent, self.theme, self.paint, wishes, TEXT_BYTES, self._recent_emoji)
        return view


def is_in_front(root: tk.Misc) -> bool:
    """Whether a window of this program has the focus. Tkinter's own call for that fails when Tk made the window itself."""
    return str(root.tk.call("focus", "-displayof", root)) != ""


def _show(
    view: ChatView,
    event: (
        LinkChanged
        | Page
        | MessageShown
        | MessageChanged
        | DeliveryChanged
        | FileChanged
        | FileRefused
        | ReceiptsChanged
        | TypistsChanged
        | GapsChanged
        | Supplied
        | Found
        | MessagesFolded
        | SayRefused
        | MembersChanged
        | ForeignCounted
        | Notice
    ),
) -> None:
    match event:
        case LinkChanged():
            view.show_link(event)
        case MessageShown(message, delivery):
            view.show_messages([(message, delivery)])
        case DeliveryChanged():
            view.change_delivery(event)
        case FileChanged():
            view.change_file(event)
        case FileRefused(_, sentence):
            view.composer.complain(sentence)
        case Page():
            view.show_page(event)
        case MessageChanged(message):
            view.change_message(message)
        case ReceiptsChanged():
            view.change_receipts(event)
        case TypistsChanged(names):
            view.show_typists(names)
        case GapsChanged(gaps):
            view.show_gaps(gaps)
        case Supplied():
            view.show_supplied(event)
        case Found():
            view.show_found(event)
        case MessagesFolded():
            view.fold(event)
        case SayRefused(text, sentence):
            view.composer.restore(text)
            view.composer.complain(sentence)
        case MembersChanged(members):
            view.show_members(members)
        case ForeignCounted(total):
            view.members.show_foreign(total)
        case Notice(sentence):
            view.transcript.add_notice(sentence)
        case _:
            assert_never(event)


def _entry(room: RoomSummary) -> RoomEntry:
    return RoomEntry(
        room=room.room,
        topic=room.topic,
        place=room.broker.place,
        last=f"{room.sender}: {room.text}" if room.text else "",
        time=room.time,
        unread=room.unread,
        online=room.link is Link.CONNECTED,
        trouble=room.link in (Link.WAITING, Link.STOPPED),
        muted=room.muted,
    )
