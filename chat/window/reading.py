"""Reading the conversation with mouse and keyboard: scrolling, selecting, copying, and what a click on a part of it does."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.window.browsing import NO_PROGRAM, open_address
from chat.window.controls import Hint
from chat.window.message_menu import state_words
from chat.window.operations import Target
from chat.window.paint import Paint
from chat.window.rows import Row, shown_text
from chat.window.selection import Selection, offset_at, selected_text
from chat.window.theme import Theme
from chat.window.transcript import DRAWN, Transcript
from chat.words import _, digits

GLIDE_MS: Final = 10
GLIDE_SHARE: Final = 0.34
"""How much of the way that is left the view moves in one step."""


class Reading:
    """Gives a transcript its bindings, the mark that shows where the view is, and the button that leads to the newest message.

    `react` is given a message's key, an emoji, and whether it is put there; `act_on_file` a `FileAct` and a row; `open_menu` a row, a point
    of the transcript below which the menu has its place, and the height above which it has its place if there is no room.
    """

    def __init__(
        self, transcript: Transcript, theme: Theme, paint: Paint,
        react: Callable[[str, str, bool], object], open_menu: Callable[[Row, int, int, int], object],
        act_on_file: Callable[[str, Row], object],
    ) -> None:  # fmt: skip
        self._transcript, self._theme, self._paint = transcript, theme, paint
        self._react, self._open_menu, self._act_on_file = react, open_menu, act_on_file
        self._hint = Hint(transcript, theme, "")
        self._thumb = tk.Frame(transcript, bg=theme.palette.thumb)
        self.jump = tk.Label(transcript, bd=0, bg=theme.palette.chat, compound="center", font=theme.fonts["small_bold"], cursor="hand2")
        self.jump.bind("<Button-1>", lambda _: transcript.to_end())
        self._left = 0.0
        """Pixels that the view still has to glide."""
        self._timer = ""
        self._pressed: tuple[Row, int] | None = None
        transcript.bind(DRAWN, self._place_marks)
        transcript.bind("<Destroy>", self._stop, add=True)
        self._bind_wheel()
        self._bind_keys()
        transcript.bind("<Button-1>", self._press)
        transcript.bind("<B1-Motion>", self._drag)
        transcript.bind("<ButtonRelease-1>", self._release)
        transcript.bind("<Double-Button-1>", self._select_message)
        for event in ("<Button-3>", "<Button-2>") if transcript.tk.call("tk", "windowingsystem") == "aqua" else ("<Button-3>",):
            transcript.bind(event, self._menu)
        transcript.bind("<Motion>", self._hover)

    def _bind_wheel(self) -> None:
        line = self._theme.px(60)
        # What lies over the transcript swallows the wheel, so it hands it on.
        for widget in (self._transcript, self._thumb, self.jump):
            widget.bind("<Button-4>", lambda _: self.glide(-line))
            widget.bind("<Button-5>", lambda _: self.glide(line))
            widget.bind("<MouseWheel>", lambda event: self.glide(-event.delta / 120 * line))

    def _bind_keys(self) -> None:
        transcript, line = self._transcript, self._theme.px(40)
        transcript.bind("<Prior>", lambda _: self.page(-1))
        transcript.bind("<Next>", lambda _: self.page(1))
        transcript.bind("<Up>", lambda _: self.glide(-line))
        transcript.bind("<Down>", lambda _: self.glide(line))
        transcript.bind("<Home>", lambda _: transcript.to_start())
        transcript.bind("<End>", lambda _: transcript.to_end())
        for keys in ("<<Copy>>", "<Control-Insert>"):
            transcript.bind(keys, lambda _: self.copy())

    # Scrolling

    def page(self, direction: int) -> str:
        """Move by most of the view's height: down if `direction` is 1, up if it is -1."""
        self._transcript.scroll(direction * self._transcript.view[1] * 17 // 20)
        return "break"

    def glide(self, pixels: float) -> str:
        """Move the view smoothly."""
        self._left += pixels
        if not self._timer:
            self._step()
        return "break"

    def _step(self) -> None:
        self._timer = ""
        part = self._left * GLIDE_SHARE if abs(self._left) > 3 else self._left
        before = self._transcript.offset
        self._transcript.scroll(round(part))
        self._left -= round(part)
        if abs(self._left) < 1 or self._transcript.offset == before:
            self._left = 0.0
        else:
            self._timer = self._transcript.after(GLIDE_MS, self._step)

    def _stop(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self._transcript and self._timer:
            self._transcript.after_cancel(self._timer)
            self._timer = ""

    def _place_marks(self, _event: "tk.Event[tk.Misc]") -> None:
        transcript, palette, px = self._transcript, self._theme.palette, self._theme.px
        self._hint.say("")
        width, height = transcript.view
        shown = transcript.visible()
        if len(shown) < len(transcript.rows) and shown:
            length = max(px(36), height * len(shown) // len(transcript.rows))
            way = 1.0 if transcript.pinned else transcript.loaded.place_of(shown[0]) / max(1, len(transcript.rows) - len(shown))
            top = px(3) + round((height - px(6) - length) * min(1.0, way))
            self._thumb.place(x=width - px(8), y=top, width=px(5), height=length)
        else:
            self._thumb.place_forget()
        if transcript.pinned:
            self.jump.place_forget()
            return
        if transcript.unseen:
            words = _("{count} new ↓").format(count=digits(transcript.unseen))
            size = self._theme.width(words, "small_bold") + px(30)
            picture = self._paint.rectangle(size, px(42), px(21), palette.background, palette.chat, palette.line)
        else:
            words = ""
            picture = self._paint.icon("chevron-down", px(20), palette.text2, palette.chat, px(42), palette.background)
        self.jump.configure(image=picture, text=words, fg=palette.link)
        self.jump.place(x=width - px(18), y=height - px(12), anchor="se")

    # Selecting

    def copy(self) -> str:
        """Put what is selected on the clipboard."""
        transcript = self._transcript
        if transcript.selection is not None:
            parts = ((row, shown_text(row)[0]) for row in transcript.rows if row.message is not None)
            self.to_clipboard(selected_text(transcript.selection, parts))
        return "break"

    def _point(self, event: "tk.Event[tk.Misc]") -> tuple[Row, int] | None:
        transcript = self._transcript
        found = transcript.row_at(event.y)
        if found is None:
            shown = transcript.visible()
            if not shown:
                return None
            row, layout, top = shown[0 if event.y < transcript.view[1] // 2 else -1], None, 0
            return row, 0 if event.y < transcript.view[1] // 2 else len(shown_text(row)[0])
        row, layout, top = found
        return row, offset_at(layout, event.x, event.y - top, self._theme)

    def _press(self, event: "tk.Event[tk.Misc]") -> None:
        self._transcript.focus_set()
        self._pressed = self._point(event)
        if self._transcript.selection is not None:
            self._transcript.selection = None
            self._transcript.redraw()

    def _drag(self, event: "tk.Event[tk.Misc]") -> None:
        if self._pressed is None:
            return
        transcript = self._transcript
        if event.y < 0 or event.y > transcript.view[1]:
            transcript.scroll(event.y if event.y < 0 else event.y - transcript.view[1])
        point = self._point(event)
        if point is not None:
            transcript.selection = Selection(*self._pressed, *point)
            transcript.redraw()

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        found = self._transcript.row_at(event.y)
        pressed, self._pressed = self._pressed, None
        selection = self._transcript.selection
        if pressed is None or found is None or found[0] is not pressed[0] or (selection is not None and selection.of(found[0]) is not None):
            return
        target = self._target(event)
        if target is not None and target.kind != "ticks":
            self._follow(found[0], target)
        else:
            self._transcript.open(found[0])

    def _target(self, event: "tk.Event[tk.Misc]") -> Target | None:
        found = self._transcript.row_at(event.y)
        if found is None:
            return None
        _, layout, top = found
        return next((target for target in layout.targets if target.holds(event.x, event.y - top)), None)

    def _follow(self, row: Row, target: Target) -> None:
        """What a click on a part of a message does."""
        message = row.message
        if message is None:
            return
        if target.kind == "quote" and message.reply is not None:
            self._transcript.go_to(message.reply.key, message.reply.order)
        elif target.kind == "reaction":
            own = any(reaction.own for reaction in message.reactions if reaction.emoji == target.value)
            self._react(message.key, target.value, not own)
        elif target.kind == "link":
            self.open_link(target.value)
        elif target.kind == "file":
            self._act_on_file(target.value, row)

    def open_link(self, address: str) -> None:
        """Open the target of a link, or put it on the clipboard if nothing opens it."""

        def failed() -> None:
            self.to_clipboard(address)
            self._transcript.add_notice(_(NO_PROGRAM))

        open_address(self._transcript, address, failed)

    def _hover(self, event: "tk.Event[tk.Misc]") -> None:
        found, target = self._transcript.row_at(event.y), self._target(event)
        words = target.hint if target is not None else ""
        if found is not None and found[0].message is not None and target is not None and target.kind == "ticks":
            words = state_words(found[0], self._transcript.received)
        self._hint.say(words)
        cursor = "hand2" if target is not None and target.kind != "ticks" else ""
        if str(self._transcript["cursor"]) != cursor:
            self._transcript.configure(cursor=cursor)

    def _select_message(self, event: "tk.Event[tk.Misc]") -> str:
        found = self._transcript.row_at(event.y)
        if found is not None and found[0].message is not None:
            self._pressed = None
            self._transcript.selection = Selection(found[0], 0, found[0], len(shown_text(found[0])[0]))
            self._transcript.redraw()
        return "break"

    def _menu(self, event: "tk.Event[tk.Misc]") -> None:
        found = self._transcript.row_at(event.y)
        if found is not None:
            self._open_menu(found[0], event.x, event.y, event.y)

    def to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard, unless it is empty."""
        if text:
            self._transcript.clipboard_clear()
            self._transcript.clipboard_append(text)
