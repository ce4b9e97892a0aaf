"""Notifications of the desktop, through the package desktop-notifier. Where that or a desktop is lacking, whoever asks is told so.

One thread of its own talks to the desktop, because that may take long.
"""

import contextlib
import html
import logging
import queue
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final

from chat.alerts import APPLICATION, Alert

ANSWER_SECONDS: Final = 10.0
"""A desktop that does not answer for so long is taken for none."""
_LOUD: Final = ("desktop_notifier", "dbus_fast")
"""What writes a traceback into the terminal where there is no desktop."""


class Desktop:
    """`chosen` is told the room of a notification that was clicked, `refused` what could not be shown. Both are called on another
    thread, so they must only enqueue."""

    def __init__(self, chosen: Callable[[str], object], refused: Callable[[Alert], object]) -> None:
        self._chosen, self._refused = chosen, refused
        self._waiting: queue.SimpleQueue[Alert | str] = queue.SimpleQueue()
        """What to show, and the rooms of which nothing is to show any more."""
        self._thread: threading.Thread | None = None
        self._wake: Callable[[], object] | None = None
        """Makes the thread look into the queue; None until it does so by itself for the first time."""
        self._ending = False
        self._shown: dict[str, str] = {}
        """The last notification of each room, by the name that the package gave it."""

    def show(self, alert: Alert) -> None:
        """Show a notification in the place of the last one of its room; never blocks."""
        self._waiting.put(alert)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
            self._thread.start()
        self._stir()

    def withdraw(self, room: str) -> None:
        """Take away what shows of a room, because it was read."""
        if self._thread is not None:
            self._waiting.put(room)
            self._stir()

    def close(self) -> None:
        """End the thread soon."""
        self._ending = True
        self._stir()

    def _stir(self) -> None:
        if self._wake is not None:
            # The thread may end between two lines here, and its loop with it.
            with contextlib.suppress(RuntimeError):
                self._wake()

    # On the thread

    def _run(self) -> None:
        # Imported here because that takes longer than a frame of the window.
        import asyncio

        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        import asyncio

        loop, serving, stirred = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(serving.cancel if serving and self._ending else stirred.set)
        notifier = _open_notifier()
        while not self._ending:
            while not self._waiting.empty():
                wish = self._waiting.get()
                done = notifier is not None and await self._in_time(self._fulfil(notifier, wish))
                if not done:
                    notifier = None
                if not done and isinstance(wish, Alert):
                    self._refused(wish)
            await stirred.wait()
            stirred.clear()

    async def _in_time(self, sending: Coroutine[Any, Any, bool]) -> bool:
        """Whether sending comes to a good end soon. Whatever goes wrong in the package means that there is no desktop to use."""
        import asyncio

        task = asyncio.create_task(sending)
        await asyncio.wait([task], timeout=ANSWER_SECONDS)
        if not task.done():
            task.cancel()
            return False
        return task.exception() is None and task.result()

    async def _fulfil(self, notifier: Any, wish: Alert | str) -> bool:
        if isinstance(wish, Alert):
            return await self._send(notifier, wish)
        await self._take_away(notifier, self._shown.pop(wish, ""))
        return True

    async def _take_away(self, notifier: Any, last: str) -> None:
        if last in await notifier.get_current_notifications():
            await notifier.clear(last)

    async def _send(self, notifier: Any, alert: Alert) -> bool:
        """Says whether the desktop took it: the package only logs that it did not."""
        from desktop_notifier import Notification

        taken: list[str] = []
        body = f"{alert.name}: {alert.text}" if alert.name else alert.text
        notification = Notification(
            alert.title, _plain(body), on_clicked=lambda: self._chosen(alert.room), on_dispatched=lambda: taken.append(alert.room)
        )
        await notifier.send_notification(notification)
        # Where there is nothing to show notifications on, the package takes them too, and can do nothing.
        if not taken or not await notifier.get_capabilities():
            return False
        last = self._shown.get(alert.room, "")
        self._shown[alert.room] = notification.identifier
        await self._take_away(notifier, last)
        return True


def _open_notifier() -> Any:
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        from desktop_notifier import DesktopNotifier

        return DesktopNotifier(APPLICATION, None)
    except (ImportError, OSError, RuntimeError):
        return None


def _plain(text: str) -> str:
    """A text that is shown as it is: desktops that speak D-Bus read markup (Desktop Notifications Specification, section Markup)."""
    return text if sys.platform in ("win32", "darwin") else html.escape(text, quote=False)
