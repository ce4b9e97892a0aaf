"""What a command does that was typed into the window's message box."""

from pathlib import Path
from typing import TYPE_CHECKING

from chat.config import THEMES
from chat.slash import WINDOW, as_place, refusal
from chat.text import clean_line
from chat.words import _

if TYPE_CHECKING:
    from chat.rooms import Rooms


def run_command(rooms: "Rooms", name: str, argument: str) -> str:
    """Do it in the room that shows. Gives a sentence if it can't be done, "" if it is."""
    if refused := refusal(name, argument, WINDOW):
        return " ".join((refused, _("To send it as a message, begin with //.")))
    match name:
        case "/who":
            rooms.view.open_members()
        case "/rooms":
            return _go_into(rooms, argument)
        case "/join":
            rooms.add(argument)
        case "/leave":
            rooms.leave(rooms.current)
        case "/mute" | "/unmute":
            rooms.mute(rooms.current, name == "/mute")
        case "/search":
            rooms.view.open_search()
            rooms.view.search.look_for(argument)
        case "/send" if argument:
            rooms.send_files(rooms.current, [Path(argument).expanduser()])
        case "/send":
            rooms.attach(rooms.current)
        case "/settings":
            rooms.outlets.open_settings()
        case "/theme" if argument.casefold() in THEMES:
            rooms.outlets.change_theme(argument.casefold())
        case "/theme":
            return _("Type /theme and one of these: {themes}.").format(themes=", ".join(THEMES))
        case "/help":
            rooms.outlets.show_shortcuts()
    return ""


def _go_into(rooms: "Rooms", wanted: str) -> str:
    """Show the room with this number or name."""
    canvas = rooms.frame.sidebar.canvas
    if not wanted and canvas.winfo_viewable():
        canvas.focus_set()
        return ""
    if not wanted:
        return _("Type something after {command}.").format(command="/rooms")
    if place := as_place(wanted, len(rooms.listed)):
        rooms.choose(rooms.listed[place - 1].room)
        return ""
    topics = [(clean_line(room.topic).casefold(), room.room) for room in rooms.listed]
    # The one that is called just that comes before those that only begin so.
    found = sorted((pair for pair in topics if pair[0].startswith(wanted.casefold())), key=lambda pair: pair[0] != wanted.casefold())
    if not found:
        return _("No room of yours begins with {name}.").format(name=clean_line(wanted, 40))
    rooms.choose(found[0][1])
    return ""
