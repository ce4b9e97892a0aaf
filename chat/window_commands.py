"""What a command does that was typed into the window's message box."""

from typing import TYPE_CHECKING

from chat.config import THEMES
from chat.slash import WINDOW, no_such_command
from chat.text import clean_line
from chat.words import _

if TYPE_CHECKING:
    from chat.rooms import Rooms


def run_command(rooms: "Rooms", name: str, argument: str) -> str:
    """Do it in the room that shows. Gives a sentence if it can't be done, "" if it is."""
    match name:
        case "/who":
            rooms.view.toggle_members()
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
        case "/settings":
            rooms.outlets.open_settings()
        case "/theme" if argument in THEMES:
            rooms.outlets.change_theme(argument)
        case "/theme":
            return _("Type /theme and one of these: {themes}.").format(themes=", ".join(THEMES))
        case "/help":
            rooms.outlets.show_shortcuts()
        case _:
            return " ".join((no_such_command(name, WINDOW), _("To send it as a message, begin with //.")))
    return ""


def _go_into(rooms: "Rooms", wanted: str) -> str:
    """Show the room with this number or name."""
    if not wanted:
        rooms.frame.sidebar.canvas.focus_set()
        return ""
    if wanted.isascii() and wanted.isdecimal() and 0 < int(wanted) <= len(rooms.listed):
        rooms.choose(rooms.listed[int(wanted) - 1].room)
        return ""
    found = [room.room for room in rooms.listed if clean_line(room.topic).casefold().startswith(wanted.casefold())]
    if not found:
        return _("No room of yours begins with {name}.").format(name=clean_line(wanted, 40))
    rooms.choose(found[0])
    return ""
