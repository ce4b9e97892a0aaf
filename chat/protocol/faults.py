"""Why a packet is not taken. One exception for the whole protocol, so that hostile input has one way out."""

import enum


class Fault(enum.Enum):
    """What is wrong with a packet."""

    SHAPE = "not a packet of this protocol"
    VERSION = "made by a newer version"
    KEY = "not a usable device key"
    SIGNATURE = "not signed by the device it names"
    LIMIT = "more than the limits allow"


class PacketError(Exception):
    """A packet that is not taken; `fault` says why. It never carries anything of the packet."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault
