"""The desktop application: the login, the room's window, and what goes between them and the session.

This thread is Tk's and the only one that touches Tk. The session's events come through one queue that is emptied sixty times a second;
measured, that never blocks the session, while Tk's own way of waking a thread does.
"""

import gc
import importlib
import queue
import sys
import threading
import time
import tkinter as tk
import traceback
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from chat.config import SCALES, Places, Settings, save_settings
from chat.errors import ChatError, StorageError
from chat.events import (
    Close,
    Closed,
    Command,
    Deleted,
    DeleteData,
    Entered,
    Event,
    FromRoom,
    Join,
    JoinRefused,
    LimitFiles,
    MessageShown,
    Progress,
    RoomEvent,
    RoomsChanged,
    ToRoom,
)
from chat.hosting import Hosted, host
from chat.text import clean_line
from chat.window.colour_fonts import leave_out_colour_fonts
from chat.window.login import Login, LoginWishes
from chat.window.paint import Paint
from chat.window.standing import put, where
from chat.window.theme import Palette, Theme, display_scale, palette_for
from chat.words import _, speak

if TYPE_CHECKING:
    from chat.attention import Attention
    from chat.broker import EmbeddedBroker
    from chat.rooms import Rooms
    from chat.session import Session
    from chat.window.chat_view import ChatView
    from chat.window.place_form import Place
    from chat.window.settings import SettingsDialog
    from chat.window.shortcuts import ShortcutSheet

FRAME_MS: Final = 16
SOON_MS: Final = 3
SOON_SECONDS: Final = 0.1
"""For so long after a person asked for something, the answer is looked for more often."""
LOOK_SECONDS: Final = 5.0
"""How often the desktop is asked whether it is dark, at most, when the window gets the focus."""
FRAME_EVENTS: Final = 500
"""Events that are shown in one frame; more wait for the next, so that the window stays alive in a flood."""
CLOSE_SECONDS: Final = 2.0
PRELOAD_MS: Final = 150
SWITCH_SECONDS: Final = 0.0005
"""How long a busy thread may keep Tk waiting for the interpreter; Python's own 5 ms make a window stutter."""
TITLE: Final = "Encrypted MQTT Chat"


@dataclass(frozen=True, slots=True)
class _DesktopLook:
    """How the desktop looks now."""

    palette: Palette


_Answer = Hosted | _DesktopLook
"""What a thread of this module found out."""


class ChatClient:
    """One window with its session. `run` returns when it was closed."""

    def __init__(self, settings: Settings, places: Places) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        leave_out_colour_fonts()
        self._events: queue.SimpleQueue[Event | _Answer] = queue.SimpleQueue()
        looks: queue.SimpleQueue[Palette] = queue.SimpleQueue()
        # The desktop takes about as long to say whether it is dark as Tk takes to begin.
        threading.Thread(target=lambda: looks.put(palette_for(settings.theme)), name="look", daemon=True).start()
        try:
            self.root = tk.Tk(className="encrypted-mqtt-chat")
        except tk.TclError:
            raise ChatError(_("There is no display to open a window on. In a terminal, use: python main.py console")) from None
        self.root.report_callback_exception = self._callback_failed
        self.settings = settings
        self._places = places
        self._display_scale = display_scale(self.root)
        self.theme = Theme(self.root, looks.get(), self._scale)
        self.paint = Paint(self.theme)
        self.root.title(TITLE)
        self.root.configure(bg=self.theme.palette.background)
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        self.root.bind("<Control-comma>", lambda _: self.open_settings())
        self._bind_keys()
        self._look_at = 0.0
        """When the desktop may be asked again for its look."""
        self._session: Session | None = None
        self._broker: EmbeddedBroker | None = None
        self._wanted: Settings | None = None
        self._geometry = ""
        """Where the window is to stand, if that is not to be remembered."""
        self._closing_until: float | None = None
        self._soon_until = 0.0
        self.rooms: Rooms | None = None
        self._attention: Attention | None = None
        self.dialog: SettingsDialog | None = None
        self._sheet: ShortcutSheet | None = None
        self.login: Login | None = self._make_login()
        self._timer = self.root.after(FRAME_MS, self._frame)
        # Cryptography and paho take a third of a second to load, which must not hold up the window; the person types meanwhile.
        self.root.after(PRELOAD_MS, lambda: threading.Thread(target=_load_session, daemon=True).start())

    @property
    def view(self) -> "ChatView | None":
        """The conversation that shows."""
        return self.rooms.view if self.rooms is not None and self.rooms.current else None

    def run(self) -> None:
        """Show the window until it is closed."""
        self.root.mainloop()

    def enter(self, join: Join, geometry: str = "") -> None:
        """Join without asking; the room's window then stands at `geometry` (Tk's form)."""
        self._geometry = geometry
        if self.login is not None:
            self.login.busy(_("Opening the room…"))
        self._post(join)

    def close(self) -> None:
        """Hide at once, say goodbye to the room, end every thread, and end."""
        if self._closing_until is not None:
            return
        self._closing_until = time.monotonic() + CLOSE_SECONDS
        if self.rooms is not None and not self._geometry:
            self._save(replace(self.settings, window=where(self.root)))
        self.root.withdraw()
        if self._session is not None:
            self._session.post(Close())

    # Login

    def _make_login(self) -> Login:
        wishes = LoginWishes(join=self._join, cancel=self._cancel, host=self._host, suggest=_suggest, rate=_rate)
        login = Login(self.root, self.theme, self.paint, self.settings, wishes)
        login.pack(fill="both", expand=True)
        self.root.minsize(self.theme.px(420), 0)
        login.focus_first()
        return login

    def _join(self, username: str, passphrase: str, place: "Place") -> None:
        self._wanted = replace(place.settings, username=username)
        self.enter(Join(place.broker, place.topic, username, passphrase, place.password))

    def _cancel(self) -> None:
        if self._session is not None:
            self._session.post(Close())
        # What the cancelled session still says must reach nobody.
        self._session, self._events = None, queue.SimpleQueue()
        if self.login is not None:
            self.login.busy("")

    def _post(self, command: Command) -> None:
        if self._session is None:
            from chat.session import Session

            self._session = Session(self._places.data, self._events.put)
            self._session.start()
            self._session.post(self._limits())
        self._session.post(command)
        self._soon_until = time.monotonic() + SOON_SECONDS
        self._plan_frame()

    # A broker on this computer

    def _host(self) -> None:
        if self._broker is not None:
            self._hosted(Hosted(self._broker))
            return
        host(self._events.put)

    def _hosted(self, answer: Hosted) -> None:
        if answer.broker is None:
            self._say_failure(answer.sentence)
            return
        self._broker = answer.broker
        if self.login is not None:
            self.login.hosted(answer.broker.own_url, answer.broker.urls())
        elif self.rooms is not None:
            from chat.address import parse_broker

            entered = self.rooms.entered[self.rooms.login]
            self._wanted = replace(self.settings, broker=answer.broker.own_url)
            self.rooms.notice(
                _("A broker runs on this computer now. The others type: {urls}").format(urls=_(" or ").join(answer.broker.urls()))
            )
            self._post(Join(parse_broker(answer.broker.own_url), entered.topic, entered.username))

    def _say_failure(self, sentence: str) -> None:
        if self.login is not None:
            self.login.not_hosted(sentence)
        elif self.rooms is not None:
            self.rooms.notice(sentence)

    # Settings

    def open_settings(self) -> None:
        """Open the settings dialog, or bring it to the front."""
        from chat.window.settings import SettingsDialog, SettingsWishes

        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.lift()
        elif self.rooms is not None:
            rooms, room = self.rooms, self.rooms.current
            wishes = SettingsWishes(
                apply=lambda place: self._move(room, place),
                keep=lambda days: rooms.keep(room, days),
                delete=lambda: self._post(ToRoom(room, DeleteData())),
                change=self._change,
                # What the dialog says of the place is that of the room it was opened in.
                change_look=lambda look: self._change_look(
                    replace(self.settings, theme=look.theme, language=look.language, scale=look.scale)
                ),
            )
            entered = rooms.entered[room]
            self.dialog = SettingsDialog(self.root, self.theme, self.paint, self._settings_of(entered), entered.keep_days, wishes)

    def _change(self, name: str, value: bool | int | str) -> None:
        changed: dict[str, Any] = {name: value}
        self._save(replace(self.settings, **changed))
        self._post(self._limits())

    def _limits(self) -> LimitFiles:
        return LimitFiles({"all": True, "none": False}.get(self.settings.file_limits))

    def _settings_of(self, entered: Entered) -> Settings:
        files: dict[str, Any] = {name: str(getattr(entered.broker, name) or "") for name in ("ca_file", "certificate", "key_file")}
        return replace(self.settings, broker=entered.broker.url, topic=entered.topic, **files)

    def _move(self, room: str, place: "Place") -> None:
        if self.rooms is None or self.dialog is None:
            return
        if room == self.rooms.login:
            self._wanted = place.settings
            self._post(Join(place.broker, place.topic, self.settings.username, password=place.password))
        elif place.topic != self.rooms.entered[room].topic:
            self.dialog.refuse("topic", _("Another topic is another room. Close this, and press + to join it."))
        else:
            self.rooms.move(room, place)

    def _follow_desktop(self) -> None:
        """Ask the desktop for its look, which can take a second."""
        now = time.monotonic()
        if self.settings.theme == "system" and now > self._look_at:
            self._look_at = now + LOOK_SECONDS
            answers = self._events
            threading.Thread(target=lambda: answers.put(_DesktopLook(palette_for("system"))), name="look", daemon=True).start()

    @property
    def _scale(self) -> float:
        return self.settings.scale / 100 if self.settings.scale else self._display_scale

    def _resize(self, step: int) -> None:
        """Make the content one size larger or smaller, or as the display asks if `step` is 0."""
        now = self.settings.scale or round(self._display_scale * 100)
        sizes = [size for size in SCALES if (size > now if step > 0 else size < now)]
        if step == 0 or sizes:
            self._change_look(replace(self.settings, scale=0 if step == 0 else sizes[0 if step > 0 else -1]))

    def _change_look(self, settings: Settings) -> None:
        """Draw everything anew with the look of these settings."""
        if self.login is not None and self.login.is_busy:
            return
        if settings.language != self.settings.language:
            speak(settings.language)
        if settings != self.settings:
            self._save(settings)
        old_theme, self.theme = self.theme, Theme(self.root, palette_for(settings.theme), self._scale)
        old_paint, self.paint = self.paint, Paint(self.theme)
        old, self.rooms = self.rooms, None
        if old is not None:
            self.rooms = self._make_rooms()
            self.rooms.take_over(old)
            old.frame.destroy()
        old_login, self.login = self.login, None
        if old_login is not None:
            self.login = self._make_login()
            self.login.take_over(old_login)
            old_login.destroy()
        old_theme.close()
        old_paint.close()
        self.root.configure(bg=self.theme.palette.background)
        del old, old_login, old_theme, old_paint
        # Whatever of the old look is left must go on this thread: a picture that dies on another one calls Tk from there.
        gc.collect()

    def _save(self, settings: Settings) -> None:
        self.settings = settings
        try:
            save_settings(self._places.settings, settings)
        except StorageError as error:
            self._say_failure(str(error))

    # Events

    def _plan_frame(self) -> None:
        if self._timer:
            self.root.after_cancel(self._timer)
        self._timer = self.root.after(SOON_MS if time.monotonic() < self._soon_until else FRAME_MS, self._frame)

    def _frame(self) -> None:
        self._timer = ""
        self._take_events()
        if self.rooms is not None:
            self.rooms.mark_read()
            self.rooms.show_previews()
            if self._attention is not None and self._closing_until is None:
                self._attention.tick(self.rooms, self.settings)
        if self._closing_until is not None and self._may_end():
            self._end()
            return
        self._plan_frame()

    def _take_events(self) -> None:
        messages: list[MessageShown] = []
        room = ""
        for _place in range(FRAME_EVENTS):
            try:
                item = self._events.get_nowait()
            except queue.Empty:
                break
            where, event = (item.room, item.event) if isinstance(item, FromRoom) else ("", item)
            if not isinstance(event, MessageShown) or where != room:
                self._show_messages(room, messages)
                room = where
            if isinstance(event, MessageShown):
                messages.append(event)
            else:
                self._handle(where, event)
        self._show_messages(room, messages)

    def _show_messages(self, room: str, messages: list[MessageShown]) -> None:
        if messages and self.rooms is not None:
            self.rooms.show_messages(room or self.rooms.login, messages)
            if self._attention is not None:
                self._attention.heard(room or self.rooms.login, messages)
        messages.clear()

    def _handle(self, room: str, event: Event | _Answer) -> None:
        match event:
            case Hosted():
                self._hosted(event)
            case _DesktopLook(palette):
                if self.settings.theme == "system" and palette is not self.theme.palette:
                    self._change_look(self.settings)
            case Progress(sentence):
                if self.login is not None:
                    self.login.busy(sentence)
                elif self.rooms is not None:
                    self.rooms.progress(sentence)
            case JoinRefused(field, sentence):
                self._refused(field, sentence)
            case Closed():
                self._session = None
                if self._closing_until is None:
                    self._say_failure(_("Something went wrong, and the connection ended. Start the program again."))
            case RoomsChanged():
                if self.rooms is not None:
                    self.rooms.show_list(event)
                    self._show_title()
            case FromRoom(inner, told):
                self._handle(inner, told)
            case _:
                self._handle_in(room, event)

    def _handle_in(self, room: str, event: RoomEvent) -> None:
        if isinstance(event, Entered) and not room:
            self._log_in(event)
        elif isinstance(event, Deleted) and not room:
            self._log_out(event.sentence)
        if self.rooms is not None:
            self.rooms.tell(room or self.rooms.login, event)
            if isinstance(event, Entered):
                if self._attention is not None:
                    self._attention.entered(event.room)
                self._show_title()
                if self.dialog is not None and self.dialog.winfo_exists() and event.room == self.rooms.current:
                    self.dialog.accepted()

    def _log_in(self, event: Entered) -> None:
        if self.login is not None:
            self.login.destroy()
            self.login = None
        if self._attention is None:
            from chat.attention import Attention

            self._attention = Attention(self.root)
        if self.rooms is None:
            self.rooms = self._make_rooms()
            px = self.theme.px
            self.root.minsize(min(px(480), self.root.winfo_screenwidth() // 2), min(px(360), self.root.winfo_screenheight() // 2))
            if self._geometry:
                self.root.geometry(self._geometry)
            else:
                put(self.root, self.settings.window, (px(1180), px(760)))
        elif self.rooms.login != event.room:
            self.rooms.frame.drop(self.rooms.login)
        self.rooms.login = event.room
        if self._wanted is not None:
            wanted = self._wanted
            places = {name: getattr(wanted, name) for name in ("broker", "topic", "ca_file", "certificate", "key_file")}
            self._save(replace(self.settings, username=event.username, **places))
            self._wanted = None

    def _log_out(self, sentence: str) -> None:
        """What this computer kept of the login's room is deleted, so nobody is logged in any more."""
        if self.rooms is not None:
            self.rooms.frame.destroy()
            self.rooms = None
        self.root.title(TITLE)
        self.login = self._make_login()
        self.login.advise(sentence)

    def _refused(self, field: str, sentence: str) -> None:
        if self.rooms is not None and self.dialog is None and self.rooms.refused(field, sentence):
            return
        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.refuse(field, sentence)
        elif self.login is not None:
            self.login.refuse(field, sentence)
        else:
            self._say_failure(sentence)

    def _show_title(self) -> None:
        if self.rooms is None or self.rooms.current not in self.rooms.entered:
            return
        unread = sum(room.unread for room in self.rooms.listed if not room.muted)
        topic = clean_line(self.rooms.entered[self.rooms.current].topic)
        self.root.title(f"({unread}) {topic} – {TITLE}" if unread else f"{topic} – {TITLE}")

    def _make_rooms(self) -> "Rooms":
        from chat.rooms import Outlets, Rooms

        outlets = Outlets(
            self._post, self._host, self.open_settings, lambda: self.settings, _rate, _suggest,
            change_theme=lambda theme: self._change_look(replace(self.settings, theme=theme)), data_folder=self._places.data,
            show_shortcuts=self.show_shortcuts,
        )  # fmt: skip
        return Rooms(self.root, self.theme, self.paint, outlets)

    def _bind_keys(self) -> None:
        root = self.root
        root.bind("<F2>", lambda _: self.view.toggle_members() if self.view else None)
        root.bind("<Control-j>", lambda _: self.rooms.add() if self.rooms else None)
        root.bind("<Control-Prior>", lambda _: self.rooms.step(-1) if self.rooms else None)
        root.bind("<Control-Next>", lambda _: self.rooms.step(1) if self.rooms else None)
        for number in range(1, 10):
            root.bind(f"<Alt-Key-{number}>", lambda _, number=number: self.rooms.choose_place(number - 1) if self.rooms else None)  # type: ignore[misc]
        for keys, step in (("plus", 1), ("equal", 1), ("KP_Add", 1), ("minus", -1), ("KP_Subtract", -1), ("Key-0", 0), ("KP_0", 0)):
            root.bind(f"<Control-{keys}>", lambda _, step=step: self._resize(step))  # type: ignore[misc]
        root.bind("<FocusIn>", lambda _: self._follow_desktop())
        root.bind("<F1>", lambda _: self.show_shortcuts())

    def show_shortcuts(self) -> None:
        """Show every key."""
        if self._sheet is not None and self._sheet.winfo_exists():
            self._sheet.lift()
            return
        from chat.window.shortcuts import ShortcutSheet

        self._sheet = ShortcutSheet(self.root, self.theme, self.paint)

    # The end

    def _may_end(self) -> bool:
        ended = self._session is None or self._session.join(0)
        return ended or time.monotonic() > (self._closing_until or 0)

    def _end(self) -> None:
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
        if self._attention is not None:
            self._attention.close()
        self.root.destroy()

    def _callback_failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        self._say_failure(_("Something went wrong in the window. The terminal shows what; the conversation goes on."))


def run_window(settings: Settings, places: Places) -> int:
    """Open the window; returns the exit code once it was closed. Raises `ChatError` without a display."""
    ChatClient(settings, places).run()
    return 0


def _load_session() -> None:
    importlib.import_module("chat.session")
    # What is loaded stays for good, and a collection, which holds up every thread, takes a fourth of the time without it.
    gc.freeze()


def _suggest() -> str:
    from chat.passphrase import suggest_passphrase

    return suggest_passphrase()


def _rate(passphrase: str) -> str:
    from chat.passphrase import normalise_passphrase, rate_passphrase

    try:
        return rate_passphrase(normalise_passphrase(passphrase)).sentence
    except ChatError as error:
        return str(error)
