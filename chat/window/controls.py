"""Buttons and boxes with round corners, all usable from the keyboard, with a visible focus."""

import tkinter as tk
from collections.abc import Callable
from typing import Final, Literal

from chat.window.paint import Paint
from chat.window.theme import Theme

Kind = Literal["accent", "plain", "quiet", "danger"]
BUTTON_HEIGHT: Final = 36


class Button(tk.Label):
    """A push button. `kind` is accent for the one main action, plain for others, quiet for those inside a line of text,
    danger for what can't be undone."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, text: str, command: Callable[[], object], kind: Kind = "plain", behind: str = ""
    ) -> None:
        palette = theme.palette
        self._behind = behind or palette.background
        super().__init__(
            parent, text=text, bd=0, padx=0, pady=0, compound="center", font=theme.fonts["bold" if kind != "quiet" else "small_bold"]
        )
        self._theme, self._paint, self._kind, self._command = theme, paint, kind, command
        self._width = 0
        self._enabled = True
        self._over = False
        self.configure(takefocus=True, cursor="hand2", bg=self._behind)
        for event in ("<space>", "<Return>", "<Button-1>"):
            self.bind(event, self._press)
        for event in ("<Enter>", "<Leave>", "<FocusIn>", "<FocusOut>"):
            self.bind(event, self._changed)
        self.bind("<Configure>", self._stretch)
        self._draw()

    def enable(self, enabled: bool) -> None:
        """Whether it can be pressed."""
        self._enabled = enabled
        self.configure(cursor="hand2" if enabled else "arrow", takefocus=enabled)
        self._draw()

    def say(self, text: str) -> None:
        """Change its words."""
        self.configure(text=text)
        self._draw()

    def invoke(self) -> None:
        """Press it."""
        if self._enabled:
            self._command()

    def _press(self, _event: "tk.Event[tk.Misc]") -> str:
        if self._enabled:
            self.focus_set()
        self.invoke()
        return "break"

    def _changed(self, event: "tk.Event[tk.Misc]") -> None:
        if event.type in (tk.EventType.Enter, tk.EventType.Leave):
            self._over = event.type is tk.EventType.Enter
        self._draw()

    def _stretch(self, event: "tk.Event[tk.Misc]") -> None:
        if event.width != self._width and event.width > 1:
            self._width = event.width
            self._draw()

    def _draw(self) -> None:
        theme, palette = self._theme, self._theme.palette
        focused = self._enabled and self.focus_get_safely() is self
        if self._kind == "accent":
            fill, text = (palette.accent_hover if self._over else palette.accent), palette.on_accent
            border = palette.text if focused else ""
        else:
            boxed = self._kind != "quiet"
            fill = palette.hover if self._over else palette.field if boxed else self._behind
            text = {"plain": palette.text, "danger": palette.error}.get(self._kind, palette.link)
            border = palette.accent if focused else palette.field_border if boxed else ""
        if not self._enabled:
            fill, text, border = palette.field, palette.text3, ""
        least = theme.width(str(self["text"]), "bold") + theme.px(28 if self._kind != "quiet" else 16)
        height = theme.px(BUTTON_HEIGHT if self._kind != "quiet" else 28)
        picture = self._paint.rectangle(max(least, self._width), height, theme.px(8), fill, self._behind, border)
        self.configure(image=picture, fg=text)

    def focus_get_safely(self) -> tk.Misc | None:
        """The widget with the focus. Tk's own call fails while a menu of its own is open."""
        try:
            return self.focus_get()
        except KeyError:
            return None


class IconButton(tk.Label):
    """A button that is only an icon; `hint` names it for people."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, icon: str, command: Callable[[], object], *,
        behind: str, hint: str, size: int = 20, box: int = 36, accent: bool = False,
    ) -> None:  # fmt: skip
        palette, ring = theme.palette, theme.px(2)
        super().__init__(
            parent, bd=0, bg=behind, takefocus=True, cursor="hand2", highlightthickness=ring, highlightbackground=behind,
            highlightcolor=palette.link,
        )  # fmt: skip
        box -= 4
        rest = palette.accent if accent else ""
        over = palette.accent_hover if accent else palette.hover
        ink = palette.on_accent if accent else palette.text2
        measures = (theme.px(size), theme.px(box), theme.px(box) // 2 if accent else theme.px(8))
        self._pictures = [
            paint.icon(icon, measures[0], ink, behind, measures[1], disc, measures[2] if disc else 0) for disc in (rest, over)
        ]
        self.configure(image=self._pictures[0])
        self._hint = hint
        self._command = command
        for event in ("<space>", "<Return>", "<Button-1>"):
            self.bind(event, self._press)
        for event in ("<Enter>", "<FocusIn>"):
            self.bind(event, lambda _: self.configure(image=self._pictures[1]))
        for event in ("<Leave>", "<FocusOut>"):
            self.bind(event, lambda _: self.configure(image=self._pictures[0]))
        Hint(self, theme, hint)

    def _press(self, _event: "tk.Event[tk.Misc]") -> str:
        self._command()
        return "break"


class Hint:
    """A few words beside the pointer after it rested on a widget for a moment."""

    def __init__(self, widget: tk.Misc, theme: Theme, text: str) -> None:
        self._widget, self._theme, self.text = widget, theme, text
        self._shown: tk.Toplevel | None = None
        self._timer = ""
        widget.bind("<Enter>", self._wait, add=True)
        for event in ("<Leave>", "<Button>", "<Destroy>"):
            widget.bind(event, self._hide, add=True)

    def say(self, text: str) -> None:
        """Other words, because the pointer is over another part of the widget; "" for none."""
        if text == self.text:
            return
        self._hide()
        self.text = text
        self._wait()

    def _wait(self, _event: "tk.Event[tk.Misc] | None" = None) -> None:
        if self.text and not self._timer:
            self._timer = self._widget.after(600, self._show)

    def _show(self) -> None:
        self._timer = ""
        palette = self._theme.palette
        self._shown = top = tk.Toplevel(self._widget)
        top.wm_overrideredirect(True)
        px = self._theme.px
        label = tk.Label(
            top, text=self.text, font=self._theme.fonts["small"], bg=palette.text, fg=palette.background, padx=px(8), pady=px(4),
            wraplength=px(420), justify="left",
        )  # fmt: skip
        label.pack()
        x, y = self._widget.winfo_pointerxy()
        x = min(x + px(8), self._widget.winfo_screenwidth() - label.winfo_reqwidth() - px(4))
        below = y + px(18) + label.winfo_reqheight() <= self._widget.winfo_screenheight()
        y = y + px(18) if below else y - px(8) - label.winfo_reqheight()
        top.wm_geometry(f"+{max(0, x)}+{max(0, y)}")

    def _hide(self, _event: "tk.Event[tk.Misc] | None" = None) -> None:
        if self._timer:
            self._widget.after_cancel(self._timer)
            self._timer = ""
        if self._shown is not None:
            self._shown.destroy()
            self._shown = None


class RoundBox(tk.Canvas):
    """A box with round corners around `inner`, with a border that shows the focus of a watched widget or an error."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, *, fill: str, behind: str, radius: int, pad: int) -> None:
        super().__init__(parent, bd=0, highlightthickness=0, bg=behind, height=1)
        self._theme, self._paint, self._fill, self._behind = theme, paint, fill, behind
        self._radius, self._pad = theme.px(radius), theme.px(pad)
        self.inner = tk.Frame(self, bg=fill)
        self._picture = self.create_image(0, 0, anchor="nw")
        self._window = self.create_window(self._pad, self._pad, anchor="nw", window=self.inner)
        self._focused = False
        self._wrong = False
        self.inner.bind("<Configure>", self._fit)
        self.bind("<Configure>", self._fit)

    def watch(self, widget: tk.Misc) -> None:
        """Show the focus of `widget` on the border."""
        widget.bind("<FocusIn>", lambda _: self._mark(focused=True), add=True)
        widget.bind("<FocusOut>", lambda _: self._mark(focused=False), add=True)

    def mark_wrong(self, wrong: bool) -> None:
        """Show on the border that the entry is wrong."""
        self._wrong = wrong
        self._draw()

    def _mark(self, *, focused: bool) -> None:
        self._focused = focused
        self._draw()

    def _fit(self, _event: "tk.Event[tk.Misc]") -> None:
        height = self.inner.winfo_reqheight() + 2 * self._pad
        width = self.winfo_width()
        if int(self["height"]) != height:
            self.configure(height=height)
        self.itemconfigure(self._window, width=max(1, width - 2 * self._pad))
        self._draw()

    def _draw(self) -> None:
        palette = self._theme.palette
        width, height = self.winfo_width(), int(self["height"])
        if width < 4 or height < 4:
            return
        border = palette.error if self._wrong else palette.accent if self._focused else palette.field_border
        self.itemconfigure(self._picture, image=self._paint.rectangle(width, height, self._radius, self._fill, self._behind, border))
