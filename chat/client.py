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
from typing import TYPE_CHECKING, Final, assert_never

from chat.config import Places, Settings, save_settings
from chat.errors import BrokerError, ChatError, StorageError
from chat.events import (
    Around,
    Close,
    Closed,
    Command,
    Deleted,
    DeliveryChanged,
    Edit,
    Entered,
    Event,
    ForeignCounted,
    Found,
    GapsChanged,
    Join,
    JoinRefused,
    Left,
    LinkChanged,
    MembersChanged,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Newer,
    Notice,
    Older,
    Page,
    Progress,
    React,
    ReceiptsChanged,
    Reconnect,
    Resend,
    Retract,
    Say,
    SayRefused,
    Search,
    Supplied,
)
from chat.protocol.limits import TEXT_BYTES
from chat.text import clean_line, clean_text
from chat.window.colour_fonts import leave_out_colour_fonts
from chat.window.login import Login, LoginWishes
from chat.window.paint import Paint
from chat.window.theme import Theme, display_scale, palette_for

if TYPE_CHECKING:
    from chat.broker import EmbeddedBroker
    from chat.session import Session
    from chat.window.chat_view import ChatView
    from chat.window.place_form import Place
    from chat.window.settings import SettingsDialog

FRAME_MS: Final = 16
FRAME_EVENTS: Final = 500
"""Events that are shown in one frame; more wait for the next, so that the window stays alive in a flood."""
CLOSE_SECONDS: Final = 2.0
PRELOAD_MS: Final = 150
SWITCH_SECONDS: Final = 0.0005
"""How long a busy thread may keep Tk waiting for the interpreter; Python's own 5 ms make a window stutter."""
HOST_PORTS: Final = (1883, 11883, 21883)
TITLE: Final = "Encrypted MQTT Chat"


@dataclass(frozen=True, slots=True)
class _Hosted:
    """The broker on this computer runs, or why it does not."""

    broker: "EmbeddedBroker | None"
    sentence: str = ""


class ChatClient:
    """One window with its session. `run` returns when it was closed."""

    def __init__(self, settings: Settings, places: Places) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        leave_out_colour_fonts()
        try:
            self.root = tk.Tk(className="encrypted-mqtt-chat")
        except tk.TclError:
            raise ChatError("There is no display to open a window on. In a terminal, use: python main.py console") from None
        self.root.report_callback_exception = self._callback_failed
        self.settings = settings
        self._places = places
        self._scale = display_scale(self.root)
        self.theme = Theme(self.root, palette_for(settings.theme), self._scale)
        self.paint = Paint(self.theme)
        self.root.title(TITLE)
        self.root.configure(bg=self.theme.palette.background)
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        self.root.bind("<Control-comma>", lambda _: self.open_settings())
        self.root.bind("<F2>", lambda _: self.view.toggle_members() if self.view else None)
        self._events: queue.SimpleQueue[Event | _Hosted] = queue.SimpleQueue()
        self._session: Session | None = None
        self._broker: EmbeddedBroker | None = None
        self._wanted: Settings | None = None
        self._entered: Entered | None = None
        self._parting: list[str] = []
        self._geometry = ""
        self._closing_until: float | None = None
        self.view: ChatView | None = None
        self.dialog: SettingsDialog | None = None
        self.login: Login | None = self._make_login()
        self._timer = self.root.after(FRAME_MS, self._frame)
        # Cryptography and paho take a third of a second to load, which must not hold up the window; the person types meanwhile.
        self.root.after(PRELOAD_MS, lambda: threading.Thread(target=importlib.import_module, args=("chat.session",), daemon=True).start())

    def run(self) -> None:
        """Show the window until it is closed."""
        self.root.mainloop()

    def enter(self, join: Join, geometry: str = "") -> None:
        """Join without asking; the room's window then stands at `geometry` (Tk's form)."""
        self._geometry = geometry
        if self.login is not None:
            self.login.busy("Opening the room…")
        self._post(join)

    def close(self) -> None:
        """Hide at once, say goodbye to the room, end every thread, and end."""
        if self._closing_until is not None:
            return
        self._closing_until = time.monotonic() + CLOSE_SECONDS
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
        self._session.post(command)

    # A broker on this computer

    def _host(self) -> None:
        if self._broker is not None:
            self._hosted(_Hosted(self._broker))
            return
        threading.Thread(target=_start_broker, args=(self._events,), name="broker start", daemon=True).start()

    def _hosted(self, answer: _Hosted) -> None:
        if answer.broker is None:
            self._say_failure(answer.sentence)
            return
        self._broker = answer.broker
        if self.login is not None:
            self.login.hosted(answer.broker.own_url, answer.broker.urls())
        elif self._entered is not None:
            from chat.address import parse_broker

            self._wanted = replace(self.settings, broker=answer.broker.own_url)
            self._parting.append("A broker runs on this computer now. The others type: " + " or ".join(answer.broker.urls()))
            self._post(Join(parse_broker(answer.broker.own_url), self._entered.topic, self._entered.username))

    def _say_failure(self, sentence: str) -> None:
        if self.login is not None:
            self.login.not_hosted(sentence)
        elif self.view is not None:
            self.view.transcript.add_notice(sentence)

    # Settings

    def open_settings(self) -> None:
        """Open the settings dialog, or bring it to the front."""
        from chat.window.settings import SettingsDialog

        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.lift()
        elif self.view is not None:
            self.dialog = SettingsDialog(self.root, self.theme, self.paint, self.settings, self._move, self._change_theme)

    def _move(self, place: "Place") -> None:
        self._wanted = place.settings
        self._post(Join(place.broker, place.topic, self.settings.username, password=place.password))

    def _change_theme(self, choice: str) -> None:
        self._save(replace(self.settings, theme=choice))
        old_theme, self.theme = self.theme, Theme(self.root, palette_for(choice), self._scale)
        self.paint = Paint(self.theme)
        old, self.view = self.view, None
        if old is not None:
            self._make_view().take_over(old)
            old.destroy()
        old_theme.close()
        self.root.configure(bg=self.theme.palette.background)
        del old, old_theme
        # Whatever of the old look is left must go on this thread: a picture that dies on another one calls Tk from there.
        gc.collect()

    def _save(self, settings: Settings) -> None:
        self.settings = settings
        try:
            save_settings(self._places.settings, settings)
        except StorageError as error:
            if self.view is not None:
                self.view.transcript.add_notice(str(error))

    # Events

    def _frame(self) -> None:
        self._take_events()
        if self._closing_until is not None and self._may_end():
            self._end()
            return
        self._timer = self.root.after(FRAME_MS, self._frame)

    def _take_events(self) -> None:
        messages: list[MessageShown] = []
        for _ in range(FRAME_EVENTS):
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                break
            if isinstance(event, MessageShown):
                messages.append(event)
                continue
            self._show_messages(messages)
            self._handle(event)
        self._show_messages(messages)

    def _show_messages(self, messages: list[MessageShown]) -> None:
        if messages and self.view is not None:
            self.view.show_messages([(event.message, event.delivery) for event in messages])
        messages.clear()

    def _handle(self, event: Event | _Hosted) -> None:
        match event:
            case _Hosted():
                self._hosted(event)
            case Progress(sentence):
                if self.login is not None:
                    self.login.busy(sentence)
            case Entered():
                self._enter(event)
            case JoinRefused(field, sentence):
                self._refused(field, sentence)
            case Left(topic, unsent):
                self._parting = [
                    f"You left {clean_line(topic)}.",
                    *(f"Not sent yet; it goes out when you are back there: {clean_text(text)[0]}" for text in unsent),
                ]
            case Deleted(sentence):
                self._parting.append(sentence)
                self._say_failure(sentence)
            case Closed():
                self._session = None
                if self._closing_until is None:
                    self._say_failure("Something went wrong and the connection ended. Restart the program.")
            case _:
                if self.view is not None:
                    self._show(self.view, event)

    def _show(
        self,
        view: "ChatView",
        event: (
            LinkChanged
            | Page
            | MessageShown
            | MessageChanged
            | DeliveryChanged
            | ReceiptsChanged
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
            case Page():
                view.show_page(event)
            case MessageChanged(message):
                view.change_message(message)
            case ReceiptsChanged():
                view.change_receipts(event)
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

    def _enter(self, event: Entered) -> None:
        if self.login is not None:
            self.login.destroy()
            self.login = None
        view = self.view or self._make_view()
        if self._entered is not None and self._entered.fingerprint != event.fingerprint:
            view.transcript.clear()
        self._entered = event
        for sentence in self._parting:
            view.transcript.add_notice(sentence)
        self._parting.clear()
        view.members.show_foreign(0)
        view.enter(event)
        self.root.title(f"{clean_line(event.topic)} – {TITLE}")
        if self._wanted is not None:
            self._save(replace(self._wanted, username=event.username, theme=self.settings.theme))
            self._wanted = None
        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.accepted()
        self.dialog = None
        view.focus_message_box()

    def _refused(self, field: str, sentence: str) -> None:
        if self.dialog is not None and self.dialog.winfo_exists():
            self.dialog.refuse(field, sentence)
        elif self.login is not None:
            self.login.refuse(field, sentence)
        elif self.view is not None:
            self.view.transcript.add_notice(sentence)

    def _make_view(self) -> "ChatView":
        from chat.window.chat_view import ChatView, Wishes

        wishes = Wishes(
            send=lambda text, reply_to: self._post(Say(text, reply_to)),
            edit=lambda key, text: self._post(Edit(key, text)),
            retract=lambda key: self._post(Retract(key)),
            react=lambda key, emoji, on: self._post(React(key, emoji, on)),
            resend=lambda key: self._post(Resend(key)),
            older=lambda order: self._post(Older(order)),
            newer=lambda order: self._post(Newer(order)),
            around=lambda order: self._post(Around(order)),
            search=lambda number, text: self._post(Search(number, text)),
            open_settings=self.open_settings,
            retry=lambda: self._post(Reconnect()),
            host=self._host,
        )
        first = self.view is None and self._entered is None
        self.view = ChatView(self.root, self.theme, self.paint, wishes, TEXT_BYTES)
        self.view.pack(fill="both", expand=True)
        if first:
            px = self.theme.px
            self.root.minsize(px(480), px(360))
            self.root.geometry(self._geometry or f"{px(980)}x{px(700)}")
        return self.view

    # The end

    def _may_end(self) -> bool:
        ended = self._session is None or self._session.join(0)
        return ended or time.monotonic() > (self._closing_until or 0)

    def _end(self) -> None:
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
        self.root.destroy()

    def _callback_failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        self._say_failure("Something went wrong in the window; the terminal shows what. The conversation goes on.")


def run_window(settings: Settings, places: Places) -> int:
    """Open the window; returns the exit code once it was closed. Raises `ChatError` without a display."""
    ChatClient(settings, places).run()
    return 0


def _start_broker(answers: "queue.SimpleQueue[Event | _Hosted]") -> None:
    from chat.broker import EmbeddedBroker

    sentence = ""
    for port in HOST_PORTS:
        broker = EmbeddedBroker(port)
        try:
            broker.start()
        except BrokerError as error:
            sentence = str(error)
            continue
        answers.put(_Hosted(broker))
        return
    answers.put(_Hosted(None, sentence))


def _suggest() -> str:
    from chat.passphrase import suggest_passphrase

    return suggest_passphrase()


def _rate(passphrase: str) -> str:
    from chat.passphrase import normalise_passphrase, rate_passphrase

    try:
        return rate_passphrase(normalise_passphrase(passphrase)).sentence
    except ChatError as error:
        return str(error)
