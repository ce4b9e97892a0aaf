"""What the reason codes of MQTT (MQTT 5, section 2.4, and the return codes of MQTT 3.1.1) mean for a person."""

from paho.mqtt.reasoncodes import ReasonCode

from chat.network_events import Trouble
from chat.words import _


def refusal(reason: ReasonCode, place: str) -> tuple[Trouble, str]:
    """Why the broker at `place` refused or ended a connection."""
    match reason.value:
        case 0x86 | 0x04 | 0x87 | 0x05 | 0x8A | 0x8C:
            return Trouble.NOT_AUTHORISED, _("{place} does not accept this user or password. Correct them in the settings.").format(
                place=place
            )
        case 0x8E:
            return Trouble.TAKEN_OVER, _(
                "Another program took this connection over, with a copy of this data folder. Close one of the two."
            )
        case 0x95:
            return Trouble.PACKET_TOO_LARGE, _("{place} closed the connection, because a message was too large for it.").format(place=place)
        case 0x88 | 0x89 | 0x8B | 0x03:
            return Trouble.UNREACHABLE, _("{place} is busy. The program tries again by itself.").format(place=place)
        case 0x97 | 0x9F | 0x96:
            return Trouble.UNREACHABLE, _("{place} takes no more for now. The program tries again by itself.").format(place=place)
        case 0x9C | 0x9D:
            return Trouble.UNREACHABLE, _("{place} has moved. Ask whoever runs it for the new address.").format(place=place)
        case _:
            return Trouble.UNREACHABLE, _("{place} refused the connection: {reason}.").format(place=place, reason=reason)


def rejection(reason: ReasonCode) -> str:
    """Why the broker did not take a message."""
    match reason.value:
        case 0x87:
            return _("The broker does not let you write to this topic. Ask whoever runs it.")
        case 0x95:
            return _("The message is too large for this broker. Send it in parts.")
        case 0x97:
            return _("The broker takes no more for now. Try again later.")
        case _:
            return _("The broker refused the message: {reason}.").format(reason=reason)
