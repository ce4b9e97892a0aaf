"""What the reason codes of MQTT (MQTT 5, section 2.4, and the return codes of MQTT 3.1.1) mean for a person."""

from paho.mqtt.reasoncodes import ReasonCode

from chat.network_events import Trouble


def refusal(reason: ReasonCode, place: str) -> tuple[Trouble, str]:
    """Why the broker at `place` refused or ended a connection."""
    match reason.value:
        case 0x86 | 0x04 | 0x87 | 0x05 | 0x8A | 0x8C:
            return Trouble.NOT_AUTHORISED, f"{place} does not accept this user or password. Correct them in the settings."
        case 0x8E:
            return Trouble.TAKEN_OVER, "Another program uses this device’s key and took the session over. Close one of the two."
        case 0x95:
            return Trouble.PACKET_TOO_LARGE, f"A message was larger than {place} takes, so it closed the connection."
        case 0x88 | 0x89 | 0x8B | 0x03:
            return Trouble.UNREACHABLE, f"{place} is busy or shutting down."
        case 0x97 | 0x9F | 0x96:
            return Trouble.UNREACHABLE, f"{place} says that its quota is used up for now."
        case 0x9C | 0x9D:
            return Trouble.UNREACHABLE, f"{place} says that it has moved. Ask its operator for the new address."
        case _:
            return Trouble.UNREACHABLE, f"{place} refused the connection: {reason}."


def rejection(reason: ReasonCode) -> str:
    """Why the broker did not take a message."""
    match reason.value:
        case 0x87:
            return "The broker does not let you write to this topic."
        case 0x95:
            return "The message is larger than this broker takes. Send it in parts."
        case 0x97:
            return "The broker’s quota is used up for now. Try again later."
        case _:
            return f"The broker refused the message: {reason}."
